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
STRING = "std_msgs/msg/String"
BOOL = "std_msgs/msg/Bool"
DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
GRAPH = "rmw_dds_common/msg/ParticipantEntitiesInfo"
DISTROS = ("humble", "jazzy")
"""Between them the graph's messages differ (16 instead of 24 bytes in a gid since Iron)."""
_BYTES = {"octet": "uint8", "char": "uint8", "byte": "uint8"}


@cache
def typestore(distro: str = "jazzy") -> "Typestore":
    """The message definitions of a ROS 2 distribution.

    Args:
        distro: One of `DISTROS`. All but the graph's are the same in both.

    Raises:
        MissingExtra: rosbags is not installed.
    """
    try:
        from rosbags.typesys import Stores, get_typestore
    except ImportError as error:
        raise MissingExtra("ROS messages", "stream", "rosbags") from error
    stores = {"humble": Stores.ROS2_HUMBLE, "jazzy": Stores.ROS2_JAZZY}
    return get_typestore(stores[distro])


def build(type_name: str, fields: Message, distro: str = "jazzy") -> Any:
    """A message object of rosbags from nested dictionaries.

    Args:
        type_name: "pkg/msg/Type".
        fields: Every field of the message; sequences of numbers become arrays.
        distro: Whose definition.
    """
    from rosbags.interfaces import Nodetype

    store = typestore(distro)

    def convert(description: Any, value: Any) -> Any:
        kind, detail = description
        if kind == Nodetype.NAME:
            return build(detail, value, distro)
        if kind == Nodetype.BASE:
            return value
        item_kind, item = detail[0]
        if item_kind == Nodetype.NAME:
            return [build(item, entry, distro) for entry in value]
        if item[0] == "string":
            return list(value)
        return np.asarray(value, dtype=_BYTES.get(item[0], item[0]))

    definition = store.fielddefs[type_name][1]
    return store.types[type_name](
        **{name: convert(kind, fields[name]) for name, kind in definition}
    )


def serialize(type_name: str, fields: Message, distro: str = "jazzy") -> bytes:
    """CDR bytes (XCDR1, little endian, with header) of a message."""
    message = build(type_name, fields, distro)
    return bytes(typestore(distro).serialize_cdr(message, type_name))


def deserialize(type_name: str, data: bytes, distro: str = "jazzy") -> Any:
    """The message object of rosbags in CDR bytes."""
    return typestore(distro).deserialize_cdr(data, type_name)


def definition_text(type_name: str) -> str:
    """The message definition with its dependencies, as `ros2msg` schemas carry it."""
    return typestore().generate_msgdef(type_name, ros_version=2)[0]


def type_hash(type_name: str) -> str:
    """The RIHS01 hash that ROS 2 peers compare."""
    return typestore().hash_rihs01(type_name)
