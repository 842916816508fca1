"""What became of each contact that was asked for; precision and onset of contacts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import ContactTrack, runs, split_pair
from sim.rollout import Rollout
from sim.thresholds import Thresholds


@dataclass(frozen=True)
class ContactOutcome:
    """One asked contact.

    Attributes:
        pair: e.g. "left.thumb_tip|left.index_tip".
        start, stop: When it was asked for [s].
        missing_mm: What the robot's kinematics lack to reach it; 0 if reachable.
        coverage: Share of that time over which it held (with the time tolerance).
        kept: Whether that is enough; None if the robot cannot reach it.
        smallest_gap_mm: Smallest measured gap while it was asked for.
        onset_error_ms: Measured minus asked begin; None if it was never made or was
            there from the start.
    """

    pair: str
    start: float
    stop: float
    missing_mm: float
    coverage: float
    kept: bool | None
    smallest_gap_mm: float
    onset_error_ms: float | None


def asked_spans(
    asked: ContactTrack, time: np.ndarray, tolerance: float
) -> list[tuple[str, int, int]]:
    """(pair, first sample, one past the last) of every asked contact.

    Gaps shorter than `tolerance` [s] are closed.
    """
    step = float(time[1] - time[0]) if len(time) > 1 else tolerance
    spans = []
    for pair, column in zip(asked.pairs, asked.mask.T):
        for start, stop in runs(_close(column, round(tolerance / step))):
            spans.append((pair, start, stop))
    return sorted(spans, key=lambda span: (span[1], span[0]))


def contact_outcomes(
    rollout: Rollout,
    asked: ContactTrack,
    unreachable: Mapping[str, float],
    bounds: Thresholds,
) -> list[ContactOutcome]:
    """Judge every asked contact against the measured ones.

    Args:
        rollout: What happened.
        asked: The asked contacts at the rollout's samples.
        unreachable: Pair → millimetres that this robot lacks to reach it.
        bounds: Coverage and time tolerance.
    """
    time, tolerance = rollout.time, bounds.contact_tolerance_s
    step = float(time[1] - time[0]) if len(time) > 1 else tolerance
    reach = round(tolerance / step)
    outcomes = []
    for pair, start, stop in asked_spans(asked, time, tolerance):
        column = rollout.contacts.pairs.index(pair)
        measured = rollout.contacts.mask[:, column]
        coverage = float(_widen(measured, reach)[start:stop].mean())
        missing = float(unreachable.get(pair, 0.0))
        kept = None if missing > 0 else coverage >= bounds.contact_coverage
        low, high = max(start - reach, 0), stop + reach
        gap = rollout.contacts.gap[low:high, column].min()
        outcomes.append(
            ContactOutcome(
                pair, float(time[start]), float(time[stop - 1]), missing, coverage,
                kept, float(gap) * 1e3, _onset_error(measured, start, stop, reach, time),
            )
        )  # fmt: skip
    return outcomes


def recall(outcomes: list[ContactOutcome]) -> float | None:
    """Share of asked and reachable contacts that were made; None if there were none."""
    judged = [outcome.kept for outcome in outcomes if outcome.kept is not None]
    return sum(judged) / len(judged) if judged else None


def f1(right: float | None, kept: float | None) -> float | None:
    """Harmonic mean of precision and recall; None where either is n/a."""
    if right is None or kept is None:
        return None
    return 2 * right * kept / (right + kept) if right + kept else 0.0


def precision(
    rollout: Rollout,
    asked: ContactTrack,
    bounds: Thresholds,
    between_hands: bool = False,
) -> float | None:
    """Share of measured contacts that were asked for; None if nothing ever touched.

    A measured contact is asked for if it meets an asked span widened by the time
    tolerance.

    Args:
        rollout: What happened.
        asked: The asked contacts at the rollout's samples.
        bounds: Time tolerance.
        between_hands: Count contacts between the hands only.
    """
    time, tolerance = rollout.time, bounds.contact_tolerance_s
    step = float(time[1] - time[0]) if len(time) > 1 else tolerance
    reach = round(tolerance / step)
    wanted = []
    for k, pair in enumerate(asked.pairs):
        (first, _), (second, _) = split_pair(pair)
        if between_hands and first == second:
            continue
        near = _widen(asked.mask[:, k], reach)
        measured = rollout.contacts.mask[:, rollout.contacts.pairs.index(pair)]
        wanted += [bool(near[a:b].any()) for a, b in runs(_close(measured, reach))]
    return sum(wanted) / len(wanted) if wanted else None


def _onset_error(
    measured: np.ndarray, start: int, stop: int, reach: int, time: np.ndarray
) -> float | None:
    """Begin of the first measured contact that meets the span, minus its begin [ms]."""
    for begin, end in runs(measured):
        if end > start - reach and begin < stop + reach:
            return None if begin == 0 else float(time[begin] - time[start]) * 1e3
    return None


def _widen(mask: np.ndarray, samples: int) -> np.ndarray:
    """(T,) mask with every true run made longer by `samples` at both ends."""
    window = np.ones(2 * samples + 1)
    return np.convolve(mask.astype(float), window, mode="same") > 0.5


def _close(mask: np.ndarray, samples: int) -> np.ndarray:
    """(T,) mask with false gaps of at most `samples` between true runs filled."""
    closed = mask.copy()
    spans = runs(mask)
    for (_, end), (begin, _) in zip(spans[:-1], spans[1:]):
        if begin - end <= samples:
            closed[end:begin] = True
    return closed
