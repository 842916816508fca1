"""Ground that primitives of the two hands stand on: placing, approaching, leaving."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from handx_gen.hand_model import finger_points, to_joints
from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural.timeline import (
    REST_POSITION,
    Move,
    Stage,
    Step,
    about,
    finger_moves,
)
from handx_gen.skeleton import FINGERS, SIDES

Moves = tuple[list[Move], float]
Goal = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Pose, rotation and wrist position of a hand, right-form."""
PALMS_IN = about("x", 40) @ about("y", 90)
"""Palms face each other, fingers forward and up."""
FINGERS_IN = about("z", 90) @ about("y", 90)
"""Fingers point at the other hand, palms to the body, thumbs up."""
STAND_OFF = 0.07
"""How far each hand stays away before a contact [m]."""


def request(step: Step, kind: str, **more: object) -> RequestedEvent:
    """An event of the two hands together."""
    return RequestedEvent(kind, "both", order=100 * step.order, **more)  # type: ignore[arg-type]


def of_hand(step: Step, kind: str, **more: object) -> RequestedEvent:
    """An event of the hand that does it to the other."""
    return RequestedEvent(
        kind,
        SIDES[step.sides[0]],
        order=100 * step.order,
        **more,  # type: ignore[arg-type]
    )


def later(event: RequestedEvent) -> RequestedEvent:
    """The same event, after the one before it."""
    return replace(event, order=event.order + 1)


def hand_joints(
    stage: Stage, side: int, pose: np.ndarray, rotation: np.ndarray, wrist: np.ndarray
) -> np.ndarray:
    """(21, 3) joints of one posed hand in the canonical frame."""
    points, _ = finger_points(stage.bodies[side].shape, pose)
    return to_joints(points, rotation, wrist, side)


def mirrored(vector: np.ndarray, side: int) -> np.ndarray:
    """Canonical vector ↔ right-form vector."""
    return vector * np.array([-1.0, 1, 1]) if side == 0 else vector


def go(
    stage: Stage,
    side: int,
    pose: np.ndarray,
    rotation: np.ndarray,
    position: np.ndarray,
    start: float,
    stop: float,
) -> list[Move]:
    """A whole hand to a pose; a fist is made early, before it meets anything."""
    fist = (pose[1:, 1:].sum(1) > 2.0).sum() > 1
    folded = start + (0.62 if fist else 1.0) * (stop - start)
    return [
        *finger_moves(side, pose, start, folded),
        Move(side, "rotation", start, stop, rotation),
        Move(side, "position", start, stop, position),
    ]


def home(stage: Stage, side: int, start: float, stop: float) -> list[Move]:
    """A hand back to rest; the thumb first, so that it does not hold a finger down."""
    relaxed, later = stage.bodies[side].relaxed, start + 0.35 * (stop - start)
    return [
        *finger_moves(side, relaxed, start, start + 0.6 * (stop - start), ("thumb",)),
        *finger_moves(side, relaxed, later, stop, FINGERS[1:]),
        Move(side, "rotation", start, stop, stage.rest_rotation),
        Move(side, "position", start, stop, REST_POSITION),
    ]


def taps(
    stage: Stage,
    goals: list[Goal],
    away: list[np.ndarray],
    count: int,
    hold: float,
) -> Moves:
    """Approach, touch `count` times, part.

    Args:
        stage: Whose hands.
        goals: Per side (pose, rotation, wrist position at contact), right-form.
        away: Per side, right-form displacement to the ready position [m].
        count: Contacts.
        hold: How long each lasts [s].
    """
    moves: list[Move] = []
    for side in (0, 1):
        pose, rotation, contact = goals[side]
        ready = contact + away[side]
        moves += go(stage, side, pose, rotation, ready, 0.0, 0.5)
        clock = 0.52
        for i in range(count):
            if i:
                moves.append(Move(side, "position", clock, clock + 0.26, ready))
                clock += 0.28
            moves.append(Move(side, "position", clock, clock + 0.28, contact))
            clock += 0.30 + hold
        moves.append(Move(side, "position", clock, clock + 0.28, ready))
        clock += 0.28
        moves += home(stage, side, clock, clock + 0.45)
    return moves, 0.52 + count * (0.30 + hold) + (count - 1) * 0.28 + 0.28 + 0.45


def closing(
    gap: Callable[[float], float], low: float, high: float, halvings: int = 30
) -> float:
    """The smallest separation in [low, high] at which nothing overlaps, by bisection."""
    for _ in range(halvings):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if gap(middle) < 0 else (low, middle)
    return high
