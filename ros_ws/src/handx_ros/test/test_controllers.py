"""Acceptance on real ROS 2: the streamer and real joint_trajectory_controllers.

Mock hardware under ros2_control, so that what accepts, follows and refuses is the
controller itself. Run as test_simulated.py says.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

rclpy = pytest.importorskip("rclpy")
launch_pytest = pytest.importorskip("launch_pytest")
pytest.importorskip("controller_manager")

from acceptance import Client
from action_msgs.msg import GoalStatus
from ament_index_python.packages import get_package_share_directory
from handx_interfaces.action import PlayMotion
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

HANDX = os.environ.get("HANDX") or shutil.which("handx") or ""
ROBOT = os.environ.get("HANDX_ROBOT", "inspire")


@launch_pytest.fixture(scope="module")
def robot():
    """Controllers on mock hardware, and our nodes."""
    folder = Path(get_package_share_directory("handx_bringup")) / "launch"

    def include(name: str, **given: str) -> IncludeLaunchDescription:
        source = PythonLaunchDescriptionSource(str(folder / name))
        return IncludeLaunchDescription(source, launch_arguments=given.items())

    return LaunchDescription(
        [
            include("robot.launch.py", robot=ROBOT, hardware="mock"),
            include("motion.launch.py", robot=ROBOT, serve=HANDX),
            launch_pytest.actions.ReadyToTest(),
        ]
    )


pytestmark = [
    pytest.mark.launch(fixture=robot),
    pytest.mark.skipif(
        not HANDX, reason="the command handx is not in the path: set HANDX"
    ),
]


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
    return client.motion("clap once", ROBOT)


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_a_real_controller_follows_to_the_end(client, motion, transport):
    goal = PlayMotion.Goal(motion_id=motion, transport=transport)
    status, result = client.result(client.ask(client.play, goal))
    assert status == GoalStatus.STATUS_SUCCEEDED, result.message


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_cancelling_leaves_the_hands_at_rest(client, motion, transport):
    handle = client.playing(motion, transport)
    client.until(handle.cancel_goal_async().done)
    assert client.result(handle)[0] == GoalStatus.STATUS_CANCELED
    client.assert_at_rest()


def test_stopping_one_controller_stops_all(client, motion):
    handle = client.playing(motion, "action")
    subprocess.run(
        ["ros2", "control", "switch_controllers", "--deactivate", "right_hand_controller"],
        check=True, timeout=30,
    )  # fmt: skip
    status, result = client.result(handle)
    assert status == GoalStatus.STATUS_ABORTED
    assert "right_hand_controller" in result.message
    client.assert_at_rest()
    subprocess.run(
        ["ros2", "control", "switch_controllers", "--activate", "right_hand_controller"],
        check=True, timeout=30,
    )  # fmt: skip
    client.free()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_hands_come_to_rest_when_the_streamer_ends(client, motion, number):
    other = subprocess.Popen(
        [sys.executable, "-c", "from handx_ros.streamer_node import main; main()",
         "--ros-args", "-r", "__node:=streamer_two", "-p", f"robot:={ROBOT}",
         "-p", "autostart:=true"],
    )  # fmt: skip
    try:
        from rclpy.action import ActionClient

        play = ActionClient(client, PlayMotion, "/streamer_two/play")
        handle = client.ask(play, PlayMotion.Goal(motion_id=motion, transport="topic"))
        assert handle.accepted
        client.until(lambda: any(f.phase == "play" for f in client.feedback), 30)
        other.send_signal(number)
        began = time.monotonic()
        other.wait(timeout=10)
        assert time.monotonic() - began < 5
        client.assert_at_rest()
    finally:
        other.kill()
