"""Primitives of fingertips: in turn, as a heart, as a frame, and fingers that cross."""

from dataclasses import replace

import numpy as np

from handx_gen.hand_model import finger_points
from handx_gen.kinematics.contacts import PAD_RADIUS
from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural import poses
from handx_gen.procedural.timeline import Stage, Step, about, finger_moves
from handx_gen.procedural.two_hands import STEEPLE, meeting, reach
from handx_gen.procedural.two_hands_fists import settle
from handx_gen.procedural.two_hands_stage import (
    FINGERS_IN,
    Goal,
    Moves,
    go,
    hand_joints,
    home,
    mirrored,
    of_hand,
    request,
    taps,
)
from handx_gen.skeleton import FINGERS, JOINT

ARCHED = np.radians([(-4, 10, 0, 10, 10)] + [(0, 22, 0, 22, 10)] * 4)
OPENED = np.radians(24.0)
"""How far the fingers open before they touch one after the other [rad]."""


def _order(step: Step) -> tuple[str, ...]:
    return FINGERS[::-1] if step.direction == "back" else FINGERS


def in_turn_moves(step: Step, stage: Stage) -> Moves:
    """Fingertips meet their partners, one pair after the other."""
    moves = []
    stop = 0.0
    for side, goal in enumerate(meeting(stage, ARCHED, STEEPLE)):
        closed, rotation, wrist = goal
        opened = closed.copy()
        opened[1:, 1] -= OPENED
        opened[0, 1] -= 0.9 * OPENED
        opened[0, 3] -= 0.3 * OPENED
        moves += go(stage, side, opened, rotation, wrist, 0.0, 0.40)
        clock = 0.41
        for finger in _order(step):
            moves += finger_moves(side, closed, clock, clock + 0.2, (finger,))
            moves += finger_moves(side, opened, clock + 0.31, clock + 0.5, (finger,))
            clock += 0.30
        stop = clock + 0.08
        moves += home(stage, side, stop + 0.12, stop + 0.52)
    return moves, stop + 0.52


def in_turn_requests(step: Step) -> list[RequestedEvent]:
    """Each pair touches, in this order and one after another."""
    touches = [
        RequestedEvent("touch", "both", (f,), (f,), order=100 * step.order + i)
        for i, f in enumerate(_order(step))
    ]
    order = touches[-1].order + 1
    return [*touches, replace(request(step, "in_turn"), order=order)]


HEART = about("x", 85) @ about("y", 90) @ about("x", -8)
"""Fingers up, palms to each other, thumbs to the body."""


def heart_moves(step: Step, stage: Stage) -> Moves:
    """Curved index fingers meet above, thumbs below."""
    start = np.radians(
        [(10, 30, 10, 5, 10), (0, 34, 0, 46, 24), (0, 52, 0, 92, 50), (0, 56, 0, 94, 50),
         (0, 58, 0, 94, 50)]
    )  # fmt: skip
    goals = pair_meeting(stage, start, HEART, ("index", "thumb"))
    return taps(stage, goals, [np.array([0.05, 0, 0])] * 2, step.count, 0.3)


def pair_meeting(
    stage: Stage, start: np.ndarray, rotation: np.ndarray, fingers: tuple[str, str]
) -> list[Goal]:
    """Both hands alike, two fingertips on their partners; the others as in `start`."""
    points, _ = finger_points(stage.bodies[1].shape, start)
    tips = points[:, 3] @ rotation.T
    rows = [FINGERS.index(f) for f in fingers]
    x = PAD_RADIUS - float(tips[rows[0], 0])
    targets = []
    for k in rows:
        tip = tips[k].copy()
        tip[0] = PAD_RADIUS - x
        targets.append(tip @ rotation)
    goals: list[Goal] = []
    for side in (0, 1):
        own, _ = finger_points(stage.bodies[side].shape, start)
        wanted = own[:, 3].copy()
        wanted[rows] = targets
        solved = reach(stage, side, start, wanted)
        goals.append((solved, rotation, np.array([x, 0.04, 0.0])))
    return goals


def heart_requests(step: Step) -> list[RequestedEvent]:
    """Index fingertips and thumb tips touch."""
    return [
        request(step, "touch", fingers=(f,), other_fingers=(f,), count=step.count)
        for f in ("index", "thumb")
    ]


THUMBS_DOWN = about("z", 90) @ about("y", -90)
CORNER = poses.FIST.copy()
CORNER[1] = np.radians([6.0, 4, 0, 4, 2])
CORNER[0] = np.radians([28.0, -14, 0, -6, -6])
"""Index and thumb at a right angle, the others folded."""


def frame_moves(step: Step, stage: Stage) -> Moves:
    """A picture frame: each index fingertip on the other hand's thumb."""
    upright = step.sides[0]  # its thumb points up
    other = 1 - upright
    goals: list[Goal] = [None, None]  # type: ignore[list-item]
    corner = np.array([0.075, 0.05, -0.03])
    goals[upright] = (CORNER, FINGERS_IN, corner)
    joints = hand_joints(stage, upright, CORNER, FINGERS_IN, corner)
    depth = np.array([0.0, -2 * PAD_RADIUS, 0.0])
    thumb_goal = mirrored(joints[JOINT["index_tip"]] + depth, other)
    index_goal = mirrored(joints[JOINT["thumb_tip"]] + depth, other)
    own, _ = finger_points(stage.bodies[other].shape, CORNER)
    tips = own[:2, 3] @ THUMBS_DOWN.T
    wrist = 0.5 * (thumb_goal + index_goal) - tips.mean(0)
    wanted = own[:, 3].copy()
    wanted[0] = (thumb_goal - wrist) @ THUMBS_DOWN
    wanted[1] = (index_goal - wrist) @ THUMBS_DOWN
    goals[other] = (reach(stage, other, CORNER, wanted), THUMBS_DOWN, wrist)
    return taps(stage, goals, [np.array([0.05, 0, 0])] * 2, 1, 0.35)


def frame_requests(step: Step) -> list[RequestedEvent]:
    """Thumb to index, on both sides."""
    return [
        request(step, "touch", fingers=(a,), other_fingers=(b,))
        for a, b in (("index", "thumb"), ("thumb", "index"))
    ]


LAID = about("z", 42)
"""Palm down, pointing forward and inwards."""


def cross_fingers_moves(step: Step, stage: Stage) -> Moves:
    """A finger of the step's hand is laid across that of the other hand."""
    finger, upper = step.fingers[0], step.sides[0]
    pose = poses.extended((finger,))
    pose[0] = poses.FIST[0]
    goals, ways, away = [], [], []
    for side in (0, 1):
        joints = hand_joints(stage, side, pose, LAID, np.zeros(3))
        spot = joints[[JOINT[f"{finger}_pip"], JOINT[f"{finger}_dip"]]].mean(0)
        goals.append((pose, LAID, mirrored(np.array([0, 0.13, 0.0]) - spot, side)))
        height = 0.5 if side == upper else -0.5
        ways.append(np.array([0, 0, height]))
        away.append(np.array([0.05, 0, 2 * height * 0.03]))
    goals = settle(stage, goals, ways, 0.0, 0.05)
    return taps(stage, goals, away, step.count, 0.25)


def cross_fingers_requests(step: Step) -> list[RequestedEvent]:
    """One lies across the other."""
    return [of_hand(step, "cross_fingers", fingers=step.fingers, count=step.count)]
