"""Repeated movements of fingers and wrist: pump, wave, nod, knock, flutter, tremble."""

from collections.abc import Sequence

import numpy as np

from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural import poses
from handx_gen.procedural.single_hand import FOUR, Moves, after, each_hand
from handx_gen.procedural.single_hand_poses import half_bent
from handx_gen.procedural.single_hand_postures import FINGERS_UP, PALM_UP, aside, turned
from handx_gen.procedural.timeline import Move, Stage, Step, about, finger_moves

SCISSORS = ((16.0, -8.0), (-4.0, 3.0))
"""Abduction of index and middle finger, apart and together [deg]."""


def swing(
    side: int,
    channel: str,
    targets: Sequence[np.ndarray],
    begin: float,
    first: float,
    stroke: float,
) -> tuple[list[Move], float]:
    """A channel from target to target without rest; the moves and when they end [s].

    Args:
        side: 0 left, 1 right.
        channel: One of `timeline.CHANNELS`.
        targets: In order; the last one is where it comes to rest.
        begin: When it starts [s].
        first: Time to the first and to the last target [s].
        stroke: Time between the others [s].
    """
    moves = []
    clock = begin
    for i, target in enumerate(targets):
        time = first if i in (0, len(targets) - 1) else stroke
        moves.append(Move(side, channel, clock, clock + time, target))
        clock += time
    return moves, clock


def pump_moves(step: Step, stage: Stage) -> Moves:
    """Fist, open, fist, … `count` fists; or spread instead of open."""
    moves: list[Move] = []
    wide = poses.SPREAD if step.primitive == "burst" else poses.OPEN
    clock = 0.0
    for side in step.sides:
        clock = 0.0
        for _ in range(step.count):
            moves += finger_moves(side, poses.FIST, clock, clock + 0.36)
            moves += finger_moves(side, wide, clock + 0.48, clock + 0.80)
            clock += 0.86
    return moves, clock


def pump_requests(step: Step) -> list[RequestedEvent]:
    """Fists and open hands in turn."""
    events = []
    for i in range(step.count):
        closed = each_hand(step, "shape")
        if step.primitive == "burst":
            opened = each_hand(step, "pose", direction="spread_out")
        else:
            opened = each_hand(step, "shape", fingers=FOUR)
        events += after(closed, 2 * i) + after(opened, 2 * i + 1)
    return events


def unroll_moves(step: Step, stage: Stage) -> Moves:
    """From a fist the fingers open one after the other, in the order given."""
    moves: list[Move] = []
    fist = poses.FIST.copy()
    fist[0] = poses.THUMB_ASIDE
    for side in step.sides:
        moves += finger_moves(side, fist, 0.0, 0.4)
        for i, finger in enumerate(step.fingers or FOUR):
            start = 0.45 + 0.27 * i
            moves += finger_moves(side, poses.OPEN, start, start + 0.32, (finger,))
    return moves, 0.45 + 0.27 * 3 + 0.35


def unroll_requests(step: Step) -> list[RequestedEvent]:
    """A fist, then one extension per finger, in order."""
    events = each_hand(step, "shape")
    for i, finger in enumerate(step.fingers or FOUR):
        events += after(each_hand(step, "extend", fingers=(finger,)), 1 + i)
    return events


def drum_moves(step: Step, stage: Stage) -> Moves:
    """Each finger taps once, one after the other, in the order given."""
    moves: list[Move] = []
    fingers = step.fingers or FOUR
    for side in step.sides:
        body = stage.bodies[side]
        ready = body.relaxed.copy()
        ready[1:, 1] = np.minimum(ready[1:, 1], np.radians(12))
        down = half_bent(body, FOUR)
        moves += finger_moves(side, ready, 0.0, 0.3)
        for i, finger in enumerate(fingers):
            start = 0.32 + 0.25 * i
            moves += finger_moves(side, down, start, start + 0.20, (finger,))
            moves += finger_moves(side, ready, start + 0.24, start + 0.44, (finger,))
    return moves, 0.32 + 0.25 * 3 + 0.46


def drum_requests(step: Step) -> list[RequestedEvent]:
    """The fingers bend half way one after the other."""
    return each_hand(step, "ripple", fingers=step.fingers or FOUR)


def flutter_moves(step: Step, stage: Stage) -> Moves:
    """The fingers beat to and fro, each a little after its neighbour."""
    moves: list[Move] = []
    for side in step.sides:
        body = stage.bodies[side]
        down = half_bent(body, FOUR)
        for i, finger in enumerate(FOUR):
            k = i + 1
            low = body.relaxed[k] + 0.75 * (down[k] - body.relaxed[k])
            high = poses.OPEN[k]
            targets = [low, high, low, high, low, body.relaxed[k]]
            beats, _ = swing(side, finger, targets, 0.10 * i, 0.2, 0.19)
            moves += beats
    return moves, 1.5


def flutter_requests(step: Step) -> list[RequestedEvent]:
    """The fingers flutter."""
    return each_hand(step, "flutter")


def scissor_moves(step: Step, stage: Stage) -> Moves:
    """Index and middle finger straight, apart and together `count` times."""
    moves: list[Move] = []
    clock = 0.0
    for side in step.sides:
        pose = poses.extended(("index", "middle"))
        apart, together = pose.copy(), pose.copy()
        for shape, angles in zip((apart, together), SCISSORS, strict=True):
            shape[1, 0], shape[2, 0] = np.radians(angles)
        moves += finger_moves(side, together, 0.0, 0.42)
        clock = 0.45
        for _ in range(step.count):
            pair = ("index", "middle")
            moves += finger_moves(side, apart, clock, clock + 0.24, pair)
            moves += finger_moves(side, together, clock + 0.26, clock + 0.50, pair)
            clock += 0.52
    return moves, clock


def scissor_requests(step: Step) -> list[RequestedEvent]:
    """Two fingers shown that open."""
    return [
        *each_hand(step, "shape", fingers=("index", "middle")),
        *each_hand(step, "scissor", count=step.count),
    ]


def quotes_moves(step: Step, stage: Stage) -> Moves:
    """Index and middle finger straight, then both crooked `count` times."""
    moves: list[Move] = []
    clock = 0.0
    pair = ("index", "middle")
    for side in step.sides:
        up = poses.extended(pair)
        down = up.copy()
        down[1:3, 1:] = np.radians((18.0, 0, 78, 42))
        moves += finger_moves(side, up, 0.0, 0.4)
        clock = 0.45
        for _ in range(step.count):
            moves += finger_moves(side, down, clock, clock + 0.24, pair)
            moves += finger_moves(side, up, clock + 0.26, clock + 0.50, pair)
            clock += 0.52
    return moves, clock


def quotes_requests(step: Step) -> list[RequestedEvent]:
    """Two fingers shown that bend together."""
    pair = ("index", "middle")
    return [
        *each_hand(step, "shape", fingers=pair),
        *each_hand(step, "bend", fingers=pair, count=step.count),
    ]


def beckon_moves(step: Step, stage: Stage) -> Moves:
    """Palm up, and the index (or all four fingers) curls `count` times."""
    moves: list[Move] = []
    clock = 0.0
    fingers = step.fingers or ("index",)
    for side in step.sides:
        ready = poses.extended(fingers)
        curled = ready.copy()
        for finger in fingers:
            k = FOUR.index(finger) + 1
            curled[k, 1:] = np.radians((42.0, 0, 80, 40))
        moves += finger_moves(side, ready, 0.0, 0.45)
        moves += turned(stage, side, PALM_UP, 0.5)
        clock = 0.52
        for _ in range(step.count):
            moves += finger_moves(side, curled, clock, clock + 0.26, fingers)
            moves += finger_moves(side, ready, clock + 0.28, clock + 0.52, fingers)
            clock += 0.54
    return moves, clock


def beckon_requests(step: Step) -> list[RequestedEvent]:
    """Palm up, and those fingers bend."""
    fingers = step.fingers or ("index",)
    return [
        *each_hand(step, "pose", direction="palm_up"),
        *each_hand(step, "shape", fingers=fingers),
        *each_hand(step, "bend", fingers=fingers, count=step.count),
    ]


_TILTS = {
    # primitive: (axis, degrees one way, degrees the other, pose, orientation)
    "goodbye": ("z", 27.0, -27.0, poses.OPEN, FINGERS_UP),
    "wag": ("z", 27.0, -27.0, poses.extended(("index",)), FINGERS_UP),
    "nod": ("x", -32.0, 28.0, poses.FIST, None),
    "twist": ("y", 48.0, -48.0, None, None),
    "knock": ("x", -36.0, 0.0, poses.FIST, None),
}


def tilt_moves(step: Step, stage: Stage) -> Moves:
    """The hand takes its pose, then swings about one axis `count` times."""
    axis, there, back, pose, rotation = _TILTS[step.primitive]
    moves: list[Move] = []
    clock = 0.0
    for side in step.sides:
        begin = 0.0
        if pose is not None:
            moves += finger_moves(side, pose, 0.0, 0.4)
            begin = 0.45
        middle = stage.state[side]["rotation"]
        if rotation is not None:
            moves += turned(stage, side, rotation, 0.5)
            moves += aside(stage, side, 0.45)
            middle, begin = rotation, 0.52
        targets = [middle @ about(axis, d) for d in (there, back)] * step.count
        beats, clock = swing(side, "rotation", [*targets, middle], begin, 0.2, 0.27)
        moves += beats
        if step.primitive == "knock":
            here = stage.state[side]["position"]
            strikes = [here + [0, 0.06, 0], here] * step.count
            moves += swing(side, "position", [*strikes, here], begin, 0.2, 0.27)[0]
    return moves, clock


def tilt_requests(step: Step) -> list[RequestedEvent]:
    """The pose, and turns both ways."""
    named = {
        "goodbye": ("pose", "palm_out", "inward", "outward"),
        "wag": ("pose", "index_up", "inward", "outward"),
        "nod": ("shape", "", "flex", "extend"),
        "twist": ("", "", "palm_up", "palm_down"),
        "knock": ("shape", "", "flex", ""),
    }
    kind, pose, there, back = named[step.primitive]
    events = []
    if kind == "pose":
        events += each_hand(step, "pose", direction=pose)
    elif kind == "shape":
        events += each_hand(step, "shape")
    for direction in (there, back):
        if direction:
            events += each_hand(step, "turn", direction=direction, count=step.count)
    if step.primitive == "knock":
        events += each_hand(step, "move", direction="forward", count=step.count)
    return events


def tremble_moves(step: Step, stage: Stage) -> Moves:
    """The hand trembles a few millimetres about where it is."""
    moves: list[Move] = []
    end = 0.0
    for side in step.sides:
        here = stage.state[side]["position"]
        offset = np.array([0.0025, 0.001, 0.004])
        targets = [here + offset * (-1) ** i for i in range(11)]
        beats, end = swing(side, "position", [*targets, here], 0.0, 0.08, 0.105)
        moves += beats
    return moves, end


def shake_moves(step: Step, stage: Stage) -> Moves:
    """The hand is shaken from side to side, a few centimetres."""
    moves: list[Move] = []
    end = 0.0
    for side in step.sides:
        here = stage.state[side]["position"]
        offset = np.array([0.022, 0.0, 0.0])
        targets = [here + offset * (-1) ** i for i in range(6)]
        beats, end = swing(side, "position", [*targets, here], 0.0, 0.13, 0.19)
        moves += beats
    return moves, end


def shaken_requests(step: Step) -> list[RequestedEvent]:
    """The hand trembles, or is shaken."""
    return each_hand(step, "tremble" if step.primitive == "tremble" else "shake")
