"""ROS 2 messages as types of cyclonedds, and ROS 2's quality-of-service profiles."""

from functools import cache
from typing import Any

from handx.streaming.ros_messages import type_hash, typestore

LOOPBACK = """<CycloneDDS><Domain>
<General><Interfaces><NetworkInterface name="lo" multicast="false"/></Interfaces>
<AllowMulticast>false</AllowMulticast></General>
<Discovery><ParticipantIndex>auto</ParticipantIndex>
<MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>
<Peers><Peer address="127.0.0.1" PruneDelay="inf"/></Peers>
<SPDPInterval>1s</SPDPInterval></Discovery>
<Internal><GenerateKeyhash>true</GenerateKeyhash></Internal>
</Domain></CycloneDDS>"""
"""Meets ROS nodes of this machine, and nobody outside it.

A node on Fast DDS, ROS 2's default, does not look for others on the loopback unless told
to; it answers whoever finds it there. So this machine's ports are told of us every second
for as long as we live (Cyclone's own habit: every 30 s, and for the first 30 s only). And
Fast DDS overlooks that an endpoint or participant of Cyclone leaves unless the message
carries the hash of its key."""


@cache
def dds_type(type_name: str, distro: str = "jazzy") -> Any:
    """The cyclonedds class of a ROS message, built from its definition.

    Args:
        type_name: "pkg/msg/Type".
        distro: Whose definition.
    """
    return _struct(type_name, distro)


def _struct(type_name: str, distro: str) -> Any:
    from cyclonedds.idl import make_idl_struct, types
    from rosbags.interfaces import Nodetype

    def convert(description: Any) -> Any:
        kind, detail = description
        if kind == Nodetype.NAME:
            return dds_type(detail, distro)
        if kind == Nodetype.SEQUENCE:
            return types.sequence[convert(detail[0])]
        if kind == Nodetype.ARRAY:
            return types.array[convert(detail[0]), detail[1]]
        # ROS 2's `char` is an unsigned byte.
        plain = {"string": str, "bool": bool, "octet": types.byte, "char": types.uint8}
        return plain.get(detail[0]) or getattr(types, detail[0])

    package, _, name = type_name.split("/")
    fields = typestore(distro).fielddefs[type_name][1]
    described = {field: convert(description) for field, description in fields}
    # A struct without fields has one byte on the wire (rosidl's own convention).
    described = described or {"structure_needs_at_least_one_member": types.uint8}
    return make_idl_struct(f"{name}_", f"{package}.msg.dds_.{name}_", described)


@cache
def raw_type(type_name: str, distro: str = "jazzy") -> tuple[Any, Any]:
    """The type for a topic whose samples stay CDR bytes, and the class of a sample.

    The bindings check bytes against the type, and peers compare its name, so it is the
    true type; only reading and writing are passed through.
    """
    struct = _struct(type_name, distro)

    class Sample(struct):
        def __init__(self, data: bytes) -> None:
            self.data = data

        def serialize(self, *_: Any, **__: Any) -> bytes:
            return self.data

    struct.deserialize = classmethod(lambda cls, data, *_, **__: Sample(bytes(data)))
    return struct, Sample


def ros_qos(
    type_name: str, transient: bool = False, depth: int = 10, reliable: bool = True
) -> Any:
    """The QoS of a ROS 2 endpoint: keep last, with its type hash in the user data.

    Args:
        type_name: "pkg/msg/Type".
        transient: Latched: late readers get the last sample.
        depth: Samples kept.
        reliable: ROS 2's default, and needed by a joint_trajectory_controller, which
            never matches a best-effort writer. A reader that is not reliable matches
            both kinds of writer.
    """
    from cyclonedds.qos import Policy, Qos
    from cyclonedds.util import duration

    durability, reliability = Policy.Durability, Policy.Reliability
    return Qos(
        reliability.Reliable(duration(milliseconds=100))
        if reliable
        else reliability.BestEffort,
        durability.TransientLocal if transient else durability.Volatile,
        Policy.History.KeepLast(depth),
        Policy.WriterDataLifecycle(autodispose=False),
        Policy.DataRepresentation(use_cdrv0_representation=True),
        Policy.Userdata(f"typehash={type_hash(type_name)};".encode()),
    )
