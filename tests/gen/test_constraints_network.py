"""Constraints on a network's draws. The weights are random: exactness needs no training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handx_gen.control import Apart, Constraints, Touch, Turned, Values, editing
from handx_gen.control.draw import draw, overlaid, performed, restrain
from handx_gen.control.pose import palm_turn
from handx_gen.control.sampling import BLEND, Restraint, sample
from handx_gen.control.timing import OVERLAP, Window, windows
from handx_gen.errors import InputError
from handx_gen.generator import Generator
from handx_gen.motion import BimanualMotion
from handx_gen.planning.scores import segment_scores
from handx_gen.procedural import perform
from handx_gen.prompt import Plan, Prompt, Segment
from handx_gen.skeleton import bone_lengths
from tests.gen.small_network import CLIP, small_network

ALL = np.arange(CLIP)
PLAN = Plan.from_text("clap twice")
CLAP = perform("clap twice", seed=1, seconds=4)


@pytest.fixture(scope="module")
def generator() -> Generator:
    return small_network(CLAP.joints)


def several() -> dict[str, Constraints]:
    """One set of constraints per mode, and one of several together."""
    hold = Values.of_motion("held", CLAP, ALL, points="left")
    ends = Values.of_motion("ends", CLAP, np.array([0, 1, 2, 21, 22, 23]))
    key = Values.of_motion("key", CLAP, np.array([11]))
    path = Values.of_point("path", "right.wrist", ALL, CLAP.joints[:CLIP, 1, 0])
    turn = Turned("path", "right", ALL, np.broadcast_to(np.eye(3), (CLIP, 3, 3)))
    tip = Values.of_point(
        "tip", "right.index_tip", np.array([9]), CLAP.joints[9, 1, 17]
    )
    touch = Touch(("left.index_tip", "right.thumb_tip"), 14, 16)
    return {
        "in-between": Constraints(CLIP, (ends,)),
        "keyframe": Constraints(CLIP, (key,)),
        "held hand": Constraints(CLIP, (hold,)),
        "wrist path": Constraints(CLIP, (path,), (turn,)),
        "fingertip": Constraints(CLIP, (tip,)),
        "touch": Constraints(CLIP, relations=(touch,)),
        "all": Constraints(CLIP, (hold, tip), relations=(touch,)),
    }


@pytest.mark.parametrize("name", list(several()))
def test_values_are_exact_and_draws_repeat(generator, name):
    wanted = several()[name]
    motion = draw(generator, PLAN, wanted, [3])[0]
    given = wanted.given
    assert np.array_equal(motion.joints[given.mask], given.joints[given.mask])
    again = draw(generator, PLAN, wanted, [3])[0]
    assert np.array_equal(again.joints, motion.joints)
    lengths = bone_lengths(motion.joints.astype(float))
    assert (lengths.std(0) / lengths.mean(0)).max() < 1e-3


def test_the_order_of_asking_changes_no_byte(generator):
    wanted = several()["all"]
    turned_round = replace(wanted, values=wanted.values[::-1])
    first, second = (
        draw(generator, PLAN, w, [0])[0].joints for w in (wanted, turned_round)
    )
    assert np.array_equal(first, second)


def restraint_of(generator: Generator, wanted: Constraints) -> Restraint:
    parts = windows(PLAN, wanted, CLIP)
    return restrain(generator.config.norm, wanted, parts, np.zeros(3), "cpu")


def test_a_replaced_value_keeps_its_noise_at_every_level(generator):
    """The network is fed α value + σ e for what is given, with the e of the start."""
    restraint = restraint_of(generator, several()["held hand"])
    text, _ = generator.read([PLAN.segments[0].prompt])
    noise = torch.randn(1, 2, CLIP, 63)
    seen: list[tuple[torch.Tensor, float]] = []

    def spy(x, t, text, observed, mask):
        seen.append((x, float(t[0])))
        assert observed is restraint.observed
        return generator.denoiser(x, t, text, observed, mask)

    sample(spy, text, noise, restraint, steps=6)
    for x, t in seen:
        there = (1 - t) * restraint.observed + t * noise
        assert torch.allclose(x[restraint.mask], there[restraint.mask], atol=1e-5)


def test_the_papers_blend_leaves_a_share_of_the_draw(generator):
    wanted = several()["held hand"]
    restraint = restraint_of(generator, wanted)
    assert restraint.shares().unique().tolist() == pytest.approx([0, BLEND[0]])
    text, _ = generator.read([PLAN.segments[0].prompt])
    noise = torch.randn(1, 2, CLIP, 63)
    x_0, _ = sample(generator.denoiser, text, noise, restraint, paper=True)
    off = (x_0 - restraint.observed)[restraint.mask].abs().max()
    assert off > 0.01
    edges = restraint_of(generator, several()["keyframe"]).shares()[0, 0, :, 0]
    assert edges[11:17].tolist() == pytest.approx(BLEND)
    assert edges[17:].max() == 0


def test_guidance_brings_a_pair_together(generator):
    restraint = restraint_of(generator, several()["touch"])
    x_0 = torch.zeros(1, 2, CLIP, 63)

    def miss(x: torch.Tensor) -> float:
        joints = restraint.norm.unpack(x, restraint.centre.expand(1, 3))
        return float(restraint.aims[0].miss(joints).abs().max())

    pulled = restraint.pulled(x_0)
    assert miss(pulled) < 0.2 * miss(x_0)
    # Its neighbours in time come along, distant frames do not.
    moved = (pulled - x_0).abs().amax((0, 1, 3))
    assert moved[15] > moved[18] > moved[23]


def test_editing_a_long_motion_keeps_every_other_byte(generator):
    wanted = editing("edit", CLAP, "left", 60, 70)
    motion = draw(generator, PLAN, wanted, [0])[0]
    mask = wanted.given.mask
    assert np.array_equal(motion.joints[mask], CLAP.joints[mask])
    assert not np.array_equal(motion.joints, CLAP.joints)
    part = windows(PLAN, wanted, CLIP)[0]
    assert part.start <= 50 and part.stop >= 80  # noqa: PT018


def test_windows_cover_a_plan_and_overlap():
    plan = Plan(
        tuple(Segment(Prompt(sentence=s), 2.0) for s in ("clap", "wave", "wave"))
    )
    parts = windows(plan, Constraints(180), CLIP)
    assert parts[0].start == 0
    assert parts[-1].stop == 180
    assert all(a.stop - b.start == OVERLAP for a, b in zip(parts, parts[1:]))
    clips = np.stack([np.full((CLIP, 1), 1.0)] * 3)
    assert np.allclose(overlaid(clips, parts, 180), 1)
    with pytest.raises(InputError, match="seconds"):
        windows(plan, Constraints(90), CLIP)


def test_a_window_of_the_clips_own_length_reads_it_unchanged():
    part = Window(5, 5 + CLIP, CLIP)
    assert np.allclose(part.to_motion(), np.eye(CLIP))
    assert np.allclose(part.from_motion(), np.eye(CLIP))
    assert part.nearest(np.array([4, 5, 28, 29])).tolist() == [-1, 0, 23, -1]


def test_segments_drawn_together_pass_into_one_another(generator):
    plan = Plan(tuple(Segment(Prompt(sentence=s), 1.0) for s in ("clap", "wave")))
    motion = draw(generator, plan, Constraints(60), [0])[0].joints.astype(float)
    steps = np.linalg.norm(np.diff(motion, axis=0), axis=-1).max((1, 2))
    away = np.concatenate([steps[:20], steps[40:]])
    assert steps[20:40].max() < 2 * away.max()
    lengths = bone_lengths(motion)
    assert (lengths.std(0) / lengths.mean(0)).max() < 1e-5


@st.composite
def mixtures(draw_from: st.DrawFn) -> Constraints:
    """Random values of the clap, with random relations and palms."""
    frame = st.integers(0, CLIP - 1)
    values = [
        Values.of_motion(
            f"value {n}", CLAP,
            np.array(sorted(draw_from(st.sets(frame, min_size=1, max_size=5)))),
            points=draw_from(
                st.sampled_from(["left", "right", "left.wrist", "right.index", ""])
            ),
        )
        for n in range(draw_from(st.integers(1, 3)))
    ]  # fmt: skip
    turned: tuple[Turned, ...] = ()
    if draw_from(st.booleans()):
        palms = palm_turn(CLAP.joints[:CLIP].astype(float))[:, 1]
        turned = (Turned("palm", "right", ALL, palms),)
    relations = ()
    if draw_from(st.booleans()):
        at = draw_from(frame)
        relations = (Apart(("left.palm", "right.palm"), at, at + 1, 0.002),)
    return Constraints(CLIP, tuple(values), turned, relations)


@settings(max_examples=6)
@given(mixtures(), st.randoms(use_true_random=False))
def test_any_mixture_is_exact_or_refused_in_any_order(generator, wanted, random):
    shuffled = list(wanted.values)
    random.shuffle(shuffled)
    try:
        motion = draw(generator, PLAN, wanted, [1])[0]
    except InputError as error:
        assert any(c.isdigit() for c in error.problem)  # noqa: PT017
        return
    given = wanted.given
    assert np.array_equal(motion.joints[given.mask], given.joints[given.mask])
    assert np.isfinite(motion.joints).all()
    again = draw(generator, PLAN, replace(wanted, values=tuple(shuffled)), [1])[0]
    assert np.array_equal(again.joints, motion.joints)


def test_a_minute_of_motion_has_one_body_and_stays_in_place(generator):
    said = ("clap", "wave", "make a fist with the left hand")
    plan = Plan(tuple(Segment(Prompt(sentence=said[k % 3]), 2.0) for k in range(30)))
    motion = generator.motion(plan, 3)
    assert len(motion) == 1800
    joints = motion.joints.astype(float)
    lengths = bone_lengths(joints)
    assert (lengths.std(0) / lengths.mean(0)).max() < 1e-3
    apart = np.linalg.norm(joints[:, 0, 0] - joints[:, 1, 0], axis=-1)
    spread = [apart[k : k + 180].mean() for k in range(0, 1800, 180)]
    assert np.ptp(spread) < 0.02
    spans = motion.provenance["segments"]
    assert [s["start"] for s in spans] == list(range(0, 1800, 60))
    assert spans[-1]["stop"] == 1800
    assert [text for text, _ in segment_scores(motion)][:3] == list(said)


def test_a_plan_that_says_no_times_is_played_at_ease(generator):
    plan = Plan(tuple(Segment(Prompt(sentence=s)) for s in ("clap", "wave")))
    motion = generator.motion(plan, 0)
    spans = motion.provenance["segments"]
    assert spans[-1]["stop"] == len(motion) >= 2 * CLIP
    assert (
        spans[0]["stop"] == spans[1]["start"] == pytest.approx(len(motion) / 2, abs=1)
    )
    lengths = bone_lengths(motion.joints.astype(float))
    assert (lengths.std(0) / lengths.mean(0)).max() < 1e-3


def test_a_constraint_may_lie_anywhere_on_a_long_plan(generator):
    plan = Plan(
        tuple(Segment(Prompt(sentence=s), 0.8) for s in ("clap", "wave", "clap"))
    )
    key = Values.of_motion("key", CLAP, np.array([24, 60]))
    motion = draw(generator, plan, Constraints(72, (key,)), [0])[0]
    assert np.array_equal(motion.joints[[24, 60]], CLAP.joints[[24, 60]])


def test_any_motion_can_be_made_to_hold_constraints():
    wanted = Constraints(60, (Values.of_motion("key", CLAP, np.array([30])),))
    fist = perform("make a fist with the left hand", seconds=3)
    motion = performed(fist, PLAN, wanted)
    assert len(motion) == 60
    assert np.array_equal(motion.joints[30], CLAP.joints[30])


def test_another_rate_is_refused(generator):
    slow = BimanualMotion(CLAP.joints[:CLIP], 60.0)
    wanted = Constraints(CLIP, (Values.of_motion("slow", slow, ALL),), fps=60.0)
    with pytest.raises(InputError, match="60 Hz"):
        draw(generator, PLAN, wanted, [0])
