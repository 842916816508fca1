"""Frame by frame: within limits whatever comes, never stale, never NaN, and following."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import robots
from handx_gen.skeleton import SIDES, mirror
from retarget.configuration import hand_model
from retarget.errors import RetargetError
from retarget.online import OnlineRetargeter
from tests.retarget.robot_as_human import human_like, motion_of, standing

ROBOTS = {name: robots.load_robot(name) for name in ("shadow", "inspire")}


def curling(robot, sides, count: int, top: float) -> np.ndarray:
    """(T, 2, 21, 3) of the robot's own fingers bending and straightening once."""
    hands = {}
    for side in sides:
        model = hand_model(robot.hands[side])
        names = [model.spec.actuated[k] for k in model.free]
        bend = np.array(["thumb" not in n and n[0] != "T" for n in names])
        bend &= model.upper > 1.2
        t = np.linspace(0, 2 * np.pi, count)[:, None]
        hands[side] = human_like(model, model.rest + bend * top * (1 - np.cos(t)) / 2)
    places = {side: standing(count, side) for side in sides}
    return motion_of(hands, places).joints.astype(float)


@given(
    st.integers(0, 10_000),
    st.sampled_from(["shadow", "inspire"]),
    st.lists(st.floats(1e-3, 0.4), min_size=2, max_size=6),
    st.sampled_from([0.002, 0.05, 0.5]),
)
@settings(max_examples=12)
def test_no_limit_is_broken_whatever_comes_in(seed, name, pauses, jump):
    robot, rng = ROBOTS[name], np.random.default_rng(seed)
    live = OnlineRetargeter(robot)
    joints = 0.1 * rng.normal(size=(2, 21, 3)) + [[[-0.2, 0, 0]], [[0.2, 0, 0]]]
    last, time = live.step(joints, 0.0), 0.0
    for pause in pauses:
        time += pause
        command = live.step(joints + jump * rng.normal(size=joints.shape), time)
        assert command.time == time
        for side in SIDES:
            spec, q = robot.hands[side], command.positions[side]
            assert np.isfinite(q).all()
            assert (q >= spec.lower).all()
            assert (q <= spec.upper).all()
            speed = np.abs(q - last.positions[side]) / pause
            assert (speed <= spec.velocity_limit + 1e-9).all()
            base, before = command.T_world_base[side], last.T_world_base[side]
            assert np.isfinite(base).all()
            np.testing.assert_allclose(
                base[:3, :3] @ base[:3, :3].T, np.eye(3), atol=1e-9
            )
            assert not np.array_equal(before, base) or jump < 0.01
        last = command


def test_bad_frames_are_refused_and_change_nothing(shadow):
    joints = curling(shadow, SIDES, 12, 0.6)
    live, other = OnlineRetargeter(shadow), OnlineRetargeter(shadow)
    for t in range(6):
        live.step(joints[t], t / 30)
        other.step(joints[t], t / 30)
    broken = joints[6].copy()
    broken[1, 3, 0] = np.nan
    with pytest.raises(RetargetError, match="NaN"):
        live.step(broken, 6 / 30)
    with pytest.raises(RetargetError, match="follow"):
        live.step(joints[6], 5 / 30)
    with pytest.raises(RetargetError, match="shape"):
        live.step(joints[6, 0], 6 / 30)
    collapsed = np.zeros((2, 21, 3))
    with pytest.raises(RetargetError, match="palm"):
        live.step(collapsed, 6 / 30)
    here, there = live.step(joints[6], 0.2), other.step(joints[6], 0.2)
    for side in SIDES:
        np.testing.assert_array_equal(here.positions[side], there.positions[side])


@pytest.mark.parametrize("name", ["shadow", "inspire"])
def test_a_slow_reachable_motion_is_followed(name):
    robot = ROBOTS[name]
    joints = curling(robot, ("right",), 90, 0.9)
    live = OnlineRetargeter(robot, ("right",))
    path = np.array(
        [live.step(frame, t / 15).positions["right"] for t, frame in enumerate(joints)]
    )
    bent = np.ptp(path, axis=0).max()
    assert bent > 0.5  # it does not sit at the rest pose
    assert np.abs(path[-1] - path[0]).max() < 0.25 * bent  # and comes back


def test_a_still_hand_stays_still(shadow):
    joints = curling(shadow, ("left",), 1, 0.0)[0]
    live = OnlineRetargeter(shadow, ("left",))
    path = [live.step(joints, t / 30).positions["left"] for t in range(20)]
    assert np.abs(path[-1] - path[-2]).max() < 1e-3
    assert np.abs(path[-1] - path[0]).max() < 0.1


def test_mirrored_hands_get_mirrored_commands(shadow):
    joints = curling(shadow, SIDES, 16, 0.8)
    joints[4:, 0] = joints[:-4, 0]  # one hand lags, or nothing could be confused
    live, glass = OnlineRetargeter(shadow), OnlineRetargeter(shadow)
    for t, frame in enumerate(joints):
        here = live.step(frame, t / 30)
        there = glass.step(mirror(frame[None])[0], t / 30)
    for side, other in zip(SIDES, SIDES[::-1]):
        np.testing.assert_allclose(
            here.positions[side], there.positions[other], atol=5e-3
        )


def test_the_same_frames_give_the_same_commands(inspire):
    joints = curling(inspire, SIDES, 8, 0.8)
    runs = []
    for _ in range(2):
        live = OnlineRetargeter(inspire)
        runs.append([live.step(f, t / 30).positions for t, f in enumerate(joints)])
    for first, again in zip(*runs):
        for side in SIDES:
            np.testing.assert_array_equal(first[side], again[side])
