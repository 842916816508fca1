"""Sending a validated trajectory to ROS 2 controllers.

Numpy and the standard library only, on Python 3.10 to 3.14: this is the part a ROS
machine imports. `dds` and `mcap_file` need the extra `stream` and are imported by name.
"""

from handx.streaming.controller_rules import violations
from handx.streaming.encoders import joint_trajectory_message, wire_trajectory
from handx.streaming.errors import NotPassed, StreamError
from handx.streaming.guard import MessageGuard, clear
from handx.streaming.player import Player, PlayResult, SystemClock

__all__ = [
    "MessageGuard",
    "NotPassed",
    "PlayResult",
    "Player",
    "StreamError",
    "SystemClock",
    "clear",
    "joint_trajectory_message",
    "violations",
    "wire_trajectory",
]
