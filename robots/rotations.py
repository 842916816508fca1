"""Rotations as a URDF writes them."""

import math
from collections.abc import Sequence

import numpy as np


def about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation by `angle` [rad] about a unit axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def from_rpy(rpy: Sequence[float] | np.ndarray) -> np.ndarray:
    """URDF's roll, pitch, yaw [rad] about fixed axes → rotation."""
    roll, pitch, yaw = rpy
    ex, ey, ez = np.eye(3)
    return about(ez, yaw) @ about(ey, pitch) @ about(ex, roll)


def to_rpy(rotation: np.ndarray) -> tuple[float, float, float]:
    """Rotation → roll, pitch, yaw [rad]; roll 0 where pitch is ±90°."""
    pitch = math.asin(float(np.clip(-rotation[2, 0], -1, 1)))
    if abs(rotation[2, 0]) > 1 - 1e-12:
        yaw = math.atan2(-rotation[0, 1], rotation[1, 1])
        return 0.0, pitch, yaw
    roll = math.atan2(rotation[2, 1], rotation[2, 2])
    return roll, pitch, math.atan2(rotation[1, 0], rotation[0, 0])
