"""A series cut into changes, longest first: the paper's rule, without its O(T²) Python.

The rule (HandX paper, supplement A.4, as its code does it): from frame i, look for the
longest [i, j) whose ends differ by at least `change`, which has at least `least` frames,
of whose frame-to-frame velocities at least 80 % are ≥ 0 or at least 80 % ≤ 0, and (where
asked) whose ends are in different states. Take it and go on at j, or go on at i + 1.

Here all candidates of many i are judged at once on prefix counts, and a series that
never changes enough is not searched at all.
"""

from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import runs
from handx_gen.kinematics.series import Bins

PAPER_FPS = 30.0
_BLOCK = 1 << 19
"""Candidates judged at once: bounds the memory of long motions."""


@dataclass(frozen=True)
class Change:
    """One change of a series on the frames [start, stop).

    Attributes:
        start, stop: Half-open frame range.
        begin, end: Name of the state in the first and in the last frame.
        speed: "slow", "medium" or "fast", by the mean speed over the range.
        rising: Whether the value grew.
    """

    start: int
    stop: int
    begin: str
    end: str
    speed: str
    rising: bool


def changes(values: np.ndarray, fps: float, bins: Bins) -> list[Change]:
    """All changes of a (T,) series, in order.

    Args:
        values: (T,) [unit of `bins`].
        fps: Frames per second [Hz].
        bins: What counts as a change; its `least` is scaled from 30 fps to `fps`.
    """
    velocity = np.diff(values, prepend=values[:1]) * fps
    found = []
    for start, stop in spans(values, velocity, bins, fps):
        mean = float(np.abs(velocity[start:stop]).mean())
        first, last = float(values[start]), float(values[stop - 1])
        found.append(
            Change(
                start, stop, bins.state(first), bins.state(last), bins.speed(mean),
                last > first,
            )
        )  # fmt: skip
    return found


def spans(
    values: np.ndarray, velocity: np.ndarray, bins: Bins, fps: float = PAPER_FPS
) -> list[tuple[int, int]]:
    """The frame ranges [start, stop) of the changes (see the module's docstring)."""
    frames = len(values)
    least = max(1, round(bins.least * fps / PAPER_FPS))
    if frames < least or np.ptp(values) < bins.change:
        return []
    codes = bins.codes(values) if bins.between_states else None
    if codes is not None and codes.min() == codes.max():
        return []
    up = np.concatenate([[0], np.cumsum(velocity >= 0)])
    down = np.concatenate([[0], np.cumsum(velocity <= 0)])
    rows = max(1, _BLOCK // frames)
    found: list[tuple[int, int]] = []
    begin = 0
    while begin <= frames - least:
        block = np.arange(begin, min(begin + rows, frames - least + 1))
        first = begin + least  # the smallest stop of the block's first row
        last = _longest(values, codes, up, down, bins.change, block, first, least)
        i = begin
        while i < begin + len(block):
            stop = int(last[i - begin])
            if stop:
                found.append((i, stop))
            i = stop or i + 1
        begin = i
    return found


def _longest(
    values: np.ndarray,
    codes: np.ndarray | None,
    up: np.ndarray,
    down: np.ndarray,
    change: float,
    starts: np.ndarray,
    first: int,
    least: int,
) -> np.ndarray:
    """For each of `starts` the largest stop that is accepted, 0 where there is none."""
    stops = np.arange(first, len(values) + 1)
    accepted = np.abs(values[first - 1 :] - values[starts, None]) >= change
    if codes is not None:
        accepted &= codes[first - 1 :] != codes[starts, None]
    length = stops - starts[:, None]
    accepted &= length >= least
    # Whole numbers: 80 % of n frames is 5 × count ≥ 4 × n, without rounding.
    rising = up[first:] - up[starts, None]
    falling = down[first:] - down[starts, None]
    accepted &= 5 * np.maximum(rising, falling) >= 4 * length
    last = len(stops) - 1 - np.argmax(accepted[:, ::-1], axis=1)
    return np.where(accepted.any(1), stops[last], 0)


def contacts(values: np.ndarray, threshold: float) -> list[tuple[int, int]]:
    """Frame ranges [start, stop) with `values` ≤ `threshold`."""
    return runs(values <= threshold)
