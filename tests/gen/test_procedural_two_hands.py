"""Primitives of two hands: each does what it says on every body, and nothing like it."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from handx_gen.hand_model import LOWER, UPPER, fit
from handx_gen.kinematics.contacts import contact_track
from handx_gen.kinematics.descriptors import hand_signals
from handx_gen.kinematics.requests import match
from handx_gen.kinematics.two_hand_scene import Scene
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import Program, Step, read
from handx_gen.procedural.performance import (
    perform_program,
    sampled_stage,
    standard_stage,
)
from handx_gen.procedural.sample import MAX_OVERLAP, overlap
from handx_gen.procedural.templates_two_hands import TWO_HANDS as SAID
from handx_gen.procedural.vocabulary_two_hands import TWO_HANDS
from handx_gen.procedural.wording import say
from handx_gen.skeleton import FINGERS, SIDES, bone_lengths, mirror

ENTRIES = {entry.name: entry for entry in TWO_HANDS}
FIRST = ("touch", "clap", "press", "slide", "poke", "steeple", "interlace", "approach",
         "part")  # fmt: skip
NEW = [name for name in ENTRIES if name not in FIRST]
OTHER = {"left": "right", "right": "left"}


def drawn(name: str, seed: int) -> Step:
    """A step with random parameters."""
    step, draw = Step(name, "both"), ENTRIES[name].draw
    return draw(step, np.random.default_rng(seed)) if draw else step


@cache
def performed(name: str, seed: int) -> tuple[Step, BimanualMotion]:
    """A random step on random hands."""
    step = drawn(name, seed)
    stage = sampled_stage(np.random.default_rng(1000 + seed))
    return step, perform_program(Program((step,)), stage=stage)


def scene(motion: BimanualMotion) -> Scene:
    """The motion as surfaces."""
    joints = np.asarray(motion.joints, float)
    curl = [hand_signals(joints[:, side], side).curl for side in (0, 1)]
    return Scene(joints, np.stack(curl, 1))


def test_at_least_thirty_primitives_were_added():
    assert len(NEW) >= 30


@pytest.mark.parametrize("name", NEW)
def test_it_is_found_again_and_keeps_clear(name):
    for seed in range(2):
        step, motion = performed(name, seed)
        result = match(motion, Program((step,)).requested)
        assert result.answer == "yes", result.reasons
        assert overlap(motion.joints) < MAX_OVERLAP + 1.5e-3
        lengths = bone_lengths(np.asarray(motion.joints, float))
        assert np.ptp(lengths, axis=0).max() < 1e-6


@pytest.mark.parametrize("name", NEW)
def test_angles_stay_inside_their_limits(name):
    _, motion = performed(name, 0)
    for side in (0, 1):
        fitted = fit(np.asarray(motion.joints[::4, side], float), side)
        error = np.linalg.norm(fitted.joints() - motion.joints[::4, side], axis=-1)
        assert np.quantile(error, 0.95) < 5e-3
        assert (fitted.angles >= LOWER - 1e-9).all()
        assert (fitted.angles <= UPPER + 1e-9).all()


@pytest.mark.parametrize("name", NEW)
def test_its_mirror_image_is_the_step_of_the_other_hand(name):
    step = drawn(name, 1)
    motion = perform_program(Program((step,)), stage=standard_stage())
    mirrored = mirror(motion.joints)
    swapped = replace(step, direction=OTHER.get(step.direction, step.direction))
    if step.hand in SIDES:
        swapped = replace(swapped, hand=OTHER[step.hand])
        other = perform_program(Program((swapped,)), stage=standard_stage())
        np.testing.assert_allclose(other.joints, mirrored, atol=1e-6)
    wanted = Program((swapped,)).requested
    assert match(BimanualMotion(mirrored), wanted).answer == "yes"


@pytest.mark.parametrize("name", NEW)
def test_moves_of_one_channel_never_overlap_in_time(name):
    moves, seconds = ENTRIES[name].moves(drawn(name, 2), standard_stage())
    channels: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for move in moves:
        channels.setdefault((move.side, move.channel), []).append(
            (move.start, move.stop)
        )
        assert move.stop <= seconds + 1e-9
    for (_, channel), spans in channels.items():
        spans.sort()
        # A folding thumb comes a little late (`timeline.finger_moves`).
        late = 0.08 if channel == "thumb" else 1e-9
        for (_, stop), (start, _) in zip(spans[:-1], spans[1:], strict=True):
            assert start >= stop - late, channel


@pytest.mark.parametrize("name", NEW)
def test_resting_hands_do_not_do_it(name):
    _, motion = performed(name, 0)
    rest = BimanualMotion(np.repeat(motion.joints[:1], 40, 0))
    wanted = Program((drawn(name, 0),)).requested
    assert match(rest, wanted).answer == "no"


ALIKE = [
    ("fist_bump", "punch"), ("fist_bump", "stack_fists"), ("punch", "clasp"),
    ("clasp", "cover"), ("clap", "cover"), ("press", "cover"), ("clap", "fist_bump"),
    ("poke", "back_touch"), ("poke", "trace"), ("offer", "bowl"), ("bow", "rub_circles"),
    ("rub_circles", "bow"), ("roll", "pedal"), ("pull", "tear"), ("twist_lid", "wring"),
    ("fingertips_in_turn", "steeple"), ("heart", "frame"), ("heart", "steeple"),
    ("grasp_finger", "grasp_wrist"),
    ("carry", "accordion"), ("follow", "carry"), ("cross_wrists", "cross_fingers"),
    ("open_book", "offer"), ("pass", "cover"), ("slide", "bow"), ("trace", "poke"),
]  # fmt: skip


# An opened book ends as two offered palms: that way round it is no mistake.
BOTH_WAYS = [
    p for a, b in ALIKE for p in ((a, b), (b, a)) if p != ("offer", "open_book")
]


@pytest.mark.parametrize(("one", "two"), BOTH_WAYS)
def test_what_looks_like_it_is_told_from_it(one, two):
    step = drawn(one, 0)
    _, motion = performed(two, 0)
    for hand in (step.hand,) if step.hand == "both" else SIDES:
        wanted = Program((replace(step, hand=hand),)).requested
        assert match(motion, wanted).answer == "no"


def test_the_wrong_hand_and_the_wrong_finger_are_found_out():
    for name in ("punch", "clasp", "cover", "back_touch", "trace", "grasp_finger",
                 "stack_fists", "cross_wrists", "cross_fingers", "twist_lid", "tear",
                 "pass", "grasp_wrist", "follow"):  # fmt: skip
        step, motion = performed(name, 0)
        wrong = replace(step, hand=OTHER[step.hand])
        assert match(motion, Program((wrong,)).requested).answer == "no", name
        if step.fingers:
            finger = ("middle",) if step.fingers != ("middle",) else ("index",)
            wrong = replace(step, fingers=finger)
            assert match(motion, Program((wrong,)).requested).answer == "no", name


TOUCHES = [
    ("fingertips_in_turn", [f"left.{f}_tip|right.{f}_tip" for f in FINGERS]),
    ("heart", [f"left.{f}_tip|right.{f}_tip" for f in ("thumb", "index")]),
    ("frame", ["left.thumb_tip|right.index_tip", "left.index_tip|right.thumb_tip"]),
    ("bow", ["left.palm|right.palm"]),
    ("rub_circles", ["left.palm|right.palm"]),
    ("open_book", ["left.palm|right.palm"]),
]


@pytest.mark.parametrize(("name", "pairs"), TOUCHES)
@pytest.mark.parametrize("seed", range(2))
def test_fingertips_and_palms_meet_to_a_millimetre(name, pairs, seed):
    _, motion = performed(name, seed)
    track = contact_track(motion.joints)
    for pair in pairs:
        assert abs(track.gap[:, track.pairs.index(pair)].min()) < 1e-3, pair


@pytest.mark.parametrize("name", ["back_touch", "trace"])
@pytest.mark.parametrize("seed", range(2))
def test_a_fingertip_on_the_other_hand_touches_its_skin(name, seed):
    step, motion = performed(name, seed)
    tip = f"{step.hand}.{step.fingers[0]}_tip"
    pair = f"{tip}|right.palm" if step.hand == "left" else f"left.palm|{tip}"
    track = contact_track(motion.joints)
    assert abs(track.gap[:, track.pairs.index(pair)].min()) < 1e-3


@pytest.mark.parametrize(
    "name", ["fist_bump", "stack_fists", "punch", "cross_fingers", "clasp"]
)
@pytest.mark.parametrize("seed", range(2))
def test_surfaces_meet_to_a_millimetre(name, seed):
    _, motion = performed(name, seed)
    assert abs(scene(motion).gap.min()) < 1e-3


def test_gripping_fingers_touch_what_they_grip():
    for seed in range(4):
        step, motion = performed("grasp_finger", seed)
        hand, k = step.sides[0], FINGERS.index(step.fingers[0])
        gap = scene(motion).gap if hand == 0 else scene(motion).gap.swapaxes(1, 2)
        held = gap[:, 3:15, 3 * k : 3 * k + 3].min(2).reshape(-1, 4, 3).min((0, 2))
        assert (np.abs(held) < 1e-3).sum() >= 2


def test_fingertips_touch_in_the_order_said():
    order = {}
    for direction in ("", "back"):
        step = replace(drawn("fingertips_in_turn", 0), direction=direction)
        motion = perform_program(Program((step,)))
        track = contact_track(motion.joints)
        pairs = [f"left.{f}_tip|right.{f}_tip" for f in FINGERS]
        order[direction] = [
            int(track.mask[:, track.pairs.index(p)].argmax()) for p in pairs
        ]
    assert order[""] == sorted(order[""])
    assert order["back"] == sorted(order["back"], reverse=True)


@pytest.mark.parametrize("first", ["heart", "punch", "follow", "measure"])
def test_steps_follow_one_another_from_any_state(first):
    for second in ("grasp_wrist", "roll", "open_book", "carry"):
        steps = (drawn(first, 0), replace(drawn(second, 0), order=1))
        motion = perform_program(Program(steps), stage=standard_stage())
        jumps = np.linalg.norm(np.diff(motion.joints, axis=0), axis=-1)
        assert jumps.max() < 0.07  # no faster than 2 m/s
        wanted = Program(steps).requested
        result = match(motion, wanted)
        assert not [r for r in result.reasons if r.startswith("missing")], second


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("split", ["train", "held_out"])
def test_it_is_read_as_it_is_said(name, split):
    for seed in range(4):
        program = Program((drawn(name, seed),))
        text = say(program, np.random.default_rng(seed), split)
        back = read(text)
        assert not back.unread, text
        assert back.steps == program.steps, text


def test_every_primitive_has_rich_wording():
    for name in NEW:
        assert len(SAID[name]["train"]) >= 4, name
        assert len(SAID[name]["held_out"]) >= 2, name
