"""Gaps between two points: contacts that should close, overlaps that should open.

Contacts and collisions differ only in which points face each other and in sign, so both
arrive here as rows `gap − target` whose derivative is n · (∂a/∂z − ∂b/∂z).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from retarget.costs.quadratic import Quadratic
from retarget.hand_state import HandState


@dataclass(frozen=True, eq=False)
class GapRows:
    """A rows of gaps; row i belongs to frame `frame[i]`.

    Attributes:
        side_a, side_b: Hand of the two points.
        frame: (A,) frame index.
        body_a, body_b: (A,) body of the point.
        a, b: (A, 3) the points [m] in world.
        normal: (A, 3) from b to a.
        residual: (A,) gap − target [m].
        cost: (A,) [1/m²].
        knee: Residuals beyond this [m] pull with constant force.
    """

    side_a: str
    side_b: str
    frame: np.ndarray
    body_a: np.ndarray
    body_b: np.ndarray
    a: np.ndarray
    b: np.ndarray
    normal: np.ndarray
    residual: np.ndarray
    cost: np.ndarray
    knee: float


def add_gaps(
    total: Quadratic,
    columns: Mapping[str, slice],
    hands: Mapping[str, HandState],
    rows: list[GapRows],
) -> None:
    """Add ½ Σ cost · ρ(residual) of all rows."""
    rows = [r for r in rows if len(r.frame)]
    if not rows:
        return
    size = total.gradient.shape[1]
    jacobians, residuals, weights, frames = [], [], [], []
    for r in rows:
        jacobian = np.zeros((len(r.frame), size))
        jacobian[:, columns[r.side_a]] += hands[r.side_a].row_jacobian(
            r.frame, r.body_a, r.a, r.normal
        )
        jacobian[:, columns[r.side_b]] -= hands[r.side_b].row_jacobian(
            r.frame, r.body_b, r.b, r.normal
        )
        length = np.abs(r.residual)
        weight = np.minimum(1.0, r.knee / np.maximum(length, 1e-12))
        value = np.where(
            length <= r.knee, 0.5 * length**2, r.knee * (length - 0.5 * r.knee)
        )
        np.add.at(total.cost, r.frame, r.cost * value)
        jacobians.append(jacobian)
        residuals.append(r.residual)
        weights.append(r.cost * weight)
        frames.append(r.frame)
    _accumulate(
        total,
        np.concatenate(frames),
        np.concatenate(jacobians),
        np.concatenate(residuals),
        np.concatenate(weights),
    )


def _accumulate(
    total: Quadratic,
    frame: np.ndarray,
    jacobian: np.ndarray,
    residual: np.ndarray,
    weight: np.ndarray,
) -> None:
    """Add JᵀWJ and JᵀWr frame by frame: rows are padded to the busiest frame's count.

    Frames without rows are left out of the padded product.
    """
    order = np.argsort(frame, kind="stable")
    frame = frame[order]
    busy, start, count = np.unique(frame, return_index=True, return_counts=True)
    slot = np.arange(len(frame)) - np.repeat(start, count)
    place = np.repeat(np.arange(len(busy)), count)
    root = np.sqrt(weight[order])
    padded = np.zeros((len(busy), count.max(), jacobian.shape[1]))
    padded[place, slot] = jacobian[order] * root[:, None]
    value = np.zeros((len(busy), count.max(), 1))
    value[place, slot, 0] = residual[order] * root
    transposed = padded.swapaxes(1, 2)
    total.hessian[busy] += transposed @ padded
    total.gradient[busy] += (transposed @ value)[..., 0]
