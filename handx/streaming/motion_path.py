"""`MotionPath`: what should be played, known to its end or still growing.

A validated trajectory is a closed path. Motion that arrives while the hands move is an
open one: chunks are appended at its end by one thread while another plays. A player never
runs past the end of an open path; it slows down so as to stand there, however little is
queued, and speeds up again when more arrives.
"""

import threading

import numpy as np

from handx.streaming.errors import QueueFull, StreamError
from handx.streaming.limits import JointLimits
from handx.streaming.time_scaling import (
    Grid,
    cell_accelerations,
    node_ceilings,
    steady_ceiling,
)
from handx_gen.errors import InputError
from retarget.errors import LimitViolation
from retarget.spline import hermite, spline_extrema
from retarget.trajectory import JointTrajectory

MIN_SPACING = 1e-3
"""Knots closer in time than this [s] are refused; controllers count in their own steps."""

MAX_CELL = 0.02
"""Longest piece of a path that is treated as one [s]."""

POSITION_TOLERANCE = 1e-6
"""Rounding that is forgiven at a position limit [rad]."""

MOST_STRETCH = 10.0
"""Motion that would have to be slowed down by more is a jump, and refused."""

REST = 1e-6
"""Speed that counts as standing [rad/s]."""


class MotionPath:
    """Positions and velocities of the commanded joints over path time.

    Args:
        limits: Of the joints, in the order of the columns.
        capacity: Most seconds that may wait to be played; None for no bound.

    Every method may be called from any thread.
    """

    def __init__(self, limits: JointLimits, capacity: float | None = None) -> None:
        self.limits, self.capacity = limits, capacity
        self.committed = 0.0
        """Path time that has been promised to the controllers [s]; set by the player."""
        self._lock = threading.Lock()
        self._grid: Grid | None = None

    @classmethod
    def of(cls, trajectory: JointTrajectory, limits: JointLimits) -> "MotionPath":
        """A closed path along the joints of a trajectory that `limits` names.

        Raises:
            StreamError: A joint is missing from the trajectory.
            LimitViolation: A position limit is broken.
        """
        path = cls(limits)
        path.append_trajectory(trajectory)
        return path

    def append_trajectory(self, trajectory: JointTrajectory) -> None:
        """Add a whole trajectory, of whose joints those of the path are taken, and close.

        Raises:
            StreamError: A joint is missing from the trajectory.
            LimitViolation: A position limit is broken.
        """
        missing = set(self.joint_names).difference(trajectory.joint_names)
        if missing:
            raise StreamError(f"the trajectory does not move {sorted(missing)[0]}")
        columns = [trajectory.joint_names.index(name) for name in self.joint_names]
        self.append(
            trajectory.time_from_start,
            trajectory.positions[:, columns],
            trajectory.velocities[:, columns],
        )
        self.close()

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Wire names of the columns."""
        return self.limits.names

    @property
    def grid(self) -> Grid | None:
        """The path as it is now; it is replaced, never changed. None while empty."""
        return self._grid

    @property
    def closed(self) -> bool:
        """Whether the end is the end of the motion, where everything stands."""
        return self._grid is not None and self._grid.closed

    @property
    def end(self) -> float:
        """Path time of the last knot [s]; −inf while empty."""
        return -np.inf if self._grid is None else float(self._grid.s[-1])

    @property
    def queued(self) -> float:
        """Seconds of path after what was promised already [s]."""
        return 0.0 if self._grid is None else max(0.0, self.end - self.committed)

    def append(
        self, time: np.ndarray, positions: np.ndarray, velocities: np.ndarray
    ) -> None:
        """Add a chunk at the end.

        Args:
            time: (K,) path times of the knots [s], after the path's end. The player starts
                at the first knot of the first chunk.
            positions, velocities: (K, n) [rad, rad/s], in the order of `joint_names`.

        Raises:
            InputError: Wrong sizes, NaN, times that do not increase by 1 ms at least, or
                a jump.
            LimitViolation: A position limit is broken, also between the knots.
            QueueFull: More than `capacity` would wait. Try again later.
            StreamError: The path is closed.
        """
        with self._lock:
            self._extend(self._grid, time, positions, velocities)

    def replace(
        self,
        start: float,
        time: np.ndarray,
        positions: np.ndarray,
        velocities: np.ndarray,
    ) -> None:
        """Play something else after `start`; position and velocity there stay.

        Args:
            start: Path time [s], not before `committed`.
            time, positions, velocities: As for `append`, after `start`.

        Raises:
            StreamError: `start` is promised to the controllers already, or is not on the
                path.
            InputError, LimitViolation, QueueFull: As for `append`; the path stays.
        """
        with self._lock:
            grid = self._grid
            if grid is None or not grid.s[0] <= start <= grid.s[-1]:
                raise StreamError(f"path time {start:.3f} s is not on the path")
            if start < self.committed:
                raise StreamError(
                    f"path time {start:.3f} s is promised to the controllers up to "
                    f"{self.committed:.3f} s. Fix: replace what comes after that"
                )
            keep = int(np.searchsorted(grid.s, start - MIN_SPACING, side="right"))
            q, v = hermite(grid.s, grid.positions, grid.velocities, np.array([start]))
            inside = grid.s[-1] > start
            v = v if inside else grid.velocities[-1:]
            head = _cut(grid, keep)
            self._extend(
                head,
                np.concatenate([[start], np.asarray(time, float)]),
                np.concatenate([q, np.asarray(positions, float)]),
                np.concatenate([v, np.asarray(velocities, float)]),
            )

    def close(self) -> None:
        """Say that nothing more comes: the end is where the motion rests.

        A path whose last knot still moves stays open, so that the player stops before it.
        """
        with self._lock:
            grid = self._grid
            if grid is None or np.abs(grid.velocities[-1]).max() > REST:
                return
            self._grid = _graded(
                (grid.s, grid.positions, grid.velocities), self.limits, True,
                np.empty(0),
            )  # fmt: skip

    def forget(self, before: float) -> None:
        """Drop what lies before a path time [s], to keep an endless path small."""
        with self._lock:
            grid = self._grid
            if grid is None:
                return
            first = int(np.searchsorted(grid.s, before, side="right")) - 1
            first = min(first, len(grid.s) - 2)
            if first > 0:
                self._grid = Grid(
                    grid.s[first:], grid.positions[first:], grid.velocities[first:],
                    grid.start[first:], grid.end[first:], grid.cell_ceiling[first:],
                    grid.ceiling[first:], grid.closed,
                )  # fmt: skip

    def sample(self, s: float) -> tuple[np.ndarray, np.ndarray]:
        """(n,) position and velocity at a path time, at rate 1.

        Raises:
            StreamError: The path is empty.
        """
        grid = self._grid
        if grid is None:
            raise StreamError("the path is empty")
        q, v = hermite(grid.s, grid.positions, grid.velocities, np.array([s]))
        return q[0], v[0]

    def _extend(
        self,
        grid: Grid | None,
        time: np.ndarray,
        positions: np.ndarray,
        velocities: np.ndarray,
    ) -> None:
        """Add knots after `grid` and make that the path."""
        if self.closed:
            raise StreamError("the path is closed: nothing can be added")
        time, positions, velocities = self._checked(time, positions, velocities)
        if grid is None and len(time) < 2:
            raise InputError("chunk", "time", "the first chunk needs two knots")
        if grid is not None and time[0] - grid.s[-1] < MIN_SPACING:
            raise InputError(
                "chunk", "time", f"begins at {time[0]:.4f} s, the path ends at "
                f"{grid.s[-1]:.4f} s", "give times after the path's end",
            )  # fmt: skip
        if self.capacity is not None:
            since = self.committed if grid is None else max(self.committed, grid.s[0])
            waiting = time[-1] - (since if grid is not None else time[0])
            if waiting > self.capacity:
                raise QueueFull(
                    f"{waiting:.2f} s of motion would wait, at most {self.capacity:g} s"
                )
        positions, velocities = self.limits.squeeze(positions, velocities)
        if grid is not None:
            last = np.array([grid.s[-1]])
            time = np.concatenate([last, time])
            positions = np.concatenate([grid.positions[-1:], positions])
            velocities = np.concatenate([grid.velocities[-1:], velocities])
        self._check_box(time, positions, velocities)
        knots = _subdivide(time, positions, velocities)
        known = np.empty(0)
        if grid is not None:
            known = grid.ceiling
            kept = (grid.s, grid.positions, grid.velocities)
            knots = tuple(np.concatenate([a, b[1:]]) for a, b in zip(kept, knots))
        found = _graded(knots, self.limits, False, known)
        self._check_pace(found)
        self._grid = found

    def _checked(
        self, time: np.ndarray, positions: np.ndarray, velocities: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        arrays = [np.array(a, float) for a in (time, positions, velocities)]
        time = arrays[0]
        shape = (len(time) if time.ndim == 1 else 0, len(self.joint_names))
        for name, value in zip(("positions", "velocities"), arrays[1:]):
            if value.shape != shape or not shape[0]:
                raise InputError("chunk", name, f"shape {value.shape}, not {shape}")
        for name, value in zip(("time", "positions", "velocities"), arrays):
            if not np.isfinite(value).all():
                raise InputError("chunk", name, "NaN or infinity")
        if (np.diff(time) < MIN_SPACING * (1 - 1e-6)).any():
            raise InputError("chunk", "time", "must increase by 1 ms at least")
        return arrays[0], arrays[1], arrays[2]

    def _check_pace(self, grid: Grid) -> None:
        """Refuse motion so fast that it can only be a mistake."""
        k = int(grid.cell_ceiling.argmin())
        if grid.cell_ceiling[k] * MOST_STRETCH**2 < 1:
            excess = np.abs(np.diff(grid.positions[k : k + 2], axis=0)[0])
            j = int((excess / self.limits.velocity).argmax())
            raise InputError(
                "chunk", self.joint_names[j], f"jumps at {grid.s[k]:.3f} s: it could only "
                f"be followed {grid.cell_ceiling[k] ** -0.5:.0f} times slower, at most "
                f"{MOST_STRETCH:g}", "begin a chunk where the last one ends",
            )  # fmt: skip

    def _check_box(
        self, time: np.ndarray, positions: np.ndarray, velocities: np.ndarray
    ) -> None:
        """Refuse positions outside the limits: no clock makes those right."""
        lowest, highest, _ = spline_extrema(time, positions, velocities)
        # A margin is a wish of ours; the spline between squeezed knots may use some.
        spare = POSITION_TOLERANCE + self.limits.margin
        over = np.maximum(lowest * -1 + self.limits.lower, highest - self.limits.upper)
        if over.max() > spare:
            k, j = np.unravel_index(over.argmax(), over.shape)
            low = self.limits.lower[j] - lowest[k, j] > spare
            raise LimitViolation(
                self.joint_names[j], "position",
                float(lowest[k, j] if low else highest[k, j]),
                float(self.limits.lower[j]), float(self.limits.upper[j]), float(time[k]),
            )  # fmt: skip


def _graded(
    knots: tuple[np.ndarray, ...], limits: JointLimits, closed: bool, known: np.ndarray
) -> Grid:
    s, positions, velocities = knots
    pulls = cell_accelerations(s, positions, velocities)
    cells = steady_ceiling(s, positions, velocities, pulls, limits)
    empty = np.empty(0)
    bare = Grid(s, positions, velocities, *pulls, cells, empty, closed)
    ceiling = node_ceilings(bare, limits, known)
    return Grid(s, positions, velocities, *pulls, cells, ceiling, closed)


def _cut(grid: Grid, keep: int) -> Grid | None:
    """The first `keep` nodes of a grid, or None if that is no cell."""
    if keep < 1:
        return None
    return Grid(
        grid.s[:keep], grid.positions[:keep], grid.velocities[:keep],
        grid.start[: keep - 1], grid.end[: keep - 1], grid.cell_ceiling[: keep - 1],
        grid.ceiling[:keep], False,
    )  # fmt: skip


def _subdivide(
    time: np.ndarray, positions: np.ndarray, velocities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut segments longer than `MAX_CELL`; the spline and its knots stay as they are."""
    counts = np.ceil(np.diff(time) / MAX_CELL - 1e-9).astype(int)
    if (counts <= 1).all():
        return time, positions, velocities
    new = np.concatenate(
        [
            time[k] + (time[k + 1] - time[k]) * np.arange(1, count) / count
            for k, count in enumerate(counts)
        ]
    )
    q, v = hermite(time, positions, velocities, new)
    order = np.argsort(np.concatenate([time, new]), kind="stable")
    return (
        np.concatenate([time, new])[order],
        np.concatenate([positions, q])[order],
        np.concatenate([velocities, v])[order],
    )
