"""Two hands of fixed bones over time as parameters, and how the joints follow them.

A hand has 31 parameters a frame: where its wrist is (3) [m], how it is turned (3, a
rotation vector from where it was) and its joint angles (25) [rad], all in right-hand
form. Both hands together have 62.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handx_gen.hand_model import (
    LOWER,
    UPPER,
    HandParameters,
    HandShape,
    finger_points,
    fits,
    palm_frame,
    to_joints,
)
from handx_gen.skeleton import CHAIN_INDEX, FINGERS

PARAMETERS = 31
WRIST, TURN, ANGLES = slice(0, 3), slice(3, 6), slice(6, 31)

MIRROR = np.array([-1.0, 1, 1])


def exponential(vector: np.ndarray) -> np.ndarray:
    """Rotation vectors (..., 3) [rad] → matrices (..., 3, 3), after Rodrigues."""
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    k = skew(vector)
    # np.sinc(x) is sin(pi x) / (pi x): smooth at zero.
    first = np.sinc(angle / np.pi)
    second = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    return np.eye(3) + first * k + second * (k @ k)


def logarithm(rotation: np.ndarray) -> np.ndarray:
    """Matrices (..., 3, 3) → rotation vectors (..., 3) [rad], of length up to pi."""
    axis = np.stack(
        [
            rotation[..., 2, 1] - rotation[..., 1, 2],
            rotation[..., 0, 2] - rotation[..., 2, 0],
            rotation[..., 1, 0] - rotation[..., 0, 1],
        ],
        -1,
    )
    sine = np.linalg.norm(axis, axis=-1) / 2
    cosine = (np.trace(rotation, axis1=-2, axis2=-1) - 1) / 2
    angle = np.arctan2(sine, cosine)
    result = axis / np.maximum(2 * sine, 1e-12)[..., None] * angle[..., None]
    half = cosine < -0.999  # near pi the axis is the matrix's own, of eigenvalue one
    if half.any():
        outer = (rotation[half] + np.swapaxes(rotation[half], -1, -2)) / 2 + np.eye(3)
        column = np.linalg.norm(outer, axis=-2).argmax(-1)
        axis_pi = np.take_along_axis(outer, column[:, None, None], -1)[..., 0]
        axis_pi /= np.linalg.norm(axis_pi, axis=-1, keepdims=True)
        sign = np.where((axis_pi * axis[half]).sum(-1) < 0, -1.0, 1.0)
        result[half] = axis_pi * (sign * angle[half])[:, None]
    return result


def skew(v: np.ndarray) -> np.ndarray:
    """Matrices (..., 3, 3) that multiply like the cross product with (..., 3)."""
    matrix = np.zeros((*v.shape, 3))
    matrix[..., 0, 1], matrix[..., 0, 2] = -v[..., 2], v[..., 1]
    matrix[..., 1, 0], matrix[..., 1, 2] = v[..., 2], -v[..., 0]
    matrix[..., 2, 0], matrix[..., 2, 1] = -v[..., 1], v[..., 0]
    return matrix


def palm_turn(joints: np.ndarray) -> np.ndarray:
    """Palms' orientations, (T, 2, 21, 3) → (T, 2, 3, 3) hand → canonical frame.

    +y to the middle knuckle, +z out of the back of the hand, right-handed for both.
    """
    turn = np.stack([palm_frame(joints[:, 0] * MIRROR), palm_frame(joints[:, 1])], 1)
    turn[:, 0] = mirrored(turn[:, 0])
    return turn


def mirrored(rotation: np.ndarray) -> np.ndarray:
    """A left palm's orientation in right-hand form, and back."""
    return rotation * MIRROR * MIRROR[:, None]


def own_palm(shape: HandShape) -> np.ndarray:
    """The palm frame in the hand model's own frame, tilted by the knuckles' arch."""
    flat, _ = finger_points(shape, np.zeros((5, 5)))
    return palm_frame(to_joints(flat, np.eye(3), np.zeros(3), 1))


@dataclass(eq=False)
class Pose:
    """Both hands over F frames; moved in place by the solver.

    Attributes:
        shapes: Bones of the left and the right hand.
        wrist: (F, 2, 3) [m], right-form.
        rotation: (F, 2, 3, 3), right-form.
        angles: (F, 2, 5, 5) [rad].
    """

    shapes: tuple[HandShape, HandShape]
    wrist: np.ndarray
    rotation: np.ndarray
    angles: np.ndarray

    @classmethod
    def of(cls, left: HandParameters, right: HandParameters) -> "Pose":
        """From a fit of each hand."""
        both = (left, right)
        return cls(
            (left.shape, right.shape),
            np.stack([h.wrist for h in both], 1),
            np.stack([h.rotation for h in both], 1),
            np.stack([h.angles for h in both], 1),
        )

    @classmethod
    def fitted(
        cls,
        joints: np.ndarray,
        shapes: tuple[HandShape, HandShape] | None = None,
    ) -> "Pose":
        """The hands nearest to joints (F, 2, 21, 3) [m]; of given bones, or their own."""
        return cls.of(*fits(joints, shapes=shapes))

    @classmethod
    def chained(cls, parts: "Sequence[Pose]") -> "Pose":
        """Parts of the same bones, one after another."""
        return cls(
            parts[0].shapes,
            np.concatenate([p.wrist for p in parts]),
            np.concatenate([p.rotation for p in parts]),
            np.concatenate([p.angles for p in parts]),
        )

    def __len__(self) -> int:
        return len(self.wrist)

    def at(self, frames: np.ndarray) -> "Pose":
        """Some of its frames, as a copy."""
        return Pose(
            self.shapes, self.wrist[frames], self.rotation[frames], self.angles[frames]
        )

    def put(self, frames: np.ndarray, other: "Pose") -> None:
        """Take over another pose at some frames."""
        self.wrist[frames] = other.wrist
        self.rotation[frames] = other.rotation
        self.angles[frames] = other.angles

    def joints(self) -> np.ndarray:
        """(F, 2, 21, 3) [m]."""
        return np.stack(
            [
                to_joints(
                    finger_points(self.shapes[s], self.angles[:, s])[0],
                    self.rotation[:, s], self.wrist[:, s], s,
                )
                for s in (0, 1)
            ],
            1,
        )  # fmt: skip

    def linearised(self) -> tuple[np.ndarray, np.ndarray]:
        """Joints (F, 2, 21, 3) and their derivative (F, 2, 21, 3, 31)."""
        frames = len(self.wrist)
        joints = np.zeros((frames, 2, 21, 3))
        change = np.zeros((frames, 2, 21, 3, PARAMETERS))
        for s in (0, 1):
            rotation = self.rotation[:, s]
            points, inner = finger_points(self.shapes[s], self.angles[:, s], True)
            assert inner is not None
            own = to_joints(points, rotation, self.wrist[:, s], 1)
            change[:, s, ..., WRIST] = np.eye(3)
            change[:, s, ..., TURN] = -skew(own - self.wrist[:, s, None])
            for k, finger in enumerate(FINGERS):
                column = slice(6 + 5 * k, 11 + 5 * k)
                turned = rotation[:, None] @ inner[:, k]
                hand = change[:, s]
                hand[:, CHAIN_INDEX[finger][1:], :, column] = turned
            if s == 0:
                own = own * MIRROR
                change[:, s] *= MIRROR[:, None]
            joints[:, s] = own
        return joints, change

    def step(self, change: np.ndarray) -> None:
        """Move by (F, 2, 31); angles stay within their limits."""
        self.wrist += change[..., WRIST]
        self.rotation = exponential(change[..., TURN]) @ self.rotation
        angles = self.angles + change[..., ANGLES].reshape(self.angles.shape)
        self.angles = np.clip(angles, LOWER, UPPER)

    def minus(self, other: "Pose") -> np.ndarray:
        """The step from `other` to this pose, (F, 2, 31)."""
        turn = logarithm(self.rotation @ other.rotation.swapaxes(-1, -2))
        angles = (self.angles - other.angles).reshape(*self.wrist.shape[:2], 25)
        return np.concatenate([self.wrist - other.wrist, turn, angles], -1)
