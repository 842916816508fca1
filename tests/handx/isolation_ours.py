"""Our side: the DDS node of `handx stream`, and the server of `handx serve`."""

import json
import os
import sys
import tempfile
import threading
from pathlib import Path

from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsParticipant

from handx.server.engine import Engine
from handx.server.http import Server
from handx.server.jobs import JobBook
from handx.streaming.dds import DdsNode

COMMANDS = {
    "/left_hand_controller/joint_trajectory": "trajectory_msgs/msg/JointTrajectory"
}
STATES = "/joint_states"
NETWORK = """<CycloneDDS><Domain><General><Interfaces>
<NetworkInterface name="ours"/></Interfaces></General></Domain></CycloneDDS>"""


def main():
    network = sys.argv[1] == "network"
    if network:
        os.environ["CYCLONEDDS_URI"] = NETWORK
    book = JobBook(Path(tempfile.gettempdir()) / "handx-isolation")
    server = Server(0, book, Engine(book), (), ())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    node = DdsNode(
        COMMANDS, listens={STATES: "sensor_msgs/msg/JointState"}, domain=7,
        network=network,
    )  # fmt: skip
    with node:
        reader = BuiltinDataReader(node.participant, BuiltinTopicDcpsParticipant)
        print(server.server_port, flush=True)
        sys.stdin.readline()
        seen = {str(s.key) for s in reader.take(N=100) if s.sample_info.valid_data}
        injected = len(node.take(STATES))
    seen.discard(str(node.participant.guid))
    print(json.dumps({"heard_of": len(seen), "injected": injected}))


if __name__ == "__main__":
    main()
