"""The options of every command that draws a motion."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from handx_gen.prompt import Plan


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What to draw, with what, and where the files go."""

    text: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="[TEXT]")] = ""
    """What the hands should do, in English."""
    plan: Path | None = None
    """Segments from `handx plan`, instead of a text."""
    out: Path = Path("out")
    """Folder for the files."""
    model: str = "auto"
    """auto, program (exact, by rules), synth-v1 (network), or a checkpoint folder."""
    seed: int = 0
    """Same seed, same motion."""
    seconds: float | None = None
    """How long the motion lasts [s]; by default as long as it needs."""
    samples: int = 1
    """Motions to draw, in one batch; the best is kept."""
    device: str = "cpu"
    """Where a network runs."""

    def request(self) -> "str | Plan":
        """The text, or the plan.

        Raises:
            InputError: Both or neither are given, or the plan cannot be used.
        """
        from handx_gen.errors import InputError
        from handx_gen.planning import load_plan

        if self.plan is None:
            return self.text
        if self.text:
            raise InputError("--plan", "", "given beside a text", "give one of them")
        if self.seconds is not None:
            raise InputError(
                "--seconds", "", "given beside --plan", "set seconds in the plan"
            )
        return load_plan(self.plan)
