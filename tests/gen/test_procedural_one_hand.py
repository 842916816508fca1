"""The gestures and rhythms of one hand: done as asked, told apart, exact, inside limits."""

from collections import Counter

import numpy as np
import pytest

from handx_gen.hand_model import LOWER, UPPER, bone_segments, finger_points
from handx_gen.kinematics.contacts import (
    PAD_RADIUS,
    PALM_HALF_THICKNESS,
    contact_track,
)
from handx_gen.kinematics.distance import segment_distance
from handx_gen.kinematics.hand_poses import POSES
from handx_gen.kinematics.hand_rhythms import RHYTHMS
from handx_gen.kinematics.kinds import DIRECTIONS, KINDS
from handx_gen.kinematics.requests import match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import PRIMITIVES, Program, Step
from handx_gen.procedural import single_hand_poses as postures
from handx_gen.procedural.performance import perform_program, sampled_stage
from handx_gen.procedural.sample import MAX_OVERLAP, natural_seconds, overlap
from handx_gen.procedural.templates_gestures import GESTURES, HELD_OUT, TRAIN
from handx_gen.skeleton import FINGERS, JOINT, bone_lengths, mirror

NAMES = tuple(dict.fromkeys(key.split(".")[0] for key in GESTURES))
HANDS = ("left", "right", "both")


def drawn(name: str, hand: str, seed: int) -> tuple[Step, np.random.Generator]:
    """A random step of a primitive, and the generator for its body."""
    rng = np.random.default_rng([seed, len(name)])
    step, entry = Step(name, hand), PRIMITIVES[name]
    return (entry.draw(step, rng) if entry.draw else step), rng


def done(name: str, hand: str = "right", seed: int = 0) -> tuple[Step, BimanualMotion]:
    """A random step of a primitive, done by a random person."""
    step, rng = drawn(name, hand, seed)
    return step, perform_program(Program((step,)), None, sampled_stage(rng))


def answer(motion: BimanualMotion, *steps: Step) -> str:
    return match(motion, Program(steps).requested).answer


def test_all_are_in_the_vocabulary_and_short():
    for name in NAMES:
        assert not PRIMITIVES[name].two_handed
        single = Step(name, "right", ("index",), direction="left", count=1)
        if name == "grip":
            single = Step(name, "right", direction="thin")
        assert natural_seconds(Program((single,))) <= 1.75, name
        for seed in range(8):
            step, _ = drawn(name, "both", seed)
            assert natural_seconds(Program((step,))) <= 3.6, step


@pytest.mark.parametrize("name", NAMES)
def test_every_body_does_what_is_asked(name):
    for seed, hand in enumerate(HANDS):
        step, motion = done(name, hand, seed)
        assert answer(motion, step) == "yes", step
        assert overlap(motion.joints, stride=1) < MAX_OVERLAP
        assert np.ptp(bone_lengths(motion.joints.astype(float)), axis=0).max() < 1e-6


def test_together_and_after_one_another():
    right = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        one, _ = drawn(NAMES[int(rng.integers(len(NAMES)))], "left", seed)
        two, _ = drawn(NAMES[int(rng.integers(len(NAMES)))], "right", seed + 1)
        if seed % 3 == 0:  # the same hand, one after the other
            two = Step(
                two.primitive, "left", two.fingers, "", two.direction, two.count, 1
            )
        motion = perform_program(Program((one, two)), None, sampled_stage(rng))
        right += answer(motion, one, two) == "yes"
    assert right >= 38


@pytest.mark.parametrize("name", NAMES)
def test_a_still_hand_and_the_other_hand_do_not_do_it(name):
    step, motion = done(name)
    still = np.repeat(motion.joints[:1], len(motion), 0)
    assert answer(BimanualMotion(still), step) == "no"
    swapped = BimanualMotion(mirror(motion.joints))
    assert answer(swapped, step) == "no"
    other = Step(name, "left", step.fingers, "", step.direction, step.count)
    if name != "sweep":  # whose direction is not mirrored
        assert answer(swapped, other) == "yes"


ALIKE = [
    ("hook", "claw"), ("claw", "hook"), ("tabletop", "cup"), ("cup", "tabletop"),
    ("grip", "cup"), ("hook", "tabletop"), ("key", "tripod"), ("ok", "tripod"),
    ("thumb_down", "stop"), ("stop", "thumb_down"), ("goodbye", "stop"),
    ("goodbye", "wag"), ("wag", "goodbye"), ("nod", "twist"), ("knock", "nod"),
    ("tremble", "shake"), ("shake", "tremble"), ("shake", "bounce"), ("drum", "cup"),
    ("flutter", "drum"), ("scissor", "quotes"), ("quotes", "scissor"),
    ("pinch_rub", "pinch_hold"), ("flick", "pinch_hold"), ("square", "zigzag"),
    ("zigzag", "square"), ("eight", "square"), ("unroll", "count_down"),
    ("count_down", "unroll"), ("press_button", "grab"), ("burst", "pump"),
    ("half_bend", "pump"), ("beckon", "quotes"), ("thumb_base", "thumb_circle"),
    ("thumb_circle", "thumb_base"), ("lift", "grab"), ("vulcan", "number"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "shown"), ALIKE)
def test_a_gesture_that_resembles_it_is_not_it(asked, shown):
    step, _ = drawn(asked, "right", 3)
    assert answer(done(shown, "right", 4)[1], step) == "no"


def test_a_trembling_hand_is_not_still():
    motion = perform_program(Program((Step("tremble", "right"),)))
    assert answer(motion, Step("still", "right")) == "no"
    assert answer(motion, Step("still", "left")) == "yes"


def test_pinches_and_holds_differ():
    held = Step("pinch_hold", "right", ("ring",))
    tapped = Step("pinch", "right", ("ring",))
    motion = perform_program(Program((tapped,)))
    assert answer(motion, tapped) == "yes"
    assert answer(motion, held) == "no"


@pytest.mark.parametrize("seed", range(4))
def test_contacts_are_exact(seed):
    stage = sampled_stage(np.random.default_rng(seed))
    for step, fingers in (
        (Step("pinch_hold", "right", ("middle",)), ("middle",)),
        (Step("ok", "right"), ("index",)),
        (Step("tripod", "right"), ("index", "middle")),
        (Step("flick", "right", ("index",)), ("index",)),
    ):
        track = contact_track(perform_program(Program((step,)), None, stage).joints)
        for finger in fingers:
            gap = track.gap[:, track.pairs.index(f"right.thumb_tip|right.{finger}_tip")]
            assert abs(gap.min()) < 1e-3, step
        stage = sampled_stage(np.random.default_rng(seed))
    body = stage.bodies[1]
    for finger in ("index", "pinky"):
        points, _ = finger_points(body.shape, postures.thumb_at_base(body, finger))
        distance = np.linalg.norm(points[0, 3] - points[FINGERS.index(finger), 0])
        assert abs(distance - PAD_RADIUS - PALM_HALF_THICKNESS) < 1e-3


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("finger", ["index", "middle"])
def test_rubbing_keeps_the_contact_along_every_stroke(finger, seed):
    stage = sampled_stage(np.random.default_rng(seed))
    step = Step("pinch_rub", "left", (finger,), count=2)
    joints = perform_program(Program((step,)), None, stage).joints
    thumb, tip = (joints[:, 0, JOINT[f"{f}_tip"]] for f in ("thumb", finger))
    gap = np.linalg.norm(thumb - tip, axis=1) - 2 * PAD_RADIUS
    touching = np.flatnonzero(gap < 1e-3)
    assert (np.diff(touching) == 1).all()
    assert len(touching) >= 25
    assert gap.min() > -1e-3


@pytest.mark.parametrize("seed", range(2))
def test_moves_stay_inside_the_limits(seed):
    for name in NAMES:
        step, rng = drawn(name, "both", seed)
        moves, _ = PRIMITIVES[name].moves(step, sampled_stage(rng))
        for move in moves:
            if move.channel in FINGERS:
                k = FINGERS.index(move.channel)
                path = [move.target] if move.via is None else [move.target, *move.via]
                assert (np.array(path) >= LOWER[k] - 1e-9).all(), name
                assert (np.array(path) <= UPPER[k] + 1e-9).all(), name


def _own_overlap(hand: np.ndarray) -> float:
    """Deepest overlap of a hand's own fingers, (T, 21, 3) → [m]."""
    starts, ends, radii = bone_segments(hand)
    deepest = 0.0
    for a in range(1, 15):
        for b in range(a + 1, 15):
            if a // 3 != b // 3 and (a % 3 or b % 3):
                gap = segment_distance(
                    starts[:, a], ends[:, a], starts[:, b], ends[:, b]
                )
                deepest = max(deepest, float((radii[a] + radii[b] - gap).max()))
    return deepest


@pytest.mark.parametrize(
    "name",
    ["hook", "claw", "tabletop", "cup", "vulcan", "ok", "tripod", "key", "thumb_tuck",
     "stop", "grip", "pinch_hold", "pinch_rub", "flick", "thumb_base", "half_bend",
     "drum", "flutter", "thumb_circle", "quotes", "scissor"],
)  # fmt: skip
def test_a_hand_does_not_pass_through_itself(name):
    for seed in range(2):
        motion = done(name, "right", seed)[1]
        assert _own_overlap(motion.joints[::3, 1].astype(float)) < 2e-3, seed


def test_what_a_network_blurs_is_still_read():
    """Noise of 0.5 mm at every joint, as a learned model leaves it."""
    missed: Counter[str] = Counter()
    for name in NAMES:
        step, motion = done(name, "both", 1)
        noise = np.random.default_rng(1).normal(0, 5e-4, motion.joints.shape)
        missed[name] += answer(BimanualMotion(motion.joints + noise), step) != "yes"
    assert sum(missed.values()) <= 0.05 * len(NAMES), missed


def test_steps_begin_where_the_last_one_ended():
    rng = np.random.default_rng(5)
    for _ in range(12):
        names = rng.choice(NAMES, 3)
        steps = [drawn(str(n), "right", int(rng.integers(99)))[0] for n in names]
        program = Program(
            tuple(
                Step(s.primitive, "right", s.fingers, "", s.direction, s.count, i)
                for i, s in enumerate(steps)
            )
        )
        joints = perform_program(program, None, sampled_stage(rng)).joints
        jump = np.linalg.norm(np.diff(joints, axis=0), axis=-1).max()
        assert jump < 0.065, names  # A fingertip at 2 m/s.


def test_every_pose_and_rhythm_can_be_requested():
    assert set(DIRECTIONS["pose"]) == set(POSES)
    assert set(RHYTHMS) <= set(KINDS)


def test_wordings_are_rich_and_kept_apart():
    for key, splits in GESTURES.items():
        assert len(splits[TRAIN]) >= 4, key
        assert len(splits[HELD_OUT]) >= 2, key
        assert not set(splits[TRAIN]) & set(splits[HELD_OUT]), key
