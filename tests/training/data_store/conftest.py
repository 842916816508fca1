"""Recordings of the project's own hand model, with the defects a test asks for."""

from types import SimpleNamespace

import numpy as np
import pytest

from handx_gen.hand_model import DEFAULT_SHAPE, finger_points, to_joints
from training.data.raw import RawMotion


def turn(axis, degrees: float) -> np.ndarray:
    """Rotation about an axis (Rodrigues' formula)."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def hands(
    time: np.ndarray, apart: float = 0.3, lift: float = 0.0, roll: float = 0.0
) -> np.ndarray:
    """(T, 2, 21, 3) both hands opening, closing and waving gently, canonical.

    Args:
        time: (T,) [s].
        apart: x of the right wrist minus that of the left; negative is crossed [m].
        lift: Turn of both hands that brings the fingers up [deg].
        roll: Turn of the palms towards each other [deg].
    """
    bent = np.zeros((5, 5))
    bent[1:, [1, 3, 4]] = np.radians([60, 80, 40])
    share = 0.5 - 0.5 * np.cos(2 * np.pi * 0.7 * time)
    points, _ = finger_points(DEFAULT_SHAPE, share[:, None, None] * bent)
    up = turn([1, 0, 0], lift)
    sway = 0.02 * np.sin(2 * np.pi * 0.5 * time)
    out = np.empty((len(time), 2, 21, 3))
    for side, sign in ((0, -1), (1, 1)):
        pose = to_joints(points, np.eye(3), np.zeros(3), side)
        pose = pose @ turn([0, 1, 0], -sign * roll).T @ up.T
        wrist = np.stack([np.full_like(time, sign * apart / 2), sway, 0 * time], -1)
        out[:, side] = pose + wrist[:, None]
    return out


def recording(joints, time, name="take", up=(0.0, 0.0, 1.0), **fields) -> RawMotion:
    """A recording of a "test" source."""
    fields.setdefault("confidence", np.ones((len(time), 2)))
    return RawMotion(
        name=name, source="test", time=time, joints=joints, up=up, **fields
    )


@pytest.fixture
def time() -> np.ndarray:
    """Five seconds at 60 Hz."""
    return np.arange(300) / 60.0


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """The makers above."""
    return SimpleNamespace(hands=hands, recording=recording, turn=turn)
