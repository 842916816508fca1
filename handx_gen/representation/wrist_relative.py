"""Wrist position plus joints relative to the wrist: 63 numbers per hand and frame.

The map from (T, 2, 21, 3) joints is linear and exactly invertible. Three choices:

- *Wrist-relative articulation*: the noise on the fingers is measured against the fingers,
  not against the wrist's path.
- *One hand form*: the left hand is mirrored at x = 0, so that one network with shared
  weights sees right hands only.
- *One standard deviation for the wrist and one for the articulation*: a standard
  deviation per feature would give each bone another unit per axis and distort the hand.

The *centre* of a clip, subtracted from both wrists, is the mean over time of the midpoint
between the wrists.

Every function takes numpy arrays and torch tensors alike, with any leading axes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

FEATURES = 63
"""Wrist x, y, z, then the 20 other joints minus the wrist, in `JOINTS` order."""

SMALLEST_STD = 1e-3
"""A scale below this [m] would only blow up rounding errors of motionless clips."""

Array = Any  # numpy array or torch tensor


def _copy(array: Array) -> Array:
    return array.clone() if hasattr(array, "clone") else array.copy()


def to_features(joints: Array) -> tuple[Array, Array]:
    """Joints → features and centre.

    Args:
        joints: (..., T, 2, 21, 3) [m], canonical frame.

    Returns:
        Features (..., 2, T, 63) [m], both hands in right-hand form, and the centre
        (..., 3) [m].
    """
    wrist = joints[..., 0, :]  # (..., T, 2, 3)
    centre = wrist.mean(-2).mean(-2)
    features = joints - wrist[..., None, :]
    features[..., 0, :] = wrist - centre[..., None, None, :]
    features[..., 0, :, 0] *= -1
    features = features.swapaxes(-3, -4)
    return features.reshape(*features.shape[:-2], FEATURES), centre


def from_features(features: Array, centre: Array) -> Array:
    """The inverse of `to_features`.

    Args:
        features: (..., 2, T, 63) [m].
        centre: (..., 3) [m].

    Returns:
        Joints (..., T, 2, 21, 3) [m].
    """
    joints = features.reshape(*features.shape[:-1], 21, 3)
    joints = _copy(joints.swapaxes(-3, -4))
    joints[..., 0, :, 0] *= -1
    wrist = joints[..., 0, :] + centre[..., None, None, :]
    joints = joints + wrist[..., None, :]
    joints[..., 0, :] = wrist
    return joints


@dataclass(frozen=True)
class WristRelative:
    """Features brought to zero mean and unit scale.

    Attributes:
        mean: 63 numbers [m]: the mean hand in right-hand form and the mean offset of the
            right wrist from the centre.
        wrist_std: Scale of the three wrist features [m].
        articulation_std: Scale of the 60 articulation features [m].
    """

    mean: tuple[float, ...]
    wrist_std: float
    articulation_std: float

    @classmethod
    def fit(cls, joints: np.ndarray) -> "WristRelative":
        """Statistics of clips, (N, T, 2, 21, 3) [m]."""
        features, _ = to_features(np.asarray(joints, np.float64))
        mean = features.mean((0, 1, 2))
        deviation = features - mean
        return cls(
            tuple(float(m) for m in mean),
            max(float(deviation[..., :3].std()), SMALLEST_STD),
            max(float(deviation[..., 3:].std()), SMALLEST_STD),
        )

    def _scale(self, like: Array) -> tuple[Array, Array]:
        mean = np.asarray(self.mean, np.float32)
        std = np.repeat([self.wrist_std, self.articulation_std], (3, FEATURES - 3))
        std = std.astype(np.float32)
        if hasattr(like, "new_tensor"):
            return like.new_tensor(mean), like.new_tensor(std)
        return mean, std

    def pack(self, joints: Array) -> tuple[Array, Array]:
        """Joints (..., T, 2, 21, 3) [m] → x (..., 2, T, 63) and centre (..., 3) [m]."""
        features, centre = to_features(joints)
        mean, std = self._scale(features)
        return (features - mean) / std, centre

    def unpack(self, x: Array, centre: Array | None = None) -> Array:
        """X (..., 2, T, 63) → joints (..., T, 2, 21, 3) [m].

        Args:
            x: Normalised features.
            centre: (..., 3) [m]; None puts it at the origin.
        """
        mean, std = self._scale(x)
        if centre is None:
            centre = x[..., 0, 0, :3] * 0
        return from_features(x * std + mean, centre)
