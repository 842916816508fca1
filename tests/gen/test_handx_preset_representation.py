"""The paper's 168 numbers per frame and the way back."""

import numpy as np
import pytest
import torch

from handx_gen.errors import InputError
from handx_gen.procedural import perform
from handx_gen.prompt import Plan
from handx_gen.representation.handx168 import (
    FEATURES,
    Handx168,
    from_features,
    rotation_scalars,
    to_features,
)
from handx_gen.skeleton import CHAIN_INDEX, JOINT, TIP_INDEX, mirror


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    """Real movement of both hands, (T, 2, 21, 3)."""
    return perform(Plan.from_text("make a fist with the left hand")).joints.astype(
        float
    )


def curled(degrees: tuple[float, float], side: int) -> np.ndarray:
    """A flat hand whose index finger bends at pip and dip, (2, 21, 3); other hand flat."""
    hands = np.zeros((2, 21, 3))
    for k, chain in enumerate(CHAIN_INDEX.values()):
        for number, joint in enumerate(chain[1:]):
            hands[:, joint] = [0.02 * (k - 2), 0.09 + 0.03 * number, 0]
    # The palm faces down; fingers curl about x, away from +z.
    angle, at = 0.0, hands[side, JOINT["index_pip"]].copy()
    for name, bend in zip(("index_dip", "index_tip"), degrees, strict=True):
        angle += np.radians(bend)
        at = at + 0.025 * np.array([0, np.cos(angle), -np.sin(angle)])
        hands[side, JOINT[name]] = at
    hands[0, :, 0] *= -1
    return hands


@pytest.mark.parametrize("side", [0, 1])
def test_the_scalar_is_the_bend_of_the_joint(side):
    scalars = rotation_scalars(curled((35, 20), side))
    assert np.degrees(scalars[side, JOINT["index_pip"]]) == pytest.approx(35)
    assert np.degrees(scalars[side, JOINT["index_dip"]]) == pytest.approx(20)
    assert np.abs(scalars[1 - side]).max() < 1e-9
    assert (scalars[:, [0, *TIP_INDEX]] == 0).all()


@pytest.mark.parametrize("side", [0, 1])
def test_a_curling_finger_does_not_jump_and_officially_does(side):
    poses = np.stack([curled((85, bend), side) for bend in range(111)])
    ours = np.diff(rotation_scalars(poses), axis=0)
    officially = np.diff(rotation_scalars(poses, official_wrapping=True), axis=0)
    assert np.degrees(np.abs(ours).max()) == pytest.approx(1, abs=1e-6)
    assert np.degrees(np.abs(officially).max()) == pytest.approx(359, abs=1e-6)


def test_the_two_wrappings_differ_by_full_turns(clip):
    a, b = rotation_scalars(clip), rotation_scalars(clip, official_wrapping=True)
    turns = (b - a) / (2 * np.pi)
    np.testing.assert_allclose(turns, turns.round(), atol=1e-9)
    assert (a > -np.pi).all()
    assert (a <= np.pi).all()


def test_scalars_do_not_see_where_the_hands_are(clip):
    angle = 0.7
    turn = np.array(
        [
            [np.cos(angle), -np.sin(angle), 0],
            [np.sin(angle), np.cos(angle), 0],
            [0, 0, 1],
        ]
    )
    moved = clip @ turn.T + [0.3, -1.0, 2.0]
    np.testing.assert_allclose(
        rotation_scalars(moved), rotation_scalars(clip), atol=1e-9
    )


def test_mirrored_hands_swap_their_scalars(clip):
    np.testing.assert_allclose(
        rotation_scalars(mirror(clip)), rotation_scalars(clip)[:, ::-1], atol=1e-9
    )


def test_round_trip_with_and_without_the_scale(clip):
    features, centre = to_features(clip)
    assert features.shape == (len(clip), FEATURES)
    np.testing.assert_allclose(from_features(features, centre), clip, atol=1e-12)
    norm = Handx168.fit(clip[None])
    x, centre = norm.pack(clip)
    assert x.dtype == np.float32
    np.testing.assert_allclose(norm.unpack(x, centre), clip, atol=1e-6)
    np.testing.assert_allclose(norm.unpack(x), clip - centre, atol=1e-6)
    tensor = norm.unpack(torch.from_numpy(x)[None])
    np.testing.assert_allclose(tensor[0].numpy(), clip - centre, atol=1e-6)


def test_layout_is_joint_by_joint_left_hand_first(clip):
    x = to_features(clip)[0].reshape(len(clip), 42, 4)
    scalars = rotation_scalars(clip)
    tip = 21 + JOINT["index_pip"]
    np.testing.assert_allclose(x[:, tip, 3], scalars[:, 1, JOINT["index_pip"]])
    difference = x[:, tip, :3] - x[:, 0, :3]
    expected = clip[:, 1, JOINT["index_pip"]] - clip[:, 0, 0]
    np.testing.assert_allclose(difference, expected, atol=1e-12)


def test_scale_gives_zero_mean_unit_variance_and_leaves_constants(clip):
    norm = Handx168.fit(clip[None])
    x = norm.pack(clip)[0].reshape(-1, 42, 4).astype(float)
    assert np.abs(x.mean(0)).max() < 1e-4
    moving = x[:, :, :3].std(0)
    np.testing.assert_allclose(moving[moving > 0.5], 1, atol=1e-3)
    # Wrists and tips have no rotation: their zeros stay zeros.
    assert (x[:, [0, *TIP_INDEX], 3] == 0).all()


def test_bad_numbers_are_refused():
    good = tuple(np.ones(FEATURES))
    with pytest.raises(InputError, match="mean"):
        Handx168((np.nan, *good[1:]), good)
    with pytest.raises(InputError, match="std"):
        Handx168(good, good[1:])
    with pytest.raises(InputError, match="positive"):
        Handx168(good, (0.0, *good[1:]))
    with pytest.raises(InputError, match="in one line"):
        rotation_scalars(np.zeros((3, 2, 21, 3)))
