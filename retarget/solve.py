"""Every frame for itself: damped Gauss–Newton inside the joint box, all frames at once.

Used where time plays no part: calibration, and the start of the trajectory solve.
"""

import numpy as np

from retarget.objective import Objective


def solve_frames(
    objective: Objective, start: np.ndarray, iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise each frame's cost from `start`.

    A variable at its bound whose gradient points outward is held there for the step
    (projected Newton [Bertsekas1982]); each frame has its own damping and keeps a step
    only if its cost falls.

    Args:
        objective: The costs.
        start: (T, N) inside the box.
        iterations: Fixed number of steps: the same work for the same clip.

    Returns:
        Variables (T, N), and (T,) the last accepted step's largest component.
    """
    z = np.clip(start, objective.lower, objective.upper)
    damping = np.full(len(z), 1e-3)
    now = objective.evaluate(z)
    index = np.arange(objective.size)
    step_size = np.full(len(z), np.inf)
    for _ in range(iterations):
        held = held_at_bound(z, now.gradient, objective)
        hessian = np.where(held[:, :, None] | held[:, None, :], 0.0, now.hessian)
        diagonal = now.hessian[:, index, index]
        hessian[:, index, index] = np.where(
            held, 1.0, diagonal * (1 + damping[:, None]) + 1e-9
        )
        gradient = np.where(held, 0.0, now.gradient)
        step = -np.linalg.solve(hessian, gradient[..., None])[..., 0]
        new = np.clip(z + step, objective.lower, objective.upper)
        then = objective.evaluate(new)
        better = then.cost <= now.cost
        step_size = np.where(better, np.abs(new - z).max(1), step_size)
        z = np.where(better[:, None], new, z)
        now = now.replaced(then, better)
        damping = np.clip(np.where(better, damping / 4, damping * 8), 1e-7, 1e6)
    return z, step_size


def held_at_bound(
    z: np.ndarray, gradient: np.ndarray, objective: Objective
) -> np.ndarray:
    """(T, N) bool: at a bound and pushed outward, or without room to move."""
    return (
        ((z <= objective.lower) & (gradient > 0))
        | ((z >= objective.upper) & (gradient < 0))
        | (objective.lower == objective.upper)
    )
