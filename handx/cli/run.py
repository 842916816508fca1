"""`handx run`: text in, everything out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Run:
    """Text in, checked robot motion out: every stage in one go.

    Draws a two-handed motion, puts it on a robot, simulates it, and says honestly
    whether the motion is what was asked (text), whether this robot can do it (hand),
    and whether the simulated hands did it (physics). Exit code 0 only if all three say
    yes, 1 if not, 2 if an input cannot be used.

      handx run "touch the thumb to each fingertip in turn with both hands"
      handx run "clap twice" --robot inspire --out out/clap
      handx run "make a fist with the left hand" --model program --seed 3

    Leaves motion.npz, trajectory.npz, retarget.json, rollout.npz, report.json,
    trajectory.mcap and video.mp4 in --out.
    """

    text: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="TEXT")]
    """What the hands should do, in English."""
    robot: str = "shadow"
    """Which robot (`handx robots`)."""
    out: Path = Path("out")
    """Folder for the files."""
    model: str = "auto"
    """auto, program (exact, by rules), synth-v1 (network), or a checkpoint folder."""
    seed: int = 0
    """Same seed, same motion."""
    seconds: float | None = None
    """How long the motion lasts [s]; by default as long as it needs."""
    samples: int = 1
    """Motions to draw; the best match is kept."""
    device: str = "cpu"
    """Where a network runs."""

    def execute(self) -> int:
        """Run every stage and print a table for each."""
        from handx import pipeline
        from handx.cli import console, summaries

        terminal = console.console()
        result = pipeline.run(
            self.text, self.robot, self.out, self.model, self.seed, self.seconds,
            self.samples, self.device, console.progress,
        )  # fmt: skip
        terminal.print(summaries.motion(result.motion, result.reading, result.text))
        terminal.print(summaries.retargeting(result.trajectory, result.retarget_report))
        terminal.print(console.checks(result.report))
        terminal.print(summaries.written(result))
        terminal.print(console.verdicts(result.report))
        return 0 if result.passed else 1
