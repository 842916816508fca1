"""The nodes that make motion and stream it, beside a robot that runs already.

handx serve
ros2 launch handx_bringup motion.launch.py robot:=shadow
ros2 action send_goal -f /generate_motion handx_interfaces/action/GenerateMotion \
        "{text: 'clap twice', play: true}"
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes, now that the arguments are known."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    shared = {
        "robot": given("robot"),
        "motions_folder": given("motions_folder"),
        "use_sim_time": given("use_sim_time") == "true",
        "autostart": True,
    }
    found: list[LaunchDescriptionEntity] = [
        Node(
            package="handx_ros",
            executable="generator",
            parameters=[shared, {"engine_url": given("engine_url")}],
            output="both",
        ),
        Node(
            package="handx_ros",
            executable="streamer",
            parameters=[
                shared,
                {
                    "transport": given("transport"),
                    "engine_url": given("engine_url"),
                    "live": given("live") == "true",
                },
            ],
            output="both",
            # SIGINT lets it bring the hands to rest first; that takes its time.
            sigterm_timeout="5",
        ),
    ]
    if given("serve"):
        found.append(ExecuteProcess(cmd=[given("serve"), "serve"], output="both"))
    return found


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments."""
    arguments = {
        "robot": ("shadow", "Name of the robot (`handx robots`)."),
        "transport": ("topic", "How controllers are commanded: topic or action."),
        "engine_url": ("http://127.0.0.1:7471", "Where `handx serve` answers."),
        "live": ("false", "true to take words on /streamer/say while the hands move."),
        "motions_folder": ("", "Where motions lie; empty for the user's state folder."),
        "use_sim_time": ("false", "true where a simulation publishes /clock."),
        "serve": ("", "The handx command that serves as engine, e.g. handx; empty if "
                  "that runs already."),
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
