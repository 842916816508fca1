"""Primitives in which two hands move with each other: in turn, in step, around, apart."""

from dataclasses import replace

import numpy as np

from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural import poses
from handx_gen.procedural.timeline import Move, Stage, Step, about, finger_moves
from handx_gen.procedural.two_hands_stage import (
    FINGERS_IN,
    Moves,
    go,
    hand_joints,
    home,
    later,
    mirrored,
    of_hand,
    request,
)
from handx_gen.skeleton import FINGERS, JOINT

DIRECTIONS = {
    "left": (-1, 0, 0), "right": (1, 0, 0), "forward": (0, 1, 0), "back": (0, -1, 0),
    "up": (0, 0, 1), "down": (0, 0, -1),
}  # fmt: skip
"""In the canonical frame."""
TRAVEL = 0.10
"""Way of a move [m]."""
PALM_DOWN = np.eye(3)
PALM_UP = about("x", 20) @ about("y", 172)
FIST_CENTRE = np.array([0.0, 0.075, -0.025])
"""Middle of a closed hand, right-form [m]."""
PALM_CENTRE = np.array([0.005, 0.068, -0.002])


def orbit_moves(step: Step, stage: Stage) -> Moves:
    """Hands go round, half a turn apart: over one another, or side by side."""
    rolling = step.primitive == "roll"
    rotation = FINGERS_IN if rolling else about("y", 20)
    x, radius, turn = (0.085, 0.06, 0.68) if rolling else (0.12, 0.05, 0.66)
    moves: list[Move] = []
    stop = 0.5 + turn * step.count
    for side in (0, 1):
        up = np.array([0, 0, radius if side else -radius])
        on = np.array([0, radius if side else -radius, 0])
        start = np.array([x, 0.04, 0.0]) + up
        wide = start + np.array([0.05 if rolling else 0.0, 0, 0])
        moves += go(stage, side, poses.FIST, rotation, wide, 0.0, 0.34)
        moves.append(Move(side, "position", 0.34, 0.5, start))
        arc = np.stack([up, on])
        moves.append(Move(side, "position", 0.5, stop, start, arc, step.count))
        moves.append(Move(side, "position", stop, stop + 0.2, wide))
        moves += home(stage, side, stop + 0.2, stop + 0.55)
    return moves, stop + 0.55


def orbit_requests(step: Step) -> list[RequestedEvent]:
    """The hands go round each other."""
    kind = "roll" if step.primitive == "roll" else "pedal"
    return [request(step, kind, count=step.count)]


def alternate_moves(step: Step, stage: Stage) -> Moves:
    """One hand up and the other down, then `count` exchanges."""
    moves: list[Move] = []
    clock = 0.0
    for side in (0, 1):
        here = stage.state[side]["position"]
        height = 0.045 if side else -0.045
        clock = 0.0
        for i in range(step.count + 1):
            target = here + np.array([0, 0, height * (-1) ** i])
            travel = 0.4 if i else 0.3
            moves.append(Move(side, "position", clock, clock + travel, target))
            clock += travel + 0.02
        moves.append(Move(side, "position", clock, clock + 0.3, here))
    return moves, clock + 0.3


def alternate_requests(step: Step) -> list[RequestedEvent]:
    """The heights are exchanged."""
    return [request(step, "alternate", count=step.count)]


def follow_moves(step: Step, stage: Stage) -> Moves:
    """The hand of the step does the other's move later."""
    follower = step.sides[0]
    moves = []
    for side in (0, 1):
        start = 0.38 if side == follower else 0.0
        way = mirrored(np.array(DIRECTIONS[step.direction]) * TRAVEL, side)
        there = stage.state[side]["position"] + way
        moves.append(Move(side, "position", start, start + 0.45, there))
    return moves, 0.85


def follow_requests(step: Step) -> list[RequestedEvent]:
    """The move and its echo."""
    return [of_hand(step, "follow", direction=step.direction)]


def cross_moves(step: Step, stage: Stage) -> Moves:
    """The wrists cross, that of the step's hand on top."""
    upper = step.sides[0]
    rotation = about("z", 38)
    moves: list[Move] = []
    for side in (0, 1):
        height = 0.05 if side == upper else -0.05
        ready = np.array([0.13, -0.01, height])
        crossed = np.array([-0.04, 0.0, 0.8 * height])
        moves += go(stage, side, poses.TOGETHER, rotation, ready, 0.0, 0.42)
        moves.append(Move(side, "position", 0.42, 0.82, crossed))
        moves.append(Move(side, "position", 1.04, 1.42, ready))
        moves += home(stage, side, 1.42, 1.8)
    return moves, 1.8


def cross_requests(step: Step) -> list[RequestedEvent]:
    """The wrists are crossed."""
    return [of_hand(step, "cross")]


def measure_moves(step: Step, stage: Stage) -> Moves:
    """Hands apart, then together."""
    moves: list[Move] = []
    for side in (0, 1):
        here = stage.state[side]["position"]
        for x, start, stop in ((0.2, 0.0, 0.5), (0.1, 0.65, 1.2)):
            there = np.array([x, here[1], here[2]])
            moves.append(Move(side, "position", start, stop, there))
    return moves, 1.25


def measure_requests(step: Step) -> list[RequestedEvent]:
    """Parting, then coming closer."""
    part, approach = request(step, "part"), request(step, "approach")
    return [part, later(approach)]


def accordion_moves(step: Step, stage: Stage) -> Moves:
    """Palms facing, together and apart again, `count` times."""
    rotation = about("x", 15) @ about("y", 88)
    moves: list[Move] = []
    clock = 0.0
    for side in (0, 1):
        wide = np.array([0.15, 0.0, 0.0])
        moves += go(stage, side, poses.TOGETHER, rotation, wide, 0.0, 0.35)
        clock = 0.36
        for _ in range(step.count):
            near = np.array([0.08, 0.0, 0.0])
            moves.append(Move(side, "position", clock, clock + 0.3, near))
            moves.append(Move(side, "position", clock + 0.31, clock + 0.61, wide))
            clock += 0.62
        moves += home(stage, side, clock, clock + 0.35)
    return moves, clock + 0.35


def accordion_requests(step: Step) -> list[RequestedEvent]:
    """Coming closer and parting, each as often."""
    events: list[RequestedEvent] = []
    for i in range(step.count):
        for j, kind in enumerate(("approach", "part")):
            event = request(step, kind)
            events.append(replace(event, order=event.order + 2 * i + j))
    return events


def carry_moves(step: Step, stage: Stage) -> Moves:
    """Something between the palms is gripped, moved, and left."""
    rotation = about("x", 20) @ about("y", 90)
    way = np.array(DIRECTIONS[step.direction]) * TRAVEL
    moves: list[Move] = []
    for side in (0, 1):
        ready = np.array([0.12, 0.01, 0.0])
        grip = np.array([0.07, 0.01, 0.0])
        moves += go(stage, side, poses.FLAT, rotation, ready, 0.0, 0.4)
        moves.append(Move(side, "position", 0.4, 0.65, grip))
        there = grip + mirrored(way, side)
        moves.append(Move(side, "position", 0.72, 1.2, there))
        moves += home(stage, side, 1.3, 1.75)
    return moves, 1.75


def carry_requests(step: Step) -> list[RequestedEvent]:
    """What is held is moved."""
    return [request(step, "carry", direction=step.direction)]


def pass_moves(step: Step, stage: Stage) -> Moves:
    """The step's hand lets something go into the other hand, which takes it."""
    giver = step.sides[0]
    moves: list[Move] = []
    for side in (0, 1):
        gives = side == giver
        pose, then = (poses.FIST, poses.OPEN) if gives else (poses.OPEN, poses.FIST)
        rotation = about("z", 25) @ (PALM_DOWN if gives else PALM_UP)
        near = np.array([0.03, 0.0, 0.105 if gives else -0.08])
        wide = near + np.array([0.08, 0, 0])
        moves += go(stage, side, pose, rotation, wide, 0.0, 0.38)
        moves.append(Move(side, "position", 0.38, 0.6, near))
        late = 0.0 if gives else 0.08
        moves += go(stage, side, then, rotation, near, 0.66 + late, 1.02 + late)
        aside = near + np.array([0.10, 0, 0])
        moves.append(Move(side, "position", 1.14, 1.36, aside))
        moves += home(stage, side, 1.36, 1.74)
    return moves, 1.74


def pass_requests(step: Step) -> list[RequestedEvent]:
    """One opens as the other closes."""
    return [of_hand(step, "pass")]


PINCH_IN = about("z", 20) @ about("y", 30)
"""Pinching hands that point forward and inwards."""


def pinched_moves(step: Step, stage: Stage) -> Moves:
    """Two pinches meet, then part sideways (pull) or to and fro (tear)."""
    moves: list[Move] = []
    for side in (0, 1):
        pose = stage.bodies[side].pinches["index"]
        joints = hand_joints(stage, side, pose, PINCH_IN, np.zeros(3))
        tip = mirrored(joints[JOINT["index_tip"]], side)
        meet = np.array([0.036, 0.06, 0.02]) - tip
        if step.primitive == "pull":
            there = meet + np.array([0.10, 0, 0])
        else:
            back = -0.055 if side == step.sides[0] else 0.055
            there = meet + np.array([0.012, back, 0])
        moves += go(stage, side, pose, PINCH_IN, meet, 0.0, 0.5)
        moves.append(Move(side, "position", 0.62, 1.05, there))
        relaxed = stage.bodies[side].relaxed  # the thumb last: it lies on the others
        moves += finger_moves(side, relaxed, 1.1, 1.32, FINGERS[1:])
        moves += finger_moves(side, relaxed, 1.14, 1.36, ("thumb",))
        moves += home(stage, side, 1.36, 1.75)
    return moves, 1.75


def pinched_requests(step: Step) -> list[RequestedEvent]:
    """Both pinch, and the pinches are pulled or torn apart."""
    hold = [
        RequestedEvent("pinch", hand, ("index",), order=100 * step.order)
        for hand in ("left", "right")
    ]
    pull = step.primitive == "pull"
    return [*hold, request(step, "pull") if pull else of_hand(step, "tear")]


CLAW = np.radians(
    [(10, 10, 10, 20, 20), (10, 25, 0, 35, 20), (2, 25, 0, 35, 20), (-6, 25, 0, 35, 20),
     (-14, 25, 0, 35, 20)]
)  # fmt: skip
"""Curved, spread fingers, as around a lid."""
GRIP = np.radians(
    [(15, 25, 20, 20, 20), (0, 45, 0, 55, 30), (0, 45, 0, 55, 30), (0, 45, 0, 55, 30),
     (0, 45, 0, 55, 30)]
)  # fmt: skip
"""A hand around a jar."""


def twist_moves(step: Step, stage: Stage) -> Moves:
    """The step's hand turns a lid on what the other hand holds."""
    turner = step.sides[0]
    holder = 1 - turner
    moves: list[Move] = []
    jar = np.array([0.0, 0.05, 0.0])  # canonical, on the axis
    hold = mirrored(jar + np.array([0, 0, -0.055]), holder)
    place = hold - FINGERS_IN @ PALM_CENTRE
    above = mirrored(jar + np.array([0, 0, 0.088]), turner)
    turned = [about("z", angle) for angle in (70, 10)]
    wrist = [above - rotation @ PALM_CENTRE for rotation in turned]
    lift = np.array([0, 0, 0.09])
    moves += go(stage, holder, GRIP, FINGERS_IN, place, 0.0, 0.45)
    moves += go(stage, turner, CLAW, turned[0], wrist[0] + lift, 0.0, 0.44)
    moves.append(Move(turner, "position", 0.44, 0.66, wrist[0]))
    clock = 0.68
    for i in range(2 * step.count - 1):
        end = (i + 1) % 2
        moves.append(Move(turner, "rotation", clock, clock + 0.34, turned[end]))
        moves.append(Move(turner, "position", clock, clock + 0.34, wrist[end]))
        clock += 0.36
    moves.append(Move(turner, "position", clock + 0.04, clock + 0.26, wrist[1] + lift))
    leave = clock + 0.26
    moves += home(stage, holder, leave, leave + 0.42)
    moves += home(stage, turner, leave, leave + 0.42)
    return moves, leave + 0.42


def twist_requests(step: Step) -> list[RequestedEvent]:
    """The hand turns over the other, which keeps still."""
    return [of_hand(step, "twist", count=step.count)]


def wring_moves(step: Step, stage: Stage) -> Moves:
    """Two fists side by side turn against each other, `count` times."""
    moves: list[Move] = []
    clock = 0.0
    for side in (0, 1):
        centre = np.array([0.07, 0.09, 0.0])
        sign = 1.0 if side else -1.0
        level = about("x", 0)
        start = centre - level @ FIST_CENTRE
        moves += go(stage, side, poses.FIST, level, start, 0.0, 0.45)
        clock = 0.5
        for i in range(step.count):
            turned = about("x", sign * 24 * (-1) ** i)
            there = centre - turned @ FIST_CENTRE
            moves.append(Move(side, "rotation", clock, clock + 0.36, turned))
            moves.append(Move(side, "position", clock, clock + 0.36, there))
            clock += 0.38
        moves += home(stage, side, clock + 0.05, clock + 0.5)
    return moves, clock + 0.5


def wring_requests(step: Step) -> list[RequestedEvent]:
    """The fists turn against each other."""
    return [request(step, "wring", count=step.count)]
