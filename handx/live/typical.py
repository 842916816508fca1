"""Where live motion happens in front of a robot with arms: from what hands typically do."""

from functools import lru_cache

import numpy as np

from handx_gen.live import MotionStream
from handx_gen.skeleton import SIDES
from retarget.calibration import calibrate_robot
from retarget.online import OnlineRetargeter
from retarget.online_arms import ArmPlacement, place_arms
from robots.robot import RobotSpec

TEXTS = ("clap twice", "steeple the fingers", "wave with both hands")
"""Hands at rest, pressed together, and raised."""

STRIDE = 5
"""Frames from one pose to the next."""


@lru_cache(maxsize=4)
def live_placement(robot: RobotSpec) -> ArmPlacement:
    """Where a live stream goes in front of a robot with arms; found once.

    Raises:
        RetargetError: The robot lacks a hand, or a body.
    """
    return place_arms(robot, *typical_bases(robot))


def typical_bases(robot: RobotSpec) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (K, 2, 3, 3) and positions (K, 2, 3) [m] of the hands' root links.

    The first is that of a live stream's beginning, in whose world they all are. They are
    drawn by rules, whatever model the stream has: no chance is in it.
    """
    retargeter = OnlineRetargeter(robot, calibrations=calibrate_robot(robot))
    stream = MotionStream("program", lead=1)
    bases = []
    try:
        for text in TEXTS:
            stream.then(text)
        frame = next(stream)
        while True:
            if frame.index % STRIDE == 0:
                command = retargeter.step(frame.joints, frame.index / stream.fps)
                bases.append([command.T_world_base[side] for side in SIDES])
            frame = next(stream)
            if stream.resting:
                break
    finally:
        stream.close()
    T = np.array(bases)
    return T[..., :3, :3], T[..., :3, 3]
