"""`Step`, `Program` and the timeline that turns channel moves into a motion.

A hand has seven channels: five fingers (five angles each), the wrist's rotation and
its position, all right-form. A `Move` carries one channel from where it is to a
target with a minimum-jerk profile, x(s) = 10 s³ − 15 s⁴ + 6 s⁵ (Flash and Hogan, 1985).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from handx_gen.hand_model import finger_points, to_joints
from handx_gen.kinematics.requests import (
    LASTING,
    PACED,
    RequestedEvent,
    RequestedEvents,
)
from handx_gen.procedural.poses import Body
from handx_gen.skeleton import FINGERS

REST_POSITION = np.array([0.13, 0.0, 0.0])
"""Wrist of the right-form hand at rest [m]: the hands are 26 cm apart."""
EDGE = 0.12
"""Rest before an early step and after a late one [s]."""
_SHARE = {"early": 0.0, "": 0.5, "late": 1.0}
"""`Step.when` → how much of the spare time passes before the step."""
PACE = 1.15
"""At ease, hands take this much longer than the primitives' own times."""
WINDOWS = {"early": (0.0, 0.5), "late": (0.5, 1.0)}
"""`Step.when` → fraction of the motion in which the events must happen."""
CHANNELS = (*FINGERS, "rotation", "position")


@dataclass(frozen=True)
class Step:
    """One primitive with its parameters.

    Attributes:
        primitive: Its name in `vocabulary.PRIMITIVES`.
        hand: "left", "right", or "both" (each hand does it, or the two together).
        fingers: Fingers meant; for `touch` the left one.
        other_finger: The right finger of `touch`.
        direction: Of `turn` and `move`.
        count: Repetitions.
        order: Steps of equal order run at the same time.
        speed: 1 is the natural speed.
        hold: How long its end is kept before what follows [s].
        when: "early" or "late" in a motion longer than the step; "" for the middle.
    """

    primitive: str
    hand: str
    fingers: tuple[str, ...] = ()
    other_finger: str = ""
    direction: str = ""
    count: int = 1
    order: int = 0
    speed: float = 1.0
    hold: float = 0.0
    when: str = ""

    @property
    def sides(self) -> tuple[int, ...]:
        """Hands that take part, 0 left and 1 right."""
        return {"left": (0,), "right": (1,)}.get(self.hand, (0, 1))


@dataclass(frozen=True)
class Program:
    """Steps in order, and what could not be read of the text they came from.

    Attributes:
        steps: In order.
        text: The text, if it was read from one.
        unread: Words that could not be placed.
        nearest: A request from the vocabulary that resembles the text.
    """

    steps: tuple[Step, ...]
    text: str = ""
    unread: tuple[str, ...] = ()
    nearest: str = ""

    @property
    def requested(self) -> RequestedEvents:
        """The events this program should produce.

        What no event can show, as how slowly to clap, is left unread.
        """
        from handx_gen.procedural.vocabulary import PRIMITIVES

        events: list[RequestedEvent] = []
        unread = list(self.unread)
        for step in self.steps:
            asked = PRIMITIVES[step.primitive].requests(step)
            if step.when:
                asked = [replace(event, window=WINDOWS[step.when]) for event in asked]
            if step.speed != 1 and step.primitive in PACED:
                pace = "slow" if step.speed < 1 else "quick"
                asked = [replace(event, pace=pace) for event in asked]
            elif step.speed != 1:  # no reader of motions can tell
                unread.append("slowly" if step.speed < 1 else "quickly")
            if step.hold and len(asked) == len(step.sides) and asked[0].kind in LASTING:
                asked = [replace(event, lasting=step.hold) for event in asked]
            elif step.hold:
                unread.append("how long")
            events += asked
        return RequestedEvents(tuple(events), self.text, tuple(unread))


@dataclass(frozen=True, eq=False)
class Move:
    """One channel's way to a target.

    Attributes:
        side: 0 left, 1 right.
        channel: One of `CHANNELS`.
        start, stop: Within the step [s].
        target: (5,) angles, (3, 3) rotation or (3,) position, right-form.
        arc: For a position: half-axes (2, 3) of an ellipse that is run through once per
            turn before ending at the target.
        turns: How many times.
        via: (K, ...) points passed on the way to the target, evenly spaced in s; not
            for rotations.
    """

    side: int
    channel: str
    start: float
    stop: float
    target: np.ndarray
    arc: np.ndarray | None = None
    turns: int = 1
    via: np.ndarray | None = None


@dataclass(eq=False)
class Stage:
    """Two bodies and where every channel was last sent: the state between steps."""

    bodies: tuple[Body, Body]
    rest_rotation: np.ndarray
    state: list[dict[str, np.ndarray]] = field(init=False)

    def __post_init__(self) -> None:
        self.state = [
            {
                **{f: body.relaxed[k] for k, f in enumerate(FINGERS)},
                "rotation": self.rest_rotation,
                "position": REST_POSITION,
            }
            for body in self.bodies
        ]

    def fingers(self, side: int) -> np.ndarray:
        """The (5, 5) angles last asked of a hand."""
        return np.stack([self.state[side][f] for f in FINGERS])


def finger_moves(
    side: int,
    pose: np.ndarray,
    start: float,
    stop: float,
    fingers: Sequence[str] = FINGERS,
) -> list[Move]:
    """Moves of the named fingers to their rows of a (5, 5) pose.

    A thumb that folds comes last and one that opens goes first, as people do: so it
    does not brush the fingertips on its way over the fist.
    """
    moves = []
    for finger in fingers:
        row = FINGERS.index(finger)
        begin, end = start, stop
        if finger == "thumb" and len(fingers) == len(FINGERS):
            folding = pose[0, 3:].sum() > np.radians(60)
            fist = (pose[1:, 1] > np.radians(60)).any()
            if folding and fist:
                begin, end = start + 0.5 * (stop - start), stop + 0.2 * (stop - start)
            elif not folding:
                end = start + 0.7 * (stop - start)
        moves.append(Move(side, finger, begin, end, pose[row]))
    return moves


def perform_steps(
    stage: Stage,
    steps: Sequence[Step],
    frames: int | None,
    fps: float,
    lead: float = 0.25,
    tail: float = 0.25,
) -> np.ndarray:
    """Run steps on a stage and sample the motion.

    Args:
        stage: Bodies and rest pose; its state is advanced.
        steps: In any order; equal `order` runs together.
        frames: Length wanted; the time between first and last move is scaled to fit.
            None takes an easy pace.
        fps: Frames per second [Hz].
        lead: Rest before the first move [s].
        tail: Rest after the last move [s].

    Returns:
        (T, 2, 21, 3) joints [m], canonical frame.
    """
    from handx_gen.procedural.vocabulary import PRIMITIVES

    initial = [dict(state) for state in stage.state]
    timed: list[Move] = []
    spare: list[tuple[float, float]] = []  # of each move's step: share, its own time
    clock = 0.0
    for order in sorted({step.order for step in steps}):
        longest = 0.0
        for step in (s for s in steps if s.order == order):
            moves, duration = PRIMITIVES[step.primitive].moves(step, stage)
            for move in moves:
                timed.append(_shifted(move, clock, 1 / step.speed))
            seconds = duration / step.speed + step.hold
            spare += [(_SHARE[step.when], seconds)] * len(moves)
            longest = max(longest, seconds)
        for move in timed:
            stage.state[move.side][move.channel] = move.target
        clock += longest
    if frames is None:
        frames = max(2, round((lead + clock * PACE + tail) * fps) + 1)
        scale = PACE
    else:
        span = (frames - 1) / fps
        lead, tail = min(lead, 0.1 * span), min(tail, 0.1 * span)
        scale = (span - lead - tail) / max(clock, 1e-6)
        if scale > 1:  # Do not slow a short program down: rest longer instead.
            lead += 0.5 * (scale - 1) * clock
            scale = 1.0
    moves = [_shifted(move, lead, scale) for move in timed]
    if any(step.when for step in steps):
        room = (frames - 1) / fps - 2 * EDGE
        moves = [
            _shifted(move, EDGE - lead + share * max(0.0, room - scale * seconds), 1.0)
            if share != _SHARE[""] else move
            for move, (share, seconds) in zip(moves, spare, strict=True)
        ]  # fmt: skip
    time = np.arange(frames) / fps
    return np.stack(
        [_hand(stage.bodies[s], initial[s], moves, s, time) for s in (0, 1)], 1
    )


def _shifted(move: Move, offset: float, scale: float) -> Move:
    return Move(
        move.side, move.channel, offset + move.start * scale, offset + move.stop * scale,
        move.target, move.arc, move.turns, move.via,
    )  # fmt: skip


def _hand(
    body: Body,
    initial: dict[str, np.ndarray],
    moves: Sequence[Move],
    side: int,
    time: np.ndarray,
) -> np.ndarray:
    """Joints of one hand over `time`, (T, 21, 3) [m]."""
    track = {}
    for channel in CHANNELS:
        own = [m for m in moves if m.side == side and m.channel == channel]
        track[channel] = _channel(initial[channel], sorted(own, key=_start), time)
    angles = np.stack([track[f] for f in FINGERS], 1)  # (T, 5, 5)
    points, _ = finger_points(body.shape, angles)
    return to_joints(points, track["rotation"], track["position"], side)


def _start(move: Move) -> float:
    return move.start


def _channel(start: np.ndarray, moves: Sequence[Move], time: np.ndarray) -> np.ndarray:
    """One channel over time: (T, *start.shape)."""
    value = np.repeat(start[None], len(time), 0).astype(float)
    previous = start
    for move in moves:
        s = np.clip((time - move.start) / max(move.stop - move.start, 1e-9), 0, 1)
        s = s**3 * (10 - 15 * s + 6 * s * s)
        on = time >= move.start
        if move.channel == "rotation":
            vector = rotation_log(previous.T @ move.target)
            value[on] = previous @ rotation_exp(s[on, None] * vector)
        elif move.via is not None:
            points = np.concatenate([previous[None], move.via, move.target[None]])
            value[on] = _along(points, s[on])
        else:
            value[on] = previous + s[on, None] * (move.target - previous)
            if move.arc is not None:
                phase = 2 * np.pi * move.turns * s[on, None]
                value[on] += move.arc[0] * (np.cos(phase) - 1)
                value[on] += move.arc[1] * np.sin(phase)
        previous = move.target
    return value


def _along(points: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Points at the fractions `s` of a polyline, (K, n), (T,) → (T, n)."""
    place = s * (len(points) - 1)
    first = np.minimum(place.astype(int), len(points) - 2)
    part = (place - first)[:, None]
    return (1 - part) * points[first] + part * points[first + 1]


def rotation_exp(vector: np.ndarray) -> np.ndarray:
    """Rotation vectors → matrices (Rodrigues), (..., 3) [rad] → (..., 3, 3)."""
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vector, -1, 0)
    o = np.zeros_like(x)
    k = np.stack([o, -z, y, z, o, -x, -y, x, o], -1).reshape(*x.shape, 3, 3)
    a = np.sinc(angle / np.pi)
    b = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    return np.eye(3) + a * k + b * (k @ k)


def rotation_log(matrix: np.ndarray) -> np.ndarray:
    """Matrix → rotation vector, (3, 3) → (3,) [rad], angle in [0, π]."""
    angle = np.arccos(np.clip((np.trace(matrix) - 1) / 2, -1, 1))
    skew = np.array(
        [
            matrix[2, 1] - matrix[1, 2],
            matrix[0, 2] - matrix[2, 0],
            matrix[1, 0] - matrix[0, 1],
        ]
    )
    if angle < 1e-7:
        return 0.5 * skew
    if np.pi - angle > 1e-4:
        return skew * (angle / (2 * np.sin(angle)))
    # Near half a turn the axis is read from the symmetric part instead.
    symmetric = (matrix + np.eye(3)) / 2
    column = int(np.argmax(np.diag(symmetric)))
    axis = symmetric[:, column] / np.sqrt(symmetric[column, column])
    return angle * axis * (1.0 if skew @ axis >= 0 else -1.0)


def about(axis: str, degrees: float) -> np.ndarray:
    """Rotation about a coordinate axis, "x", "y" or "z"."""
    vector = np.zeros(3)
    vector["xyz".index(axis)] = np.radians(degrees)
    return rotation_exp(vector)
