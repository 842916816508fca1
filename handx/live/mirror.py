"""`Mirror`: controllers that do exactly what they are told, for trying without a robot."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from handx.streaming.encoders import to_nanoseconds, topic
from handx.streaming.horizon import NANOSECONDS
from retarget.spline import hermite
from robots.robot import ControllerSpec


class Mirror:
    """A `Publisher` whose hands are where the last messages have them.

    Args:
        controllers: Who is mirrored.
        positions: Wire name → where a joint begins [rad].
    """

    def __init__(
        self, controllers: Sequence[ControllerSpec], positions: dict[str, float]
    ) -> None:
        self._joints = {topic(c): c.joints for c in controllers}
        self._knots = {
            name: (np.array([0]), np.array([[positions[j] for j in joints]]),
                   np.zeros((1, len(joints))))
            for name, joints in self._joints.items()
        }  # fmt: skip

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Take a command; the latest counts."""
        if "points" not in message:  # one setpoint, by name or by order
            values = message.get("position", message.get("data"))
            place = np.array([values], float)
            self._knots[topic] = np.array([0]), place, np.zeros(place.shape)
            return
        stamp = to_nanoseconds(message["header"]["stamp"])
        points = message["points"]
        time = [stamp + to_nanoseconds(p["time_from_start"]) for p in points]
        self._knots[topic] = (
            np.array(time),
            np.array([p["positions"] for p in points], float),
            np.array([p["velocities"] for p in points], float),
        )

    def unheard(self) -> list[str]:
        """Everybody listens."""
        return []

    def state(self, now: int) -> tuple[list[str], list[float]]:
        """Wire names and positions at a time [ns]; before its first point a joint waits."""
        names: list[str] = []
        positions: list[float] = []
        for name, (time, place, rate) in self._knots.items():
            seconds = np.clip(now - time[0], 0, time[-1] - time[0]) / NANOSECONDS
            if len(time) > 1:
                known = (time - time[0]) / NANOSECONDS
                place, _ = hermite(known, place, rate, np.array([seconds]))
            names += self._joints[name]
            positions += place[0].tolist()
        return names, positions
