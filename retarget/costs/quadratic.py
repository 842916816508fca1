"""`Quadratic`: the sum of costs and its Gauss–Newton model, frame by frame."""

from dataclasses import dataclass

import numpy as np


@dataclass(eq=False)
class Quadratic:
    """Costs of T frames with N variables each, summed up in place.

    Attributes:
        hessian: (T, N, N) Gauss–Newton approximation JᵀWJ.
        gradient: (T, N) JᵀWr.
        cost: (T,) ½ Σ ρ(r).
    """

    hessian: np.ndarray
    gradient: np.ndarray
    cost: np.ndarray

    @classmethod
    def zero(cls, frames: int, variables: int) -> "Quadratic":
        """Nothing added yet."""
        return cls(
            np.zeros((frames, variables, variables)),
            np.zeros((frames, variables)),
            np.zeros(frames),
        )

    def replaced(self, other: "Quadratic", frames: np.ndarray) -> "Quadratic":
        """These costs, with those of `other` in the given frames, (T,) bool."""
        return Quadratic(
            np.where(frames[:, None, None], other.hessian, self.hessian),
            np.where(frames[:, None], other.gradient, self.gradient),
            np.where(frames, other.cost, self.cost),
        )

    def add_diagonal(self, residual: np.ndarray, cost: np.ndarray) -> None:
        """Add ½ Σ cost · residual², the residual being a variable minus a constant.

        Args:
            residual: (T, N).
            cost: (N,) [1/unit²].
        """
        index = np.arange(residual.shape[1])
        self.hessian[:, index, index] += cost
        self.gradient += cost * residual
        self.cost += 0.5 * (cost * residual**2).sum(1)


def huber(length: np.ndarray, knee: float) -> tuple[np.ndarray, np.ndarray]:
    """Huber's ρ and its IRLS weight ρ'(r)/r for residual lengths ≥ 0 [Huber1964]."""
    weight = np.minimum(1.0, knee / np.maximum(length, 1e-12))
    value = np.where(length <= knee, 0.5 * length**2, knee * (length - 0.5 * knee))
    return value, weight
