"""Acceptance on real ROS 2: text to simulated hands, without ros2_control.

Run where Jazzy (or newer) is sourced, this workspace is built, and the command `handx` is
in the path or named by HANDX:

    python3 -m pytest ros_ws/src/handx_ros/test

pytest 7.4 is the newest with which Jazzy's launch_pytest works. Without rclpy the tests
are skipped.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

rclpy = pytest.importorskip("rclpy")
launch_pytest = pytest.importorskip("launch_pytest")

from acceptance import Client
from action_msgs.msg import GoalStatus
from ament_index_python.packages import get_package_share_directory
from handx_interfaces.action import GenerateMotion, PlayMotion
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from rcl_interfaces.srv import DescribeParameters
from std_srvs.srv import SetBool, Trigger

HANDX = os.environ.get("HANDX") or shutil.which("handx") or ""
pytestmark = [
    pytest.mark.launch(fixture=None),
    pytest.mark.skipif(
        not HANDX, reason="the command handx is not in the path: set HANDX"
    ),
]
ROBOT, TEXT = "inspire", "make a fist with the left hand"


@launch_pytest.fixture(scope="module")
def simulated():
    """The launch file that users start."""
    share = Path(get_package_share_directory("handx_bringup"))
    return LaunchDescription(
        [
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    str(share / "launch" / "simulated.launch.py")
                ),
                launch_arguments={"robot": ROBOT, "handx": HANDX}.items(),
            ),
            launch_pytest.actions.ReadyToTest(),
        ]
    )


pytestmark[0] = pytest.mark.launch(fixture=simulated)


@pytest.fixture(scope="module")
def client():
    """A node that asks."""
    rclpy.init()
    node = Client()
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def motion(client):
    """A motion that passed."""
    return client.motion(TEXT)


def test_from_text_to_moving_hands(client):
    before = len(client.states)
    handle = client.ask(client.generate, GenerateMotion.Goal(text=TEXT, play=True))
    status, result = client.result(handle)
    assert status == GoalStatus.STATUS_SUCCEEDED, result.message
    assert result.passed
    assert result.played
    stages = [f.stage for f in client.feedback]
    for stage in ("generate", "retarget", "validate", "play"):
        assert stage in stages
    moved = [state for _, state in client.states[before:]]
    name = "L_index_proximal_joint"
    values = [state[name] for state in moved if name in state]
    assert max(values) - min(values) > 0.5


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_a_motion_is_played(client, motion, transport):
    goal = PlayMotion.Goal(motion_id=motion, transport=transport)
    status, result = client.result(client.ask(client.play, goal))
    assert status == GoalStatus.STATUS_SUCCEEDED, result.message
    assert result.completed


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_preemption(client, motion, transport):
    first = client.playing(motion, transport)
    goal = PlayMotion.Goal(motion_id=motion, transport=transport)
    second = client.ask(client.play, goal)
    status, result = client.result(first)
    assert status == GoalStatus.STATUS_ABORTED
    assert "newer" in result.message
    status, result = client.result(second)
    assert status == GoalStatus.STATUS_SUCCEEDED, result.message


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_cancel(client, motion, transport):
    handle = client.playing(motion, transport)
    client.until(handle.cancel_goal_async().done)
    status, _ = client.result(handle)
    assert status == GoalStatus.STATUS_CANCELED
    client.assert_at_rest()


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_emergency_stop(client, motion, transport):
    handle = client.playing(motion, transport)
    assert client.call(SetBool, "/streamer/estop", data=True).success
    status, _ = client.result(handle)
    assert status == GoalStatus.STATUS_ABORTED
    client.assert_at_rest()
    client.until(lambda: client.stopped is True)
    assert client.status.state == "estop"
    assert not client.call(Trigger, "/streamer/rearm").success
    assert not client.ask(client.play, PlayMotion.Goal(motion_id=motion)).accepted
    client.free()
    goal = PlayMotion.Goal(motion_id=motion, transport=transport)
    assert client.result(client.ask(client.play, goal))[1].completed


def test_hold_and_rearm(client, motion):
    handle = client.playing(motion, "topic")
    assert client.call(Trigger, "/streamer/hold").success
    assert client.result(handle)[0] == GoalStatus.STATUS_ABORTED
    client.assert_at_rest()
    assert not client.ask(client.play, PlayMotion.Goal(motion_id=motion)).accepted
    client.free()


def test_a_request_is_called_off(client):
    handle = client.ask(
        client.generate, GenerateMotion.Goal(text="clap twice", samples=8)
    )
    client.until(lambda: client.feedback)
    client.until(handle.cancel_goal_async().done)
    assert client.result(handle)[0] == GoalStatus.STATUS_CANCELED


def test_parameters_tell_what_they_are(client):
    answer = client.call(
        DescribeParameters, "/streamer/describe_parameters", names=["horizon"]
    )
    (found,) = answer.descriptors
    assert found.read_only
    assert found.description
    assert found.floating_point_range[0].to_value == 1.0


def test_the_command_line_sees_the_nodes(client, motion):
    def ros2(*words: str, seconds: int = 20) -> str:
        done = subprocess.run(
            ["ros2", *words],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return done.stdout + done.stderr

    nodes = ros2("node", "list")
    for name in ("/generator", "/streamer", "/simulated_hand"):
        assert name in nodes
    assert "active [3]" in ros2("lifecycle", "get", "/streamer")
    assert "name:" in ros2("topic", "echo", "--once", "/joint_states")
    info = ros2("topic", "info", "-v", "/left_hand_controller/joint_trajectory")
    assert "RELIABLE" in info
    rate = subprocess.Popen(
        ["ros2", "topic", "hz", "/joint_states"], stdout=subprocess.PIPE, text=True
    )
    client.rest(6)
    rate.send_signal(signal.SIGINT)
    out = rate.communicate(timeout=10)[0]
    average = float(out.split("average rate: ")[-1].split()[0])
    assert 150 < average < 210
