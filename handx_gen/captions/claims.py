# ruff: noqa: E501  # patterns read better unbroken
"""What a caption claims: which event, which hand, which finger, in which order."""

import re
from dataclasses import dataclass, replace

from handx_gen.captions.chunks import THEN, Chunk, chunks, sentences
from handx_gen.captions.claim import Claim
from handx_gen.captions.clause import clause_claims
from handx_gen.captions.common_words import read_in_full
from handx_gen.captions.predicates import SPLIT, predicates
from handx_gen.captions.schema import Caption
from handx_gen.skeleton import FINGERS, SIDES

_TIMES = {
    "once more": 1, "two": 2, "twice": 2, "three": 3, "thrice": 3, "2": 2, "3": 3,
}  # fmt: skip
_COUNT = re.compile(
    r"\b(twice|thrice)\b|\b(two|three|2|3) (?:times|claps|pinches|taps|circles|touches|pokes)\b"
)
_EARLY = re.compile(r"\bearly\b|\b(at|in) the (start|beginning)\b|\binitially\b")
_LATE = re.compile(r"\blate\b|\b(at|towards|near) the (very )?end\b|\bat last\b")
_BORROWED = ("bend", "extend", "contact", "pinch", "roll", "circle", "gesture", "lead")
_TWISTED = re.compile(
    r"\b(apart from|except|save|everything|neither|nor|none|rather|instead|this one|the one|those|"
    r"there|which|that|who|others?)\b"
)
"""Words after which a sentence need not say what its verb and its nouns do."""
_SIMPLE = 14
"""Words up to which a clause with one verb is taken at its word."""
_PARTS = re.compile(
    r"\b(thumb|index|forefinger|middle|ring|pinky|pinkie|little|fingers?|fingertips?|digits?|wrist|palm)\b"
)
_IDLE = re.compile(
    r"\b(still|rest\w*|idle|idly|\w*active|static|stationary|passive\w*|no|not|nothing|none|never|without|"
    r"un(?!til|der|curl|fold|bend|roll)\w+|remain\w*|stay\w*|keep\w*|kept|hold\w*|held|wait\w*|neutral|quiet\w*|"
    r"im(mobile|passive)|motionless|inert|dormant|calm|frozen|steady|parked|relax\w*|ease|place|position|"
    r"pose|abstain\w*|absent|zero|hardly|barely|watch\w*|left|open|offer\w*|present\w*|receiv\w*)\b|n't\b"
)
_ACTIVE = ("bend", "extend", "pinch", "any_touch", "spread", "turn", "move", "circle")
BETWEEN = ("touch", "palm_touch", "palms", "interlace", "slide", "palm_contact")
_BARE = re.compile(
    r"(?:\b(?:the|a|an|its?|left|right|both|other|hands?|fingers?|thumb|index|middle|ring|pinky|one|"
    r"ones|and|or|with|of|first|second|third|fourth|last|finally|lastly|then|next|also|too|again|"
    r"once|more|twice|at|to|from|in|turn|as|well|by|after|same|time|together|all|by|likewise|"
    r"later|afterwards|early|late|start|end|towards|near|beginning|on|that|this|order|do|does|"
    r"starts?|begins?|finish(?:es)?|ends?|goes|comes|follows?|leads?|so|only|just)\b|\W)+"
)
"""Words that name who or when but not what: a chunk of these alone borrows its verb."""
_LONE_HAND = re.compile(r"^(and |first,? )?the (left|right)( hand| one)?$")
_IN_TURN = re.compile(
    r"\bone (after the other|by one|at a time|after another)\b"
    r"|\bin (turn|sequence|succession)\b"
    r"|\bin (this|that|the following) order\b"
)
_RANGE = re.compile(
    r"\b(index|middle|ring|pinky) to (?:the )?(index|middle|ring|pinky)\b"
)
_LEADS = re.compile(
    r"\b(?:beginning|starting|begins|starts) (?:with|at|from) (?:the )?(\w+)"
    r"|\b(index|middle|ring|pinky) leads (?:the way)?"
    r"|\b(index|middle|ring|pinky)\b(?: \w+)? first\b"
    r"|\b(thumb|index|middle|ring|pinky) (?:starts|begins)\b"
)
_ENDS = re.compile(r"\b(index|middle|ring|pinky|thumb)\b(?: \w+)? last\b"
                   r"|\band (?:the )?(index|middle|ring|pinky) at the end\b"
    r"|\b(thumb|index|middle|ring|pinky) (?:finishes|ends)\b")  # fmt: skip


@dataclass(frozen=True)
class Claims:
    """Claims of a caption and the order it gives them.

    Attributes:
        all: In the order of the text.
        order: Pairs (i, j): claim i happens before claim j.
        leading, ending: Claims whose first finger goes before, or comes after, all other
            fingers of the hand that do the same.
        clauses: The sentences, and the chunks that they were cut into.
    """

    all: tuple[Claim, ...]
    order: tuple[tuple[int, int], ...]
    leading: tuple[Claim, ...] = ()
    ending: tuple[Claim, ...] = ()
    clauses: tuple[Chunk, ...] = ()


def read_claims(caption: Caption) -> Claims:
    """The claims of all three parts of a caption."""
    found: list[Claim] = []
    order: list[tuple[int, int]] = []
    leading: list[Claim] = []
    ending: list[Claim] = []
    clauses: list[Chunk] = []
    for field, text in caption.parts():
        parts = chunks(text, field, SPLIT)
        clauses += sentences(text, field)
        clauses += [replace(chunk, link="chunk") for chunk in parts]
        groups: list[list[int]] = []
        sentence_order: list[tuple[Chunk, list[int]]] = []
        link = ""
        for k, chunk in enumerate(parts):
            if (
                link
                and not chunk.link.strip(";: ")
                and chunk.sentence == parts[k - 1].sentence
            ):
                chunk.link = link  # "then a wave runs through it: the index bends"
            claims = clause_claims(chunk, predicates_of(parts, k), parts, k)
            link = "" if claims else chunk.link
            if chunk.link in THEN and not chunk.opens:
                claims = [c for c in claims if c.kind not in ("apart", "still")]
            sure = read_in_full(chunk.text) and not _TWISTED.search(chunk.text)
            sure = sure and len(predicates(chunk.text)) < 2
            sure = sure and len(chunk.text.split()) <= _SIMPLE
            claims = [replace(c, sure=sure, **_circumstances(chunk, c)) for c in claims]
            indices = list(range(len(found), len(found) + len(claims)))
            found += claims
            groups.append(indices)
            sentence_order.append((chunk, indices))
            lead, end = _ends(chunk, claims, found)
            leading += lead
            ending += end
            if _IN_TURN.search(chunk.text) or _lists_in_turn(parts, k):
                order += _listed(found, indices)
        order += _linked(sentence_order)
        order += _ranges(parts, found, groups)
    found += _acting(caption)
    kept, in_order = _in_context(found, order)
    return Claims(kept, in_order, tuple(leading), tuple(ending), tuple(clauses))


def _acting(caption: Caption) -> list[Claim]:
    """For each hand whose part speaks of its fingers, palm or wrist: that it acts.

    Unless a word says that it rests, or nothing more is said than how it is held.
    """
    return [
        Claim("acts", field, text=text)
        for field, text in caption.parts()
        if field in SIDES
        and _PARTS.search(text.lower())
        and not _IDLE.search(text.lower())
    ]


def _in_context(
    found: list[Claim], order: list[tuple[int, int]]
) -> tuple[tuple[Claim, ...], tuple[tuple[int, int], ...]]:
    """Claims without those that are not meant for the whole clip.

    "The hand pinches, then rests" and "they meet and then stay apart" do not say that
    nothing happens.
    """
    busy = {c.hand for c in found if c.kind in _ACTIVE}
    meet = any(c.kind in BETWEEN for c in found)
    index: dict[int, int] = {}
    keep: list[Claim] = []
    for number, claim in enumerate(found):
        rests = claim.kind == "still" and (claim.hand in busy or "both" in busy)
        if rests or (claim.kind == "apart" and meet):
            continue
        index[number] = len(keep)
        keep.append(claim)
    kept = [(index[i], index[j]) for i, j in order if i in index and j in index]
    return tuple(keep), tuple(kept)


def predicates_of(parts: list[Chunk], k: int) -> list[tuple[str, re.Match[str], bool]]:
    """Predicates of chunk k, borrowed from a neighbour where it has none of its own.

    "First the index, then the middle finger bends": the first chunk bends as well.
    """
    own = [(name, m, True) for name, m in predicates(parts[k].text)]
    text = parts[k].text
    if own or not (parts[k].mentions or _LONE_HAND.search(text)):
        return own
    if not _BARE.fullmatch(text):
        return []  # it has a verb of its own, only not one that is known
    same = [i for i in range(len(parts)) if parts[i].sentence == parts[k].sentence]
    for i in [*(i for i in same[::-1] if i < k), *(i for i in same if i > k)]:
        borrowed = [(name, m, False) for name, m in predicates(parts[i].text)]
        usable = [p for p in borrowed if p[0] in _BORROWED]
        if usable:
            return usable[-1:]
    return []


def _circumstances(chunk: Chunk, claim: Claim) -> dict[str, object]:
    """How often and when, as the chunk says."""
    count = _COUNT.search(chunk.text)
    word = (count.group(1) or count.group(2)) if count else ""
    when = "early" if _EARLY.search(chunk.text) else ""
    when = "late" if _LATE.search(chunk.text) else when
    if _ENDS.search(chunk.text):
        when = ""  # "and the pinky at the end" is an order
    if claim.kind in ("apart", "still", "straight", "shape"):
        return {}
    return {"count": max(claim.count, _TIMES.get(word, 1)), "when": when}


def _ends(
    chunk: Chunk, claims: list[Claim], found: list[Claim]
) -> tuple[list[Claim], list[Claim]]:
    """Claims about which finger leads and which comes last."""
    base = next(
        (c for c in claims or found[::-1] if c.kind in ("bend", "pinch", "extend")),
        None,
    )
    if base is None:
        return [], []
    results = []
    for pattern in (_LEADS, _ENDS):
        match = pattern.search(chunk.text)
        finger = next((g for g in match.groups() if g), "") if match else ""
        named = (
            [replace(base, fingers=(finger,), group="")] if finger in FINGERS else []
        )
        results.append(named)
    return results[0], results[1]


def _lists_in_turn(parts: list[Chunk], k: int) -> bool:
    """Whether a sibling chunk of the sentence says "in turn" for this one."""
    return any(
        _IN_TURN.search(p.text) and not p.mentions and p.sentence == parts[k].sentence
        for p in parts
    )


def _listed(found: list[Claim], indices: list[int]) -> list[tuple[int, int]]:
    """Order of the fingers of a list, claim after claim of one kind."""
    named = [i for i in indices if found[i].fingers and not found[i].group]
    return [
        (i, j)
        for i, j in zip(named, named[1:])
        if (found[i].kind, found[i].hand) == (found[j].kind, found[j].hand)
    ]


def _linked(parts: list[tuple[Chunk, list[int]]]) -> list[tuple[int, int]]:
    """Order from connectives between chunks."""
    order: list[tuple[int, int]] = []
    for k, (chunk, indices) in enumerate(parts):
        earlier = next((i for c, i in reversed(parts[:k]) if i), [])
        if chunk.opens and chunk.link in ("after", "once"):
            following = next(
                (i for c, i in parts[k + 1 :] if i and c.sentence == chunk.sentence), []
            )
            order += [(a, b) for a in indices for b in following]
            if not following:
                order += [(indices[0], b) for b in indices[1:]]
        elif chunk.link in THEN and not chunk.opens:
            order += [(a, b) for a in earlier for b in indices]
        elif chunk.link in THEN:
            before = [i for c, i in parts[:k] if i and c.sentence < chunk.sentence]
            order += [(a, b) for a in (before[-1] if before else []) for b in indices]
        elif chunk.link == "after":
            order += [(b, a) for a in earlier for b in indices]
    return order


def _ranges(
    parts: list[Chunk], found: list[Claim], groups: list[list[int]]
) -> list[tuple[int, int]]:
    """Order from "from the index to the pinky"; appends nothing where none is said."""
    order = []
    for chunk, indices in zip(parts, groups):
        match = _RANGE.search(chunk.text)
        if not match or match.group(1) == match.group(2):
            continue
        ends = [
            next((i for i in indices if found[i].fingers == (finger,)), None)
            for finger in match.groups()
        ]
        if None not in ends:
            order.append((ends[0], ends[1]))
    return order
