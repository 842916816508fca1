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

from handx_gen.skeleton import SIDES
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.contact_outcomes import ContactOutcome, contact_outcomes, recall
from sim.figures import all_figures, p95
from sim.geometry import angle_between, fingers, in_base, limits, targets_at
from sim.report import Check
from sim.rollout import Rollout
from sim.thresholds import THRESHOLDS, Thresholds

Rule = tuple[str, str, str, str]
"""Name, unit, threshold's name, "<" or ">"."""

COMMAND: tuple[Rule, ...] = (
    ("hands on their own side", "1", "own_side_ratio", "<"),
    ("motion followed", "1", "motion_followed", ">"),
    ("position limits, command", "rad", "command_position_rad", "<"),
    ("velocity limits, command", "rad/s", "command_velocity_rad_s", "<"),
    ("penetration, command", "mm", "command_penetration_mm", "<"),
)
PHYSICS: tuple[Rule, ...] = (
    ("tip tracking p95", "mm", "tip_tracking_mm", "<"),
    ("wrist position p95", "mm", "wrist_position_mm", "<"),
    ("wrist rotation p95", "deg", "wrist_rotation_deg", "<"),
    ("penetration within a hand", "mm", "penetration_mm", "<"),
    ("penetration between the hands", "mm", "penetration_mm", "<"),
    ("penetration of arms and trunk", "mm", "penetration_mm", "<"),
    ("position limits, measured", "rad", "measured_position_rad", "<"),
    ("velocity limits, measured", "1", "measured_velocity_ratio", "<"),
    ("contact recall", "1", "contact_recall", ">"),
)


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
    asked = trajectory.asked_contacts.at(trajectory.time_from_start, rollout.time)
    outcomes = contact_outcomes(rollout, asked, unreachable, bounds)
    of_command = command_quantities(command, trajectory, robot, bounds)
    measured = {
        **measured_quantities(rollout, command, robot),
        "contact recall": recall(outcomes),
    }
    checks: list[Check] = []
    for rule in COMMAND:
        # Which motion a hand follows can only be asked once it is the right hand.
        judged = rule[0] != "motion followed" or checks[0].passed is not False
        checks.append(_check(rule, of_command, bounds, judged))
    sound = all(check.passed is not False for check in checks)
    checks += [_check(rule, measured, bounds, sound) for rule in _rules(robot)]
    warnings = {"solver warnings": float(sum(rollout.warnings.values()))}
    rule = ("solver warnings", "1", "solver_warnings", "<")
    checks.append(_check(rule, warnings, bounds))
    figures = all_figures(rollout, command, robot, asked, outcomes, bounds)
    return CheckResults(tuple(checks), figures, tuple(outcomes))


def baseline(
    rollout: Rollout,
    played: BimanualTrajectory,
    command: Rollout,
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    unreachable: Mapping[str, float],
    bounds: Thresholds = THRESHOLDS,
) -> dict[str, float | None]:
    """Every quantity and figure of another rollout set against the command.

    Args:
        rollout: The baseline's poses.
        played: The trajectory whose poses they are.
        command: The poses of the command that is judged.
        trajectory: What was asked.
        robot: The robot.
        unreachable: Contact pair → millimetres the robot lacks to reach it.
        bounds: The thresholds.

    Returns:
        By the names of checks and figures.
    """
    asked = trajectory.asked_contacts.at(trajectory.time_from_start, rollout.time)
    outcomes = contact_outcomes(rollout, asked, unreachable, bounds)
    position, velocity = command_excess(played, robot)
    return {
        **command_quantities(rollout, trajectory, robot, bounds),
        "position limits, command": position,
        "velocity limits, command": velocity,
        **measured_quantities(rollout, command, robot),
        "contact recall": recall(outcomes),
        "solver warnings": float(sum(rollout.warnings.values())),
        **all_figures(rollout, command, robot, asked, outcomes, bounds),
    }


def command_quantities(
    command: Rollout,
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    bounds: Thresholds = THRESHOLDS,
) -> dict[str, float | None]:
    """What the command checks judge, by their names."""
    position, velocity = command_excess(trajectory, robot)
    return {
        "hands on their own side": own_side_ratio(command, trajectory, robot),
        "motion followed": motion_followed(command, trajectory, robot, bounds),
        "position limits, command": position,
        "velocity limits, command": velocity,
        "penetration, command": float(command.penetration.max()) * 1e3,
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
        has = fingers(robot, side)
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
        has = fingers(robot, side)
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
    """Tracking, overlap and limits, set against the command, by the checks' names."""
    tip, wrist, turn = [0.0], [0.0], [0.0]
    for k, side in enumerate(SIDES):
        if not np.any(command.tips[:, k]):
            continue
        has = fingers(robot, side)
        local = [
            in_base(r.T_world_base[:, k], r.tips[:, k][:, has])
            for r in (rollout, command)
        ]
        tip.append(p95(np.linalg.norm(local[0] - local[1], axis=-1)))
        poses = [r.T_world_base[:, k] for r in (rollout, command)]
        wrist.append(p95(np.linalg.norm(poses[0][:, 4:] - poses[1][:, 4:], axis=-1)))
        turn.append(p95(angle_between(poses[0][:, :4], poses[1][:, :4])))
    lower, upper, speed, _ = limits(rollout, robot)
    position = rollout.joint_position
    beyond = np.maximum(lower - position, position - upper).max(initial=0.0)
    ratio = np.abs(rollout.joint_velocity) / speed
    overlap = 1e3 * rollout.penetration.max(0)
    found = {
        "tip tracking p95": max(tip) * 1e3,
        "wrist position p95": max(wrist) * 1e3,
        "wrist rotation p95": float(np.degrees(max(turn))),
        "penetration within a hand": float(overlap[0]),
        "penetration between the hands": float(overlap[1]),
        "position limits, measured": float(beyond),
        "velocity limits, measured": float(np.percentile(ratio, 99, axis=0).max()),
    }
    if robot.body is not None:
        found["penetration of arms and trunk"] = float(overlap[2])
    return found


def _rules(robot: RobotSpec) -> tuple[Rule, ...]:
    """The physics checks that make sense for a robot."""
    if robot.body is not None:
        return PHYSICS
    return tuple(rule for rule in PHYSICS if "arms" not in rule[0])


def _check(
    rule: Rule,
    values: Mapping[str, float | None],
    bounds: Thresholds,
    judged: bool = True,
) -> Check:
    """A check; the bound itself is allowed."""
    name, unit, threshold, sense = rule
    value, bound = values[name], float(getattr(bounds, threshold))
    if value is None or not judged:
        passed = None
    else:
        passed = bool(value <= bound if sense == "<" else value >= bound)
    return Check(
        name, None if value is None else float(value), unit, bound, passed,
        ">" if sense == ">" else "<",
    )  # fmt: skip
