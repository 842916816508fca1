"""A ROS 2 node without ROS: cyclonedds for transport, rosbags for CDR.

What makes DDS traffic ROS 2 traffic, from REP 2011 and rmw_cyclonedds: topic `/a/b` is
DDS topic `rt/a/b`; type `pkg/msg/T` is `pkg::msg::dds_::T_`; XCDR1; the type hash in each
endpoint's user data, the enclave in the participant's; and an entry in the graph topic
`ros_discovery_info`, so that `ros2 node list` shows the node.
"""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from handx.streaming.dds_types import LOOPBACK, raw_type, ros_qos
from handx.streaming.encoders import Message
from handx.streaming.errors import StreamError
from handx.streaming.ros_messages import DISTROS, GRAPH, deserialize, serialize
from handx_gen.errors import MissingExtra

GRAPH_TOPIC = "ros_discovery_info"
HIGHEST_DOMAIN = 101
"""Above this, DDS ports run into the range that systems hand out to others."""
MOST_SAMPLES = 64
"""Samples taken from a reader at once."""


class DdsNode:
    """One ROS 2 node on DDS; use it in a `with` block.

    Args:
        commands: Topic → type of what controllers listen to, e.g.
            "/left_hand_controller/joint_trajectory"; `unheard` is about these.
        reports: Topic → type of what else is published; late readers get the last one.
        listens: Topic → type of what is read, from reliable and best-effort writers.
        domain: ROS_DOMAIN_ID, 0 to 101.
        node: Node name in the ROS graph.
        network: Leave this machine: interfaces and discovery as CYCLONEDDS_URI says, or
            all of them. By default nothing outside the loopback is told or heard.
        distro: "jazzy" (also Iron, Kilted) or "humble": how the graph names entities.

    Raises:
        MissingExtra: cyclonedds or rosbags is not installed.
        StreamError: The domain is out of range, or DDS cannot be opened.
    """

    def __init__(
        self,
        commands: Mapping[str, str],
        reports: Mapping[str, str] | None = None,
        listens: Mapping[str, str] | None = None,
        domain: int = 0,
        node: str = "handx_stream",
        network: bool = False,
        distro: str = "jazzy",
    ) -> None:
        if not 0 <= domain <= HIGHEST_DOMAIN:
            raise StreamError(f"--domain {domain}. Fix: give 0 to {HIGHEST_DOMAIN}")
        if distro not in DISTROS:
            raise StreamError(f"--distro {distro}. Fix: give {' or '.join(DISTROS)}")
        try:
            from cyclonedds.core import DDSException
            from cyclonedds.domain import DomainParticipant
            from cyclonedds.pub import DataWriter
            from cyclonedds.qos import Policy, Qos
            from cyclonedds.topic import Topic
        except ImportError as error:
            raise MissingExtra("Streaming over DDS", "stream", "cyclonedds") from error
        try:
            _open_domain(domain, network)
            self.participant = DomainParticipant(
                domain, qos=Qos(Policy.Userdata(b"enclave=/;"))
            )
        except DDSException as error:
            raise StreamError(
                f"DDS domain {domain} cannot be opened ({error.msg}). "
                "Fix: choose another --domain"
            ) from error
        self._node, self._distro = node, distro

        def topic(name: str, kind: str) -> Any:
            return Topic(self.participant, name, raw_type(kind, distro)[0])

        self._types = {**commands, **(reports or {})}
        self._commands = tuple(commands)
        self._matched: dict[str, set[int]] = {}
        self._writers = {
            name: DataWriter(
                self.participant, topic(f"rt{name}", kind),
                qos=ros_qos(kind, transient=name not in commands),
            )
            for name, kind in {**commands, **(reports or {})}.items()
        }  # fmt: skip
        self._readers: dict[str, list[Any]] = {}
        self._graph = DataWriter(
            self.participant, topic(GRAPH_TOPIC, GRAPH),
            qos=ros_qos(GRAPH, transient=True, depth=1),
        )  # fmt: skip
        self._announce()
        for name, kind in (listens or {}).items():
            self.listen(name, kind)

    def __enter__(self) -> "DdsNode":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._graph_says([])

    def publish(self, topic: str, message: Message) -> None:
        """Send one message, as nested dictionaries, to one of the topics."""
        kind = self._types[topic]
        _, sample = raw_type(kind, self._distro)
        self._writers[topic].write(sample(serialize(kind, message)))

    def take(self, topic: str) -> list[Any]:
        """The messages heard on a topic since the last call, oldest first.

        Bytes that are no message of the type are passed over.
        """
        return [message for _, message in self.take_with_bytes(topic)]

    def take_with_bytes(self, topic: str) -> list[tuple[bytes, Any]]:
        """The same, each with its CDR bytes."""
        kind, found = self._types[topic], []
        for reader in self._readers[topic]:
            for sample in reader.take(N=MOST_SAMPLES):
                if not sample.sample_info.valid_data:
                    continue  # the writer went away
                try:
                    found.append((sample.data, deserialize(kind, sample.data)))
                except (ValueError, IndexError, UnicodeDecodeError):
                    continue
        return found

    def listen(
        self,
        topic: str,
        kind: str,
        reliable: bool = False,
        transient: bool = False,
        depth: int = 10,
    ) -> None:
        """Add a reader, also to a topic that has one.

        A reader that asks for reliable or latched samples hears only writers that offer
        them, so that some topics need two.

        Args:
            topic, kind: ROS topic and type.
            reliable, transient, depth: As for `ros_qos`.
        """
        from cyclonedds.sub import DataReader
        from cyclonedds.topic import Topic

        self._types[topic] = kind
        self._readers.setdefault(topic, []).append(
            DataReader(
                self.participant,
                Topic(self.participant, f"rt{topic}", raw_type(kind, self._distro)[0]),
                qos=ros_qos(kind, transient, depth, reliable),
            )
        )
        self._announce()

    def wait_for_readers(self, seconds: float) -> list[str]:
        """Wait until every command topic has a reader.

        Returns:
            The topics still without one after `seconds`.
        """
        ends = time.monotonic() + seconds
        while (alone := self.unheard()) and time.monotonic() < ends:
            time.sleep(0.02)
        return alone

    def unheard(self) -> list[str]:
        """The command topics that have no reader, or lost one that they had.

        A controller that was restarted is another one, which holds where it woke up.
        """
        alone = []
        for topic in self._commands:
            now = set(self._writers[topic].get_matched_subscriptions())
            if not now or self._matched.get(topic, set()) - now:
                alone.append(topic)
            else:
                self._matched[topic] = now
        return alone

    def accept_readers(self) -> None:
        """Take the readers that are there now for the right ones (before a new start)."""
        self._matched.clear()

    def _announce(self) -> None:
        """Tell the ROS graph what this node reads and writes."""
        readers = [r for readers in self._readers.values() for r in readers]
        self._graph_says([{
            "node_namespace": "/", "node_name": self._node,
            "reader_gid_seq": [self._gid(reader) for reader in readers],
            "writer_gid_seq": [self._gid(w) for w in self._writers.values()],
        }])  # fmt: skip

    def _graph_says(self, nodes: list[Message]) -> None:
        info = {"gid": self._gid(self.participant), "node_entities_info_seq": nodes}
        _, sample = raw_type(GRAPH, self._distro)
        self._graph.write(sample(serialize(GRAPH, info, self._distro)))

    def _gid(self, entity: Any) -> Message:
        """An entity's identity in the ROS graph: 16 bytes, in Humble filled up to 24."""
        size = 24 if self._distro == "humble" else 16
        return {"data": list(entity.get_guid().bytes.ljust(size, b"\0"))}


_opened: dict[int, tuple[bool, Any]] = {}
"""Domain → whether it leaves the machine, and its configuration, which a process has once
for all its nodes."""


def _open_domain(domain: int, network: bool) -> None:
    """Configure a domain before the first participant of this process joins it.

    Raises:
        StreamError: It was opened the other way already.
    """
    from cyclonedds.domain import Domain

    if domain not in _opened:
        _opened[domain] = (network, None if network else Domain(domain, LOOPBACK))
    if _opened[domain][0] != network:
        how = "on the loopback only" if network else "to the network"
        raise StreamError(
            f"domain {domain} is open already, {how}. Fix: use one or the other in a "
            "process"
        )
