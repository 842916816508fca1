"""Motions bent to hold constraints: exact, with one body, smooth, or refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handx_gen.control import Apart, Constraints, Touch, Turned, Values, editing
from handx_gen.control.body import bodies
from handx_gen.control.points import Point, distance, gap
from handx_gen.control.pose import Pose, exponential, logarithm, palm_turn
from handx_gen.control.solve import bend
from handx_gen.errors import InputError
from handx_gen.hand_model import LOWER, UPPER, fit
from handx_gen.kinematics.contacts import PAIRS, contact_track, pair_distances
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import perform
from handx_gen.skeleton import JOINT, JOINTS, SIDES, bone_lengths
from tests.retarget.recordings import read_noisy

FRAMES = 31
ALL = np.arange(FRAMES)

FIST = perform("make a fist with the left hand", seed=0, seconds=1).joints[:FRAMES]
CLAP = perform("clap twice", seed=1, seconds=1)
RANDOM = np.random.default_rng(0)


def bone_variation(joints: np.ndarray) -> float:
    lengths = bone_lengths(joints.astype(float))
    return float((lengths.std(0) / lengths.mean(0)).max())


def acceleration(joints: np.ndarray) -> float:
    return float(
        np.linalg.norm(np.diff(joints.astype(float), 2, axis=0), axis=-1).max()
    )


def test_the_derivative_of_a_pose_is_its_difference_quotient():
    pose = Pose.of(*(fit(FIST[:4, s], s) for s in (0, 1)))
    joints, change = pose.linearised()
    step = RANDOM.normal(0, 1e-6, (4, 2, 31))
    moved = pose.at(np.arange(4))
    moved.wrist += step[..., :3]
    moved.rotation = exponential(step[..., 3:6]) @ moved.rotation
    moved.angles = moved.angles + step[..., 6:].reshape(moved.angles.shape)
    linear = np.einsum("fsjcp,fsp->fsjc", change, step)
    assert np.abs(moved.joints() - joints - linear).max() < 1e-10


@given(st.lists(st.floats(-1.8, 1.8), min_size=3, max_size=3))
def test_logarithm_undoes_exponential(vector):
    vector = np.array([vector]) * (np.pi / np.sqrt(3) / 1.8)
    again = exponential(logarithm(exponential(vector)))
    assert np.allclose(again, exponential(vector), atol=1e-7)


@pytest.mark.parametrize(
    "pair", ["left.thumb_tip|left.index_tip", *PAIRS[8:11], *PAIRS[33:]]
)
def test_distances_are_those_of_contacts_and_so_is_their_slope(pair):
    names = [name.split(".") for name in pair.split("|")]
    first, second = (Point(SIDES.index(side), name) for side, name in names)
    joints = CLAP.joints[:5].astype(float)
    length, slope = distance(first, second, joints)
    assert np.allclose(length, pair_distances(joints)[:, PAIRS.index(pair)])
    step = RANDOM.normal(0, 1e-8, joints.shape)
    moved, _ = distance(first, second, joints + step)
    assert np.allclose(moved - length, (slope * step).sum((1, 2, 3)), atol=1e-12)
    track = contact_track(joints).select((pair,))
    assert np.allclose(gap(first, second, joints), track.gap[:, 0], atol=1e-6)


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    """Some frames of whole hands, and some wrists."""
    mask = np.zeros((FRAMES, 2, 21), bool)
    for side in (0, 1):
        frames = draw(st.lists(st.integers(0, FRAMES - 1), max_size=6))
        mask[frames, side] = True
        if draw(st.booleans()):
            mask[:, side, 0] = True
        if draw(st.booleans()):
            start = draw(st.integers(0, FRAMES - 2))
            mask[start : start + 8, side] = True
    return mask


@settings(max_examples=5)
@given(masks())
def test_given_values_come_out_to_the_bit(mask):
    if not mask.any():
        mask[3, 0] = True
    values = Values("mask", ALL, CLAP.joints[:FRAMES], mask)
    result = bend(FIST, Constraints(FRAMES, (values,)))
    assert result.dtype == np.float32
    assert np.array_equal(result[mask], CLAP.joints[:FRAMES][mask])
    assert bone_variation(result) < 1e-3


def test_a_wrist_path_moves_the_hand_as_one():
    path = FIST[:, 1, 0] + 0.05 * np.sin(ALL / 10)[:, None]
    turn = exponential(np.array([[0.0, 0.4, 0.2]]) * np.sin(ALL / 9)[:, None])
    wanted = Constraints(
        FRAMES,
        (Values.of_point("path", "right.wrist", ALL, path),),
        (Turned("path", "right", ALL, turn),),
    )
    result = bend(FIST, wanted)
    assert np.array_equal(result[:, 1, 0], path.astype(np.float32))
    assert np.abs(palm_turn(result.astype(float))[:, 1] - turn).max() < 1e-5
    assert bone_variation(result) < 1e-5
    assert np.abs(result[:, 0] - bend(FIST, Constraints(FRAMES))[:, 0]).max() == 0


def test_a_fingertip_reaches_its_target_and_the_rest_hardly_moves():
    tip = JOINT["index_tip"]
    target = FIST[15, 1, tip] + [0.01, 0.0, -0.02]
    wanted = Values.of_point("goal", "right.index_tip", np.array([15]), target)
    result = bend(FIST, Constraints(FRAMES, (wanted,)))
    assert np.array_equal(result[15, 1, tip], target.astype(np.float32))
    assert bone_variation(result) < 1e-5
    angles = fit(result[:, 1], 1).angles
    assert (angles >= LOWER - 1e-6).all()
    assert (angles <= UPPER + 1e-6).all()
    assert np.abs(result - FIST)[:, 0].max() < 0.002


@pytest.mark.parametrize(
    "pair",
    [
        ("left.thumb_tip", "left.index_tip"),
        ("left.index_tip", "right.thumb_tip"),
        ("left.middle_tip", "right.palm"),
        ("left.palm", "right.palm"),
    ],
)
def test_touching_is_exact_and_comes_and_goes(pair):
    points = [Point(SIDES.index(p.split(".")[0]), p.split(".")[1]) for p in pair]
    opened = np.repeat(FIST[:1], FRAMES, 0)
    result = bend(opened, Constraints(FRAMES, relations=(Touch(pair, 14, 17),)))
    there = gap(points[0], points[1], result.astype(float))
    assert np.abs(there[14:17]).max() < 1e-3
    assert there[0] > 0.01
    assert there[-1] > 0.01
    assert bone_variation(result) < 1e-5
    # From stillness over decimetres and back within half a second, and no faster.
    assert acceleration(result) * 900 < 60


def test_a_held_hand_is_met_by_the_other():
    held = Values.of_motion("held", CLAP, ALL, points="left")
    pair = ("left.index_tip", "right.thumb_tip")
    wanted = Constraints(FRAMES, (held,), relations=(Touch(pair, 14, 16),))
    result = bend(FIST, wanted)
    assert np.array_equal(result[:, 0], CLAP.joints[:FRAMES, 0])
    there = gap(Point(0, "index_tip"), Point(1, "thumb_tip"), result.astype(float))
    assert np.abs(there[14:16]).max() < 1e-3


def test_points_are_kept_apart():
    pair = ("left.palm", "right.palm")
    free = gap(Point(0, "palm"), Point(1, "palm"), CLAP.joints[8:24].astype(float))
    assert free.min() < 0.005
    wanted = Constraints(FRAMES, relations=(Apart(pair, 8, 24, 0.03),))
    result = bend(CLAP.joints[:FRAMES], wanted).astype(float)
    assert gap(Point(0, "palm"), Point(1, "palm"), result[8:24]).min() > 0.029


def test_bones_are_those_of_the_given_hand():
    large = CLAP.joints[:FRAMES] * np.float32(1.1)
    held = Values.of_motion("held", BimanualMotion(large), ALL, points="left")
    wanted = Constraints(FRAMES, (held,))
    result = bend(FIST, wanted)
    given_bones = bone_lengths(large[0, 0].astype(float))
    assert np.allclose(bone_lengths(result.astype(float))[:, 0], given_bones, atol=1e-6)
    assert np.allclose(bone_lengths(result[0, 1].astype(float)), given_bones, rtol=0.03)
    shapes = bodies(FIST.astype(float), wanted.given)
    assert np.allclose(shapes[0].lengths, shapes[1].lengths, atol=1e-6)


def test_a_hand_whose_bones_vary_is_still_given_to_the_bit():
    noisy = CLAP.joints[:FRAMES] + RANDOM.normal(0, 0.0015, (FRAMES, 2, 21, 3))
    motion = BimanualMotion(noisy)
    for wanted in (
        Constraints(FRAMES, (Values.of_motion("held", motion, ALL, points="left"),)),
        editing("edit", motion, "right.index", 10, 20),
    ):
        result = bend(FIST, wanted)
        mask = wanted.given.mask
        assert np.array_equal(result[mask], motion.joints[mask])
        assert np.isfinite(result).all()


def test_a_webcam_recording_is_held_to_the_bit(shared_dir):
    recording = read_noisy(shared_dir)
    lengths = bone_lengths(recording.joints[100:131, 1].astype(float))
    assert (lengths.std(0) / lengths.mean(0)).max() > 0.002  # its bones do vary
    held = Values.of_motion("webcam", recording, ALL, ALL + 100, "right")
    pair = ("left.index_tip", "right.palm")
    wanted = Constraints(FRAMES, (held,), relations=(Touch(pair, 14, 16),))
    result = bend(FIST, wanted)
    assert np.array_equal(result[:, 1], recording.joints[100:131, 1])
    there = gap(Point(0, "index_tip"), Point(1, "palm"), result.astype(float))
    assert np.abs(there[14:16]).max() < 1e-3
    assert bone_variation(result[:, :1]) < 1e-5


def test_seams_are_as_smooth_as_the_motion():
    """A drawn middle that is millimetres off what is given at both ends."""
    off = 0.006 * np.sin(ALL / 5)[:, None, None, None]
    wanted = editing("edit", CLAP, start=10, stop=21)
    cut = Constraints(
        FRAMES, (Values("ends", ALL, CLAP.joints[:FRAMES], wanted.given.mask[:FRAMES]),)
    )
    result = bend(CLAP.joints[:FRAMES] + off, cut)
    assert acceleration(result) < 1.2 * acceleration(CLAP.joints[:FRAMES])


@pytest.mark.parametrize(
    ("values", "relations", "said"),
    [
        # A tip half a metre from its own given wrist.
        (
            [("left.wrist", 5, (0, 0, 0)), ("left.index_tip", 5, (0, 0.5, 0))],
            [],
            r"left.index_tip.*\d+\.\d mm.*frame 5",
        ),
        # A knuckle 30 cm from the wrist.
        (
            [("left.wrist", 5, (0, 0, 0)), ("left.index_mcp", 5, (0, 0.3, 0))],
            [],
            r"left wrist–index_mcp.*300 mm",
        ),
        # A metre in a thirtieth of a second.
        (
            [("left.wrist", 5, (0, 0, 0)), ("left.wrist", 6, (1, 0, 0))],
            [],
            r"left.wrist.*30 m/s",
        ),
        # Two tips, both given, cannot touch a decimetre apart.
        (
            [("left.index_tip", 5, (0, 0, 0)), ("right.index_tip", 5, (0.1, 0, 0))],
            [Touch(("left.index_tip", "right.index_tip"), 5, 6)],
            r"84.0 mm in frame 5",
        ),
    ],
)
def test_what_cannot_hold_together_is_refused_with_the_number(values, relations, said):
    items = tuple(
        Values.of_point("asked", point, np.array([frame]), np.array(place))
        for point, frame, place in values
    )
    with pytest.raises(InputError, match=said):
        bend(FIST, Constraints(FRAMES, items, relations=tuple(relations)))


def test_nothing_asked_gives_the_motion_back():
    result = bend(FIST, Constraints(FRAMES))
    assert np.abs(result - FIST).max() < 0.002
    assert len(JOINTS) == result.shape[2]
