"""Sending motion to ROS 2 controllers.

Numpy and the standard library only, on Python 3.10 to 3.14: this is the part a ROS
machine imports. `dds`, `mcap_file` and `bags` need the extra `stream` and are imported by
name.
"""

from handx.streaming.clock import Clock, SystemClock
from handx.streaming.controller_rules import violations
from handx.streaming.encoders import (
    MESSAGE_TYPES,
    joint_trajectory_message,
    served_controllers,
    topic,
    wire_trajectory,
)
from handx.streaming.errors import ClockSet, NotPassed, QueueFull, StreamError
from handx.streaming.feedback import Supervision
from handx.streaming.guard import clear
from handx.streaming.limits import JointLimits
from handx.streaming.motion_path import MotionPath
from handx.streaming.outlet import Publisher
from handx.streaming.player import Player
from handx.streaming.states import State
from handx.streaming.status import PlayResult, Status

__all__ = [
    "MESSAGE_TYPES",
    "Clock",
    "ClockSet",
    "JointLimits",
    "MotionPath",
    "NotPassed",
    "PlayResult",
    "Player",
    "Publisher",
    "QueueFull",
    "State",
    "Status",
    "StreamError",
    "Supervision",
    "SystemClock",
    "clear",
    "joint_trajectory_message",
    "served_controllers",
    "topic",
    "violations",
    "wire_trajectory",
]
