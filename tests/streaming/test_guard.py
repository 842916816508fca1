"""What may not leave: edited, foreign, unvalidated, too far, too fast."""

from dataclasses import replace

import numpy as np
import pytest

from handx.streaming.encoders import joint_trajectory_message
from handx.streaming.errors import NotPassed, StreamError
from handx.streaming.guard import MAX_SECONDS, MessageGuard, clear
from handx_gen.errors import InputError
from retarget.errors import LimitViolation
from retarget.trajectory import JointTrajectory
from robots import load_robot


def with_hand(trajectory, side, **changes):
    """A copy with one hand's arrays replaced."""
    part = trajectory.hands[side]
    fields = {
        "joint_names": part.joint_names,
        "positions": part.positions,
        "velocities": part.velocities,
        "time_from_start": part.time_from_start,
    } | changes
    return replace(
        trajectory, hands={**trajectory.hands, side: JointTrajectory(**fields)}
    )


def test_a_passed_trajectory_leaves_with_every_joint_by_its_wire_name(
    trajectory, robot, make
):
    path = clear(trajectory, robot, make[1](trajectory, robot))
    wire = [n for side in ("left", "right") for n in robot.hands[side].wire_names]
    assert list(path.joint_names) == wire
    both = [trajectory.hands[side].positions for side in ("left", "right")]
    np.testing.assert_array_equal(path.positions, np.hstack(both))


def test_one_hand_alone_leaves_too(robot, make):
    one = make[0](robot, hands=("right",))
    path = clear(one, robot, make[1](one, robot))
    assert path.joint_names == robot.hands["right"].wire_names


def test_an_edited_trajectory_is_unvalidated(trajectory, robot, make):
    report = make[1](trajectory, robot)
    positions = trajectory.hands["left"].positions.copy()
    positions[5] += 1e-9
    edited = with_hand(trajectory, "left", positions=positions)
    for force in (False, True):
        with pytest.raises(InputError, match=r"hashes\.trajectory.*handx validate"):
            clear(edited, robot, report, force, "t.npz")


def test_loosened_thresholds_are_no_validation(trajectory, robot, make):
    report = make[1](trajectory, robot)
    loose = replace(report, thresholds={**report.thresholds, "tip_tracking_mm": 99.0})
    with pytest.raises(InputError, match=r"hashes\.thresholds"):
        clear(trajectory, robot, loose, force=True)


def test_without_a_report_nothing_leaves(trajectory, robot):
    with pytest.raises(InputError, match=r"t\.npz.*not validated.*handx validate"):
        clear(trajectory, robot, None, where="t.npz")


@pytest.mark.parametrize("answer", ["no", "can't tell"])
def test_a_verdict_that_is_no_yes_is_refused_and_force_skips_only_that(
    trajectory, robot, make, answer
):
    report = make[1](trajectory, robot, answer)
    with pytest.raises(NotPassed, match="not a PASS"):
        clear(trajectory, robot, report)
    assert len(clear(trajectory, robot, report, force=True)) == len(
        trajectory.time_from_start
    )


def test_force_never_skips_a_position_limit(trajectory, robot, make):
    hand = robot.hands["right"]
    joint = hand.actuated_index[0]
    positions = trajectory.hands["right"].positions.copy()
    positions[:, joint] += hand.upper[joint] - positions[:, joint].max() + 0.01
    bent = with_hand(trajectory, "right", positions=positions)
    for force in (False, True):
        with pytest.raises(LimitViolation, match=hand.joint_names[joint]):
            clear(bent, robot, make[1](bent, robot), force)


def test_force_never_skips_a_velocity_limit(trajectory, robot, make):
    time = trajectory.time_from_start
    fast = replace(
        trajectory,
        hands={
            side: JointTrajectory(
                part.joint_names, part.positions, part.velocities * 20, time / 20
            )
            for side, part in trajectory.hands.items()
        },
    )
    with pytest.raises(LimitViolation, match="velocity"):
        clear(fast, robot, make[1](fast, robot), force=True)


def test_a_limit_broken_only_between_the_knots_is_found(trajectory, robot, make):
    """Knots inside, spline outside: equal positions with opposite slopes bulge."""
    hand = robot.hands["left"]
    joint = hand.actuated_index[0]
    positions = trajectory.hands["left"].positions.copy()
    velocities = trajectory.hands["left"].velocities.copy()
    positions[:, joint] = hand.upper[joint] - 1e-3
    velocities[:, joint] = 0
    velocities[3:5, joint] = np.array([0.9, -0.9]) * hand.velocity_limit[joint]
    bulge = with_hand(trajectory, "left", positions=positions, velocities=velocities)
    with pytest.raises(LimitViolation, match=hand.joint_names[joint]):
        clear(bulge, robot, make[1](bulge, robot), force=True)


def test_another_robots_trajectory_is_refused(trajectory, robot, make):
    foreign = replace(trajectory, robot="other")
    with pytest.raises(InputError, match="made for 'other'"):
        clear(foreign, robot, make[1](foreign, robot))
    older = replace(trajectory, robot_sha256="0" * 64)
    with pytest.raises(InputError, match="robot_sha256"):
        clear(older, robot, make[1](older, robot))


def test_a_coupled_joint_off_its_law_is_refused(make):
    robot = load_robot("inspire")
    trajectory, hand = make[0](robot), robot.hands["left"]
    joint = hand.joint_names.index(next(iter(hand.mimic)))
    positions = trajectory.hands["left"].positions.copy()
    middle = (hand.lower[joint] + hand.upper[joint]) / 2
    positions[:, joint] = 0.99 * positions[:, joint] + 0.01 * middle
    off = with_hand(trajectory, "left", positions=positions)
    with pytest.raises(InputError, match="coupled"):
        clear(off, robot, make[1](off, robot), force=True)


def test_a_trajectory_of_hours_is_refused(robot, make):
    long = make[0](robot, seconds=MAX_SECONDS + 2, rate=1.0)
    with pytest.raises(InputError, match="split"):
        clear(long, robot, make[1](long, robot))


def message(trajectory, robot, make, **changes):
    path = clear(trajectory, robot, make[1](trajectory, robot))
    fields = {
        "time": path.time_from_start + 0.1,
        "positions": path.positions,
        "velocities": path.velocities,
    } | changes
    return joint_trajectory_message(
        robot.controllers[0], path.joint_names, stamp=10**18, **fields
    )


def test_a_cleared_message_passes_the_last_look(trajectory, robot, make):
    MessageGuard(robot).check(message(trajectory, robot, make))


def test_the_last_look_refuses_nan_wrong_sizes_and_time(trajectory, robot, make):
    guard = MessageGuard(robot)
    path = clear(trajectory, robot, make[1](trajectory, robot))
    nan = path.positions.copy()
    nan[2] = np.nan
    with pytest.raises(StreamError, match="NaN"):
        guard.check(message(trajectory, robot, make, positions=nan))
    with pytest.raises(StreamError, match="increase"):
        guard.check(
            message(trajectory, robot, make, time=np.zeros(len(path.time_from_start)))
        )
    short = message(trajectory, robot, make)
    short["points"][1]["velocities"].pop()
    with pytest.raises(StreamError, match="values in every point"):
        guard.check(short)
    unknown = message(trajectory, robot, make)
    unknown["joint_names"][0] = "elbow"
    with pytest.raises(StreamError, match="elbow"):
        guard.check(unknown)


def test_the_last_look_refuses_limits_between_points(trajectory, robot, make):
    bulge = message(trajectory, robot, make)
    for k, sign in ((3, 1), (4, -1)):
        values = bulge["points"][k]["velocities"]
        bulge["points"][k]["velocities"] = [sign * 50.0 for _ in values]
    with pytest.raises(LimitViolation):
        MessageGuard(robot).check(bulge)
