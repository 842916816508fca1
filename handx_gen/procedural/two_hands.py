"""Primitives of the two hands together, with contacts closed exactly.

Wrists are placed rigidly, so that the asked points end a given gap apart whatever the
fingers do: tips by a translation, palms by bisection on the same distances that
`contacts` measures. After contact the hands part and return to rest.
"""

import numpy as np

from handx_gen.hand_model import LOWER, UPPER, finger_points
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
    request,
    taps,
)
from handx_gen.skeleton import FINGERS, JOINT, SIDES


def pointing(finger: str) -> tuple[np.ndarray, np.ndarray]:
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
        pose, rotation = pointing(fingers[side])
        joints = hand_joints(stage, side, pose, rotation, np.zeros(3))
        tip = joints[JOINT[f"{fingers[side]}_tip"]]
        outwards = np.array([PAD_RADIUS if side else -PAD_RADIUS, 0, 0])
        goals.append((pose, rotation, mirrored(point + outwards - tip, side)))
        away.append(np.array([STAND_OFF, 0, 0]))
    return taps(stage, goals, away, step.count, 0.16)


def touch_requests(step: Step) -> list[RequestedEvent]:
    """The two fingertips touch."""
    other = step.other_finger or step.fingers[0]
    return [
        request(
            step,
            "touch",
            fingers=step.fingers,
            other_fingers=(other,),
            count=step.count,
        )
    ]


def palm_contact(stage: Stage) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Both palms flat on each other: the separation at which their gap is 0."""
    pose = poses.FLAT
    left, right = (
        palm_points(hand_joints(stage, s, pose, PALMS_IN, np.zeros(3))) for s in (0, 1)
    )
    apart = np.array([1.0, 0, 0])

    def gap(x: float) -> float:
        distance = palm_distance(left - apart * x, right + apart * x)
        return float(distance) - 2 * PALM_HALF_THICKNESS

    wrist = np.array([closing(gap, 0.012, 0.10), 0.02, -0.02])
    return [(pose, PALMS_IN, wrist)] * 2


def clap_moves(step: Step, stage: Stage) -> Moves:
    """Palms together and apart, `count` times."""
    away = [np.array([STAND_OFF, 0, 0])] * 2
    return taps(stage, palm_contact(stage), away, step.count, 0.10)


def press_moves(step: Step, stage: Stage) -> Moves:
    """Palms together and held."""
    away = [np.array([STAND_OFF, 0, 0])] * 2
    return taps(stage, palm_contact(stage), away, 1, 0.5)


def palms_requests(step: Step) -> list[RequestedEvent]:
    """The palms touch."""
    return [request(step, "palms", count=step.count)]


def slide_moves(step: Step, stage: Stage) -> Moves:
    """Palms together, then rubbed against each other, `count` strokes."""
    goals = palm_contact(stage)
    moves: list[Move] = []
    stroke = about("x", 40) @ np.array([0, 0.022, 0])
    for side in (0, 1):
        pose, rotation, contact = goals[side]
        ready = contact + np.array([STAND_OFF, 0, 0])
        moves += go(stage, side, pose, rotation, ready, 0.0, 0.45)
        moves.append(Move(side, "position", 0.46, 0.74, contact))
        clock, sign = 0.76, 1.0 if side else -1.0
        for i in range(step.count):
            target = contact + sign * (-1) ** i * stroke
            moves.append(Move(side, "position", clock, clock + 0.34, target))
            clock += 0.36
        moves.append(Move(side, "position", clock, clock + 0.2, ready))
        moves += home(stage, side, clock + 0.2, clock + 0.6)
    return moves, 0.76 + 0.36 * step.count + 0.6


def slide_requests(step: Step) -> list[RequestedEvent]:
    """The palms touch and slide."""
    return [request(step, "palms"), request(step, "slide", count=step.count)]


def poke_moves(step: Step, stage: Stage) -> Moves:
    """A fingertip of one hand to the palm of the other."""
    finger, side = step.fingers[0], step.sides[0]
    other = 1 - side
    palm_pose = poses.OPEN.copy()
    pose, rotation = pointing(finger)
    palm_wrist = np.array([0.05, 0.0, 0.0])
    palm = hand_joints(stage, other, palm_pose, PALMS_IN, palm_wrist)
    skin = palm_points(palm)
    centre = skin.mean(0)
    joints = hand_joints(stage, side, pose, rotation, np.zeros(3))
    tip = joints[JOINT[f"{finger}_tip"]]
    # The palm faces the poking hand: along x, towards it.
    towards = np.array([-1.0 if other else 1.0, 0, 0])

    def gap(distance: float) -> float:
        point = (centre + towards * distance)[None]
        return (
            float(tip_palm_distance(point, skin)[0]) - PAD_RADIUS - PALM_HALF_THICKNESS
        )

    contact = centre + towards * closing(gap, 0.0, 0.08)
    wrist = mirrored(contact - tip, side)
    goals: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = [None, None]  # type: ignore[list-item]
    goals[side] = (pose, rotation, wrist)
    goals[other] = (palm_pose, PALMS_IN, palm_wrist)
    away = [np.zeros(3), np.zeros(3)]
    away[side] = np.array([STAND_OFF, 0, 0])
    return taps(stage, goals, away, step.count, 0.16)


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
    goals = meeting(stage, start, STEEPLE)
    return taps(stage, goals, [np.array([0.05, 0, 0])] * 2, step.count, 0.3)


_BENDS = np.radians(np.arange(-10, 65, 5.0))


def meeting(stage: Stage, start: np.ndarray, rotation: np.ndarray) -> list[Goal]:
    """Both hands alike, every fingertip on its partner's in the middle plane.

    Args:
        stage: Whose hands.
        start: (5, 5) pose near the wanted one; its four fingers set the distance.
        rotation: Of both hands, right-form.
    """
    points, _ = finger_points(stage.bodies[0].shape, start)
    tips = points[:, 3] @ rotation.T
    x = PAD_RADIUS - float(tips[1:, 0].mean())
    for body in stage.bodies:  # no further away than the shortest finger can reach
        bends = np.repeat(start[None], len(_BENDS), 0)
        bends[..., 1] += _BENDS[:, None]
        points, _ = finger_points(body.shape, np.clip(bends, LOWER, UPPER))
        furthest = (points[..., 3, :] @ rotation[0]).min(0)
        x = min(x, PAD_RADIUS - float(furthest.max()) - 0.003)
    left, right = (_meet_plane(stage, s, start, x, rotation) for s in (0, 1))
    # Both hands solved to the plane x = pad radius; heights and depths must agree too.
    points, _ = finger_points(stage.bodies[1].shape, right)
    left = reach(stage, 0, left, points[:, 3])
    return [(pose, rotation, np.array([x, 0.0, 0.0])) for pose in (left, right)]


def _meet_plane(
    stage: Stage, side: int, pose: np.ndarray, x: float, rotation: np.ndarray
) -> np.ndarray:
    """Flex each finger until its tip lies on the plane x = pad radius (right-form)."""
    for _ in range(20):
        points, jacobian = finger_points(stage.bodies[side].shape, pose, jacobian=True)
        assert jacobian is not None
        tips = points[:, 3] @ rotation.T
        error = PAD_RADIUS - x - tips[:, 0]
        if np.abs(error).max() < 1e-5:
            break
        row = np.einsum("j,njk->nk", rotation[0], jacobian[:, 3])
        row[:, [0, 2]] = 0
        step = row * (error / ((row**2).sum(1) + 1e-9))[:, None]
        pose = np.clip(pose + np.clip(step, -0.2, 0.2), LOWER, UPPER)
    return pose


def reach(stage: Stage, side: int, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Bring every fingertip to its target in the hand frame, (5, 3) [m]."""
    for _ in range(12):
        points, jacobian = finger_points(stage.bodies[side].shape, pose, jacobian=True)
        assert jacobian is not None
        error = targets - points[:, 3]
        slope = jacobian[:, 3]
        if np.abs(error).max() < 1e-5:
            break
        normal = np.swapaxes(slope, 1, 2) @ slope + 1e-7 * np.eye(5)
        step = np.linalg.solve(normal, np.swapaxes(slope, 1, 2) @ error[..., None])
        pose = np.clip(pose + np.clip(step[..., 0], -0.2, 0.2), LOWER, UPPER)
    return pose


def steeple_requests(step: Step) -> list[RequestedEvent]:
    """Every fingertip touches its partner, all at once."""
    touches = [
        request(step, "touch", fingers=(f,), other_fingers=(f,), count=step.count)
        for f in FINGERS
    ]
    return [*touches, request(step, "steeple", count=step.count)]


def interlace_moves(step: Step, stage: Stage) -> Moves:
    """Spread fingers of the two hands slide between each other."""
    pose = poses.INTERLEAVED
    goals, away = [], []
    for side in (0, 1):
        joints = hand_joints(stage, side, pose, FINGERS_IN, np.zeros(3))
        middle = joints[JOINT["middle_tip"]]
        # Tips reach 20 mm past the middle; the right hand is half a finger higher.
        point = np.array([0.0, 0.06, 0.02])
        point += np.array([-0.020, 0, 0.010]) if side else np.array([0.020, 0, -0.010])
        goals.append((pose, FINGERS_IN, mirrored(point - middle, side)))
        away.append(np.array([STAND_OFF, 0, 0]))
    return taps(stage, goals, away, 1, 0.4)


def interlace_requests(step: Step) -> list[RequestedEvent]:
    """The fingers alternate."""
    return [request(step, "interlace")]


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
    return [request(step, "approach" if step.primitive == "approach" else "part")]
