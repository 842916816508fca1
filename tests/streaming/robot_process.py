"""A robot on DDS in a process of its own, with types written out by hand.

It takes what a joint_trajectory_controller asks for on rmw_cyclonedds, moves its reference
at 200 Hz, publishes `/joint_states`, and prints at the end what it heard and did:

    python robot_process.py DOMAIN SECONDS '{"topics": {"/c/joint_trajectory": ["j1", …]},
                                            "start": {"j1": 0.1, …}}'
"""

import importlib.util
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cyclonedds.core import Policy, Qos
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.idl import IdlStruct
from cyclonedds.idl.types import array, int32, sequence, uint8, uint32
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

SPEC = importlib.util.spec_from_file_location(
    "controller", Path(__file__).with_name("controller.py")
)
model = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(model)


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
class State(IdlStruct, typename="sensor_msgs.msg.dds_.JointState_"):
    header: Header
    name: sequence[str]
    position: sequence[float]
    velocity: sequence[float]
    effort: sequence[float]


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


CONFIG = """<CycloneDDS><Domain><General><Interfaces>
<NetworkInterface name="lo" multicast="false"/></Interfaces>
<AllowMulticast>false</AllowMulticast></General><Discovery>
<ParticipantIndex>auto</ParticipantIndex><Peers><Peer address="127.0.0.1"/></Peers>
</Discovery></Domain></CycloneDDS>"""
XCDR1 = Policy.DataRepresentation(use_cdrv0_representation=True)
WANTED = Qos(
    Policy.Reliability.Reliable(duration(seconds=1)), Policy.Durability.Volatile,
    Policy.History.KeepLast(1), XCDR1,
)  # fmt: skip
LATCHED = Qos(
    Policy.Reliability.Reliable(duration(seconds=1)), Policy.Durability.TransientLocal,
    Policy.History.KeepLast(10), XCDR1,
)  # fmt: skip
OFFERED = Qos(
    Policy.Reliability.Reliable(duration(seconds=1)), Policy.Durability.Volatile,
    Policy.History.KeepLast(10), Policy.WriterDataLifecycle(autodispose=False), XCDR1,
)  # fmt: skip


def plain(message):
    """The sample as the nested dictionaries of the controller model."""
    stamp = message.header.stamp
    return {
        "header": {"stamp": {"sec": stamp.sec, "nanosec": stamp.nanosec}},
        "joint_names": list(message.joint_names),
        "points": [
            {"positions": list(p.positions), "velocities": list(p.velocities),
             "time_from_start": {"sec": p.time_from_start.sec,
                                 "nanosec": p.time_from_start.nanosec}}
            for p in message.points
        ],
    }  # fmt: skip


def main(domain, seconds, setup):
    here = Domain(domain, CONFIG)
    me = DomainParticipant(domain)
    now = time.time_ns()
    controllers = {
        name: model.Controller(joints, [setup["start"][j] for j in joints], now)
        for name, joints in setup["topics"].items()
    }
    readers = {
        name: DataReader(me, Topic(me, "rt" + name, Trajectory), qos=WANTED)
        for name in controllers
    }
    graph = DataReader(me, Topic(me, "ros_discovery_info", Info), qos=LATCHED)
    states = DataWriter(me, Topic(me, "rt/joint_states", State), qos=OFFERED)
    print("ready", flush=True)
    messages, nodes, user_data, fastest = {}, [], {}, []
    ends, heard_at, tick = time.time() + seconds, None, 0
    while time.time() < ends and not (heard_at and time.time() - heard_at > 2.2):
        now = time.time_ns()
        for name, reader in readers.items():
            for message in reader.take(N=10):
                if message.sample_info.valid_data:
                    heard_at = time.time()
                    controllers[name].take(plain(message), now)
                    messages[name] = messages.get(name, 0) + 1
            for handle in reader.get_matched_publications():
                qos = reader.get_matched_publication_data(handle).qos
                user_data[name] = bytes(qos[Policy.Userdata].data).decode()
        for info in graph.take(N=10):
            if info.sample_info.valid_data:
                nodes += [[n.node_namespace, n.node_name, len(n.reader_gid_seq),
                           len(n.writer_gid_seq)]
                          for n in info.node_entities_info_seq]  # fmt: skip
        names, places, rates = [], [], []
        for controller in controllers.values():
            q, v = controller.reference(now)
            names += controller.joints
            places += q.tolist()
            rates += v.tolist()
        fastest.append([now, max(map(abs, rates))])
        if tick % 2 == 0:
            stamp = Time(now // 10**9, now % 10**9)
            states.write(State(Header(stamp, ""), names, places, rates, []))
        tick += 1
        time.sleep(0.005)
    del here
    print(json.dumps({
        "messages": messages,
        "nodes": nodes,
        "user_data": user_data,
        "fastest": fastest,
        "ended": time.time_ns(),
        "final": {j: q for c in controllers.values()
                  for j, q in zip(c.joints, c.reference(time.time_ns())[0])},
        "extremes": {
            name: [x.tolist() for x in c.extremes()] for name, c in controllers.items()
        },
        "joints": {name: c.joints for name, c in controllers.items()},
    }))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), json.loads(sys.argv[3]))
