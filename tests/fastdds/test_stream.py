"""`handx stream` and a robot on Fast DDS: `make test-fastdds`."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from handx.streaming import JointLimits, clear, served_controllers, topic
from handx.streaming.ros_messages import BOOL, STRING
from robots import load_robot
from tests.fastdds.robot import Robot
from tests.streaming.conftest import make_report, make_trajectory

pytestmark = pytest.mark.fastdds
STATUS = "rt/handx_stream/status"

COMMAND = """
import sys
import handx.streaming.player as player
from handx.cli import main
from handx.streaming.feedback import Supervision

player.Supervision = lambda: Supervision(stale=5.0, follow_seconds=5.0)
sys.exit(main(sys.argv[1:]))
"""
"""The command itself, patient: on a machine busy with tests, 0.2 s pass without a state."""


@pytest.fixture
def stream(tmp_path, peer, domain):
    """Start `handx stream` and a robot for a motion of so many seconds."""
    started = []

    def start(seconds):
        shadow = load_robot("shadow")
        motion = make_trajectory(shadow, seconds=seconds)
        report = make_report(motion, shadow)
        motion.save(tmp_path / "trajectory.npz")
        report.save(tmp_path / "report.json")
        moves = clear(motion, shadow, report)
        served = served_controllers(moves.joint_names, shadow)
        limits = JointLimits.of(shadow, [j for c in served for j in c.joints])
        first = dict(zip(moves.joint_names, moves.positions[0]))
        begin = [first[joint] + 0.03 for joint in limits.names]
        begin = np.clip(begin, limits.lower, limits.upper)
        robot = Robot(
            peer, {topic(c): c.joints for c in served}, dict(zip(limits.names, begin))
        )
        peer.read(STATUS, STRING, latched=True, depth=1)
        robot.start()
        sender = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "stream", str(tmp_path / "trajectory.npz"),
             "--domain", str(domain), "--wait", "60", "--rate", "20", "--horizon", "1.0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
        started.extend([robot, sender])
        return moves, limits, robot, sender

    yield start
    robot, sender = started
    sender.kill()
    sender.communicate()
    robot.stop()


def check_limits(robot, limits):
    """What the robot followed keeps its limits of position and velocity."""
    for controller in robot.controllers.values():
        low, high, speed, _ = controller.extremes()
        index = [limits.names.index(joint) for joint in controller.joints]
        assert (low >= limits.lower[index] - 2e-4).all()
        assert (high <= limits.upper[index] + 2e-4).all()
        assert (speed <= limits.velocity[index] * 1.1).all()


def wait_until_playing(peer, sender):
    """The latched status, as Fast DDS hears it."""
    ends = time.monotonic() + 90
    while not any('"playing"' in status["data"] for status in peer.samples(STATUS)):
        assert sender.poll() is None, sender.communicate()
        assert time.monotonic() < ends
        time.sleep(0.05)
    time.sleep(1.0)


def test_a_motion_reaches_its_end(stream):
    moves, limits, robot, sender = stream(2.0)
    output, errors = sender.communicate(timeout=120)
    assert sender.returncode == 0, errors
    assert "finished" in output
    ends = time.monotonic() + 20
    last = dict(zip(moves.joint_names, moves.positions[-1]))
    expected = {joint: last[joint] for joint in limits.names}
    # The last message ends in the future: the horizon is played out after the sender left.
    while robot.place() != expected:
        assert time.monotonic() < ends
        time.sleep(0.05)
    for controller in robot.controllers.values():
        assert len(controller.history) > 10
    check_limits(robot, limits)


def test_a_robot_that_is_killed_ends_in_hold(stream, peer):
    """Fast DDS lets go of a dead participant after 20 s only; silence says it sooner."""
    _, limits, robot, sender = stream(20.0)
    wait_until_playing(peer, sender)
    peer.process.kill()
    _, errors = sender.communicate(timeout=60)
    assert sender.returncode == 2, errors
    assert "the hands hold" in errors
    check_limits(robot, limits)


@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_a_stream_that_ends_early_leaves_the_robot_at_rest(stream, peer, how):
    _, limits, robot, sender = stream(20.0)
    wait_until_playing(peer, sender)
    sender.send_signal(getattr(signal, how))
    _, errors = sender.communicate(timeout=60)
    assert sender.returncode == {"SIGINT": 130, "SIGKILL": -9}[how], errors
    ended = time.time_ns()
    ends = time.monotonic() + 30
    while time.time_ns() - max(robot.moved_last(), ended) < 1_000_000_000:
        assert time.monotonic() < ends
        time.sleep(0.1)
    check_limits(robot, limits)


def test_a_stop_from_fast_dds_stops_and_is_told_back(stream, peer):
    _, limits, robot, sender = stream(20.0)
    peer.write("rt/handx_stream/estop", BOOL)
    wait_until_playing(peer, sender)
    while sender.poll() is None:
        peer.tell("bool", "rt/handx_stream/estop", 1)
        time.sleep(0.1)
    _, errors = sender.communicate(timeout=60)
    assert sender.returncode == 2
    assert "/handx_stream/estop said so" in errors
    assert '"estop"' in peer.samples(STATUS)[-1]["data"]
    check_limits(robot, limits)
