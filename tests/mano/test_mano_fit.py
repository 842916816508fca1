"""Motion → parameters: known hands come back, and fingers move."""

import numpy as np
import pytest
import scipy.spatial.transform as rotations

from handx_gen import Plan, mano_fit, perform
from handx_gen.errors import InputError
from handx_gen.mano import ManoHand, Skin, joints
from handx_gen.mano_file import load_mano
from handx_gen.mano_fit import axis_angle, fit_hand, fit_motion, matrix, shortest_turn
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, SIDES
from training.data.sources.plausible import bend_sign

pytest.importorskip("smplx", reason="needs the extra mano: make test-mano")

FRAMES = 40
KNUCKLES = 3 * np.arange(4)
"""The four fingers' first joints among MANO's 15."""


def known(model, seed, frames=FRAMES):
    """A hand that bends every joint, spreads and turns.

    Returns:
        It, and its (T, 15, 3) angles about hinge, sideways and about the bone [rad].
    """
    draw = np.random.default_rng(seed)
    turn = 2 * np.pi * np.linspace(0, 1, frames)[:, None]
    betas = draw.normal(size=10)
    angles = np.zeros((frames, 15, 3))
    angles += draw.normal(0, np.radians(2), (15, 3))  # joints are no perfect hinges
    wave = np.sin(turn + draw.uniform(0, 6, 15))
    angles[..., 0] += np.radians(40) + np.radians(draw.uniform(20, 45, 15)) * wave
    angles[:, KNUCKLES, 1] += np.radians(12) * np.sin(turn + draw.uniform(0, 6, 4))
    basis = hinges(model, betas)
    pose = np.einsum("jab,tja->tjb", basis, angles).reshape(frames, 45)
    orient = np.concatenate([2.8 * np.sin(turn / 2), turn / 3, 0.2 * turn], 1)
    transl = np.concatenate([0.1 * turn, 0 * turn + 0.5, 0 * turn + 1.2], 1)
    return ManoHand(model.side, betas, orient, pose, transl), angles


def hinges(model, betas):
    """Hinge, sideways and bone directions; turning about the hinge closes the hand."""
    skin = Skin.of_joints(model)
    basis = mano_fit._bases(mano_fit._rest(skin, betas))
    closing = 1 if model.side == "left" else -1
    return basis * [[closing], [1], [1]]


def bends(found):
    """(T, 5, 3) angles between successive bones of each finger [rad]."""
    chains = np.stack([CHAIN_INDEX[finger] for finger in FINGERS])
    bones = np.diff(found[:, chains], axis=2)
    bones = bones / np.linalg.norm(bones, axis=-1, keepdims=True)
    return np.arccos(np.clip((bones[:, :, 1:] * bones[:, :, :-1]).sum(-1), -1, 1))


@pytest.mark.parametrize("seed", range(2))
def test_known_parameters_come_back(model, seed):
    truth, angles = known(model, seed)
    given = joints(truth, model)
    assert (bend_sign(given, model.side) > 2).all(), "the known hand bends backwards"
    fitted = fit_hand(given, model)
    found = joints(fitted, model)
    assert np.linalg.norm(found - given, axis=-1).mean() < 0.0005  # 2 mm asked for
    pose = fitted.hand_pose.reshape(FRAMES, 15, 3)
    about = np.einsum("jab,tjb->tja", hinges(model, truth.betas), pose)
    flexion = np.degrees(np.abs(about - angles))[:, :12, 0]
    assert flexion.mean() < 1
    assert flexion.max() < 3
    # The whole rotation too, what joints cannot show being small in a hand.
    apart = np.swapaxes(matrix(pose), -1, -2) @ matrix(
        truth.hand_pose.reshape(FRAMES, 15, 3)
    )
    assert np.degrees(np.linalg.norm(axis_angle(apart), axis=-1)).mean() < 5
    assert np.degrees(np.abs(bends(found) - bends(given))).mean() < 1


def test_fingers_that_move_are_followed_all_the_way(model):
    """40° → 70° in two seconds: the case that a penalty on change freezes."""
    truth, angles = known(model, 0)
    angles = np.zeros_like(angles)
    angles[..., 0] = np.radians(np.linspace(40, 70, FRAMES))[:, None]
    pose = np.einsum("jab,tja->tjb", hinges(model, truth.betas), angles)
    truth = ManoHand(
        model.side, truth.betas, truth.global_orient, pose.reshape(FRAMES, 45),
        truth.transl,
    )  # fmt: skip
    given = joints(truth, model)
    change = np.degrees(np.diff(bends(given)[[0, -1]], axis=0))
    found = np.degrees(
        np.diff(bends(joints(fit_hand(given, model), model))[[0, -1]], axis=0)
    )
    assert np.abs(change[:, 1:]).min() > 25
    assert np.abs(found - change).max() < 2


def test_noise_is_not_amplified(model):
    truth, _ = known(model, 0)
    given = joints(truth, model)
    noisy = given + np.random.default_rng(0).normal(0, 0.001, given.shape)
    found = joints(fit_hand(noisy, model), model)
    before, after = (
        np.linalg.norm(hand - given, axis=-1).mean() for hand in (noisy, found)
    )
    assert after < before
    assert after < 0.002


def test_the_same_motion_elsewhere_has_the_same_fingers(folder):
    model = load_mano("right")
    truth, _ = known(model, 1, 12)
    given = joints(truth, model)
    turn = matrix(np.array([1.9, -1.2, 0.8]))
    here, there = fit_hand(given, model), fit_hand(given @ turn.T + [0, 3, 0], model)
    np.testing.assert_allclose(there.betas, here.betas, atol=0.05)
    apart = np.swapaxes(matrix(here.hand_pose.reshape(-1, 3)), -1, -2) @ matrix(
        there.hand_pose.reshape(-1, 3)
    )
    assert np.degrees(np.linalg.norm(axis_angle(apart), axis=-1)).max() < 1


def test_frames_do_not_depend_on_one_another_beyond_the_shape(folder):
    model = load_mano("right")
    truth, _ = known(model, 2, 20)
    given = joints(truth, model)
    order = np.random.default_rng(0).permutation(20)
    whole, shuffled = fit_hand(given, model), fit_hand(given[order], model)
    error = joints(whole, model)[order] - joints(shuffled, model)
    assert np.linalg.norm(error, axis=-1).max() < 0.0005


def test_both_hands_of_a_performed_motion(folder):
    """A motion that another hand model made, with a thumb that twists."""
    text = "touch the thumb to the index finger with both hands"
    motion = perform(Plan.from_text(text))
    fitted = fit_motion(motion)
    found = fitted.motion()
    assert found.present.all()
    error = np.linalg.norm(found.joints - motion.joints, axis=-1)
    assert error.mean() < 0.001
    for k, side in enumerate(SIDES):
        mean = fitted.provenance["mano_error"][side]
        assert mean == pytest.approx(error[:, k].mean(), abs=1e-6)
        away = bends(found.hand(side)) - bends(motion.hand(side))
        assert np.degrees(np.abs(away)).mean() < 2


def test_an_absent_hand_stays_absent(folder):
    right = load_mano("right")
    positions = np.zeros((5, 2, 21, 3))
    positions[:, 1] = joints(known(right, 0, 5)[0], right)
    motion = BimanualMotion(positions, present=np.array([False, True]))
    fitted = fit_motion(motion)
    assert fitted.left is None
    assert list(fitted.motion().present) == [False, True]


def test_a_hand_without_bones_is_refused(model):
    with pytest.raises(InputError, match="no length"):
        fit_hand(np.zeros((3, 21, 3)), model)


def test_recorded_hands(folder, shared_dir):
    """Both hands of a person whose bones are not the model's: bends are followed."""
    from training.data.sources import read_source

    sequence = shared_dir / "real_hands/hot3d_sample/Aria/P0003_c701bd11"
    [raw] = read_source("hot3d", sequence)
    for k, side in enumerate(("left", "right")):
        given = raw.joints[:, k].astype(float)
        model = load_mano(side)
        found = joints(fit_hand(given, model), model)
        assert np.linalg.norm(found - given, axis=-1).mean() < 0.005
        assert np.degrees(np.abs(bends(found) - bends(given)))[:, 1:].mean() < 5


def test_rotations():
    draw = np.random.default_rng(0)
    axis = draw.normal(size=(200, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    angle = np.concatenate([np.linspace(0, np.pi - 1e-9, 150), 10.0 ** -np.arange(50)])
    turns = axis * angle[:, None]
    known_good = rotations.Rotation.from_rotvec(turns).as_matrix()
    np.testing.assert_allclose(matrix(turns), known_good, atol=1e-12)
    np.testing.assert_allclose(axis_angle(known_good), turns, atol=1e-7)
    half = axis_angle(np.diag([-1.0, 1, -1]))
    np.testing.assert_allclose(np.abs(half), [0, np.pi, 0], atol=1e-12)


def test_shortest_turns():
    draw = np.random.default_rng(1)
    start = np.array([0.2, 0.3, -0.1])
    ends = np.concatenate([draw.normal(size=(50, 3)), [start], [-2 * start]])
    turned = matrix(shortest_turn(start, ends)) @ start
    wanted = ends / np.linalg.norm(ends, axis=1, keepdims=True) * np.linalg.norm(start)
    np.testing.assert_allclose(turned, wanted, atol=1e-12)
