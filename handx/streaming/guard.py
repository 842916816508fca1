"""The last gate before a robot: what may leave, and what may not.

`clear()` judges a whole trajectory once: it is this robot's, inside its limits between
the knots too, at rest at both ends, and its report says PASS about exactly these
arrays. `MessageGuard` looks at every message again on its way out.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from handx.streaming.encoders import (
    NANOSECONDS,
    served_controllers,
    to_nanoseconds,
    wire_trajectory,
)
from handx.streaming.errors import NotPassed, StreamError
from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from retarget.errors import LimitViolation
from retarget.trajectory import BimanualTrajectory, JointTrajectory, hermite
from robots.robot import RobotSpec
from sim.report import SimReport

MAX_SECONDS = 600.0
"""Longest trajectory that is streamed [s]."""

MAX_SAMPLES = 200_000
"""Most samples of one trajectory."""

COUPLING_TOLERANCE = 1e-6
"""How far a coupled joint may be from its law [rad], rounding only."""

POSITION_SLACK = 1e-4
"""A braking tail is a spline through points of the validated path; between them it may
leave the path by this much [rad]."""

VELOCITY_SLACK = 1.01
"""The same for velocities, as a factor."""

_BETWEEN = np.linspace(0, 1, 8, endpoint=False)


def clear(
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    report: SimReport | None,
    force: bool = False,
    where: str = "trajectory",
) -> JointTrajectory:
    """All joints of the trajectory by wire name, if it may be sent.

    Args:
        trajectory: What should be sent.
        robot: To what.
        report: What the validation said; None if there is none.
        force: Send without a PASS. Limits, names and hashes are never skipped.
        where: File name for messages.

    Raises:
        InputError: It is another robot's, was edited, or is too long.
        LimitViolation: It breaks a limit.
        NotPassed: Everything is in order, but the report does not say PASS.
    """
    check_robot(trajectory, robot, where)
    check_size(trajectory, where)
    check_limits(trajectory, robot)
    check_couplings(trajectory, robot, where)
    path = wire_trajectory(trajectory, robot)
    served_controllers(path, robot)
    check_report(report, trajectory, robot, force, where)
    return path


def check_robot(trajectory: BimanualTrajectory, robot: RobotSpec, where: str) -> None:
    """Refuse a trajectory made for another robot, or for an older description of it."""
    if trajectory.robot != robot.name:
        raise InputError(
            where, "robot", f"made for {trajectory.robot!r}, not {robot.name!r}",
            "retarget the motion to this robot",
        )  # fmt: skip
    if trajectory.robot_sha256 != robot.sha256:
        raise InputError(
            where, "robot_sha256", f"the description of {robot.name} has changed since",
            "retarget and validate again",
        )  # fmt: skip


def check_size(trajectory: BimanualTrajectory, where: str) -> None:
    """Refuse what is longer than anyone means to send."""
    if trajectory.duration > MAX_SECONDS:
        raise InputError(
            where, "time_from_start", f"lasts {trajectory.duration:.0f} s, at most "
            f"{MAX_SECONDS:.0f}", "split the motion",
        )  # fmt: skip
    samples = len(trajectory.time_from_start)
    if samples > MAX_SAMPLES:
        raise InputError(
            where, "time_from_start", f"{samples} samples, at most {MAX_SAMPLES}",
            "split the motion",
        )  # fmt: skip


def check_limits(trajectory: BimanualTrajectory, robot: RobotSpec) -> None:
    """Refuse a spline that leaves a position or velocity limit anywhere.

    Raises:
        LimitViolation: Names the worst joint, value and time.
    """
    for side in SIDES:
        part, hand = trajectory.hands[side], robot.hands.get(side)
        if part is not None and hand is not None:
            part.check_limits(hand.lower, hand.upper, hand.velocity_limit)


def check_couplings(
    trajectory: BimanualTrajectory, robot: RobotSpec, where: str
) -> None:
    """Refuse coupled joints that do not follow their law: the robot could not."""
    for side in SIDES:
        part, hand = trajectory.hands[side], robot.hands.get(side)
        if part is None or hand is None or not hand.mimic:
            continue
        followed = hand.expand(part.positions[:, hand.actuated_index])
        gap = np.abs(followed - part.positions).max(0)
        if gap.max() > COUPLING_TOLERANCE:
            worst = int(gap.argmax())
            raise InputError(
                where, f"hand_{side}", f"{hand.joint_names[worst]} is coupled, but is "
                f"{gap[worst]:.4f} rad off its law", "retarget the motion again",
            )  # fmt: skip


def check_report(
    report: SimReport | None,
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    force: bool,
    where: str,
) -> None:
    """Refuse a trajectory without a PASS about exactly its arrays.

    Raises:
        InputError: No report, or one about something else.
        NotPassed: The report does not say PASS.
    """
    if report is None:
        if force:
            return
        raise InputError(
            where, "", "not validated: there is no report.json beside it",
            "run `handx validate` on it first, or name its report with --report",
        )  # fmt: skip
    thresholds = json.dumps(dict(report.thresholds), sort_keys=True).encode()
    for name, expected in (
        ("trajectory", trajectory.sha256()),
        ("robot", robot.sha256),
        ("thresholds", hashlib.sha256(thresholds).hexdigest()),
    ):
        if report.hashes.get(name) != expected:
            raise InputError(
                where, f"hashes.{name}", "differs from the report's: edited after it was "
                "validated", "run `handx validate` on it again",
            )  # fmt: skip
    if not report.passed and not force:
        failed = [f"{k}: {v.answer}" for k, v in report.verdicts.items()]
        raise NotPassed(
            f"{where} [verdicts]: not a PASS ({', '.join(failed)}). Fix: change the "
            "request or the robot; --force sends it all the same, limits still hold"
        )


class MessageGuard:
    """Looks at every message on its way out.

    Args:
        robot: Gives the limits of each joint by its wire name.
    """

    def __init__(self, robot: RobotSpec) -> None:
        self.limits: dict[str, tuple[float, float, float]] = {}
        for hand in robot.hands.values():
            values = zip(hand.wire_names, hand.lower, hand.upper, hand.velocity_limit)
            self.limits |= {
                name: (float(low), float(high), float(speed))
                for name, low, high, speed in values
            }

    def check(self, message: Mapping[str, Any]) -> None:
        """Let a JointTrajectory message pass, or say why not.

        Raises:
            StreamError: Unknown joint, wrong size, NaN, or time that does not
                increase.
            LimitViolation: The spline through its points breaks a limit.
        """
        names = message["joint_names"]
        unknown = [name for name in names if name not in self.limits]
        if unknown:
            raise StreamError(f"joint {unknown[0]!r} is not one of the robot's")
        points = message["points"]
        time = np.array([to_nanoseconds(p["time_from_start"]) for p in points])
        time = time / NANOSECONDS
        shape = (len(points), len(names))
        values = [[p[field] for p in points] for field in ("positions", "velocities")]
        sizes = {len(row) for field in values for row in field}
        if not points or sizes != {len(names)}:
            raise StreamError(f"a message needs {shape[1]} values in every point")
        positions, velocities = (np.array(field, float) for field in values)
        if not (np.isfinite(positions).all() and np.isfinite(velocities).all()):
            raise StreamError("a message holds NaN or infinity")
        if (np.diff(time) <= 0).any():
            raise StreamError("time_from_start of a message does not increase")
        if len(points) > 1:
            steps = time[:-1, None] + np.diff(time)[:, None] * _BETWEEN
            time = np.append(steps.ravel(), time[-1])
            knots = np.array([to_nanoseconds(p["time_from_start"]) for p in points])
            positions, velocities = hermite(
                knots / NANOSECONDS, positions, velocities, time
            )
        low, high, speed = np.array([self.limits[name] for name in names]).T
        excess = {
            "position": np.maximum(positions - high, low - positions) - POSITION_SLACK,
            "velocity": np.abs(velocities) - speed * VELOCITY_SLACK,
        }
        for quantity, over in excess.items():
            if over.max() > 0:
                k, j = np.unravel_index(over.argmax(), over.shape)
                value = positions if quantity == "position" else velocities
                bounds = (low, high) if quantity == "position" else (-speed, speed)
                raise LimitViolation(
                    names[j], quantity, float(value[k, j]),
                    float(bounds[0][j]), float(bounds[1][j]), float(time[k]),
                )  # fmt: skip
