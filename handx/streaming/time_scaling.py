"""How fast the clock of a path may run, so that no joint exceeds its limits.

A path gives positions p(s) over path time s. Played at rate r = ds/dt with r² = w and
r' = u, a joint moves at p'·r and accelerates at p''·w + p'·u. Both are linear in (w, u),
so that the fastest clock is found cell by cell, as in time-optimal path parameterisation
by reachability (Pham & Pham, IEEE T-RO 34(3), 2018): backwards, the highest w from
which the rest of the path can still be played; forwards, the highest u that stays below.
One clock drives all joints, hence hands and arms slow down together and on the path.
"""

from dataclasses import dataclass

import numpy as np

from handx.streaming.limits import JointLimits
from retarget.spline import spline_extrema

SHARE = 0.94
"""Share of the acceleration limit that changing the rate may use up. The rest is for the
cubic that controllers lay through the points sent, which is not exactly the path."""

FORESIGHT = 0.85
"""The share that is counted on when the rate must fall in time; there is always some left
then to do it in another way."""

STEEPEST = 10.0
"""The rate changes at most this fast [1/s]: from full speed to rest in 0.1 s."""

SHORTEST = 0.002
"""Least time between two points on the way [s]: times are rounded to nanoseconds, which
over less would read as an acceleration."""

STANDING = 1e-9
"""A rate² below this is a clock that stands."""

EXACT = 1e-6
"""A path that is at its limits to this share counts as inside them."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A path cut into cells on which its acceleration is linear.

    Attributes:
        s: (N,) path time of the nodes [s].
        positions, velocities: (N, n) at the nodes, at rate 1 [rad, rad/s].
        start, end: (N−1, n) acceleration at both ends of each cell, at rate 1 [rad/s²].
        cell_ceiling: (N−1,) highest w of a steady clock within the cell.
        ceiling: (N,) highest w at each node from which the path can be played on.
        closed: Whether the path ends there; if not, it must be possible to stop before.
    """

    s: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray
    start: np.ndarray
    end: np.ndarray
    cell_ceiling: np.ndarray
    ceiling: np.ndarray
    closed: bool


def cell_accelerations(
    time: np.ndarray, positions: np.ndarray, velocities: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Acceleration of a cubic Hermite spline at both ends of each segment.

    It is linear in between, so these are its extremes.

    Args:
        time: (T,) increasing [s].
        positions, velocities: (T, n) [rad, rad/s].

    Returns:
        Two arrays (T−1, n) [rad/s²].
    """
    h = np.diff(time)[:, None]
    slope = np.diff(positions, axis=0) / h
    v0, v1 = velocities[:-1], velocities[1:]
    return (6 * slope - 4 * v0 - 2 * v1) / h, (-6 * slope + 2 * v0 + 4 * v1) / h


def steady_ceiling(
    s: np.ndarray,
    positions: np.ndarray,
    velocities: np.ndarray,
    accelerations: tuple[np.ndarray, np.ndarray],
    limits: JointLimits,
) -> np.ndarray:
    """(N−1,) the highest w ≤ 1 of a steady clock in each cell."""
    speed = spline_extrema(s, positions, velocities)[2]
    pull = np.maximum(np.abs(accelerations[0]), np.abs(accelerations[1]))
    with np.errstate(divide="ignore"):
        by_speed = ((limits.velocity / speed) ** 2).min(1)
        by_pull = (limits.acceleration / pull).min(1)
    ceiling = np.minimum(by_speed, by_pull)
    return np.where(ceiling >= 1 - EXACT, 1.0, ceiling)


def node_ceilings(grid: Grid, limits: JointLimits, known: np.ndarray) -> np.ndarray:
    """(N,) the highest w at each node from which the rest can be played.

    Args:
        grid: Its own `ceiling` is not looked at.
        limits: Of its joints.
        known: (K,) ceilings of the first K nodes before the path grew; the walk back ends
            where it meets them.
    """
    cells = grid.cell_ceiling
    steady = np.minimum(np.append(cells, 1.0), np.insert(cells, 0, 1.0))
    found = steady.copy()
    if not grid.closed:
        found[-1] = 0.0
    allowed = FORESIGHT * limits.acceleration
    for i in range(len(found) - 2, -1, -1):
        after = found[i + 1]
        if after < steady[i]:
            h = grid.s[i + 1] - grid.s[i]
            v0, v1 = grid.velocities[i], grid.velocities[i + 1]
            # With u = (after − w) / 2h both conditions are linear in w.
            factor = np.concatenate([grid.start[i] - v0 / (2 * h), -v1 / (2 * h)])
            offset = after * np.concatenate([v0 / (2 * h), grid.end[i] + v1 / (2 * h)])
            bound = np.concatenate([allowed, allowed])
            with np.errstate(divide="ignore", invalid="ignore"):
                highest = (bound - offset * np.sign(factor)) / np.abs(factor)
            highest = highest[np.abs(factor) > 0].min(initial=np.inf)
            # A steady clock is always possible, whatever the bounds say.
            highest = max(after, min(highest, after + 2 * h * STEEPEST))
            found[i] = min(steady[i], highest)
        if i < len(known) and found[i] == known[i]:
            found[:i] = known[:i]
            break
    return found


@dataclass(frozen=True)
class Stretch:
    """One stretch of clock: from path time `s` at rate² `w`, `h` further.

    Attributes:
        h: Path time covered [s].
        w: rate² at its end.
        seconds: How long it takes; 0 where the clock stands.
    """

    h: float
    w: float
    seconds: float


def advance(
    grid: Grid,
    limits: JointLimits,
    cell: int,
    s: float,
    w: float,
    goal: float,
    longest: float,
    share: float = SHARE,
) -> Stretch:
    """The clock's next stretch, at most to the end of the cell.

    The rate goes towards `goal` as fast as the limits let it, and never above what the
    rest of the path allows.

    Args:
        grid: The path.
        limits: Of its joints.
        cell: Index of the cell that holds `s`.
        s: Path time [s].
        w: rate² there.
        goal: rate² wanted, e.g. 1, or 0 to brake.
        longest: Most time it may take [s].
        share: Of the acceleration limits, for changing the rate.
    """
    h = float(grid.s[cell + 1] - s)
    wanted = min(goal, float(grid.ceiling[cell + 1]), 1.0)
    if w == wanted and w > 0:
        u = 0.0
    else:
        # Where the rate must fall, what foresight counted on is used.
        must = w > grid.ceiling[cell + 1]
        allowed = (SHARE if must else share) * limits.acceleration
        low, high = _rate_changes(grid, allowed, cell, s, w, h)
        # To brake means at once; any other rate has the rest of the cell to be reached.
        u = (wanted - w) / (2 * h) if goal > 0 else -STEEPEST
        u = min(max(u, low, -STEEPEST), high, STEEPEST)
    rate = float(np.sqrt(w))
    after = w + 2 * u * h
    if after <= STANDING and u < 0:
        h, after = min(h, w / (-2 * u)), 0.0
    seconds = 2 * h / (rate + np.sqrt(after)) if rate + after > 0 else 0.0
    # A cut that leaves next to nothing of the cell would make points too close in time.
    if seconds > longest + SHORTEST:
        h = rate * longest + u * longest**2 / 2
        seconds, after = longest, max(w + 2 * u * h, 0.0)
    return Stretch(h, after, float(seconds))


def _rate_changes(
    grid: Grid, allowed: np.ndarray, cell: int, s: float, w: float, h: float
) -> tuple[float, float]:
    """The u for which no joint exceeds its acceleration at either end of the stretch.

    0 is always among them: where a steady clock needs more than its share of a limit
    already, that much is allowed.
    """
    s0, s1 = grid.s[cell], grid.s[cell + 1]
    part = (s - s0) / (s1 - s0)
    v1, pull1 = grid.velocities[cell + 1], grid.end[cell]
    pull0 = grid.start[cell] + part * (pull1 - grid.start[cell])
    v0 = grid.velocities[cell] + (s - s0) * (grid.start[cell] + pull0) / 2
    fixed = np.concatenate([pull0 * w, pull1 * w])
    factor = np.concatenate([v0, v1 + 2 * h * pull1])
    bound = np.maximum(np.concatenate([allowed, allowed]), np.abs(fixed))
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (-bound - fixed) / factor, (bound - fixed) / factor
    still = factor == 0
    low = np.where(still, -np.inf, np.minimum(first, second)).max()
    high = np.where(still, np.inf, np.maximum(first, second)).min()
    return min(float(low), 0.0), max(float(high), 0.0)
