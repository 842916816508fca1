"""Sampled clips: contacts closed, nothing in anything, bones rigid, captions true."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from handx_gen.captions.grammar import write
from handx_gen.hand_model import LOWER, UPPER, fit
from handx_gen.kinematics.contacts import contact_track
from handx_gen.kinematics.requests import match
from handx_gen.kinematics.timeline_events import timeline
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import Program, Step, perform_program, synthesize
from handx_gen.procedural.programs import (
    KINDS,
    natural_seconds,
    omitted,
    sample_program,
)
from handx_gen.procedural.sample import (
    MAX_OVERLAP,
    MAX_OWN_OVERLAP,
    PEOPLE,
    SPLITS,
    _bodies,
    overlap,
    own_overlap,
    split_of,
)
from handx_gen.procedural.timeline import perform_steps
from handx_gen.skeleton import bone_lengths


@pytest.fixture(scope="module")
def clips():
    return [synthesize(seed) for seed in range(24)]


def contact_pairs(event) -> list[str]:
    """The pair of `contact_track` that an event closes; none for other events."""
    if event.kind in ("pinch", "hold"):
        return [f"{event.hand}.thumb_tip|{event.hand}.{event.fingers[0]}_tip"]
    if event.kind == "touch":
        return [f"left.{event.fingers[0]}_tip|right.{event.other_fingers[0]}_tip"]
    if event.kind == "palms":
        return ["left.palm|right.palm"]
    return []


def test_asked_contacts_are_closed_to_a_millimetre(clips):
    met = 0
    for clip in clips:
        track = contact_track(clip.joints)
        for event in clip.requested.events:
            for pair in contact_pairs(event):
                met += 1
                gap = track.gap[:, track.pairs.index(pair)].min()
                assert abs(gap) < 1e-3, (pair, gap, clip.program.text)
    assert met >= 5


def test_nothing_is_inside_anything(clips):
    for clip in clips:
        assert overlap(clip.joints) <= MAX_OVERLAP, clip.program.text
        assert own_overlap(clip.joints) <= MAX_OWN_OVERLAP + 5e-4, clip.program.text


def test_overlaps_are_seen():
    clear = synthesize(0).joints
    inside = clear.copy()
    inside[:, 1] = inside[:, 0] + 0.004
    assert overlap(inside) > 0.005
    folded = clear.copy()
    folded[:, 0, 4:7] = folded[:, 0, 1:4]  # the middle finger in the index finger
    assert own_overlap(folded) > 0.005


def test_bones_are_rigid_and_angles_inside_their_limits(clips):
    for clip in clips[::6]:
        joints = clip.joints.astype(float)
        assert np.ptp(bone_lengths(joints), axis=0).max() < 1e-6
        for side in (0, 1):
            angles = fit(joints[:, side], side).angles
            assert (angles > LOWER - 1e-9).all()
            assert (angles < UPPER + 1e-9).all()


def test_captions_from_the_events_read_back_are_true(clips):
    verified = []
    for clip in clips[::4]:
        captions = write(timeline(BimanualMotion(clip.joints)), clip.seed)
        verified += captions.verified
        assert match(BimanualMotion(clip.joints), clip.requested).answer == "yes"
    assert np.mean(verified) > 0.98


@pytest.mark.parametrize("split", SPLITS)
def test_a_clip_belongs_to_its_split_and_its_seed(split):
    clip, again = synthesize(3, split), synthesize(3, split)
    np.testing.assert_array_equal(clip.joints, again.joints)
    assert (clip.sentences, clip.triple) == (again.sentences, again.triple)
    assert len(clip.sentences) == len(set(clip.sentences))
    reserved = split in ("heldout_combination", "heldout_sequence")
    assert split_of(clip.program) == (split if reserved else "")


def test_training_and_test_clips_are_of_different_people():
    lengths = [_bodies(g, k)[0].shape.lengths.sum() for g in PEOPLE for k in range(8)]
    assert len({round(x, 9) for x in lengths}) == len(lengths)


def test_most_clips_have_many_wordings(clips):
    assert np.median([len(clip.sentences) for clip in clips]) >= 5


def test_a_caption_that_leaves_something_out_asks_for_less():
    step = Step("bend", "left", ("index",), count=2, speed=0.6)
    program = Program((step, Step("clap", "both", count=2, when="")))
    for seed in range(10):
        said = omitted(program, np.random.default_rng(seed))
        assert said.steps[0].speed == 1.0
        assert said.steps[1] == program.steps[1]  # one clap too many is a mistake
        assert match(perform_program(program), said.requested).answer == "yes"


def test_random_programs_are_of_every_kind():
    for kind in KINDS:
        programs = [sample_program(np.random.default_rng(s), kind) for s in range(6)]
        orders = {len({s.order for s in p.steps}) for p in programs}
        assert orders == {{"two in a row": 2, "three in a row": 3}.get(kind, 1)}
    names = Counter(
        step.primitive
        for seed in range(250)
        for step in sample_program(np.random.default_rng(seed)).steps
    )
    assert len(names) >= 60


def moving_time(step: Step, frames: int | None = 60) -> tuple[float, float]:
    """First and last time at which a finger moves [s]."""
    joints = perform_program(Program((step,)), frames).joints
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1).max((1, 2)) * 30
    moving = np.flatnonzero(speed > 0.02) / 30
    return moving[0], moving[-1]


@pytest.mark.parametrize("step", [Step("bend", "left", ("index",)),
                                  Step("move", "right", direction="up"),
                                  Step("turn", "both", direction="palm_up"),
                                  Step("spread", "left")])  # fmt: skip
def test_slow_quick_early_and_late_show_in_the_motion(step):
    def length(speed):
        start, stop = moving_time(replace(step, speed=speed))
        return stop - start

    assert length(0.6) > 1.25 * length(1.0) > 1.5 * length(1.6)
    early = moving_time(replace(step, when="early"))
    late = moving_time(replace(step, when="late"))
    usual = moving_time(step)
    assert early[0] < usual[0] < late[0]
    assert early[1] < 1.3
    assert late[1] > 1.5


def test_a_held_end_lasts():
    fist, hand = Step("shape", "left"), Step("shape", "left", ("index",), order=1)
    short = natural_seconds(Program((fist, hand)))
    assert natural_seconds(Program((replace(fist, hold=0.7), hand))) == pytest.approx(
        short + 0.7
    )


def test_an_early_and_a_late_hand_move_one_after_the_other():
    from handx_gen.procedural.performance import standard_stage

    steps = (Step("bend", "left", ("index",), when="early"),
             Step("bend", "right", ("index",), when="late"))  # fmt: skip
    joints = perform_steps(standard_stage(), steps, 60, 30.0)
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(2)  # (59, 2)
    assert np.argmax(speed[:, 0]) < 25 < 35 < np.argmax(speed[:, 1])


def test_more_wordings_follow_the_first_and_change_nothing_else():
    few, many = synthesize(5), synthesize(5, "train", 14)
    assert many.sentences[: len(few.sentences)] == few.sentences
    assert len(many.sentences) > len(few.sentences)
    assert (many.triple, many.program) == (few.triple, few.program)
    np.testing.assert_array_equal(many.joints, few.joints)
