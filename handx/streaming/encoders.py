"""`BimanualTrajectory` → what goes on the wire, one message per controller.

Messages are plain dictionaries with the fields of `trajectory_msgs/msg/JointTrajectory`,
so that DDS, MCAP and rclpy can each build their own class from the same thing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handx.streaming.errors import StreamError
from handx.streaming.horizon import NANOSECONDS
from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from retarget.trajectory import BimanualTrajectory, JointTrajectory
from robots.robot import ControllerSpec, RobotSpec

Message = dict[str, Any]
"""The fields of one ROS message, nested as in its definition."""

MESSAGE_TYPES = {
    "joint_trajectory": "trajectory_msgs/msg/JointTrajectory",
    "joint_state": "sensor_msgs/msg/JointState",
    "float64_multi_array": "std_msgs/msg/Float64MultiArray",
}
"""Interface of a controller → type of the messages that it takes."""


def ros_time(nanoseconds: int) -> dict[str, int]:
    """A `builtin_interfaces` Time or Duration from whole nanoseconds."""
    seconds, rest = divmod(int(nanoseconds), NANOSECONDS)
    return {"sec": seconds, "nanosec": rest}


def to_nanoseconds(time: Mapping[str, int]) -> int:
    """The inverse of `ros_time`."""
    return int(time["sec"]) * NANOSECONDS + int(time["nanosec"])


def wire_trajectory(
    trajectory: BimanualTrajectory, robot: RobotSpec
) -> JointTrajectory:
    """All joints of the robot in one trajectory, by their names on the wire.

    Args:
        trajectory: Joint names are the hands' own.
        robot: Gives each hand its wire prefix.

    Returns:
        Left hand, right hand, then groups; a hand the trajectory lacks is left out.

    Raises:
        InputError: The trajectory's joints are not this robot's.
    """
    names: list[str] = []
    parts: list[JointTrajectory] = []
    for side in SIDES:
        part = trajectory.hands[side]
        if part is None:
            continue
        if side not in robot.hands or part.joint_names != robot.hands[side].joint_names:
            raise InputError(
                "trajectory", f"hand_{side}", f"joints are not those of {robot.name}",
                f"retarget the motion to {robot.name} again",
            )  # fmt: skip
        names += robot.hands[side].wire_names
        parts.append(part)
    for group, part in trajectory.groups.items():
        if part.joint_names != robot.groups.get(group):
            raise InputError(
                "trajectory", f"group_{group}", f"joints are not those of {robot.name}",
                f"retarget the motion to {robot.name} again",
            )  # fmt: skip
        names += part.joint_names
        parts.append(part)
    return JointTrajectory(
        tuple(names),
        np.hstack([part.positions for part in parts]),
        np.hstack([part.velocities for part in parts]),
        trajectory.time_from_start,
    )


def served_controllers(
    joint_names: Sequence[str], robot: RobotSpec
) -> tuple[ControllerSpec, ...]:
    """The robot's controllers all of whose joints are among `joint_names`.

    Raises:
        StreamError: A controller has only some of its joints there, or no controller
            is left.
    """
    known = set(joint_names)
    served = []
    for controller in robot.controllers:
        found = known.intersection(controller.joints)
        if not found:
            continue
        missing = [joint for joint in controller.joints if joint not in known]
        if missing:
            raise StreamError(
                f"{controller.name}: the trajectory does not move {missing[0]}"
                f" ({len(missing)} of its joints). Fix: retarget to {robot.name} again"
            )
        served.append(controller)
    if not served:
        raise StreamError(
            f"{robot.name}: no controller takes these joints. "
            "Fix: list its controllers in hand.toml"
        )
    return tuple(served)


def topic(controller: ControllerSpec) -> str:
    """The full ROS topic name of a controller's command.

    A topic in hand.toml that begins with "/" stands for itself; any other is the
    controller's own.
    """
    if controller.topic.startswith("/"):
        return controller.topic
    return f"/{controller.name}/{controller.topic}"


def joint_trajectory_message(
    controller: ControllerSpec,
    joint_names: tuple[str, ...],
    time: np.ndarray,
    positions: np.ndarray,
    velocities: np.ndarray,
    stamp: int,
) -> Message:
    """One `trajectory_msgs/msg/JointTrajectory` for one controller.

    Args:
        controller: Its joints are picked by name, in its order.
        joint_names: n wire names of the columns.
        time: (K,) `time_from_start` of each point [ns], whole numbers.
        positions: (K, n) [rad].
        velocities: (K, n) [rad/s].
        stamp: Absolute time of `time` 0 [ns]; the receiver skips what is past.
    """
    columns = [joint_names.index(joint) for joint in controller.joints]
    return {
        "header": {"stamp": ros_time(stamp), "frame_id": ""},
        "joint_names": list(controller.joints),
        "points": [
            {
                "positions": place,
                "velocities": rate,
                "accelerations": [],
                "effort": [],
                "time_from_start": ros_time(moment),
            }
            for moment, place, rate in zip(
                time, positions[:, columns].tolist(), velocities[:, columns].tolist()
            )
        ],
    }


def setpoint_message(
    controller: ControllerSpec,
    joint_names: tuple[str, ...],
    position: np.ndarray,
    velocity: np.ndarray,
    stamp: int,
) -> Message:
    """One setpoint for a controller that takes neither names of times nor a horizon.

    Args:
        controller: "joint_state" gets names with positions and velocities,
            "float64_multi_array" bare positions in its order.
        joint_names: n wire names.
        position, velocity: (n,) [rad, rad/s].
        stamp: When it should be there [ns].
    """
    columns = [joint_names.index(joint) for joint in controller.joints]
    positions = position[columns].tolist()
    if controller.interface == "joint_state":
        return {
            "header": {"stamp": ros_time(stamp), "frame_id": ""},
            "name": list(controller.joints),
            "position": positions,
            "velocity": velocity[columns].tolist(),
            "effort": [],
        }
    return {"layout": {"dim": [], "data_offset": 0}, "data": positions}


def whole_trajectory_messages(
    trajectory: BimanualTrajectory, robot: RobotSpec, stamp: int
) -> dict[str, Message]:
    """The whole trajectory as one message per controller, topic → message."""
    path = wire_trajectory(trajectory, robot)
    return {
        topic(controller): joint_trajectory_message(
            controller,
            path.joint_names,
            np.round(path.time_from_start * NANOSECONDS),
            path.positions,
            path.velocities,
            stamp,
        )
        for controller in served_controllers(path.joint_names, robot)
    }
