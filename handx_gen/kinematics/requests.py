"""`RequestedEvents` and `match()`: what was asked of the hands, and whether it happened.

The same small vocabulary of events is read from text by rules, rendered by the
procedural teacher, read back from finished motions, and scored.
"""

from dataclasses import dataclass
from typing import Literal

from handx_gen.errors import InputError

KINDS = (
    "shape",  # four fingers in a named state: `fingers` extended, the others bent
    "bend",  # `fingers` go from straighter to bent
    "extend",  # `fingers` go from bent to straighter
    "spread",  # the gaps between the four fingers open
    "close",  # … and close
    "pinch",  # thumb tip touches the tip of `fingers[0]`, same hand
    "turn",  # the wrist rotates: `direction`
    "move",  # the wrist travels: `direction`
    "circle",  # the wrist draws a circle
    "still",  # the hand does not move
    "touch",  # left fingertip `fingers[0]` touches right `other_fingers[0]`
    "palm_touch",  # tip of `hand`'s `fingers[0]` touches the other hand's palm
    "palms",  # the palms touch (clap, press)
    "slide",  # the palms slide on each other while they touch
    "interlace",  # the fingers of the two hands alternate
    "approach",  # the wrists come closer
    "part",  # the wrists move apart
    "apart",  # nothing of one hand touches the other
)
EventKind = Literal[
    "shape", "bend", "extend", "spread", "close", "pinch", "turn", "move", "circle",
    "still", "touch", "palm_touch", "palms", "slide", "interlace", "approach", "part",
    "apart",
]  # fmt: skip

DIRECTIONS = {
    "turn": ("flex", "extend", "inward", "outward", "palm_up", "palm_down"),
    "move": ("left", "right", "forward", "back", "up", "down"),
}
"""Directions of the kinds that have one. flex/extend: the hand tips towards the palm /
the back of the hand; inward/outward: towards the thumb's / the pinky's side; palm_up /
palm_down: supination / pronation. Moves are in the canonical frame."""


@dataclass(frozen=True)
class RequestedEvent:
    """One thing asked for.

    Attributes:
        kind: One of `KINDS`.
        hand: "left", "right", or "both" for events of the two hands together.
        fingers: The fingers meant (see `KINDS`).
        other_fingers: The right hand's finger, for `touch` only.
        direction: For `turn` and `move`, see `DIRECTIONS`.
        count: How many times.
        order: Events of a lower order come first; equal orders go together.
        window: Fraction of the motion within which it should happen.
    """

    kind: EventKind
    hand: Literal["left", "right", "both"]
    fingers: tuple[str, ...] = ()
    other_fingers: tuple[str, ...] = ()
    direction: str = ""
    count: int = 1
    order: int = 0
    window: tuple[float, float] = (0.0, 1.0)

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
