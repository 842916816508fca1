"""Fingers: each robot fingertip and middle joint goes where the human one is, in world.

A correction of the wrist moves them too: what the joints' speed limits leave undone, the
wrist may help with, and a contact that moves the wrist bends the fingers back.
"""

import numpy as np

from retarget.configuration import Points
from retarget.costs.quadratic import Quadratic, huber
from retarget.hand_state import HandState

KNEE = 0.005
"""Residuals longer than this [m] pull with constant force: outliers, unreachable."""


def add_fingers(
    total: Quadratic,
    columns: slice,
    state: HandState,
    points: Points,
    target: np.ndarray,
    cost: np.ndarray,
) -> None:
    """Add ½ Σ cost · ρ(‖x(z) − target‖).

    Args:
        total: Where to add.
        columns: The hand's variables.
        state: The hand at its variables.
        points: K points of the hand.
        target: (T, K, 3) [m], world.
        cost: (K,) [1/m²].
    """
    located = state.pose.locate(points)
    world = state.to_world(located)
    residual = world - target
    value, weight = huber(np.linalg.norm(residual, axis=-1), KNEE)
    total.cost += (value * cost).sum(1)
    weight = weight * cost
    jacobian = state.jacobian(points, located, world)  # (T, K, 3, m + 6)
    frames, count = residual.shape[:2]
    flat = jacobian.reshape(frames, 3 * count, -1)
    weighted = (jacobian * weight[..., None, None]).reshape(frames, 3 * count, -1)
    total.hessian[:, columns, columns] += weighted.swapaxes(1, 2) @ flat
    total.gradient[:, columns] += (
        weighted.swapaxes(1, 2) @ residual.reshape(frames, -1, 1)
    )[..., 0]
