"""`handx simulate`: the robot's hands in real time, for a ROS node to drive."""

import signal
import threading
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Simulate:
    """Simulate a robot's hands in real time, driven by another program.

    Listens on a local socket that only you can reach; joint commands in, measured joint
    states out. The ROS node `simulated_hand` turns it into a ROS robot, and needs no
    MuJoCo itself. The hands keep their last targets when their driver goes.

      handx simulate --robot shadow

    Ends cleanly on Ctrl-C or SIGTERM, exit code 0.
    """

    robot: str = "shadow"
    """Which robot (`handx robots`)."""
    socket: Path | None = None
    """Where to listen; by default the robot's own in the user's runtime folder."""
    rate: float = 200.0
    """Joint states per second [Hz], 10 to 1000."""

    def execute(self) -> int:
        """Simulate until told to stop."""
        from handx.cli import console
        from handx.simulated.hands import SimulatedHands
        from handx.simulated.socket_server import serve_hands
        from handx.streaming.hand_client import socket_path
        from handx_gen.errors import InputError
        from robots import load_robot

        if not 10 <= self.rate <= 1000:
            raise InputError("--rate", "", f"{self.rate:g} Hz", "give 10 to 1000")
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        hands = SimulatedHands(load_robot(self.robot))
        place = self.socket or socket_path(self.robot)
        rows = [
            ("robot", self.robot),
            (
                "joints",
                f"{len(hands.joint_names)}, {len(hands.commanded_names)} driven",
            ),
            ("socket", place),
        ]
        serve_hands(
            hands, place, stop, self.rate,
            lambda: console.console().print(console.facts("simulate", rows)),
        )  # fmt: skip
        return 0
