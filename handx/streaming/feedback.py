"""`Feedback`: where the hands are, and what in that speaks against going on."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handx.streaming.horizon import NANOSECONDS
from handx.streaming.limits import JointLimits


@dataclass(frozen=True)
class Supervision:
    """When the player stops on its own.

    Attributes:
        stale: Feedback older than this is none [s].
        follow_seconds: A joint must have been where it was told to be within this [s].
        follow_tolerance: By how much it may miss that [rad].
        effort_share: Share of the effort limit that a joint may hold for long.
        effort_seconds: How long [s].
        effort_bounds: Wire name → bound in the unit of the feedback, for drivers that
            report current; other joints keep their effort limit.
        deadman: `Player.alive` must be called this often while moving [s]; None for no
            such watch.
    """

    stale: float = 0.2
    follow_seconds: float = 0.3
    follow_tolerance: float = 0.15
    effort_share: float = 0.9
    effort_seconds: float = 0.5
    effort_bounds: Mapping[str, float] | None = None
    deadman: float | None = None


class Feedback:
    """The latest measured state of every commanded joint.

    Messages may come from several drivers, each with some of the joints, late, twice, or
    in the wrong order: a joint's value counts only if its stamp is newer than the last.

    Args:
        limits: Names and efforts of the commanded joints.
        supervision: Bounds.
    """

    def __init__(self, limits: JointLimits, supervision: Supervision) -> None:
        self.limits, self.supervision = limits, supervision
        count = len(limits.names)
        self._index = {name: j for j, name in enumerate(limits.names)}
        self.position = np.full(count, np.nan)
        self.effort = np.full(count, np.nan)
        self._stamp = np.full(count, np.iinfo(np.int64).min, np.int64)
        self._strained = np.full(count, np.iinfo(np.int64).max, np.int64)
        self._told: deque[tuple[int, np.ndarray]] = deque()
        bounds = dict(supervision.effort_bounds or {})
        self._bound = np.array(
            [
                bounds.get(name, effort * supervision.effort_share)
                for name, effort in zip(limits.names, limits.effort)
            ]
        )

    def update(
        self,
        names: Sequence[str],
        position: Sequence[float],
        effort: Sequence[float],
        stamp: int,
        now: int,
    ) -> bool:
        """Take in one `sensor_msgs/msg/JointState`.

        Args:
            names: Joints; those that are not commanded are passed over.
            position: Same length [rad].
            effort: Same length [N·m], or empty.
            stamp: When it was measured [ns]; 0 is taken as now.
            now: [ns].

        Returns:
            Whether anything in it was new and usable.
        """
        stamp = stamp or now
        if len(position) != len(names) or len(effort) not in (0, len(names)):
            return False
        fresh = False
        for i, name in enumerate(names):
            j = self._index.get(name)
            if j is None or stamp <= self._stamp[j] or not np.isfinite(position[i]):
                continue
            self.position[j], self._stamp[j] = position[i], stamp
            self._feel(j, float(effort[i]) if len(effort) else np.nan, stamp)
            fresh = True
        return fresh

    def _feel(self, j: int, effort: float, stamp: int) -> None:
        """Note an effort (NaN: not measured) and since when it is above its bound."""
        self.effort[j] = effort
        if abs(effort) > self._bound[j]:
            self._strained[j] = min(self._strained[j], stamp)
        else:
            self._strained[j] = np.iinfo(np.int64).max

    def forget(self) -> None:
        """Begin anew: what was told and measured no longer counts."""
        self._stamp[:] = np.iinfo(np.int64).min
        self._strained[:] = np.iinfo(np.int64).max
        self.position[:] = self.effort[:] = np.nan
        self._told.clear()

    def told(self, now: int, position: np.ndarray) -> None:
        """Note what the hands should do at a time [ns]."""
        self._told.append((now, position))
        window = round(self.supervision.follow_seconds * NANOSECONDS)
        while self._told[0][0] < now - window:
            self._told.popleft()

    def forget_told(self) -> None:
        """A new motion begins where the hands are."""
        self._told.clear()

    def missing(self, now: int) -> str:
        """Why there is no usable state of every joint, or ""."""
        never = ~np.isfinite(self.position)
        if never.any():
            name = self.limits.names[int(never.argmax())]
            return f"no state of {name} was heard ({int(never.sum())} joints silent)"
        age = (now - self._stamp) / NANOSECONDS
        worst = int(np.abs(age).argmax())
        if age[worst] > self.supervision.stale:
            return f"the last state of {self.limits.names[worst]} is {age[worst]:.2f} s old"
        if age[worst] < -self.supervision.stale:
            return (
                f"the state of {self.limits.names[worst]} is stamped {-age[worst]:.2f} s "
                "in the future: the clocks disagree"
            )
        return ""

    def astray(self) -> str:
        """Which joint is not where it was told to be lately, or ""."""
        if not self._told:
            return ""
        told = np.array([position for _, position in self._told])
        gap = np.maximum(told.min(0) - self.position, self.position - told.max(0))
        j = int(gap.argmax())
        if gap[j] > self.supervision.follow_tolerance:
            return (
                f"{self.limits.names[j]} does not follow: {gap[j]:.2f} rad from anything "
                f"it was told within {self.supervision.follow_seconds:g} s"
            )
        return ""

    def strained(self, now: int) -> str:
        """Which joint has pushed above its bound for too long, or ""."""
        long = self._strained < now - self.supervision.effort_seconds * NANOSECONDS
        if long.any():
            j = int(long.argmax())
            return (
                f"{self.limits.names[j]} pushes with {abs(self.effort[j]):.2g}, above "
                f"{self._bound[j]:.2g} for {self.supervision.effort_seconds:g} s"
            )
        return ""
