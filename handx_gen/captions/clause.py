# ruff: noqa: E501  # patterns read better unbroken
"""One chunk of a caption → its claims: which hand and fingers each predicate is about."""

import re
from collections.abc import Iterator, Sequence

from handx_gen.captions.chunks import Chunk, Mention
from handx_gen.captions.claim import Claim
from handx_gen.captions.whole_hand import whole_hand
from handx_gen.skeleton import FINGERS, SIDES

FOUR = FINGERS[1:]
_SIDE_LATER = re.compile(
    r"\b(?:of|by|with|on) (?:the |your )?(left|right|both|each) "
    r"(?:hands?|wrist|index|thumb)"
)
_OPPOSITE = {"left": "right", "right": "left"}
_NEGATION = re.compile(
    r"\b(no|not|never|without|nothing|none|neither|hardly|nor)\b|n't\b"
)
_HANDS = re.compile(r"\bhands?\b|\bpalms?\b|\bwrists?\b|\bgap\b|\bdistance\b")
_PALM = re.compile(r"\bpalms?\b")
_SIDE = re.compile(
    r"(?<!going_)\b(left|right|both|each|other|two(?= (?:hands|palms|wrists)))\b(?! finger)"
)
_EVERY = re.compile(
    r"\b(each|every|all)( of)?( the)?( four| five| other)?( of the)?( (left|right))? ?"
    r"(fingertips?|fingers?|other fingers?)\b|\bthe fingertips\b|\bfour fingertips\b"
)
_SEVERAL = re.compile(r"\b(fingers|fingertips|digits)\b")
_ALL = re.compile(r"\ball of them\b|\bthey all\b|"
                  r"\b(all|every|each|four|five) ?(of )?(the |its |her |his )?(four |five )?"
                  r"(left |right )?(fingers?|fingertips?)\b")  # fmt: skip
_OTHERS = re.compile(
    r"(?<!each )\bothers?\b(?! (hand|palm|one|side))|\bthe rest\b|\bremaining fingers\b|\belse\b"
    r"|\bneighbours?\b"
)
_PAIR = re.compile(rf"\b({'|'.join(FINGERS)}) to (?:the )?({'|'.join(FINGERS)})\b")
_PALM_SIDE = re.compile(
    r"\b(left|right|other) (?:hand's )?palm\b|\bpalm of the (left|right|other) (?:hand|one)\b"
)
_OTHER_HAND = re.compile(
    r"\b(other|opposite) (hand|palm|one)\b|\bpartner\b|\bpalm of the (left|right) hand\b"
)
_STATIC = re.compile(
    r"\b(not|no|never|only|except|save|but|other|out|up|extended|straight|tall|free|alone|says?|remain\w*|"
    r"stay\w*|keep\w*|kept|hold\w*|held|offer\w*|leav\w*|with|un\w+ed|is|are|towards?|by)\b|n't\b"
)
"""Words after which a finger named need not be one that moves."""
_OF_FINGERS = ("bend", "extend", "straight", "out", "hyperextend")

Predicates = Sequence[tuple[str, "re.Match[str]", bool]]
"""Kind, match, and whether the words are the chunk's own (not a neighbour's)."""


def clause_claims(
    chunk: Chunk, predicates: Predicates, parts: Sequence[Chunk], number: int
) -> list[Claim]:
    """The claims of one chunk.

    Args:
        chunk: The chunk.
        predicates: In the order of the text.
        parts: All chunks of the part, for "it", "their" and subjects left out.
        number: Which of them `chunk` is.
    """
    if not predicates and chunk.part in SIDES and not _STATIC.search(chunk.text):
        return [
            Claim("acts", chunk.part, (m.finger,), text=chunk.text)
            for m in chunk.mentions
            if m.side in ("", chunk.part)
        ]
    before = parts[:number]
    found: list[Claim] = []
    for k, (kind, match, own) in enumerate(predicates):
        start = match.start() if own else len(chunk.text)
        stop = match.end() if own else len(chunk.text)
        low = predicates[k - 1][1].end() if k else 0
        high = predicates[k + 1][1].start() if k + 1 < len(predicates) else None
        words = chunk.text[low:high] if own else chunk.text
        if own and _NEGATION.search(chunk.text[low:stop]) and kind != "still":
            more = re.search(
                r"\b(else|other|more|further)\b|\b(before|after|otherwise|until|later|except)$",
                chunk.text[low:stop] + chunk.text[stop:].split(",")[0].rstrip(),
            )
            if kind in ("contact", "gather", "pinch") and not (chunk.mentions or more):
                found.append(Claim("apart", "both", text=chunk.text))
            continue
        subject = [m for m in chunk.mentions if low <= m.position < start]
        objects = [
            m
            for m in chunk.mentions
            if m.position >= stop and (high is None or m.position < high)
        ]
        if own and kind in _OF_FINGERS:
            # "they curl and the thumb stays out": the thumb is another verb's subject.
            first = objects[0].position if objects else stop
            if re.search(
                r"\b(and|while|with|but|by(?! one))\b", chunk.text[stop:first]
            ):
                objects = []
        hand = _hand(chunk, start, low)
        if kind == "contact" and own and _listed_next(parts, number):
            continue
        if kind == "contact" and re.search(r"\b(within|inside)\b", chunk.text[stop:]):
            continue
        if kind in ("contact", "pinch") or (
            kind == "gather" and (subject or (found and chunk.mentions))
        ):
            after = low if k and predicates[k - 1][0] in _OF_FINGERS else 0
            found += _contacts(kind, chunk, match, before, hand, words, after)
        elif kind in _OF_FINGERS:
            if _HANDS.search(chunk.text[low:start]) and kind == "bend" and not subject:
                if re.search(r"\bwrists?\b", chunk.text[low:start]):
                    continue
            named = subject or objects or _only_finger(parts, found, words)
            found += _finger_claims(kind, named, bool(subject), found, hand, words)
        else:
            found += whole_hand(kind, chunk, match, hand, subject)
    return found


def _hand(chunk: Chunk, start: int, low: int) -> str:
    """The hand that a predicate at `start` is about."""
    own = chunk.part if chunk.part in SIDES else ""
    named = [m for m in _SIDE.finditer(chunk.text[low:start])]
    if not named:
        rest = _SIDE_LATER.search(chunk.text[start:])
        return _named(rest.group(1), own) if rest else own
    return _named(named[0].group(1), own)


def _named(word: str, own: str) -> str:
    if word == "other":
        return _OPPOSITE.get(own, "")
    return word if word in SIDES else own if own and word == "each" else "both"


def _listed_next(parts: Sequence[Chunk], number: int) -> bool:
    """Whether a colon follows that says which: "the fingertips: index, middle"."""
    after = parts[number + 1 : number + 2]
    return any(part.link == ":" and len(part.mentions) > 1 for part in after)


def _only_finger(
    parts: Sequence[Chunk], found: list[Claim], words: str
) -> list[Mention]:
    """The finger that a part is all about, for a predicate without a subject."""
    if found or _OTHERS.search(words) or _SEVERAL.search(words) or "hand" in words:
        return []
    if any(re.match(r"(the |it|its )(left |right )?hand\b", p.text) for p in parts):
        return []
    named = [m for part in parts for m in part.mentions]
    return named[:1] if len({m.finger for m in named}) == 1 else []


def _finger_claims(
    kind: str,
    named: list[Mention],
    is_subject: bool,
    found: list[Claim],
    hand: str,
    words: str,
) -> Iterator[Claim]:
    """Claims about how fingers bend or straighten."""
    mention = {m.finger: m.side for m in named}
    if mention and not (_OTHERS.search(words) and not is_subject):
        for finger, side in mention.items():
            yield Claim(kind, side or hand, (finger,), text=words)
    elif _OTHERS.search(words):
        return
    elif _ALL.search(words):
        yield Claim(kind, hand, group="all", text=words)
    elif _SEVERAL.search(words):
        yield Claim(kind, hand, group="some", text=words)
    elif found and found[-1].fingers and found[-1].kind in ("bend", "extend"):
        # "folds, straightens and folds again": the subject goes on.
        yield Claim(kind, found[-1].hand, found[-1].fingers, text=words)
    elif kind in ("bend", "extend") and re.search(r"\bhand\b|^closing|^ ?opens", words):
        yield Claim(kind, hand, group="some", text=words)


def _contacts(
    kind: str,
    chunk: Chunk,
    match: re.Match[str],
    before: Sequence[Chunk],
    hand: str,
    words: str,
    after: int,
) -> Iterator[Claim]:
    """Claims about contact: pinch, touch, palm touch or palms.

    Fingers named before `after` belong to another verb, unless no others are named.
    """
    text = chunk.text
    marks = [m for m in chunk.mentions if m.position >= after] or list(chunk.mentions)
    if _OTHERS.search(text) and not marks:
        return
    if not marks and not _PALM.search(text) and not _EVERY.search(text):
        for earlier in reversed(before):
            if earlier.mentions and earlier.sentence == chunk.sentence:
                marks = list(earlier.mentions)
                text = f"{earlier.text}, {text}"
                break
    if match.group(0).startswith("clasp"):
        yield Claim("contact", "both", text=words)
        return
    pairs = _PAIR.findall(text)
    own = chunk.part if chunk.part in SIDES else ""
    across = not own or _OTHER_HAND.search(text) or {m.side for m in marks} - {own, ""}
    palm = _PALM.search(text) and not re.search(
        r"in front of the palm|across the palm", text
    )
    if palm and marks:
        named = _PALM_SIDE.search(text)
        where = _named(named.group(1) or named.group(2), own) if named else ""
        passive = re.search(
            r"\bpalm\b.*\bby (?:the |an? )?(?=[a-z]+)|^(?:it )?(?:gets?|receives?|takes?|feels?) ",
            text,
        )
        for m in marks:
            side = m.side if m.side in SIDES else own or _OPPOSITE.get(where, "")
            if passive and own and not where and m.position >= passive.end():
                side = _OPPOSITE[own]  # "its palm is poked by the pinky"
            odd = "own_palm" if where and where == side else ""
            yield Claim("palm_touch", side, (m.finger,), direction=odd, text=words)
    elif palm:
        one = len(_PALM.findall(text)) == 1 and "palms" not in text
        if one and own:  # "its palm is poked": by a finger, or by the other palm
            active = re.search(
                r"\b(pok|touch|tap|press|hit|slap)\w* (at )?the palm", text
            )
            there = _OTHER_HAND.search(text) or active
            side = _OPPOSITE[own] if there else hand or own
            yield Claim("palm_contact", side, text=words)
        else:
            yield Claim("palms", "both", text=words)
    elif pairs and all(a == b for a, b in pairs):
        for a, b in pairs:
            yield Claim("touch", "both", (a,), (b,), text=words)
    elif not _lists(text, marks) and (
        _EVERY.search(text) or (_SEVERAL.search(text) and not marks)
    ):
        if any(m.finger == "thumb" for m in marks):
            side = next(m.side for m in marks if m.finger == "thumb")
            yield Claim("pinch", side or hand, group="all", text=words)
        elif across or not own or _SEVERAL.search(text):
            yield Claim("touch", "both", group="all", text=words)
    elif marks:
        thumbed = any(m.finger == "thumb" for c in before for m in c.mentions)
        yield from _tips(kind, marks, own, across, hand, words, thumbed)
    elif kind == "pinch":
        yield Claim("pinch", hand, text=words)
    elif own and match.group(0).startswith("pok"):
        yield Claim("palm_contact", own, text=words)  # "is poked", "receives a poke"
    elif not own or _HANDS.search(text):
        yield Claim("contact", "both", text=words)


def _lists(text: str, marks: list[Mention]) -> bool:
    """Whether fingertips are named one by one, not as "every fingertip"."""
    named = {m.finger for m in marks} - {"thumb"}
    return len(named) > 1 and not re.search(r"\b(each|every|all|four)\b", text)


def _tips(
    kind: str,
    marks: list[Mention],
    own: str,
    across: object,
    hand: str,
    words: str,
    thumbed: bool,
) -> Iterator[Claim]:
    """Contact of named fingertips: of one hand, or of the two.

    `thumbed` says whether the thumb was spoken of before.
    """
    sides = {m.side for m in marks} - {""}
    left = tuple(dict.fromkeys(m.finger for m in marks if m.side in ("left", "both")))
    right = tuple(dict.fromkeys(m.finger for m in marks if m.side in ("right", "both")))
    alone = len({m.finger for m in marks}) == 1
    if alone and ("both" in sides or not (sides or own)):
        finger = (marks[0].finger,)
        yield Claim("touch", "both", finger, finger, text=words)
    elif left and right and kind != "pinch":
        for a in left:
            for b in right:
                yield Claim("touch", "both", (a,), (b,), text=words)
    else:
        side = next(iter(sides), "") or own or hand
        others = list(dict.fromkeys(m.finger for m in marks if m.finger != "thumb"))
        thumb = any(m.finger == "thumb" for m in marks)
        if across and own and not thumb and len(others) == 1 and sides == {own}:
            yield Claim("any_touch", own, (others[0],), text=words)
            return
        if kind == "contact" and own and sides <= {own} and not (thumb or thumbed):
            if len(others) == 1:  # with its thumb, or with something of the other hand
                yield Claim("any_touch", side, (others[0],), text=words)
                return
        # Two fingers pinch with the thumb, or the words are wrong.
        odd = "no_thumb" if len(others) == 2 and not (thumb or thumbed) else ""
        for finger in others:
            yield Claim("pinch", side, (finger,), direction=odd, text=words)
        if not others and across:
            yield Claim("any_touch", side, ("thumb",), text=words)
