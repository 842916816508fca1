"""The last gate before a robot: what may leave, and what may not.

`clear()` judges a whole trajectory once: it is this robot's, inside its limits between
the knots too, at rest at both ends, and its report says PASS about exactly these
arrays. `HorizonGuard` looks at every horizon again on its way out, whatever it comes
from: a trajectory, a recording, live motion, an approach or a braking tail.
"""

import hashlib
import json

import numpy as np

from handx.streaming.encoders import served_controllers, wire_trajectory
from handx.streaming.errors import NotPassed, StreamError
from handx.streaming.horizon import NANOSECONDS, Horizon
from handx.streaming.limits import JointLimits
from handx.streaming.motion_path import REST
from handx.streaming.time_scaling import cell_accelerations
from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from retarget.errors import LimitViolation
from retarget.spline import spline_extrema
from retarget.trajectory import BimanualTrajectory, JointTrajectory
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

RATE_SLACK = 0.005
"""The same for velocities and accelerations, as a share."""

JUMP, VELOCITY_JUMP = 1e-4, 1e-2
"""How far a message may begin from what the joints are told then [rad, rad/s]."""


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
    served_controllers(path.joint_names, robot)
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
    for part in trajectory.groups.values():
        arm = JointLimits.of(robot, part.joint_names)
        part.check_limits(arm.lower, arm.upper, arm.velocity)


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


class HorizonGuard:
    """Looks at everything once more on its way out: the last step before it is encoded.

    Args:
        limits: Of the commanded joints.
    """

    def __init__(self, limits: JointLimits) -> None:
        self.limits = limits

    def check(
        self, horizon: Horizon, joined_to: Horizon, also: np.ndarray | None = None
    ) -> None:
        """Let it pass, or say why not.

        Args:
            horizon: What should leave.
            joined_to: What the controllers are doing now.
            also: (n,) a measured position that may lie outside the limits and from which
                an approach comes back [rad].

        Raises:
            StreamError: Wrong sizes, NaN, time that does not increase, a motion that does
                not end at rest or does not begin where the joints are told to be, or an
                acceleration limit that is broken.
            LimitViolation: A position or velocity limit is broken.
        """
        names = self.limits.names
        shape = (len(horizon.time), len(names))
        if horizon.positions.shape != shape or horizon.velocities.shape != shape:
            raise StreamError(f"a message needs {shape[1]} values in every point")
        if not np.isfinite(horizon.positions + horizon.velocities).all():
            raise StreamError("a message holds NaN or infinity")
        if (np.diff(horizon.time) <= 0).any():
            raise StreamError("time_from_start of a message does not increase")
        if np.abs(horizon.velocities[-1]).max() > REST:
            raise StreamError("a message does not end at rest")
        self._check_join(horizon, joined_to)
        time = (horizon.time - horizon.time[0]) / NANOSECONDS
        lowest = highest = horizon.positions
        if len(time) > 1:
            lowest, highest, speed = spline_extrema(
                time, horizon.positions, horizon.velocities
            )
            self._refuse("velocity", speed, self.limits.velocity, time)
            pull = _pull(horizon)
            self._refuse("acceleration", pull, self.limits.acceleration, time)
        # The margin is a wish; what may never be left are the limits themselves.
        lower = self.limits.lower - self.limits.margin - POSITION_SLACK
        upper = self.limits.upper + self.limits.margin + POSITION_SLACK
        if also is not None:
            lower, upper = np.minimum(lower, also), np.maximum(upper, also)
        over = np.maximum(lower - lowest, highest - upper)
        if over.max() > 0:
            k, j = np.unravel_index(over.argmax(), over.shape)
            value = lowest if lower[j] > lowest[k, j] else highest
            raise LimitViolation(
                names[j], "position", float(value[k, j]), float(lower[j]),
                float(upper[j]), float(time[k]),
            )  # fmt: skip

    def strained(self, horizon: Horizon) -> bool:
        """Whether an acceleration limit is broken."""
        most = self.limits.acceleration * (1 + RATE_SLACK)
        return len(horizon.time) > 1 and bool((_pull(horizon) > most).any())

    def _refuse(
        self, quantity: str, value: np.ndarray, limit: np.ndarray, time: np.ndarray
    ) -> None:
        over = value / limit
        if over.max() > 1 + RATE_SLACK:
            k, j = np.unravel_index(over.argmax(), over.shape)
            if quantity == "velocity":
                raise LimitViolation(
                    self.limits.names[j], quantity, float(value[k, j]),
                    -float(limit[j]), float(limit[j]), float(time[k]),
                )  # fmt: skip
            raise StreamError(
                f"{self.limits.names[j]}: {quantity} {value[k, j]:.1f} rad/s² is above "
                f"{limit[j]:.1f}"
            )

    def _check_join(self, horizon: Horizon, joined_to: Horizon) -> None:
        """Refuse a jump away from what the joints are told now."""
        place, rate = joined_to.sample(int(horizon.time[0]))
        for what, gap, most in (
            ("rad", horizon.positions[0] - place, JUMP),
            ("rad/s", horizon.velocities[0] - rate, VELOCITY_JUMP),
        ):
            j = int(np.abs(gap).argmax())
            if abs(gap[j]) > most:
                raise StreamError(
                    f"{self.limits.names[j]} would jump by {abs(gap[j]):.3g} {what}"
                )


def _pull(horizon: Horizon) -> np.ndarray:
    """(K−1, n) highest |acceleration| of every segment [rad/s²]."""
    time = (horizon.time - horizon.time[0]) / NANOSECONDS
    pulls = cell_accelerations(time, horizon.positions, horizon.velocities)
    return np.maximum(np.abs(pulls[0]), np.abs(pulls[1]))
