"""A fair start where palms face each other: hands apart, not inside one another.

Two hands that overlap deeply have no useful direction to leave each other (capsules
whose axes cross may be pushed out on the wrong side). Facing palms do have one: each
hand backs off along its own palm's normal until nothing overlaps.
"""

import numpy as np

from retarget.costs.collision import state_overlaps
from retarget.objective import SHIFT_BOX, Objective

FACING = -0.5
"""Palms face each other where the cosine of their normals is below this."""
STEPS = 4


def back_off(objective: Objective, z: np.ndarray) -> np.ndarray:
    """Variables with the wrists of facing palms moved apart.

    Args:
        objective: Both hands.
        z: (T, N) variables.

    Returns:
        A changed copy; frames whose palms do not face each other are unchanged.
    """
    z = z.copy()
    sides = tuple(objective.hands)
    normal = {}
    for side, state in objective.states(z).items():
        normal[side] = -(state.rotation @ state.model.T_base_hand[:3, 2])
    facing = (normal[sides[0]] * normal[sides[1]]).sum(1) < FACING
    if not facing.any():
        return z
    for _ in range(STEPS):
        depth = np.zeros(objective.frames)
        for met in state_overlaps(objective.states(z), 0.0, within=False):
            np.maximum.at(depth, met.frame, -met.distance)
        depth[~facing] = 0.0
        if depth.max() < 5e-4:
            break
        for side in sides:
            start = objective.joints(side).stop
            shift = z[:, start : start + 3] - 0.5 * depth[:, None] * normal[side]
            z[:, start : start + 3] = np.clip(shift, -SHIFT_BOX, SHIFT_BOX)
    return z
