"""Checks of a rollout: pure functions of arrays, in two tiers.

*Command* checks ask whether the trajectory is one that may be sent at all: it is of
this motion, inside every limit, and does not drive the hands into each other. *Physics*
checks ask whether the simulated hands did it. A broken command makes every figure of
the physics a consequence, so those checks are then measured but not judged (`passed`
is None): the report names the cause, not its symptoms. Solver warnings are always
judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.skeleton import FINGERS, SIDES
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.contact_outcomes import (
    ContactOutcome,
    contact_outcomes,
    precision,
    recall,
)
from sim.report import Check
from sim.rollout import Rollout
from sim.thresholds import THRESHOLDS, Thresholds


@dataclass(frozen=True)
class CheckResults:
    """All that was measured about one rollout.

    Attributes:
        checks: Quantities with a bound.
        figures: Quantities without one, name (with unit) → value, None for n/a.
        contacts: The asked contacts one by one.
    """

    checks: tuple[Check, ...]
    figures: Mapping[str, float | None]
    contacts: tuple[ContactOutcome, ...]


def run_checks(
    rollout: Rollout,
    command: Rollout,
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    unreachable: Mapping[str, float],
    bounds: Thresholds = THRESHOLDS,
) -> CheckResults:
    """Check a simulated rollout.

    Args:
        rollout: `play(trajectory, robot)`.
        command: `play_kinematic(trajectory, robot)`: the command's own poses.
        trajectory: What was asked.
        robot: The robot.
        unreachable: Contact pair → millimetres the robot lacks to reach it.
        bounds: The thresholds.
    """
    followed = motion_followed(command, trajectory, robot, bounds)
    position, velocity = command_excess(trajectory, robot)
    own_side = own_side_ratio(command, trajectory, robot)
    first = [_check("hands on their own side", own_side, "1", bounds.own_side_ratio)]
    # Which motion a hand follows can only be asked once it is the right hand.
    first.append(
        _check(
            "motion followed", followed, "1", bounds.motion_followed, ">",
            judged=first[0].passed is not False,
        )
    )  # fmt: skip
    first += [
        _check("position limits, command", position, "rad", bounds.command_position_rad),
        _check(
            "velocity limits, command", velocity, "rad/s", bounds.command_velocity_rad_s
        ),
        _check(
            "penetration, command", command.penetration.max() * 1e3, "mm",
            bounds.command_penetration_mm,
        ),
    ]  # fmt: skip
    sound = all(check.passed is not False for check in first)
    asked = trajectory.asked_contacts.at(trajectory.time_from_start, rollout.time)
    outcomes = contact_outcomes(rollout, asked, unreachable, bounds)
    measured = measured_quantities(rollout, command, robot)
    second = [
        _check(name, value, unit, bound, sense, judged=sound)
        for name, value, unit, bound, sense in (
            ("tip tracking p95", measured["tip tracking p95 [mm]"], "mm",
             bounds.tip_tracking_mm, "<"),
            ("wrist position p95", measured["wrist position p95 [mm]"], "mm",
             bounds.wrist_position_mm, "<"),
            ("wrist rotation p95", measured["wrist rotation p95 [deg]"], "deg",
             bounds.wrist_rotation_deg, "<"),
            ("penetration", measured["penetration [mm]"], "mm",
             bounds.penetration_mm, "<"),
            ("position limits, measured", measured["beyond limit [rad]"], "rad",
             bounds.measured_position_rad, "<"),
            ("velocity limits, measured", measured["speed / limit p99"], "1",
             bounds.measured_velocity_ratio, "<"),
            ("contact recall", recall(outcomes), "1", bounds.contact_recall, ">"),
        )
    ]  # fmt: skip
    warnings = float(sum(rollout.warnings.values()))
    second.append(_check("solver warnings", warnings, "1", bounds.solver_warnings))
    errors = [o.onset_error_ms for o in outcomes if o.onset_error_ms is not None]
    figures = {
        "contact precision between hands": precision(rollout, asked, bounds),
        "contact onset error, median [ms]": float(np.median(errors))
        if errors
        else None,
        **effort_and_smoothness(rollout, robot),
    }
    return CheckResults((*first, *second), figures, tuple(outcomes))


def baseline(
    rollout: Rollout,
    command: Rollout,
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    unreachable: Mapping[str, float],
    bounds: Thresholds = THRESHOLDS,
) -> dict[str, float | None]:
    """The main quantities of any rollout set against one command, for comparison."""
    asked = trajectory.asked_contacts.at(trajectory.time_from_start, rollout.time)
    outcomes = contact_outcomes(rollout, asked, unreachable, bounds)
    return {
        **measured_quantities(rollout, command, robot),
        "motion followed": motion_followed(rollout, trajectory, robot, bounds),
        "contact recall": recall(outcomes),
    }


def own_side_ratio(
    command: Rollout, trajectory: BimanualTrajectory, robot: RobotSpec
) -> float | None:
    """Worst hand's mean tip distance to its own targets over that to the other's.

    None unless both hands are there.
    """
    if any(trajectory.hands[side] is None for side in SIDES):
        return None
    targets = targets_at(trajectory, command.time)
    ratios = []
    for k, side in enumerate(SIDES):
        has = _fingers(robot, side)
        tips = command.tips[:, k][:, has]
        own, other = (
            float(np.linalg.norm(tips - targets[:, j][:, has], axis=-1).mean())
            for j in (k, 1 - k)
        )
        ratios.append(own / max(other, 1e-9))
    return max(ratios)


def motion_followed(
    rollout: Rollout,
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    bounds: Thresholds = THRESHOLDS,
) -> float | None:
    """Least share of the targets' variance that the rollout's tips explain.

    Taken per hand, in the world and relative to the wrist, after removing each tip's
    mean offset from its target (a robot's fingers are not a human's). 1 − the ratio of
    residual to target variance: a hand that holds still scores 0. None where no target
    moves.
    """
    targets = targets_at(trajectory, rollout.time)
    shares = []
    for k, side in enumerate(SIDES):
        if trajectory.hands[side] is None:
            continue
        has = _fingers(robot, side)
        base = rollout.T_world_base[:, k]
        wanted, made = targets[:, k][:, has], rollout.tips[:, k][:, has]
        for target, tip in (
            (wanted, made),
            (in_base(base, wanted), in_base(base, made)),
        ):
            moves = target - target.mean(0)
            power = float((moves**2).sum(-1).mean())
            if np.sqrt(power) * 1e3 < bounds.least_motion_mm:
                continue
            residual = (tip - tip.mean(0)) - moves
            shares.append(1 - float((residual**2).sum(-1).mean()) / power)
    return min(shares) if shares else None


def command_excess(
    trajectory: BimanualTrajectory, robot: RobotSpec
) -> tuple[float, float]:
    """Largest excess of the spline over a position [rad] and a speed limit [rad/s]."""
    position, velocity = 0.0, 0.0
    for side in SIDES:
        part, hand = trajectory.hands[side], robot.hands.get(side)
        if part is None or hand is None:
            continue
        lowest, highest, speed = part.extrema()
        position = max(
            position, (hand.lower - lowest).max(), (highest - hand.upper).max()
        )
        velocity = max(velocity, (speed - hand.velocity_limit).max())
    for part in trajectory.groups.values() if robot.body else ():
        chain = robot.body.chain
        at = [chain.joint_names.index(name) for name in part.joint_names]
        lowest, highest, speed = part.extrema()
        position = max(
            position,
            (chain.lower[at] - lowest).max(),
            (highest - chain.upper[at]).max(),
        )
        velocity = max(velocity, (speed - chain.velocity_limit[at]).max())
    return float(position), float(velocity)


def measured_quantities(
    rollout: Rollout, command: Rollout, robot: RobotSpec
) -> dict[str, float]:
    """Tracking, overlap and limits of a rollout, set against the command's poses."""
    tip, wrist, turn = [0.0], [0.0], [0.0]
    for k, side in enumerate(SIDES):
        if not np.any(command.tips[:, k]):
            continue
        has = _fingers(robot, side)
        local = [
            in_base(r.T_world_base[:, k], r.tips[:, k][:, has])
            for r in (rollout, command)
        ]
        tip.append(_p95(np.linalg.norm(local[0] - local[1], axis=-1)))
        poses = [r.T_world_base[:, k] for r in (rollout, command)]
        wrist.append(_p95(np.linalg.norm(poses[0][:, 4:] - poses[1][:, 4:], axis=-1)))
        turn.append(_p95(angle_between(poses[0][:, :4], poses[1][:, :4])))
    lower, upper, speed, _ = _limits(rollout, robot)
    position = rollout.joint_position
    beyond = np.maximum(lower - position, position - upper).max(initial=0.0)
    ratio = np.abs(rollout.joint_velocity) / speed
    return {
        "tip tracking p95 [mm]": max(tip) * 1e3,
        "wrist position p95 [mm]": max(wrist) * 1e3,
        "wrist rotation p95 [deg]": float(np.degrees(max(turn))),
        "penetration [mm]": float(rollout.penetration.max()) * 1e3,
        "beyond limit [rad]": float(beyond),
        "speed / limit p99": float(np.percentile(ratio, 99, axis=0).max()),
    }


def effort_and_smoothness(
    rollout: Rollout, robot: RobotSpec
) -> dict[str, float | None]:
    """Share of time at the torque limit, largest torque used, jerk of the tips."""
    *_, effort = _limits(rollout, robot)
    used = np.abs(rollout.joint_effort) / effort
    motor = np.any(rollout.joint_effort != 0, axis=0)
    figures: dict[str, float | None] = {
        "effort / limit, largest": float(used.max(initial=0.0)),
        "effort saturated, share of time, worst joint": (
            float((used[:, motor] > 0.99).mean(0).max()) if motor.any() else None
        ),
        "tip jerk, root mean square [m/s³]": None,
    }
    if len(rollout.time) > 3:
        step = float(rollout.time[1] - rollout.time[0])
        jerk = np.diff(rollout.tips, n=3, axis=0) / step**3
        figures["tip jerk, root mean square [m/s³]"] = float(
            np.sqrt((jerk**2).sum(-1).mean())
        )
    return figures


def targets_at(trajectory: BimanualTrajectory, time: np.ndarray) -> np.ndarray:
    """(Q, 2, 5, 3) fingertip targets at other times, linear in between [m]."""
    known = trajectory.time_from_start
    flat = trajectory.tip_targets.reshape(len(known), -1)
    columns = [np.interp(time, known, column) for column in flat.T]
    return np.stack(columns, 1).reshape(len(time), *trajectory.tip_targets.shape[1:])


def in_base(pose: np.ndarray, points: np.ndarray) -> np.ndarray:
    """World points (T, n, 3) in the frames `pose` (T, 7) wxyz_xyz."""
    w, v = pose[:, None, :1], -pose[:, None, 1:4]
    offset = points - pose[:, None, 4:]
    turned = 2 * np.cross(v, offset)
    return offset + w * turned + np.cross(v, turned)


def angle_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angle [rad] between (T, 4) unit quaternions, by the arcsine, exact near zero."""
    sign = np.where((a * b).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    return 4 * np.arcsin(np.minimum(np.linalg.norm(a - sign * b, axis=-1) / 2, 1.0))


def _limits(
    rollout: Rollout, robot: RobotSpec
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(J,) lower, upper, velocity and effort limits in the rollout's joint order."""
    rows = {
        name: (
            hand.lower[i],
            hand.upper[i],
            hand.velocity_limit[i],
            hand.effort_limit[i],
        )
        for hand in robot.chains
        for i, name in enumerate(hand.wire_names)
    }
    table = np.array([rows[name] for name in rollout.joint_names])
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3]


def _fingers(robot: RobotSpec, side: str) -> list[int]:
    """Indices in `FINGERS` of the fingers this hand has."""
    return [i for i, name in enumerate(FINGERS) if name in robot.hands[side].fingers]


def _p95(values: np.ndarray) -> float:
    return float(np.percentile(values, 95))


def _check(
    name: str,
    value: float | None,
    unit: str,
    bound: float,
    sense: str = "<",
    judged: bool = True,
) -> Check:
    """A check; bounds themselves are allowed except for `hands on their own side`."""
    if value is None or not judged:
        passed = None
    else:
        passed = bool(value <= bound if sense == "<" else value >= bound)
    return Check(
        name, None if value is None else float(value), unit, bound, passed, sense
    )
