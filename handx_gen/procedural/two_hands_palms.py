"""Primitives of the palms: on the back, over the palm, pressed and moving, held open."""

import numpy as np

from handx_gen.kinematics.contacts import (
    PAD_RADIUS,
    PALM_HALF_THICKNESS,
    palm_distance,
    palm_points,
    tip_palm_distance,
)
from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural import poses
from handx_gen.procedural.timeline import Move, Stage, Step, about
from handx_gen.procedural.two_hands import palm_contact, pointing
from handx_gen.procedural.two_hands_fists import settle
from handx_gen.procedural.two_hands_stage import (
    PALMS_IN,
    STAND_OFF,
    Goal,
    Moves,
    closing,
    go,
    hand_joints,
    home,
    later,
    mirrored,
    of_hand,
    request,
    taps,
)
from handx_gen.skeleton import JOINT

WIDE = np.array([0.11, 0.04, -0.02])
"""Wrist of a hand that turns without meeting the other."""
PALM_UP = about("x", 20) @ about("y", 172)
LEVEL = poses.FLAT.copy()
LEVEL[1:, 1] = np.radians(-3.0)
DROOPING = poses.FLAT.copy()
DROOPING[1:, 1] = np.radians(6.0)
DROOPING[0] = poses.THUMB_TUCKED
"""Flat hands that lie over and under one another."""
BOWL = np.radians(
    [(10, 20, 0, 15, 10), (-4, 32, 0, 36, 18), (-1, 32, 0, 36, 18), (4, 32, 0, 36, 18),
     (8, 32, 0, 36, 18)]
)  # fmt: skip


def cover_moves(step: Step, stage: Stage) -> Moves:
    """The palm of the step's hand onto the back of the other."""
    upper = step.sides[0]
    rotation = about("z", 40)
    goals, away, clouds = [], [], []
    for side in (0, 1):
        pose = LEVEL if side == upper else DROOPING
        joints = hand_joints(stage, side, pose, rotation, np.zeros(3))
        cloud = palm_points(joints)
        middle = np.array([0.0, 0.07, 0.0])
        goals.append((pose, rotation, mirrored(middle - cloud.mean(0), side)))
        clouds.append(cloud + middle - cloud.mean(0))
        away.append(np.array([0.04, 0, 0.07 if side == upper else 0.0]))
    above = np.array([0, 0, 1.0])

    def gap(height: float) -> float:
        over = clouds[upper] + height * above
        return float(palm_distance(over, clouds[1 - upper])) - 2 * PALM_HALF_THICKNESS

    height = closing(gap, 0.0, 0.06, 16)
    pose, rotation, wrist = goals[upper]
    goals[upper] = (pose, rotation, wrist + height * above)
    return taps(stage, goals, away, step.count, 0.2)


def cover_requests(step: Step) -> list[RequestedEvent]:
    """Its palm lies on the other's back."""
    return [of_hand(step, "cover", count=step.count)]


DOWNWARD = about("z", 50) @ about("x", -70)
"""A hand that points down and inwards."""


def back_touch_moves(step: Step, stage: Stage) -> Moves:
    """A fingertip of the step's hand onto the back of the other."""
    finger, side = step.fingers[0], step.sides[0]
    other = 1 - side
    flat: Goal = (DROOPING, about("z", 12), np.array([0.045, 0.0, -0.02]))
    skin = palm_points(hand_joints(stage, other, *flat))
    pose = poses.extended((finger,))
    joints = hand_joints(stage, side, pose, DOWNWARD, np.zeros(3))
    tip = joints[JOINT[f"{finger}_tip"]]
    above = np.array([0, 0, 1.0])
    spot = skin.mean(0) - np.array([0, 0.012, 0])  # clear of the knuckles
    contact = _on_skin(skin, spot, above)
    goals: list[Goal] = [flat, flat]
    goals[side] = (pose, DOWNWARD, mirrored(contact - tip, side))
    away = [np.zeros(3), np.zeros(3)]
    away[side] = np.array([0.05, -0.03, STAND_OFF])
    return taps(stage, goals, away, step.count, 0.16)


def _on_skin(skin: np.ndarray, spot: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Where a fingertip rests on a palm's surface, straight `out` of a spot [m]."""

    def gap(distance: float) -> float:
        point = (spot + out * distance)[None]
        clear = float(tip_palm_distance(point, skin)[0])
        return clear - PAD_RADIUS - PALM_HALF_THICKNESS

    return spot + out * closing(gap, 0.0, 0.06, 16)


def back_touch_requests(step: Step) -> list[RequestedEvent]:
    """That fingertip touches the other's back."""
    return [of_hand(step, "back_touch", fingers=step.fingers, count=step.count)]


def trace_moves(step: Step, stage: Stage) -> Moves:
    """A fingertip of the step's hand along the other palm, `count` strokes."""
    finger, side = step.fingers[0], step.sides[0]
    other = 1 - side
    palm: Goal = (poses.OPEN, PALMS_IN, np.array([0.05, 0.0, 0.0]))
    skin = palm_points(hand_joints(stage, other, *palm))
    pose, rotation = pointing(finger)
    tip = hand_joints(stage, side, pose, rotation, np.zeros(3))[JOINT[f"{finger}_tip"]]
    out = np.array([-1.0 if other else 1.0, 0, 0])
    along = PALMS_IN[:, 1]  # has no x component: the same for both hands
    ends = [
        mirrored(_on_skin(skin, skin.mean(0) + way * along, out) - tip, side)
        for way in (-0.024, 0.020)
    ]
    ready = ends[0] + np.array([0.06, 0, 0])
    moves = go(stage, other, *palm, 0.0, 0.45)
    moves += go(stage, side, pose, rotation, ready, 0.0, 0.45)
    moves.append(Move(side, "position", 0.46, 0.68, ends[0]))
    clock = 0.70
    for i in range(step.count):
        moves.append(Move(side, "position", clock, clock + 0.34, ends[(i + 1) % 2]))
        clock += 0.36
    leave = ends[step.count % 2] + np.array([0.06, 0, 0])
    moves.append(Move(side, "position", clock, clock + 0.22, leave))
    clock += 0.22
    for s in (0, 1):
        moves += home(stage, s, clock, clock + 0.45)
    return moves, clock + 0.45


def trace_requests(step: Step) -> list[RequestedEvent]:
    """The fingertip touches the palm and runs over it."""
    touch = of_hand(step, "palm_touch", fingers=step.fingers)
    return [touch, of_hand(step, "trace", fingers=step.fingers)]


def rub_circle_moves(step: Step, stage: Stage) -> Moves:
    """Palms together, circling on each other."""
    radius, turn = 0.010, 0.62
    moves: list[Move] = []
    stop = 0.74 + turn * step.count
    for side, (pose, rotation, contact) in enumerate(palm_contact(stage)):
        ready = contact + np.array([STAND_OFF, 0, 0])
        moves += go(stage, side, pose, rotation, ready, 0.0, 0.45)
        moves.append(Move(side, "position", 0.46, 0.72, contact))
        sign = radius if side else -radius
        arc = np.stack([sign * about("x", 40)[:, 1], sign * about("x", 40)[:, 2]])
        moves.append(Move(side, "position", 0.74, stop, contact, arc, step.count))
        moves.append(Move(side, "position", stop + 0.02, stop + 0.24, ready))
        moves += home(stage, side, stop + 0.24, stop + 0.65)
    return moves, stop + 0.65


def rub_circle_requests(step: Step) -> list[RequestedEvent]:
    """The palms touch and circle."""
    return [request(step, "palms"), request(step, "rub_circle", count=step.count)]


def bow_moves(step: Step, stage: Stage) -> Moves:
    """Palms together, then both tipped forward."""
    moves: list[Move] = []
    for side, (pose, rotation, contact) in enumerate(palm_contact(stage)):
        ready = contact + np.array([STAND_OFF, 0, 0])
        moves += go(stage, side, pose, rotation, ready, 0.0, 0.45)
        moves.append(Move(side, "position", 0.46, 0.72, contact))
        tipped = about("x", -38) @ rotation
        moves.append(Move(side, "rotation", 0.80, 1.2, tipped))
        moves.append(Move(side, "position", 1.30, 1.54, ready))
        moves += home(stage, side, 1.54, 1.9)
    return moves, 1.9


def bow_requests(step: Step) -> list[RequestedEvent]:
    """The palms touch and tip."""
    return [request(step, "palms"), request(step, "bow")]


def _side_by_side(curved: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if curved:
        return BOWL, about("x", 15) @ about("y", 164), np.array([0.04, 0.04, -0.02])
    return poses.TOGETHER, PALM_UP, np.array([0.062, 0.04, -0.02])


def offer_moves(step: Step, stage: Stage) -> Moves:
    """Palms up, side by side; curved for a bowl."""
    goals = [_side_by_side(step.primitive == "bowl")] * 2
    if step.primitive == "bowl":
        goals = settle(stage, goals, [np.array([1.0, 0, 0])] * 2, 0.0, 0.06)
    moves: list[Move] = []
    for side in (0, 1):
        pose, rotation, beside = goals[side]
        moves += go(stage, side, pose, rotation, WIDE, 0.0, 0.42)
        moves.append(Move(side, "position", 0.42, 0.64, beside))
        moves.append(Move(side, "position", 0.92, 1.12, WIDE))
        moves += home(stage, side, 1.12, 1.5)
    return moves, 1.5


def offer_requests(step: Step) -> list[RequestedEvent]:
    """The palms look up beside each other."""
    return [request(step, "cup" if step.primitive == "bowl" else "offer")]


def book_moves(step: Step, stage: Stage) -> Moves:
    """Palms together, then opened like a book."""
    moves: list[Move] = []
    _, rotation, beside = _side_by_side(False)
    for side, (pose, closed, contact) in enumerate(palm_contact(stage)):
        ready = contact + np.array([STAND_OFF, 0, 0])
        moves += go(stage, side, pose, closed, ready, 0.0, 0.42)
        moves.append(Move(side, "position", 0.43, 0.68, contact))
        moves.append(Move(side, "rotation", 0.90, 1.3, rotation))
        moves.append(Move(side, "position", 0.84, 1.2, beside))
        moves += home(stage, side, 1.52, 1.95)
    return moves, 1.95


def book_requests(step: Step) -> list[RequestedEvent]:
    """The palms touch, then look up side by side."""
    return [request(step, "palms"), later(request(step, "offer"))]
