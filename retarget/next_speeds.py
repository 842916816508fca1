"""What joints can do until the next frame, so that no limit is ever broken.

Position, velocity and acceleration limits hold frame by frame, and there is always an
answer: no joint is ever so fast that it could not stop before the end of its range.
"""

from dataclasses import dataclass

import numpy as np

MARGIN = 1e-6
"""Relative reserve of the velocity and acceleration limits against rounding."""


@dataclass(frozen=True, eq=False)
class JointBox:
    """Limits of n joints.

    Attributes:
        lower, upper: (n,) [rad].
        velocity: (n,) [rad/s].
        acceleration: (n,) [rad/s²].
    """

    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray


def next_speeds(
    limits: JointBox, position: np.ndarray, velocity: np.ndarray, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest velocity of the joints over the next `dt` [rad/s], each (n,).

    With acceleration limits a, a velocity v is high enough to stop in time where moving
    on at it and then braking, v·dt + v²/2a, ends inside the range. Braking a velocity that
    was high enough is again: whatever the calls' times, there is always an answer.

    Args:
        limits: Of the joints.
        position: (n,) now [rad].
        velocity: (n,) over the time since the last call [rad/s].
        dt: Until the next call [s], above 0.
    """
    most = limits.velocity * (1 - MARGIN)
    a = limits.acceleration * (1 - MARGIN)

    def stopping(room: np.ndarray) -> np.ndarray:
        room = np.maximum(room, 0.0)
        return 2 * room / (dt + np.sqrt(dt**2 + 2 * room / a))

    low = np.maximum(-most, -stopping(position - limits.lower))
    high = np.minimum(most, stopping(limits.upper - position))
    slower, faster = velocity - a * dt, velocity + a * dt
    # Rounding may leave the two apart by a hair: acceleration comes first.
    low, high = np.maximum(low, slower), np.minimum(high, faster)
    return np.minimum(low, faster), np.maximum(high, slower)
