"""Touch, press, slide, release: what happens while two points are in contact.

The HandX paper names these; its released code has none of them. *Slide* is told from
the speed at which one point moves along the other's surface, as seen by a hand that
takes part, so that two hands which travel or turn together do not slide.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handx_gen.hand_model import right_form
from handx_gen.kinematics.contacts import PAIRS, PALM_PAIR, runs, split_pair
from handx_gen.kinematics.events import CONTACT_JOIN, CONTACT_LEAST, joined
from handx_gen.kinematics.series import (
    PALM_CONTACT,
    TIP_CONTACT,
    TIP_PALM_CONTACT,
    local_frame,
    palm_cloud,
)
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import FINGERS, SIDES, TIP_INDEX

SLIDE_SPEED = 0.03
"""Points in contact slide from this tangential speed [m/s]."""
SLIDE_TRAVEL, SLIDE_SECONDS = 0.010, 0.12
"""Shorter ways [m] and times [s] are settling, not sliding."""
PRESS_SECONDS = 0.25
"""Points that rest on one another this long are pressed together [s]."""
PRESS_DEPTH = 0.004
"""… while their distance stays this close to its smallest in that contact [m]."""


@dataclass(frozen=True)
class ContactEvent:
    """One phase of one contact.

    Attributes:
        kind: "touch" (the first frame in contact), "press", "slide" or "release" (the
            first frame after it).
        pair: Pair name as in `contacts.PAIRS`.
        start, stop: First and last frame.
        speed: Mean tangential speed of a slide [m/s], else 0.
    """

    kind: str
    pair: str
    start: int
    stop: int
    speed: float = 0.0


def contact_dynamics(
    motion: BimanualMotion, distances: dict[str, np.ndarray]
) -> list[ContactEvent]:
    """Phases of all contacts that last, in order of their start.

    Args:
        motion: The motion.
        distances: Pair name → (T,) distance [m], as `series` measures it; pairs that
            are missing are not looked at.
    """
    hands = [np.asarray(motion.joints[:, side], float) for side in (0, 1)]
    found: list[ContactEvent] = []
    for pair in PAIRS:
        if pair in distances:
            near = distances[pair] <= threshold(pair)
            spans = [
                (a, b)
                for a, b in joined(near, round(CONTACT_JOIN * motion.fps))
                if b - a >= CONTACT_LEAST * motion.fps
            ]
            if spans:
                speed = tangential_speed(hands, pair, motion.fps)
                found += _phases(pair, spans, distances[pair], speed, motion.fps)
    return sorted(found, key=lambda event: (event.start, event.stop))


def threshold(pair: str) -> float:
    """Distance up to which a pair is in contact [m]."""
    if pair == PALM_PAIR:
        return PALM_CONTACT
    return TIP_PALM_CONTACT if "palm" in pair else TIP_CONTACT


def _phases(
    pair: str,
    spans: list[tuple[int, int]],
    distance: np.ndarray,
    speed: np.ndarray,
    fps: float,
) -> Iterator[ContactEvent]:
    frames = len(distance)
    for start, stop in spans:
        if start > 0:
            yield ContactEvent("touch", pair, start, start)
        if stop < frames:
            yield ContactEvent("release", pair, stop, stop)
        moving = speed[start:stop] >= SLIDE_SPEED
        moving[:1] = False  # the step into the first frame was made in the air
        for a, b in runs(moving):
            mean, seconds = float(speed[start + a : start + b].mean()), (b - a) / fps
            if mean * seconds >= SLIDE_TRAVEL and seconds >= SLIDE_SECONDS:
                yield ContactEvent("slide", pair, start + a, start + b - 1, mean)
        deep = distance[start:stop] <= distance[start:stop].min() + PRESS_DEPTH
        for a, b in runs(deep & ~moving):
            if b - a >= PRESS_SECONDS * fps:
                yield ContactEvent("press", pair, start + a, start + b - 1)


def tangential_speed(hands: list[np.ndarray], pair: str, fps: float) -> np.ndarray:
    """Speed of a pair's points along one another, (T,) [m/s].

    Seen from each hand of the pair; the smaller of the two, which is what is left when
    neither hand's own turning is counted. Averaged over three frames.
    """
    (side_a, point_a), (side_b, point_b) = split_pair(pair)
    sides = SIDES.index(side_a), SIDES.index(side_b)
    first, second = (
        _point(hands[s], p) for s, p in zip(sides, (point_a, point_b), strict=True)
    )
    palms = [s for s, p in zip(sides, (point_a, point_b)) if p == "palm"]
    seen = []
    for side in sorted(set(palms or sides)):
        frame = local_frame(right_form(hands[side], side))
        if side == 0:  # axes of a left hand are those of its mirror image
            frame = frame * np.array([-1.0, 1, 1])[:, None]
        offset = ((second - first)[:, None] @ frame)[:, 0]
        step = np.diff(offset, axis=0, prepend=offset[:1])
        if palms:
            normal = np.array([0.0, 0.0, 1.0])
        else:
            size = np.linalg.norm(offset, axis=1, keepdims=True)
            normal = offset / np.maximum(size, 1e-9)
        along = step - (step * normal).sum(1, keepdims=True) * normal
        seen.append(np.linalg.norm(along, axis=1) * fps)
    speed = np.min(seen, axis=0)
    padded = np.pad(speed, 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


def _point(hand: np.ndarray, name: str) -> np.ndarray:
    """(T, 3) position of a fingertip or of the palm's centre [m]."""
    if name == "palm":
        return palm_cloud(hand).mean(1)
    return hand[:, TIP_INDEX[FINGERS.index(name.removesuffix("_tip"))]]
