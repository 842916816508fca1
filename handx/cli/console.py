"""Tables and progress on the terminal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.report import SimReport, Verdict

STAGES = {
    "generate": "drawing the motion",
    "retarget": "putting it on the robot",
    "validate": "simulating",
    "record": "writing the recording",
    "video": "drawing the video",
}
_COLOURS = {"yes": "green", "no": "red", "can't tell": "yellow"}


def console() -> Console:
    """Where tables go. A pipe gets full lines instead of an 80-column fold."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=110)


@contextmanager
def progress(stage: str) -> Iterator[None]:
    """Show on stderr that a stage runs."""
    status = Console(stderr=True).status(f"{STAGES.get(stage, stage)} …")
    with status:
        yield


@contextmanager
def counting(what: str) -> Iterator[Callable[[str], None]]:
    """Show on stderr that something runs, and how far it is."""
    with Console(stderr=True).status(f"{what} …") as status:
        yield lambda line: status.update(f"{what} … {line}")


def facts(title: str, rows: Sequence[tuple[str, object]]) -> Table:
    """A table of two columns: what, and its value."""
    table = Table(title=title, title_justify="left", show_header=False, min_width=60)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in rows:
        table.add_row(name, value if isinstance(value, Text) else Text(str(value)))
    return table


def listing(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table with named columns."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def answer(verdict: Verdict) -> Text:
    """A verdict's answer in its colour, with its reasons."""
    text = Text(verdict.answer, style=f"bold {_COLOURS[verdict.answer]}")
    for reason in verdict.reasons:
        text.append(f"\n{reason}", style="not bold default")
    return text


def checks(report: SimReport) -> Table:
    """The simulation's checks against their thresholds, and the baselines beside them."""
    rows = []
    for check in report.checks:
        result = {None: "n/a", True: "ok", False: "FAILED"}[check.passed]
        bound = f"{'≤' if check.sense == '<' else '≥'} {check.threshold:g}"
        unit = "" if check.unit == "1" else check.unit
        beside = [number(b.get(check.name)) for b in report.baselines.values()]
        rows.append((check.name, number(check.value), bound, unit, *beside, result))
    columns = ("check", "measured", "threshold", "unit", *report.baselines, "")
    table = listing("physics: checks", columns, rows)
    limits = report.details.get("wrist limits")
    if limits:
        given = ", ".join(f"{name} {value:.3g}" for name, value in limits.items())
        table.caption = f"wrists are driven in space by imagined motors: {given}"
        table.caption_justify = "left"
    return table


def figures(report: SimReport) -> Table:
    """What was measured without a threshold, and the baselines beside it."""
    rows = [
        (name, number(value), *(number(b.get(name)) for b in report.baselines.values()))
        for name, value in report.details.get("figures", {}).items()
    ]
    columns = ("figure", "measured", *report.baselines)
    return listing("physics: figures without a threshold", columns, rows)


def number(value: float | None) -> str:
    """Three digits, or "n/a"."""
    return "n/a" if value is None else f"{value:.3g}"


def verdicts(report: SimReport) -> Table:
    """The three verdicts and the one word."""
    word = (
        Text("PASS", style="bold green")
        if report.passed
        else Text("NOT PASSED", style="bold red")
    )
    rows: list[tuple[str, object]] = [
        (name, answer(verdict)) for name, verdict in report.verdicts.items()
    ]
    return facts("verdicts", [*rows, ("all three", word)])
