"""`HandState`: one hand in world, for all frames, at given solver variables.

The variables of a hand are its free joints and a correction of its wrist: a shift of the
hand frame's origin [m] and a rotation vector [rad] about it, both in world axes.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from retarget import rotations
from retarget.configuration import HandModel, HandPose, Points

WRIST = 6
"""Variables of the wrist correction: 3 of position, 3 of rotation."""


@dataclass(frozen=True, eq=False)
class NominalBase:
    """Where the hand would be without corrections.

    Attributes:
        rotation: (T, 3, 3) of the root link in world.
        wrist: (T, 3) origin of the hand frame in world [m].
    """

    rotation: np.ndarray
    wrist: np.ndarray

    def position(self, model: HandModel) -> np.ndarray:
        """(T, 3) origin of the root link in world [m]."""
        return self.wrist - self.rotation @ model.T_base_hand[:3, 3]


class HandState:
    """Kinematics of one hand at variables z (T, m + 6)."""

    def __init__(self, model: HandModel, nominal: NominalBase, z: np.ndarray) -> None:
        count = len(model.free)
        self.model = model
        self.free, shift, turn = z[:, :count], z[:, count : count + 3], z[:, -3:]
        self.pose: HandPose = model.forward(self.free)
        self.rotation = rotations.exp(turn) @ nominal.rotation
        self.wrist = nominal.wrist + shift
        self.position = self.wrist - self.rotation @ model.T_base_hand[:3, 3]
        self._turn = turn

    @cached_property
    def _turn_jacobian(self) -> np.ndarray:
        return rotations.left_jacobian(self._turn)

    def to_world(self, located: np.ndarray) -> np.ndarray:
        """Points (T, K, 3) from the root frame into world [m]."""
        return located @ self.rotation.swapaxes(1, 2) + self.position[:, None]

    def jacobian(
        self, points: Points, located: np.ndarray, world: np.ndarray
    ) -> np.ndarray:
        """∂x/∂z of points in world, (T, K, 3, m + 6).

        Args:
            points: K points.
            located, world: (T, K, 3) the points in the root frame and in world [m].
        """
        joints = self.model.jacobian(self.pose, points.body, located)
        shift = np.broadcast_to(np.eye(3), (*world.shape, 3))
        arm = world - self.wrist[:, None]
        turn = -rotations.skew(arm) @ self._turn_jacobian[:, None]
        return np.concatenate([self.rotation[:, None] @ joints, shift, turn], axis=-1)

    def row_jacobian(
        self, frame: np.ndarray, body: np.ndarray, point: np.ndarray, normal: np.ndarray
    ) -> np.ndarray:
        """N · ∂x/∂z of A points given in world, (A, m + 6)."""
        rotation = self.rotation[frame]
        local = np.einsum("aij,ai->aj", rotation, point - self.position[frame])
        direction = np.einsum("aij,ai->aj", rotation, normal)
        joints = self.model.row_jacobian(self.pose, frame, body, local, direction)
        moment = np.cross(
            point - self.wrist[frame], normal
        )  # n · (ω × r) = ω · (r × n)
        turn = np.einsum("ai,aij->aj", moment, self._turn_jacobian[frame])
        return np.concatenate([joints, normal, turn], 1)
