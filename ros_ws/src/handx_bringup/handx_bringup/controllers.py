"""Parameters of the controllers of a robot, as ros2_control reads them.

    ros2 run handx_bringup controllers shadow > shadow.yaml

The files in `config` were written by `python -m handx_bringup.controllers --all FOLDER`;
a test holds them against the robots' data.
"""

import argparse
import sys
from pathlib import Path

from robots import load_robot, robot_names
from robots.errors import RobotError
from robots.robot import RobotSpec

UPDATE_RATE = 200
"""Of the controller manager [Hz]."""

GOAL_TOLERANCE = 0.05
"""How near its goal a joint must be at the end of an action [rad]."""

GOAL_TIME = 1.0
"""How late it may get there [s]; 0 would be for ever."""

HEAD = """\
# Controllers of {title}.
# Written by `ros2 run handx_bringup controllers {name}` from the data of HandX: change it
# there, or copy this file.
controller_manager:
  ros__parameters:
    update_rate: {rate}  # [Hz]

joint_state_broadcaster:
  ros__parameters:
    type: joint_state_broadcaster/JointStateBroadcaster
"""

CONTROLLER = """
{name}:
  ros__parameters:
    type: joint_trajectory_controller/JointTrajectoryController
    joints:
{joints}
    command_interfaces: [position]
    state_interfaces: [position, velocity]
    # A stream of overlapping trajectories joins on what is desired, not on what is measured.
    interpolate_from_desired_state: true
    # Every trajectory of ours ends at rest, so that losing the stream is a smooth stop.
    allow_nonzero_velocity_at_trajectory_end: false
    allow_partial_joints_goal: false
    constraints:
      goal_time: {goal_time}  # [s]
      stopped_velocity_tolerance: 0.1  # [rad/s]
{goals}
"""


def controllers_yaml(robot: RobotSpec) -> str:
    """The parameter file of a robot.

    Raises:
        RobotError: A controller is not a joint_trajectory_controller: a vendor's own
            driver is no part of ros2_control.
    """
    text = HEAD.format(title=robot.title, name=robot.name, rate=UPDATE_RATE)
    for controller in robot.controllers:
        if controller.interface != "joint_trajectory":
            raise RobotError(
                robot.folder, controller.name, f"interface {controller.interface}",
                "start that driver itself",
            )  # fmt: skip
        text += CONTROLLER.format(
            name=controller.name,
            joints="\n".join(f"      - {joint}" for joint in controller.joints),
            goals="\n".join(
                f"      {joint}: {{goal: {GOAL_TOLERANCE}}}  # [rad]"
                for joint in controller.joints
            ),
            goal_time=GOAL_TIME,
        )
    return text


def main() -> None:
    """Write a robot's parameters to standard output, or every robot's into a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("robot", nargs="?")
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    if (asked.robot is None) == (asked.all is None):
        parser.error("give a robot or --all FOLDER")
    try:
        if asked.robot is not None:
            sys.stdout.write(controllers_yaml(load_robot(asked.robot)))
            return
        for name in robot_names():
            path = asked.all / f"{name}.yaml"
            path.write_text(controllers_yaml(load_robot(name)), encoding="utf-8")
    except RobotError as error:
        sys.exit(f"controllers: {error}")


if __name__ == "__main__":
    main()
