"""A second reader of events, independent of `events`: it reports beside `match()`.

What `events` sees in bone directions, point distances and monotone legs, this one sees
in the angles of a fitted hand model, the gaps between the surfaces of bones, and
crossings of two levels. A motion that only looks right to the reader that it was trained
or chosen with is found out here. It shares neither thresholds nor code with `events`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handx_gen.hand_model import FINGER_RADIUS
from handx_gen.kinematics import second_gestures as gestures
from handx_gen.kinematics.distance import segment_distance
from handx_gen.kinematics.requests import RequestedEvent, RequestedEvents
from handx_gen.kinematics.second_signals import (
    NEAR,
    PALM_RADIUS,
    HandSurface,
    crossings,
    surface_gap,
    touches,
)
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, SIDES

Span = tuple[float, float]
"""Start and end of an occurrence [s]."""

TOLERANCE = 0.2
"""Things asked one after the other may overlap by this much [s]."""

BEND, THUMB_BEND = 45.0, 25.0
"""A finger bends if the sum of its joint angles changes by this [deg]."""
STRAIGHT, FOLDED = 85.0, 100.0
"""Sum of a finger's angles up to which it is straight, from which it is folded [deg]."""
STRAIGHT_THUMB = 55.0
SPLAY = 12.0
"""Change of the angle between index and pinky that is a spread [deg]."""
TURN = 20.0
TRAVEL = 0.04
SLIDE = 0.022
STILL = 0.03
"""No joint of a still hand strays further than this from its mean place [m]."""


@dataclass(frozen=True)
class SecondOpinion:
    """What the second reader found.

    Attributes:
        found: Per request, how many of its occurrences; None for a kind that this
            reader does not know.
        f1: Over the requests that it knows; None if there are none.
        unknown: Kinds that it does not know.
    """

    found: tuple[int | None, ...]
    f1: float | None
    unknown: tuple[str, ...]


class SecondReader:
    """Reads one motion; hands that are absent have no events."""

    def __init__(self, motion: BimanualMotion) -> None:
        self.fps = motion.fps
        self.hands = {
            side: HandSurface(motion.joints[:, SIDES.index(side)], SIDES.index(side))
            for side in SIDES
            if motion.present[SIDES.index(side)]
        }

    def occurrences(self, request: RequestedEvent) -> list[Span] | None:
        """Spans of what is asked [s]; None for a kind that is not known here."""
        reader = READERS.get(request.kind)
        if reader is None:
            return None
        needed = SIDES if request.hand == "both" else (request.hand,)
        if request.kind in ("palm_touch", "back_touch", "cross"):
            needed = SIDES
        if any(side not in self.hands for side in needed):
            return []
        return sorted((a / self.fps, b / self.fps) for a, b in reader(self, request))


Frames = list[tuple[int, int]]


def _instants(frames: list[int]) -> Frames:
    return [(frame, frame) for frame in frames]


def _bending(reader: SecondReader, request: RequestedEvent) -> Frames:
    bend = reader.hands[request.hand].bend
    columns = [FINGERS.index(finger) for finger in request.fingers]
    least = [THUMB_BEND if k == 0 else BEND for k in columns]
    if any(np.ptp(bend[:, k]) < size for k, size in zip(columns, least, strict=True)):
        return []
    rises, falls = crossings(bend[:, columns].mean(1), min(least))
    return _instants(rises if request.kind == "bend" else falls)


def _shape(reader: SecondReader, request: RequestedEvent) -> Frames:
    bend = reader.hands[request.hand].bend
    held = np.ones(len(bend), bool)
    for k, finger in enumerate(FINGERS):
        if finger == "thumb":
            held &= (bend[:, 0] < STRAIGHT_THUMB) | (finger not in request.fingers)
        elif finger in request.fingers:
            held &= bend[:, k] < STRAIGHT
        else:
            held &= bend[:, k] > FOLDED
    return touches(np.where(held, 0.0, 1.0))


def _spreading(reader: SecondReader, request: RequestedEvent) -> Frames:
    rises, falls = crossings(reader.hands[request.hand].splay, SPLAY)
    return _instants(rises if request.kind == "spread" else falls)


_TURN_AXES = {
    "flex": (0, -1), "extend": (0, 1), "inward": (2, 1), "outward": (2, -1),
    "palm_up": (1, 1), "palm_down": (1, -1),
}  # fmt: skip
_MOVE_AXES = {
    "right": (0, 1), "left": (0, -1), "forward": (1, 1), "back": (1, -1), "up": (2, 1),
    "down": (2, -1),
}  # fmt: skip


def _turning(reader: SecondReader, request: RequestedEvent) -> Frames:
    axis, sign = _TURN_AXES[request.direction]
    turns = reader.hands[request.hand].turns
    found = [crossings(sign * turn[:, axis], TURN)[0] for turn in turns]
    return _instants(max(found, key=len))


def _moving(reader: SecondReader, request: RequestedEvent) -> Frames:
    axis, sign = _MOVE_AXES[request.direction]
    wrist = reader.hands[request.hand].wrist
    return _instants(crossings(sign * wrist[:, axis], TRAVEL)[0])


def _circle(reader: SecondReader, request: RequestedEvent) -> Frames:
    """Winding of the wrist about the middle of its path."""
    path = reader.hands[request.hand].wrist
    middle = (path.max(0) + path.min(0)) / 2
    _, size, axes = np.linalg.svd(path - path.mean(0), full_matrices=False)
    if size[1] < 0.25 * size[0] or np.ptp(path, axis=0).max() < 0.03:
        return []
    plane = (path - middle) @ axes[:2].T
    angle = np.unwrap(np.arctan2(plane[:, 1], plane[:, 0]))
    wound = np.abs(angle - angle[0]) / (2 * np.pi)
    return [
        (frame, frame)
        for turn in range(1, int(wound.max() + 0.3) + 1)
        for frame in (int(np.argmax(wound >= turn - 0.3)),)
    ]


def _still(reader: SecondReader, request: RequestedEvent) -> Frames:
    joints = reader.hands[request.hand].joints
    stray = np.linalg.norm(joints - joints.mean(0), axis=-1).max()
    return [(0, len(joints) - 1)] if stray < STILL else []


def _tip(reader: SecondReader, side: str, finger: str) -> np.ndarray:
    return reader.hands[side].tips[:, [FINGERS.index(finger)]]


def _pinch(reader: SecondReader, request: RequestedEvent) -> Frames:
    thumb = _tip(reader, request.hand, "thumb")
    finger = _tip(reader, request.hand, request.fingers[0])
    return touches(surface_gap(thumb, finger, 2 * FINGER_RADIUS[2]))


def _touch(reader: SecondReader, request: RequestedEvent) -> Frames:
    left = _tip(reader, "left", request.fingers[0])
    right = _tip(reader, "right", request.other_fingers[0])
    return touches(surface_gap(left, right, 2 * FINGER_RADIUS[2]))


def _palm_touch(reader: SecondReader, request: RequestedEvent) -> Frames:
    other = SIDES[1 - SIDES.index(request.hand)]
    tip = _tip(reader, request.hand, request.fingers[0])
    palm = reader.hands[other]
    gap = surface_gap(tip, palm.palm, FINGER_RADIUS[2] + PALM_RADIUS)
    outwards = ((tip[:, 0, 1] - palm.palm.mean((1, 2))) * palm.normal).sum(-1)
    return touches(np.where(outwards < 0, gap, 1.0))


def _palm_gap(reader: SecondReader) -> np.ndarray:
    left, right = (reader.hands[side] for side in SIDES)
    facing = (left.normal * right.normal).sum(-1) < -0.4
    gap = surface_gap(left.palm, right.palm, 2 * PALM_RADIUS)
    return np.where(facing, gap, 1.0)


def _palms(reader: SecondReader, _: RequestedEvent) -> Frames:
    return touches(_palm_gap(reader))


def _slide(reader: SecondReader, _: RequestedEvent) -> Frames:
    left, right = (reader.hands[side] for side in SIDES)
    found: Frames = []
    for a, b in touches(_palm_gap(reader)):
        between = (right.wrist - left.wrist)[a : b + 1]
        normal = left.normal[a : b + 1].mean(0)
        normal /= max(float(np.linalg.norm(normal)), 1e-9)
        between = between - (between @ normal)[:, None] * normal
        between = between - between.mean(0)
        along = between @ np.linalg.svd(between, full_matrices=False)[2][0]
        if np.ptp(along) >= SLIDE:
            # One stroke each time that the whole way is run through.
            strokes = np.abs(np.diff(along)).cumsum() / np.ptp(along)
            for stroke in range(1, round(float(strokes[-1])) + 1):
                frame = a + int(np.argmax(strokes >= stroke - 0.5))
                found.append((frame, frame))
    return found


def _interlace(reader: SecondReader, _: RequestedEvent) -> Frames:
    """A left fingertip's bone lies between two neighbouring right ones."""
    middles = []
    for side in SIDES:
        joints = reader.hands[side].joints
        pairs = [CHAIN_INDEX[f][3:5] for f in FINGERS[1:]]
        middles.append(np.stack([joints[:, pair].mean(1) for pair in pairs], 1))
    left, right = middles
    between = 0
    for k in range(3):
        a, b = right[:, k], right[:, k + 1]
        span = b - a
        length = np.maximum(np.linalg.norm(span, axis=-1), 1e-9)
        offset = left - a[:, None]
        along = (offset * (span / length[:, None])[:, None]).sum(-1) / length[:, None]
        aside = np.linalg.norm(offset - along[..., None] * span[:, None], axis=-1)
        between += ((along > 0.1) & (along < 0.9) & (aside < 0.03)).any(1)
    return touches(np.where(np.asarray(between) >= 2, 0.0, 1.0))


def _distance(reader: SecondReader, request: RequestedEvent) -> Frames:
    left, right = (reader.hands[side].wrist for side in SIDES)
    rises, falls = crossings(np.linalg.norm(left - right, axis=1), TRAVEL)
    return _instants(rises if request.kind == "part" else falls)


def _apart(reader: SecondReader, _: RequestedEvent) -> Frames:
    left, right = (reader.hands[side] for side in SIDES)
    radii = (left.radii[:, None] + right.radii[None])[None]
    distance = segment_distance(
        left.bones[:, :, None, 0], left.bones[:, :, None, 1],
        right.bones[:, None, :, 0], right.bones[:, None, :, 1],
    )  # fmt: skip
    clear = (distance - radii).min() > NEAR
    return [(0, len(left.bones) - 1)] if clear else []


READERS: dict[str, Callable[[SecondReader, RequestedEvent], Frames]] = {
    "bend": _bending, "extend": _bending, "shape": _shape, "spread": _spreading,
    "close": _spreading, "turn": _turning, "move": _moving, "circle": _circle,
    "still": _still, "pinch": _pinch, "touch": _touch, "palm_touch": _palm_touch,
    "palms": _palms, "slide": _slide, "interlace": _interlace, "approach": _distance,
    "part": _distance, "apart": _apart,
    "pose": lambda r, e: gestures.pose(r.hands[e.hand], e.direction),
    "half_bend": lambda r, e: gestures.half_bend(r.hands[e.hand], e.fingers),
    "scissor": lambda r, e: gestures.scissor(r.hands[e.hand]),
    "hold": lambda r, e: gestures.hold(r.hands[e.hand], e.fingers),
    "thumb_base": lambda r, e: gestures.thumb_base(r.hands[e.hand], e.fingers),
    "tremble": lambda r, e: gestures.tremble(r.hands[e.hand]),
    "shake": lambda r, e: gestures.shake(r.hands[e.hand]),
    "alternate": lambda r, e: gestures.alternate(r.hands),
    "offer": lambda r, e: gestures.offer(r.hands),
    "cup": lambda r, e: gestures.bowl(r.hands),
    "cross": lambda r, e: gestures.cross(r.hands, e.hand),
    "back_touch": lambda r, e: gestures.back_touch(r.hands, e.hand, e.fingers),
    "knuckles": lambda r, e: gestures.knuckles(r.hands),
}  # fmt: skip
"""Kind of event → how this reader finds it."""

_CONTACTS = ("pinch", "touch", "palms", "palm_touch")


def second_opinion(motion: BimanualMotion, requested: RequestedEvents) -> SecondOpinion:
    """What the second reader finds of a request.

    Occurrences count in the order asked, hand by hand; a contact that happens more
    often than asked counts against precision.

    Args:
        motion: The motion to judge.
        requested: What was asked.
    """
    reader = SecondReader(motion)
    ordered = sorted(requested.events, key=lambda event: event.order)
    found: dict[int, int | None] = {}
    spans = {id(event): reader.occurrences(event) for event in ordered}
    begun = dict.fromkeys((*SIDES, "both"), -TOLERANCE)
    group = None
    for order in dict.fromkeys(event.order for event in ordered):
        if order // 100 != group:
            group = order // 100
            begun = dict.fromkeys(begun, max(begun.values()))
        latest = dict(begun)
        for event in (e for e in ordered if e.order == order):
            times = spans[id(event)]
            if times is None:
                found[id(event)] = None
                continue
            lasting = event.kind in ("still", "apart")
            floor = -TOLERANCE if lasting else begun[event.hand] - TOLERANCE
            used = [t for t in times if t[1] >= floor][: event.count]
            found[id(event)] = len(used)
            if used and not lasting:
                latest[event.hand] = max(latest[event.hand], used[-1][0])
        begun = latest
    known = [event for event in ordered if found[id(event)] is not None]
    wanted = sum(event.count for event in known)
    hits = sum(found[id(event)] or 0 for event in known)
    extra = _repeated(known, {key: len(value or ()) for key, value in spans.items()})
    unknown = {event.kind for event in ordered} - set(READERS)
    return SecondOpinion(
        tuple(found[id(event)] for event in requested.events),
        2 * hits / (wanted + hits + extra) if wanted else None,
        tuple(sorted(unknown)),
    )


def _repeated(events: list[RequestedEvent], total: dict[int, int]) -> int:
    """Contacts that happened more often than all requests for them together."""
    asked: dict[tuple, int] = {}
    happened: dict[tuple, int] = {}
    for event in events:
        if event.kind in _CONTACTS:
            key = (event.kind, event.hand, event.fingers, event.other_fingers)
            asked[key] = asked.get(key, 0) + event.count
            happened[key] = total[id(event)]
    return sum(max(0, happened[key] - asked[key]) for key in asked)
