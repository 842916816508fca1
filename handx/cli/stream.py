"""`handx stream`: trajectory.npz → ROS 2 controllers."""

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from handx.streaming.dds_session import DdsSession
    from handx.streaming.status import PlayResult, Status


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
    """How long to wait for the controllers and for /joint_states [s]."""
    margin: float = 0.0
    """Distance to keep from position limits [rad]; motion that comes nearer is squeezed."""
    allow_network: bool = False
    """Leave this machine. By default only nodes on its loopback see and hear anything."""
    distro: Literal["jazzy", "humble"] = "jazzy"
    """Whose ROS graph to speak: humble, or jazzy for everything newer."""
    force: bool = False
    """Send although it is not a PASS. Limits, names and hashes still hold."""

    def execute(self) -> int:
        """Check, connect, play."""
        from handx import files
        from handx.cli import console
        from handx.streaming.dds_session import DdsSession
        from handx.streaming.encoders import served_controllers
        from handx.streaming.guard import clear
        from handx.streaming.limits import JointLimits
        from handx.streaming.motion_path import MotionPath
        from retarget.trajectory import BimanualTrajectory
        from robots import load_robot
        from sim import SimReport, verify_report

        trajectory = BimanualTrajectory.load(self.trajectory)
        robot = load_robot(trajectory.robot)
        beside = self.report or self.trajectory.parent / files.REPORT
        found = self.report is not None or beside.exists()
        report = SimReport.load(beside) if found else None
        moves = clear(trajectory, robot, report, self.force, str(self.trajectory))
        if report is not None:
            verify_report(report, trajectory, robot)
        served = served_controllers(moves.joint_names, robot)
        joints = [joint for controller in served for joint in controller.joints]
        limits = JointLimits.of(robot, joints, self.margin)
        path = MotionPath.of(moves, limits)
        domain = self._domain()
        with DdsSession(
            path, robot, domain, network=self.allow_network, distro=self.distro,
            rate=self.rate, horizon=self.horizon,
        ) as session:  # fmt: skip
            session.connect(self.wait)
            session.player.play()
            result = self._play(session)
            console.console().print(
                console.facts(
                    "stream",
                    [
                        ("topics", ", ".join(session.topics)),
                        ("domain", domain),
                        (
                            "sent",
                            f"{result.messages} messages in {result.seconds:.1f} s",
                        ),
                        ("planned", f"{moves.duration:.1f} s"),
                        ("latest tick", f"{1000 * result.latest:.1f} ms late"),
                        (
                            "finished",
                            "yes"
                            if result.completed
                            else f"no: {result.reason}, holding",
                        ),
                    ],
                )
            )
        return self._exit_code(result)

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
    def _exit_code(result: "PlayResult") -> int:
        from handx.streaming.errors import StreamError
        from handx.streaming.player import ON_REQUEST

        if result.completed:
            return 0
        if result.reason == ON_REQUEST:
            return 130
        raise StreamError(f"the hands hold: {result.reason}")

    @staticmethod
    def _play(session: "DdsSession") -> "PlayResult":
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
                    "playing": bar.add_task("playing", total=1.0),
                }

                def show(status: "Status") -> None:
                    session.tell(status)
                    if status.state.value in phases:
                        bar.update(
                            phases[status.state.value], completed=status.fraction
                        )

                return session.player.run(stop, show, session.poll)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
