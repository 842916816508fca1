"""Frames of docs/frames.md: canonical → world, and the anatomical hand frame."""

import numpy as np
import pytest

from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import JOINT, mirror
from retarget.configuration import hand_model
from retarget.errors import RetargetError
from retarget.placement import HEIGHT, hand_frames, place, smooth_frames
from retarget.rotations import exp


def flat_right_hand() -> np.ndarray:
    """A right hand, palm down, fingers along +y, in the canonical frame (21, 3) [m]."""
    hand = np.zeros((21, 3))
    for k, finger in enumerate(("index", "middle", "ring", "pinky")):
        for part, y in zip(("mcp", "pip", "dip", "tip"), (0.09, 0.13, 0.155, 0.18)):
            hand[JOINT[f"{finger}_{part}"]] = [0.02 * (k - 1), y, 0]
    for part, r in zip(("cmc", "mcp", "ip", "tip"), (0.03, 0.06, 0.09, 0.11)):
        hand[JOINT[f"thumb_{part}"]] = [-0.7 * r, 0.7 * r, -0.2 * r]
    return hand


def two_flat_hands(apart: float = 0.3) -> np.ndarray:
    """(1, 2, 21, 3) both hands palm down."""
    right = flat_right_hand() + [apart / 2, 0, 0]
    pair = np.stack([right, right])[None]
    pair[:, 0] = mirror(pair)[:, 0]
    return pair


def test_world_is_forward_left_up():
    pair = two_flat_hands()
    world = place(BimanualMotion(pair))
    left, right = world[0, 0, 0], world[0, 1, 0]
    np.testing.assert_allclose(left, [0, 0.15, HEIGHT], atol=1e-6)
    np.testing.assert_allclose(right, [0, -0.15, HEIGHT], atol=1e-6)
    fingers = world[0, 1, JOINT["middle_tip"]] - right
    assert fingers[0] == pytest.approx(0.18, abs=1e-6)  # fingers point forward
    raised = place(BimanualMotion(np.concatenate([pair, pair + [0, 0, 0.1]])))
    np.testing.assert_allclose(raised[1] - raised[0], np.zeros((2, 21, 1)) + [0, 0, 0.1],
                               atol=1e-6)  # fmt: skip


def test_placing_keeps_distances_and_crossed_hands():
    pair = two_flat_hands(apart=-0.2)  # the left hand is on the right
    world = place(BimanualMotion(pair))
    assert world[0, 0, 0, 1] < world[0, 1, 0, 1]
    flat, placed = pair.reshape(-1, 3), world.reshape(-1, 3)
    np.testing.assert_allclose(
        np.linalg.norm(flat[:, None] - flat, axis=-1),
        np.linalg.norm(placed[:, None] - placed, axis=-1),
        atol=1e-6,
    )


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_hand_frame_of_a_flat_hand_is_the_identity(side):
    hand = two_flat_hands()[:, ["left", "right"].index(side)]
    rotation, wrist = hand_frames(hand, side)
    np.testing.assert_allclose(rotation[0], np.eye(3), atol=1e-12)
    np.testing.assert_array_equal(wrist, hand[:, 0])
    thumb = rotation[0].T @ (hand[0, JOINT["thumb_tip"]] - wrist[0])
    assert (thumb[0] < 0) == (side == "right")


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_hand_frame_turns_with_the_hand(side, rng):
    hand = two_flat_hands()[:, ["left", "right"].index(side)]
    turn = exp(rng.normal(size=(8, 3)))
    turned = np.einsum("tij,kj->tki", turn, hand[0])
    np.testing.assert_allclose(hand_frames(turned, side)[0], turn, atol=1e-12)


@pytest.mark.parametrize("robot", ["shadow", "inspire"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_robot_hand_frames_follow_the_same_anatomy(robot, side, request):
    model = hand_model(request.getfixturevalue(robot).hands[side])
    pose = model.forward(model.rest[None])
    inverse = np.linalg.inv(model.T_base_hand)

    def place_of(link):
        point = pose.locate(model.points([(link, np.zeros(3))]))[0, 0]
        return inverse[:3, :3] @ point + inverse[:3, 3]

    fingers = model.spec.fingers
    middle, thumb = (place_of(fingers[f].tip_link) for f in ("middle", "thumb"))
    assert middle[1] > 0.12  # fingers along +y
    assert (thumb[0] < 0) == (side == "right")
    # A bent finger leaves towards the palm, −z.
    bent = model.rest.copy()
    names = [model.spec.actuated[i] for i in model.free]
    for joint in fingers["index"].joints:
        if (
            joint in names
            and model.spec.upper[list(model.spec.joint_names).index(joint)] > 1
        ):
            bent[names.index(joint)] += 0.5
    pose = model.forward(bent[None])
    assert place_of(fingers["index"].tip_link)[2] < -0.01


def test_a_collapsed_palm_borrows_the_nearest_frame():
    hand = np.repeat(two_flat_hands()[:, 1], 4, axis=0)
    hand[2] = hand[2, :1]
    rotation, _ = hand_frames(hand, "right")
    np.testing.assert_allclose(rotation, np.tile(np.eye(3), (4, 1, 1)), atol=1e-12)
    with pytest.raises(RetargetError, match="left palm"):
        hand_frames(np.zeros((3, 21, 3)), "left")


def test_smoothing_frames_has_no_lag_and_keeps_rotations(rng):
    fps, t = 100.0, np.arange(200) / 100.0
    slow = np.stack([np.sin(2 * np.pi * t), t, 0 * t], 1)
    rotation = exp(0.5 * slow)
    smooth_r, smooth_p = smooth_frames(rotation, slow, fps, cutoff=8.0)
    assert np.abs(smooth_p - slow)[20:-20].max() < 1e-3  # 1 Hz passes, in phase
    np.testing.assert_allclose(
        smooth_r @ smooth_r.swapaxes(1, 2), np.tile(np.eye(3), (200, 1, 1)), atol=1e-9
    )
    noise = 0.01 * rng.normal(size=slow.shape)
    _, cleaned = smooth_frames(rotation, slow + noise, fps, cutoff=8.0)
    assert np.std(cleaned - slow) < 0.6 * np.std(noise)
