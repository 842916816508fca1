"""The parametric hand: kinematics, limits, fit."""

import numpy as np
import pytest

from handx_gen.hand_model import (
    DEFAULT_SHAPE,
    LOWER,
    UPPER,
    finger_points,
    fit,
    fits,
    palm_frame,
    project,
    to_joints,
)
from handx_gen.procedural.timeline import rotation_exp
from handx_gen.skeleton import bone_lengths


def random_angles(seed, count, share=0.8):
    rng = np.random.default_rng(seed)
    middle, half = (LOWER + UPPER) / 2, (UPPER - LOWER) / 2 * share
    return middle + rng.uniform(-1, 1, (count, 5, 5)) * half


def posed(seed, count, side, share=0.8):
    rng = np.random.default_rng(seed + 1)
    points, _ = finger_points(DEFAULT_SHAPE, random_angles(seed, count, share))
    rotation = rotation_exp(rng.normal(0, 0.7, (count, 3)))
    return to_joints(points, rotation, rng.normal(0, 0.2, (count, 3)), side)


def test_twenty_one_angles_can_move():
    assert int((UPPER > LOWER).sum()) == 21


@pytest.mark.parametrize("dof", range(5))
def test_jacobian_matches_finite_differences(dof):
    angles = random_angles(3, 20)
    points, jacobian = finger_points(DEFAULT_SHAPE, angles, jacobian=True)
    step = 1e-6
    moved = angles.copy()
    moved[..., dof] += step
    numeric = (finger_points(DEFAULT_SHAPE, moved)[0] - points) / step
    np.testing.assert_allclose(jacobian[..., dof], numeric, atol=1e-5)


@pytest.mark.parametrize("side", [0, 1])
def test_bones_keep_their_lengths_in_every_pose(side):
    lengths = bone_lengths(posed(0, 50, side))
    assert np.ptp(lengths, axis=0).max() < 1e-12


@pytest.mark.parametrize("side", [0, 1])
def test_fit_recovers_a_posed_hand(side):
    hand = posed(5, 60, side, share=0.6)
    error = np.linalg.norm(fit(hand, side).joints() - hand, axis=-1)
    assert np.median(error) < 1e-4
    assert error.max() < 1e-3


@pytest.mark.parametrize("side", [0, 1])
def test_projection_keeps_bones_constant_and_angles_inside(side):
    rng = np.random.default_rng(2)
    noisy = posed(7, 40, side) + rng.normal(0, 0.004, (40, 21, 3))
    fitted = fit(noisy, side)
    assert (fitted.angles >= LOWER - 1e-12).all()
    assert (fitted.angles <= UPPER + 1e-12).all()
    both = np.stack([noisy, noisy], 1)
    assert np.ptp(bone_lengths(project(both)), axis=0).max() < 1e-12


def test_left_hand_is_the_mirrored_right_hand():
    points, _ = finger_points(DEFAULT_SHAPE, random_angles(1, 5))
    eye, zero = np.broadcast_to(np.eye(3), (5, 3, 3)), np.zeros((5, 3))
    left = to_joints(points, eye, zero, 0)
    np.testing.assert_array_equal(left * [-1, 1, 1], to_joints(points, eye, zero, 1))


def test_palm_frame_is_the_rotation_the_hand_was_given():
    rotation = rotation_exp(np.random.default_rng(4).normal(0, 1.0, (10, 3)))
    points, _ = finger_points(DEFAULT_SHAPE, random_angles(1, 10))
    hand = to_joints(points, rotation, np.zeros((10, 3)), 1)
    flat = to_joints(points, np.eye(3), np.zeros((10, 3)), 1)
    np.testing.assert_allclose(
        palm_frame(hand), rotation @ palm_frame(flat), atol=1e-12
    )


def test_both_hands_at_once_are_what_each_is_alone():
    joints = np.stack([posed(3, 6, 0), posed(4, 6, 1)], 1)
    for side, both in enumerate(fits(joints)):
        alone = fit(joints[:, side], side)
        np.testing.assert_allclose(both.angles, alone.angles, atol=1e-9)
        np.testing.assert_allclose(both.joints(), alone.joints(), atol=1e-12)


def test_a_fit_goes_on_from_where_it_is_told_to_begin():
    joints = np.stack([posed(5, 6, 0), posed(6, 6, 1)], 1)
    found = np.stack([hand.angles for hand in fits(joints)], 1)
    near = np.clip(found + 0.05, LOWER, UPPER)
    for hand, side in zip(fits(joints, iterations=4, start=near), (0, 1)):
        np.testing.assert_allclose(hand.joints(), joints[:, side], atol=1e-5)
    # Without a step they are where they began.
    for side, hand in enumerate(fits(joints, iterations=0, start=near)):
        np.testing.assert_array_equal(hand.angles, near[:, side])
