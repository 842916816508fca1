"""A robot under ros2_control: its description, its controllers, and what moves it.

    ros2 launch handx_bringup robot.launch.py robot:=shadow hardware:=mock

hardware is one of
  mock    mock_components/GenericSystem: joints go where they are told, no physics
  topic   JointStateTopicSystem: joints are those of `handx simulate`, or of anything else
          that takes /handx/joint_commands and gives /handx/joint_states
  mujoco  mujoco_ros2_control, with mujoco_model:= a file from tools/ros_mjcf.py
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from handx_description.description import COMMANDS_TOPIC, STATES_TOPIC, describe
from robots import load_robot


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes, now that the arguments are known."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    robot = load_robot(given("robot"))
    hardware = given("hardware")
    description = {
        "robot_description": describe(robot, hardware, given("mujoco_model"))
    }
    shipped = Path(get_package_share_directory("handx_bringup")) / "config"
    controllers = given("controllers") or str(shipped / f"{robot.name}.yaml")
    in_mujoco = hardware == "mujoco"
    clock = {"use_sim_time": in_mujoco}
    manager = "mujoco_ros2_control" if in_mujoco else "controller_manager"
    found: list[LaunchDescriptionEntity] = [
        Node(
            package="robot_state_publisher",
            executable="robot_state_publisher",
            parameters=[description, clock],
        ),
        Node(
            package=manager,
            executable="ros2_control_node",
            parameters=[controllers, clock],
            remappings=[("~/robot_description", "/robot_description")],
            output="both",
        ),
        Node(
            package="controller_manager",
            executable="spawner",
            arguments=[
                "joint_state_broadcaster",
                *(controller.name for controller in robot.controllers),
                "--param-file",
                controllers,
            ],
            output="both",
        ),
    ]
    if hardware == "topic":
        found.append(
            Node(
                package="handx_ros",
                executable="simulated_hand",
                namespace="handx",
                parameters=[
                    {"robot": robot.name, "controllers": False, "autostart": True}
                ],
                remappings=[
                    ("joint_commands", COMMANDS_TOPIC),
                    ("joint_states", STATES_TOPIC),
                ],
                output="both",
                respawn=True,
                respawn_delay=2.0,
            )
        )
        if given("simulate"):
            command = [given("simulate"), "simulate", "--robot", robot.name]
            found.append(ExecuteProcess(cmd=command, output="both"))
    return found


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments."""
    arguments = {
        "robot": ("shadow", "Name of the robot (`handx robots`)."),
        "hardware": ("mock", "mock, topic or mujoco."),
        "controllers": ("", "Parameter file of the controllers; empty for the shipped."),
        "mujoco_model": ("", "MJCF file, for hardware:=mujoco alone."),
        "simulate": ("", "The handx command that simulates the hands for hardware:=topic, "
                     "e.g. handx; empty if that runs already."),
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
