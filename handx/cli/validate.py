"""`handx validate`: trajectory.npz → rollout.npz, report.json, recording, video."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Validate:
    """A trajectory → physics and the three verdicts (report.json).

    The text verdict needs the motion that the trajectory was made from: motion.npz
    beside it, or --motion. Without it the answer is "can't tell", which is no PASS.
    Exit code 0 if all three verdicts say yes, 1 if not.

      handx validate out/trajectory.npz
      handx validate out/trajectory.npz --motion other/motion.npz --out checked
    """

    trajectory: Annotated[
        tyro.conf.Positional[Path], tyro.conf.arg(metavar="TRAJECTORY.NPZ")
    ]
    """The trajectory; its retarget.json is looked for beside it."""
    motion: Path | None = None
    """The motion it was made from; by default motion.npz beside it."""
    out: Path | None = None
    """Folder for the files; by default the trajectory's."""

    def execute(self) -> int:
        """Simulate, write, and print checks and verdicts."""
        from handx import files, pipeline, reading
        from handx.cli import console
        from retarget.trajectory import BimanualTrajectory
        from robots import load_robot

        trajectory = BimanualTrajectory.load(self.trajectory)
        robot = load_robot(trajectory.robot)
        here = self.trajectory.parent
        text = reading.text_verdict_of(
            trajectory, self._motion(here), str(self.trajectory)
        )
        kinematics = pipeline.retarget_report_of(trajectory, here / files.RETARGET)
        names = (files.ROLLOUT, files.REPORT, files.MCAP, files.VIDEO)
        with files.staged(self.out or here, names) as folder:
            with console.progress("validate"):
                rollout, report = pipeline.validate(trajectory, robot, text, kinematics)
                rollout.save(folder / files.ROLLOUT)
                report.save(folder / files.REPORT)
            with console.progress("record"):
                pipeline.record(trajectory, robot, rollout, folder)
            with console.progress("video"):
                title = str(trajectory.provenance.get("text", ""))
                note = pipeline.film(rollout, robot, folder, title)
        terminal = console.console()
        terminal.print(console.checks(report))
        terminal.print(console.figures(report))
        if note:
            terminal.print(note)
        terminal.print(console.verdicts(report))
        return 0 if report.passed else 1

    def _motion(self, here: Path) -> Path | None:
        from handx import files

        if self.motion is not None:
            return self.motion
        beside = here / files.MOTION
        return beside if beside.exists() else None
