"""`handx data synthesize`: clips by the procedural teacher, into a store."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from training.data.synthetic_store import Made


@dataclass(frozen=True)
class Synthesize:
    """Make synthetic clips with captions: two hands doing what a sentence asks.

    Every clip is checked: its own events, read back, agree with its captions. Seeds
    decide everything: the same store for any number of workers, and run again after a
    stop it goes on where it was. See docs/synthetic-data.md.

      handx data synthesize --clips 100000 --out store
      handx data synthesize --clips 2000 --split heldout_wording --out held-out
    """

    clips: int = 1000
    """How many."""
    out: Path = Path("store")
    """The store; made if it is not there."""
    seed: int = 0
    """The first clip's seed; clip k has seed + k."""
    split: Literal[
        "train", "val", "heldout_combination", "heldout_wording", "heldout_sequence"
    ] = "train"
    """Held-out splits have combinations, words or sequences that "train" never has."""
    workers: int = os.cpu_count() or 1
    """Processes."""

    def execute(self) -> int:
        """Make them, and print what was made."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TimeRemainingColumn

        from handx.cli import console
        from handx_gen.errors import InputError
        from training.data.synthetic_store import synthesize_store

        if self.workers < 1:
            raise InputError("--workers", "", f"{self.workers}", "give 1 or more")
        started = time.monotonic()
        bar = Progress(
            "{task.description}", BarColumn(), "{task.completed}/{task.total} clips",
            TimeRemainingColumn(), console=Console(stderr=True), transient=True,
        )  # fmt: skip
        with bar:
            task = bar.add_task("synthesizing", total=self.clips)

            def report(made: "Made") -> None:
                bar.update(task, completed=made.clips)

            try:
                made = synthesize_store(
                    self.out, self.clips, self.seed, self.split, self.workers, report
                )
            except KeyboardInterrupt:
                console.console().print(
                    "stopped; what was made so far stays, the same command goes on"
                )
                return 130
        spent = time.monotonic() - started
        fresh = made.clips - made.before
        good, of = made.verified
        rare = [f"{name} {n}" for name, n in made.primitives.most_common()[-5:]]
        rows: list[tuple[str, object]] = [
            (
                "clips",
                f"{made.clips:,}"
                + f", {made.before:,} made before" * bool(made.before),
            ),
            ("rate", f"{fresh / spent:.0f} clips/s with {self.workers} processes"),
            ("captions verified", f"{good:,} of {of:,}"),
            ("movements", f"{len(made.primitives)}; rarest: {', '.join(rare)}"),
            ("store", self.out),
        ]
        console.console().print(console.facts(f"synthetic: {self.split}", rows))
        return 0
