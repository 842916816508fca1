"""Another vendor's readers and writers: `make test-fastdds`.

Fast DDS, on which ROS 2's default middleware sits, discovers our node, takes the messages
apart with types of its own generator, and is heard by us.
"""

import time

import numpy as np
import pytest

from handx.streaming import JointLimits, Supervision
from handx.streaming.dds import DdsNode
from handx.streaming.encoders import (
    ros_time,
    served_controllers,
    whole_trajectory_messages,
    wire_trajectory,
)
from handx.streaming.feedback import Feedback
from handx.streaming.ros_messages import (
    BOOL,
    GRAPH,
    JOINT_STATE,
    JOINT_TRAJECTORY,
    STRING,
)
from robots import load_robot
from tests.fastdds.peer import dds_name
from tests.streaming.conftest import make_trajectory

pytestmark = pytest.mark.fastdds

HASHES = {
    JOINT_TRAJECTORY:
        "RIHS01_179b33eba59d676f6d967ac71fe35e7ca2f64b2f3928f4a018cec115e213796e",
    JOINT_STATE:
        "RIHS01_a13ee3a330e346c9d87b5aa18d24e11690752bd33a0350f11c5882bc9179260e",
}  # fmt: skip
"""As real `ros2 topic info -v` prints them."""


@pytest.fixture(scope="module")
def shadow():
    return load_robot("shadow")


def bits(numbers):
    """The bytes of float64 numbers: equal only if equal bit for bit."""
    return np.array(numbers, np.float64).tobytes()


def same(heard, sent):
    """A trajectory as Fast DDS read it is the one that was sent."""
    assert heard["header"] == sent["header"]
    assert heard["joint_names"] == sent["joint_names"]
    assert len(heard["points"]) == len(sent["points"])
    for there, here in zip(heard["points"], sent["points"]):
        assert there["time_from_start"] == here["time_from_start"]
        for field in ("positions", "velocities", "accelerations", "effort"):
            assert bits(there[field]) == bits(here[field])


@pytest.mark.parametrize("reliable", [True, False], ids=["reliable", "best effort"])
def test_a_whole_trajectory_arrives_bit_for_bit(peer, domain, shadow, reliable):
    """As a joint_trajectory_controller asks for it: reliable on rmw_cyclonedds, best effort
    on rmw_fastrtps, whose defaults `SystemDefaultsQoS` leaves."""
    trajectory = make_trajectory(shadow, seconds=2.0)
    sent = whole_trajectory_messages(trajectory, shadow, 1_700_000_000_123_456_789)
    assert len(sent) == 2
    for name in sent:
        peer.read(f"rt{name}", JOINT_TRAJECTORY, reliable, depth=1)
    with DdsNode(dict.fromkeys(sent, JOINT_TRAJECTORY), domain=domain) as node:
        assert node.wait_for_readers(60) == []
        for name, message in sent.items():
            peer.wait("matched", topic=f"rt{name}")
            node.publish(name, message)
            if not reliable:  # no second try is promised: send until one comes
                while not peer.samples(f"rt{name}"):
                    time.sleep(0.2)
                    node.publish(name, message)
            peer.wait("sample", topic=f"rt{name}")
            same(peer.samples(f"rt{name}")[0], message)


def test_a_message_of_many_fragments_arrives(peer, domain, shadow):
    """Larger than a datagram: 20 s of 24 joints, a quarter of a megabyte."""
    trajectory = make_trajectory(shadow, seconds=20.0)
    name, message = next(iter(whole_trajectory_messages(trajectory, shadow, 7).items()))
    peer.read(f"rt{name}", JOINT_TRAJECTORY, depth=1)
    with DdsNode({name: JOINT_TRAJECTORY}, domain=domain) as node:
        assert node.wait_for_readers(60) == []
        peer.wait("matched", topic=f"rt{name}")
        node.publish(name, message)
        peer.wait("sample", topic=f"rt{name}")
    same(peer.samples(f"rt{name}")[0], message)


def test_a_burst_arrives_whole_and_in_order(peer, domain, shadow):
    """No more than the history holds: reliable delivers every one."""
    trajectory = make_trajectory(shadow, seconds=0.5)
    name, message = next(iter(whole_trajectory_messages(trajectory, shadow, 0).items()))
    peer.read(f"rt{name}", JOINT_TRAJECTORY, depth=10)
    with DdsNode({name: JOINT_TRAJECTORY}, domain=domain) as node:
        assert node.wait_for_readers(60) == []
        peer.wait("matched", topic=f"rt{name}")
        for k in range(10):
            message["header"]["stamp"] = ros_time(k)
            node.publish(name, message)
        peer.wait("sample", topic=f"rt{name}", count=10)
    stamps = [m["header"]["stamp"]["nanosec"] for m in peer.samples(f"rt{name}")]
    assert stamps == list(range(10))


MATRIX = [
    # the reader: reliable, latched  → matches our command writer, our status writer
    (True, False, True, True),
    (False, False, True, True),
    (True, True, False, True),
    (False, True, False, True),
]


@pytest.mark.parametrize(("reliable", "latched", "command", "status"), MATRIX)
def test_readers_that_match(peer, domain, reliable, latched, command, status):
    """The same table as between two of ours (tests/streaming/test_dds_wire.py)."""
    for name, kind in (("rt/c", JOINT_STATE), ("rt/s", STRING)):
        peer.read(name, kind, reliable, latched)
    with DdsNode({"/c": JOINT_STATE}, {"/s": STRING}, domain=domain) as node:
        for name, expected in (("rt/c", command), ("rt/s", status)):
            peer.wait("matched" if expected else "incompatible", topic=name)
            assert not peer.found("incompatible" if expected else "matched", topic=name)
        if command:
            assert node.wait_for_readers(60) == []
        # Both sides match in their own time, and best effort is never sent again.
        while not peer.samples("rt/s"):
            node.publish("/s", {"data": "ready"})
            time.sleep(0.05)
    assert peer.samples("rt/s")[0] == {"data": "ready"}


def test_the_last_status_is_there_for_a_late_reader(peer, domain):
    with DdsNode({}, {"/s": STRING}, domain=domain) as node:
        for text in ("first", "last"):
            node.publish("/s", {"data": text})
        peer.wait("writer", topic="rt/s")
        peer.read("rt/s", STRING, latched=True, depth=1)
        peer.wait("sample", topic="rt/s", message={"data": "last"})
    assert peer.samples("rt/s") == [{"data": "last"}]


@pytest.mark.parametrize("reliable", [True, False], ids=["reliable", "best effort"])
@pytest.mark.parametrize("latched", [True, False], ids=["latched", "volatile"])
def test_states_from_fast_dds_are_the_players_feedback(
    peer, domain, shadow, reliable, latched
):
    """/joint_states of every kind of driver, bit for bit, and taken as fresh."""
    moves = wire_trajectory(make_trajectory(shadow), shadow)
    served = served_controllers(moves.joint_names, shadow)
    names = [joint for controller in served for joint in controller.joints]
    limits = JointLimits.of(shadow, names)
    places = np.random.default_rng(3).uniform(limits.lower, limits.upper)
    speeds, efforts = places / 3, places / 7
    peer.write("rt/joint_states", JOINT_STATE, reliable, latched)
    with DdsNode({}, {}, {"/joint_states": JOINT_STATE}, domain) as node:
        peer.wait("matched", topic="rt/joint_states")
        heard, ends = [], time.monotonic() + 60
        while not heard and time.monotonic() < ends:
            stamp = time.time_ns()
            peer.state("rt/joint_states", stamp, names, places, speeds, efforts)
            time.sleep(0.05)
            heard = node.take("/joint_states")
    message = heard[-1]
    assert list(message.name) == names
    assert bits(message.position) == bits(places)
    assert bits(message.velocity) == bits(speeds)
    assert bits(message.effort) == bits(efforts)
    feedback = Feedback(limits, Supervision())
    stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
    assert feedback.missing(stamp)
    assert feedback.update(message.name, message.position, message.effort, stamp, stamp)
    assert feedback.missing(stamp) == ""
    assert bits(feedback.position) == bits(places)


def test_what_ros_nodes_compare_is_discovered(peer, domain):
    """Type names, type hashes, the enclave, and the graph of `ros2 node list`."""
    peer.read("ros_discovery_info", GRAPH, latched=True)
    with DdsNode(
        {"/c/joint_trajectory": JOINT_TRAJECTORY}, {"/n/status": STRING},
        {"/joint_states": JOINT_STATE}, domain, "a_node",
    ):  # fmt: skip
        (writer,) = peer.wait("writer", topic="rt/c/joint_trajectory")
        (status,) = peer.wait("writer", topic="rt/n/status")
        (reader,) = peer.wait("reader", topic="rt/joint_states")
        (me,) = peer.wait("participant")
        for endpoint, kind in ((writer, JOINT_TRAJECTORY), (reader, JOINT_STATE)):
            assert endpoint["type"] == dds_name(kind)
            assert endpoint["user_data"] == f"typehash={HASHES[kind]};"
        assert me["user_data"] == "enclave=/;"
        ends = time.monotonic() + 60
        expected = {
            "namespace": "/", "name": "a_node", "readers": [reader["guid"]],
            "writers": [writer["guid"], status["guid"]],
        }  # fmt: skip
        while (graph := peer.samples("ros_discovery_info")[-1:]) != [
            {"gid": me["guid"], "nodes": [expected]}
        ]:
            assert time.monotonic() < ends, graph
            time.sleep(0.05)
    # At once, not when the lease has run out, which takes 10 s.
    peer.wait("writer gone", seconds=6, topic="rt/c/joint_trajectory")


def test_a_stop_from_fast_dds_is_heard(peer, domain):
    """`ros2 topic pub` on rmw_fastrtps: a volatile Bool."""
    peer.write("rt/n/estop", BOOL)
    with DdsNode({}, {}, {"/n/estop": BOOL}, domain) as node:
        peer.wait("matched", topic="rt/n/estop")
        ends = time.monotonic() + 60
        while not (heard := node.take("/n/estop")):
            assert time.monotonic() < ends
            peer.tell("bool", "rt/n/estop", 1)
            time.sleep(0.05)
    assert heard[0].data
