"""Plain dictionaries ↔ ROS messages, without importing any message package.

Works on whatever has the fields: `handx.streaming` speaks dictionaries shaped like the
messages, rclpy its own classes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

NANOSECONDS = 1_000_000_000


def filled(message: Any, fields: Mapping[str, Any], parts: Mapping[str, type]) -> Any:
    """Set a message's fields from nested dictionaries, and return it.

    Args:
        message: A new message.
        fields: Its fields; one that the message lacks is an error.
        parts: Field → class of the messages in a sequence of messages.
    """
    for name, value in fields.items():
        current = getattr(message, name)
        if isinstance(value, Mapping):
            filled(current, value, parts)
        elif name in parts:
            setattr(message, name, [filled(parts[name](), v, parts) for v in value])
        else:
            setattr(message, name, value)
    return message


def nanoseconds(time: Any) -> int:
    """A Time or Duration message in whole nanoseconds."""
    return int(time.sec) * NANOSECONDS + int(time.nanosec)


def trajectory_fields(message: Any) -> dict[str, Any]:
    """A JointTrajectory message as the dictionary of `handx.streaming.encoders`."""
    return {
        "header": {
            "stamp": _time(message.header.stamp),
            "frame_id": message.header.frame_id,
        },
        "joint_names": list(message.joint_names),
        "points": [
            {
                "positions": list(point.positions),
                "velocities": list(point.velocities),
                "accelerations": list(point.accelerations),
                "effort": list(point.effort),
                "time_from_start": _time(point.time_from_start),
            }
            for point in message.points
        ],
    }


def joint_values(names: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    """Name → value of a JointState's array; empty where it has another length or NaN.

    A JointState may leave any of its arrays out.
    """
    if len(values) != len(names) or not np.isfinite(np.asarray(values, float)).all():
        return {}
    return {name: float(value) for name, value in zip(names, values)}


def _time(time: Any) -> dict[str, int]:
    return {"sec": int(time.sec), "nanosec": int(time.nanosec)}
