"""Acceptance on real ROS 2: the launch file that users start, and the command line.

Needs `launch_pytest` and `ros2`. pytest 7.4 is the newest with which Jazzy's launch_pytest
works; the tests beside this one have no such bound.
"""

import signal
import subprocess
from pathlib import Path

import pytest

rclpy = pytest.importorskip("rclpy")
launch_pytest = pytest.importorskip("launch_pytest")

from acceptance import Client
from action_msgs.msg import GoalStatus
from ament_index_python.packages import get_package_share_directory
from handx_interfaces.action import GenerateMotion
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from processes import HANDX, ROBOT, TEXT


@launch_pytest.fixture(scope="module")
def launched():
    """Everything, as `ros2 launch` starts it."""
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


pytestmark = pytest.mark.launch(fixture=launched)


@pytest.fixture(scope="module")
def client():
    """A node that asks."""
    rclpy.init()
    node = Client()
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_from_text_to_moving_hands(client):
    goal = GenerateMotion.Goal(text=TEXT, model="program", play=True)
    status, result = client.result(client.ask(client.generate, goal))
    assert status == GoalStatus.STATUS_SUCCEEDED, result.message
    assert result.played


def test_the_command_line_sees_the_nodes(client):
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
