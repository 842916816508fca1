"""`handx stream`: trajectory.npz → ROS 2 controllers."""

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from handx.streaming.player import Player, PlayResult


@dataclass(frozen=True)
class Stream:
    """Send a validated trajectory to ROS 2 controllers, in real time, on this machine.

    Refuses a trajectory that is not the one its report.json speaks of, breaks a limit,
    or did not pass. No ROS is needed here; the controllers see an ordinary ROS 2 node
    publishing trajectory_msgs/JointTrajectory. The hands are first led slowly to the
    start pose. Ctrl-C brakes along the path and holds. This is software: keep the
    hardware's own emergency stop at hand. Only joints of the hands are sent: wrists
    that nothing drives stay where they are, so hands meet only if something carries
    them there.

      handx stream out/trajectory.npz
      handx stream out/trajectory.npz --domain 7 --wait 60

    Exit code 0 when all was sent, 1 if the report does not say PASS, 2 if the input
    cannot be used or nobody listens, 130 after Ctrl-C.
    """

    trajectory: Annotated[
        tyro.conf.Positional[Path], tyro.conf.arg(metavar="TRAJECTORY.NPZ")
    ]
    """The trajectory."""
    report: Path | None = None
    """Its report; by default report.json beside it."""
    domain: int | None = None
    """ROS_DOMAIN_ID; by default the environment's, else 0."""
    rate: float = 50.0
    """Messages per second and controller [Hz], 10 to 200."""
    horizon: float = 0.16
    """Path sent ahead [s]: for so long the hands go on if the stream is lost."""
    wait: float = 10.0
    """How long to wait for every controller to listen [s]."""
    force: bool = False
    """Send although it is not a PASS. Limits, names and hashes still hold."""

    def execute(self) -> int:
        """Check, connect, play."""
        from handx import files
        from handx.cli import console
        from handx.streaming.dds import DdsPublisher
        from handx.streaming.encoders import served_controllers, topic
        from handx.streaming.errors import StreamError
        from handx.streaming.guard import clear
        from handx.streaming.player import Player
        from retarget.trajectory import BimanualTrajectory
        from robots import load_robot
        from sim import SimReport, verify_report

        trajectory = BimanualTrajectory.load(self.trajectory)
        robot = load_robot(trajectory.robot)
        beside = self.report or self.trajectory.parent / files.REPORT
        found = self.report is not None or beside.exists()
        report = SimReport.load(beside) if found else None
        path = clear(trajectory, robot, report, self.force, str(self.trajectory))
        if report is not None:
            verify_report(report, trajectory, robot)
        topics = [topic(controller) for controller in served_controllers(path, robot)]
        with DdsPublisher(topics, self._domain()) as publisher:
            player = Player(
                path, robot, publisher, rate=self.rate, horizon=self.horizon
            )
            alone = publisher.wait_for_readers(self.wait)
            if alone:
                raise StreamError(
                    f"nobody listens on {', '.join(alone)} in domain {self._domain()}. "
                    "Fix: start the controllers first, or set --domain or --wait"
                )
            result = self._play(player)
        console.console().print(
            console.facts(
                "stream",
                [
                    ("topics", ", ".join(topics)),
                    ("domain", self._domain()),
                    ("approach", f"{player.approach_seconds:.1f} s"),
                    ("sent", f"{result.messages} messages in {result.seconds:.1f} s"),
                    ("latest message", f"{1000 * result.latest:.1f} ms late"),
                    ("finished", "yes" if result.completed else "no: stopped, holding"),
                ],
            )
        )
        return 0 if result.completed else 130

    def _domain(self) -> int:
        from handx_gen.errors import InputError

        if self.domain is not None:
            return self.domain
        value = os.environ.get("ROS_DOMAIN_ID") or "0"
        if not value.isdecimal():
            raise InputError(
                "environment", "ROS_DOMAIN_ID", f"{value!r} is no number",
                "unset it or give --domain",
            )  # fmt: skip
        return int(value)

    @staticmethod
    def _play(player: "Player") -> "PlayResult":
        """Play with a progress bar; the first Ctrl-C or SIGTERM brakes and holds."""
        from rich.console import Console
        from rich.progress import Progress

        stop = threading.Event()
        before = {
            number: signal.signal(number, lambda *_: stop.set())
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            with Progress(console=Console(stderr=True), transient=True) as bar:
                phases = {
                    "approach": bar.add_task("to the start", total=1.0),
                    "play": bar.add_task("playing", total=1.0),
                }
                return player.play(
                    stop, lambda phase, done: bar.update(phases[phase], completed=done)
                )
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
