"""What has to happen over time: `Goal`s, made of `Condition`s.

Every goal wants to see the beginning of what it asks for: something that holds from the
first sample on was not done. So a hand that rests in the right pose has no success.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import runs
from handx_gen.kinematics.descriptors import legs
from sim.skills.conditions import Condition, Measure
from sim.skills.trace import Trace

JOIN = 0.08
"""Two spells parted by less than this are one [s]: a rattle is no second touch."""
ROUND = 0.4
"""A path with a smaller ratio of its sides is a way there and back, no circle."""
LEAST = 0.03
"""A spell shorter than this is a brush on the way [s]."""


@dataclass(frozen=True)
class Judgement:
    """How far a goal was reached.

    Attributes:
        progress: 0 to 1; 1 is success.
        reason: What is missing, "" where nothing is.
    """

    progress: float
    reason: str = ""

    @property
    def success(self) -> bool:
        """Whether it was reached."""
        return self.progress >= 1.0


@dataclass(frozen=True)
class Goal:
    """Something to achieve over an episode.

    Attributes:
        name: For reports.
        judge: Trace → judgement of everything up to its last sample.
    """

    name: str
    judge: Callable[[Trace], Judgement]


def spells(condition: Condition, trace: Trace) -> list[tuple[int, int]]:
    """Half-open sample ranges over which a condition holds; rattles and brushes mended."""
    found: list[tuple[int, int]] = []
    for start, stop in runs(condition.holds(trace)):
        if found and (start - found[-1][1]) * trace.step < JOIN:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return [(a, b) for a, b in found if (b - a) * trace.step >= LEAST]


def _begun(condition: Condition, trace: Trace) -> list[tuple[int, int]]:
    """The spells whose beginning was seen."""
    return [(start, stop) for start, stop in spells(condition, trace) if start > 0]


def _judged(progress: float, missing: str) -> Judgement:
    progress = float(np.clip(progress, 0.0, 1.0))
    return Judgement(progress, "" if progress >= 1.0 else missing)


def hold(condition: Condition, seconds: float = 0.1) -> Goal:
    """The condition comes to hold, for a while."""

    def judge(trace: Trace) -> Judgement:
        longest = max((b - a for a, b in _begun(condition, trace)), default=0)
        held = longest * trace.step
        return _judged(
            (held + 1e-9) / seconds, f"{condition.name}: {held:.2f} of {seconds:g} s"
        )

    return Goal(condition.name, judge)


def count(condition: Condition, times: int) -> Goal:
    """The condition comes to hold exactly so many times."""

    def judge(trace: Trace) -> Judgement:
        found = len(_begun(condition, trace))
        away = abs(times - found) / times
        return _judged(1 - away, f"{condition.name}: {found} instead of {times} times")

    return Goal(f"{condition.name} × {times}", judge)


def in_order(*conditions: Condition, seconds: float = LEAST) -> Goal:
    """One condition after another comes to hold, each beginning after the one before."""

    def judge(trace: Trace) -> Judgement:
        after = 0
        for index, condition in enumerate(conditions):
            later = [
                a
                for a, b in spells(condition, trace)
                if a > after and (b - a) * trace.step >= seconds
            ]
            if not later:
                return _judged(
                    index / len(conditions), f"{condition.name} not reached in its turn"
                )
            after = later[0]
        return Judgement(1.0)

    return Goal(", then ".join(c.name for c in conditions), judge)


def at_start(condition: Condition) -> Goal:
    """The condition holds at the first sample."""

    def judge(trace: Trace) -> Judgement:
        held = bool(condition.holds(trace)[0])
        return _judged(float(held), f"not at the start: {condition.name}")

    return Goal(f"at the start {condition.name}", judge)


def at_end(condition: Condition) -> Goal:
    """The condition holds at the last sample."""

    def judge(trace: Trace) -> Judgement:
        held = bool(condition.holds(trace)[-1])
        return _judged(float(held), f"not at the end: {condition.name}")

    return Goal(f"at the end {condition.name}", judge)


def never(condition: Condition) -> Goal:
    """The condition does not hold for longer than a brush."""

    def judge(trace: Trace) -> Judgement:
        found = spells(condition, trace)
        return _judged(
            float(not found),
            (found and f"{condition.name} at {trace.time[found[0][0]]:.2f} s") or "",
        )

    return Goal(f"never {condition.name}", judge)


def rises(measure: Measure, by: float, during: Condition | None = None) -> Goal:
    """The measure goes up by so much, while a condition holds without break."""

    def judge(trace: Trace) -> Judgement:
        values = measure.of(trace)
        best = max(
            (_largest_rise(values[a:b]) for a, b in _ranges(during, trace)), default=0.0
        )
        return _judged(best / by, f"{measure.name} rose by {best:.3g}, {by:g} wanted")

    return Goal(f"{measure.name} rises by {by:g}", judge)


def falls(measure: Measure, by: float, during: Condition | None = None) -> Goal:
    """The measure goes down by so much, while a condition holds without break."""
    down = Measure(f"minus {measure.name}", lambda t: -measure.of(t))
    return rises(down, by, during)


def swings(measure: Measure, by: float, times: int, during: Condition) -> Goal:
    """The measure goes up or down by `by` at least so many times during a condition."""

    def judge(trace: Trace) -> Judgement:
        most = max(
            (len(legs(measure.of(trace)[a:b], by)) for a, b in spells(during, trace)),
            default=0,
        )
        return _judged(
            most / times, f"{measure.name} swung {most} of {times} times by {by:g}"
        )

    return Goal(f"{measure.name} swings {times} times by {by:g}", judge)


def stays(measure: Measure, within: float, during: Condition | None = None) -> Goal:
    """The measure stays within a range of this size, over every spell of a condition."""

    def judge(trace: Trace) -> Judgement:
        values = measure.of(trace)
        spans = [float(np.ptp(values[a:b])) for a, b in _ranges(during, trace)]
        worst = max(spans, default=0.0)
        return _judged(
            float(worst <= within),
            f"{measure.name} changed by {worst:.3g}, {within:g} allowed",
        )

    return Goal(f"{measure.name} stays within {within:g}", judge)


def turns(
    path: Callable[[Trace], np.ndarray], degrees: float, radius: float, what: str
) -> Goal:
    """A point goes round the origin of a plane, by so much and not half as much again.

    Args:
        path: Trace → (S, 2) [m], e.g. of `main_plane`.
        degrees: Angle by which it goes round [deg].
        radius: Samples nearer to the origin than this do not count [m].
        what: Its name.
    """

    def judge(trace: Trace) -> Judgement:
        turned, roundness = _winding(path(trace), radius)
        fits = turned <= 1.5 * degrees and roundness >= ROUND
        return _judged(
            min(turned / degrees, 1.0 if fits else 0.9),
            f"{what} went round by {turned:.0f} of {degrees:g} deg",
        )

    return Goal(f"{what} goes round by {degrees:g} deg", judge)


def main_plane(
    point: Callable[[Trace], np.ndarray],
) -> Callable[[Trace], np.ndarray]:
    """A point's path about its own middle, in the plane where it moves most, (S, 2)."""

    def path(trace: Trace) -> np.ndarray:
        points = point(trace)
        centred = points - (points.max(0) + points.min(0)) / 2
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        return centred @ axes[:2].T

    return path


def both(*goals: Goal) -> Goal:
    """All of several goals; a goal that only forbids gives no progress of its own."""

    def judge(trace: Trace) -> Judgement:
        found = [goal.judge(trace) for goal in goals]
        if all(one.success for one in found):
            return Judgement(1.0)
        progress = min(float(np.mean([one.progress for one in found])), 0.99)
        return Judgement(progress, "; ".join(j.reason for j in found if j.reason))

    return Goal(" and ".join(goal.name for goal in goals), judge)


def _ranges(during: Condition | None, trace: Trace) -> list[tuple[int, int]]:
    """The spells of a condition; everything where there is none."""
    return spells(during, trace) if during else [(0, len(trace))]


def _largest_rise(values: np.ndarray) -> float:
    """Largest difference between a value and an earlier one."""
    return float((values - np.minimum.accumulate(values)).max(initial=0.0))


def _winding(flat: np.ndarray, radius: float) -> tuple[float, float]:
    """By how much a path goes round [deg], and its shorter side by its longer."""
    extent = np.sort(np.ptp(flat, axis=0))
    far = flat[np.linalg.norm(flat, axis=1) >= radius]
    if len(far) < 3:  # it stays near the origin
        return 0.0, 0.0
    angle = np.unwrap(np.arctan2(far[:, 1], far[:, 0]))
    return abs(float(np.degrees(angle[-1] - angle[0]))), float(
        extent[0] / max(extent[1], 1e-9)
    )
