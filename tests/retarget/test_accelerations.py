"""Acceleration as a hard limit: on control points, on the spline, and frame by frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import robots
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import SIDES
from retarget import RetargetOptions, retarget_motion
from retarget.accelerations import accelerations, check_accelerations, gentle_path
from retarget.errors import LimitViolation
from retarget.limits import spline_knots
from retarget.online import OnlineRetargeter
from retarget.trajectory import JointTrajectory

ROBOTS = {name: robots.load_robot(name) for name in ("shadow", "inspire")}
PATHS = arrays(
    float, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=st.floats(-2, 2)
)


def spline(controls: np.ndarray, h: float) -> JointTrajectory:
    positions, velocities = spline_knots(controls, h)
    names = tuple(f"j{k}" for k in range(controls.shape[1]))
    return JointTrajectory(names, positions, velocities, np.arange(len(positions)) * h)


@given(PATHS, st.floats(1e-3, 1.0), st.floats(1e-4, 0.5))
def test_a_gentle_path_keeps_every_limit_on_its_spline(values, step, bend):
    count, h = values.shape[1], 0.01
    low, high = np.full(count, -2.0), np.full(count, 2.0)
    path = gentle_path(values, low, high, np.full(count, step), np.full(count, bend))
    hand = spline(path, h)
    hand.check_limits(low, high, np.full(count, step / h))
    assert (accelerations(hand) <= bend / h**2 * (1 + 1e-6)).all()


def test_a_gentle_path_is_the_nearest(rng):
    """Beside a general solver on the same problem."""
    from scipy.optimize import LinearConstraint, minimize

    values = np.clip(np.cumsum(rng.normal(scale=0.1, size=20)), -0.3, 0.3)
    path = gentle_path(
        values[:, None], np.array([-0.3]), np.array([0.3]), np.array([0.05]),
        np.array([0.01]),
    )[:, 0]  # fmt: skip
    eye = np.eye(20)
    bends = np.diff(np.concatenate([eye[:1], eye, eye[-1:]]), 2, axis=0)
    other = minimize(
        lambda x: 0.5 * ((x - values) ** 2).sum(), np.zeros(20),
        jac=lambda x: x - values, method="trust-constr", bounds=[(-0.3, 0.3)] * 20,
        constraints=[LinearConstraint(np.diff(eye, axis=0), -0.05, 0.05),
                     LinearConstraint(bends, -0.01, 0.01)],
        options={"maxiter": 2000},
    )  # fmt: skip
    assert 0.5 * ((path - values) ** 2).sum() <= other.fun + 1e-4


def test_a_gentle_path_leaves_gentle_values_alone():
    values = np.sin(np.linspace(0, np.pi, 50))[:, None] ** 2
    path = gentle_path(values, *(np.array([x]) for x in (-1, 1, 0.1, 0.01)))
    np.testing.assert_array_equal(path, values)


def test_accelerations_of_a_spline_are_those_of_its_differences(rng):
    h = 0.02
    hand = spline(np.cumsum(rng.normal(scale=0.01, size=(12, 2)), axis=0), h)
    fine = np.linspace(0, hand.duration, 4001)
    speed = hand.sample(fine)[1]
    seen = np.abs(np.diff(speed, axis=0)).max(0) / (fine[1] - fine[0])
    np.testing.assert_allclose(accelerations(hand).max(0), seen, rtol=0.02)


def test_what_is_too_sharp_is_named(rng):
    hand = spline(np.array([[0.0], [0.0], [0.5], [0.5]]), 0.1)
    with pytest.raises(LimitViolation, match="j0: acceleration"):
        check_accelerations(hand, np.array([1.0]))


def jumping(seed: int, frames: int, jump: float, fps: float) -> BimanualMotion:
    rng = np.random.default_rng(seed)
    joints = 0.1 * rng.normal(size=(1, 2, 21, 3)) + [[[[-0.2, 0, 0]], [[0.2, 0, 0]]]]
    return BimanualMotion(joints + jump * rng.normal(size=(frames, 2, 21, 3)), fps)


@given(
    st.integers(0, 10_000),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.01, 0.3]),
    st.sampled_from([10.0, 30.0]),
    st.sampled_from(["shadow", "inspire"]),
)
@settings(max_examples=10)
def test_no_spline_accelerates_too_much(seed, frames, jump, fps, name):
    robot = ROBOTS[name]
    options = RetargetOptions(iterations=6, acceleration_limits=True)
    trajectory, _ = retarget_motion(jumping(seed, frames, jump, fps), robot, options)
    for side, hand in trajectory.hands.items():
        spec = robot.hands[side]
        hand.check_limits(spec.lower, spec.upper, spec.velocity_limit)
        assert (accelerations(hand) <= spec.acceleration_limit * (1 + 1e-6)).all()


def test_the_option_takes_something_away():
    """Without it, the same motion does accelerate more than allowed."""
    robot, motion = ROBOTS["shadow"], jumping(3, 12, 0.05, 30.0)
    worst = []
    for gentle in (False, True):
        options = RetargetOptions(iterations=6, acceleration_limits=gentle)
        trajectory, _ = retarget_motion(motion, robot, options)
        worst.append(
            max(
                (accelerations(trajectory.hands[s]) / robot.hands[s].acceleration_limit).max()
                for s in SIDES
            )
        )  # fmt: skip
    assert worst[0] > 1.2
    assert 0.5 < worst[1] <= 1 + 1e-6


@given(
    st.integers(0, 10_000),
    st.sampled_from(["shadow", "inspire"]),
    st.lists(st.floats(1e-3, 0.4), min_size=3, max_size=8),
    st.sampled_from([0.002, 0.05, 0.5]),
)
@settings(max_examples=12)
def test_no_call_changes_a_velocity_too_much(seed, name, pauses, jump):
    robot, rng = ROBOTS[name], np.random.default_rng(seed)
    live = OnlineRetargeter(robot, acceleration_limits=True)
    joints = 0.1 * rng.normal(size=(2, 21, 3)) + [[[-0.2, 0, 0]], [[0.2, 0, 0]]]
    last, time = live.step(joints, 0.0), 0.0
    speed = {side: np.zeros(len(last.positions[side])) for side in SIDES}
    for pause in pauses:
        time += pause
        command = live.step(joints + jump * rng.normal(size=joints.shape), time)
        for side in SIDES:
            spec, q = robot.hands[side], command.positions[side]
            assert (q >= spec.lower).all()
            assert (q <= spec.upper).all()
            now = (q - last.positions[side]) / pause
            assert (np.abs(now) <= spec.velocity_limit + 1e-9).all()
            change = np.abs(now - speed[side])
            allowed = spec.acceleration_limit * pause * (1 + 1e-6) + 1e-9 / pause
            assert (change <= allowed).all()
            speed[side] = now
        last = command
