"""Look at a robot in RViz and move its joints with sliders.

    ros2 launch handx_description view.launch.py robot:=shadow

With sliders:=false the joints come from whoever publishes /joint_states.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from handx_description.description import describe
from robots import load_robot


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes, now that the arguments are known."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    share = Path(get_package_share_directory("handx_description"))
    text = describe(load_robot(given("robot")))
    found: list[LaunchDescriptionEntity] = [
        Node(
            package="rviz2",
            executable="rviz2",
            arguments=["-d", str(share / "rviz" / "hands.rviz")],
        )
    ]
    if given("sliders") == "true":
        found += [
            Node(
                package="robot_state_publisher",
                executable="robot_state_publisher",
                parameters=[{"robot_description": text}],
            ),
            Node(
                package="joint_state_publisher_gui",
                executable="joint_state_publisher_gui",
            ),
        ]
    return found


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments."""
    arguments = {
        "robot": ("shadow", "Name of the robot (`handx robots`)."),
        "sliders": ("true", "Publish description and joints from sliders; false where a "
                    "robot does."),
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
