"""What a caption claims of whole hands: shapes, turns, moves, approaches."""

import re
from collections.abc import Iterator

from handx_gen.captions.chunks import Chunk, Mention
from handx_gen.captions.claim import Claim
from handx_gen.skeleton import SIDES

_SEVERAL = re.compile(r"\b(fingers|fingertips|digits)\b")
_SHAPES = (
    (re.compile(r"gesture_up"), ("thumb",)),
    (re.compile(r"v[- ]sign"), ("index", "middle")),
    (re.compile(r"horns"), ("index", "pinky")),
    (re.compile(r"point"), ("index",)),
    (re.compile(r"fist|clench|balls up"), ()),
)
"""Named shapes and the fingers that stay straight in them; the other four bend."""
_MOVES = (
    ("left", r"going_left"), ("right", r"going_right"),
    ("up", r"\bup(wards?)?\b|rais|rise|rising|lift|ascend|climb"),
    ("down", r"\bdown(wards?)?\b|lower|sink|descend|drop"),
    ("forward", r"forward|front|advance"), ("back", r"\bback(wards?)?\b|retreat|retract"),
    ("inward", r"inward"), ("outward", r"outward"),
)  # fmt: skip


def whole_hand(
    kind: str, chunk: Chunk, match: re.Match[str], hand: str, subject: list[Mention]
) -> Iterator[Claim]:
    """Claims of a predicate about whole hands, in a chunk with a subject or none."""
    text, words = chunk.text, match.group(0)
    if kind == "gesture":
        for pattern, fingers in _SHAPES:
            if pattern.search(words):
                later = [m for m in chunk.mentions if m.position >= match.end()]
                with_it = re.match(r" (with|using) ", text[match.end() :])
                named = subject or (later if with_it else [])
                if "point" in words and len({m.finger for m in named}) == 1:
                    fingers = (named[0].finger,)
                yield Claim("shape", hand, fingers, text=text)
                return
    elif kind == "clap":
        yield Claim("palms", "both", text=text)
    elif kind in ("interlace", "apart"):
        yield Claim(kind, "both", text=text)
    elif kind == "slide":
        yield Claim("slide", "both", text=text)
    elif kind in ("gather", "part"):
        if re.search(r"\bfingers\b", text) and not re.search(r"\bhands?\b", text):
            yield Claim("spread" if kind == "part" else "close", hand, text=text)
        elif kind == "part" and chunk.part in SIDES and "hand" not in text:
            yield Claim("release", hand, text=text)  # a finger that lets go
        elif kind == "gather" and hand in SIDES and not re.search(r"\bhands?\b", text):
            yield Claim("gather", hand, text=text)  # its fingers, or the two hands
        else:
            yield Claim("approach" if kind == "gather" else "part", "both", text=text)
    elif kind in ("turn", "roll"):
        yield Claim("turn", hand, direction=_turn(text), text=text)
    elif kind == "lead":  # towards what it will touch
        if subject and hand in SIDES:
            yield Claim("lead", hand, (subject[-1].finger,), text=text)
    elif kind == "count":
        yield Claim("extend", hand, text=text)
    elif kind == "release":
        yield Claim("release", "", text=text)
    elif kind == "move":
        if not subject and not _SEVERAL.search(text[: match.start()]):
            for direction in _directions(words, hand):
                yield Claim("move", hand, direction=direction, text=text)
    else:  # still, circle, spread, close
        parts = re.search(r"\b(fingers?|two|ones?|others?|rest of|wrist|palm)\b", text)
        if kind == "still" and (not hand or subject or parts):
            return  # "the ones at the edge stay put"
        yield Claim(kind, hand, text=text)


def _turn(text: str) -> str:
    """Direction of a turn, "" where the words leave it open."""
    if re.search(r"\bpalm\b[^,;]*\b(up(wards?)?|ceiling)\b", text):
        return "palm_up"
    if re.search(r"\bpalm\b[^,;]*\b(down(wards?)?|floor)\b", text):
        return "palm_down"
    if re.search(r"\bback(wards?)?\b|\bextend", text):
        return "extend"
    if re.search(r"flex|forward|towards the palm|palm side", text):
        return "flex"
    return ""


def _directions(words: str, hand: str) -> Iterator[str]:
    """Directions of a move; inward and outward depend on the hand."""
    for direction, pattern in _MOVES:
        if re.search(pattern, words):
            if direction in ("inward", "outward"):
                if hand in SIDES:
                    towards = (
                        "right"
                        if (hand == "left") == (direction == "inward")
                        else "left"
                    )
                    yield towards
            else:
                yield direction
