"""The canonical frame: what it looks like, and what must survive it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handx_gen.skeleton import JOINT, bone_lengths
from training.data.canonical import canonical_rotation, to_canonical, wrist_axis

TIME = np.arange(30) / 30
BOTH = np.ones(2, bool)
UP = np.array([0.0, 0.0, 1.0])
angle = st.floats(-179, 179)
POSES = {
    "side by side": {},
    "crossed": {"apart": -0.2},
    "prayer": {"apart": 0.08, "lift": 90, "roll": 90},
    "palms up": {"roll": 180},
}


def moved(
    made, joints: np.ndarray, yaw: float, tilt: float
) -> tuple[np.ndarray, np.ndarray]:
    """The joints in another coordinate frame, and where up is there."""
    rotation = made.turn([0.3, 1, -0.2], tilt) @ made.turn(UP, yaw)
    return joints @ rotation.T + [0.4, -1.3, 1.1], rotation @ UP


@pytest.mark.parametrize("pose", POSES.values(), ids=list(POSES))
@given(yaw=angle, tilt=angle)
def test_a_known_gravity_brings_back_the_canonical_motion(
    made, pose, yaw, tilt
) -> None:
    joints = made.hands(TIME, **pose)
    elsewhere, up = moved(made, joints, yaw, tilt)
    rotation = canonical_rotation(elsewhere[0], BOTH, up)
    back = to_canonical(elsewhere, rotation, elsewhere[0, 1, 0])
    np.testing.assert_allclose(back, joints - joints[0, 1, 0], atol=1e-5)


@given(yaw=angle, tilt=angle)
def test_without_gravity_the_palms_tell(made, yaw, tilt) -> None:
    joints = made.hands(TIME)
    elsewhere, _ = moved(made, joints, yaw, tilt)
    rotation = canonical_rotation(elsewhere[0], BOTH)
    back = to_canonical(elsewhere, rotation, elsewhere[0, 1, 0])
    np.testing.assert_allclose(back, joints - joints[0, 1, 0], atol=1e-5)


def test_without_gravity_hands_that_cross_for_a_while_stay_crossed(made) -> None:
    joints = np.concatenate(
        [made.hands(TIME), made.hands(TIME), made.hands(TIME, apart=-0.2)]
    )
    elsewhere, _ = moved(made, joints, 50, 20)
    rotation = canonical_rotation(elsewhere[60], BOTH, None, wrist_axis(elsewhere))
    back = to_canonical(elsewhere[60:], rotation, elsewhere[60, 1, 0])
    assert (back[:, 1, 0, 0] < back[:, 0, 0, 0] - 0.15).all()
    assert back[0, :, JOINT["middle_mcp"], 1].min() > 0


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("gravity", [True, False])
@given(yaw=angle, tilt=angle)
def test_one_hand_alone_points_its_fingers_to_y(made, side, gravity, yaw, tilt) -> None:
    joints = made.hands(TIME)
    elsewhere, up = moved(made, joints, yaw, tilt)
    present = np.arange(2) == side
    elsewhere[:, 1 - side] = np.nan
    rotation = canonical_rotation(elsewhere[0], present, up if gravity else None)
    assert np.linalg.det(rotation) == pytest.approx(1)
    along = rotation @ (elsewhere[0, side, JOINT["middle_mcp"]] - elsewhere[0, side, 0])
    assert along[1] > 0.99 * np.linalg.norm(along)
    up_here = rotation @ up
    assert up_here[2] > 0.95


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_any_hands_are_turned_never_mirrored(made, seed, gravity) -> None:
    rng = np.random.default_rng(seed)
    joints = made.hands(TIME, *rng.uniform([-0.4, -180, -180], [0.4, 180, 180]))
    elsewhere, up = moved(made, joints, *rng.uniform(-180, 180, 2))
    rotation = canonical_rotation(elsewhere[0], BOTH, up if gravity else None)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)
    if gravity:
        np.testing.assert_allclose(rotation @ up, UP, atol=1e-9)
    back = to_canonical(elsewhere, rotation, elsewhere[0, 1, 0])
    np.testing.assert_allclose(bone_lengths(back), bone_lengths(joints), atol=1e-6)


def test_fingers_straight_up_and_one_wrist_above_the_other_still_have_a_frame(
    made,
) -> None:
    joints = made.hands(TIME, apart=0.0, lift=90)
    joints[:, 1, :, 2] += 0.3
    rotation = canonical_rotation(joints[0], BOTH, UP)
    assert np.isfinite(rotation).all()
    assert np.linalg.det(rotation) == pytest.approx(1)
