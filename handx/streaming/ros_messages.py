"""ROS 2 message definitions and CDR without a ROS installation (rosbags)."""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from handx.streaming.encoders import Message
from handx_gen.errors import MissingExtra

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

JOINT_TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"
JOINT_STATE = "sensor_msgs/msg/JointState"
_BYTES = {"octet": "uint8", "char": "uint8", "byte": "uint8"}


@cache
def typestore() -> "Typestore":
    """The message definitions of ROS 2 Jazzy (those used here are the same since Humble).

    Raises:
        MissingExtra: rosbags is not installed.
    """
    try:
        from rosbags.typesys import Stores, get_typestore
    except ImportError as error:
        raise MissingExtra("ROS messages", "stream", "rosbags") from error
    return get_typestore(Stores.ROS2_JAZZY)


def build(type_name: str, fields: Message) -> Any:
    """A message object of rosbags from nested dictionaries.

    Args:
        type_name: "pkg/msg/Type".
        fields: Every field of the message; sequences of numbers become arrays.
    """
    from rosbags.interfaces import Nodetype

    store = typestore()

    def convert(description: Any, value: Any) -> Any:
        kind, detail = description
        if kind == Nodetype.NAME:
            return build(detail, value)
        if kind == Nodetype.BASE:
            return value
        item_kind, item = detail[0]
        if item_kind == Nodetype.NAME:
            return [build(item, entry) for entry in value]
        if item[0] == "string":
            return list(value)
        return np.asarray(value, dtype=_BYTES.get(item[0], item[0]))

    definition = store.fielddefs[type_name][1]
    return store.types[type_name](
        **{name: convert(kind, fields[name]) for name, kind in definition}
    )


def serialize(type_name: str, fields: Message) -> bytes:
    """CDR bytes (XCDR1, little endian, with header) of a message."""
    return bytes(typestore().serialize_cdr(build(type_name, fields), type_name))


def definition_text(type_name: str) -> str:
    """The message definition with its dependencies, as `ros2msg` schemas carry it."""
    return typestore().generate_msgdef(type_name, ros_version=2)[0]


def type_hash(type_name: str) -> str:
    """The RIHS01 hash that ROS 2 peers compare."""
    return typestore().hash_rihs01(type_name)
