"""Primitives in which a hand meets, stands on or closes around the other's fist or wrist.

Hands are placed so that their surfaces (`two_hand_scene.solid`) just touch; fingers that
grip close until each touches what it grips.
"""

import numpy as np

from handx_gen.hand_model import bone_segments, finger_points, to_joints
from handx_gen.kinematics.distance import segment_distance
from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.kinematics.two_hand_scene import solid
from handx_gen.procedural import poses
from handx_gen.procedural.timeline import Move, Stage, Step, about, finger_moves
from handx_gen.procedural.two_hands_stage import (
    FINGERS_IN,
    PALMS_IN,
    STAND_OFF,
    Goal,
    Moves,
    closing,
    go,
    hand_joints,
    home,
    mirrored,
    of_hand,
    request,
    taps,
)
from handx_gen.skeleton import FINGERS, JOINT

KNUCKLES_IN = about("z", 90) @ about("y", 25)
"""A fist that points at the other hand, palm down."""
STEPS = 21
"""Closures tried when a finger grips."""


def clearance(left: np.ndarray, right: np.ndarray) -> float:
    """Smallest gap between two hands' surfaces, (21, 3) joints each [m]."""
    a0, a1, ra = solid(left)
    b0, b1, rb = solid(right)
    distance = segment_distance(a0[:, None], a1[:, None], b0[None], b1[None])
    return float((distance - ra[:, None] - rb[None]).min())


def settle(
    stage: Stage, goals: list[Goal], ways: list[np.ndarray], low: float, high: float
) -> list[Goal]:
    """Goals moved along `ways` (right-form) by the same amount until surfaces touch.

    Args:
        stage: Whose hands.
        goals: Per side (pose, rotation, wrist), right-form.
        ways: Per side, the direction that takes the hand away from the other.
        low, high: Amounts that overlap and that are clear [m].
    """
    at = [hand_joints(stage, s, *goals[s]) for s in (0, 1)]
    canonical = [mirrored(ways[s], s) for s in (0, 1)]

    def gap(amount: float) -> float:
        return clearance(*(at[s] + amount * canonical[s] for s in (0, 1)))

    amount = closing(gap, low, high, 12)
    return [(p, r, w + amount * ways[s]) for s, (p, r, w) in enumerate(goals)]


def wrap(
    stage: Stage,
    side: int,
    goal: Goal,
    closed: np.ndarray,
    around: tuple[np.ndarray, np.ndarray, np.ndarray],
    fingers: tuple[str, ...] = FINGERS[1:],
) -> np.ndarray:
    """Each finger closed from the goal's pose towards `closed` until it touches.

    Args:
        stage: Whose hands.
        side: The hand that closes.
        goal: Its (pose, rotation, wrist), right-form.
        closed: (5, 5) pose it would reach on nothing [rad].
        around: Capsules that stop it: starts, ends (M, 3), radii (M,) [m], canonical.
        fingers: Fingers that close.

    Returns:
        (5, 5) pose [rad].
    """
    pose, rotation, wrist = goal
    share = np.linspace(0, 1, STEPS)
    angles = pose + share[:, None, None] * (closed - pose)
    points, _ = finger_points(stage.bodies[side].shape, angles)
    a0, a1, r = bone_segments(to_joints(points, rotation, wrist, side))
    b0, b1, rb = around
    distance = segment_distance(a0[:, :, None], a1[:, :, None], b0, b1)
    gap = (distance - r[:, None] - rb).min(2).reshape(STEPS, 5, 3).min(2)
    result = pose.copy()
    for k, finger in enumerate(FINGERS):
        if finger in fingers:
            inside = np.flatnonzero(gap[:, k] < 0)
            amount = 1.0
            if len(inside):
                i = max(int(inside[0]), 1)
                before, after = max(gap[i - 1, k], 0.0), gap[i, k]
                part = before / max(before - after, 1e-9)
                amount = share[i - 1] + part * (share[i] - share[i - 1])
            result[k] = pose[k] + amount * (closed[k] - pose[k])
    return result


def bump_moves(step: Step, stage: Stage) -> Moves:
    """Fist to fist, knuckles first."""
    start = np.array([0.08, 0.05, 0.02])
    goals = [(poses.FIST, KNUCKLES_IN, start)] * 2
    out = np.array([1.0, 0, 0])
    goals = settle(stage, goals, [out, out], 0.0, 0.08)
    return taps(stage, goals, [0.06 * out] * 2, step.count, 0.14)


def bump_requests(step: Step) -> list[RequestedEvent]:
    """The knuckles meet."""
    return [request(step, "knuckles", count=step.count)]


def stack_moves(step: Step, stage: Stage) -> Moves:
    """The fist of the step's hand onto the other fist."""
    upper = step.sides[0]
    goals, ways, away = [], [], []
    for side in (0, 1):
        height = 0.5 if side == upper else -0.5
        goals.append((poses.FIST, FINGERS_IN, np.array([0.068, 0.06, 0.02])))
        ways.append(np.array([0, 0, height]))
        away.append(np.array([0.07, 0, 0.06 if side == upper else -0.02]))
    goals = settle(stage, goals, ways, 0.04, 0.16)
    return taps(stage, goals, away, step.count, 0.2)


def stack_requests(step: Step) -> list[RequestedEvent]:
    """Its fist stands on the other."""
    return [of_hand(step, "stack", count=step.count)]


def _fist_in_palm(step: Step, stage: Stage, fist: int) -> list[Goal]:
    """The fist of `fist` just touching the other palm."""
    palm = 1 - fist
    goals: list[Goal] = [None, None]  # type: ignore[list-item]
    goals[palm] = (poses.OPEN, PALMS_IN, np.array([0.045, 0.0, -0.01]))
    target = hand_joints(stage, palm, *goals[palm])
    middle = target[[JOINT["wrist"], JOINT["index_mcp"], JOINT["pinky_mcp"]]].mean(0)
    own = hand_joints(stage, fist, poses.FIST, KNUCKLES_IN, np.zeros(3))
    knuckles = own[[JOINT["index_pip"], JOINT["pinky_pip"]]].mean(0)
    wrist = mirrored(middle - knuckles, fist) * np.array([0, 1, 1])
    wrist += np.array([0.04, 0, 0.012])
    goals[fist] = (poses.FIST, KNUCKLES_IN, wrist)
    ways = [np.zeros(3), np.zeros(3)]
    ways[fist] = np.array([1.0, 0, 0])
    return settle(stage, goals, ways, 0.0, 0.14)


def punch_moves(step: Step, stage: Stage) -> Moves:
    """The fist of the step's hand into the other palm."""
    fist = step.sides[0]
    away = [np.zeros(3), np.zeros(3)]
    away[fist] = np.array([STAND_OFF, 0, 0])
    return taps(stage, _fist_in_palm(step, stage, fist), away, step.count, 0.12)


def punch_requests(step: Step) -> list[RequestedEvent]:
    """The knuckles meet the palm."""
    return [of_hand(step, "punch", count=step.count)]


def clasp_moves(step: Step, stage: Stage) -> Moves:
    """The step's hand closes around the other fist."""
    hand = step.sides[0]
    goals = _fist_in_palm(step, stage, 1 - hand)
    around = solid(hand_joints(stage, 1 - hand, *goals[1 - hand]))
    closed = wrap(stage, hand, goals[hand], poses.FIST, around, FINGERS)
    away = [np.zeros(3), np.zeros(3)]
    away[1 - hand] = np.array([STAND_OFF, 0, 0])
    return _closed_on(stage, hand, goals, closed, away)


def clasp_requests(step: Step) -> list[RequestedEvent]:
    """Its fingers lie around the fist."""
    return [of_hand(step, "clasp")]


def _closed_on(
    stage: Stage,
    hand: int,
    goals: list[Goal],
    closed: np.ndarray,
    away: list[np.ndarray],
) -> Moves:
    """Approach, close the fingers of `hand`, hold, open, leave."""
    moves: list[Move] = []
    for side in (0, 1):
        pose, rotation, contact = goals[side]
        moves += go(stage, side, pose, rotation, contact + away[side], 0.0, 0.42)
        moves.append(Move(side, "position", 0.44, 0.68, contact))
        if side == hand:
            moves += finger_moves(side, closed, 0.64, 0.88)
            moves += finger_moves(side, pose, 1.06, 1.28)
        moves.append(Move(side, "position", 1.24, 1.46, contact + away[side]))
        moves += home(stage, side, 1.46, 1.86)
    return moves, 1.86


def grasp_moves(step: Step, stage: Stage) -> Moves:
    """The step's hand closes around a finger of the other."""
    hand, finger = step.sides[0], step.fingers[0]
    held = 1 - hand
    pose = poses.extended((finger,))
    pose[0] = poses.FIST[0]
    grip = poses.OPEN.copy()
    grip[0] = np.radians([-35.0, -35, 0, -10, -10])  # beside the index finger
    grip_rotation = about("x", 10)
    goals: list[Goal] = [None, None]  # type: ignore[list-item]
    goals[hand] = (grip, grip_rotation, np.array([0.055, -0.02, 0.02]))
    joints = hand_joints(stage, held, pose, FINGERS_IN, np.zeros(3))
    base = joints[JOINT[f"{finger}_mcp"]]
    # The finger runs across the gripping hand, under its first bones.
    _, rotation, place = goals[hand]
    spot = mirrored(rotation @ np.array([-0.080, 0.088, -0.030]) + place, hand)
    goals[held] = (pose, FINGERS_IN, mirrored(spot - base, held))
    finger_row = 3 * FINGERS.index(finger)
    capsules = solid(hand_joints(stage, held, *goals[held]))
    around = tuple(part[finger_row : finger_row + 3] for part in capsules)
    closed = wrap(stage, hand, goals[hand], poses.FIST, around)  # type: ignore[arg-type]
    away = [np.zeros(3), np.zeros(3)]
    away[held] = np.array([0.10, 0, 0])
    return _closed_on(stage, hand, goals, closed, away)


def grasp_requests(step: Step) -> list[RequestedEvent]:
    """Its fingers lie around that finger."""
    return [of_hand(step, "grasp", fingers=step.fingers)]


HOOKED = np.radians(
    [(8, 30, 20, 18, 18), (0, 40, 0, 60, 35), (0, 40, 0, 60, 35), (0, 42, 0, 60, 35),
     (0, 45, 0, 60, 35)]
)  # fmt: skip
"""Fingers around something as thick as a wrist."""


def wrist_moves(step: Step, stage: Stage) -> Moves:
    """The step's hand closes around the other wrist, from above."""
    hand = step.sides[0]
    held = 1 - hand
    goals: list[Goal] = [None, None]  # type: ignore[list-item]
    wrist = np.array([0.05, 0.06, -0.03])
    goals[held] = (poses.RELAXED, about("z", 15) @ about("y", 12), wrist)
    rotation = about("z", 88)
    spot = wrist * np.array([-1.0, 1, 1])  # as the other, right-form, hand sees it
    grip = np.array([0.012, 0.066, -0.034])
    goals[hand] = (poses.OPEN, rotation, spot - rotation @ grip)
    away = [np.zeros(3), np.zeros(3)]
    away[hand] = np.array([0.03, 0, 0.07])
    return _closed_on(stage, hand, goals, HOOKED, away)


def wrist_requests(step: Step) -> list[RequestedEvent]:
    """The other wrist lies in its grip."""
    return [of_hand(step, "grasp_wrist")]
