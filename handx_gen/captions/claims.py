"""What a caption claims: which event, which hand, which finger, in which order."""

import re
from dataclasses import dataclass, replace

from handx_gen.captions.chunks import THEN, Chunk, chunks
from handx_gen.captions.clause import Claim, clause_claims
from handx_gen.captions.schema import Caption
from handx_gen.skeleton import FINGERS

_PREDICATES = (
    ("clap", r"\bclap(s|ping|ped)?\b|\bapplaud\w*"),
    ("interlace", r"\binterlac\w+|\binterlock\w+|\binterwin\w+|\bslip between\b|\blace[sd]?\b"),
    ("slide", r"\brub(s|bing|bed)?\b|\bslid(es?|ing) (along|over|on|against|across)\b|\bstrok(es?|ing)\b"),
    ("apart", r"\b(stays?|remains?|keeps?|kept|staying|remaining) (apart|separated?|clear)\b"
              r"|\bkeeps? (their|its|a) distance\b"),
    ("gesture", r"\bgesture_up\b|\bv[- ]sign\b|\bhorns\b|\bpoint(s|ing)\b|\bfist\b|\bclench\w*\b"
                r"|\bballs up\b"),
    ("straight", r"\b(stays?|remains?|kept|keeps?|held|staying) (out\b|straight|extended|up\b)"),
    ("still", r"\bstill\b|\bat rest\b|\brests\b|\bresting\b|\bidle\b|\bmotionless\b|\bunmoving\b|\bstationary\b"
              r"|\bstays? (put|where|as)\b|\b(no|without|any) (movement|motion)\b"
              r"|\bdo(es)? nothing\b|\bdo(es)? not move\b|\bdoesn't move\b|\bunmoved\b"),
    ("release", r"\breleas(es|ed|ing)\b|\bwithdraw(s|n)\b|\b(comes?|lifts?|taken) off\b"),
    ("circle", r"\bcircles?\b|\bcircular\b|\bgo(es)? (a)?round\b"),
    ("pinch", r"\bpinch(es|ing|ed)?\b"),
    ("contact", r"\btouch(es|ed|ing)?\b|\btap(s|ped|ping)?\b|\bmeets?\b|\bmet\b|\bmeeting\b"
                r"|\bcontacts?\b|\bpok(es?|ed|ing)\b|\bpress(es|ed|ing)?\b|\blaid against\b"
                r"|\bleans? against\b|\bhits?\b|\bslaps?\b|\bgoes to\b|\bruns over\b"
                r"|\bpalm to palm\b|\bthumb to (?=(the )?(index|middle|ring|pinky))"
                r"|\brests? (on|against)\b|\bkiss\w*|\bprods?\b|\bgrip(s|ped)?\b|\bjoins?\b"
                r"|\b(placed|put|laid|set|held) (to|on|onto|against|upon)\b|\bstruck\b|\bstrikes?\b"
                r"|\bbumps?\b|\bknocks?\b|\bbrush(es|ed)?\b|\bgraz(es|ed)\b|\bpalm (on|against) palm\b"
                r"|\bcounts off\b|\bclasp(s|ed)?\b|\breach(es)? (?=(the )?(index|middle|ring|pinky))"),
    ("turn", r"\bpalm\b[^,;]*\b(up(wards?)?|down(wards?)?|floor|ceiling)\b"
             r"|\bwrist\b[^,;]*\b(flex\w*|extend\w*|bend\w*|cock\w*|tilt\w*)\b"
             r"|\b(hand|wrist)\b[^,;]*\b(tips?|cocked|tilts?)\b"
             r"|\b(flex(es)?|bends?|extends?|cocks?) (the )?(left |right )?wrist\b"),
    ("roll", r"(?<!in )\bturns?\b|\bturned\b|\brotat(es|ed|ing)\b|\brolls?\b"),
    ("gather", r"\bcomes? (closer|together|near)\b|\bapproach(es|ing)?\b|\bgets? smaller\b"
               r"|\bshrinks?\b|\bbrought together\b|\bdraws? near\b|\bmeet again\b"),
    ("part", r"\b(moves?|draws?|pull(s|ed)?|moving) apart\b|\bparts?\b(?! of)|\bseparates?\b"
             r"|\bwidens?\b|\bgrows\b"),
    ("spread", r"\bspread(s|ing)?\b|\bfan(s|ning|ned)? out\b|\bsplay\w*|\bfan(s)?\b"
               r"|\bmoves? (away|apart) from each other\b|\bopen(s)? wide\b"),
    ("close", r"\bside by side again\b|\bcomes? side by side\b|\bgaps between the fingers close\b"
              r"|\bfingers\b[^,;]*\bbrought together\b"),
    ("move", r"\bgoing_(left|right)\b|\b(moves?|moved|travels?|shifts?|goes|rais(es|ed)|ris(es|ing)"
             r"|lifts?|lifted|lowers?|lowered|sinks?|descends?|pushed|drifts?|slides?|swings?|carried)\b"
             r"[^,;]*\b(up(wards?)?|down(wards?)?|forwards?|front|back(wards?)?|inwards?|outwards?)\b"
             r"|\braised\b|\brises?\b|\blowers\b|\bsinks?\b|\bdescends?\b|\blowered\b|\blift(s|ed)\b"
             r"|\badvances?\b|\bdrops?\b|\bascends?\b|\bclimbs?\b|\bretreats?\b|\bretracts?\b"),
    ("count", r"\bcounts? (to|up|from)\b"),
    ("hyperextend", r"\bhyper-?extend\w*\b"),
    ("extend", r"\bstraighten(s|ed|ing)?\b|\bextend(s|ing)?\b|\bstretch(es|ed|ing)?\b|\bopens\b"
               r"|\bunfold(s|ed|ing)?\b|\buncurl(s|ed|ing)?\b|\bunbends?\b"),
    ("bend", r"\bbends?\b|\bbending\b|\bbent\b|\bcurl(s|ed|ing)?\b|\bfold(s|ed|ing)?\b|\bflex(es|ed|ing)?\b"
             r"|\bcloses?\b|\bclosing\b|\bcrook(s|ed)?\b|\bdrawn towards\b"),
    ("out", r"\bextended\b|\bheld out\b|\b(finger|index|middle|ring|pinky|thumb) out\b"),
)  # fmt: skip
_SPLIT = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PREDICATES))
_TIMES = {
    "once more": 1, "two": 2, "twice": 2, "three": 3, "thrice": 3, "2": 2, "3": 3,
}  # fmt: skip
_COUNT = re.compile(
    r"\b(twice|thrice)\b|\b(two|three|2|3) (?:times|claps|pinches|taps|circles|touches|pokes)\b"
)
_EARLY = re.compile(r"\bearly\b|\b(at|in) the (start|beginning)\b|\binitially\b")
_LATE = re.compile(r"\blate\b|\b(at|towards|near) the (very )?end\b|\bat last\b")
_BORROWED = ("bend", "extend", "contact", "pinch", "roll", "circle", "gesture")
_LONE_HAND = re.compile(r"^(and |first,? )?the (left|right)( hand| one)?$")
_IN_TURN = re.compile(
    r"\bone (after the other|by one|at a time|after another)\b|\bin (turn|sequence|succession)\b"
    r"|\bin (this|that|the following) order\b"
)
_RANGE = re.compile(
    r"\b(index|middle|ring|pinky) to (?:the )?(index|middle|ring|pinky)\b"
)
_LEADS = re.compile(
    r"\b(?:beginning|starting|begins|starts) (?:with|at|from) (?:the )?(\w+)"
    r"|\b(index|middle|ring|pinky)\b(?: \w+)? first\b"
)
_ENDS = re.compile(r"\b(index|middle|ring|pinky|thumb)\b(?: \w+)? last\b"
                   r"|\band (?:the )?(index|middle|ring|pinky) at the end\b")  # fmt: skip

@dataclass(frozen=True)
class Claims:
    """Claims of a caption and the order it gives them.

    Attributes:
        all: In the order of the text.
        order: Pairs (i, j): claim i happens before claim j.
        leading, ending: Claims whose first finger goes before, or comes after, all other
            fingers of the hand that do the same.
    """

    all: tuple[Claim, ...]
    order: tuple[tuple[int, int], ...]
    leading: tuple[Claim, ...] = ()
    ending: tuple[Claim, ...] = ()


def read_claims(caption: Caption) -> Claims:
    """The claims of all three parts of a caption."""
    found: list[Claim] = []
    order: list[tuple[int, int]] = []
    leading: list[Claim] = []
    ending: list[Claim] = []
    for field, text in caption.parts():
        parts = chunks(text, field, _SPLIT)
        groups: list[list[int]] = []
        sentence_order: list[tuple[Chunk, list[int]]] = []
        link = ""
        for k, chunk in enumerate(parts):
            if link and not chunk.link.strip(";: ") and chunk.sentence == parts[k - 1].sentence:
                chunk.link = link  # "then a wave runs through it: the index bends"
            claims = clause_claims(chunk, predicates_of(parts, k), parts, k)
            link = "" if claims else chunk.link
            claims = [replace(c, **_circumstances(chunk, c)) for c in claims]
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
    return Claims(tuple(found), tuple(order), tuple(leading), tuple(ending))


def predicates_of(
    parts: list[Chunk], k: int
) -> list[tuple[str, re.Match[str], bool]]:
    """Predicates of chunk k: its own, or that of the nearest chunk of its sentence
    that has one ("first the index, then the middle finger bends")."""
    own = [(_name(m), m, True) for m in _SPLIT.finditer(parts[k].text)]
    if own or not (parts[k].mentions or _LONE_HAND.search(parts[k].text)):
        return own
    same = [i for i in range(len(parts)) if parts[i].sentence == parts[k].sentence]
    for i in [*(i for i in same[::-1] if i < k), *(i for i in same if i > k)]:
        borrowed = [(_name(m), m, False) for m in _SPLIT.finditer(parts[i].text)]
        usable = [p for p in borrowed if p[0] in _BORROWED]
        if usable:
            return usable[-1:]
    return []


def _name(match: re.Match[str]) -> str:
    return next(name for name, _ in _PREDICATES if match.group(name) is not None)


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
    base = next((c for c in claims or found[::-1] if c.kind in ("bend", "pinch", "extend")), None)
    if base is None:
        return [], []
    results = []
    for pattern in (_LEADS, _ENDS):
        match = pattern.search(chunk.text)
        finger = next((g for g in match.groups() if g), "") if match else ""
        named = [replace(base, fingers=(finger,), group="")] if finger in FINGERS else []
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
