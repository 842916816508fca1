"""`Recorder`: hears every topic on a DDS domain and writes what it hears to a bag."""

from typing import Any

from handx.streaming.bags import BagWriter
from handx.streaming.dds import DdsNode
from handx.streaming.ros_messages import typestore

DEPTH = 1000
"""Samples that may wait to be written, per topic."""


class Recorder:
    """Finds topics by itself; use `listen` and `write` in a loop.

    Args:
        node: Without commands or reports.
        bag: Where it goes.
        topics: Only these; empty for all.

    Attributes:
        unknown: Topic → type of topics whose type is not known here.
    """

    def __init__(self, node: DdsNode, bag: BagWriter, topics: tuple[str, ...]) -> None:
        from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsPublication

        self.node, self.bag, self.topics = node, bag, topics
        self.kinds: dict[str, str] = {}
        self.unknown: dict[str, str] = {}
        self._found = BuiltinDataReader(node.participant, BuiltinTopicDcpsPublication)

    def listen(self) -> None:
        """Add a reader for every topic that was announced since the last call."""
        for writer in self._found.take(N=100):
            name, kind = ros_name(writer.topic_name), ros_type(writer.type_name)
            known = name in self.kinds or name in self.unknown
            if not name or known or (self.topics and name not in self.topics):
                continue
            if kind not in typestore().fielddefs:
                self.unknown[name] = kind
                continue
            self.kinds[name] = kind
            reliable, latched = _offered(writer.qos)
            self.node.listen(name, kind, reliable, latched, DEPTH)

    def write(self, now: int) -> int:
        """Write what was heard; returns how many messages.

        Args:
            now: Time of receipt [ns].
        """
        count = 0
        for name, kind in self.kinds.items():
            for data, _ in self.node.take_with_bytes(name):
                self.bag.write(name, kind, now, data)
                count += 1
        return count


def ros_name(dds_topic: str) -> str:
    """From "rt/a/b" to "/a/b"; "" for what is no ROS topic (services, the graph)."""
    return dds_topic[2:] if dds_topic.startswith("rt/") else ""


def ros_type(dds_type: str) -> str:
    """From "pkg::msg::dds_::T_" to "pkg/msg/T"."""
    parts = dds_type.replace("::", ".").split(".")
    if len(parts) != 4 or parts[2] != "dds_":
        return dds_type
    return f"{parts[0]}/{parts[1]}/{parts[3].removesuffix('_')}"


def _offered(qos: Any) -> tuple[bool, bool]:
    """Whether a writer is reliable and whether it latches."""
    from cyclonedds.qos import Policy

    return (
        isinstance(qos[Policy.Reliability], Policy.Reliability.Reliable),
        qos[Policy.Durability] == Policy.Durability.TransientLocal,
    )
