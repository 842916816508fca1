"""`handx data`: recordings in, one clean store out."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from handx.cli.data_filter import Filter
from handx.cli.data_look import Show, Stats
from handx.cli.synthesize import Synthesize

if TYPE_CHECKING:
    from training.data.importer import Tally


@dataclass(frozen=True)
class Import:
    """Clean recordings of a known format into a store.

    Turned into the canonical frame, resampled, cut into clips of clean frames only.
    What is dropped is counted by its reason. Run it again after a stop: it goes on
    where it was; what the store has already is not imported twice. Exit code 2 if a
    file was refused or nothing was kept.

      handx data import hot3d recordings/P0003_c701bd11 --out store
      handx data import plain takes/ --source-fps 50 --out store
      handx data import handx download --out store --filter paper --workers 8
    """

    source: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SOURCE")]
    """Format of the files; an unknown name lists them."""
    path: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="PATH")]
    """A recording, or a folder of them."""
    out: Path = Path("store")
    """The store; made if it is not there."""
    frames: int = 60
    """Length of a clip [frames]."""
    fps: float = 30.0
    """Rate of the clips [Hz]."""
    source_fps: float | None = None
    """Rate of recordings whose files hold no time stamps [Hz]."""
    filter: Literal["none", "paper"] = "none"
    """"paper" drops clips in which the fingers move little."""
    hands: Literal["any", "both"] = "any"
    """"both" makes no clips of one hand."""
    workers: int = os.cpu_count() or 1
    """Processes that clean."""
    ray: bool = False
    """Clean on the Ray cluster that RAY_ADDRESS names, or on one started here."""

    def execute(self) -> int:
        """Import, and print what was kept and dropped."""
        from handx.cli import console
        from handx_gen.errors import InputError
        from training.data.importer import import_source
        from training.data.windows import Cut

        if self.workers < 1:
            raise InputError("--workers", "", f"{self.workers}", "give 1 or more")
        how = Cut(self.frames, self.fps, self.filter, self.hands)
        with console.counting("reading") as say:

            def report(tally: "Tally") -> None:
                say(
                    f"{tally.recordings} recordings, {tally.clips} clips, "
                    f"{100 * tally.kept_share:.0f} % kept"
                )

            try:
                tally = import_source(
                    self.source, self.path, self.out, how, self.source_fps,
                    self.workers, self.ray, report,
                )  # fmt: skip
            except KeyboardInterrupt:
                console.console().print(
                    "stopped; what was imported so far stays, the same command goes on"
                )
                return 130
        return self._tell(tally)

    def _tell(self, tally: "Tally") -> int:
        from handx.cli import console
        from training.data.windows import SHORT, STILL

        terminal = console.console()
        rows = [("in clips", f"{tally.kept:,}", f"{100 * tally.kept_share:.1f} %")]
        for reason, samples in tally.dropped.most_common():
            share = 100 * samples / tally.samples
            rows.append((f"dropped: {reason}", f"{samples:,}", f"{share:.1f} %"))
        rows.append(("all", f"{tally.samples:,}", ""))
        terminal.print(console.listing("frames", ("", "frames", "share"), rows))
        before = f", {tally.before} of them imported before" if tally.before else ""
        one = f", {tally.one_handed} of them of one hand" if tally.one_handed else ""
        facts: list[tuple[str, object]] = [
            ("recordings", f"{tally.recordings}{before}"),
            ("… without a clip", tally.empty),
            *([("met twice, taken once", tally.again)] if tally.again else []),
            ("clips", f"{tally.clips}{one}"),
            *((f"reader: {why}", n) for why, n in sorted(tally.reader.items()) if n),
            ("store", self.out),
        ]
        terminal.print(console.facts(f"{self.source}: {self.path}", facts))
        for note, count in tally.notes.most_common(5):
            terminal.print(f"{count} × {note}")
        for line in tally.refused:
            terminal.print(f"[bold red]refused[/] {_plain(line)}")
        if any("[fps]" in line for line in tally.refused):
            terminal.print("give the rate of files without a clock with --source-fps")
        kept = f"{100 * tally.kept_share:.1f} % of {tally.samples:,} frames kept"
        if tally.kept_share < 0.5:
            defects = [r for r, _ in tally.dropped.most_common() if r != SHORT]
            why = (defects or [SHORT])[0]
            if tally.dropped[SHORT] > tally.samples / 2:
                why = f"{SHORT}s: fewer than {self.frames} clean frames together"
            elif why == STILL:
                why = f"{STILL}: leave out --filter to keep it"
            terminal.print(f"[bold red]MOST OF IT WAS DROPPED[/]: only {kept} ({why})")
        else:
            terminal.print(kept)
        return 2 if tally.refused or not tally.clips else 0


@dataclass(frozen=True)
class Fetch:
    """Fetch a data set from the Hugging Face hub, verified, its licence shown.

    Known by a short name: handx. Others by OWNER/NAME. A stopped download goes on
    where it was. HF_TOKEN opens gated sets, HF_ENDPOINT names a mirror.

      handx data fetch handx --out download
      handx data import handx download --out store
    """

    name: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME")]
    """Short name or OWNER/NAME."""
    out: Path = Path("download")
    """Folder for the files."""
    revision: str = "main"
    """Branch, tag or commit; the commit is recorded."""
    only: tuple[str, ...] = ()
    """Patterns of the files to fetch, if not all."""

    def execute(self) -> int:
        """Fetch, verify, and say what to do next."""
        from handx.cli import console
        from training.data.fetch import fetch

        terminal = console.console()

        def accept(licence: str, revision: str) -> None:
            terminal.print(
                f"{_plain(self.name)} at {revision[:12]}: licence "
                f"[bold]{_plain(licence)}[/]. By using the files you accept its terms."
            )

        fetched = fetch(self.name, self.out, self.revision, self.only, accept)
        facts: list[tuple[str, object]] = [
            ("repository", fetched.repository),
            ("revision", fetched.revision),
            ("licence", fetched.licence),
            ("files", f"{len(fetched.files)}, {fetched.size / 1e6:.1f} MB, verified"),
            ("folder", fetched.folder),
        ]
        if fetched.remote:
            facts.append(
                (
                    "next",
                    f"handx data import {fetched.remote.source} {self.out} --out store",
                )
            )
            for name, page, source in fetched.remote.missing:
                facts.append((f"not in it: {name}", f"ask for it at {page}, then"))
                facts.append(("", f"handx data import {source} PATH --out store"))
        terminal.print(console.facts("fetched", facts))
        return 0


@dataclass(frozen=True)
class Data:
    """Recordings of hands: fetch them, clean them into a store, look at it.

    A store is a folder of Arrow files that HF `datasets` reads; see docs/data.md.

      handx data fetch handx --out download
      handx data import handx download --out store
      handx data stats store
      handx data show store 3f2a --out clip.png
      handx data filter store --hands both --intensity 30 inf --out lively
    """

    command: tyro.conf.OmitSubcommandPrefixes[
        Annotated[Import, tyro.conf.subcommand("import")]
        | Annotated[Filter, tyro.conf.subcommand("filter")]
        | Annotated[Stats, tyro.conf.subcommand("stats")]
        | Annotated[Show, tyro.conf.subcommand("show")]
        | Annotated[Fetch, tyro.conf.subcommand("fetch")]
        | Annotated[Synthesize, tyro.conf.subcommand("synthesize")]
    ]

    def execute(self) -> int:
        """Do what was asked."""
        return self.command.execute()


def _plain(text: str) -> str:
    """Text in which rich sees no markup."""
    from rich.markup import escape

    return escape(text)
