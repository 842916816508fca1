"""`RunRecord`: the artefacts of one run, read from its folder and known to belong together."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from handx import files
from handx.reading import motion_sha256
from handx_gen.errors import InputError
from handx_gen.motion import BimanualMotion
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.report import SimReport
from sim.rollout import Rollout


@dataclass(frozen=True)
class RunRecord:
    """What `handx run` or `handx validate` left in a folder.

    Attributes:
        folder: The folder.
        robot: The robot, as it is known now.
        motion, trajectory, rollout, report: The artefacts.
    """

    folder: Path
    robot: RobotSpec
    motion: BimanualMotion
    trajectory: BimanualTrajectory
    rollout: Rollout
    report: SimReport

    @property
    def text(self) -> str:
        """What was asked; "" where the motion does not say."""
        return str(self.trajectory.provenance.get("text", ""))

    @cached_property
    def human_joints(self) -> np.ndarray:
        """(T, 2, 21, 3) the human motion in the robot's world [m]."""
        from retarget.placement import place

        return place(self.motion)


def load_run(folder: Path) -> RunRecord:
    """Read a run's folder.

    Raises:
        InputError: Something is missing or cannot be read, or the files are not of one
            run.
        RobotError: The robot is not known here.
    """
    from robots import load_robot

    if not folder.is_dir():
        problem = "is a file" if folder.exists() else "no such folder"
        raise InputError(folder, "RUN", problem, "give the folder of a `handx run`")
    motion = BimanualMotion.load(folder / files.MOTION)
    trajectory = BimanualTrajectory.load(folder / files.TRAJECTORY)
    rollout = Rollout.load(folder / files.ROLLOUT)
    report = SimReport.load(folder / files.REPORT)
    robot = load_robot(trajectory.robot)
    sha256 = trajectory.sha256()
    wanted = trajectory.provenance.get("motion_sha256")
    for name, ours, theirs in (
        (files.ROLLOUT, rollout.trajectory_sha256, sha256),
        (files.REPORT, report.hashes.get("trajectory"), sha256),
        (files.MOTION, motion_sha256(motion), wanted or motion_sha256(motion)),
    ):
        if ours != theirs:
            raise InputError(
                folder / name, "", f"does not belong to the {files.TRAJECTORY} beside it",
                "run `handx validate` on that trajectory again",
            )  # fmt: skip
    if robot.sha256 != trajectory.robot_sha256:
        raise InputError(
            folder / files.TRAJECTORY, "robot_sha256",
            f"made for another description of {robot.name} than the one here",
            "retarget and validate the motion again",
        )  # fmt: skip
    return RunRecord(folder, robot, motion, trajectory, rollout, report)
