"""The Hermite spline against dense sampling, and the file of a whole trajectory."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from handx_gen.errors import InputError
from handx_gen.kinematics.contacts import ContactTrack
from retarget.errors import LimitViolation
from retarget.trajectory import BimanualTrajectory, JointTrajectory

NUMBERS = st.floats(-3, 3)


def joint_trajectory(rng, knots=12, joints=3) -> JointTrajectory:
    velocities = rng.normal(size=(knots, joints))
    velocities[[0, -1]] = 0
    time = np.concatenate([[0.0], np.cumsum(rng.uniform(0.01, 0.2, knots - 1))])
    names = tuple(f"joint_{i}" for i in range(joints))
    return JointTrajectory(names, rng.normal(size=(knots, joints)), velocities, time)


def bimanual(rng) -> BimanualTrajectory:
    hand = joint_trajectory(rng)
    other = dataclasses.replace(
        hand, positions=-hand.positions, velocities=-hand.velocities
    )
    steps = len(hand)
    bases = rng.normal(size=(steps, 2, 7))
    bases[..., :4] /= np.linalg.norm(bases[..., :4], axis=-1, keepdims=True)
    pairs = ("left.thumb_tip|left.index_tip", "left.palm|right.palm")
    gap = rng.normal(scale=0.01, size=(steps, 2))
    return BimanualTrajectory(
        "shadow",
        "ab" * 32,
        {"left": hand, "right": other},
        bases,
        hand.time_from_start / 2,
        ContactTrack(pairs, gap < 0.005, gap),
        rng.normal(size=(steps, 2, 5, 3)),
        rng.uniform(size=(steps, 2)) < 0.2,
        provenance={"text": "clap"},
    )


def test_samples_pass_the_knots_with_their_velocities(rng):
    trajectory = joint_trajectory(rng)
    positions, velocities = trajectory.sample(trajectory.time_from_start)
    np.testing.assert_allclose(positions, trajectory.positions, atol=1e-12)
    np.testing.assert_allclose(velocities, trajectory.velocities, atol=1e-9)


def test_velocity_is_the_derivative_of_position(rng):
    trajectory = joint_trajectory(rng)
    t = np.linspace(0.005, trajectory.duration - 0.005, 300)
    step = 1e-6
    numeric = (trajectory.sample(t + step)[0] - trajectory.sample(t - step)[0]) / (
        2 * step
    )
    np.testing.assert_allclose(trajectory.sample(t)[1], numeric, atol=1e-4)


def test_it_holds_still_before_and_after(rng):
    trajectory = joint_trajectory(rng)
    positions, velocities = trajectory.sample(np.array([-1.0, trajectory.duration + 1]))
    np.testing.assert_allclose(positions, trajectory.positions[[0, -1]], atol=1e-12)
    np.testing.assert_array_equal(velocities, 0)


@given(arrays(float, (2, 1), elements=NUMBERS), arrays(float, (2, 1), elements=NUMBERS),
       st.floats(0.01, 2))  # fmt: skip
def test_extrema_bound_a_dense_sampling_tightly(p, v, h):
    position = np.concatenate([p[:1], p, p[-1:]])
    velocity = np.concatenate([[[0.0]], v, [[0.0]]])
    trajectory = JointTrajectory(("a",), position, velocity, np.arange(4) * h)
    lowest, highest, speed = trajectory.extrema()
    for k in range(3):
        t = np.linspace(k * h, (k + 1) * h, 401)
        dense, rate = trajectory.sample(t)
        scale = 1 + np.abs(rate).max() * h
        assert lowest[k, 0] <= dense.min() + 1e-9
        assert highest[k, 0] >= dense.max() - 1e-9
        assert lowest[k, 0] >= dense.min() - 1e-4 * scale
        assert highest[k, 0] <= dense.max() + 1e-4 * scale
        inside = np.abs(rate[1:-1]).max()
        assert inside - 1e-6 <= speed[k, 0] <= np.abs(v).max() + inside * 1.02 + 1e-6


def test_a_limit_crossed_only_between_knots_is_found():
    trajectory = JointTrajectory(
        ("a", "b"),
        np.zeros((4, 2)),
        np.array([[0, 0], [0, 1.0], [0, -1.0], [0, 0]]),
        np.arange(4.0),
    )
    wide = np.full(2, 1.0)
    trajectory.check_limits(-wide, wide, 2 * wide)
    peak = trajectory.sample(np.linspace(0, 3, 3001))[0].max()
    with pytest.raises(LimitViolation, match="b: position") as caught:
        trajectory.check_limits(-wide, np.array([1.0, 0.9 * peak]), 2 * wide)
    assert caught.value.value == pytest.approx(peak, abs=1e-5)
    with pytest.raises(LimitViolation, match="b: velocity"):
        trajectory.check_limits(-wide, wide, np.array([2.0, 0.9]))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"velocities": np.ones((3, 1))}, "velocities"),
        ({"positions": np.full((3, 1), np.nan)}, "positions"),
        ({"time_from_start": np.array([0, 1, 1.0])}, "time_from_start"),
        ({"joint_names": ("a", "a")}, "joint_names"),
    ],
)
def test_what_makes_no_sense_is_refused(change, field):
    fields = {
        "joint_names": ("a",),
        "positions": np.zeros((3, 1)),
        "velocities": np.zeros((3, 1)),
        "time_from_start": np.arange(3.0),
    }
    with pytest.raises(InputError, match=field):
        JointTrajectory(**{**fields, **change})


def test_a_file_holds_the_whole_trajectory(tmp_path, rng):
    written = bimanual(rng)
    read = BimanualTrajectory.load(written.save(tmp_path / "trajectory.npz"))
    assert read.sha256() == written.sha256()
    assert (read.robot, read.robot_sha256) == (written.robot, written.robot_sha256)
    assert read.provenance == written.provenance
    assert read.asked_contacts.pairs == written.asked_contacts.pairs
    for name in ("T_world_base", "source_time", "tip_targets", "saturated"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    for side, hand in written.hands.items():
        np.testing.assert_array_equal(read.hands[side].positions, hand.positions)
        assert read.hands[side].joint_names == hand.joint_names


def test_the_hash_sees_every_array_that_moves_the_robot(rng):
    whole = bimanual(rng)
    edited = whole.T_world_base.copy()
    edited[3, 0, 5] += 1e-9
    shifted = dataclasses.replace(whole, T_world_base=edited)
    positions = whole.hands["left"].positions.copy()
    positions[5, 1] += 1e-9
    nudged = dataclasses.replace(whole.hands["left"], positions=positions)
    moved = dataclasses.replace(whole, hands={**whole.hands, "left": nudged})
    assert len({whole.sha256(), shifted.sha256(), moved.sha256()}) == 3


def test_base_poses_are_unit_and_pass_the_knots(rng):
    whole = bimanual(rng)
    poses, _ = whole.sample_base(whole.time_from_start)
    np.testing.assert_allclose(np.linalg.norm(poses[..., :4], axis=-1), 1, atol=1e-12)
    dots = np.abs((poses[..., :4] * whole.T_world_base[..., :4]).sum(-1))
    np.testing.assert_allclose(dots, 1, atol=1e-12)
    np.testing.assert_allclose(poses[..., 4:], whole.T_world_base[..., 4:], atol=1e-12)
    t = np.linspace(0.01, whole.duration - 0.01, 200)
    step = 1e-6
    numeric = (whole.sample_base(t + step)[0] - whole.sample_base(t - step)[0]) / (
        2 * step
    )
    np.testing.assert_allclose(whole.sample_base(t)[1], numeric, atol=1e-3)
