"""The whole clip at once: smooth, without lag, inside the joint box.

Second differences tie neighbouring frames, so one Gauss–Newton step is one banded
Cholesky solve (half bandwidth 2N). Velocity limits enter as a steep hinge here and are
made exact afterwards (`retarget.limits`).
"""

from dataclasses import dataclass

import numpy as np

from retarget.objective import Objective
from retarget.solve import held_at_bound

SPEED_SHARE = 0.94
"""The hinge starts at this share of a velocity limit: the curve between two frames is
faster than their mean speed."""
SMALL_STEP = 0.03
"""A frame whose last step is below this [rad or m] has converged."""


@dataclass(frozen=True, eq=False)
class Solution:
    """What the solver found.

    Attributes:
        z: (T, N) variables.
        last_step: (T,) largest component of the last accepted step.
        cost: Total cost after each iteration.
    """

    z: np.ndarray
    last_step: np.ndarray
    cost: tuple[float, ...]


class _Smoothness:
    """½ Σ c (second difference / dt²)² + ½ Σ hinge(velocity)² over time."""

    def __init__(
        self, objective: Objective, dt: float, stretch: float, offset: np.ndarray
    ) -> None:
        self.bend = objective.acceleration_cost / dt**4
        self.offset = offset  # (T−2, N) second differences of the nominal wrist
        limit = SPEED_SHARE * objective.velocity_limit * stretch * dt
        self.reach = limit
        self.hinge = np.where(
            np.isfinite(limit), (objective.deviations.overspeed * limit) ** -2.0, 0.0
        )

    def terms(self, z: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """Cost, gradient (T, N), and what is active of the hinge."""
        gradient = np.zeros_like(z)
        second = z[2:] - 2 * z[1:-1] + z[:-2] + self.offset
        weighted = self.bend * second
        gradient[2:] += weighted
        gradient[1:-1] -= 2 * weighted
        gradient[:-2] += weighted
        first = np.diff(z, axis=0)
        excess = np.sign(first) * np.maximum(np.abs(first) - self.reach, 0.0)
        pull = self.hinge * excess
        gradient[1:] += pull
        gradient[:-1] -= pull
        cost = 0.5 * float((weighted * second).sum() + (pull * excess).sum())
        return cost, gradient, weighted, np.where(excess != 0, self.hinge, 0.0)

    def add_to(self, band: np.ndarray, hinge: np.ndarray) -> None:
        """Add the Hessian to a lower band (2N + 1, T, N)."""
        size = band.shape[2]
        if band.shape[1] > 2:
            for offset, weight in ((0, 1.0), (1, 4.0), (2, 1.0)):
                band[0, offset : band.shape[1] - 2 + offset] += weight * self.bend
            band[size, :-2] -= 2 * self.bend
            band[size, 1:-1] -= 2 * self.bend
            band[2 * size, :-2] += self.bend
        band[0, 1:] += hinge
        band[0, :-1] += hinge
        band[size, :-1] -= hinge


def solve_trajectory(
    objective: Objective,
    start: np.ndarray,
    dt: float,
    stretch: float,
    offset: np.ndarray,
    iterations: int,
    tolerance: float,
) -> Solution:
    """Minimise the cost of all frames with smoothness between them.

    Args:
        objective: The costs of single frames.
        start: (T, N) inside the box.
        dt: Time between frames in the human motion [s].
        stretch: Factor by which the robot takes longer; velocity limits grow by it.
        offset: (T−2, N) second differences of the nominal motion of each variable
            (zero for joints), so that the wrist itself is smooth, not its correction.
        iterations: At most so many steps.
        tolerance: Stop when a step gains less than this fraction of the cost and moves
            no variable by more than `SMALL_STEP`.
    """
    from scipy.linalg import LinAlgError, solveh_banded

    frames, size = start.shape
    z = np.clip(start, objective.lower, objective.upper)
    smooth = _Smoothness(objective, dt, stretch, offset)
    damping, history = np.full(frames, 1e-4), []
    now = objective.evaluate(z)
    tie = smooth.terms(z)
    total = float(now.cost.sum()) + tie[0]
    last_step = np.full(frames, np.inf)
    for _ in range(iterations):
        gradient = now.gradient + tie[1]
        held = held_at_bound(z, gradient, objective)
        band = np.zeros((2 * size + 1, frames, size))
        for c in range(size):
            band[: size - c, :, c] = now.hessian[:, c:, c].T
        band[0] *= 1 + damping[:, None]
        smooth.add_to(band, tie[3])
        _hold(band, held)
        try:
            step = solveh_banded(
                band.reshape(2 * size + 1, -1),
                np.where(held, 0.0, -gradient).ravel(),
                lower=True, overwrite_ab=True, overwrite_b=True, check_finite=False,
            ).reshape(frames, size)  # fmt: skip
        except LinAlgError:
            damping = np.maximum(damping * 100, 1e-3)
            continue
        new = np.clip(z + step, objective.lower, objective.upper)
        then = objective.evaluate(new)
        tie_then = smooth.terms(new)
        total_then = float(then.cost.sum()) + tie_then[0]
        worse = then.cost > now.cost
        if total_then > total:
            # The model was wrong in some frames: keep the step in the others.
            damping = np.where(worse, np.maximum(damping * 10, 1e-2), damping * 2)
            new = np.where(worse[:, None], z, new)
            tie_then = smooth.terms(new)
            total_then = float(np.minimum(then.cost, now.cost).sum()) + tie_then[0]
            if total_then > total:
                continue
            then = now.replaced(then, ~worse)
        else:
            damping = np.where(worse, damping * 3, damping / 4)
        damping = np.clip(damping, 1e-7, 1e6)
        last_step = np.abs(new - z).max(1)
        done = total - total_then < tolerance * total and last_step.max() < SMALL_STEP
        z, now, tie, total = new, then, tie_then, total_then
        history.append(total)
        if done:
            break
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
