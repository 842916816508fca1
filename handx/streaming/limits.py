"""`JointLimits`: what the joints that are commanded may do, by their names on the wire."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handx.streaming.errors import StreamError
from handx_gen.errors import InputError
from robots.hand import HandSpec
from robots.robot import RobotSpec

MAX_MARGIN = 0.2
"""Largest margin of the position limits [rad]; more would leave some joints no range."""


@dataclass(frozen=True, eq=False)
class JointLimits:
    """Declared limits of n joints.

    Attributes:
        names: n wire names.
        lower, upper: (n,) [rad], the margin already taken off.
        velocity: (n,) [rad/s].
        acceleration: (n,) [rad/s²].
        effort: (n,) [N·m].
        margin: What was taken off both ends [rad].
    """

    names: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    effort: np.ndarray
    margin: float = 0.0

    @classmethod
    def of(
        cls, robot: RobotSpec, names: Sequence[str], margin: float = 0.0
    ) -> "JointLimits":
        """The limits of a robot's joints, of hands, arms and waist alike.

        Args:
            robot: Whose.
            names: Wire names, in the order wanted.
            margin: Distance kept from both position limits [rad].

        Raises:
            StreamError: A joint is not the robot's.
            InputError: The margin is senseless.
        """
        if not 0 <= margin <= MAX_MARGIN:
            raise InputError(
                "--margin", "", f"{margin:g} rad", f"give 0 to {MAX_MARGIN} rad"
            )
        rows = {}
        for part in parts(robot):
            columns = (
                part.lower, part.upper, part.velocity_limit, part.acceleration_limit,
                part.effort_limit,
            )  # fmt: skip
            rows |= dict(zip(part.wire_names, np.array(columns).T))
        unknown = [name for name in names if name not in rows]
        if unknown:
            raise StreamError(
                f"{unknown[0]}: no limits are known for this joint of {robot.name}"
            )
        low, high, *others = np.array([rows[name] for name in names]).T
        tight = high - low < 4 * margin
        if tight.any():
            raise InputError(
                "--margin", "", f"{margin:g} rad leaves {names[int(tight.argmax())]} no "
                "range", "give a smaller margin",
            )  # fmt: skip
        return cls(tuple(names), low + margin, high - margin, *others, margin)

    def squeeze(
        self, positions: np.ndarray, velocities: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Move positions that come within the margin of a limit smoothly inwards.

        The last 2·margin before a hard limit is mapped by a parabola onto one margin:
        identity with slope 1 at its inner end, slope 0 at the limit, so that velocities
        only shrink. With margin 0, or away from the limits, nothing changes by a bit.

        Args:
            positions, velocities: (..., n) [rad, rad/s].
        """
        if not self.margin:
            return positions, velocities
        m = self.margin
        above = np.clip(positions - (self.upper - m), 0, 2 * m)
        below = np.clip((self.lower + m) - positions, 0, 2 * m)
        slope = 1 - np.maximum(above, below) / (2 * m)
        moved = positions + (below**2 - above**2) / (4 * m)
        return moved, velocities * slope


def parts(robot: RobotSpec) -> tuple[HandSpec, ...]:
    """Everything of a robot that has joints: its hands and, where there is one, its body."""
    body = () if robot.body is None else (robot.body.chain,)
    return (*robot.hands.values(), *body)
