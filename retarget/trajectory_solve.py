"""The whole clip at once: smooth, without lag, inside box, velocity and other limits.

A primal-dual interior-point method [NocedalWright2006, ch. 19] on the Gauss–Newton model:
limits are linear in the variables, so every iterate keeps them strictly. Second
differences tie neighbouring frames, hence one step is one banded Cholesky solve (half
bandwidth 2N).
"""

from dataclasses import dataclass

import numpy as np

from retarget.accelerations import gentle_path
from retarget.banded import solve_banded_spd
from retarget.limits import slow_envelope
from retarget.objective import Objective

SPEED_SHARE = 0.98
"""Frames keep this share of a velocity limit: the curve between two frames is a little
faster than their mean speed, and is cut where it is too fast."""
SMALL_STEP = 0.03
"""A frame whose last step is below this [rad or m] has converged."""
INSIDE = 1e-3
"""A start is brought this fraction of the room inside the limits."""
BARRIER, LAST_BARRIER = 1.0, 1e-4
"""Cost of each limit's logarithm, first and last; costs are in units of ½ per deviation."""
FALL = 0.3
"""The barrier falls by at most this factor per step."""
TO_BOUNDARY = 0.98
DIFFERENCE = ((1.0,), (-1.0, 1.0), (1.0, -2.0, 1.0))
"""Weights of the variables in their differences over time, by order."""


@dataclass(frozen=True, eq=False)
class Solution:
    """What the solver found.

    Attributes:
        z: (T, N) variables.
        last_step: (T,) largest component of the last accepted step.
        cost: Total cost after each iteration, without the barrier.
    """

    z: np.ndarray
    last_step: np.ndarray
    cost: tuple[float, ...]


class _Smoothness:
    """½ Σ c (second difference / dt²)² over time, `offset` added to the differences."""

    def __init__(self, objective: Objective, dt: float, offset: np.ndarray) -> None:
        self.bend = objective.acceleration_cost / dt**4
        self.offset = offset  # (T−2, N) second differences of the nominal wrist

    def terms(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        """Cost and gradient (T, N)."""
        gradient = np.zeros_like(z)
        second = z[2:] - 2 * z[1:-1] + z[:-2] + self.offset
        weighted = self.bend * second
        gradient[2:] += weighted
        gradient[1:-1] -= 2 * weighted
        gradient[:-2] += weighted
        return 0.5 * float((weighted * second).sum()), gradient

    def add_to(self, band: np.ndarray) -> None:
        """Add the Hessian to a lower band (2N + 1, T, N)."""
        size = band.shape[2]
        if band.shape[1] > 2:
            for offset, weight in ((0, 1.0), (1, 4.0), (2, 1.0)):
                band[0, offset : band.shape[1] - 2 + offset] += weight * self.bend
            band[size, :-2] -= 2 * self.bend
            band[size, 1:-1] -= 2 * self.bend
            band[2 * size, :-2] += self.bend


class _Limits:
    """Slacks and multipliers of box, velocity and acceleration limits.

    Each limit is one side of a bound of the variables or of their first or second
    differences over time. One that does not exist has infinite slack and no multiplier.
    """

    def __init__(
        self,
        objective: Objective,
        reach: np.ndarray,
        bend: np.ndarray | None,
        z: np.ndarray,
    ) -> None:
        self.fixed = objective.lower == objective.upper
        box = (
            np.where(self.fixed, np.inf, x) for x in (-objective.lower, objective.upper)
        )
        bounds = [tuple(box), (reach, reach), *([] if bend is None else [(bend, bend)])]
        self.sides = [
            (order, sign, bound)
            for order, pair in enumerate(bounds)
            for sign, bound in zip((1.0, -1.0), pair, strict=True)
        ]
        self.slack = [b + sign * np.diff(z, k, axis=0) for k, sign, b in self.sides]
        self.multiplier = [BARRIER / s for s in self.slack]
        self.count = sum(int(np.isfinite(s).sum()) for s in self.slack)

    def gap(self) -> float:
        """Mean product of slack and multiplier: the barrier at which this is optimal."""
        total = sum(
            float((s[m > 0] * m[m > 0]).sum())
            for s, m in zip(self.slack, self.multiplier)
        )
        return total / max(self.count, 1)

    def gradient(self, barrier: float) -> np.ndarray:
        """Of −barrier · Σ log slack, (T, N)."""
        out = np.zeros_like(self.slack[0])
        for (order, sign, _), slack in zip(self.sides, self.slack):
            pull = -sign * barrier / slack
            for offset, weight in enumerate(DIFFERENCE[order]):
                out[offset : offset + len(pull)] += weight * pull
        return out

    def add_to(self, band: np.ndarray) -> None:
        """Add multiplier / slack of every limit to a lower band (2N + 1, T, N)."""
        size = band.shape[2]
        for (order, _, _), m, s in zip(self.sides, self.multiplier, self.slack):
            tie, weights = m / s, DIFFERENCE[order]
            for row in range(order + 1):
                for column in range(row + 1):
                    band[(row - column) * size, column : column + len(tie)] += (
                        weights[row] * weights[column] * tie
                    )

    def longest(self, step: np.ndarray) -> float:
        """The longest fraction of a step (T, N) that stays inside, at most 1."""
        return min(1.0, *map(_ratio, self.slack, self._changes(step)))

    def move(self, step: np.ndarray, taken: float, barrier: float) -> None:
        """Follow a Newton step of which a fraction was taken."""
        changes = self._changes(step)
        dual = [
            (barrier - m * d) / s - m
            for s, m, d in zip(self.slack, self.multiplier, changes)
        ]
        length = min(1.0, *map(_ratio, self.multiplier, dual))
        self.multiplier = [m + length * d for m, d in zip(self.multiplier, dual)]
        self.slack = [s + taken * d for s, d in zip(self.slack, changes)]

    def _changes(self, step: np.ndarray) -> list[np.ndarray]:
        return [sign * np.diff(step, order, axis=0) for order, sign, _ in self.sides]

    def barrier_cost(self, step: np.ndarray, length: float) -> float:
        """Rise of −Σ log slack along a fraction of a step."""
        return -sum(
            float(np.log1p(length * (d / s)).sum())
            for s, d in zip(self.slack, self._changes(step))
        )


def _ratio(value: np.ndarray, change: np.ndarray) -> float:
    """Fraction of `change` after which a positive value is nearly used up."""
    ratio = -change / np.where(value > 0, value, np.inf)
    return TO_BOUNDARY / max(float(ratio.max(initial=0.0)), 1e-12)


def inside(
    objective: Objective,
    start: np.ndarray,
    reach: np.ndarray,
    bend: np.ndarray | None = None,
) -> np.ndarray:
    """A path strictly inside box, velocity and acceleration limits, near `start` (T, N)."""
    room = INSIDE * (objective.upper - objective.lower)
    lower, upper = objective.lower + room, objective.upper - room
    z = np.clip(start, lower, upper)
    limited = np.isfinite(reach)
    if bend is None:
        z[:, limited] = slow_envelope(z[:, limited], 0.98 * reach[limited])
    else:
        z[:, limited] = gentle_path(
            z[:, limited], lower[limited], upper[limited], 0.98 * reach[limited],
            0.98 * bend[limited],
        )  # fmt: skip
    return z


def solve_trajectory(
    objective: Objective,
    start: np.ndarray,
    dt: float,
    stretch: float,
    offset: np.ndarray,
    iterations: int,
    tolerance: float,
    accelerations: bool = False,
) -> Solution:
    """Minimise the cost of all frames with smoothness between them.

    Args:
        objective: The costs of single frames.
        start: (T, N).
        dt: Time between frames in the human motion [s].
        stretch: Factor by which the robot takes longer; velocity limits grow by it.
            Infinity lifts them.
        offset: (T−2, N) second differences of the nominal motion of each variable
            (zero for joints), so that the wrist itself is smooth, not its correction.
        iterations: At most so many steps.
        tolerance: Stop when a step gains less than this fraction of the cost, moves no
            variable by more than `SMALL_STEP`, and the barrier has fallen.
        accelerations: Whether acceleration limits hold, too.
    """
    frames, size = start.shape
    reach = SPEED_SHARE * objective.velocity_limit * stretch * dt
    bend = None
    if accelerations and np.isfinite(stretch):
        bend = SPEED_SHARE * objective.acceleration_limit * (stretch * dt) ** 2
    z = inside(objective, start, reach, bend)
    smooth = _Smoothness(objective, dt, offset)
    limits = _Limits(objective, reach, bend, z)
    damping, history, barrier = np.full(frames, 1e-4), [], BARRIER
    now, tie = objective.evaluate(z), smooth.terms(z)
    total = float(now.cost.sum()) + tie[0]
    last_step = np.full(frames, np.inf)
    for _ in range(iterations):
        band = np.zeros((2 * size + 1, frames, size))
        for c in range(size):
            band[: size - c, :, c] = now.hessian[:, c:, c].T
        band[0] *= 1 + damping[:, None]
        smooth.add_to(band)
        limits.add_to(band)
        gradient = now.gradient + tie[1] + limits.gradient(barrier)
        if limits.fixed.any():
            _hold(band, np.tile(limits.fixed, (frames, 1)))
            gradient[:, limits.fixed] = 0.0
        try:
            step = solve_banded_spd(
                band.reshape(2 * size + 1, -1), -gradient.ravel()
            ).reshape(frames, size)
        except np.linalg.LinAlgError:
            damping = np.maximum(damping * 100, 1e-3)
            continue
        length = limits.longest(step)
        new = z + length * step
        then, tie_then = objective.evaluate(new), smooth.terms(new)
        total_then = float(then.cost.sum()) + tie_then[0]
        worse = then.cost > now.cost + 1e-12
        rise = total_then - total + barrier * limits.barrier_cost(step, length)
        damping = np.where(worse, np.maximum(damping * 8, 1e-3), damping / 4)
        damping = np.clip(damping, 1e-7, 1e6)
        if rise > 1e-9 * abs(total):
            continue
        limits.move(step, length, barrier)
        last_step = np.abs(new - z).max(1)
        gain = total - total_then
        z, now, tie, total = new, then, tie_then, total_then
        history.append(total)
        small = abs(gain) < tolerance * total and last_step.max() < SMALL_STEP
        if small and barrier <= LAST_BARRIER:
            break
        if length > 0.3:
            barrier = max(min(FALL * barrier, 0.3 * limits.gap()), LAST_BARRIER)
    return Solution(z, last_step, tuple(history))


def _hold(band: np.ndarray, held: np.ndarray) -> None:
    """Take held variables out of the system: their row and column become identity."""
    size = held.shape[1]
    flat_held = held.ravel()
    flat = band.reshape(2 * size + 1, -1)
    flat[:, flat_held] = 0.0
    for k in range(1, 2 * size + 1):
        flat[k, : -k or None][flat_held[k:]] = 0.0
    flat[0, flat_held] = 1.0
