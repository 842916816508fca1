"""The second reader: sees what the teacher does, and not what it does not do."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handx_gen.kinematics import second_gestures, second_reader, second_signals
from handx_gen.kinematics.requests import RequestedEvent, RequestedEvents, match
from handx_gen.kinematics.second_reader import READERS, second_opinion
from handx_gen.kinematics.second_signals import crossings
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import synthesize
from handx_gen.skeleton import mirror
from training.evaluation.protocol import Item, swapped


@pytest.fixture(scope="module")
def clips():
    return [synthesize(seed, "val") for seed in range(30)]


def known(requested):
    return RequestedEvents(
        tuple(e for e in requested.events if e.kind in READERS), requested.text
    )


def test_agrees_with_what_the_teacher_did(clips):
    scores = [
        second_opinion(BimanualMotion(c.joints), known(c.requested)).f1 for c in clips
    ]
    assert np.mean([s for s in scores if s is not None]) > 0.95


def test_hands_that_stand_still_did_nothing(clips):
    scores = []
    for clip in clips:
        still = BimanualMotion(np.repeat(clip.joints[:1], 60, 0))
        moving = [e for e in clip.requested.events if e.kind not in ("still", "apart")]
        scores.append(second_opinion(still, known(RequestedEvents(tuple(moving)))).f1)
    assert np.mean([s for s in scores if s is not None]) < 0.1


def test_another_request_is_not_found(clips):
    scores = [
        second_opinion(BimanualMotion(a.joints), known(b.requested)).f1
        for a, b in zip(clips, clips[1:], strict=False)
    ]
    assert np.mean([s for s in scores if s is not None]) < 0.4


def test_mirrored_motion_answers_the_mirrored_request(clips):
    for clip in clips[:10]:
        requested = known(clip.requested)
        other = swapped(Item(requested.text, requested)).requested
        mine = second_opinion(BimanualMotion(clip.joints), requested)
        theirs = second_opinion(BimanualMotion(mirror(clip.joints)), other)
        assert mine.found == theirs.found


def test_more_often_than_asked_costs_precision():
    clip = next(
        clip
        for clip in (synthesize(seed, "val") for seed in range(400))
        if any(
            e.kind in ("pinch", "touch") and e.count > 1 for e in clip.requested.events
        )
    )
    once = RequestedEvents(tuple(replace(e, count=1) for e in clip.requested.events))
    motion = BimanualMotion(clip.joints)
    assert second_opinion(motion, clip.requested).f1 == 1.0
    assert second_opinion(motion, once).f1 < 1.0
    assert match(motion, once).answer == "no"


def test_an_unknown_kind_is_said_not_guessed(clips, monkeypatch):
    monkeypatch.delitem(second_reader.READERS, "bend")
    request = RequestedEvents((RequestedEvent("bend", "left", ("index",)),))
    opinion = second_opinion(BimanualMotion(clips[0].joints), request)
    assert opinion.found == (None,)
    assert opinion.f1 is None
    assert opinion.unknown == ("bend",)


def test_an_absent_hand_did_nothing(clips):
    motion = BimanualMotion(clips[0].joints, present=np.array([True, False]))
    for kind in ("bend", "pinch"):
        request = RequestedEvents((RequestedEvent(kind, "right", ("index",)),))
        assert second_opinion(motion, request).found == (0,)


def test_crossings_of_a_cosine():
    time = np.linspace(0, 1, 200)
    rises, falls = crossings(-np.cos(2 * np.pi * 3 * time), 0.5)
    assert len(rises) == 3
    assert len(falls) == 3
    assert crossings(0.1 * np.cos(20 * time), 0.5) == ([], [])


def test_it_shares_no_code_with_the_first_reader():
    used = set()
    for module in (second_reader, second_signals, second_gestures):
        tree = ast.parse(Path(module.__file__).read_text())
        used |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    apart = {
        "events", "descriptors", "contacts", "segmentation", "series", "hand_poses",
        "hand_rhythms", "two_hand_events", "two_hand_contacts", "two_hand_scene",
    }  # fmt: skip
    assert not used & {f"handx_gen.kinematics.{name}" for name in apart}
