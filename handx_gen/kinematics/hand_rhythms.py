"""Movements of one hand read as rhythms or strokes: half bends, rubs, trembling.

They are looked for only where they are asked, so that reading all other events stays
fast. Legs are monotone stretches between extremes (`descriptors.legs`).
"""

from collections.abc import Callable, Iterator

import numpy as np

from handx_gen.kinematics.contacts import (
    CONTACT_GAP,
    PAD_RADIUS,
    PALM_HALF_THICKNESS,
    runs,
)
from handx_gen.kinematics.descriptors import legs
from handx_gen.kinematics.events import CONTACT_JOIN, CONTACT_LEAST, Event, joined
from handx_gen.kinematics.hand_poses import HandView, hand_view
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, SIDES

Span = tuple[int, int]
HALF_LEG, HALF_FROM, HALF_TO = 25.0, 60.0, 135.0
"""A half bend curls a finger by at least this and ends between these [deg]."""
RIPPLE_STEP, RIPPLE_TIME = 0.05, 0.2
"""Each half bend of a ripple ends at least this long after the one before, the last one
this long after the first [s]."""
SCISSOR_LEG = 10.0
"""Smallest opening between index and middle finger [deg]."""
HOLD = 0.45
"""A pinch held lasts at least this long [s]."""
RUB_STROKE = 0.006
"""Smallest stroke of the thumb along a fingertip [m]."""
FLICK_LEG, FLICK_TIME, FLICK_AFTER = 85.0, 0.2, 0.12
"""A flick straightens a finger by at least this [deg], within this time [s], at most
this long after leaving the thumb [s]."""
BASE_GAP = 0.007
"""Thumb pad to the skin at a finger's base, up to which they touch [m]."""
THUMB_TURN, THUMB_RADIUS = 290.0, 0.006
"""A circle of the thumb's tip turns its path by this [deg] at this radius [m]."""
FLUTTER_LEG, FLUTTER_LEGS = 16.0, 3
"""Fluttering fingers curl by at least this [deg] this many times."""
FLUTTER_APART = 0.45
"""… and index and pinky differ by at least this part of their movement."""
TREMBLE_LEG, TREMBLE_MOST, TREMBLE_LEGS, TREMBLE_TIME = 0.0025, 0.016, 6, 0.27
"""Trembling: legs of this size [m], at least so many in a row, each this short [s]."""
SHAKE_LEG, SHAKE_MOST, SHAKE_LEGS, SHAKE_TIME = 0.02, 0.085, 4, 0.45
"""The same for shaking from side to side."""
EIGHT_TURN, EIGHT_SIZE = 200.0, 0.03
"""Each half of an eight turns the path by this [deg], one left and one right; it is
this wide [m]."""


def _half_bend(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    curl = view.signals.curl[:, FINGERS.index(fingers[0])]
    for a, b, start, stop in legs(curl, HALF_LEG):
        if stop > start and HALF_FROM <= stop <= HALF_TO:
            yield a, b


def _ripple(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    first = start = -np.inf
    for i, finger in enumerate(fingers):
        found = [
            span
            for span in _half_bend(view, (finger,), fps)
            if span[1] >= start + RIPPLE_STEP * fps
        ]
        if not found:
            return
        start = found[0][1]
        first = start if i == 0 else first
    if start - first >= RIPPLE_TIME * fps:
        yield int(first), int(start)


def _scissor(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    for a, b, start, stop in legs(view.signals.spacing[:, 0], SCISSOR_LEG):
        if stop > start:
            yield a, b


def _pinched(view: HandView, finger: str, fps: float) -> list[Span]:
    touching = view.gap("thumb", finger) <= CONTACT_GAP
    return joined(touching, round(CONTACT_JOIN * fps))


def _hold(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    for a, b in _pinched(view, fingers[0], fps):
        if b - a >= HOLD * fps:
            yield a, b - 1


def _rub(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    chain = CHAIN_INDEX[fingers[0]]
    bone = view.local[:, chain[4]] - view.local[:, chain[3]]
    bone = bone / np.linalg.norm(bone, axis=1, keepdims=True)
    along = ((view.tip("thumb") - view.tip(fingers[0])) * bone).sum(1)
    for a, b in _pinched(view, fingers[0], fps):
        for i, j, _, _ in legs(along[a:b], RUB_STROKE):
            yield a + i, a + j


def _flick(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    curl = view.signals.curl[:, FINGERS.index(fingers[0])]
    left = [b - 1 for _, b in _pinched(view, fingers[0], fps)]
    for a, b, start, stop in legs(curl, FLICK_LEG):
        sudden = start > stop and b - a <= FLICK_TIME * fps
        if sudden and any(abs(a - end) <= FLICK_AFTER * fps + 1 for end in left):
            yield a, b


def _thumb_base(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    knuckle = view.local[:, CHAIN_INDEX[fingers[0]][1]]
    gap = np.linalg.norm(view.tip("thumb") - knuckle, axis=1)
    touching = gap - PAD_RADIUS - PALM_HALF_THICKNESS <= BASE_GAP
    for a, b in joined(touching, round(CONTACT_JOIN * fps)):
        if b - a >= CONTACT_LEAST * fps:
            yield a, b - 1


def _headings(path: np.ndarray) -> list[tuple[int, int, np.ndarray, np.ndarray]]:
    """Stretches in which a (T, 3) path moves, in the plane where it moves most.

    Returns:
        First and last frame, (n,) unwrapped heading [deg] and (n, 2) positions.
    """
    centred = path - path.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    flat = centred @ axes[:2].T
    velocity = np.diff(flat, axis=0)
    speed = np.linalg.norm(velocity, axis=1)
    moving = speed > 0.12 * max(float(speed.max(initial=0.0)), 1e-4)
    found = []
    for a, b in joined(moving, 1):
        if b - a >= 5:
            angle = np.arctan2(velocity[a:b, 1], velocity[a:b, 0])
            found.append((a, b, np.degrees(np.unwrap(angle)), flat[a : b + 1]))
    return found


def _thumb_circle(
    view: HandView, fingers: tuple[str, ...], fps: float
) -> Iterator[Span]:
    for a, b, heading, path in _headings(view.tip("thumb")):
        turned = abs(float(heading[-1] - heading[0]))
        if turned >= THUMB_TURN and np.ptp(path, axis=0).min() / 2 >= THUMB_RADIUS:
            rounds = max(1, round(turned / 360))
            for i in range(rounds):
                size = (b - a) / rounds
                yield int(a + i * size), int(a + (i + 1) * size)


def _eight(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    for a, b, heading, path in _headings(view.signals.wrist):
        turns = legs(heading, EIGHT_TURN)
        left = any(stop > start for _, _, start, stop in turns)
        right = any(stop < start for _, _, start, stop in turns)
        if left and right and np.ptp(path, axis=0).max() >= EIGHT_SIZE:
            yield a, b


def _flutter(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    curl = view.signals.curl[:, 1:]
    spans = []
    for k in range(4):
        found = legs(curl[:, k], FLUTTER_LEG)
        if len(found) >= FLUTTER_LEGS:
            spans.append((found[0][0], found[-1][1]))
    if len(spans) < 3:
        return
    a, b = min(s[0] for s in spans), max(s[1] for s in spans)
    own = curl[a : b + 1] - curl[a : b + 1].mean(0)
    apart = (own[:, 0] - own[:, 3]).std()
    if apart >= FLUTTER_APART * max(float(own.std(0).mean()), 1e-9):
        yield a, b


def _swings(
    signal: np.ndarray, least: float, most: float, frames: float
) -> Iterator[tuple[int, int, int]]:
    """Rows of short legs of a signal: first frame, last frame, how many."""
    row: list[Span] = []
    for a, b, start, stop in legs(signal, least):
        if abs(stop - start) > most or b - a > frames:
            continue
        if row and a - row[-1][1] > frames:
            yield row[0][0], row[-1][1], len(row)
            row = []
        row.append((a, b))
    if row:
        yield row[0][0], row[-1][1], len(row)


def _tremble(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    wrist = view.signals.wrist
    mask = np.zeros(len(wrist), bool)
    for axis in range(3):
        rows = _swings(wrist[:, axis], TREMBLE_LEG, TREMBLE_MOST, TREMBLE_TIME * fps)
        for a, b, swings in rows:
            if swings >= TREMBLE_LEGS:
                mask[a : b + 1] = True
    for a, b in runs(mask):
        yield a, b - 1


def _shake(view: HandView, fingers: tuple[str, ...], fps: float) -> Iterator[Span]:
    sideways = view.signals.wrist[:, 0]
    for a, b, swings in _swings(sideways, SHAKE_LEG, SHAKE_MOST, SHAKE_TIME * fps):
        if swings >= SHAKE_LEGS:
            yield a, b


RHYTHMS: dict[str, Callable[[HandView, tuple[str, ...], float], Iterator[Span]]] = {
    "half_bend": _half_bend, "ripple": _ripple, "scissor": _scissor, "hold": _hold,
    "rub": _rub,
    "flick": _flick, "thumb_base": _thumb_base, "thumb_circle": _thumb_circle,
    "flutter": _flutter, "tremble": _tremble, "shake": _shake, "eight": _eight,
}  # fmt: skip
"""Kind → first and last frame of every occurrence."""


def rhythm_events(
    kind: str, motion: BimanualMotion, side: int, fingers: tuple[str, ...]
) -> list[Event]:
    """Occurrences of one of `RHYTHMS` by one hand; `fingers` as in `KINDS`."""
    view = hand_view(motion, side)
    return [
        Event(kind, SIDES[side], fingers, start=a, stop=b)
        for a, b in RHYTHMS[kind](view, fingers, motion.fps)
    ]
