"""Postures of one hand: shown and held, or taken up and left again."""

from collections.abc import Callable

import numpy as np

from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural import poses
from handx_gen.procedural import single_hand_poses as postures
from handx_gen.procedural.poses import Body
from handx_gen.procedural.single_hand import COUNTING, FOUR, Moves, after, each_hand
from handx_gen.procedural.timeline import Move, Stage, Step, about, finger_moves
from handx_gen.skeleton import FINGERS

PALM_UP = about("y", 165)
FINGERS_UP = about("x", 88)
"""Fingers up, palm forward."""
THUMB_DOWN = about("y", -92)

_SHOWN: dict[str, Callable[[Body], np.ndarray]] = {
    "hook": lambda body: postures.HOOK,
    "claw": lambda body: postures.CLAW,
    "tabletop": lambda body: postures.TABLETOP,
    "cup": lambda body: postures.CUP,
    "vulcan": lambda body: postures.VULCAN,
    "ok": postures.ok_sign,
    "tripod": postures.tripod,
    "key": postures.key_grip,
    "thumb_tuck": postures.thumb_tucked,
}
"""Primitive → what its hand looks like."""


def turned(stage: Stage, side: int, rotation: np.ndarray, seconds: float) -> list[Move]:
    """The hand to an orientation from wherever it is."""
    return [Move(side, "rotation", 0.0, seconds, rotation)]


ASIDE = 0.17
"""Wrist of the right-form hand where its thumb and fingers may point inwards [m]."""


def aside(stage: Stage, side: int, seconds: float) -> list[Move]:
    """The hand outwards, if it is so near the middle that it might meet the other."""
    here = stage.state[side]["position"]
    if here[0] >= ASIDE:
        return []
    return [Move(side, "position", 0.0, seconds, np.array([ASIDE, *here[1:]]))]


def posture_moves(step: Step, stage: Stage) -> Moves:
    """Take up a posture and hold it."""
    moves: list[Move] = []
    for side in step.sides:
        pose = _SHOWN[step.primitive](stage.bodies[side])
        if step.primitive != "key":
            moves += finger_moves(side, pose, 0.0, 0.5)
            continue
        # The thumb makes way for the index first, then comes down on its side.
        moves += finger_moves(side, poses.OPEN, 0.0, 0.25, ("thumb",))
        moves += finger_moves(side, pose, 0.1, 0.45, FOUR)
        moves += finger_moves(side, pose, 0.35, 0.6, ("thumb",))
    return moves, 0.95


def posture_requests(step: Step) -> list[RequestedEvent]:
    """The hand shows that posture; where fingertips meet, they touch."""
    contacts = {"ok": ("index",), "tripod": ("index", "middle")}
    events = each_hand(step, "pose", direction=step.primitive)
    for finger in contacts.get(step.primitive, ()):
        events += each_hand(step, "pinch", fingers=(finger,))
    return events


def grip_moves(step: Step, stage: Stage) -> Moves:
    """Open and close round something thin or wide."""
    moves: list[Move] = []
    for side in step.sides:
        moves += finger_moves(side, poses.SPREAD, 0.0, 0.35)
        moves += finger_moves(side, postures.GRIPS[step.direction], 0.4, 0.85)
    return moves, 1.2


def grip_requests(step: Step) -> list[RequestedEvent]:
    """The hand is round something of that width."""
    return each_hand(step, "pose", direction=f"grip_{step.direction}")


def thumb_down_moves(step: Step, stage: Stage) -> Moves:
    """Fist with the thumb out, turned over."""
    moves: list[Move] = []
    for side in step.sides:
        moves += finger_moves(side, poses.extended(("thumb",)), 0.0, 0.5)
        moves += turned(stage, side, THUMB_DOWN, 0.65)
        moves += aside(stage, side, 0.5)
    return moves, 1.0


def palm_out_moves(step: Step, stage: Stage) -> Moves:
    """Fingers up and palm forward."""
    moves: list[Move] = []
    for side in step.sides:
        moves += finger_moves(side, poses.OPEN, 0.0, 0.4)
        moves += turned(stage, side, FINGERS_UP, 0.55)
        moves += aside(stage, side, 0.5)
    return moves, 0.95


def oriented_requests(step: Step) -> list[RequestedEvent]:
    """The hand is held in that posture and orientation."""
    pose = {"stop": "palm_out"}.get(step.primitive, step.primitive)
    return each_hand(step, "pose", direction=pose)


def number_moves(step: Step, stage: Stage) -> Moves:
    """As many fingers as the number."""
    fingers = COUNTING[step.count - 1]
    pose = poses.extended(fingers)
    moves: list[Move] = []
    for side in step.sides:
        if len(fingers) == 4:
            pose = postures.thumb_tucked(stage.bodies[side])
        elif len(fingers) == 5:
            pose = poses.SPREAD
        moves += finger_moves(side, pose, 0.0, 0.5)
    return moves, 0.9


def number_requests(step: Step) -> list[RequestedEvent]:
    """The shape of that number; four without the thumb, five fanned out."""
    pose = {4: "thumb_tuck", 5: "spread_out"}.get(step.count)
    events = each_hand(step, "pose", direction=pose) if pose else []
    return events + each_hand(step, "shape", fingers=COUNTING[step.count - 1])


def count_down_moves(step: Step, stage: Stage) -> Moves:
    """The numbers from `count` to one, then a fist."""
    moves: list[Move] = []
    shapes = (*COUNTING[: step.count][::-1], ())
    for side in step.sides:
        for i, fingers in enumerate(shapes):
            start = 0.46 * i
            moves += finger_moves(side, poses.extended(fingers), start, start + 0.28)
    return moves, 0.46 * len(shapes) + 0.05


def count_down_requests(step: Step) -> list[RequestedEvent]:
    """The number shapes from high to low."""
    shapes = (*COUNTING[: step.count][::-1], ())
    return [
        event
        for i, fingers in enumerate(shapes)
        for event in after(each_hand(step, "shape", fingers=fingers), i)
    ]


def hold_moves(step: Step, stage: Stage) -> Moves:
    """Thumb to a fingertip, and stay."""
    moves: list[Move] = []
    for side in step.sides:
        pose = stage.bodies[side].pinches[step.fingers[0]]
        moves += finger_moves(side, pose, 0.0, 0.4)
    return moves, 1.3


def hold_requests(step: Step) -> list[RequestedEvent]:
    """One pinch that lasts."""
    return [
        *each_hand(step, "pinch", fingers=step.fingers),
        *each_hand(step, "hold", fingers=step.fingers),
    ]


_RUB_FROM, _RUB_TO = -22.0, 14.0
"""Ends of a stroke about the fingertip [deg]."""


def rub_moves(step: Step, stage: Stage) -> Moves:
    """Thumb to a fingertip and along it, there and back `count` times; then off."""
    moves: list[Move] = []
    for side in step.sides:
        body = stage.bodies[side]
        angles = np.linspace(_RUB_FROM, _RUB_TO, 6)
        path = np.stack(postures.rubbing(body, step.fingers[0], angles))
        moves += finger_moves(side, path[0], 0.0, 0.36)
        clock = 0.38
        for i in range(2 * step.count):
            thumb = path[::-1, 0] if i % 2 else path[:, 0]
            moves.append(
                Move(side, "thumb", clock, clock + 0.26, thumb[-1], via=thumb[1:-1])
            )
            clock += 0.28
        moves += finger_moves(side, body.relaxed, clock + 0.02, clock + 0.35)
    return moves, 0.78 + 0.56 * step.count


def rub_requests(step: Step) -> list[RequestedEvent]:
    """One pinch, and strokes there and back in it."""
    strokes = 2 * step.count
    return [
        *each_hand(step, "pinch", fingers=step.fingers),
        *each_hand(step, "rub", fingers=step.fingers, count=strokes),
    ]


def flick_moves(step: Step, stage: Stage) -> Moves:
    """A finger held by the thumb springs straight, `count` times."""
    moves: list[Move] = []
    finger = step.fingers[0]
    for side in step.sides:
        pinch = stage.bodies[side].pinches[finger]
        away = stage.bodies[side].relaxed.copy()
        away[0] = poses.OPEN[0]
        clock = 0.0
        for _ in range(step.count):
            moves += finger_moves(side, pinch, clock, clock + 0.38)
            clock += 0.56
            moves += finger_moves(side, poses.OPEN, clock, clock + 0.16, (finger,))
            moves += finger_moves(side, away, clock, clock + 0.16, ("thumb",))
            clock += 0.30
    return moves, 0.86 * step.count


def flick_requests(step: Step) -> list[RequestedEvent]:
    """A pinch and a sudden end of it."""
    more = {"fingers": step.fingers, "count": step.count}
    return [*each_hand(step, "pinch", **more), *each_hand(step, "flick", **more)]


def thumb_base_moves(step: Step, stage: Stage) -> Moves:
    """The thumb to the palm under a finger, and off again."""
    moves: list[Move] = []
    for side in step.sides:
        body = stage.bodies[side]
        pose = postures.thumb_at_base(body, step.fingers[0])
        moves += finger_moves(side, poses.OPEN, 0.0, 0.35, FOUR)
        moves += finger_moves(side, pose, 0.0, 0.5, ("thumb",))
        moves += finger_moves(side, body.relaxed, 0.75, 1.15)
    return moves, 1.2


def thumb_base_requests(step: Step) -> list[RequestedEvent]:
    """The thumb touches the palm there."""
    return each_hand(step, "thumb_base", fingers=step.fingers)


def half_bend_moves(step: Step, stage: Stage) -> Moves:
    """Fingers bend half way, from nearly straight."""
    moves: list[Move] = []
    for side in step.sides:
        body = stage.bodies[side]
        half = postures.half_bent(body, step.fingers)
        rows = [FINGERS.index(f) for f in step.fingers]
        curl = stage.fingers(side)[rows][:, 1:].sum(1)
        clock = 0.0
        if (curl > np.radians(60)).any():
            moves += finger_moves(side, body.relaxed, 0.0, 0.4, step.fingers)
            clock = 0.45
        for i in range(step.count):
            if i:
                moves += finger_moves(
                    side, body.relaxed, clock, clock + 0.35, step.fingers
                )
                clock += 0.4
            moves += finger_moves(side, half, clock, clock + 0.4, step.fingers)
            clock += 0.5
    return moves, 0.45 + 0.9 * step.count - 0.4


def half_bend_requests(step: Step) -> list[RequestedEvent]:
    """Each named finger bends half way."""
    return [
        event
        for finger in step.fingers
        for event in each_hand(step, "half_bend", fingers=(finger,), count=step.count)
    ]
