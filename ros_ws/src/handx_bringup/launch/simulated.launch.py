"""Everything without hardware and without ros2_control: text to simulated hands.

    ros2 launch handx_bringup simulated.launch.py robot:=inspire handx:=handx

The node `simulated_hand` takes the place of the controllers.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from handx_description.description import describe
from robots import load_robot


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes, now that the arguments are known."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    robot = load_robot(given("robot"))
    here = Path(get_package_share_directory("handx_bringup")) / "launch"
    found: list[LaunchDescriptionEntity] = [
        Node(
            package="robot_state_publisher",
            executable="robot_state_publisher",
            parameters=[{"robot_description": describe(robot)}],
        ),
        Node(
            package="handx_ros",
            executable="simulated_hand",
            parameters=[{"robot": robot.name, "autostart": True}],
            output="both",
            # The simulation may take longer to start than the node.
            respawn=True,
            respawn_delay=2.0,
        ),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(here / "motion.launch.py")),
            launch_arguments={
                "robot": robot.name,
                "transport": given("transport"),
                "live": given("live"),
                "serve": given("handx"),
            }.items(),
        ),
    ]
    if given("handx"):
        command = [given("handx"), "simulate", "--robot", robot.name]
        found.append(ExecuteProcess(cmd=command, output="both"))
    return found


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments."""
    arguments = {
        "robot": ("shadow", "Name of the robot (`handx robots`)."),
        "transport": ("topic", "How the hands are commanded: topic or action."),
        "live": ("false", "true to take words on /streamer/say while the hands move."),
        "handx": ("", "The handx command that simulates and serves; empty if `handx "
                  "simulate` and `handx serve` run already."),
    }  # fmt: skip
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=text)
                for name, (default, text) in arguments.items()
            ),
            OpaqueFunction(function=start),
        ]
    )
