"""Trials counted: successes per skill, robot and source, with their intervals."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handx.skill_trials import Row
from handx_gen import npz
from robots.robot import RobotSpec
from sim.skills.skill import Skill

Z95 = 1.959964
"""Two-sided 95 % of the normal distribution."""

PERTURBED = "reference, perturbed"
"""The column of references on perturbed robots."""


@dataclass(frozen=True)
class Rate:
    """A success rate.

    Attributes:
        successes, trials: Counts.
        low, high: 95 % interval (Wilson's score interval).
    """

    successes: int
    trials: int
    low: float
    high: float

    @classmethod
    def of(cls, successes: int, trials: int) -> "Rate":
        """The rate of some counts; `trials` is at least 1."""
        return cls(successes, trials, *wilson(successes, trials))

    def __str__(self) -> str:
        return f"{self.successes}/{self.trials} [{self.low:.2f}, {self.high:.2f}]"


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % score interval of a proportion (Wilson 1927)."""
    share, square = successes / trials, Z95**2
    middle = share + square / (2 * trials)
    half = Z95 * np.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    scale = 1 + square / trials
    low, high = (middle - half) / scale, (middle + half) / scale
    return float(np.clip(low, 0.0, share)), float(np.clip(high, share, 1.0))


@dataclass(frozen=True)
class RobotTable:
    """What one robot could do.

    Attributes:
        robot: Its name.
        rates: Skill → source → rate.
        unreachable: Skill → why this robot cannot do it at all.
        reasons: Skill → what its failed references missed, the most frequent one.
    """

    robot: str
    rates: Mapping[str, Mapping[str, Rate]]
    unreachable: Mapping[str, str]
    reasons: Mapping[str, str]


def tabulate(
    rows: Sequence[Row], robots: Sequence[RobotSpec], skills: Sequence[Skill]
) -> list[RobotTable]:
    """Rows → a table per robot. A motion counts for the skill that it is meant to be."""
    tables = []
    for robot in robots:
        mine = [row for row in rows if row.robot == robot.name and _meant(row)]
        rates: dict[str, dict[str, Rate]] = {}
        reasons: dict[str, str] = {}
        for skill in skills:
            own = [row for row in mine if row.skill == skill.name]
            rates[skill.name] = _rates(own)
            failed = [
                r.reason for r in own if r.source == "reference" and not r.success
            ]
            if failed:
                reasons[skill.name] = max(failed, key=failed.count)
        gaps = {skill.name: skill.unreachable(robot) for skill in skills}
        cannot = {
            name: "; ".join(f"{pair}: {why}" for pair, why in missing.items())
            for name, missing in gaps.items()
            if missing
        }
        tables.append(RobotTable(robot.name, rates, cannot, reasons))
    return tables


def _meant(row: Row) -> bool:
    """Whether a row's judge is the skill that the motion was made for."""
    return row.source == "file" or row.label == row.skill


def _rates(rows: Sequence[Row]) -> dict[str, Rate]:
    found = {}
    for source in dict.fromkeys(row.source for row in rows):
        tried = [row for row in rows if row.source == source]
        found[source] = Rate.of(sum(row.success for row in tried), len(tried))
    again = [row for row in rows if row.source == "reference" and row.trials]
    if again:
        found[PERTURBED] = Rate.of(
            sum(row.perturbed for row in again), sum(row.trials for row in again)
        )
    return found


def overall(table: RobotTable, source: str) -> tuple[Rate, Rate] | None:
    """Successes over all skills, and over those within the robot's reach.

    None where the source was not tried.
    """
    counted = [
        (rates[source], name in table.unreachable)
        for name, rates in table.rates.items()
        if source in rates
    ]
    within = [rate for rate, cannot in counted if not cannot]
    if not within:
        return None
    first, second = (
        Rate.of(sum(r.successes for r in some), sum(r.trials for r in some))
        for some in ([rate for rate, _ in counted], within)
    )
    return first, second


def confusion(rows: Sequence[Row], robot: str, names: Sequence[str]) -> np.ndarray:
    """(skills, judges) share of each skill's references that each judge accepts."""
    share = np.full((len(names), len(names)), np.nan)
    for i, made in enumerate(names):
        for j, judge in enumerate(names):
            found = [
                row.success
                for row in rows
                if (row.robot, row.source, row.label, row.skill)
                == (robot, "reference", made, judge)
            ]
            if found:
                share[i, j] = np.mean(found)
    return share


def save(
    tables: Sequence[RobotTable],
    rows: Sequence[Row],
    about: Mapping[str, Any],
    path: Path,
) -> Path:
    """Write tables, rows and settings as JSON, atomically."""
    body = {
        "about": dict(about),
        "robots": [asdict(table) for table in tables],
        "rows": [asdict(row) for row in rows],
    }
    return npz.write_text(path, json.dumps(body, indent=1) + "\n")
