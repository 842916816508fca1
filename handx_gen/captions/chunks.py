"""Captions cut into chunks: one predicate's worth of words, with its fingers and hands.

A small reader for plain descriptive English about hands. It need not understand every
sentence: what it cannot place makes no claim.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from handx_gen.skeleton import FINGERS

_SYNONYMS = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"[’`]", "'"),
        (r"\b(little|small|baby) fingers?( ?tips?)?", "pinky"),
        (r"\bpinkies\b", "pinky"),
        (r"\b(forefingers?|pointer fingers?|first fingers?)( ?tips?)?", "index"),
        (r"\b(?:tips? of )?(?:the )?(two )?middle (digits|ones)\b", "fingers"),
        (r"\bmiddle joints?\b|\bknuckles?\b", "joint"),
        (r"\b(in|to|towards|at|near|by) the middle(?= of the (clip|motion|sequence)|[,.;]|$)",
         "midway"),
        (r"\b(index|middle|ring|pinky|thumb)[- ]?(finger)?[- ]?tips?\b", r"\1"),
        (r"\b(index|middle|ring|pinky)[- ]fingers?('s)?\b", r"\1"),
        (r"\bthumbs\b", "thumb"),
        (r"\bthumb up\b|\bthumb-up\b", "gesture_up"),
        (r"\bfinger ?tips\b", "fingertips"),
        (r"\b(to|towards|toward|from) the (left|right)(?= ?([.,;]|$|and|until|as|while|then|by|"
         r"a |at |for |first|again|twice|in |before|after|over|with))", r"going_\2"),
        (r"\b(left|right)wards?\b", r"going_\1"),
        (r"\b(moves?|goes|shifts?|travels?|slides?|drifts?|swings?|moving) (left|right)\b",
         r"\1 going_\2"),
        (r"\bexcept(?:ing)?(?: for)? (?:the |its )?(thumb|index|middle|ring|pinky)\b",
         r"staying straight \1"),
        (r"\blittle (?=and (the )?(index|middle|ring|pinky))", "pinky "),
        (r"\b(?:moves? )?from (?:fully |partially |completely )?(?:extended|straight|open) to "
         r"(?:fully |partially |completely |a )?(?:bent|flexed|curled|closed|fist)\b", "bends"),
        (r"\b(?:moves? )?from (?:fully |partially |completely )?(?:bent|flexed|curled|closed) "
         r"to (?:fully |partially |completely )?(?:extended|straight|open)\b", "straightens"),
        (r"\b(extends?|extending) (?=towards? the (left|right|other))", "heads "),
        (r"\blet(s|ting)? go( of (it|them|the \w+))?\b", "released"),
    )
)  # fmt: skip

_CONNECTIVES = re.compile(
    r"(;|:|\band then\b|\bafter which\b|\bafter that\b|\bafterwards?\b"
    r"|(?<!\bone )\bafter\b(?! its| all| another)"
    r"|\bthen\b|\bnext\b|\bfinally\b|\blater\b|\bfollowed by\b|\bjoined by\b|\bbefore\b"
    r"|\bwhile\b|\bwhereas\b|\bas (?=the|its|both|all)|\buntil\b"
    r"|\bonce (?=they|it|the|released)"
    r"|\band last\b|\blastly\b|\bwhen\b|\bjust as\b|\bbut\b)"
)
THEN = {
    "and then", "after which", "after that", "afterwards", "afterward", "then", "next",
    "finally", "later", "followed by", "and last", "lastly", "before", "once",
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


def normalised(text: str) -> str:
    """Lower case, one name per finger, directions marked `going_left`."""
    text = " ".join(text.lower().split())
    for pattern, word in _SYNONYMS:
        text = pattern.sub(word, text)
    return text


def chunks(text: str, field: str, has_predicate: re.Pattern[str]) -> list[Chunk]:
    """The chunks of one part of a caption, in order.

    Args:
        text: The part as written.
        field: "left", "right" or "relation".
        has_predicate: What makes a chunk stand on its own; one without joins its
            neighbour, as in "the thumb touches index, middle and ring".
    """
    found: list[Chunk] = []
    for number, sentence in enumerate(re.split(r"[.!?](?:\s|$)", normalised(text))):
        if sentence.strip():
            found += _sentence(sentence, field, number, has_predicate)
    for chunk in found:
        chunk.mentions = list(mentions(chunk.text, field))
    return found


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
    r"(?<!going_)\b(left|right|other|both|two(?= (?:the |thumb|index|middle|ring|pinky)))\b"
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
