"""Windows of a motion that a network of fixed length draws, and the maps between them."""

from dataclasses import dataclass, replace

import numpy as np

from handx_gen.control.constraints import Constraints, Turned, Values
from handx_gen.errors import InputError
from handx_gen.prompt import Plan
from handx_gen.skeleton import SIDES

CONTEXT = 10
"""Given frames shown to a network on either side of what it draws."""

OVERLAP = 20
"""Frames that neighbouring segments draw together, half of them on either side."""


def cubic(count: int, query: np.ndarray) -> np.ndarray:
    """Weights (Q, count) that read `count` samples at the times `query`, piecewise cubic.

    Hermite with central differences; a time that is a sample reads that sample alone.
    """
    low = np.clip(query.astype(int), 0, count - 2)
    s = (query - low)[:, None]
    unit = np.eye(count)
    slope = np.gradient(unit, axis=0)
    return (
        (2 * s**3 - 3 * s**2 + 1) * unit[low]
        + (s**3 - 2 * s**2 + s) * slope[low]
        + (3 * s**2 - 2 * s**3) * unit[low + 1]
        + (s**3 - s**2) * slope[low + 1]
    )


@dataclass(frozen=True)
class Window:
    """Frames start ≤ f < stop of a motion, drawn as `clip` frames of a network."""

    start: int
    stop: int
    clip: int

    @property
    def times(self) -> np.ndarray:
        """(clip,) frame of the motion, with fraction, that each clip frame is at."""
        return np.linspace(self.start, self.stop - 1, self.clip)

    def to_motion(self) -> np.ndarray:
        """Weights (stop − start, clip) that read a clip at the motion's frames."""
        query = np.linspace(0, self.clip - 1, self.stop - self.start)
        return cubic(self.clip, query)

    def from_motion(self) -> np.ndarray:
        """Weights (clip, stop − start) that read the motion at the clip's frames."""
        return cubic(self.stop - self.start, self.times - self.start)

    def nearest(self, frames: np.ndarray) -> np.ndarray:
        """Clip frames nearest to frames of the motion; −1 where outside."""
        rate = (self.clip - 1) / max(self.stop - 1 - self.start, 1)
        index = np.round((frames - self.start) * rate).astype(int)
        return np.where((frames >= self.start) & (frames < self.stop), index, -1)


def windows(plan: Plan, constraints: Constraints, clip: int) -> list[Window]:
    """One window per segment of a plan.

    Segments that say no time share what the others leave. A single segment is drawn
    where something is free, with some of what is given around it.

    Args:
        plan: The segments.
        constraints: On the frames of the motion.
        clip: Frames that the network draws.

    Raises:
        InputError: The segments' times do not add up to the motion's.
    """
    total, fps = constraints.frames, constraints.fps
    asked = [s.seconds and round(s.seconds * fps) for s in plan.segments]
    if len(asked) == 1:
        return [_around_free(constraints, clip)]
    left = total - sum(a or 0 for a in asked)
    unsaid = sum(a is None for a in asked)
    if left < CONTEXT * unsaid or (not unsaid and abs(left) > len(asked)):
        raise InputError(
            "plan", "seconds", f"its segments take {(total - left) / fps:.1f} s of "
            f"{total / fps:.1f} s", "make the times add up",
        )  # fmt: skip
    share = left / unsaid if unsaid else 0
    edges = np.cumsum([0, *(a or share for a in asked)])
    edges = np.round(edges * total / edges[-1]).astype(int)
    half = OVERLAP // 2
    return [
        Window(max(a - half, 0), min(b + half, total), clip)
        for a, b in zip(edges[:-1], edges[1:])
    ]


def _around_free(constraints: Constraints, clip: int) -> Window:
    """The free frames with context, at the network's own rate if they fit."""
    total = constraints.frames
    free = np.flatnonzero(~constraints.given.mask.all((1, 2)))
    if not free.size:
        return Window(0, total, clip)
    start = max(int(free[0]) - CONTEXT, 0)
    stop = min(int(free[-1]) + 1 + CONTEXT, total)
    spare = min(clip, total) - (stop - start)
    if spare > 0:
        start = max(0, min(start - spare // 2, total - min(clip, total)))
        stop = start + min(clip, total)
    return Window(start, stop, clip)


def easy_frames(plan: Plan, clip: int, fps: float) -> int:
    """Length of a plan whose segments take a clip's time where they say none."""
    return sum(
        clip if s.seconds is None else max(2, round(s.seconds * fps))
        for s in plan.segments
    )


def within(constraints: Constraints, start: int, stop: int) -> Constraints:
    """The constraints of frames start ≤ f < stop, as those of a motion of its own."""
    given = constraints.given.span(start, stop)
    frames = np.arange(stop - start)
    values = ()
    if given.mask.any():
        values = (Values("constraints", frames, given.joints, given.mask),)
    turned = tuple(
        Turned("constraints", SIDES[s], frames[on], given.rotation[on, s])
        for s in (0, 1)
        if (on := given.turned[:, s]).any()
    )
    relations = tuple(
        replace(r, start=max(r.start, start) - start, stop=min(r.stop, stop) - start)
        for r in constraints.relations
        if r.start < stop and r.stop > start
    )
    return Constraints(stop - start, values, turned, relations, constraints.fps)
