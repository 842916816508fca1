"""`RequestedEvents` and `match()`: what was asked of the hands, and whether it happened.

The same small vocabulary of events is read from text by rules, rendered by the
procedural teacher, read back from finished motions, and scored.
"""

from dataclasses import dataclass, replace
from typing import Literal

from handx_gen.errors import InputError
from handx_gen.kinematics.events import Event, read_events, shape_events
from handx_gen.kinematics.hand_poses import pose_events
from handx_gen.kinematics.hand_rhythms import RHYTHMS, rhythm_events
from handx_gen.kinematics.kinds import DIRECTIONS, KINDS, EventKind
from handx_gen.kinematics.two_hand_events import CROWDED, GRIPS, TWO_HAND_KINDS
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import SIDES


@dataclass(frozen=True)
class RequestedEvent:
    """One thing asked for.

    Attributes:
        kind: One of `KINDS`.
        hand: "left", "right", or "both" for events of the two hands together.
        fingers: The fingers meant (see `KINDS`).
        other_fingers: The right hand's finger, for `touch` only.
        direction: For `turn`, `move` and `pose`, see `DIRECTIONS`.
        count: How many times.
        order: 100 × group + position. Groups follow one another; inside a group each
            hand goes through its positions in order, independently of the other hand.
        window: Fraction of the motion within which it should happen.
        pace: "slow" or "quick", for the kinds of `PACED`.
        lasting: How long it must last [s], for the kinds of `LASTING`.
    """

    kind: EventKind
    hand: Literal["left", "right", "both"]
    fingers: tuple[str, ...] = ()
    other_fingers: tuple[str, ...] = ()
    direction: str = ""
    count: int = 1
    order: int = 0
    window: tuple[float, float] = (0.0, 1.0)
    pace: Literal["", "slow", "quick"] = ""
    lasting: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError("request", "kind", f"{self.kind!r}", f"one of {KINDS}")
        if self.direction not in DIRECTIONS.get(self.kind, ("",)):
            raise InputError(
                "request", "direction", f"{self.direction!r} for {self.kind}",
                f"one of {DIRECTIONS.get(self.kind, ('',))}",
            )  # fmt: skip
        if self.count < 1:
            raise InputError("request", "count", f"{self.count}", "at least 1")


@dataclass(frozen=True)
class RequestedEvents:
    """What a text asks for, as far as the rules could read it.

    Attributes:
        events: In order.
        text: The text.
        unread: Words that the rules could not place; the verdict is "can't tell" if
            they may matter.
    """

    events: tuple[RequestedEvent, ...]
    text: str = ""
    unread: tuple[str, ...] = ()

    @property
    def understood(self) -> bool:
        """Whether every word that matters was read."""
        return bool(self.events) and not self.unread


@dataclass(frozen=True)
class EventMatch:
    """One requested event and what was found of it.

    Attributes:
        requested: The request.
        found: Occurrences in the right order, at most `requested.count`.
        times: When each occurrence was at its height [s].
        total: Occurrences anywhere in the motion.
    """

    requested: RequestedEvent
    found: int
    times: tuple[float, ...]
    total: int

    @property
    def satisfied(self) -> bool:
        """Whether it happened as often as asked, in the right order."""
        return self.found >= self.requested.count


@dataclass(frozen=True)
class MatchResult:
    """How well a motion does what was asked.

    Attributes:
        answer: "yes" if everything asked happened and nothing contrary did; "no" if
            not; "can't tell" if the request could not be read.
        reasons: What is missing or too much, in words.
        precision, recall, f1: Over occurrences; n/a is None.
        events: One entry per requested event.
        extras: Contacts, and movements of a hand that was to do something else or
            nothing, that nobody asked for.
    """

    answer: Literal["yes", "no", "can't tell"]
    reasons: tuple[str, ...]
    precision: float | None
    recall: float | None
    f1: float | None
    events: tuple[EventMatch, ...]
    extras: tuple[str, ...]


PACED = ("bend", "extend", "spread", "close", "turn", "move")
"""Kinds of which one movement can be told to be slow or quick."""
SLOW, QUICK = 0.36, 0.25
"""A slow movement takes at least, and a quick one at most, this long between the frames
where it begins and ends to show [s]; an ordinary one about 0.3 s."""
LASTING = ("shape", "pose")
"""Kinds that can be told to last."""
LAST_TOLERANCE = 0.1
"""What is asked to last may end this much earlier [s]."""
ORDER_TOLERANCE = 0.12
"""Events asked one after the other may overlap by this much [s]."""

SETTLE = 0.15
"""A posture is reached this long after it begins [s]."""
_STATES = ("shape", "pose")
_MOVING = (
    "bend", "extend", "spread", "close", "turn", "move", "approach", "part", "half_bend",
    "in_turn", "scissor", "rub", "flick",
)  # fmt: skip
_STRICT_COUNT = ("pinch", "touch", "palms", "palm_touch")
"""Kinds of which one more than asked is one too many."""


def _key(kind: str, event: RequestedEvent | Event) -> tuple:
    """What makes two events the same thing, time and count aside."""
    return (kind, event.hand, event.fingers, event.other_fingers, event.direction)


def _occurrences(
    motion: BimanualMotion, events: tuple[Event, ...], request: RequestedEvent
) -> list[tuple[float, float, float]]:
    """(start, height, stop) [s] of every occurrence of what is asked."""
    if request.kind == "shape":
        side = SIDES.index(request.hand)
        found = shape_events(motion, side, request.fingers)
    elif request.kind == "pose":
        found = pose_events(motion, SIDES.index(request.hand), request.direction)
    elif request.kind in RHYTHMS:
        side = SIDES.index(request.hand)
        found = rhythm_events(request.kind, motion, side, request.fingers)
    elif request.kind in ("bend", "extend") and len(request.fingers) > 1:
        return _together(motion, events, request)
    else:
        wanted = _key(request.kind, request)
        found = [event for event in events if _key(event.kind, event) == wanted]
        if request.kind == "still" and found:
            side = SIDES.index(request.hand)
            found = [] if rhythm_events("tremble", motion, side, ()) else found
    fps = motion.fps
    return [
        (e.start / fps, _height(e, fps) / fps, e.stop / fps)
        for e in found
        if request.window[0] - 1e-9
        <= _height(e, fps) / max(len(motion) - 1, 1)
        <= request.window[1] + 1e-9
        and _in_time((e.stop - e.start) / fps, request)
    ]


def _in_time(seconds: float, request: RequestedEvent) -> bool:
    """Whether an event is as slow, as quick and as long as it is asked to be."""
    if request.pace and request.kind in PACED:
        slow = request.pace == "slow"
        return seconds >= SLOW - 1e-9 if slow else seconds <= QUICK + 1e-9
    if request.lasting and request.kind in LASTING:
        return seconds >= request.lasting - LAST_TOLERANCE
    return True


def _height(event: Event, fps: float) -> float:
    """The frame at which an event is at its height.

    A movement's end, a contact's middle; a posture or a pinch is there soon after it
    begins, even if it then stays.
    """
    if event.kind in _MOVING:
        return event.stop
    middle = (event.start + event.stop) / 2
    kept = event.kind in (*_STATES, "pinch", "hold")
    return min(middle, event.start + SETTLE * fps) if kept else middle


def _together(
    motion: BimanualMotion, events: tuple[Event, ...], request: RequestedEvent
) -> list[tuple[float, float, float]]:
    """Occurrences of several fingers bending (or extending) at the same time."""
    per_finger = []
    for finger in request.fingers:
        single = replace(request, fingers=(finger,))
        per_finger.append(_occurrences(motion, events, single))
    found = []
    for start, height, stop in per_finger[0]:
        others = [
            next((o for o in other if o[0] <= stop + 0.1 and o[2] >= start - 0.1), None)
            for other in per_finger[1:]
        ]
        if all(other is not None for other in others):
            spans = [(start, height, stop), *(o for o in others if o is not None)]
            found.append(
                (
                    min(s[0] for s in spans),
                    max(s[1] for s in spans),
                    max(s[2] for s in spans),
                )
            )
    return found


def match(motion: BimanualMotion, requested: RequestedEvents) -> MatchResult:
    """Whether `motion` does what `requested` asks: which events, how often, in order.

    Requests are looked for in their `order`; an occurrence must come after the one
    asked before it (tolerance 0.12 s).

    Args:
        motion: The motion to judge.
        requested: What was asked; if it was not understood the answer is "can't tell",
            but what could be read is still scored.
    """
    events = read_events(motion)
    results: list[EventMatch] = []
    consumed: dict[tuple, int] = {}
    begun = {"left": -1.0, "right": -1.0, "both": -1.0}  # [s], per hand
    group = None
    for order in sorted({event.order for event in requested.events}):
        if order // 100 != group:
            group = order // 100
            begun = dict.fromkeys(begun, max(begun.values()))
        latest = dict(begun)
        for request in (e for e in requested.events if e.order == order):
            cursor = begun[request.hand]
            absent = [
                side
                for side in SIDES
                if request.hand in (side, "both")
                and not motion.present[SIDES.index(side)]
            ]
            spans = [] if absent else _occurrences(motion, events, request)
            # A posture taken up before counts if it is still there.
            part = 2 if request.kind in _STATES else 1
            later = [s for s in spans if s[part] >= cursor - ORDER_TOLERANCE]
            used = sorted(later, key=lambda s: s[1])[: request.count]
            if request.kind in ("still", "apart"):
                used = spans[: request.count]
            else:
                latest[request.hand] = max(
                    [latest[request.hand], *(s[1] for s in used)]
                )
            key = _key(request.kind, request)
            consumed[key] = consumed.get(key, 0) + request.count
            times = tuple(s[1] for s in used)
            results.append(EventMatch(request, len(used), times, len(spans)))
        begun = latest
    extras = _extras(events, requested, consumed)
    wanted = sum(event.requested.count for event in results)
    found = sum(event.found for event in results)
    missing = [
        f"{describe(m.requested)}: {m.found} of {m.requested.count}"
        for m in results
        if not m.satisfied
    ]
    recall = found / wanted if wanted else None
    precision = found / (found + len(extras)) if found + len(extras) else None
    f1 = 2 * found / (wanted + found + len(extras)) if wanted else None
    reasons = [f"missing: {m}" for m in missing] + [f"not asked: {e}" for e in extras]
    if not requested.understood:
        unread = ", ".join(repr(word) for word in requested.unread) or "the request"
        reasons.insert(0, f"could not read {unread}")
        answer = "can't tell"
    else:
        answer = "no" if missing or extras else "yes"
    return MatchResult(
        answer, tuple(reasons), precision, recall, f1, tuple(results), tuple(extras)
    )


def _extras(
    events: tuple[Event, ...], requested: RequestedEvents, consumed: dict[tuple, int]
) -> list[str]:
    """Occurrences that contradict the request (see `MatchResult.extras`)."""
    kinds = {event.kind for event in requested.events}
    busy = {event.hand for event in requested.events}
    two_handed = "both" in busy or bool(kinds & {"palm_touch", *TWO_HAND_KINDS})
    counts: dict[tuple, int] = {}
    extras = []
    for event in events:
        key = _key(event.kind, event)
        counts[key] = counts.get(key, 0) + 1
        if event.kind in _STRICT_COUNT:
            # Palms and interlaced fingers bring small contacts of neighbours along.
            crowded = kinds & {"palms", "slide", "interlace", *CROWDED}
            pinched = event.kind == "pinch" and not kinds & set(GRIPS)
            asked = pinched or event.kind in kinds & {"palms"}
            if crowded and not asked:
                continue
            if counts[key] > consumed.get(key, 0):
                extras.append(describe_event(event))
        elif event.kind in ("bend", "extend") and not two_handed:
            if event.hand not in busy:
                extras.append(describe_event(event))
    return extras


def describe(request: RequestedEvent) -> str:
    """A request in a few words, e.g. "left pinch index ×2"."""
    words = [request.hand, request.kind, *request.fingers]
    if request.other_fingers:
        words += ["–", *request.other_fingers]
    if request.direction:
        words.append(request.direction.replace("_", " "))
    if request.kind == "shape" and not request.fingers:
        words.append("(all bent)")
    if request.pace:
        words.append("slowly" if request.pace == "slow" else "quickly")
    if request.lasting:
        words.append(f"for {request.lasting:g} s")
    return " ".join(words) + (f" ×{request.count}" if request.count > 1 else "")


def describe_event(event: Event) -> str:
    """An event that happened in a few words."""
    words = [event.hand, event.kind, *event.fingers]
    if event.other_fingers:
        words += ["–", *event.other_fingers]
    if event.direction:
        words.append(event.direction.replace("_", " "))
    return " ".join(words)
