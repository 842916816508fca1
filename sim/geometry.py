"""Geometry and limits that checks and figures share."""

import numpy as np

from handx_gen.skeleton import FINGERS
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.rollout import Rollout


def targets_at(trajectory: BimanualTrajectory, time: np.ndarray) -> np.ndarray:
    """(Q, 2, 5, 3) fingertip targets at other times, linear in between [m]."""
    known = trajectory.time_from_start
    flat = trajectory.tip_targets.reshape(len(known), -1)
    columns = [np.interp(time, known, column) for column in flat.T]
    return np.stack(columns, 1).reshape(len(time), *trajectory.tip_targets.shape[1:])


def in_base(pose: np.ndarray, points: np.ndarray) -> np.ndarray:
    """World points (T, n, 3) in the frames `pose` (T, 7) wxyz_xyz."""
    w, v = pose[:, None, :1], -pose[:, None, 1:4]
    offset = points - pose[:, None, 4:]
    turned = 2 * np.cross(v, offset)
    return offset + w * turned + np.cross(v, turned)


def angle_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angle [rad] between (T, 4) unit quaternions, by the arcsine, exact near zero."""
    sign = np.where((a * b).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    return 4 * np.arcsin(np.minimum(np.linalg.norm(a - sign * b, axis=-1) / 2, 1.0))


def limits(
    rollout: Rollout, robot: RobotSpec
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(J,) lower, upper, velocity and effort limits in the rollout's joint order."""
    rows = {
        name: (
            hand.lower[i],
            hand.upper[i],
            hand.velocity_limit[i],
            hand.effort_limit[i],
        )
        for hand in robot.chains
        for i, name in enumerate(hand.wire_names)
    }
    table = np.array([rows[name] for name in rollout.joint_names])
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3]


def fingers(robot: RobotSpec, side: str) -> list[int]:
    """Indices in `FINGERS` of the fingers this hand has."""
    return [i for i, name in enumerate(FINGERS) if name in robot.hands[side].fingers]
