"""`handx stream`: trajectory.npz → ROS 2 controllers."""

import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from handx.streaming.dds_session import DdsSession
    from handx.streaming.motion_path import MotionPath
    from handx.streaming.status import PlayResult, Status
    from robots.robot import RobotSpec


@dataclass(frozen=True)
class Stream:
    """Send a validated trajectory to ROS 2 controllers, in real time, on this machine.

    Refuses a trajectory that is not the one its report.json speaks of, breaks a limit,
    or did not pass. No ROS is needed here; the controllers see an ordinary ROS 2 node
    publishing trajectory_msgs/JointTrajectory. It waits for /joint_states, leads the
    hands slowly from where they are to the start pose, and holds as soon as they do not
    follow, push for long, or their state is stale. Ctrl-C brakes along the path and
    holds; so does `true` on /handx_stream/estop. This is software: keep the hardware's
    own emergency stop at hand. Of robots without arms only the hands are sent: wrists
    stay where they are, so hands meet only if something carries them there.

      handx stream out/trajectory.npz
      handx stream out/trajectory.npz --domain 7 --wait 60
      handx stream --from out/bag --robot shadow --force

    Exit code 0 when all was sent, 1 if the report does not say PASS, 2 if the input
    cannot be used or nobody listens, 130 after Ctrl-C.
    """

    trajectory: Annotated[
        tyro.conf.Positional[Path | None], tyro.conf.arg(metavar="TRAJECTORY.NPZ")
    ] = None
    """The trajectory."""
    recording: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Play the commands of a recording instead: a bag, or an .mcap file. It carries no
    verdict, so --force is needed."""
    robot: str = ""
    """Of the recording, where that does not say it."""
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
        from handx.cli import console
        from handx.cli.domain import ros_domain
        from handx.streaming.dds_session import DdsSession

        path, robot = self._replayed() if self.recording else self._validated()
        domain = ros_domain(self.domain)
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
                        ("planned", f"{path.end:.1f} s"),
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

    def _validated(self) -> tuple["MotionPath", "RobotSpec"]:
        """The path of a trajectory that may be sent."""
        from handx import files
        from handx.streaming.guard import clear
        from handx_gen.errors import InputError
        from retarget.trajectory import BimanualTrajectory
        from robots import load_robot
        from sim import SimReport, verify_report

        if self.trajectory is None:
            raise InputError(
                "handx stream",
                "",
                "nothing to send",
                "give a trajectory.npz, or --from",
            )
        trajectory = BimanualTrajectory.load(self.trajectory)
        robot = load_robot(trajectory.robot)
        beside = self.report or self.trajectory.parent / files.REPORT
        found = self.report is not None or beside.exists()
        report = SimReport.load(beside) if found else None
        moves = clear(trajectory, robot, report, self.force, str(self.trajectory))
        if report is not None:
            verify_report(report, trajectory, robot)
        path = self._path(robot, moves.joint_names)
        path.append_trajectory(moves)
        return path, robot

    def _replayed(self) -> tuple["MotionPath", "RobotSpec"]:
        """The path of a recording's commands."""
        from handx.streaming.bags import read_commands, robot_of
        from handx_gen.errors import InputError
        from robots import load_robot

        assert self.recording is not None
        if self.trajectory is not None:
            raise InputError(
                "--from", "", "given beside a trajectory", "give one of both"
            )
        if not self.force:
            raise InputError(
                self.recording, "", "a recording carries no verdict",
                "stream the trajectory it was made from, or give --force; limits still "
                "hold",
            )  # fmt: skip
        name = self.robot or robot_of(self.recording)
        if not name:
            raise InputError(
                self.recording, "", "does not say which robot it is of", "give --robot"
            )
        robot = load_robot(name)
        moves = read_commands(self.recording, robot)
        path = self._path(robot, moves.joint_names)
        order = [moves.joint_names.index(joint) for joint in path.joint_names]
        path.append(moves.time, moves.positions[:, order], moves.velocities[:, order])
        path.close()
        return path, robot

    def _path(self, robot: "RobotSpec", moved: tuple[str, ...]) -> "MotionPath":
        """An empty path of the joints that the robot's controllers take."""
        from handx.streaming.encoders import served_controllers
        from handx.streaming.limits import JointLimits
        from handx.streaming.motion_path import MotionPath

        served = served_controllers(moved, robot)
        joints = [joint for controller in served for joint in controller.joints]
        return MotionPath(JointLimits.of(robot, joints, self.margin))

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
