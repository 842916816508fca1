"""`handx retarget`: motion.npz → trajectory.npz."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Retarget:
    """A motion (motion.npz) → joint trajectories of a robot (trajectory.npz).

    Takes motion from any source: arrays `joints` (T, 2, 21, 3) in metres, HandX joint
    order, and `fps`. Time is stretched where the robot is too slow; the table says by
    how much.

      handx retarget out/motion.npz --robot inspire --out out
      handx validate out/trajectory.npz
    """

    motion: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="MOTION.NPZ")]
    """The motion."""
    robot: str = "shadow"
    """Which robot (`handx robots`)."""
    out: Path = Path("out")
    """Folder for trajectory.npz, retarget.json and its picture, retarget.svg."""
    acceleration_limits: Annotated[bool, tyro.conf.arg(metavar="")] = False
    """Keep the joints' acceleration limits (hand.toml) as hard as those of velocity; by
    default accelerations are a cost alone."""

    def execute(self) -> int:
        """Retarget, write, and print the kinematic truth."""
        from handx import files, pipeline
        from handx.cli import console, summaries
        from handx_gen.motion import BimanualMotion
        from retarget import RetargetOptions
        from retarget.report_plot import plot_report
        from robots import load_robot

        motion = BimanualMotion.load(self.motion)
        robot = load_robot(self.robot)
        options = RetargetOptions(acceleration_limits=self.acceleration_limits)
        names = (files.TRAJECTORY, files.RETARGET, files.RETARGET_PLOT)
        with files.staged(self.out, names) as folder, console.progress("retarget"):
            trajectory, report = pipeline.retarget(motion, robot, options)
            trajectory.save(folder / files.TRAJECTORY)
            report.save(folder / files.RETARGET)
            plot_report(report, folder / files.RETARGET_PLOT)
        console.console().print(summaries.retargeting(trajectory, report))
        return 0
