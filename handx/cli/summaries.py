"""What each stage says about its result, as rows of a table."""

import json
from typing import TYPE_CHECKING

from rich.table import Table

from handx.cli.console import answer, facts
from handx.pipeline import Reading, RunResult, text_verdict
from handx_gen.kinematics.requests import MatchResult
from handx_gen.kinematics.requests import describe as describe_request
from handx_gen.motion import BimanualMotion
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec

if TYPE_CHECKING:
    from retarget.report import RetargetReport

ROBOT_COLUMNS = ("name", "title", "DoF", "fingers", "licence", "numbers from",
                 "velocity limit", "misses")  # fmt: skip


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
    rows = [
        ("robot", trajectory.robot),
        (
            "length",
            f"{trajectory.duration:.2f} s, time stretched ×{trajectory.stretch:.2f}",
        ),
        *report.rows(),
    ]
    return facts("retargeting", rows)


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


def robot_row(robot: RobotSpec) -> tuple[str, ...]:
    """One robot for the list of robots."""
    hand = next(iter(robot.hands.values()))
    placeholder = "placeholder" in hand.velocity_source.lower()
    return (
        robot.name,
        robot.title,
        f"{len(hand.joint_names)} / {len(hand.actuated)}",
        ", ".join(hand.fingers),
        robot.licence,
        "; ".join(f"{what}: {source}" for what, source in robot.sources.items()),
        f"{'placeholder' if placeholder else 'sourced'}: {hand.velocity_source}",
        misses(robot),
    )


def misses(robot: RobotSpec) -> str:
    """The contacts a robot cannot close, from its capability.json."""
    path = robot.folder / "capability.json"
    if not path.exists():
        return "not measured"
    found = json.loads(path.read_text(encoding="utf-8"))
    return ", ".join(f"{pair} by {gap:.0f} mm" for pair, gap in found.items()) or "none"
