"""`handx generate`: text → motion.npz."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Generate:
    """Text → the motion of two human hands (motion.npz).

    Exit code 0 if the motion does what was asked, 1 if not or if it cannot be told.

      handx generate "pinch the index finger, then make a fist" --out out
      handx generate "clap twice" --model program --seconds 3
      handx retarget out/motion.npz --robot shadow --out out
    """

    text: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="TEXT")]
    """What the hands should do, in English."""
    out: Path = Path("out")
    """Folder for motion.npz."""
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
        """Draw the motion, write it, and print what it does."""
        from handx import files, pipeline
        from handx.cli import console, summaries

        reading = pipeline.read(self.text, self.seconds)
        with (
            files.staged(self.out, (files.MOTION,)) as folder,
            console.progress("generate"),
        ):
            motion, found = pipeline.generate(
                reading, self.model, self.seed, self.samples, self.device
            )
            motion.save(folder / files.MOTION)
        console.console().print(summaries.motion(motion, reading, found))
        return 0 if found.answer == "yes" else 1
