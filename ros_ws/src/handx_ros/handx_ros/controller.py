"""What a joint_trajectory_controller does, for simulated hands: accept, follow, judge.

The rules of acceptance are `handx.streaming.controller_rules`; following is its cubic
interpolation from the state that is desired when a trajectory is taken over, on absolute
time, with points that are past left out. A new trajectory replaces the old one; after
the end the last point is held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handx.streaming.controller_rules import violations
from handx.streaming.encoders import NANOSECONDS, to_nanoseconds
from handx_ros.messages import joint_values
from retarget.spline import hermite

SUCCESSFUL, INVALID_GOAL = 0, -1
GOAL_TOLERANCE_VIOLATED = -5
"""Result codes of control_msgs/action/FollowJointTrajectory."""

NEAREST = 1e-6
"""A point nearer than this to the one before it [s] replaces it."""


@dataclass(frozen=True)
class Verdict:
    """How a goal has ended.

    Attributes:
        code: Of FollowJointTrajectory.
        text: Why.
    """

    code: int
    text: str = ""


class SimulatedController:
    """One controller.

    Args:
        joints: Wire names in its order.
        tolerance: How near the goal each joint must come [rad].
    """

    def __init__(self, joints: Sequence[str], tolerance: float) -> None:
        self.joints, self.tolerance = tuple(joints), tolerance
        self._time = np.zeros(1, np.int64)  # [ns]
        self._q: np.ndarray | None = None  # (K, n) at those times
        self._v = np.zeros((1, len(self.joints)))
        self._patience = 0

    @property
    def end(self) -> int:
        """When the trajectory ends [ns]."""
        return int(self._time[-1])

    @property
    def knows_where_it_is(self) -> bool:
        """Whether it has seen its joints."""
        return self._q is not None

    def see(self, measured: Mapping[str, float]) -> None:
        """Take the measured pose as what is desired, the first time it is complete."""
        if self._q is None and set(self.joints) <= set(measured):
            self._q = np.array([[measured[joint] for joint in self.joints]])

    def refuses(self, fields: Mapping[str, Any], now: int) -> list[str]:
        """Why a trajectory would be refused now; empty if it would be taken."""
        if self._q is None:
            return ["no joint states have been seen yet"]
        return violations(fields, self.joints, now)

    def take(
        self, fields: Mapping[str, Any], now: int, patience: float = 0.0
    ) -> list[str]:
        """Follow a trajectory from now on, unless it is refused.

        Args:
            fields: Of a JointTrajectory message.
            now: [ns].
            patience: How late the joints may come to its end [s]; 0 for ever.

        Returns:
            Why it is refused; empty if it is taken.
        """
        found = self.refuses(fields, now)
        if found:
            return found
        q, v = self.desired(now)
        start = to_nanoseconds(fields["header"]["stamp"]) or now
        columns = [list(fields["joint_names"]).index(joint) for joint in self.joints]
        time, positions, velocities = [now], [q], [v]
        for point in fields["points"]:
            moment = start + to_nanoseconds(point["time_from_start"])
            if moment - now > NEAREST * NANOSECONDS:
                time.append(moment)
                positions.append(np.array(point["positions"], float)[columns])
                velocities.append(np.array(point["velocities"], float)[columns])
        self._time = np.array(time, np.int64)
        self._q, self._v = np.array(positions), np.array(velocities)
        self._patience = round(patience * NANOSECONDS)
        return []

    def hold(self, now: int) -> None:
        """Stay where it is desired to be now."""
        if self._q is not None:
            q, _ = self.desired(now)
            self._time, self._q = np.array([now], np.int64), q[None]
            self._v = np.zeros((1, len(self.joints)))

    def desired(self, now: int) -> tuple[np.ndarray, np.ndarray]:
        """(n,) desired position [rad] and velocity [rad/s].

        Raises:
            ValueError: It does not know where it is.
        """
        if self._q is None:
            raise ValueError("no joint states have been seen yet")
        if now >= self.end or len(self._time) == 1:
            return self._q[-1], np.zeros(len(self.joints))
        seconds = (self._time - self._time[0]) / NANOSECONDS
        at = np.array([max(0, now - int(self._time[0])) / NANOSECONDS])
        q, v = hermite(seconds, self._q, self._v, at)
        return q[0], v[0]

    def verdict(self, now: int, measured: Mapping[str, float]) -> Verdict | None:
        """How the goal has ended, or None while it goes on."""
        if now < self.end or self._q is None:
            return None
        actual = np.array([measured.get(joint, np.inf) for joint in self.joints])
        error = np.abs(actual - self._q[-1])
        if (error <= self.tolerance).all():
            return Verdict(SUCCESSFUL)
        if self._patience and now > self.end + self._patience:
            worst = int(error.argmax())
            return Verdict(
                GOAL_TOLERANCE_VIOLATED,
                f"{self.joints[worst]} is {error[worst]:.3f} rad from its goal",
            )
        return None


def commanded(
    names: Sequence[str], positions: Sequence[float], velocities: Sequence[float]
) -> tuple[list[str], list[float], list[float]]:
    """A JointState command, read with suspicion; empty lists where there is none in it.

    ros2_control's JointStateTopicSystem names joints that it does not command as well,
    after those that it does, and then sends fewer positions than names.
    """
    used = list(names)[: len(positions)]
    found = joint_values(used, positions)
    moving = joint_values(used, list(velocities)[: len(used)])
    return list(found), list(found.values()), list(moving.values())
