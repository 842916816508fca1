"""Real DDS on the loopback: a second process receives what was sent."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from handx.streaming.encoders import served_controllers, topic
from handx.streaming.errors import StreamError
from handx.streaming.guard import clear

JOINT_TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"

LISTENER = '''
"""A process of its own, with its own cyclonedds types written out by hand."""
import json, sys, time
from dataclasses import dataclass
from cyclonedds.core import Policy, Qos
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.idl import IdlStruct
from cyclonedds.idl.types import array, int32, sequence, uint8, uint32
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

@dataclass
class Time(IdlStruct, typename="builtin_interfaces.msg.dds_.Time_"):
    sec: int32
    nanosec: uint32
@dataclass
class Duration(IdlStruct, typename="builtin_interfaces.msg.dds_.Duration_"):
    sec: int32
    nanosec: uint32
@dataclass
class Header(IdlStruct, typename="std_msgs.msg.dds_.Header_"):
    stamp: Time
    frame_id: str
@dataclass
class Point(IdlStruct, typename="trajectory_msgs.msg.dds_.JointTrajectoryPoint_"):
    positions: sequence[float]
    velocities: sequence[float]
    accelerations: sequence[float]
    effort: sequence[float]
    time_from_start: Duration
@dataclass
class Trajectory(IdlStruct, typename="trajectory_msgs.msg.dds_.JointTrajectory_"):
    header: Header
    joint_names: sequence[str]
    points: sequence[Point]
@dataclass
class Gid(IdlStruct, typename="rmw_dds_common.msg.dds_.Gid_"):
    data: array[uint8, 16]
@dataclass
class Node(IdlStruct, typename="rmw_dds_common.msg.dds_.NodeEntitiesInfo_"):
    node_namespace: str
    node_name: str
    reader_gid_seq: sequence[Gid]
    writer_gid_seq: sequence[Gid]
@dataclass
class Info(IdlStruct, typename="rmw_dds_common.msg.dds_.ParticipantEntitiesInfo_"):
    gid: Gid
    node_entities_info_seq: sequence[Node]

number, seconds, topics = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
config = """<CycloneDDS><Domain><General><Interfaces>
<NetworkInterface name="lo" multicast="false"/></Interfaces>
<AllowMulticast>false</AllowMulticast></General><Discovery>
<ParticipantIndex>auto</ParticipantIndex><Peers><Peer address="127.0.0.1"/></Peers>
</Discovery></Domain></CycloneDDS>"""
domain = Domain(number, config)
me = DomainParticipant(number)
xcdr1 = Policy.DataRepresentation(use_cdrv0_representation=True)
# What a joint_trajectory_controller asks for on rmw_cyclonedds.
wanted = Qos(Policy.Reliability.Reliable(duration(seconds=1)),
             Policy.Durability.Volatile, Policy.History.KeepLast(1000), xcdr1)
latched = Qos(Policy.Reliability.Reliable(duration(seconds=1)),
              Policy.Durability.TransientLocal, Policy.History.KeepLast(10), xcdr1)
readers = {t: DataReader(me, Topic(me, "rt" + t, Trajectory), qos=wanted) for t in topics}
graph = DataReader(me, Topic(me, "ros_discovery_info", Info), qos=latched)
print("listening", flush=True)
got, nodes, data = [], [], {}
ends = time.time() + seconds
last = None
while time.time() < ends and not (last and time.time() - last > 1.0):
    for name, reader in readers.items():
        for m in reader.take(N=1000):
            if m.sample_info.valid_data:
                last = time.time()
                got.append([name, m.header.stamp.sec, m.header.stamp.nanosec,
                    m.joint_names,
                    [[p.time_from_start.sec, p.time_from_start.nanosec, p.positions,
                      p.velocities, len(p.effort)] for p in m.points]])
        for handle in reader.get_matched_publications():
            qos = reader.get_matched_publication_data(handle).qos
            data[name] = bytes(qos[Policy.Userdata].data).decode()
    for m in graph.take(N=10):
        if m.sample_info.valid_data:
            nodes += [[n.node_namespace, n.node_name, len(n.writer_gid_seq)]
                      for n in m.node_entities_info_seq]
    time.sleep(0.002)
print(json.dumps({"messages": got, "nodes": nodes, "user_data": data}))
'''


@pytest.fixture
def domain(request):
    """A domain of this test's own: other tests and processes are not heard."""
    from zlib import crc32

    return 1 + crc32(f"{request.node.nodeid}{os.getpid()}".encode()) % 100


@pytest.fixture
def listen(tmp_path, domain):
    """Start the listening process; returns a function that gives what it heard."""
    script = tmp_path / "listener.py"
    script.write_text(LISTENER)
    processes = []

    def start(topics, seconds=60):
        process = subprocess.Popen(
            [sys.executable, str(script), str(domain), str(seconds), *topics],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n", process.communicate()[1]

        def heard():
            output, errors = process.communicate(timeout=90)
            assert process.returncode == 0, errors
            return json.loads(output)

        return heard

    yield start
    for process in processes:
        process.kill()


@pytest.fixture(scope="module")
def topics(trajectory, robot, make):
    path = clear(trajectory, robot, make[1](trajectory, robot))
    return [topic(controller) for controller in served_controllers(path, robot)]


def sent_positions(heard, name):
    """Absolute time [s] → positions of every point received on one topic."""
    return {
        round(sec + p[0] + (nanosec + p[1]) / 1e9, 6): p[2]
        for topic_name, sec, nanosec, _, points in heard["messages"]
        if topic_name == name
        for p in points
    }


def test_a_second_process_receives_the_stream(
    trajectory, robot, make, topics, listen, domain, tmp_path
):
    """The command itself, from files, to a reader that knows nothing of this project."""
    folder = tmp_path / "files"
    trajectory.save(folder / "trajectory.npz")
    make[1](trajectory, robot).save(folder / "report.json")
    heard = listen(topics)
    sender = subprocess.run(
        [sys.executable, "-m", "handx", "stream", str(folder / "trajectory.npz"),
         "--domain", str(domain), "--horizon", "0.8"],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert sender.returncode == 0, sender.stderr
    result = heard()
    names = {
        name: controller.joints for name, controller in zip(topics, robot.controllers)
    }
    assert {m[0] for m in result["messages"]} == set(topics)
    for name, _, _, joints, points in result["messages"]:
        assert tuple(joints) == names[name]
        assert np.isfinite([p[2] for p in points]).all()
        assert np.abs(points[-1][3]).max() == 0
        assert all(p[4] == 0 for p in points)
    # The last message's last point is where the trajectory ends, and so is the first's.
    for side, name in zip(("left", "right"), topics):
        hand, part = robot.hands[side], trajectory.hands[side]
        columns = [hand.wire_names.index(joint) for joint in names[name]]
        received = sent_positions(result, name)
        np.testing.assert_array_equal(
            received[max(received)], part.positions[-1, columns]
        )
        np.testing.assert_array_equal(
            received[min(received)], part.positions[0, columns]
        )
    assert ["/", "handx_stream", len(topics)] in result["nodes"]


def test_writers_carry_the_type_hash_that_ros_peers_compare(
    trajectory, robot, make, topics, listen, domain
):
    from handx.streaming.dds import DdsPublisher
    from handx.streaming.encoders import whole_trajectory_messages

    heard = listen(topics, seconds=30)
    with DdsPublisher(topics, domain) as publisher:
        assert publisher.wait_for_readers(20) == []
        for name, message in whole_trajectory_messages(trajectory, robot, 0).items():
            publisher.publish(name, message)
        time.sleep(1.5)
    result = heard()
    known = "RIHS01_179b33eba59d676f6d967ac71fe35e7ca2f64b2f3928f4a018cec115e213796e"
    assert result["user_data"] == {name: f"typehash={known};" for name in topics}
    for name, message in whole_trajectory_messages(trajectory, robot, 0).items():
        (mine,) = [m for m in result["messages"] if m[0] == name]
        assert [p[2] for p in mine[4]] == [p["positions"] for p in message["points"]]
        assert [p[3] for p in mine[4]] == [p["velocities"] for p in message["points"]]


@pytest.mark.parametrize(
    "type_name", [JOINT_TRAJECTORY, "sensor_msgs/msg/JointState",
                  "rmw_dds_common/msg/ParticipantEntitiesInfo"],
)  # fmt: skip
def test_the_generated_dds_type_has_the_layout_of_the_cdr(type_name, trajectory, robot):
    """Two independent serialisers agree on the bytes."""
    from handx.streaming.dds import dds_type
    from handx.streaming.encoders import whole_trajectory_messages
    from handx.streaming.ros_messages import JOINT_STATE, serialize

    header = {"stamp": {"sec": 3, "nanosec": 7}, "frame_id": "world"}
    gid = {"data": list(range(16))}
    fields = {
        JOINT_TRAJECTORY: next(iter(whole_trajectory_messages(trajectory, robot, 5).values())),
        JOINT_STATE: {"header": header, "name": ["a", "bc"], "position": [0.1, 0.2],
                      "velocity": [1 / 3, 2.0], "effort": []},
    }.get(type_name) or {
        "gid": gid,
        "node_entities_info_seq": [{"node_namespace": "/", "node_name": "n",
                                    "reader_gid_seq": [], "writer_gid_seq": [gid]}],
    }  # fmt: skip
    data = serialize(type_name, fields)
    sample = dds_type(type_name).deserialize(data)
    assert sample.serialize(use_version_2=False).rstrip(b"\0") == data.rstrip(b"\0")


def test_nobody_listening_is_said_and_nothing_is_sent(
    trajectory, robot, make, domain, tmp_path
):
    trajectory.save(tmp_path / "trajectory.npz")
    make[1](trajectory, robot).save(tmp_path / "report.json")
    sender = subprocess.run(
        [sys.executable, "-m", "handx", "stream", str(tmp_path / "trajectory.npz"),
         "--domain", str(domain), "--wait", "0.2"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert sender.returncode == 2
    assert "nobody listens" in sender.stderr
    assert sender.stderr.count("\n") == 1


def test_ctrl_c_brakes_and_holds(robot, make, topics, domain, tmp_path):
    """The last message after SIGINT ends at rest, soon, on the path; the exit says so."""
    from cyclonedds.domain import Domain, DomainParticipant
    from cyclonedds.sub import DataReader
    from cyclonedds.topic import Topic

    from handx.streaming.dds import _LOOPBACK, dds_type, ros_qos

    long = make[0](robot, seconds=20.0)
    long.save(tmp_path / "trajectory.npz")
    make[1](long, robot).save(tmp_path / "report.json")
    here = Domain(domain, _LOOPBACK)
    participant = DomainParticipant(domain)
    readers = [
        DataReader(
            participant,
            Topic(participant, f"rt{name}", dds_type(JOINT_TRAJECTORY)),
            qos=ros_qos(JOINT_TRAJECTORY, depth=1000),
        )
        for name in topics
    ]
    sender = subprocess.Popen(
        [sys.executable, "-m", "handx", "stream", str(tmp_path / "trajectory.npz"),
         "--domain", str(domain), "--wait", "30", "--horizon", "0.8"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    got, ends, told = [], time.monotonic() + 60, None
    try:
        while sender.poll() is None and time.monotonic() < ends:
            got += [m for m in readers[0].take(N=1000) if m.sample_info.valid_data]
            if told is None and len(got) > 20:
                sender.send_signal(signal.SIGINT)
                told = time.time()
            time.sleep(0.002)
        got += [m for m in readers[0].take(N=1000) if m.sample_info.valid_data]
        output, errors = sender.communicate(timeout=10)
    finally:
        sender.kill()
        del readers, participant, here
    assert sender.returncode == 130, errors
    assert "holding" in output
    last = got[-1]
    stamp = last.header.stamp.sec + last.header.stamp.nanosec / 1e9
    end = last.points[-1].time_from_start
    assert told is not None
    assert stamp + end.sec + end.nanosec / 1e9 - told < 2.0
    assert np.abs(last.points[-1].velocities).max() == 0
    # It really stopped on the way, not at the end.
    assert stamp - got[0].header.stamp.sec < 15


@pytest.mark.parametrize("number", [-1, 102])
def test_a_domain_out_of_range_is_refused(number):
    from handx.streaming.dds import DdsPublisher

    with pytest.raises(StreamError, match="--domain"):
        DdsPublisher(["/x"], number)


def test_it_stays_on_the_loopback_whatever_the_environment_says(domain):
    """No multicast group is joined, and a configuration from outside is not read."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from handx.streaming.dds import DdsPublisher\n"
        "groups = Path('/proc/self/net/igmp').read_text\n"
        "before = groups()\n"
        "with DdsPublisher(['/x'], int(sys.argv[1])) as publisher:\n"
        "    assert publisher.unheard() == ['/x']\n"
        "    assert groups() == before\n"
    )
    outside = (
        '<CycloneDDS><Domain><General><Interfaces><NetworkInterface name="nowhere0"/>'
        "</Interfaces></General></Domain></CycloneDDS>"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(domain)],
        env={**os.environ, "CYCLONEDDS_URI": outside},
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
