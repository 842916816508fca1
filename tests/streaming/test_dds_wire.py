"""What ROS peers compare on the wire: names, hashes, QoS, the graph, the bytes."""

import socket
import struct
import time

import numpy as np
import pytest

from handx.streaming.dds import DdsNode
from handx.streaming.dds_types import dds_type, raw_type, ros_qos
from handx.streaming.encoders import ros_time, whole_trajectory_messages
from handx.streaming.ros_messages import (
    BOOL,
    DIAGNOSTICS,
    GRAPH,
    JOINT_STATE,
    JOINT_TRAJECTORY,
    STRING,
    deserialize,
    serialize,
    type_hash,
)
from handx.streaming.states import State
from handx.streaming.status import Status, diagnostics_message, status_message

HASHES = {
    JOINT_TRAJECTORY:
        "RIHS01_179b33eba59d676f6d967ac71fe35e7ca2f64b2f3928f4a018cec115e213796e",
    JOINT_STATE:
        "RIHS01_a13ee3a330e346c9d87b5aa18d24e11690752bd33a0350f11c5882bc9179260e",
}  # fmt: skip
"""As real `ros2 topic info -v` prints them."""


class Cdr:
    """CDR by hand, after the OMG's table: XCDR1, little endian, aligned to the body."""

    def __init__(self):
        self.body = b""

    def number(self, code, value):
        size = struct.calcsize(code)
        self.body += b"\0" * (-len(self.body) % size) + struct.pack("<" + code, value)

    def text(self, value):
        data = value.encode() + b"\0"
        self.number("I", len(data))
        self.body += data

    def numbers(self, code, values):
        self.number("I", len(values))
        for value in values:
            self.number(code, value)

    def header(self, header):
        self.number("i", header["stamp"]["sec"])
        self.number("I", header["stamp"]["nanosec"])
        self.text(header["frame_id"])

    def texts(self, values):
        self.number("I", len(values))
        for value in values:
            self.text(value)

    def bytes(self):
        return b"\x00\x01\x00\x00" + self.body


def trajectory_by_hand(message):
    cdr = Cdr()
    cdr.header(message["header"])
    cdr.texts(message["joint_names"])
    cdr.number("I", len(message["points"]))
    for point in message["points"]:
        for field in ("positions", "velocities", "accelerations", "effort"):
            cdr.numbers("d", point[field])
        cdr.number("i", point["time_from_start"]["sec"])
        cdr.number("I", point["time_from_start"]["nanosec"])
    return cdr.bytes()


def state_by_hand(message):
    cdr = Cdr()
    cdr.header(message["header"])
    cdr.texts(message["name"])
    for field in ("position", "velocity", "effort"):
        cdr.numbers("d", message[field])
    return cdr.bytes()


def joint_state(frame="world"):
    return {
        "header": {"stamp": ros_time(3_000_000_007), "frame_id": frame},
        "name": ["a", "bc", "def"], "position": [0.1, 1 / 3, -2.0],
        "velocity": [1.0], "effort": [],
    }  # fmt: skip


@pytest.mark.parametrize("frame", ["", "w", "world", "a longer frame"])
def test_bytes_equal_those_of_a_writer_by_hand(shadow, make, frame):
    for message in whole_trajectory_messages(make[0](shadow), shadow, 7).values():
        message["header"]["frame_id"] = frame
        data = serialize(JOINT_TRAJECTORY, message)
        assert data.rstrip(b"\0") == trajectory_by_hand(message).rstrip(b"\0")
    state = joint_state(frame)
    data = serialize(JOINT_STATE, state)
    assert data.rstrip(b"\0") == state_by_hand(state).rstrip(b"\0")


@pytest.mark.parametrize("distro", ["jazzy", "humble"])
@pytest.mark.parametrize("kind", [JOINT_STATE, DIAGNOSTICS, STRING, BOOL, GRAPH])
def test_two_libraries_agree_on_every_type_we_use(kind, distro):
    gid = {"data": list(range(24 if distro == "humble" else 16))}
    status = Status(State.HOLD, "because", 0.5, 1.25, 0.0, 0.1)
    fields = {
        JOINT_STATE: joint_state(),
        DIAGNOSTICS: diagnostics_message(status, "node", 10**18 + 5),
        STRING: status_message(status),
        BOOL: {"data": True},
        GRAPH: {"gid": gid, "node_entities_info_seq": [
            {"node_namespace": "/", "node_name": "n", "reader_gid_seq": [gid],
             "writer_gid_seq": [gid, gid]}]},
    }[kind]  # fmt: skip
    data = serialize(kind, fields, distro)
    sample = dds_type(kind, distro).deserialize(data)
    assert sample.serialize(use_version_2=False).rstrip(b"\0") == data.rstrip(b"\0")


@pytest.mark.parametrize("kind", HASHES)
def test_type_hashes_are_those_of_real_ros(kind):
    assert type_hash(kind) == HASHES[kind]


@pytest.fixture
def peer(domain):
    """A participant of this test's own on the same domain."""
    with DdsNode({}, domain=domain, node="peer") as node:
        yield node.participant


def found_endpoints(peer, builtin, count, seconds=20):
    """topic → endpoints announced by others."""
    from cyclonedds.builtin import BuiltinDataReader

    reader, found = BuiltinDataReader(peer, builtin), {}
    ends = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < ends:
        for endpoint in reader.take(N=100):
            found.setdefault(endpoint.topic_name, []).append(endpoint)
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("distro", ["jazzy", "humble"])
def test_the_node_is_in_the_graph_with_its_endpoints(peer, domain, distro):
    """What `ros2 node list`, `ros2 node info` and `ros2 topic info -v` are made of."""
    from cyclonedds.builtin import (
        BuiltinTopicDcpsPublication,
        BuiltinTopicDcpsSubscription,
    )
    from cyclonedds.qos import Policy
    from cyclonedds.sub import DataReader
    from cyclonedds.topic import Topic

    struct_type, _ = raw_type(GRAPH, distro)
    graph = DataReader(
        peer, Topic(peer, "ros_discovery_info", struct_type),
        qos=ros_qos(GRAPH, transient=True),
    )  # fmt: skip
    with DdsNode(
        {"/c/joint_trajectory": JOINT_TRAJECTORY}, {"/n/status": STRING},
        {"/joint_states": JOINT_STATE}, domain, "a_node", distro=distro,
    ):  # fmt: skip
        writers = found_endpoints(peer, BuiltinTopicDcpsPublication, 3)
        readers = found_endpoints(peer, BuiltinTopicDcpsSubscription, 2)
        info, ends = None, time.monotonic() + 20
        while time.monotonic() < ends:
            for sample in graph.take(N=10):
                if sample.sample_info.valid_data:
                    info = deserialize(GRAPH, sample.data, distro)
            if info and info.node_entities_info_seq[0].reader_gid_seq:
                break
            time.sleep(0.02)
    (writer,) = writers["rt/c/joint_trajectory"]
    assert writer.type_name == "trajectory_msgs::msg::dds_::JointTrajectory_"
    user = bytes(writer.qos[Policy.Userdata].data).decode()
    assert user == f"typehash={HASHES[JOINT_TRAJECTORY]};"
    assert isinstance(writer.qos[Policy.Reliability], Policy.Reliability.Reliable)
    assert writer.qos[Policy.Durability] == Policy.Durability.Volatile
    (latched,) = writers["rt/n/status"]
    assert latched.type_name == "std_msgs::msg::dds_::String_"
    assert latched.qos[Policy.Durability] == Policy.Durability.TransientLocal
    (reader,) = readers["rt/joint_states"]
    assert reader.type_name == "sensor_msgs::msg::dds_::JointState_"
    assert reader.qos[Policy.Reliability] == Policy.Reliability.BestEffort
    node = info.node_entities_info_seq[0]
    assert (node.node_namespace, node.node_name) == ("/", "a_node")
    size = {"humble": 24, "jazzy": 16}[distro]
    gids = [bytes(bytearray(g.data)) for g in node.writer_gid_seq]
    assert {len(gid) for gid in gids} == {size}
    assert {gid[:16] for gid in gids} == {writer.key.bytes, latched.key.bytes}
    assert [bytes(bytearray(g.data))[:16] for g in node.reader_gid_seq] == [
        reader.key.bytes
    ]


MATRIX = [
    # the reader: reliable, latched  → matches our command writer, our status writer
    (True, False, True, True),
    (False, False, True, True),
    (True, True, False, True),
    (False, True, False, True),
]


@pytest.mark.parametrize(("reliable", "latched", "command", "status"), MATRIX)
def test_readers_that_match(peer, domain, reliable, latched, command, status):
    from cyclonedds.sub import DataReader
    from cyclonedds.topic import Topic

    wanted = {"/c": (JOINT_TRAJECTORY, command), "/s": (STRING, status)}
    readers = {
        name: DataReader(
            peer, Topic(peer, f"rt{name}", dds_type(kind)),
            qos=ros_qos(kind, latched, 10, reliable),
        )
        for name, (kind, _) in wanted.items()
    }  # fmt: skip
    with DdsNode({"/c": JOINT_TRAJECTORY}, {"/s": STRING}, domain=domain):
        ends = time.monotonic() + 15
        while time.monotonic() < ends and not readers["/s"].get_matched_publications():
            time.sleep(0.02)
        time.sleep(0.3)
        for name, (_, expected) in wanted.items():
            assert bool(readers[name].get_matched_publications()) is expected


@pytest.mark.parametrize("reliable", [True, False])
@pytest.mark.parametrize("latched", [True, False])
def test_writers_of_every_kind_are_heard(peer, domain, reliable, latched):
    """/joint_states from reliable and best-effort drivers; sizes and values as sent."""
    from cyclonedds.pub import DataWriter
    from cyclonedds.topic import Topic

    struct_type, sample = raw_type(JOINT_STATE)
    writer = DataWriter(
        peer, Topic(peer, "rt/joint_states", struct_type),
        qos=ros_qos(JOINT_STATE, latched, 10, reliable),
    )  # fmt: skip
    with DdsNode({}, {}, {"/joint_states": JOINT_STATE}, domain) as node:
        heard, ends = [], time.monotonic() + 20
        while not heard and time.monotonic() < ends:
            writer.write(sample(serialize(JOINT_STATE, joint_state())))
            time.sleep(0.02)
            heard = node.take("/joint_states")
    assert heard
    assert list(heard[0].name) == ["a", "bc", "def"]
    np.testing.assert_array_equal(heard[0].position, [0.1, 1 / 3, -2.0])


def test_another_domain_hears_nothing(domain):
    other = domain + 1
    with (
        DdsNode({"/c": STRING}, domain=domain) as one,
        DdsNode({}, {}, {"/c": STRING}, other) as two,
    ):
        for _ in range(20):
            one.publish("/c", {"data": "x"})
            time.sleep(0.02)
        assert one.unheard() == ["/c"]
        assert two.take("/c") == []


def test_a_reader_that_is_replaced_is_said_to_be_gone(domain):
    """A controller that restarts quickly is not the one that was streamed to."""
    with DdsNode({"/c": STRING}, domain=domain) as node:
        with DdsNode({}, {}, {"/c": STRING}, domain, "first") as first:
            assert node.wait_for_readers(20) == []
        del first
        with DdsNode({}, {}, {"/c": STRING}, domain, "second"):
            ends = time.monotonic() + 20
            while not node.unheard() and time.monotonic() < ends:
                time.sleep(0.02)
            assert node.unheard() == ["/c"]
            node.accept_readers()
            assert node.wait_for_readers(20) == []


def test_a_peer_that_only_listens_is_told_of_us_again_and_again(domain):
    """As Fast DDS does on the loopback: it hears of us at its own port, or never.

    The port is that of the domain's participant number 20, which comes after us.
    """
    with DdsNode({"/c": STRING}, domain=domain) as node:
        me = node.participant.get_guid().bytes[:12]
        time.sleep(0.5)  # what is said at the beginning is over
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
            late.bind(("127.0.0.1", 7400 + 250 * domain + 10 + 2 * 20))
            late.settimeout(10)
            ends, heard = time.monotonic() + 10, 0
            while heard < 2:
                packet = late.recv(65536)
                heard += packet[:4] == b"RTPS" and packet[8:20] == me
                assert time.monotonic() < ends
