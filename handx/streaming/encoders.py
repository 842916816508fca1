"""`BimanualTrajectory` → what goes on the wire, one message per controller.

Messages are plain dictionaries with the fields of `trajectory_msgs/msg/JointTrajectory`,
so that DDS, MCAP and rclpy can each build their own class from the same thing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from handx.streaming.errors import StreamError
from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from retarget.trajectory import BimanualTrajectory, JointTrajectory
from robots.robot import ControllerSpec, RobotSpec

Message = dict[str, Any]
"""The fields of one ROS message, nested as in its definition."""

NANOSECONDS = 1_000_000_000


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
    path: JointTrajectory, robot: RobotSpec
) -> tuple[ControllerSpec, ...]:
    """The robot's controllers all of whose joints `path` moves.

    Raises:
        StreamError: A controller has only some of its joints in `path`, is of another
            kind than joint_trajectory, or no controller is left.
    """
    known = set(path.joint_names)
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
        if controller.interface != "joint_trajectory":
            raise StreamError(
                f"{controller.name}: interface {controller.interface!r} is not streamed."
                " Fix: give the robot a joint_trajectory controller"
            )
        served.append(controller)
    if not served:
        raise StreamError(
            f"{robot.name}: no controller takes these joints. "
            "Fix: list its controllers in hand.toml"
        )
    return tuple(served)


def topic(controller: ControllerSpec) -> str:
    """The full ROS topic name of a controller's command."""
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
        time: (K,) `time_from_start` of each point [s].
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
                "positions": positions[k, columns].tolist(),
                "velocities": velocities[k, columns].tolist(),
                "accelerations": [],
                "effort": [],
                "time_from_start": ros_time(round(float(time[k]) * NANOSECONDS)),
            }
            for k in range(len(time))
        ],
    }


def whole_trajectory_messages(
    trajectory: BimanualTrajectory, robot: RobotSpec, stamp: int
) -> dict[str, Message]:
    """The whole trajectory as one message per controller, topic → message."""
    path = wire_trajectory(trajectory, robot)
    return {
        topic(controller): joint_trajectory_message(
            controller,
            path.joint_names,
            path.time_from_start,
            path.positions,
            path.velocities,
            stamp,
        )
        for controller in served_controllers(path, robot)
    }
