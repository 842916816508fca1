"""`handx data stats` and `handx data show`: what is in a store."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro


@dataclass(frozen=True)
class Stats:
    """Hours, contacts and intensity of a store, by source, as in the paper's Table 1.

      handx data stats store --out stats.png

    A contact is one between the hands: two tips within 20 mm, or a tip and another
    joint within 25 mm. The paper's text gives its frequency per minute and its code per
    second; here it is per second.
    """

    store: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="STORE")]
    """The store."""
    split: Literal["all", "train", "val", "test"] = "all"
    """Which clips."""
    out: Path | None = None
    """Also draw the figures into this PNG."""

    def execute(self) -> int:
        """Compute and print the table."""
        from handx.cli import console
        from handx.cli.chart import draw_statistics
        from training.data.corpus import Store
        from training.data.statistics import statistics

        _must_end_in(self.out, (".png",))
        store = Store(self.store)
        split = None if self.split == "all" else self.split
        with console.counting("measuring"):
            found = statistics(store.clips(split))
        columns = (
            "source", "clips", "hours", "frames", "two hands", "captions",
            "contact ratio", "duration [s]", "frequency [1/s]", "intensity [deg/s]",
        )  # fmt: skip
        rows = [
            (
                one.source,
                f"{one.clips:,}",
                f"{one.hours:.3g}",
                f"{one.frames:,}",
                f"{100 * one.two_handed:.0f} %",
                f"{one.captions:,}",
                _figure(one.contact_ratio),
                _figure(one.contact_duration),
                _figure(one.contact_frequency),
                f"{one.intensity:.1f}",
            )
            for one in found
        ]
        terminal = console.console()
        terminal.print(console.listing(str(self.store), columns, rows))
        for one in found:
            if one.source != "all":
                stated = "; ".join(one.licences) or "not stated"
                terminal.print(f"licence of {one.source}: {stated}", markup=False)
        if self.out:
            draw_statistics(found, self.out)
            terminal.print(f"drawn: {self.out}", markup=False)
        return 0


@dataclass(frozen=True)
class Show:
    """Draw a clip of a store: a strip of moments (.png) or a film (.mp4).

    Fingertips light up while they touch.

      handx data show store 3f2a --out clip.png
      handx data show store 3f2a --out clip.mp4
    """

    store: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="STORE")]
    """The store."""
    clip: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ID")]
    """The clip's id, or how it begins."""
    out: Path = Path("clip.png")
    """A .png or .mp4."""

    def execute(self) -> int:
        """Draw, and print what is known of the clip."""
        from handx.cli import console
        from handx.cli.hand_picture import draw_film, draw_strip
        from training.data.corpus import CAPTIONS, Store

        _must_end_in(self.out, (".png", ".mp4"))
        clip = Store(self.store).clip(self.clip)
        motion, known = clip.motion, clip.motion.provenance
        title = f"{clip.id}  {clip.source}: {clip.name}"
        draw = draw_strip if self.out.suffix.lower() == ".png" else draw_film
        with console.counting("drawing"):
            draw(motion, self.out, title)
        sides = [s for s, on in zip(("left", "right"), motion.present) if on]
        facts: list[tuple[str, object]] = [
            ("recording", f"{clip.source}: {clip.name}, from {known['start']:.2f} s"),
            ("hands", " and ".join(sides)),
            ("length", f"{len(motion)} frames at {motion.fps:g} Hz"),
            ("split", f"{clip.split} (group {clip.group})"),
            ("gravity", "known" if known["gravity_known"] else "not known"),
            ("licence", clip.licence or "not stated"),
            *(
                (name, clip.captions[name][0])
                for name in CAPTIONS
                if clip.captions[name]
            ),
            ("drawn", self.out),
        ]
        console.console().print(console.facts(clip.id, facts))
        return 0


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _must_end_in(out: Path | None, suffixes: tuple[str, ...]) -> None:
    from handx_gen.errors import InputError

    if out is not None and out.suffix.lower() not in suffixes:
        raise InputError(
            "--out", "", f"{out.name!r}", f"name a file that ends in {suffixes}"
        )
