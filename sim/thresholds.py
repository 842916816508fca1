"""Every bound of the physics verdict, written down before anything was tuned.

A report carries these values and their hash; a report made with other bounds does not
verify.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from retarget.trajectory import POSITION_TOLERANCE, VELOCITY_TOLERANCE
from robots.errors import RobotError
from robots.robot import RobotSpec


@dataclass(frozen=True)
class Thresholds:
    """Bounds of the checks, and the definitions they rest on.

    Attributes:
        own_side_ratio: Each hand's commanded tips must be nearer to their own targets
            than to the other hand's by this ratio of mean distances.
        motion_followed: Least share of the targets' variance that the commanded tips
            explain, per hand, in the world and relative to the wrist.
        least_motion_mm: Targets that move less than this (root mean square) ask for no
            motion.
        command_position_rad, command_velocity_rad_s: Largest excess of the command's
            spline over a limit; rounding only.
        command_penetration_mm: Deepest overlap that a command may ask for. Up to about
            half a fingertip the servos give way, which is how a pinch presses.
        tip_tracking_mm: Tip error relative to the wrist, 95th percentile, worse hand.
        wrist_position_mm, wrist_rotation_deg: The same for the wrist itself.
        penetration_mm: Deepest overlap of the simulated hands.
        measured_position_rad: Overshoot of a limit by the simulated joint.
        measured_velocity_ratio: 99th percentile over time of measured speed / limit,
            worst joint; an impact may exceed it for single samples.
        contact_recall: Share of asked and reachable contacts that were made.
        contact_coverage: A contact counts as made if it holds over this share of the
            time it was asked for, …
        contact_tolerance_s: … when it may come so much early or late, and gaps of up
            to this length do not split it.
        solver_warnings: Warnings of the physics engine.
        unsolved_share: Share of human frames that retargeting may leave unsolved.
    """

    own_side_ratio: float = 1.0
    motion_followed: float = 0.25
    least_motion_mm: float = 5.0
    command_position_rad: float = POSITION_TOLERANCE
    command_velocity_rad_s: float = VELOCITY_TOLERANCE
    command_penetration_mm: float = 8.0
    tip_tracking_mm: float = 10.0
    wrist_position_mm: float = 10.0
    wrist_rotation_deg: float = 5.0
    penetration_mm: float = 2.0
    measured_position_rad: float = 0.02
    measured_velocity_ratio: float = 1.1
    contact_recall: float = 0.75
    contact_coverage: float = 0.75
    contact_tolerance_s: float = 0.1
    solver_warnings: float = 0.0
    unsolved_share: float = 0.1

    def as_dict(self) -> dict[str, float]:
        """Name → value."""
        return {name: float(value) for name, value in asdict(self).items()}

    def sha256(self) -> str:
        """Hash of names and values."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


THRESHOLDS = Thresholds()


def thresholds_of(robot: RobotSpec) -> Thresholds:
    """The bounds for a robot: the common ones, but for what its hand.toml says.

    Raises:
        RobotError: hand.toml names a threshold that does not exist.
    """
    for name in robot.thresholds:
        if name not in THRESHOLDS.as_dict():
            raise RobotError(
                robot.folder, f"thresholds.{name}", "is no threshold",
                f"choose among {', '.join(THRESHOLDS.as_dict())}",
            )  # fmt: skip
    return replace(THRESHOLDS, **robot.thresholds)
