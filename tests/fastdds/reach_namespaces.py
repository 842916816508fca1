"""Runs inside `unshare --net --mount`: a machine with one network, and who meets on it.

    reach_namespaces.py PROGRAM REACH DOMAIN loopback|network

A node of ours, as `handx stream` opens it, and a Fast DDS process that was there before; one
that comes after that was killed; and one in the next domain, where a node of ours has been
alone for long. Prints one JSON object: who heard whom.
Nothing of the machine's own network or shared memory is touched.
"""

import json
import subprocess
import sys
import time

from handx.streaming.dds import DdsNode
from handx.streaming.encoders import ros_time
from handx.streaming.ros_messages import JOINT_STATE, JOINT_TRAJECTORY
from tests.fastdds.peer import Peer

PATIENCE = 12
"""How long they are given [s]."""
LONG = 35
"""Cyclone by itself gives up addresses where nobody has answered for 30 s."""


def do(*words):
    subprocess.run(words, check=True, capture_output=True)


def peer(program, domain, reach):
    found = Peer(program, domain, reach)
    found.read("rt/c", JOINT_TRAJECTORY, reliable=False, depth=1)
    found.write("rt/joint_states", JOINT_STATE)
    return found


def ours(domain, how):
    return DdsNode(
        {"/c": JOINT_TRAJECTORY}, {}, {"/joint_states": JOINT_STATE}, domain,
        network=how == "network",
    )  # fmt: skip


def meet(node, peer):
    """Whether each hears the other; the stamp says who spoke."""
    me, ends = peer.process.pid, time.monotonic() + PATIENCE
    message = {"header": {"stamp": ros_time(me), "frame_id": ""}, "joint_names": [],
               "points": []}  # fmt: skip
    heard = {"we": False, "they": False}
    while not all(heard.values()) and time.monotonic() < ends:
        node.publish("/c", message)
        peer.state("rt/joint_states", me, ["a"], [0.5])
        time.sleep(0.05)
        states = node.take("/joint_states")
        heard["we"] |= any(state.header.stamp.nanosec == me for state in states)
        heard["they"] |= bool(peer.samples("rt/c"))
    return heard


def main(program, reach, domain, how):
    do("mount", "-t", "tmpfs", "none", "/dev/shm")
    do("ip", "link", "set", "lo", "up")
    do("ip", "link", "add", "net0", "type", "veth", "peer", "name", "net1")
    do("ip", "addr", "add", "10.77.0.1/24", "dev", "net0")
    for device in ("net0", "net1"):
        do("ip", "link", "set", device, "up")
    do("ip", "route", "add", "224.0.0.0/4", "dev", "net0")
    domain, lonely, met = int(domain), int(domain) + 1, {}
    node_alone, began = ours(lonely, how), time.monotonic()
    with peer(program, domain, reach) as first:
        node = ours(domain, how)
        met["they were first"] = meet(node, first)
    with peer(program, domain, reach) as second:
        met["they came back"] = meet(node, second)
    time.sleep(max(0.0, began + LONG - time.monotonic()))
    with peer(program, lonely, reach) as late:
        met["they came late"] = meet(node_alone, late)
    print(json.dumps(met))


if __name__ == "__main__":
    main(*sys.argv[1:])
