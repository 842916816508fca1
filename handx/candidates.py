"""Best of N: what each drawn motion came to, and which one is kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from handx_gen import npz
from handx_gen.kinematics.requests import MatchResult
from handx_gen.kinematics.second_reader import SecondOpinion
from sim.report import SimReport


@dataclass(frozen=True)
class Candidate:
    """One drawn motion after text, robot and physics.

    Attributes:
        sample: Its number; 0 is what a single draw would have given.
        model: What drew it.
        text, hand, physics: The three answers.
        f1: Event F1 by `match()`; None where nothing could be read.
        second_f1: Event F1 by the second reader, which takes no part in the choice.
        checks_failed: Physics checks that failed.
        contacts_kept: Share of asked contact time that the simulated hands kept, None
            where no contact was asked.
        stretch: Factor by which the robot needed more time.
    """

    sample: int
    model: str
    text: str
    hand: str
    physics: str
    f1: float | None
    second_f1: float | None
    checks_failed: int
    contacts_kept: float | None
    stretch: float

    @classmethod
    def of(
        cls,
        sample: int,
        model: str,
        found: MatchResult,
        opinion: SecondOpinion,
        report: SimReport,
    ) -> "Candidate":
        """The row of one finished candidate."""
        kept = next(
            (c.value for c in report.checks if c.name == "contact recall"), None
        )
        return cls(
            sample, model, *(report.verdicts[v].answer for v in ("text", "hand", "physics")),
            found.f1, opinion.f1, sum(c.passed is False for c in report.checks), kept,
            report.stretch,
        )  # fmt: skip

    @property
    def passed(self) -> bool:
        """Whether all three verdicts say yes."""
        return self.text == self.hand == self.physics == "yes"


def best(candidates: Sequence[Candidate]) -> int:
    """Index of the candidate that follows text and physics best.

    All three verdicts first, then the text's answer and F1, physics, the hand, contacts
    kept and the smaller stretch; of equals the first.
    """

    def worth(index: int) -> tuple:
        c = candidates[index]
        kept = 1.0 if c.contacts_kept is None else c.contacts_kept
        return (
            c.passed, c.text == "yes", round(c.f1 or 0.0, 6), c.physics == "yes",
            -c.checks_failed, c.hand == "yes", round(kept, 3), -round(c.stretch, 2), -index,
        )  # fmt: skip

    return max(range(len(candidates)), key=worth)


def save(candidates: Sequence[Candidate], chosen: int, path: Path) -> None:
    """Write the table of all candidates as JSON, atomically."""
    body = {"chosen": chosen, "candidates": [asdict(c) for c in candidates]}
    npz.write_text(path, json.dumps(body, indent=2) + "\n")
