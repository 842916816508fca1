"""`Chunk`: a tenth of a second of commands, as the worker sends it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Chunk:
    """Knots that follow on those of the chunk before.

    Attributes:
        time: (K,) path time [s], increasing; empty where nothing was let through.
        positions, velocities: (K, n) by wire name, left hand first [rad, rad/s].
        text: What is being done at its end; "" while the hands rest.
        begins: Request → path time of the first knot that follows it [s].
        tip_error, penetration: What physics made of it [m].
        problem: Why hands must stand, or passed through rest; "" where all is well.
        cpu: Processor time that it took [s].
    """

    time: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray
    text: str = ""
    begins: Mapping[int, float] = field(default_factory=dict)
    tip_error: float = 0.0
    penetration: float = 0.0
    problem: str = ""
    cpu: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As one line of JSON says it."""
        return {
            "time": self.time.tolist(), "positions": self.positions.tolist(),
            "velocities": self.velocities.tolist(), "text": self.text,
            "begins": [list(pair) for pair in self.begins.items()],
            "tip_error": self.tip_error, "penetration": self.penetration,
            "problem": self.problem, "cpu": self.cpu,
        }  # fmt: skip

    @classmethod
    def from_json(cls, line: Mapping[str, Any], joints: int) -> "Chunk":
        """The inverse of `to_json`, for so many joints."""
        time = np.array(line["time"], float)
        shape = (len(time), joints)
        return cls(
            time,
            np.array(line["positions"], float).reshape(shape),
            np.array(line["velocities"], float).reshape(shape),
            line["text"],
            {int(request): float(at) for request, at in line["begins"]},
            line["tip_error"],
            line["penetration"],
            line["problem"],
            line["cpu"],
        )
