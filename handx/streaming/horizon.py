"""`Horizon`: what the controllers will do if nothing more comes. It always ends at rest.

Every message is a short stretch of the path at the wanted rate, followed by a braking
tail along the path within the acceleration limits. Both hands and the arms stay together
and on positions that were checked, and losing the stream is a smooth stop.
"""

from dataclasses import dataclass

import numpy as np

from handx.streaming.limits import JointLimits
from handx.streaming.motion_path import REST, MotionPath
from handx.streaming.time_scaling import SHARE, SHORTEST, advance
from retarget.spline import hermite
from retarget.trajectory import JointTrajectory

NANOSECONDS = 1_000_000_000
GENTLE = 0.8
"""Highest speed of a move that nobody validated [rad/s]."""
SHORTEST_MOVE = 0.5
"""Least time that such a move takes [s]."""
LONGEST = 0.02
"""Most time between two points [s]."""
TINY = 1e-9
"""A clock this close to a node is there [s]; rounding only."""


@dataclass(frozen=True, eq=False)
class Horizon:
    """Points on absolute time, joined by a cubic Hermite spline.

    Attributes:
        time: (K,) int64 [ns], increasing.
        s: (K,) path time of each point [s].
        w: (K,) square of the clock's rate there.
        positions, velocities: (K, n) [rad, rad/s]; the last velocities are 0.
        brakes: When the braking tail begins [ns]; the last point's time where the path
            ends by itself.
    """

    time: np.ndarray
    s: np.ndarray
    w: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray
    brakes: int

    @property
    def end(self) -> int:
        """When everything stands [ns]."""
        return int(self.time[-1])

    def sample(self, moment: int) -> tuple[np.ndarray, np.ndarray]:
        """(n,) position and velocity at an absolute time [ns]; held at both ends."""
        if len(self.time) == 1 or moment >= self.time[-1]:
            return self.positions[-1], np.zeros_like(self.velocities[-1])
        seconds = (self.time - self.time[0]) / NANOSECONDS
        at = np.array([(moment - int(self.time[0])) / NANOSECONDS])
        q, v = hermite(seconds, self.positions, self.velocities, at)
        return q[0], v[0]

    def part(self, first: int) -> "Horizon":
        """The points from index `first` on."""
        return Horizon(
            self.time[first:], self.s[first:], self.w[first:],
            self.positions[first:], self.velocities[first:], self.brakes,
        )  # fmt: skip

    def joined(self, other: "Horizon") -> "Horizon":
        """These points, then the other's; its first point is this one's last."""
        return Horizon(
            np.concatenate([self.time, other.time[1:]]),
            np.concatenate([self.s, other.s[1:]]),
            np.concatenate([self.w, other.w[1:]]),
            np.concatenate([self.positions, other.positions[1:]]),
            np.concatenate([self.velocities, other.velocities[1:]]),
            other.brakes,
        )

    def shifted(self, nanoseconds: int) -> "Horizon":
        """The same motion on a clock that was set forwards by so much."""
        return Horizon(
            self.time + nanoseconds, self.s, self.w, self.positions, self.velocities,
            self.brakes + nanoseconds,
        )  # fmt: skip


def standing(moment: int, position: np.ndarray, s: float, w: float = 0.0) -> Horizon:
    """One point at rest [ns, rad], the path's clock at `s` and ready to run at √w."""
    return Horizon(
        np.array([moment]), np.array([s]), np.array([w]), position[None].copy(),
        np.zeros((1, len(position))), moment,
    )  # fmt: skip


def start_of(path: MotionPath, moment: int, s: float) -> Horizon:
    """One point at rest on a path at path time `s`.

    Where the path itself is at rest its clock may run from there at once.
    """
    grid = path.grid
    assert grid is not None
    k = int(np.searchsorted(grid.s, s))
    still = grid.s[k] == s and np.abs(grid.velocities[k]).max() <= REST
    position, _ = path.sample(s)
    return standing(moment, position, s, float(grid.ceiling[k]) if still else 0.0)


def rest_to_rest(
    begin: np.ndarray, end: np.ndarray, limits: JointLimits
) -> tuple[float, JointTrajectory]:
    """A gentle straight move of all joints together.

    A cubic from rest to rest over T reaches 1.5·Δ/T and accelerates at 6·Δ/T².

    Args:
        begin, end: (n,) [rad].
        limits: Of the joints.

    Returns:
        Its seconds, and the move.
    """
    gap = np.abs(end - begin)
    speed = np.minimum(GENTLE, limits.velocity / 2)
    seconds = max(
        SHORTEST_MOVE,
        float((1.5 * gap / speed).max()),
        float(np.sqrt(12 * gap / limits.acceleration).max()),
    )
    time = np.array([0.0, seconds])
    still = np.zeros((2, len(gap)))
    return seconds, JointTrajectory(limits.names, np.array([begin, end]), still, time)


def plan(
    path: MotionPath,
    start: Horizon,
    goal: float,
    seconds: float,
    limits: JointLimits,
    share: float = SHARE,
) -> Horizon:
    """Continue from the last point of `start` for `seconds`, then brake along the path.

    Args:
        path: Its clock is at `start.s[-1]`.
        start: Only its last point matters.
        goal: rate² wanted, 0 to 1.
        seconds: How long before braking begins [s].
        limits: Of the joints.
        share: Of the acceleration limits, for changing the clock's rate.

    Returns:
        Points from the last of `start` to rest.
    """
    grid = path.grid
    assert grid is not None
    s, w = float(start.s[-1]), float(start.w[-1])
    begun = int(start.time[-1])
    elapsed, brakes = 0.0, None
    times, path_times, squares = [0.0], [s], [w]
    nodes = [-1]
    while s < grid.s[-1]:
        left = seconds - elapsed
        if left <= SHORTEST and brakes is None:
            brakes = elapsed
        cell = int(np.searchsorted(grid.s, s, side="right")) - 1
        longest = LONGEST if brakes is not None else min(left, LONGEST)
        step = advance(
            grid, limits, cell, s, w, goal if brakes is None else 0.0, longest, share
        )
        if step.seconds <= 0:
            break
        s, w = s + step.h, step.w
        elapsed += step.seconds
        at_node = grid.s[cell + 1] - s < TINY
        if at_node:
            s = float(grid.s[cell + 1])
        times.append(elapsed)
        path_times.append(s)
        squares.append(w)
        nodes.append(cell + 1 if at_node else -1)
        if w == 0 and (brakes is not None or goal == 0):
            break
    return _points(
        path, begun, np.array(times), np.array(path_times), np.array(squares),
        np.array(nodes), start, np.inf if brakes is None else brakes,
    )  # fmt: skip


def _points(
    path: MotionPath,
    begun: int,
    times: np.ndarray,
    s: np.ndarray,
    w: np.ndarray,
    nodes: np.ndarray,
    start: Horizon,
    brakes: float,
) -> Horizon:
    grid = path.grid
    assert grid is not None
    q, v = hermite(grid.s, grid.positions, grid.velocities, s)
    # A knot of the path leaves as it is, to the bit.
    at = nodes >= 0
    q[at], v[at] = grid.positions[nodes[at]], grid.velocities[nodes[at]]
    v = v * np.sqrt(w)[:, None]
    q[0], v[0] = start.positions[-1], start.velocities[-1]
    moments = begun + np.round(times * NANOSECONDS).astype(np.int64)
    # At full speed times follow from path times alone, so that rounding never adds up.
    clock = np.round(s * NANOSECONDS).astype(np.int64)
    full = int(np.argmin(np.append(w == 1, False)))
    moments[:full] = begun + clock[:full] - clock[0]
    if 0 < full < len(moments):
        moments[full:] += moments[full - 1] - begun
        moments[full:] -= round(times[full - 1] * NANOSECONDS)
    end = int(min(begun + brakes * NANOSECONDS, moments[-1]))
    return Horizon(moments, s, w, q, v, end)
