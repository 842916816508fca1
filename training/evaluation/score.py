"""Scores of motions against what was asked, with bootstrap intervals."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.requests import RequestedEvents, match
from handx_gen.kinematics.second_reader import second_opinion
from handx_gen.motion import BimanualMotion

DRAWS = 2000
"""Bootstrap resamples."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % bootstrap interval; None where nothing could be scored."""

    mean: float | None
    low: float | None
    high: float | None
    count: int

    @classmethod
    def of(cls, values: Sequence[float], seed: int = 0) -> "Estimate":
        """Mean of `values` and the interval over resampled items."""
        if not len(values):
            return cls(None, None, None, 0)
        array = np.asarray(values, float)
        rows = np.random.default_rng(seed).integers(
            len(array), size=(DRAWS, len(array))
        )
        low, high = np.quantile(array[rows].mean(1), [0.025, 0.975])
        return cls(float(array.mean()), float(low), float(high), len(array))

    @classmethod
    def of_share(cls, hits: int, count: int) -> "Estimate":
        """A share with its 95 % score interval [Wilson1927], not empty at 0 or 1."""
        if not count:
            return cls(None, None, None, 0)
        z = 1.96
        share, spread = hits / count, z * z / count
        middle = (share + spread / 2) / (1 + spread)
        half = np.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
        low, high = max(0.0, float(middle - half)), min(1.0, float(middle + half))
        return cls(share, low, high, count)

    def __str__(self) -> str:
        if self.mean is None:
            return "n/a"
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class Scores:
    """How a set of motions did.

    Attributes:
        f1: Event F1 per item; items that ask for no countable event are left out.
        yes: Share of items whose every event happened with nothing contrary.
        recall: Share of asked occurrences that happened, per item.
        second: Event F1 by the second reader, over the kinds that it knows.
        jerk: Mean jerk of the joints [m/s³].
        kinds: Event kind → share of requested events of the kind that happened.
    """

    f1: Estimate
    yes: Estimate
    recall: Estimate
    second: Estimate
    jerk: float
    kinds: dict[str, tuple[float, int]]


def mean_jerk(motions: Sequence[np.ndarray]) -> float:
    """Mean over motions, frames and coordinates [m/s³]; motions (T, 2, 21, 3) at 30 Hz."""
    each = [np.abs(np.diff(motion, 3, axis=0)).mean() for motion in motions]
    return float(np.mean(each)) * 30.0**3 if each else 0.0


def score(joints: Sequence[np.ndarray | None], requests: Sequence[RequestedEvents]):
    """Score motions.

    Args:
        joints: (T, 2, 21, 3) [m] at 30 Hz per item; None where the model refused.
        requests: What was asked of each.

    Returns:
        `Scores`. A refusal scores zero.
    """
    f1, yes, recall, second, moved = [], [], [], [], []
    kinds: dict[str, list[bool]] = defaultdict(list)
    for motion, requested in zip(joints, requests, strict=True):
        if motion is None:
            f1.append(0.0)
            recall.append(0.0)
            yes.append(0.0)
            second.append(0.0)
            for event in requested.events:
                kinds[event.kind].append(False)
            continue
        clip = BimanualMotion(motion)
        result = match(clip, requested)
        opinion = second_opinion(clip, requested)
        if opinion.f1 is not None:
            second.append(opinion.f1)
        if result.f1 is not None:
            f1.append(result.f1)
        if result.recall is not None:
            recall.append(result.recall)
        yes.append(float(result.answer == "yes"))
        moved.append(motion)
        for event in result.events:
            kinds[event.requested.kind].append(event.satisfied)
    shares = {k: (float(np.mean(v)), len(v)) for k, v in sorted(kinds.items())}
    return Scores(
        Estimate.of(f1),
        Estimate.of(yes),
        Estimate.of(recall),
        Estimate.of(second),
        mean_jerk(moved),
        shares,
    )
