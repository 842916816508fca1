"""Captions cut into chunks: one predicate's worth of words, with its fingers and hands.

A small reader for plain descriptive English about hands. It need not understand every
sentence: what it cannot place makes no claim.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from handx_gen.captions.plain import plain
from handx_gen.skeleton import FINGERS

_CONNECTIVES = re.compile(
    r"(;|:|\band then\b|\bafter which\b|\bafter that\b|\bafterwards?\b"
    r"|(?<!\bone )\bafter\b(?! its| all| another)"
    r"|\bthen\b|\bnext\b|\bfinally\b|\blater\b|\bfollowed by\b|\bjoined by\b|\bbefore\b"
    r"|\bwhile\b|\bwhereas\b|\bas (?=the|its|both|all)|\buntil\b"
    r"|\bonce (?:that|this) (?:is|has|was) \w+\b|\bonce (?=they|it|the|released)"
    r"|\bsubsequently\b|\bthereafter\b|\beventually\b"
    r"|\band last\b|\blastly\b|\bwhen\b|\bjust as\b|\bbut\b)"
)
THEN = {
    "and then", "after which", "after that", "afterwards", "afterward", "then", "next",
    "finally", "later", "followed by", "and last", "lastly", "before", "once",
    "subsequently", "thereafter", "eventually", "once that is over", "once that is done",
    "once this is done", "once this is over",
}  # fmt: skip
"""Connectives after which something happens later than what was said before."""


@dataclass
class Mention:
    """A finger named in a chunk: which, on which side ("" unknown), and where."""

    finger: str
    side: str
    position: int


@dataclass
class Chunk:
    """Words of one predicate (or of none).

    Attributes:
        text: The words, normalised.
        part: "left", "right" or "relation".
        sentence: Number of the sentence in its part.
        link: Connective before it, "" for a comma or the sentence's start.
        opens: Whether that connective opens the sentence ("After folding, …").
        mentions: Fingers named.
    """

    text: str
    part: str
    sentence: int
    link: str = ""
    opens: bool = False
    mentions: list[Mention] = field(default_factory=list)


def chunks(text: str, field: str, has_predicate: re.Pattern[str]) -> list[Chunk]:
    """The chunks of one part of a caption, in order.

    Args:
        text: The part as written.
        field: "left", "right" or "relation".
        has_predicate: What makes a chunk stand on its own; one without joins its
            neighbour, as in "the thumb touches index, middle and ring".
    """
    found: list[Chunk] = []
    for number, sentence in enumerate(re.split(r"[.!?](?:\s|$)", plain(text))):
        if sentence.strip():
            found += _sentence(sentence, field, number, has_predicate)
    for chunk in found:
        chunk.mentions = list(mentions(chunk.text, field))
    return found


def sentences(text: str, field: str) -> list[Chunk]:
    """The sentences of one part, split at semicolons and colons too."""
    return [
        Chunk(piece.strip(), field, number, mentions=list(mentions(piece, field)))
        for number, piece in enumerate(re.split(r"[.!?](?:\s|$)|;", plain(text)))
        if piece.strip()
    ]


def _sentence(
    sentence: str, field: str, number: int, has_predicate: re.Pattern[str]
) -> list[Chunk]:
    pieces = _CONNECTIVES.split(sentence)
    links = ["", *pieces[1::2]]
    found: list[Chunk] = []
    for k, (link, segment) in enumerate(zip(links, pieces[::2])):
        link = link.strip()
        opens = k == 1 or (k > 1 and link in ("after", "once"))
        opens = opens and not pieces[2 * k - 2].strip(" ,")
        # "It lifts and, after the touch, goes home": the touch comes before what follows.
        opens = opens or (link == "after" and pieces[2 * k - 2].endswith("and, "))
        merged: list[str] = []
        waiting = ""
        for piece in segment.split(","):
            if not piece.strip():
                continue
            joined = f"{waiting}, {piece}" if waiting else piece
            if has_predicate.search(joined):
                merged.append(joined)
                waiting = ""
            elif merged:
                merged[-1] += f",{piece}"
            else:
                waiting = joined
        if waiting:
            merged.append(waiting)
        for i, piece in enumerate(merged):
            found.append(
                Chunk(piece.strip(), field, number, "" if i else link, opens and not i)
            )
    return found


_FINGER = re.compile(rf"\b({'|'.join(FINGERS)})\b")
_SIDE_BEFORE = re.compile(
    r"(?<!going_)\b(left|right|other(?! (?:fingers|digits|ones))|both"
    r"|two(?= (?:the |thumb|index|middle|ring|pinky)))\b"
)
_SIDE_AFTER = re.compile(
    r"^[^.;]*?\b(?:of|on|from) (?:the |your |its )?(left|right|other|both|each)"
    r" ?(?:hands?|one|side)"
)
_BREAK = re.compile(
    r"\b(meets?|touch\w*|taps?|pokes?|and the|against|to the|with|presses|reach\w*|palms?)\b"
)


def mentions(text: str, field: str) -> Iterator[Mention]:
    """Fingers named in normalised text; a side carries over in "left thumb and index"."""
    own = field if field in ("left", "right") else ""
    for match in _FINGER.finditer(text):
        side = own
        after = _SIDE_AFTER.match(text[match.end() :])
        between = text[match.end() : match.end() + (after.end() if after else 0)]
        before = list(_SIDE_BEFORE.finditer(text[: match.start()]))
        if before and not _BREAK.search(text[before[-1].end() : match.start()]):
            side = _named(before[-1].group(1), own)
        elif after and not _BREAK.search(between):
            side = _named(after.group(1), own)
        yield Mention(match.group(1), side, match.start())


def _named(word: str, own: str) -> str:
    if word == "other":
        return {"left": "right", "right": "left"}.get(own, "")
    return "both" if word in ("both", "two", "each") else word
