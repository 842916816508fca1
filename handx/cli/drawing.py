"""The options of every command that draws a motion."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What to draw, with what, and where the files go."""

    text: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="TEXT")]
    """What the hands should do, in English."""
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
