"""What each stage says about its result, as rows of a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from handx.candidates import Candidate, best
from handx.cli.console import answer, facts, listing
from handx.pipeline import RunResult
from handx.reading import Reading, text_verdict
from handx_gen.kinematics.contacts import split_pair
from handx_gen.kinematics.requests import MatchResult
from handx_gen.kinematics.requests import describe as describe_request
from handx_gen.motion import BimanualMotion
from retarget.trajectory import BimanualTrajectory
from robots.capability import read_capability
from robots.robot import RobotSpec

if TYPE_CHECKING:
    from handx.repair import RepairStep
    from retarget.report import RetargetReport


def motion(drawn: BimanualMotion, reading: Reading, found: MatchResult) -> Table:
    """The generation stage: what was read, what was drawn, how they agree."""
    asked = ", ".join(describe_request(e) for e in reading.requested.events)
    score = "n/a" if found.f1 is None else f"{found.f1:.2f}"
    return facts(
        "motion",
        [
            ("asked", reading.plan.text),
            ("read as", asked or "nothing"),
            ("model", _model(drawn)),
            (
                "length",
                f"{len(drawn)} frames, {drawn.duration:.2f} s at {drawn.fps:g} Hz",
            ),
            ("event F1", score),
            ("text verdict", answer(text_verdict(found, reading))),
        ],
    )


def segments(drawn: BimanualMotion, parts: Sequence[tuple[str, MatchResult]]) -> Table:
    """Each segment of a plan by its own words."""
    rows = []
    for (text, found), span in zip(parts, drawn.provenance["segments"], strict=True):
        start, stop = (span[edge] / drawn.fps for edge in ("start", "stop"))
        score = "n/a" if found.f1 is None else f"{found.f1:.2f}"
        reasons = "; ".join(found.reasons)
        rows.append((f"{start:.1f}–{stop:.1f} s", text, score, found.answer, reasons))
    return listing("segments", ("when", "asked", "event F1", "done", "why not"), rows)


def _model(drawn: BimanualMotion) -> str:
    """What drew the motion, and why not what was asked for."""
    warning = drawn.provenance.get("warning")
    name = str(drawn.provenance.get("model", "unknown"))
    return f"{name} ({warning})" if warning else name


def candidates(rows: Sequence[Candidate]) -> Table:
    """Best of N: every drawn motion; sample 0 is what a single draw gives."""
    chosen = best(rows)
    cells = []
    for row in rows:
        mark = "chosen" if row.sample == chosen else "N = 1" if row.sample == 0 else ""
        mark = "chosen, N = 1" if row.sample == chosen == 0 else mark
        answers = [row.text, row.hand, row.physics]
        figures = [_share(row.f1), _share(row.second_f1), str(row.checks_failed)]
        figures += [_share(row.contacts_kept), f"×{row.stretch:.2f}"]
        cells.append([str(row.sample), row.model, *answers, *figures, mark])
    columns = (
        "", "model", "text", "hand", "physics", "F1", "2nd reader", "checks failed",
        "contacts kept", "time", "",
    )  # fmt: skip
    return listing(f"best of {len(rows)}", columns, cells)


def repairs(steps: "Sequence[RepairStep]") -> Table:
    """What was tried to make a motion pass, and what each step came to."""
    cells = [
        (
            step.what, step.outcome, step.text, step.hand, step.physics,
            ", ".join(step.failed) or "none", f"{step.seconds:.1f}", step.detail,
        )
        for step in steps
    ]  # fmt: skip
    columns = (
        "step", "", "text", "hand", "physics", "checks failed", "CPU s", "detail",
    )  # fmt: skip
    return listing("repair", columns, cells)


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def retargeting(trajectory: BimanualTrajectory, report: "RetargetReport") -> Table:
    """The retargeting stage: errors, contacts, and what time cost."""
    length = f"{trajectory.duration:.2f} s"
    return facts(
        "retargeting",
        [("robot", trajectory.robot), ("length", length), *report.rows()],
    )


def written(result: RunResult) -> Table:
    """Where the files are, and where the time went."""
    spent = ", ".join(f"{name} {took:.1f} s" for name, took in result.seconds.items())
    return facts(
        "files",
        [
            ("folder", result.folder),
            ("video", result.video_note or "rendered"),
            ("time", spent),
        ],
    )


def robots(specs: Sequence[RobotSpec]) -> Table:
    """What each robot is, where its numbers come from, and what it cannot reach."""
    table = listing("robots (figures per hand)", ("robot", "", ""), [])
    for spec in specs:
        for row, (what, value) in enumerate(robot_facts(spec)):
            name = Text(spec.name, style="bold") if row == 0 else ""
            table.add_row(name, Text(what, style="dim"), Text(value))
        table.add_section()
    return table


def robot_facts(robot: RobotSpec) -> list[tuple[str, str]]:
    """Rows of one robot in the list of robots."""
    hand = next(iter(robot.hands.values()))
    placeholder = hand.velocity_source.lower().startswith("placeholder")
    speeds = hand.velocity_limit[hand.actuated_index]
    return [
        ("what", robot.title),
        (
            "degrees of freedom",
            f"{len(hand.actuated)} driven of {len(hand.joint_names)} joints",
        ),
        ("fingers", f"{len(hand.fingers)}: {', '.join(hand.fingers)}"),
        ("licence", robot.licence),
        *((f"{what} from", source) for what, source in robot.sources.items()),
        ("velocity limit", f"{speeds.min():g} to {speeds.max():g} rad/s"),
        ("… a placeholder", "yes" if placeholder else "no"),
        ("cannot reach", misses(robot)),
    ]


def misses(robot: RobotSpec) -> str:
    """The contacts a robot cannot close, from its capability.json."""
    capability = read_capability(robot)
    if capability is None:
        return "not measured"
    found = [
        f"{pair_title(pair)} by {1000 * gap:.0f} mm"
        for pair, gap in capability.unreachable.items()
    ]
    return ", ".join(found) or f"none: all {len(capability.pairs)} contacts can be made"


def pair_title(pair: str) -> str:
    """`"left.thumb_tip|left.index_tip"` → "left thumb–index"."""
    (side, point), (other_side, other) = split_pair(pair)
    first, second = (name.removesuffix("_tip") for name in (point, other))
    return (
        f"{side} {first}–{second if side == other_side else f'{other_side} {second}'}"
    )
