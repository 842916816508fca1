"""What simulated.launch.py starts, as plain processes: it works without `ros2 launch`."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from ament_index_python.packages import get_package_prefix

HANDX = os.environ.get("HANDX") or shutil.which("handx") or ""
ROBOT = os.environ.get("HANDX_ROBOT", "inspire")
TEXT = "make a fist with the left hand"

PATIENT = {"horizon": 0.4, "feedback_age": 1.0, "start_delay": 1.5}
"""Parameters of a streamer on a machine that is busy with other tests."""

PATIENCE = 300.0
"""Longest wait for the engine to be warm and the simulation to be there [s]."""

OF_ROS = ("LD_LIBRARY_PATH", "PYTHONPATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")
"""Variables of a ROS environment that the engine's own must not inherit."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Processes:
    """Processes with a log each; all are ended, the last one first.

    Args:
        folder: For logs, motions, sockets and tokens.
        handx: The command of the engine's environment.
    """

    def __init__(self, folder: Path, handx: str) -> None:
        self.folder, self.handx = folder, handx
        self.running: dict[str, subprocess.Popen] = {}
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}

    def start(self, name: str, command: list, **environment: str) -> subprocess.Popen:
        """Start a program in the place of one of that name; it writes `<name>.log`."""
        if name in self.running and self.running[name].poll() is None:
            self.end(name)
        with (self.folder / f"{name}.log").open("w") as log:
            self.running[name] = subprocess.Popen(
                [str(word) for word in command], stdout=log, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, env={**self.environment, **environment},
            )  # fmt: skip
        return self.running[name]

    def start_engine(self, name: str, *words: str) -> subprocess.Popen:
        """Start `handx …` without anything of ROS in its environment."""
        kept = {k: v for k, v in self.environment.items() if k not in OF_ROS}
        before, self.environment = self.environment, kept
        try:
            return self.start(name, [self.handx, *words])
        finally:
            self.environment = before

    def start_node(self, executable: str, name: str = "", **given: object) -> None:
        """Start a node of ours as `ros2 run` does, with parameters."""
        place = Path(get_package_prefix("handx_ros")) / "lib" / "handx_ros" / executable
        words: list[object] = [place, "--ros-args"]
        if name:
            words += ["-r", f"__node:={name}"]
        for parameter, value in given.items():
            text = str(value).lower() if isinstance(value, bool) else value
            words += ["-p", f"{parameter}:={text}"]
        self.start(name or executable, words)

    def log(self, name: str) -> str:
        """What a process has said."""
        return (self.folder / f"{name}.log").read_text()

    def end(self, name: str, number: int = signal.SIGINT, seconds: float = 20) -> int:
        """End one, gently unless it does not listen; returns its exit code."""
        process = self.running.pop(name)
        process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def end_all(self) -> None:
        """End what still runs."""
        for name in reversed(list(self.running)):
            if self.running[name].poll() is None:
                self.end(name)


def simulated(folder: Path, handx: str, robot: str, **streamer: object) -> Processes:
    """Engine, simulation and the three nodes.

    Args:
        folder: As of `Processes`.
        handx: As of `Processes`.
        robot: Its name.
        streamer: More parameters of the streamer.
    """
    made, port = Processes(folder, handx), free_port()
    try:
        serve = made.start_engine("serve", "serve", "--port", str(port))
        place = folder / "hand.sock"
        simulate = made.start_engine(
            "simulate", "simulate", "--robot", robot, "--socket", str(place)
        )
        ends = time.monotonic() + PATIENCE
        while not (place.exists() and warm(port)):
            for process in (serve, simulate):
                assert process.poll() is None, made.log("serve") + made.log("simulate")
            assert time.monotonic() < ends, made.log("serve") + made.log("simulate")
            time.sleep(0.2)
        motions = folder / "motions"
        engine = {"engine_url": f"http://127.0.0.1:{port}", "motions_folder": motions}
        made.start_node("simulated_hand", robot=robot, socket=place, autostart=True)
        made.start_node("generator", robot=robot, autostart=True, **engine)
        made.start_node("streamer", robot=robot, autostart=True, **engine, **streamer)
    except BaseException:
        made.end_all()
        raise
    return made


def warm(port: int) -> bool:
    """Whether the engine is there and has loaded what it works with."""
    url = f"http://127.0.0.1:{port}/v1/health"
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return json.load(answer)["engine"] != "starting"
    except OSError:
        return False
