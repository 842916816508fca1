"""Robot hands as data: `load_robot("shadow")` → `RobotSpec` of two `HandSpec`."""

from robots.errors import RobotError
from robots.hand import Box, Capsule, Finger, Gains, HandSpec, Mimic
from robots.registry import load_robot, robot_names
from robots.robot import ControllerSpec, RobotSpec

__all__ = [
    "Box",
    "Capsule",
    "ControllerSpec",
    "Finger",
    "Gains",
    "HandSpec",
    "Mimic",
    "RobotError",
    "RobotSpec",
    "load_robot",
    "robot_names",
]
