"""Primitives of one hand: what it is asked for, and the moves that do it.

Every function pair `*_moves(step, stage) -> (moves, seconds)` and `*_requests(step)`
belongs to one entry of `vocabulary.PRIMITIVES`. A step for "both" hands is done by each.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from handx_gen.kinematics.kinds import EventKind
from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural import poses
from handx_gen.procedural.timeline import Move, Stage, Step, about, finger_moves
from handx_gen.skeleton import FINGERS, SIDES

Moves = tuple[list[Move], float]
FOUR = FINGERS[1:]


def hands_of(step: Step) -> tuple[str, ...]:
    """Names of the hands that take part."""
    return tuple(SIDES[side] for side in step.sides)


def each_hand(step: Step, kind: EventKind, **more: Any) -> list[RequestedEvent]:
    """The same event asked of every hand that takes part."""
    return [
        RequestedEvent(kind, hand, order=100 * step.order, **more)
        for hand in hands_of(step)
    ]


def after(events: list[RequestedEvent], position: int) -> list[RequestedEvent]:
    """The same events, at a later position of their hand's sequence."""
    return [replace(event, order=event.order + position) for event in events]


def _to_and_fro(
    step: Step,
    side: int,
    channel: str,
    there: tuple[np.ndarray, float, float],
    back: tuple[np.ndarray, float, float],
) -> list[Move]:
    """A channel to a target, `count` times; (target, travel [s], travel and rest [s])."""
    moves: list[Move] = []
    clock = 0.0
    for i in range(2 * step.count - 1):
        target, travel, slot = back if i % 2 else there
        moves.append(Move(side, channel, clock, clock + travel, target))
        clock += slot
    return moves


def bend_moves(step: Step, stage: Stage) -> Moves:
    """Fold the fingers; repeated, they open in between."""
    moves: list[Move] = []
    for side in step.sides:
        body = stage.bodies[side]
        folded = poses.bent(body, step.fingers)
        moving = step.fingers if step.count > 1 else FINGERS
        clock = 0.0
        for i in range(step.count):
            if i:
                moves += finger_moves(side, body.relaxed, clock, clock + 0.45, moving)
                clock += 0.5
            start = stage.fingers(side)
            # Only what is asked moves, except neighbours that follow.
            pose = np.where(folded == body.relaxed, start, folded)
            moves += finger_moves(side, pose, clock, clock + 0.5, moving)
            clock += 0.55
    return moves, 1.05 * step.count - 0.5


def bend_requests(step: Step) -> list[RequestedEvent]:
    """Each named finger bends."""
    return each_hand(step, "bend", fingers=step.fingers, count=step.count)


def extend_moves(step: Step, stage: Stage) -> Moves:
    """Straighten the fingers, folding them first where they are not folded."""
    moves: list[Move] = []
    duration = 0.0
    for side in step.sides:
        rows = [FINGERS.index(f) for f in step.fingers]
        folded = poses.bent(stage.bodies[side], step.fingers)
        curl = stage.fingers(side)[rows][:, 1:].sum(1)
        clock = 0.0
        if (curl < np.radians(100)).any():
            moves += finger_moves(side, folded, 0.0, 0.5, step.fingers)
            clock = 0.55
        moves += finger_moves(side, poses.OPEN, clock, clock + 0.5, step.fingers)
        duration = max(duration, clock + 0.5)
    return moves, duration


def extend_requests(step: Step) -> list[RequestedEvent]:
    """Each named finger extends."""
    return each_hand(step, "extend", fingers=step.fingers)


def _wave_order(step: Step) -> tuple[str, ...]:
    return step.fingers or FOUR


def wave_moves(step: Step, stage: Stage) -> Moves:
    """Fingers fold one after the other in the order given."""
    fingers = _wave_order(step)
    moves: list[Move] = []
    for side in step.sides:
        pose = poses.bent(stage.bodies[side], fingers)
        for i, finger in enumerate(fingers):
            moves += finger_moves(side, pose, 0.3 * i, 0.3 * i + 0.42, (finger,))
    return moves, 0.3 * len(fingers) + 0.15


def wave_requests(step: Step) -> list[RequestedEvent]:
    """One bend per finger, in order."""
    return [
        RequestedEvent("bend", hand, (finger,), order=100 * step.order + i)
        for hand in hands_of(step)
        for i, finger in enumerate(_wave_order(step))
    ]


def shape_moves(step: Step, stage: Stage) -> Moves:
    """Named fingers straight, the others folded; held."""
    moves: list[Move] = []
    for side in step.sides:
        moves += finger_moves(side, poses.extended(step.fingers), 0.0, 0.5)
    return moves, 0.85


def shape_requests(step: Step) -> list[RequestedEvent]:
    """The hand shows that shape."""
    return each_hand(step, "shape", fingers=step.fingers)


COUNTING = (
    ("index",),
    ("index", "middle"),
    ("index", "middle", "ring"),
    ("index", "middle", "ring", "pinky"),
    ("thumb", "index", "middle", "ring", "pinky"),
)
"""Shapes of the numbers one to five."""


def counting_moves(step: Step, stage: Stage) -> Moves:
    """Show the numbers from one to `count`, starting from folded fingers."""
    moves: list[Move] = []
    for side in step.sides:
        folded = poses.FIST.copy()
        folded[0] = poses.THUMB_ASIDE
        moves += finger_moves(side, folded, 0.0, 0.4)
        for i, fingers in enumerate(COUNTING[: step.count]):
            start = 0.42 + 0.5 * i
            pose = poses.extended(fingers)
            if len(fingers) == 4:
                pose[0] = poses.THUMB_TUCKED
            moves += finger_moves(side, pose, start, start + 0.3)
    return moves, 0.45 + 0.5 * step.count


def counting_requests(step: Step) -> list[RequestedEvent]:
    """The number shapes in order."""
    return [
        RequestedEvent("shape", hand, fingers, order=100 * step.order + i)
        for hand in hands_of(step)
        for i, fingers in enumerate(COUNTING[: step.count])
    ]


def pinch_moves(step: Step, stage: Stage) -> Moves:
    """Thumb pad to the fingertips, one finger after the other, `count` times each."""
    moves: list[Move] = []
    sequence = [finger for finger in step.fingers for _ in range(step.count)]
    for side in step.sides:
        body = stage.bodies[side]
        clock = 0.0
        for finger in sequence:
            moves += finger_moves(side, body.pinches[finger], clock, clock + 0.36)
            moves += finger_moves(side, body.relaxed, clock + 0.50, clock + 0.80)
            clock += 0.82
    return moves, 0.82 * len(sequence)


def pinch_requests(step: Step) -> list[RequestedEvent]:
    """One pinch per finger, in order."""
    return [
        RequestedEvent(
            "pinch", hand, (finger,), count=step.count, order=100 * step.order + i
        )
        for hand in hands_of(step)
        for i, finger in enumerate(step.fingers)
    ]


def spread_moves(step: Step, stage: Stage) -> Moves:
    """Fan the fingers out; or bring them together, fanning them out first."""
    moves: list[Move] = []
    for side in step.sides:
        if step.primitive == "spread":
            moves += finger_moves(side, poses.TOGETHER, 0.0, 0.3)
            moves += finger_moves(side, poses.SPREAD, 0.35, 0.8)
        else:
            moves += finger_moves(side, poses.SPREAD, 0.0, 0.4)
            moves += finger_moves(side, poses.TOGETHER, 0.5, 0.95)
    return moves, 1.0


def spread_requests(step: Step) -> list[RequestedEvent]:
    """The fingers spread or close."""
    return each_hand(step, "spread" if step.primitive == "spread" else "close")


TURNS = {
    "flex": ("x", -45.0),
    "extend": ("x", 40.0),
    "inward": ("z", 32.0),
    "outward": ("z", -32.0),
    "palm_up": ("y", 80.0),
    "palm_down": ("y", -70.0),
}
"""Direction → axis of the hand and angle [deg] that turns a right-form hand."""


def turn_moves(step: Step, stage: Stage) -> Moves:
    """Turn the hand about one of its axes; repeated, back and forth."""
    axis, degrees = TURNS[step.direction]
    moves: list[Move] = []
    for side in step.sides:
        here = stage.state[side]["rotation"]
        there = here @ about(axis, degrees)
        moves += _to_and_fro(
            step, side, "rotation", (there, 0.45, 0.48), (here, 0.38, 0.40)
        )
    return moves, 0.88 * step.count - 0.35


def turn_requests(step: Step) -> list[RequestedEvent]:
    """The hand turns that way."""
    return each_hand(step, "turn", direction=step.direction, count=step.count)


MOVES = {
    "left": (-0.10, 0, 0),
    "right": (0.10, 0, 0),
    "forward": (0, 0.10, 0),
    "back": (0, -0.10, 0),
    "up": (0, 0, 0.10),
    "down": (0, 0, -0.10),
}
"""Direction → displacement in the canonical frame [m]."""


def move_moves(step: Step, stage: Stage) -> Moves:
    """Carry the wrist about 10 cm; repeated, back and forth."""
    moves: list[Move] = []
    for side in step.sides:
        offset = np.array(MOVES[step.direction], float)
        if side == 0:
            offset[0] *= -1
        if len(step.sides) == 1 and stage.state[side]["position"][0] + offset[0] < 0.04:
            offset[0] *= 0.6  # not into the other hand
        here = stage.state[side]["position"]
        moves += _to_and_fro(
            step, side, "position", (here + offset, 0.5, 0.52), (here, 0.42, 0.45)
        )
    return moves, 0.97 * step.count - 0.42


def move_requests(step: Step) -> list[RequestedEvent]:
    """The wrist travels that way."""
    return each_hand(step, "move", direction=step.direction, count=step.count)


def circle_moves(step: Step, stage: Stage) -> Moves:
    """The wrist draws `count` circles in the vertical plane across the body."""
    moves: list[Move] = []
    for side in step.sides:
        here = stage.state[side]["position"]
        arc = np.array([[-0.045, 0, 0], [0, 0, 0.045]])
        stop = 1.0 * step.count
        moves.append(Move(side, "position", 0.0, stop, here, arc, step.count))
    return moves, 1.0 * step.count


def circle_requests(step: Step) -> list[RequestedEvent]:
    """The wrist draws a circle."""
    return each_hand(step, "circle", count=step.count)


def still_moves(step: Step, stage: Stage) -> Moves:
    """Nothing moves."""
    return [], 0.3


def still_requests(step: Step) -> list[RequestedEvent]:
    """The hand keeps still throughout."""
    return each_hand(step, "still")
