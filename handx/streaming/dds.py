"""A ROS 2 publisher without ROS: cyclonedds for transport, rosbags for CDR.

What makes DDS traffic ROS 2 traffic, from REP 2011 and rmw_cyclonedds: topic `/a/b` is
DDS topic `rt/a/b`; type `pkg/msg/T` is `pkg::msg::dds_::T_`; XCDR1; the type hash in the
writer's user data, the enclave in the participant's; and an entry in the graph topic
`ros_discovery_info`, so that `ros2 node list` shows the node.
"""

import time
from collections.abc import Sequence
from functools import cache
from types import TracebackType
from typing import Any

from handx.streaming.encoders import Message
from handx.streaming.errors import StreamError
from handx.streaming.ros_messages import (
    JOINT_TRAJECTORY,
    serialize,
    type_hash,
    typestore,
)
from handx_gen.errors import MissingExtra

GRAPH_TOPIC = "ros_discovery_info"
GRAPH_TYPE = "rmw_dds_common/msg/ParticipantEntitiesInfo"
HIGHEST_DOMAIN = 101
"""Above this, DDS ports run into the range that systems hand out to others."""

_LOOPBACK = """<CycloneDDS><Domain>
<General><Interfaces><NetworkInterface name="lo" multicast="false"/></Interfaces>
<AllowMulticast>false</AllowMulticast></General>
<Discovery><ParticipantIndex>auto</ParticipantIndex>
<MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>
<Peers><Peer address="127.0.0.1"/></Peers></Discovery>
</Domain></CycloneDDS>"""


@cache
def dds_type(type_name: str) -> Any:
    """The cyclonedds class of a ROS message, built from its definition.

    Args:
        type_name: "pkg/msg/Type".
    """
    from cyclonedds.idl import make_idl_struct, types
    from rosbags.interfaces import Nodetype

    def convert(description: Any) -> Any:
        kind, detail = description
        if kind == Nodetype.NAME:
            return dds_type(detail)
        if kind == Nodetype.SEQUENCE:
            return types.sequence[convert(detail[0])]
        if kind == Nodetype.ARRAY:
            return types.array[convert(detail[0]), detail[1]]
        # ROS 2's `char` is an unsigned byte.
        plain = {"string": str, "bool": bool, "octet": types.byte, "char": types.uint8}
        return plain.get(detail[0]) or getattr(types, detail[0])

    package, _, name = type_name.split("/")
    fields = typestore().fielddefs[type_name][1]
    return make_idl_struct(
        f"{name}_",
        f"{package}.msg.dds_.{name}_",
        {field: convert(description) for field, description in fields},
    )


@cache
def _raw_type(type_name: str) -> Any:
    """A sample that is already CDR; the bindings check its bytes against the type."""

    class Raw(dds_type(type_name)):
        def __init__(self, data: bytes) -> None:
            self.data = data

        def serialize(self, *_: Any, **__: Any) -> bytes:
            return self.data

    return Raw


def ros_qos(type_name: str, transient: bool = False, depth: int = 10) -> Any:
    """ROS 2's default QoS: reliable, volatile (or transient local), keep last.

    Reliable, because a best-effort writer never matches a joint_trajectory_controller.
    """
    from cyclonedds.qos import Policy, Qos
    from cyclonedds.util import duration

    durability = Policy.Durability
    return Qos(
        Policy.Reliability.Reliable(duration(milliseconds=100)),
        durability.TransientLocal if transient else durability.Volatile,
        Policy.History.KeepLast(depth),
        Policy.WriterDataLifecycle(autodispose=False),
        Policy.DataRepresentation(use_cdrv0_representation=True),
        Policy.Userdata(f"typehash={type_hash(type_name)};".encode()),
    )


class DdsPublisher:
    """Publishes JointTrajectory messages as one ROS 2 node; use it in a `with` block.

    Args:
        topics: ROS topics, e.g. "/left_hand_controller/joint_trajectory".
        domain: ROS_DOMAIN_ID, 0 to 101.
        node: Node name in the ROS graph.

    Raises:
        MissingExtra: cyclonedds or rosbags is not installed.
        StreamError: The domain is out of range, or DDS cannot use the loopback.
    """

    def __init__(
        self, topics: Sequence[str], domain: int = 0, node: str = "handx_stream"
    ) -> None:
        if not 0 <= domain <= HIGHEST_DOMAIN:
            raise StreamError(f"--domain {domain}. Fix: give 0 to {HIGHEST_DOMAIN}")
        try:
            from cyclonedds.core import DDSException
            from cyclonedds.domain import Domain, DomainParticipant
            from cyclonedds.pub import DataWriter
            from cyclonedds.qos import Policy, Qos
            from cyclonedds.topic import Topic
        except ImportError as error:
            raise MissingExtra("Streaming over DDS", "stream", "cyclonedds") from error
        try:
            self._domain = Domain(domain, _LOOPBACK)
            self._participant = DomainParticipant(
                domain, qos=Qos(Policy.Userdata(b"enclave=/;"))
            )
        except DDSException as error:
            raise StreamError(
                f"DDS domain {domain} cannot be opened on the loopback ({error.msg}). "
                "Fix: choose another --domain"
            ) from error
        self._writers = {
            topic: DataWriter(
                self._participant,
                Topic(self._participant, f"rt{topic}", dds_type(JOINT_TRAJECTORY)),
                qos=ros_qos(JOINT_TRAJECTORY),
            )
            for topic in topics
        }
        self._graph = DataWriter(
            self._participant,
            Topic(self._participant, GRAPH_TOPIC, dds_type(GRAPH_TYPE)),
            qos=ros_qos(GRAPH_TYPE, transient=True, depth=1),
        )
        gids = [_gid(writer) for writer in self._writers.values()]
        self._announce([{
            "node_namespace": "/", "node_name": node,
            "reader_gid_seq": [], "writer_gid_seq": gids,
        }])  # fmt: skip

    def __enter__(self) -> "DdsPublisher":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._announce([])

    def publish(self, topic: str, message: Message) -> None:
        """Send one JointTrajectory message to one of the topics."""
        sample = _raw_type(JOINT_TRAJECTORY)(serialize(JOINT_TRAJECTORY, message))
        self._writers[topic].write(sample)

    def wait_for_readers(self, seconds: float) -> list[str]:
        """Wait until every topic has a reader.

        Returns:
            The topics still without one after `seconds`.
        """
        ends = time.monotonic() + seconds
        while self.unheard() and time.monotonic() < ends:
            time.sleep(0.02)
        return self.unheard()

    def unheard(self) -> list[str]:
        """The topics that have no reader now."""
        return [
            topic
            for topic, writer in self._writers.items()
            if not writer.get_matched_subscriptions()
        ]

    def _announce(self, nodes: list[Message]) -> None:
        """Tell the ROS graph which nodes this participant holds."""
        info = {"gid": _gid(self._participant), "node_entities_info_seq": nodes}
        self._graph.write(_raw_type(GRAPH_TYPE)(serialize(GRAPH_TYPE, info)))


def _gid(entity: Any) -> Message:
    """An entity's identity in the ROS graph (16 bytes since Iron)."""
    return {"data": list(entity.get_guid().bytes)}
