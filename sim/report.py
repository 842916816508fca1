"""`Check`, `Verdict`, `SimReport`: what the simulation found, and whether it is enough."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from handx_gen import npz
from handx_gen.errors import InputError

SCHEMA_VERSION = 1
Answer = Literal["yes", "no", "can't tell"]


@dataclass(frozen=True)
class Check:
    """One measured quantity against its threshold.

    Attributes:
        name: e.g. "tip tracking p95".
        value: What was measured; None where there was nothing to measure ("n/a").
        unit: "mm", "rad", "1", …
        threshold: The bound.
        passed: None where there was nothing to measure.
        sense: "<" if smaller is better, ">" if larger is.
    """

    name: str
    value: float | None
    unit: str
    threshold: float
    passed: bool | None
    sense: Literal["<", ">"] = "<"


@dataclass(frozen=True)
class Verdict:
    """One of the three verdicts: an answer and the reasons for it."""

    answer: Answer
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class SimReport:
    """The report of one trajectory: `PASS` only if all three verdicts say yes.

    Attributes:
        robot: Robot name.
        verdicts: "text", "hand", "physics" → `Verdict`.
        checks: What the physics verdict rests on.
        thresholds: Every threshold used, by name.
        stretch: Factor by which time was stretched.
        hashes: "trajectory", "robot", "thresholds" → sha256.
        baselines: The same quantities for kinematic playback and a static pose.
        details: Figures for the reader: contacts one by one, retarget report, text.
    """

    robot: str
    verdicts: Mapping[str, Verdict]
    checks: tuple[Check, ...]
    thresholds: Mapping[str, float]
    stretch: float
    hashes: Mapping[str, str]
    baselines: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether all three verdicts say yes."""
        return all(
            name in self.verdicts and self.verdicts[name].answer == "yes"
            for name in ("text", "hand", "physics")
        )

    def to_json(self) -> str:
        """The report as JSON text; `passed` is at the top level."""
        body = {"schema_version": SCHEMA_VERSION, "passed": self.passed, **asdict(self)}
        return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)

    def save(self, path: str | Path) -> Path:
        """Write `report.json` atomically."""
        return npz.write_text(path, self.to_json() + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "SimReport":
        """Read a `report.json`.

        Raises:
            InputError: Missing, not JSON, or a field is missing or of another kind.
        """
        try:
            body = json.loads(Path(path).read_text(encoding="utf-8"))
            report = cls(
                body["robot"],
                {k: Verdict(v["answer"], tuple(v["reasons"]))
                 for k, v in body["verdicts"].items()},
                tuple(Check(**check) for check in body["checks"]),
                body["thresholds"],
                float(body["stretch"]),
                body["hashes"],
                body.get("baselines", {}),
                body.get("details", {}),
            )  # fmt: skip
        except FileNotFoundError:
            raise InputError(path, "", "no such file", "validate first") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                path, "", f"not a report ({type(error).__name__}: {error})",
                "run `handx validate` again",
            ) from error  # fmt: skip
        if body.get("passed") is not report.passed:
            raise InputError(path, "passed", "does not follow from the verdicts",
                             "run `handx validate` again")  # fmt: skip
        failed = [check.name for check in report.checks if check.passed is False]
        if report.passed and failed:
            raise InputError(path, "verdicts", f"a PASS although “{failed[0]}” failed",
                             "run `handx validate` again")  # fmt: skip
        return report
