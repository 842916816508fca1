"""The other side: somebody on the same network who wants in."""

import json
import os
import socket
import sys
import time

from cyclonedds.builtin import (
    BuiltinDataReader,
    BuiltinTopicDcpsParticipant,
    BuiltinTopicDcpsPublication,
)

from handx.streaming.dds import DdsNode

SECONDS = 4.0
"""A participant that may be found is found in a fraction of this [s]."""

STATE = {
    "header": {"stamp": {"sec": 1, "nanosec": 0}, "frame_id": ""},
    "name": ["lh_FFJ3"], "position": [1.0], "velocity": [0.0], "effort": [0.0],
}  # fmt: skip


def main():
    target, port = sys.argv[1], int(sys.argv[2])
    os.environ["CYCLONEDDS_URI"] = f"""<CycloneDDS><Domain><General><Interfaces>
    <NetworkInterface name="theirs"/></Interfaces></General><Discovery>
    <ParticipantIndex>auto</ParticipantIndex>
    <MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>
    <Peers><Peer address="{target}"/></Peers></Discovery></Domain></CycloneDDS>"""
    found, topics = set(), set()
    node = DdsNode(
        {"/joint_states": "sensor_msgs/msg/JointState"}, domain=7, node="intruder",
        network=True,
    )  # fmt: skip
    with node:
        own = str(node.participant.guid)
        people = BuiltinDataReader(node.participant, BuiltinTopicDcpsParticipant)
        writers = BuiltinDataReader(node.participant, BuiltinTopicDcpsPublication)
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            node.publish("/joint_states", STATE)
            found |= {
                str(s.key) for s in people.take(N=100) if s.sample_info.valid_data
            }
            topics |= {
                s.topic_name for s in writers.take(N=100) if hasattr(s, "topic_name")
            }
            time.sleep(0.1)
            if found - {own} and "rt/left_hand_controller/joint_trajectory" in topics:
                time.sleep(0.5)  # time for what was sent to arrive
                break
    with socket.socket() as tcp:
        tcp.settimeout(2)
        refused = tcp.connect_ex((target, port)) != 0
    with socket.socket() as tcp:
        tcp.settimeout(2)
        answers = tcp.connect_ex((target, 9)) == 111  # refused by a host that is there
    print(json.dumps({
        "participants": len(found - {own}),
        "sees_our_topic": "rt/left_hand_controller/joint_trajectory" in topics,
        "engine_refused": refused, "host_reached": answers,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
