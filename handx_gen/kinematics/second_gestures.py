"""Postures and gestures for the second reader, again in ways of its own.

Postures are read from the angles of the fitted hand, contacts from surface gaps, rhythms
from level crossings.
"""

from collections.abc import Callable

import numpy as np

from handx_gen.hand_model import FINGER_RADIUS
from handx_gen.kinematics.second_signals import (
    PALM_RADIUS,
    HandSurface,
    crossings,
    surface_gap,
    touches,
)
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, SIDES

Frames = list[tuple[int, int]]
Hands = dict[str, HandSurface]

STRAIGHT = 45.0
"""Sum of a finger's angles up to which it is straight [deg]."""
HELD = 4
"""Frames that a posture lasts at least."""


def _holding(mask: np.ndarray, least: int = HELD) -> Frames:
    return [
        span for span in touches(np.where(mask, 0.0, 1.0)) if span[1] - span[0] >= least
    ]


def _thumb_gap(hand: HandSurface, finger: str) -> np.ndarray:
    tip = hand.tips[:, [FINGERS.index(finger)]]
    return surface_gap(hand.tips[:, [0]], tip, 2 * FINGER_RADIUS[2])


def _straight(hand: HandSurface) -> np.ndarray:
    return np.all(hand.bend[:, 1:] < STRAIGHT, axis=1)


def _knuckles(hand: HandSurface) -> np.ndarray:
    return hand.angles[:, 1:, 1].mean(1)


def _middles(hand: HandSurface) -> np.ndarray:
    return hand.angles[:, 1:, 3]


def _folded(hand: HandSurface, *but: str) -> np.ndarray:
    rows = [k for k, f in enumerate(FINGERS) if k and f not in but]
    return np.all(hand.bend[:, rows] > 110, axis=1)


def _between(value: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.logical_and(value > low, value < high)


def _grip(hand: HandSurface, low: float, high: float) -> np.ndarray:
    round_ = _between(hand.bend[:, 1:].mean(1), 70, 185) & np.all(
        _middles(hand) > 22, axis=1
    )
    return round_ & _between(_thumb_gap(hand, "middle"), low, high)


POSTURES: dict[str, Callable[[HandSurface], np.ndarray]] = {
    "hook": lambda h: (_knuckles(h) < 40) & (_middles(h) > 65).all(1),
    "claw": lambda h: (
        (_knuckles(h) < 40) & _between(_middles(h).mean(1), 30, 80) & (h.splay > 18)
    ),
    "tabletop": lambda h: (_knuckles(h) > 55) & (_middles(h) < 38).all(1),
    "cup": lambda h: (
        _between(_knuckles(h), 18, 60)
        & _between(_middles(h).mean(1), 15, 60)
        & (h.splay < 5)
    ),
    "vulcan": lambda h: _straight(h) & (h.angles[:, 2, 0] - h.angles[:, 3, 0] > 12),
    "ok": lambda h: (
        (_thumb_gap(h, "index") < 0.007) & (h.bend[:, 2:].mean(1) < STRAIGHT)
    ),
    "tripod": lambda h: (
        (_thumb_gap(h, "index") < 0.007) & (_thumb_gap(h, "middle") < 0.007)
    ),
    "key": lambda h: _folded(h, "index") & (_thumb_gap(h, "index") < 0.016),
    "thumb_tuck": lambda h: _straight(h) & (h.angles[:, 0, 0] < -15),
    "thumb_down": lambda h: _folded(h) & (h.bend[:, 0] < 30) & (h.thumb_rise < -0.5),
    "palm_out": lambda h: _straight(h) & (h.pointing[:, 2] > 0.65),
    "palm_up": lambda h: h.normal[:, 2] < -0.55,
    "index_up": lambda h: (
        _folded(h, "index") & (h.bend[:, 1] < STRAIGHT) & (h.pointing[:, 2] > 0.65)
    ),
    "spread_out": lambda h: _straight(h) & (h.splay > 18),
    "grip_thin": lambda h: _grip(h, 0.002, 0.034),
    "grip_wide": lambda h: _grip(h, 0.034, 0.1),
}
"""Direction of the event "pose" → frames that show it."""


def pose(hand: HandSurface, direction: str) -> Frames:
    """Spans in which a posture is held."""
    return _holding(POSTURES[direction](hand))


def half_bend(hand: HandSurface, fingers: tuple[str, ...]) -> Frames:
    """The finger rises to a middle level and stops there."""
    bend = hand.bend[:, FINGERS.index(fingers[0])]
    if not 55 < bend.max() < 140:
        return []
    return [(frame, frame) for frame in crossings(bend, 20.0)[0]]


def scissor(hand: HandSurface) -> Frames:
    """Index and middle finger part."""
    gap = hand.angles[:, 1, 0] - hand.angles[:, 2, 0]
    return [(frame, frame) for frame in crossings(gap, 8.0)[0]]


def hold(hand: HandSurface, fingers: tuple[str, ...]) -> Frames:
    """The thumb's tip stays on a fingertip."""
    return [s for s in touches(_thumb_gap(hand, fingers[0])) if s[1] - s[0] >= 11]


def thumb_base(hand: HandSurface, fingers: tuple[str, ...]) -> Frames:
    """The thumb's tip on a finger's base."""
    bones = hand.joints[:, CHAIN_INDEX[fingers[0]][1:3]][:, None].copy()
    bones[:, 0, 1] = bones[:, 0, 0] + 0.2 * (bones[:, 0, 1] - bones[:, 0, 0])
    gap = surface_gap(hand.tips[:, [0]], bones, FINGER_RADIUS[2] + PALM_RADIUS)
    return touches(gap - 0.003)


def _quick(signal: np.ndarray, least: float, most: float, swings: int) -> Frames:
    """A row of short swings of a signal about its own slow course."""
    slow = np.convolve(np.pad(signal, 4, mode="edge"), np.ones(9) / 9, "valid")
    rest = signal - slow
    size = np.ptp(rest)
    if not least < size < most:
        return []
    turns = np.flatnonzero(np.diff(np.sign(np.diff(rest))) != 0)
    turns = turns[np.abs(rest[turns + 1]) > 0.15 * size]
    return [(int(turns[0]), int(turns[-1]))] if len(turns) >= swings else []


def tremble(hand: HandSurface) -> Frames:
    """A few millimetres, often, along some axis."""
    rows = [_quick(hand.wrist[:, axis], 0.002, 0.03, 5) for axis in range(3)]
    return max(rows, key=len)


def shake(hand: HandSurface) -> Frames:
    """A few centimetres from side to side, often."""
    rises, falls = crossings(hand.wrist[:, 0], 0.02)
    turns = sorted((*rises, *falls))
    return [(turns[0], turns[-1])] if len(turns) >= 3 else []


def alternate(hands: Hands) -> Frames:
    """One wrist rises while the other falls."""
    left, right = (hands[side].wrist[:, 2] for side in SIDES)
    if min(np.ptp(left), np.ptp(right)) < 0.03 or np.corrcoef(left, right)[0, 1] > -0.5:
        return []
    rises, falls = crossings(right - left, 0.1)
    return [(frame, frame) for frame in sorted((*rises, *falls))]


def offer(hands: Hands) -> Frames:
    """Both palms up, flat, side by side."""
    up = [POSTURES["palm_up"](h) & (h.bend[:, 1:].mean(1) < 60) for h in hands.values()]
    return _holding(up[0] & up[1] & _beside(hands))


def bowl(hands: Hands) -> Frames:
    """Both palms up with curved fingers, side by side."""
    up = [
        POSTURES["palm_up"](h) & _between(h.bend[:, 1:].mean(1), 50, 175)
        for h in hands.values()
    ]
    return _holding(up[0] & up[1] & _beside(hands))


def _beside(hands: Hands) -> np.ndarray:
    left, right = (hands[side].palm.mean((1, 2)) for side in SIDES)
    return np.linalg.norm(left - right, axis=1) < 0.16


def cross(hands: Hands, above: str) -> Frames:
    """The wrists have changed sides, that of `above` on top."""
    left, right = (hands[side].wrist for side in SIDES)
    higher = left[:, 2] > right[:, 2] if above == "left" else right[:, 2] > left[:, 2]
    return _holding((right[:, 0] < left[:, 0] - 0.015) & higher)


def back_touch(hands: Hands, side: str, fingers: tuple[str, ...]) -> Frames:
    """A fingertip on the back of the other hand."""
    other = hands[SIDES[1 - SIDES.index(side)]]
    tip = hands[side].tips[:, [FINGERS.index(fingers[0])]]
    gap = surface_gap(tip, other.palm, FINGER_RADIUS[2] + PALM_RADIUS)
    above = ((tip[:, 0, 1] - other.palm.mean((1, 2))) * other.normal).sum(-1) > 0
    return touches(np.where(above, gap - 0.003, 1.0))


def knuckles(hands: Hands) -> Frames:
    """Two fists, proximal bones against one another."""
    left, right = (hands[side] for side in SIDES)
    # Bones are four metacarpals, then three a finger: the proximal ones of the four.
    gap = surface_gap(
        left.bones[:, [7, 10, 13, 16]], right.bones[:, [7, 10, 13, 16]],
        2 * FINGER_RADIUS[0],
    )  # fmt: skip
    return touches(np.where(_folded(left) & _folded(right), gap - 0.004, 1.0))
