"""What each stage says about its result, as rows of a table."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from handx.cli.console import answer, facts, listing
from handx.pipeline import Reading, RunResult, text_verdict
from handx_gen.kinematics.contacts import split_pair
from handx_gen.kinematics.requests import MatchResult
from handx_gen.kinematics.requests import describe as describe_request
from handx_gen.motion import BimanualMotion
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec

if TYPE_CHECKING:
    from retarget.report import ContactScore, RetargetReport


def motion(drawn: BimanualMotion, reading: Reading, found: MatchResult) -> Table:
    """The generation stage: what was read, what was drawn, how they agree."""
    asked = ", ".join(describe_request(e) for e in reading.requested.events)
    score = "n/a" if found.f1 is None else f"{found.f1:.2f}"
    return facts(
        "motion",
        [
            ("asked", reading.plan.text),
            ("read as", asked or "nothing"),
            ("model", drawn.provenance.get("model", "?")),
            (
                "length",
                f"{len(drawn)} frames, {drawn.duration:.2f} s at {drawn.fps:g} Hz",
            ),
            ("event F1", score),
            ("text verdict", answer(text_verdict(found, reading.nearest))),
        ],
    )


def retargeting(trajectory: BimanualTrajectory, report: "RetargetReport") -> Table:
    """The retargeting stage: errors, contacts, and what time cost."""
    return facts(
        "retargeting",
        [
            ("robot", trajectory.robot),
            (
                "length",
                f"{trajectory.duration:.2f} s, time stretched ×{report.stretch:.2f}",
            ),
            (
                "fingertip error",
                f"mean {report.tip_error_human_mm:.1f} mm, p95 "
                f"{report.tip_error_human_p95_mm:.1f} mm (human size)",
            ),
            ("pinches kept", _contacts(report.pinch)),
            ("touches between hands kept", _contacts(report.inter_hand)),
            ("unreachable", ", ".join(_unreachable(report)) or "none"),
            (
                "limits",
                f"{report.position_violations} position, "
                f"{report.velocity_violations} velocity violations; fastest joint at "
                f"{100 * report.top_speed_ratio:.0f} % of its limit",
            ),
            ("unsolved frames", f"{len(report.unsolved)} of {report.frames}"),
        ],
    )


def _contacts(score: "ContactScore") -> str:
    """Samples of asked contacts that the robot's kinematics keep."""
    if score.recall is None:
        return "n/a (none asked that can be reached)"
    share = f"{100 * score.recall:.0f} % of {score.asked} samples"
    return f"{share}, mean gap {score.gap_mm:.1f} mm"


def _unreachable(report: "RetargetReport") -> list[str]:
    """Asked pairs beyond this robot, each with what is missing."""
    floors = {figures.pair: figures.floor_mm for figures in report.contacts}
    pairs = (*report.pinch.unreachable, *report.inter_hand.unreachable)
    return [
        pair_title(pair)
        + ("" if floors.get(pair) is None else f" by {floors[pair]:.0f} mm")
        for pair in pairs
    ]


def written(result: RunResult) -> Table:
    """Where the files are, and where the time went."""
    spent = ", ".join(f"{name} {took:.1f} s" for name, took in result.seconds.items())
    return facts(
        "files",
        [
            ("folder", result.folder),
            ("video", result.video_note),
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
    path = robot.folder / "capability.json"
    if not path.exists():
        return "not measured"
    pairs = json.loads(path.read_text(encoding="utf-8"))["pairs"]
    short = {pair: entry["short_by_mm"] for pair, entry in pairs.items()}
    found = [f"{pair_title(p)} by {gap:.0f} mm" for p, gap in short.items() if gap > 0]
    return ", ".join(found) or f"none: all {len(short)} contacts can be made"


def pair_title(pair: str) -> str:
    """`"left.thumb_tip|left.index_tip"` → "left thumb–index"."""
    (side, point), (other_side, other) = split_pair(pair)
    first, second = (name.removesuffix("_tip") for name in (point, other))
    return (
        f"{side} {first}–{second if side == other_side else f'{other_side} {second}'}"
    )
