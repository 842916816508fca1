"""What a ROS 2 joint_trajectory_controller would refuse, found before sending.

The controller drops a message it dislikes and tells its sender nothing, so every rule
of its acceptance test is checked here, in words. Source: ros2_controllers 4.16 (Jazzy),
`joint_trajectory_controller.cpp`, `validate_trajectory_msg` and
`validate_trajectory_point_field`, with its default parameters. Humble differs: it takes
a last point that moves and stops dead there, and its early releases take a message without
points.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handx.streaming.encoders import to_nanoseconds

JUMP = 1e-3
"""A point at time 0 may be this far from the measured position [rad]."""

REST = 1e-5
"""Largest velocity of the last point that counts as zero [rad/s]; the controller uses
the smallest float."""


def violations(
    message: Mapping[str, Any],
    joints: Sequence[str],
    now: int,
    measured: Mapping[str, float] | None = None,
    distro: str = "jazzy",
) -> list[str]:
    """Reasons why the controller would refuse the message, or jump on it.

    Args:
        message: Fields of `trajectory_msgs/msg/JointTrajectory`.
        joints: The controller's joints.
        now: Its clock [ns].
        measured: Joint → measured position [rad], where known.
        distro: "jazzy" or "humble". What Humble would take but move badly on is a
            violation there too, in other words.

    Returns:
        One sentence per broken rule; empty if it would be accepted.
    """
    names, points = list(message["joint_names"]), list(message["points"])
    found = _name_rules(names, joints)
    if not points:
        empty = (
            "it has no points, which early releases of Humble take for a stop"
            if distro == "humble"
            else "it has no points, which stops nothing"
        )
        return [*found, f"{empty}: hold instead"]
    times = [to_nanoseconds(point["time_from_start"]) for point in points]
    found += _time_rules(times, to_nanoseconds(message["header"]["stamp"]), now)
    for k, point in enumerate(points):
        found += _field_rules(k, point, len(names))
    last = np.asarray(points[-1]["velocities"], float)
    if last.size and np.abs(last).max() > REST:
        then = (
            "after which Humble stops dead"
            if distro == "humble"
            else "it must be at rest"
        )
        found.append(f"the last point moves at {np.abs(last).max():.3g} rad/s, {then}")
    if times[0] == 0 and len(points[0]["positions"]) == len(names):
        found += _jump_rule(names, points[0]["positions"], measured)
    return found


def _name_rules(names: list[str], joints: Sequence[str]) -> list[str]:
    found = []
    if not names:
        found.append("joint_names is empty")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        found.append(f"joint {twice[0]!r} is named twice")
    unknown = [name for name in names if name not in joints]
    if unknown:
        found.append(f"joint {unknown[0]!r} is not one of the controller's")
    missing = [joint for joint in joints if joint not in names]
    if missing:
        found.append(f"joint {missing[0]!r} is missing; partial goals are not allowed")
    return found


def _time_rules(times: list[int], stamp: int, now: int) -> list[str]:
    found = []
    if times[0] < 0:
        found.append("point 0 has a negative time_from_start")
    for k in range(1, len(times)):
        if times[k] <= times[k - 1]:
            found.append(
                f"time_from_start does not increase at point {k} "
                f"({times[k - 1]} ns, then {times[k]} ns)"
            )
            break
    if stamp != 0 and stamp + times[-1] < now:
        late = (now - stamp - times[-1]) / 1e9
        found.append(f"its last point lies {late:.3f} s in the past")
    return found


def _field_rules(k: int, point: Mapping[str, Any], count: int) -> list[str]:
    found = []
    positions = list(point["positions"])
    if len(positions) != count:
        found.append(f"point {k} has {len(positions)} positions for {count} joints")
    for field in ("velocities", "accelerations"):
        size = len(point[field])
        if size not in (0, count):
            found.append(f"point {k} has {size} {field} for {count} joints")
    if len(point["effort"]):
        found.append(f"point {k} has efforts, but the controller commands positions")
    if not len(point["velocities"]):
        # Accepted, but then joined by straight lines: a velocity step at every point.
        found.append(f"point {k} has no velocities, so the motion would jerk")
    for field in ("positions", "velocities", "accelerations"):
        if not np.isfinite(np.asarray(point[field], float)).all():
            found.append(f"point {k} has NaN or infinity in {field}")
    return found


def _jump_rule(
    names: list[str], positions: Sequence[float], measured: Mapping[str, float] | None
) -> list[str]:
    if measured is None:
        return ["the first point is at time 0, so the hand would jump to it"]
    for name, position in zip(names, positions):
        gap = abs(position - measured.get(name, np.inf))
        if gap > JUMP:
            return [
                f"the first point is at time 0 and {name!r} is {gap:.3g} rad away from "
                "it: the hand would jump"
            ]
    return []
