"""Paths of one wrist, and of the thumb: sweeps, squares, eights, presses, circles."""

from dataclasses import replace

import numpy as np

from handx_gen.kinematics.kinds import EventKind
from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural import poses
from handx_gen.procedural.single_hand import FOUR, MOVES, Moves, after, each_hand
from handx_gen.procedural.single_hand_postures import ASIDE, aside
from handx_gen.procedural.single_hand_rhythms import swing
from handx_gen.procedural.timeline import Move, Stage, Step, finger_moves

OPPOSITE = {
    "left": "right", "right": "left", "up": "down", "down": "up", "forward": "back",
    "back": "forward",
}  # fmt: skip


def _in_order(
    step: Step, parts: list[tuple[EventKind, str]], start: int = 0
) -> list[RequestedEvent]:
    """Moves of the wrist one after the other, (kind, direction)."""
    return [
        event
        for i, (kind, direction) in enumerate(parts)
        for event in after(each_hand(step, kind, direction=direction), start + i)
    ]


def _offset(side: int, direction: str, size: float) -> np.ndarray:
    """A right-form displacement towards a canonical direction, `size` × 10 cm."""
    offset = size * np.array(MOVES[direction], float)
    return offset * np.array([-1.0, 1, 1]) if side == 0 else offset


def there_and_back_moves(step: Step, stage: Stage) -> Moves:
    """Sweep, lift or bounce: out and back again, `count` times."""
    size, stroke = {"sweep": (1.1, 0.5), "lift": (1.0, 0.55)}.get(
        step.primitive, (0.65, 0.27)
    )
    moves: list[Move] = []
    end = 0.0
    for side in step.sides:
        here = stage.state[side]["position"]
        offset = _offset(side, _way(step), size)
        if len(step.sides) == 1 and here[0] + offset[0] < 0.04:
            offset[0] *= 0.65  # not into the other hand
        targets = [here + offset, here] * step.count
        beats, end = swing(side, "position", targets, 0.0, stroke, stroke)
        moves += beats
    return moves, end + 0.05


def _way(step: Step) -> str:
    return step.direction or "up"


def there_and_back_requests(step: Step) -> list[RequestedEvent]:
    """Out, then back, as often as asked."""
    way = _way(step)
    return _in_order(step, [("move", way), ("move", OPPOSITE[way])] * step.count)


_CORNERS = {
    # Right-form, in the plane across the body [m]: outwards first, so that two hands
    # at once keep clear of each other.
    "square": [(0.09, 0, 0), (0.09, 0, 0.09), (0, 0, 0.09), (0, 0, 0)],
    "zigzag": [(0.075, 0, -0.03), (0.0, 0, -0.06), (0.075, 0, -0.09)],
}


def corners_moves(step: Step, stage: Stage) -> Moves:
    """A path of straight strokes, with a short rest at every corner."""
    moves: list[Move] = []
    clock = 0.0
    for side in step.sides:
        here = stage.state[side]["position"]
        clock = 0.0
        for corner in _CORNERS[step.primitive]:
            moves.append(Move(side, "position", clock, clock + 0.37, here + corner))
            clock += 0.40
    return moves, clock


def corners_requests(step: Step) -> list[RequestedEvent]:
    """The strokes in order, seen from each hand."""
    events = []
    for hand in ("left", "right"):
        if step.hand not in (hand, "both"):
            continue
        out, back = ("right", "left") if hand == "right" else ("left", "right")
        one = replace(step, hand=hand)
        if step.primitive == "square":
            ways = [out, "up", back, "down"]
            events += _in_order(one, [("move", way) for way in ways])
        else:
            events += _in_order(one, [("move", way) for way in (out, back, out)])
            events += _in_order(one, [("move", "down")], start=2)
    return events


def eight_moves(step: Step, stage: Stage) -> Moves:
    """The wrist draws a lying figure eight across the body."""
    u = np.linspace(0, 2 * np.pi, 49)[:, None]
    # Gerono's lemniscate, run outwards first.
    path = 0.055 * np.sin(u) * [1.0, 0, 0] + 0.075 * np.sin(u) * np.cos(u) * [0, 0, 1.0]
    moves: list[Move] = []
    for side in step.sides:
        here = stage.state[side]["position"]
        moves += aside(stage, side, 0.3)
        here = np.array([max(here[0], ASIDE), *here[1:]])
        moves.append(Move(side, "position", 0.3, 1.7, here, via=here + path[1:-1]))
    return moves, 1.7


def eight_requests(step: Step) -> list[RequestedEvent]:
    """The wrist draws an eight."""
    return each_hand(step, "eight")


def thumb_circle_moves(step: Step, stage: Stage) -> Moves:
    """The thumb swings round, `count` times, the fingers resting."""
    moves: list[Move] = []
    stop = 0.0
    for side in step.sides:
        relaxed = stage.bodies[side].relaxed
        circle = np.linspace(0, 2 * np.pi * step.count, 24 * step.count + 1)[1:-1, None]
        # Starts and ends at the lower end of the ellipse of abduction and flexion.
        swings = np.radians(22.0) * np.sin(circle) * [1.0, 0, 0, 0, 0]
        rises = np.radians(20.0) * (1 - np.cos(circle)) * [0, -1.0, 0, 0, 0]
        ready = np.radians([2.0, 28, 0, 8, 8])
        stop = 0.32 + 0.85 * step.count
        moves += finger_moves(side, relaxed, 0.0, 0.3, FOUR)
        moves.append(Move(side, "thumb", 0.0, 0.3, ready))
        moves.append(Move(side, "thumb", 0.32, stop, ready, via=ready + swings + rises))
    return moves, stop


def thumb_circle_requests(step: Step) -> list[RequestedEvent]:
    """The thumb draws circles."""
    return each_hand(step, "thumb_circle", count=step.count)


def press_button_moves(step: Step, stage: Stage) -> Moves:
    """Index out, and the hand pushes forward and back `count` times."""
    moves: list[Move] = []
    end = 0.0
    for side in step.sides:
        here = stage.state[side]["position"]
        moves += finger_moves(side, poses.extended(("index",)), 0.0, 0.4)
        targets = [here + [0, 0.07, 0], here] * step.count
        beats, end = swing(side, "position", targets, 0.42, 0.28, 0.28)
        moves += beats
    return moves, end


def press_button_requests(step: Step) -> list[RequestedEvent]:
    """Index alone out, and pushes."""
    return [
        *each_hand(step, "shape", fingers=("index",)),
        *each_hand(step, "move", direction="forward", count=step.count),
    ]


def grab_moves(step: Step, stage: Stage) -> Moves:
    """Reach forward with an open hand and close it."""
    moves: list[Move] = []
    for side in step.sides:
        here = stage.state[side]["position"]
        moves.append(Move(side, "position", 0.0, 0.6, here + [0, 0.10, 0.01]))
        moves += finger_moves(side, poses.SPREAD, 0.0, 0.5)
        moves += finger_moves(side, poses.FIST, 0.62, 1.0)
    return moves, 1.3


def grab_requests(step: Step) -> list[RequestedEvent]:
    """Forward, then a fist."""
    return [
        *each_hand(step, "move", direction="forward"),
        *after(each_hand(step, "shape"), 1),
    ]


def release_moves(step: Step, stage: Stage) -> Moves:
    """Close round something and let it go, fingers wide."""
    moves: list[Move] = []
    for side in step.sides:
        moves += finger_moves(side, poses.FIST, 0.0, 0.42)
        moves += finger_moves(side, poses.SPREAD, 0.6, 0.95)
        here = stage.state[side]["position"]
        moves.append(Move(side, "position", 0.6, 1.1, here + [0, -0.06, 0]))
    return moves, 1.2


def release_requests(step: Step) -> list[RequestedEvent]:
    """A fist, then the hand opens while it draws back."""
    return [
        *each_hand(step, "shape"),
        *after(each_hand(step, "pose", direction="spread_out"), 1),
        *after(each_hand(step, "move", direction="back"), 1),
    ]
