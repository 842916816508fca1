"""The paper's representation: 42 joints × (x, y, z, rotation scalar), 168 per frame.

Joints run left hand first, each in `skeleton.JOINTS` order. Positions are relative to the
clip's centre (mean over time of the midpoint between the wrists), every one of the 168
numbers is brought to zero mean and unit variance by its own statistics, and only the
positions are read on the way back: the scalars are a redundant description of them.

The *rotation scalar* of a finger's inner joint is the angle between its two bones in the
plane of wrist→middle knuckle and the palm's normal [HandX supplement C and released
code]. The wrist and the tips have 0. The released code subtracts two arctangents and
leaves the difference in (−2π, 2π), so that a finger which curls past the branch cut jumps
by a full turn; here it is the principal value in (−π, π]. Statistics and weights of the
released checkpoints were made with the former: `official_wrapping=True` gives it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import CHAIN_INDEX, JOINT

CHANNELS = 4
"""x, y, z [m] and the rotation scalar [rad] of each joint."""

FEATURES = 2 * 21 * CHANNELS

SMALLEST_STD = 1e-4
"""A feature that varies less is left at its own scale, as in the released code."""

Array = Any  # numpy array or torch tensor


def rotation_scalars(joints: np.ndarray, official_wrapping: bool = False) -> np.ndarray:
    """The rotation scalar of every joint.

    Args:
        joints: (..., 2, 21, 3) [m].
        official_wrapping: Leave the difference of the two angles as it is.

    Returns:
        (..., 2, 21) [rad], positive where a finger bends towards the palm.

    Raises:
        InputError: The knuckles of index and middle finger are in line with the wrist.
    """
    joints = np.asarray(joints, float)
    wrist = joints[..., 0, :]
    x = joints[..., JOINT["middle_mcp"], :] - wrist
    z = np.cross(x, joints[..., JOINT["index_mcp"], :] - wrist)
    lengths = np.linalg.norm(x, axis=-1), np.linalg.norm(z, axis=-1)
    if not min(length.min(initial=1.0) for length in lengths) > 1e-10:
        raise InputError(
            "motion", "joints", "a hand whose wrist and knuckles are in one line",
            "repair or leave out these frames",
        )  # fmt: skip
    x, z = x / lengths[0][..., None], z / lengths[1][..., None]
    result = np.zeros(joints.shape[:-1])
    for chain in CHAIN_INDEX.values():
        bones = np.diff(joints[..., chain, :], axis=-2)
        along = (bones * x[..., None, :]).sum(-1)
        normal = (bones * z[..., None, :]).sum(-1)
        difference = np.diff(np.arctan2(normal, along), axis=-1)
        result[..., chain[1:-1]] = difference
    result[..., 1, :] *= -1
    if official_wrapping:
        return result
    return np.pi - np.mod(np.pi - result, 2 * np.pi)


def to_features(
    joints: np.ndarray, official_wrapping: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Joints → features and centre.

    Args:
        joints: (..., T, 2, 21, 3) [m], canonical frame.
        official_wrapping: See `rotation_scalars`.

    Returns:
        Features (..., T, 168) and the centre (..., 3) [m].
    """
    centre = joints[..., 0, :].mean(-2).mean(-2)
    positions = joints - centre[..., None, None, None, :]
    scalars = rotation_scalars(joints, official_wrapping).astype(positions.dtype)
    features = np.concatenate([positions, scalars[..., None]], -1)
    return features.reshape(*features.shape[:-3], FEATURES), centre


def from_features(features: Array, centre: Array | None = None) -> Array:
    """Positions of (..., T, 168) features as joints (..., T, 2, 21, 3) [m].

    Args:
        features: numpy array or torch tensor.
        centre: (..., 3) [m]; None puts it at the origin.
    """
    joints = features.reshape(*features.shape[:-1], 2, 21, CHANNELS)[..., :3]
    return joints if centre is None else joints + centre[..., None, None, None, :]


@dataclass(frozen=True)
class Handx168:
    """Features brought to zero mean and unit variance, each by itself.

    Attributes:
        mean: 168 numbers, [m] and [rad].
        std: 168 numbers, same units.
        official_wrapping: How the rotation scalars were made.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    official_wrapping: bool = False

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            values = np.asarray(getattr(self, name), float)
            positive = name == "mean" or (values > 0).all()
            if values.shape != (FEATURES,) or not np.isfinite(values).all():
                raise InputError(
                    "normalisation", name, f"shape {values.shape}, or not finite",
                    f"give {FEATURES} finite numbers",
                )  # fmt: skip
            if not positive:
                raise InputError("normalisation", name, "a scale is not positive")
            object.__setattr__(self, name, tuple(values.tolist()))

    @classmethod
    def fit(cls, joints: np.ndarray, official_wrapping: bool = False) -> "Handx168":
        """Statistics of clips, (N, T, 2, 21, 3) [m]."""
        features, _ = to_features(np.asarray(joints, float), official_wrapping)
        rows = features.reshape(-1, FEATURES)
        std = rows.std(0)
        std[std < SMALLEST_STD] = 1.0
        return cls(tuple(rows.mean(0)), tuple(std), official_wrapping)

    def pack(self, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Joints (..., T, 2, 21, 3) [m] → x (..., T, 168) and centre (..., 3) [m]."""
        features, centre = to_features(joints, self.official_wrapping)
        mean, std = np.asarray(self.mean), np.asarray(self.std)
        return ((features - mean) / std).astype(np.float32), centre

    def unpack(self, x: Array, centre: Array | None = None) -> Array:
        """Features (..., T, 168) → joints (..., T, 2, 21, 3) [m]; torch in, torch out."""
        mean, std = np.asarray(self.mean), np.asarray(self.std)
        if hasattr(x, "new_tensor"):
            mean, std = x.new_tensor(self.mean), x.new_tensor(self.std)
        return from_features(x * std + mean, centre)
