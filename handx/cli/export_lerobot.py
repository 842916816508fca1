"""`handx export lerobot`: runs as a data set for imitation learning."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class ExportLerobot:
    """Runs as episodes of a LeRobot data set (v3.0), added to it if it is there.

    RUN is the folder of a run, or a folder of such folders. A run that the data set has
    already is passed over, so that the same command goes on after an interruption; the
    old data set stays as it was until the new one is complete.

      handx export lerobot out/clap out/fist --out dataset
      handx export lerobot out --out dataset --video

    Per frame: observation.state (measured), action (commanded), observation.human_joints,
    observation.contact, observation.contact_force, tracking_error, success; the text is
    the task. Needs the extra train (pyarrow), not LeRobot. To read it:

      LeRobotDataset("me/hands", root="dataset")
    """

    runs: Annotated[
        tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="RUN [RUN …]")
    ]
    """Folders of runs."""
    out: Path = Path("dataset")
    """The data set's folder."""
    fps: int = 30
    """Frames per second [Hz]."""
    video: bool = False
    """Also a video of the simulated hands per episode (observation.images.front)."""

    def execute(self) -> int:
        """Add the runs, and say what the data set holds."""
        from handx.cli import console
        from handx.export.lerobot import write_lerobot
        from handx.export.run_folder import load_run

        found = run_folders(self.runs)
        with console.counting("exporting") as say:
            done = write_lerobot(
                [partial(load_run, folder) for folder in found],
                self.out, self.fps, self.video, say,
            )  # fmt: skip
        rows: list[tuple[str, object]] = [
            ("added", f"{done.added} episodes"),
            *([("had already", done.known)] if done.known else []),
            ("episodes", done.episodes),
            ("frames", f"{done.frames:,} at {self.fps} Hz"),
            ("tasks", done.tasks),
            ("data set", self.out),
        ]
        console.console().print(console.facts("LeRobot data set", rows))
        return 0


def run_folders(given: Sequence[Path]) -> list[Path]:
    """The runs' folders, those inside a folder of runs in the order of their names.

    Raises:
        InputError: A folder is not there, or holds no run.
    """
    from handx import files
    from handx_gen.errors import InputError

    found: list[Path] = []
    for folder in given:
        if (folder / files.ROLLOUT).exists():
            found.append(folder)
            continue
        inside = sorted(file.parent for file in folder.glob(f"*/{files.ROLLOUT}"))
        if not inside:
            raise InputError(
                folder, "RUN", f"no {files.ROLLOUT} in it or one folder below",
                "give the folder of a `handx run`, or a folder of such folders",
            )  # fmt: skip
        found += inside
    if not found:
        raise InputError("RUN", "", "none given", "give the folder of a `handx run`")
    return found
