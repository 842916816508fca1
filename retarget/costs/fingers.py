"""Fingers: each robot fingertip and middle joint goes where the human one is.

Residuals are taken in the hand's root frame at its nominal pose, so that a correction of
the wrist for the sake of a contact carries the hand's shape along.
"""

import numpy as np

from retarget.configuration import HandModel, HandPose, Points
from retarget.costs.quadratic import Quadratic, huber

KNEE = 0.020
"""Residuals longer than this [m] pull with constant force: outliers, unreachable."""


def add_fingers(
    total: Quadratic,
    columns: slice,
    model: HandModel,
    pose: HandPose,
    points: Points,
    target: np.ndarray,
    cost: np.ndarray,
) -> None:
    """Add ½ Σ cost · ρ(‖x(q) − target‖).

    Args:
        total: Where to add.
        columns: The hand's joint variables.
        model: The hand.
        pose: Its forward kinematics.
        points: K points of the hand.
        target: (T, K, 3) [m], root frame.
        cost: (K,) [1/m²].
    """
    located = pose.locate(points)
    residual = located - target
    value, weight = huber(np.linalg.norm(residual, axis=-1), KNEE)
    total.cost += (value * cost).sum(1)
    weight = weight * cost
    jacobian = model.jacobian(pose, points.body, located)  # (T, K, 3, m)
    frames, count = residual.shape[:2]
    flat = jacobian.reshape(frames, 3 * count, -1)
    weighted = (jacobian * weight[..., None, None]).reshape(frames, 3 * count, -1)
    total.hessian[:, columns, columns] += weighted.swapaxes(1, 2) @ flat
    total.gradient[:, columns] += (
        weighted.swapaxes(1, 2) @ residual.reshape(frames, -1, 1)
    )[..., 0]
