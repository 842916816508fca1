"""Time: one uniform stretch for the whole robot, and a soft start and end.

The human clock u runs against the robot clock t at rate 1/stretch; where the motion is
already moving at its first or last frame, the rate rises from 0 (falls to 0) over a short
ramp, so that the robot starts and ends at rest without a jerk.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retarget.limits import slow_envelope

RAMP = 0.3
"""Length of a soft start or end, robot clock [s]; adds half of it to the duration."""
SLOW = 0.15
"""Ends moving slower than this fraction of the limits need no ramp."""

OUTLIERS = 0.02
"""Share of frames (jumps of a tracker) that do not ask for more time."""
PRECISION = 0.01


@dataclass(frozen=True)
class Retiming:
    """The map from the robot's clock to the human one.

    Attributes:
        stretch: Robot seconds per human second.
        ramp_in, ramp_out: Lengths of the soft start and end [s].
        human: Human duration [s].
    """

    stretch: float
    ramp_in: float
    ramp_out: float
    human: float

    @property
    def duration(self) -> float:
        """Robot duration [s]."""
        return self.human * self.stretch + (self.ramp_in + self.ramp_out) / 2

    def source_time(self, t: np.ndarray) -> np.ndarray:
        """Human time of robot times t in [0, duration] [s]; increasing, ends at rest."""

        def lost(x: np.ndarray, ramp: float) -> np.ndarray:
            # ∫ (1 − smoothstep(x / ramp)), what the ramp holds back up to x.
            if ramp == 0.0:
                return np.zeros_like(x)
            s = np.clip(x / ramp, 0.0, 1.0)
            return ramp * (s - s**3 + s**4 / 2)

        t = np.asarray(t, float)
        end = self.duration
        after = lost(np.full_like(t, end), self.ramp_out) - lost(end - t, self.ramp_out)
        u = (t - lost(t, self.ramp_in) - after) / self.stretch
        return np.clip(u, 0.0, self.human)


def stretch_of_speeds(ratio: np.ndarray, largest: float, share: float) -> float:
    """The smallest stretch at which at most a share of the frames is too fast.

    Args:
        ratio: (T,) largest velocity over its limit in each frame, human clock.
        largest: Never more than this.
        share: Of the frames.

    Returns:
        Between 1 and `largest`.
    """
    if len(ratio) == 0:
        return 1.0
    needed = float(np.sort(ratio)[int(np.ceil((1 - share) * len(ratio))) - 1])
    return float(np.clip(needed, 1.0, largest))


def stretch_of_paths(
    paths: Sequence[tuple[np.ndarray, np.ndarray]],
    fps: float,
    largest: float,
    tolerated: float,
) -> float:
    """The smallest stretch that lets joints nearly follow their unlimited paths.

    What the velocity limits cost at a given stretch is known without solving again: the
    nearest path within them (`limits.slow_envelope`) is so far away. Short peaks of speed
    cost little, long fast sweeps much, which a quantile of speeds does not see.

    Args:
        paths: Of each hand (T, m) joint angles [rad] and (m,) velocity limits [rad/s].
        fps: Frames per second, human clock [Hz].
        largest: Never more than this.
        tolerated: Deviation [rad] that all but a few frames keep.

    Returns:
        Between 1 and `largest`.
    """

    def deviation(stretch: float) -> float:
        each = [
            np.abs(slow_envelope(path, limit * stretch / fps) - path).max(1)
            for path, limit in paths
        ]
        return float(np.quantile(np.max(each, axis=0), 1 - OUTLIERS))

    low, high = 1.0, largest
    if deviation(low) <= tolerated:
        return low
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (low, middle) if deviation(middle) <= tolerated else (middle, high)
    return high


def soft_ends(ratio: np.ndarray, stretch: float, human: float) -> tuple[float, float]:
    """Lengths of the soft start and end [s], 0 where the motion starts or ends at rest.

    Args:
        ratio: (T−1,) largest velocity over its limit between frames, robot clock.
        stretch: Robot seconds per human second.
        human: Human duration [s].
    """
    ramp = min(RAMP, human * stretch)
    first, last = (float(ratio[k]) if len(ratio) else 0.0 for k in (0, -1))
    return (ramp if first > SLOW else 0.0), (ramp if last > SLOW else 0.0)
