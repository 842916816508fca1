"""Real DDS on the loopback: another process takes what is sent, as a controller does."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from handx.streaming import JointLimits, StreamError, clear, served_controllers, topic
from robots import load_robot

HASHES = {
    "trajectory_msgs/msg/JointTrajectory":
        "RIHS01_179b33eba59d676f6d967ac71fe35e7ca2f64b2f3928f4a018cec115e213796e",
    "sensor_msgs/msg/JointState":
        "RIHS01_a13ee3a330e346c9d87b5aa18d24e11690752bd33a0350f11c5882bc9179260e",
}  # fmt: skip
"""As real `ros2 topic info -v` prints them."""


@pytest.fixture
def processes():
    """Processes that end with the test."""
    started = []
    yield started
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()


@pytest.fixture
def start_robot(domain, processes):
    """Start the robot's process where a trajectory begins; gives what it says at the end."""

    def start(moves, robot, seconds=60, away=0.03):
        served = served_controllers(moves.joint_names, robot)
        joints = [joint for c in served for joint in c.joints]
        limits = JointLimits.of(robot, joints)
        first = dict(zip(moves.joint_names, moves.positions[0]))
        place = np.clip([first[j] + away for j in joints], limits.lower, limits.upper)
        setup = {
            "topics": {topic(c): c.joints for c in served},
            "start": dict(zip(joints, place)),
        }
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("robot_process.py")),
             str(domain), str(seconds), json.dumps(setup)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]

        def heard():
            output, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
            said = json.loads(output)
            check_limits(said, limits)
            return said

        heard.process = process
        return heard

    return start


def check_limits(said, limits):
    """What the robot really followed keeps its limits of position and velocity.

    Accelerations are judged where time is the test's own (test_any_motion.py): here a
    robot's process that sleeps takes a message up late, and then has to catch up.
    """
    for name, joints in said["joints"].items():
        low, high, speed, _ = (np.array(x) for x in said["extremes"][name])
        index = [limits.names.index(joint) for joint in joints]
        assert (low >= limits.lower[index] - 2e-4).all()
        assert (high <= limits.upper[index] + 2e-4).all()
        assert (speed <= limits.velocity[index] * 1.1).all()


@pytest.fixture
def files(tmp_path, robot, make):
    """Trajectory and report of a motion of so many seconds, saved."""

    def save(seconds=1.0):
        motion = make[0](robot, seconds=seconds)
        folder = tmp_path / "files"
        motion.save(folder / "trajectory.npz")
        make[1](motion, robot).save(folder / "report.json")
        return folder / "trajectory.npz", clear(motion, robot, make[1](motion, robot))

    return save


COMMAND = """
import sys
import handx.streaming.player as player
from handx.cli import main
from handx.streaming.feedback import Supervision

player.Supervision = lambda: Supervision(stale=5.0, follow_seconds=5.0)
sys.exit(main(sys.argv[1:]))
"""
"""The command itself, patient: a machine that runs tests may sleep for longer than 0.2 s,
and then it is right to hold."""


@pytest.fixture(scope="module")
def robot():
    return load_robot("shadow")


@pytest.fixture
def start_stream(domain, processes):
    """Start `handx stream` on a file."""

    def start(path, *more):
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "stream", str(path), "--domain", str(domain),
             "--wait", "60", "--horizon", "1.0", *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        return process

    return start


def test_the_command_plays_a_file_on_a_robot(robot, files, start_robot, start_stream):
    """From files, by a reader that knows nothing of this project, to the end pose."""
    path, moves = files()
    heard = start_robot(moves, robot)
    sender = start_stream(path)
    output, errors = sender.communicate(timeout=120)
    assert sender.returncode == 0, errors
    assert "finished" in output
    said = heard()
    assert set(said["messages"]) == set(said["joints"])
    for joint, place in said["final"].items():
        assert place == moves.positions[-1, moves.joint_names.index(joint)]
    commands = len(said["joints"])
    # Beside the commands: status, diagnostics; joint states and twice the stop are read.
    assert ["/", "handx_stream", 3, commands + 2] in said["nodes"]
    known = HASHES["trajectory_msgs/msg/JointTrajectory"]
    assert said["user_data"] == {name: f"typehash={known};" for name in said["joints"]}


def playing(process, said_state, seconds=40):
    """Wait until a status topic says that it plays."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and process.poll() is None:
        if said_state() == "playing":
            return
        time.sleep(0.02)
    raise AssertionError(f"never played: {process.communicate()}")


@pytest.fixture
def status(domain):
    """The latest status heard on DDS: a function that gives its state and reason."""
    from handx.streaming.dds import DdsNode
    from handx.streaming.ros_messages import STRING

    with DdsNode({}, {}, {"/handx_stream/status": STRING}, domain, "watch") as node:
        latest = {"state": "", "reason": ""}

        def state(key="state"):
            for message in node.take("/handx_stream/status"):
                latest.update(json.loads(message.data))
            return latest[key]

        yield state


def stopped_at(said):
    """When the robot last moved [ns], and how long it was watched standing [s]."""
    moved = [t for t, speed in said["fastest"] if speed > 1e-9]
    return max(moved), (said["ended"] - max(moved)) / 1e9


@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL", "SIGSTOP"])
def test_a_stream_that_ends_early_leaves_the_robot_at_rest(
    how, robot, files, start_robot, start_stream, status
):
    """Asked to stop, killed, or frozen beyond its horizon: a smooth stop, then hold."""
    path, moves = files(20.0)
    heard = start_robot(moves, robot)
    sender = start_stream(path)
    playing(sender, status)
    time.sleep(2.0)
    told = time.time_ns()
    sender.send_signal(getattr(signal, how))
    if how == "SIGSTOP":
        time.sleep(2.5)
        sender.send_signal(signal.SIGCONT)
    output, errors = sender.communicate(timeout=60)
    expected = {"SIGINT": 130, "SIGKILL": -9, "SIGSTOP": 2}[how]
    assert sender.returncode == expected, errors
    if how == "SIGSTOP":
        assert "too late" in errors
        assert status() == "hold"
    elif how != "SIGKILL":
        assert "holding" in output
    moved, stood = stopped_at(heard())
    assert stood > 0.5
    # The horizon, its tail, and what a busy machine needs to notice.
    assert (moved - told) / 1e9 < 4.0


def test_a_robot_that_goes_away_ends_in_hold(
    robot, files, start_robot, start_stream, status
):
    path, moves = files(20.0)
    heard = start_robot(moves, robot)
    sender = start_stream(path)
    playing(sender, status)
    heard.process.kill()
    _, errors = sender.communicate(timeout=60)
    assert sender.returncode == 2
    assert "the hands hold" in errors


def test_the_stop_topic_latches(
    robot, files, start_robot, start_stream, status, domain
):
    """A Bool on ~/estop, from a writer that is volatile as `ros2 topic pub` is."""
    from handx.streaming.dds import DdsNode
    from handx.streaming.ros_messages import BOOL

    path, moves = files(20.0)
    heard = start_robot(moves, robot)
    sender = start_stream(path)
    playing(sender, status)
    with DdsNode({"/handx_stream/estop": BOOL}, domain=domain, node="button") as button:
        assert button.wait_for_readers(10) == []
        # Both sides find each other in their own time: one volatile sample may be lost.
        while sender.poll() is None:
            button.publish("/handx_stream/estop", {"data": True})
            time.sleep(0.1)
        _, errors = sender.communicate(timeout=60)
    assert sender.returncode == 2
    assert "/handx_stream/estop said so" in errors
    assert status() == "estop"
    assert stopped_at(heard())[1] > 0.5


def test_nobody_listening_is_said_and_nothing_is_sent(files, domain, start_stream):
    path, _ = files()
    sender = subprocess.run(
        [sys.executable, "-m", "handx", "stream", str(path), "--domain", str(domain),
         "--wait", "0.2"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert sender.returncode == 2
    assert "nobody listens" in sender.stderr
    assert sender.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [-1, 102])
def test_a_domain_out_of_range_is_refused(number):
    from handx.streaming.dds import DdsNode

    with pytest.raises(StreamError, match="--domain"):
        DdsNode({}, domain=number)


def test_it_stays_on_the_loopback_whatever_the_environment_says(domain):
    """No multicast group is joined, and a configuration from outside is not read."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from handx.streaming.dds import DdsNode\n"
        "groups = Path('/proc/self/net/igmp').read_text\n"
        "before = groups()\n"
        "kind = 'trajectory_msgs/msg/JointTrajectory'\n"
        "with DdsNode({'/x': kind}, domain=int(sys.argv[1])) as node:\n"
        "    assert node.unheard() == ['/x']\n"
        "    assert groups() == before\n"
    )
    outside = (
        '<CycloneDDS><Domain><General><Interfaces><NetworkInterface name="nowhere0"/>'
        "</Interfaces></General></Domain></CycloneDDS>"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(domain)],
        env={**os.environ, "CYCLONEDDS_URI": outside},
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_2_by_24_joints_at_500_hz(capsys):
    """Short run of the benchmark: figures are printed, not judged; nothing is garbled."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.streaming", "--seconds", "1.5", "--rates",
         "500"],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with capsys.disabled():
        sys.stdout.write("\n" + done.stdout)
    (lost,) = [line.split()[-1] for line in done.stdout.splitlines() if "lost" in line]
    missing, sent = map(int, lost.split("/"))
    assert sent == 2 * 750
    assert 0 <= missing < sent
