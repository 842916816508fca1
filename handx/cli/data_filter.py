"""`handx data filter`: the clips of a store that meet conditions, as a store."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from training.data.selection import Chosen

Range = tuple[float, float]
_ANY: Range = (0.0, float("inf"))


@dataclass(frozen=True)
class Filter:
    """Choose clips of a store into a new store.

    A clip must meet every condition; without one, all are copied. The table says how
    many were taken and for what the others were left out, each counted once, for the
    first condition that it fails. The old store stays as it is. Run it again after a
    stop: it goes on where it was. Exit code 2 if no clip was taken.

      handx data filter store --split test --out held-out
      handx data filter store --hands both --contact 0.2 1 --out touching
      handx data filter store --intensity 30 inf --seconds 1 10 --out lively
      handx data filter store --text "thumb.*(touch|tap)" --out pinches
      handx data filter store --clean 0.8 --gravity --out best
    """

    store: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="STORE")]
    """The store."""
    out: Path
    """The new store; made if it is not there."""
    split: tuple[Literal["train", "val", "test"], ...] = ()
    """Splits; none named takes all."""
    source: tuple[str, ...] = ()
    """Sources, as `handx data stats` names them; none named takes all."""
    hands: Literal["any", "both", "left", "right"] = "any"
    """Hands that must be there."""
    seconds: Annotated[Range, tyro.conf.arg(metavar="MIN MAX")] = _ANY
    """Duration [s]."""
    intensity: Annotated[Range, tyro.conf.arg(metavar="MIN MAX")] = _ANY
    """Mean weighted joint speed of the hands [deg/s]; still hands have less than 10."""
    paper: bool = False
    """Only clips that pass the paper's filter: both hands 25, their mean 30 deg/s."""
    contact: Annotated[Range, tyro.conf.arg(metavar="MIN MAX")] = _ANY
    """Share of frames in which the two hands touch, 0 to 1."""
    clean: float = 0.0
    """Least share of its recording that the import kept, 0 to 1."""
    gravity: bool = False
    """Only clips of recordings that know which way is up."""
    captioned: bool = False
    """Only clips with captions."""
    text: str = ""
    """Regular expression that a caption must match; case does not matter."""

    def execute(self) -> int:
        """Choose, and print what was taken and left."""
        from handx.cli import console
        from training.data.selection import Choice, choose

        choice = Choice(
            self.split, self.source, self.hands, self.seconds, self.intensity,
            self.paper, self.contact, self.clean, self.gravity, self.captioned, self.text,
        )  # fmt: skip
        with console.counting("choosing") as say:

            def report(chosen: "Chosen") -> None:
                say(f"{chosen.clips} clips looked at, {chosen.kept} taken")

            try:
                chosen = choose(self.store, self.out, choice, report)
            except KeyboardInterrupt:
                console.console().print("stopped; the same command goes on")
                return 130
        return self._tell(chosen)

    def _tell(self, chosen: "Chosen") -> int:
        from handx.cli import console

        share = 100 / max(1, chosen.clips)
        rows = [("taken", f"{chosen.kept:,}", f"{share * chosen.kept:.1f} %")]
        for reason, clips in chosen.dropped.most_common():
            rows.append((f"left: {reason}", f"{clips:,}", f"{share * clips:.1f} %"))
        rows.append(("all", f"{chosen.clips:,}", ""))
        terminal = console.console()
        terminal.print(console.listing(str(self.store), ("", "clips", "share"), rows))
        if chosen.before:
            terminal.print(f"{chosen.before} of them looked at before")
        taken = f"{chosen.kept_frames:,} of {chosen.frames:,} frames taken"
        if chosen.kept:
            terminal.print(f"{taken} into {self.out}", markup=False)
            return 0
        terminal.print("[bold red]NO CLIP WAS TAKEN[/]: loosen the conditions")
        return 2
