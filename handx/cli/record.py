"""`handx record`: ROS 2 topics → a bag."""

import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Record:
    """Record ROS 2 topics to a bag (MCAP), without ROS, until Ctrl-C.

    Hears what is published on this machine's loopback: commands, /joint_states, status,
    diagnostics, and every other topic whose type is one of ROS 2's own. The bag is a
    folder with an MCAP file and metadata.yaml, as `ros2 bag` and Foxglove read it;
    `handx stream --from` plays its commands again, through the same guard.

      handx record --out out/bag
      handx record --out out/bag --topics /joint_states --seconds 10

    Exit code 0; 2 if nothing was heard, and then no bag is left.
    """

    out: Path
    """The bag's folder; must not exist."""
    topics: tuple[str, ...] = ()
    """Only these topics, e.g. /joint_states."""
    seconds: float | None = None
    """How long; until Ctrl-C by default."""
    robot: str = ""
    """The robot whose commands are heard; kept in the bag for `handx stream --from`."""
    domain: int | None = None
    """ROS_DOMAIN_ID; by default the environment's, else 0."""
    allow_network: bool = False
    """Also hear other machines. By default only this machine's loopback is heard."""
    distro: Literal["jazzy", "humble"] = "jazzy"
    """Whose ROS graph to speak: humble, or jazzy for everything newer."""

    def execute(self) -> int:
        """Listen, write, say what came."""
        import shutil

        from handx.cli import console
        from handx.cli.domain import ros_domain
        from handx.streaming.bags import PART, ROBOT, BagWriter
        from handx.streaming.dds import DdsNode
        from handx.streaming.errors import StreamError
        from handx.streaming.recorder import Recorder
        from handx_gen.errors import InputError
        from robots import load_robot

        if self.seconds is not None and not 0 < self.seconds < 1e7:
            raise InputError("--seconds", "", f"{self.seconds:g}", "give more than 0")
        about = {ROBOT: load_robot(self.robot).name} if self.robot else {}
        domain = ros_domain(self.domain)
        stop = threading.Event()
        before = {
            number: signal.signal(number, lambda *_: stop.set())
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        ends = None if self.seconds is None else time.monotonic() + self.seconds
        try:
            with (
                DdsNode(
                    {}, domain=domain, node="handx_record", network=self.allow_network,
                    distro=self.distro,
                ) as node,
                BagWriter(self.out, about) as bag,
                console.counting(f"recording domain {domain}") as say,
            ):  # fmt: skip
                recorder = Recorder(node, bag, self.topics)
                heard = 0
                while not stop.is_set() and (ends is None or time.monotonic() < ends):
                    recorder.listen()
                    heard += recorder.write(time.time_ns())
                    say(f"{heard} messages, {len(bag.counts)} topics; Ctrl-C ends")
                    stop.wait(0.005)
                recorder.write(time.time_ns())
                if not bag.counts:
                    raise StreamError(
                        f"nothing was heard in domain {domain}. Fix: set --domain, or "
                        "--allow-network for publishers on other machines"
                    )
        except StreamError:
            shutil.rmtree(self.out.with_name(self.out.name + PART), ignore_errors=True)
            raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        rows = [
            (name, recorder.kinds[name], str(count))
            for name, count in sorted(bag.counts.items())
        ]
        rows += [(name, f"{kind}: unknown type", "–")
                 for name, kind in sorted(recorder.unknown.items())]  # fmt: skip
        out = console.console()
        out.print(console.listing("recorded", ("topic", "type", "messages"), rows))
        out.print(f"wrote {self.out}")
        return 0
