"""Limits hold by construction: envelopes, paths and the spline made from them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retarget import limits
from retarget.trajectory import JointTrajectory

ANGLES = arrays(
    float, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.floats(-2, 2)
)
STEPS = st.floats(1e-3, 1.0)


@given(ANGLES, STEPS)
def test_the_envelope_is_slow_and_stays_in_range(values, step):
    slow = limits.slow_envelope(values, np.full(values.shape[1], step))
    assert np.abs(np.diff(slow, axis=0)).max(initial=0.0) <= step * (1 + 1e-9)
    assert (slow >= values.min(0) - 1e-12).all()
    assert (slow <= values.max(0) + 1e-12).all()


@given(ANGLES, STEPS)
def test_no_slow_sequence_is_nearer_in_the_largest_deviation(values, step):
    """Any slow sequence misses one of x_j, x_k by half of |x_j − x_k| − step·|j − k|."""
    slow = limits.slow_envelope(values, np.full(values.shape[1], step))
    gap = np.abs(values[:, None] - values[None])
    frames = np.arange(len(values))
    room = step * np.abs(frames[:, None] - frames)[..., None]
    bound = np.maximum(gap - room, 0).max((0, 1)) / 2
    np.testing.assert_allclose(np.abs(slow - values).max(0), bound, atol=1e-9)


@given(ANGLES, STEPS)
def test_a_slow_path_keeps_its_euclidean_step(values, step):
    slow = limits.slow_path(values, step)
    lengths = np.linalg.norm(np.diff(slow, axis=0), axis=1)
    assert lengths.max(initial=0.0) <= step * (1 + 1e-9)


@given(ANGLES, STEPS)
def test_slow_rotations_keep_their_angle(values, step):
    noise = np.resize(values, (len(values), 4)) + [0.1, 0, 0, 0.01]
    wxyz = noise / np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-3)
    wxyz = np.where(
        np.linalg.norm(wxyz, axis=1, keepdims=True) > 0.9, wxyz, [1, 0, 0, 0]
    )
    wxyz /= np.linalg.norm(wxyz, axis=1, keepdims=True)
    slow = limits.slow_rotations(wxyz, step)
    np.testing.assert_allclose(np.linalg.norm(slow, axis=1), 1, atol=1e-9)
    cosines = np.clip((slow[1:] * slow[:-1]).sum(1), -1, 1)
    assert np.arccos(cosines).max(initial=0.0) <= step + 1e-6


def test_slow_values_are_left_alone(rng):
    values = np.cumsum(rng.uniform(-0.1, 0.1, (50, 3)), axis=0)
    np.testing.assert_allclose(
        limits.slow_envelope(values, np.full(3, 0.1)), values, atol=1e-12
    )
    assert limits.slow_path(values, 0.2) is values


def test_control_points_make_the_spline_pass_the_knots(rng):
    knots = np.cumsum(rng.normal(size=(30, 2)), axis=0)
    positions, velocities = limits.spline_knots(limits.control_points(knots), 0.01)
    np.testing.assert_allclose(positions[1:-1], knots, atol=1e-12)
    np.testing.assert_array_equal(velocities[[0, -1]], 0)


@given(ANGLES, STEPS)
def test_the_spline_keeps_box_and_speed_between_knots(values, step):
    h, joints = 0.02, values.shape[1]
    controls = limits.slow_envelope(np.clip(values, -1, 1), np.full(joints, step))
    positions, velocities = limits.spline_knots(controls, h)
    trajectory = JointTrajectory(
        tuple(f"j{i}" for i in range(joints)),
        positions,
        velocities,
        np.arange(len(positions)) * h,
    )
    ones = np.ones(joints)
    trajectory.check_limits(-ones, ones, ones * step / h * (1 + 1e-9))
