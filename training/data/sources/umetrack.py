"""Forward kinematics of the UmeTrack hand, from the user profile that HOT3D ships.

A profile is a left hand in millimetres at rest: 22 hinges (four per finger, thumb first,
then two of the wrist) and 21 landmarks that ride on 17 frames. Nothing else is needed to
place the joints: no MANO (facebookresearch/hot3d, `hand_tracking_toolkit`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import JOINT
from training.data.sources import files, orders

HINGES, FRAMES, LANDMARKS = 22, 17, 21
FINGER_HINGES = 4


@dataclass(frozen=True)
class UmeTrackHand:
    """One user's hand.

    Attributes:
        axes: (22, 3) unit axes of the hinges, rest pose.
        centres: (22, 3) their centres [m], in the wrist's frame.
        landmarks: (21, 3) rest positions [m].
        bones: (21, 3) frames, of 17, that each landmark rides on.
        weights: (21, 3) by how much.
    """

    axes: np.ndarray
    centres: np.ndarray
    landmarks: np.ndarray
    bones: np.ndarray
    weights: np.ndarray

    @classmethod
    def load(cls, path: Path) -> "UmeTrackHand":
        """Read `umetrack_hand_user_profile.json`.

        Raises:
            InputError: A field is missing, of another shape or not in millimetres.
        """
        model = files.record(path, "", files.read_json(path), "hand_model")
        model = files.record(
            path, "hand_model", model["hand_model"],
            "joint_rotation_axes", "joint_rest_positions", "landmark_rest_positions",
            "landmark_rest_bone_indices", "landmark_rest_bone_weights",
        )  # fmt: skip

        def field(name: str, rows: int) -> np.ndarray:
            return files.numbers(path, f"hand_model.{name}", model[name], (rows, 3))

        axes = field("joint_rotation_axes", HINGES)
        if np.abs(np.linalg.norm(axes, axis=1) - 1).max() > 1e-2:
            raise InputError(path, "hand_model.joint_rotation_axes", "no unit vectors")
        centres = field("joint_rest_positions", HINGES)
        span = np.linalg.norm(centres, axis=1).max()
        if not 60 <= span <= 300:
            raise InputError(
                path, "hand_model.joint_rest_positions", f"reach to {span:.3g}, a hand "
                "in millimetres reaches to about 160", "give the profile as delivered",
            )  # fmt: skip
        bones = field("landmark_rest_bone_indices", LANDMARKS)
        if not np.isin(bones, np.arange(FRAMES)).all():
            raise InputError(path, "hand_model.landmark_rest_bone_indices", "no index")
        return cls(
            axes / np.linalg.norm(axes, axis=1, keepdims=True),
            centres * 1e-3,
            field("landmark_rest_positions", LANDMARKS) * 1e-3,
            bones.astype(int),
            field("landmark_rest_bone_weights", LANDMARKS),
        )

    def joints(self, angles: np.ndarray) -> np.ndarray:
        """Joints of the left hand in its wrist's frame.

        The thumb's CMC, for which there is no landmark, is the centre of the thumb's
        second hinge: the one that its metacarpal turns about.

        Args:
            angles: (T, 22) [rad].

        Returns:
            (T, 21, 3) [m], HandX order.
        """
        count = len(angles)
        local = _turn_about(self.axes, self.centres, angles)  # (T, 22, 4, 4)
        frames = np.tile(np.eye(4), (count, FRAMES, 1, 1))
        thumb_base = None
        for finger in range(5):
            chain = np.tile(np.eye(4), (count, 1, 1))
            for step in range(FINGER_HINGES):
                hinge = FINGER_HINGES * finger + step
                chain = chain @ local[:, hinge]
                if hinge == 0:
                    thumb_base = chain
                if step:  # the first hinge of a finger carries no landmark
                    frames[:, 2 + 3 * finger + step - 1] = chain
        assert thumb_base is not None
        rest = np.concatenate([self.landmarks, np.ones((LANDMARKS, 1))], 1)
        ridden = np.einsum("tlkij,lj->tlki", frames[:, self.bones], rest)[..., :3]
        landmarks = np.einsum("lk,tlki->tli", self.weights, ridden)
        joints = orders.to_handx(landmarks, orders.UMETRACK)
        cmc = thumb_base[:, :3, :3] @ self.centres[1] + thumb_base[:, :3, 3]
        joints[:, JOINT["thumb_cmc"]] = cmc
        return joints


def _turn_about(
    axes: np.ndarray, centres: np.ndarray, angles: np.ndarray
) -> np.ndarray:
    """(T, J, 4, 4) turns by `angles` (T, J) about lines; Rodrigues' formula."""
    x, y, z = axes.T
    zero = np.zeros_like(x)
    K = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
    sine, cosine = np.sin(angles)[..., None, None], np.cos(angles)[..., None, None]
    out = np.zeros((*angles.shape, 4, 4))
    out[..., :3, :3] = np.eye(3) + sine * K + (1 - cosine) * (K @ K)
    out[..., :3, 3] = centres - np.einsum("tjab,jb->tja", out[..., :3, :3], centres)
    out[..., 3, 3] = 1
    return out
