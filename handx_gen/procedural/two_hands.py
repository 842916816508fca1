"""Primitives of the two hands together, with contacts closed exactly.

Wrists are placed rigidly, so that the asked points end a given gap apart whatever the
fingers do: tips by a translation, palms by bisection on the same distances that
`contacts` measures. After contact the hands part and return to rest.
"""

from collections.abc import Callable

import numpy as np

from handx_gen.hand_model import LOWER, UPPER, finger_points, to_joints
from handx_gen.kinematics.contacts import (
    PAD_RADIUS,
    PALM_HALF_THICKNESS,
    palm_distance,
    palm_points,
    tip_palm_distance,
)
from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural import poses
from handx_gen.procedural.timeline import (
    REST_POSITION,
    Move,
    Stage,
    Step,
    about,
    finger_moves,
)
from handx_gen.skeleton import FINGERS, JOINT, SIDES

Moves = tuple[list[Move], float]
PALMS_IN = about("x", 40) @ about("y", 90)
"""Palms face each other, fingers forward and up."""
FINGERS_IN = about("z", 90) @ about("y", 90)
"""Fingers point at the other hand, palms to the body, thumbs up."""
STAND_OFF = 0.07
"""How far each hand stays away before a contact [m]."""


def _request(step: Step, kind: str, **more: object) -> RequestedEvent:
    return RequestedEvent(kind, "both", order=100 * step.order, **more)  # type: ignore[arg-type]


def _hand_joints(
    stage: Stage, side: int, pose: np.ndarray, rotation: np.ndarray, wrist: np.ndarray
) -> np.ndarray:
    """(21, 3) joints of one posed hand in the canonical frame."""
    points, _ = finger_points(stage.bodies[side].shape, pose)
    return to_joints(points, rotation, wrist, side)


def _mirrored(vector: np.ndarray, side: int) -> np.ndarray:
    """Canonical vector ↔ right-form vector."""
    return vector * np.array([-1.0, 1, 1]) if side == 0 else vector


def _go(
    stage: Stage,
    side: int,
    pose: np.ndarray,
    rotation: np.ndarray,
    position: np.ndarray,
    start: float,
    stop: float,
) -> list[Move]:
    """A whole hand to a pose."""
    return [
        *finger_moves(side, pose, start, stop),
        Move(side, "rotation", start, stop, rotation),
        Move(side, "position", start, stop, position),
    ]


def _home(stage: Stage, side: int, start: float, stop: float) -> list[Move]:
    """A hand back to rest; the thumb first, so that it does not hold a finger down."""
    relaxed, later = stage.bodies[side].relaxed, start + 0.35 * (stop - start)
    return [
        *finger_moves(side, relaxed, start, start + 0.6 * (stop - start), ("thumb",)),
        *finger_moves(side, relaxed, later, stop, FINGERS[1:]),
        Move(side, "rotation", start, stop, stage.rest_rotation),
        Move(side, "position", start, stop, REST_POSITION),
    ]


def _taps(
    stage: Stage,
    goals: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
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
        moves += _go(stage, side, pose, rotation, ready, 0.0, 0.5)
        clock = 0.52
        for i in range(count):
            if i:
                moves.append(Move(side, "position", clock, clock + 0.26, ready))
                clock += 0.28
            moves.append(Move(side, "position", clock, clock + 0.28, contact))
            clock += 0.30 + hold
        moves.append(Move(side, "position", clock, clock + 0.28, ready))
        clock += 0.28
        moves += _home(stage, side, clock, clock + 0.45)
    return moves, 0.52 + count * (0.30 + hold) + (count - 1) * 0.28 + 0.28 + 0.45


def _pointing(finger: str) -> tuple[np.ndarray, np.ndarray]:
    """Pose with one finger out, and the rotation that aims it at the other hand."""
    if finger == "thumb":
        return poses.extended(("thumb",)), about("z", 25)
    return poses.extended((finger,)), FINGERS_IN


def touch_moves(step: Step, stage: Stage) -> Moves:
    """Left fingertip to right fingertip, all other fingers folded."""
    goals, away = [], []
    point = np.array([0.0, 0.06, 0.02])  # where they meet, canonical
    fingers = (step.fingers[0], step.other_finger or step.fingers[0])
    for side in (0, 1):
        pose, rotation = _pointing(fingers[side])
        joints = _hand_joints(stage, side, pose, rotation, np.zeros(3))
        tip = joints[JOINT[f"{fingers[side]}_tip"]]
        outwards = np.array([PAD_RADIUS if side else -PAD_RADIUS, 0, 0])
        goals.append((pose, rotation, _mirrored(point + outwards - tip, side)))
        away.append(np.array([STAND_OFF, 0, 0]))
    return _taps(stage, goals, away, step.count, 0.16)


def touch_requests(step: Step) -> list[RequestedEvent]:
    """The two fingertips touch."""
    other = step.other_finger or step.fingers[0]
    return [
        _request(
            step,
            "touch",
            fingers=step.fingers,
            other_fingers=(other,),
            count=step.count,
        )
    ]


def _closing(gap: Callable[[float], float], low: float, high: float) -> float:
    """The smallest separation in [low, high] at which nothing overlaps, by bisection."""
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if gap(middle) < 0 else (low, middle)
    return high


def _palm_contact(stage: Stage) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Both palms flat on each other: the separation at which their gap is 0."""
    pose = poses.FLAT
    left, right = (
        palm_points(_hand_joints(stage, s, pose, PALMS_IN, np.zeros(3))) for s in (0, 1)
    )
    apart = np.array([1.0, 0, 0])

    def gap(x: float) -> float:
        distance = palm_distance(left - apart * x, right + apart * x)
        return float(distance) - 2 * PALM_HALF_THICKNESS

    wrist = np.array([_closing(gap, 0.012, 0.10), 0.02, -0.02])
    return [(pose, PALMS_IN, wrist)] * 2


def clap_moves(step: Step, stage: Stage) -> Moves:
    """Palms together and apart, `count` times."""
    away = [np.array([STAND_OFF, 0, 0])] * 2
    return _taps(stage, _palm_contact(stage), away, step.count, 0.10)


def press_moves(step: Step, stage: Stage) -> Moves:
    """Palms together and held."""
    away = [np.array([STAND_OFF, 0, 0])] * 2
    return _taps(stage, _palm_contact(stage), away, 1, 0.5)


def palms_requests(step: Step) -> list[RequestedEvent]:
    """The palms touch."""
    return [_request(step, "palms", count=step.count)]


def slide_moves(step: Step, stage: Stage) -> Moves:
    """Palms together, then rubbed against each other, `count` strokes."""
    goals = _palm_contact(stage)
    moves: list[Move] = []
    stroke = about("x", 40) @ np.array([0, 0.022, 0])
    for side in (0, 1):
        pose, rotation, contact = goals[side]
        ready = contact + np.array([STAND_OFF, 0, 0])
        moves += _go(stage, side, pose, rotation, ready, 0.0, 0.45)
        moves.append(Move(side, "position", 0.46, 0.74, contact))
        clock, sign = 0.76, 1.0 if side else -1.0
        for i in range(step.count):
            target = contact + sign * (-1) ** i * stroke
            moves.append(Move(side, "position", clock, clock + 0.34, target))
            clock += 0.36
        moves += _home(stage, side, clock, clock + 0.45)
    return moves, 0.76 + 0.36 * step.count + 0.45


def slide_requests(step: Step) -> list[RequestedEvent]:
    """The palms touch and slide."""
    return [_request(step, "palms"), _request(step, "slide", count=step.count)]


def poke_moves(step: Step, stage: Stage) -> Moves:
    """A fingertip of one hand to the palm of the other."""
    finger, side = step.fingers[0], step.sides[0]
    other = 1 - side
    palm_pose = poses.OPEN.copy()
    pose, rotation = _pointing(finger)
    palm_wrist = np.array([0.05, 0.0, 0.0])
    palm = _hand_joints(stage, other, palm_pose, PALMS_IN, palm_wrist)
    skin = palm_points(palm)
    centre = skin.mean(0)
    joints = _hand_joints(stage, side, pose, rotation, np.zeros(3))
    tip = joints[JOINT[f"{finger}_tip"]]
    # The palm faces the poking hand: along x, towards it.
    towards = np.array([-1.0 if other else 1.0, 0, 0])

    def gap(distance: float) -> float:
        point = (centre + towards * distance)[None]
        return (
            float(tip_palm_distance(point, skin)[0]) - PAD_RADIUS - PALM_HALF_THICKNESS
        )

    contact = centre + towards * _closing(gap, 0.0, 0.08)
    wrist = _mirrored(contact - tip, side)
    goals: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = [None, None]  # type: ignore[list-item]
    goals[side] = (pose, rotation, wrist)
    goals[other] = (palm_pose, PALMS_IN, palm_wrist)
    away = [np.zeros(3), np.zeros(3)]
    away[side] = np.array([STAND_OFF, 0, 0])
    return _taps(stage, goals, away, step.count, 0.16)


def poke_requests(step: Step) -> list[RequestedEvent]:
    """That fingertip touches the other palm."""
    return [
        RequestedEvent(
            "palm_touch", SIDES[step.sides[0]], step.fingers, count=step.count,
            order=100 * step.order,
        )
    ]  # fmt: skip


STEEPLE = about("x", 50) @ about("y", 90) @ about("x", -22)
"""Fingers up, hands leaning towards each other."""


def steeple_moves(step: Step, stage: Stage) -> Moves:
    """All five fingertips meet, palms apart."""
    start = np.radians([(-4, 10, 0, 10, 10)] + [(0, 22, 0, 22, 10)] * 4)
    wrist_x = 0.0
    solved: list[np.ndarray] = []
    for side in (0, 1):
        pose = start.copy()
        points, _ = finger_points(stage.bodies[side].shape, pose)
        tips = points[:, 3] @ STEEPLE.T
        if side == 0:
            wrist_x = PAD_RADIUS - float(tips[1:, 0].mean())
        solved.append(_meet_plane(stage, side, pose, wrist_x))
    # Both hands solved to the plane x = pad radius; heights and depths must agree too.
    right = _tips(stage, 1, solved[1], wrist_x)
    solved[0] = _meet_points(stage, 0, solved[0], wrist_x, right)
    wrist = np.array([wrist_x, 0.0, 0.0])
    goals = [(solved[s], STEEPLE, wrist) for s in (0, 1)]
    away = [np.array([0.05, 0, 0])] * 2
    return _taps(stage, goals, away, step.count, 0.3)


def _tips(stage: Stage, side: int, pose: np.ndarray, x: float) -> np.ndarray:
    points, _ = finger_points(stage.bodies[side].shape, pose)
    return points[:, 3] @ STEEPLE.T + np.array([x, 0, 0])


def _meet_plane(stage: Stage, side: int, pose: np.ndarray, x: float) -> np.ndarray:
    """Flex each finger until its tip lies on the plane x = pad radius (right-form)."""
    for _ in range(20):
        points, jacobian = finger_points(stage.bodies[side].shape, pose, jacobian=True)
        assert jacobian is not None
        tips = points[:, 3] @ STEEPLE.T
        error = PAD_RADIUS - x - tips[:, 0]
        row = np.einsum("j,njk->nk", STEEPLE[0], jacobian[:, 3])
        row[:, [0, 2]] = 0
        step = row * (error / ((row**2).sum(1) + 1e-9))[:, None]
        pose = np.clip(pose + np.clip(step, -0.2, 0.2), LOWER, UPPER)
    return pose


def _meet_points(
    stage: Stage, side: int, pose: np.ndarray, x: float, targets: np.ndarray
) -> np.ndarray:
    """Bring each tip to the mirror image of the other hand's tip (right-form)."""
    for _ in range(20):
        points, jacobian = finger_points(stage.bodies[side].shape, pose, jacobian=True)
        assert jacobian is not None
        error = targets - (points[:, 3] @ STEEPLE.T + np.array([x, 0, 0]))
        slope = np.einsum("ij,njk->nik", STEEPLE, jacobian[:, 3])
        normal = np.swapaxes(slope, 1, 2) @ slope + 1e-7 * np.eye(5)
        step = np.linalg.solve(normal, np.swapaxes(slope, 1, 2) @ error[..., None])
        pose = np.clip(pose + np.clip(step[..., 0], -0.2, 0.2), LOWER, UPPER)
    return pose


def steeple_requests(step: Step) -> list[RequestedEvent]:
    """Every fingertip touches its partner."""
    return [
        _request(step, "touch", fingers=(f,), other_fingers=(f,), count=step.count)
        for f in FINGERS
    ]


def interlace_moves(step: Step, stage: Stage) -> Moves:
    """Spread fingers of the two hands slide between each other."""
    pose = poses.INTERLEAVED
    goals, away = [], []
    for side in (0, 1):
        joints = _hand_joints(stage, side, pose, FINGERS_IN, np.zeros(3))
        middle = joints[JOINT["middle_tip"]]
        # Tips reach 20 mm past the middle; the right hand is half a finger higher.
        point = np.array([0.0, 0.06, 0.02])
        point += np.array([-0.020, 0, 0.010]) if side else np.array([0.020, 0, -0.010])
        goals.append((pose, FINGERS_IN, _mirrored(point - middle, side)))
        away.append(np.array([STAND_OFF, 0, 0]))
    return _taps(stage, goals, away, 1, 0.4)


def interlace_requests(step: Step) -> list[RequestedEvent]:
    """The fingers alternate."""
    return [_request(step, "interlace")]


def gather_moves(step: Step, stage: Stage) -> Moves:
    """Bring the wrists closer or further apart."""
    x = 0.095 if step.primitive == "approach" else 0.21
    moves = []
    for side in (0, 1):
        here = stage.state[side]["position"]
        there = np.array([x, here[1], here[2]])
        moves.append(Move(side, "position", 0.0, 0.7, there))
    return moves, 0.75


def gather_requests(step: Step) -> list[RequestedEvent]:
    """The wrists come closer, or part."""
    return [_request(step, "approach" if step.primitive == "approach" else "part")]
