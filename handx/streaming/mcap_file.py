"""`trajectory.mcap`: measured state and commands as ROS 2 tools read them.

`/joint_states` is what the simulated hands did; `/<controller>/joint_trajectory` is what
they were told, one message per controller. Profile `ros2`, messages `cdr`, schemas
`ros2msg`: `ros2 bag` and Foxglove read it. Time 0 is the start of the motion.
"""

from pathlib import Path

from handx.streaming.encoders import (
    NANOSECONDS,
    Message,
    ros_time,
    whole_trajectory_messages,
)
from handx.streaming.ros_messages import (
    JOINT_STATE,
    JOINT_TRAJECTORY,
    definition_text,
    serialize,
)
from handx_gen import npz
from handx_gen.errors import InputError, MissingExtra
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.rollout import Rollout


def joint_state_message(rollout: Rollout, k: int) -> Message:
    """`sensor_msgs/msg/JointState` of one sample of measured state."""
    return {
        "header": {"stamp": ros_time(_nanoseconds(rollout.time[k])), "frame_id": ""},
        "name": list(rollout.joint_names),
        "position": rollout.joint_position[k],
        "velocity": rollout.joint_velocity[k],
        "effort": rollout.joint_effort[k],
    }


def write_mcap(
    path: str | Path,
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    rollout: Rollout,
) -> Path:
    """Write `trajectory.mcap` atomically.

    Args:
        path: The file.
        trajectory: The commands.
        robot: Its controllers.
        rollout: The measured state of playing exactly this trajectory.

    Raises:
        InputError: The rollout is of another trajectory.
        MissingExtra: mcap or rosbags is not installed.
    """
    if rollout.trajectory_sha256 != trajectory.sha256():
        raise InputError(
            "rollout", "trajectory_sha256", "it is of another trajectory",
            "validate this trajectory again",
        )  # fmt: skip
    try:
        from mcap.writer import CompressionType, Writer
    except ImportError as error:
        raise MissingExtra("Writing MCAP", "stream", "mcap") from error
    commands = whole_trajectory_messages(trajectory, robot, 0)
    with npz.atomic_path(path) as temporary, open(temporary, "wb") as stream:
        writer = Writer(stream, compression=CompressionType.ZSTD)
        writer.start(profile="ros2", library="handx")
        schemas = {
            name: writer.register_schema(
                name, "ros2msg", definition_text(name).encode()
            )
            for name in (JOINT_TRAJECTORY, JOINT_STATE)
        }
        for topic, message in commands.items():
            channel = writer.register_channel(topic, "cdr", schemas[JOINT_TRAJECTORY])
            data = serialize(JOINT_TRAJECTORY, message)
            writer.add_message(channel, log_time=0, publish_time=0, data=data)
        channel = writer.register_channel("/joint_states", "cdr", schemas[JOINT_STATE])
        for k, seconds in enumerate(rollout.time):
            stamp = _nanoseconds(seconds)
            writer.add_message(
                channel,
                log_time=stamp,
                publish_time=stamp,
                sequence=k,
                data=serialize(JOINT_STATE, joint_state_message(rollout, k)),
            )
        writer.add_metadata(
            "handx",
            {
                "robot": trajectory.robot,
                "trajectory_sha256": rollout.trajectory_sha256,
            },
        )
        writer.finish()
    return Path(path)


def _nanoseconds(seconds: float) -> int:
    return round(float(seconds) * NANOSECONDS)
