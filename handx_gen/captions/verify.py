"""Does a caption say what happened? Names what it invents and what it leaves out.

It reads claims by rules and holds them against the facts of the event JSON, whoever
wrote the caption. What it cannot read makes no claim, and a contact counts as told as
soon as a clause names who takes part in it, whatever the verb. So it is a check against
wrong hands, fingers, orders and contacts, not a proof that every word is right.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from handx_gen.captions.claim import Claim
from handx_gen.captions.claims import Claims, read_claims
from handx_gen.captions.clause import FOUR
from handx_gen.captions.coverage import takes_part, told
from handx_gen.captions.facts import Fact, Facts, facts
from handx_gen.captions.schema import Caption
from handx_gen.kinematics.timeline_events import Timeline
from handx_gen.skeleton import FINGERS, SIDES

TOLERANCE = 2
"""Frames by which things that a caption puts in order may be the other way round."""
_ACTIVE = ("bend", "extend", "move", "turn", "spread", "circle", "pinch", "palm_touch")
_TOUCHING = ("pinch", "touch", "palm_touch", "any_touch")
_NAMING = (*_TOUCHING, "straight", "out")
"""Kinds that say which finger it is."""
_ORDERED = ("bend", "extend", "pinch", "touch", "palm_touch", "palms", "acts", "spread",
            "slide", "interlace")  # fmt: skip
"""Kinds whose order is held against the facts even in a clause read in part."""
_BETWEEN = ("touch", "palm_touch", "palms", "interlace")


@dataclass(frozen=True)
class Verification:
    """What is wrong with a caption.

    Attributes:
        invented: Claims about events that did not happen, or not in that order, one
            line each.
        missing: Contacts that the caption leaves out, one line each.
    """

    invented: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not (self.invented or self.missing)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Everything found, one line each."""
        return tuple(f"did not happen: {line}" for line in self.invented) + tuple(
            f"left out: {line}" for line in self.missing
        )


def verify(caption: Caption, events: Timeline | Facts) -> Verification:
    """Hold a caption against an event JSON (or its facts, to check several captions)."""
    known = events if isinstance(events, Facts) else facts(events)
    claims = read_claims(caption)
    missing = [fact.words() for fact in known.required if not told(fact, claims)]
    # Who tells of every contact is taken to be right about the rest of what happens,
    # where a clause was not read in full.
    told_all = bool(known.required) and not missing
    invented: list[str] = []
    for claim in claims.all:
        if evidence(claim, known):
            continue
        if not claim.sure and told_all and claim.kind not in _NAMING:
            continue
        if not claim.sure and _hint(claim, known):
            continue
        invented.append(say(claim))
    invented += _disorder(claims, known)
    return Verification(tuple(dict.fromkeys(invented)), tuple(dict.fromkeys(missing)))


def say(claim: Claim) -> str:
    """A claim in a few words, with the caption's own."""
    words = [claim.hand, claim.kind.replace("_", " "), *claim.fingers]
    if claim.other:
        words += ["–", *claim.other]
    words += [claim.group, claim.direction.replace("_", " "), claim.when]
    if claim.count > 1:
        words.append(f"×{claim.count}")
    what = " ".join(word for word in words if word)
    return f"{what} ({claim.text.strip()!r})"


def evidence(claim: Claim, known: Facts) -> list[Fact]:
    """Facts that make a claim true; for claims of absence any fact will do.

    Empty if the claim is false.
    """
    true = Fact("", claim.hand)  # stands for a claim that needs no event
    found = _occurrences(claim, known, true)
    if claim.when and found != [true]:
        early, late = 0.4 * known.frames, 0.6 * known.frames
        found = [
            f
            for f in found
            if (f.start <= early if claim.when == "early" else f.stop >= late)
        ]
    if claim.count > 1 and found != [true] and not _often(claim, found):
        return []
    return found


def _hint(claim: Claim, known: Facts) -> bool:
    """Whether something of the kind happened that the words may have meant.

    Enough for a clause with unknown words in it: hands and fingers are still checked,
    what exactly they did is not.
    """
    if claim.kind in ("still", "straight", "out"):
        return False
    if claim.kind == "contact":
        return any(f.firm and f.kind in _ACTIVE for f in known.all)
    if claim.kind in _TOUCHING:
        meant = [f for f in known.all if takes_part(claim, f)]
        right = {f.other for f in known.find("touch")}
        return (
            bool(meant)
            and claim.group != "all"
            and (claim.kind != "touch" or set(claim.other) <= right)
        )
    hands = _hands(claim, known)
    for hand in hands:
        busy = [f for kind in (*_ACTIVE, "bent") for f in known.find(kind, hand)]
        busy = [f for f in busy if f.firm or not claim.fingers]
        if not set(claim.fingers) <= {f.finger for f in busy} or not busy:
            return False
    return True


def _often(claim: Claim, found: list[Fact]) -> bool:
    """Whether there are as many occurrences as claimed, by the surer reading."""
    firm = [f for f in found if f.firm] or found
    keys = {(f.hand, f.finger, f.other) for f in firm}
    most = max(
        (sum((f.hand, f.finger, f.other) == k for f in firm) for k in keys), default=0
    )
    return max(most, len({f.start for f in firm})) >= claim.count


def _hands(claim: Claim, known: Facts) -> tuple[str, ...]:
    """Sides of which a claim must be true: "" where any will do."""
    if claim.hand in SIDES:
        return (claim.hand,)
    return known.present if claim.hand == "both" else ("",)


def _occurrences(claim: Claim, known: Facts, true: Fact) -> list[Fact]:
    kind = claim.kind
    if kind == "apart":
        firm = [f for f in known.required if f.kind in _BETWEEN]
        return [] if firm else [true]
    if kind == "contact":
        return [f for f in known.all if f.kind in _BETWEEN]
    if kind == "still":
        busy = [f for f in known.all if f.firm and f.kind in _ACTIVE]
        return [] if any(f.hand in _hands(claim, known) for f in busy) else [true]
    if kind == "acts":
        return _acts(claim, known, true)
    if kind == "shape":
        return _shape(claim, known, true)
    if kind in ("straight", "out"):
        return _straight(claim, known, true)
    if kind in ("touch", "any_touch", "lead"):
        return _touches(claim, known)
    if kind in ("approach", "part", "palms", "interlace"):
        return known.find(kind)
    if kind == "palm_contact":
        return [
            f
            for f in known.all
            if f.kind == "palms"
            or (f.kind == "palm_touch" and (f.hand != claim.hand or not claim.hand))
        ]
    if kind == "gather":
        return known.find("approach") + known.find("close", claim.hand)
    if kind == "slide":
        return known.find("slide")
    if kind == "release":
        return known.find("release") + known.find("extend", claim.hand)
    if kind == "pinch" and not claim.hand and claim.fingers:
        # "Thumb and ring finger meet": whose is not said.
        return [f for f in known.all if takes_part(claim, f)]
    found: list[Fact] = []
    for hand in _hands(claim, known):
        here = _of_hand(claim, known, hand)
        if not here:
            return []
        found += here
    return found


def _of_hand(claim: Claim, known: Facts, hand: str) -> list[Fact]:
    """Occurrences of a one-hand claim on one hand ("" any)."""
    kinds = ("bend", "bent") if claim.kind == "bend" else (claim.kind,)
    if claim.kind == "move" and re.search(r"\b(wrist|palm)\b", claim.text):
        turned = known.find("turn", hand)  # "the wrist goes back" may be a turn
        if turned:
            return turned
    found = [
        fact
        for kind in kinds
        for finger in (claim.fingers or ("",))
        for fact in known.find(kind, hand, finger, claim.direction)
    ]
    seen = {fact.finger for fact in found}
    if claim.fingers and not set(claim.fingers) <= seen:
        return []
    if claim.group == "all":
        least = set(FOUR) if claim.kind in ("bend", "pinch") else set(FOUR[:2])
        return found if least <= seen or len(seen & set(FOUR)) >= 4 else []
    if claim.group == "some":
        return found if len(seen) >= 2 else []
    return found


def _acts(claim: Claim, known: Facts, true: Fact) -> list[Fact]:
    """Whatever the fingers named take part in; for no finger, that the hand moves."""
    if known.find("still", claim.hand):
        return []
    if not claim.fingers:
        return [true]
    bends = [
        f
        for kind in ("bend", "extend", "bent")
        for finger in claim.fingers
        for f in known.find(kind, claim.hand, finger)
    ]
    return bends + [f for f in known.all if takes_part(claim, f)]


def _shape(claim: Claim, known: Facts, true: Fact) -> list[Fact]:
    """The other four-finger fingers are bent, and those named are not, at some time."""
    found: list[Fact] = []
    for hand in _hands(claim, known):
        moments: list[int] = []
        for finger in FOUR:
            bends = known.find("bend", hand, finger) + known.find("bent", hand, finger)
            if finger in claim.fingers:
                continue
            if not bends:
                return []
            moments += [f.stop for f in bends if f.firm and f.start <= _first(bends)]
            found += bends
        formed = max(moments, default=known.frames)
        if any(_folded(known, hand, finger, formed) for finger in claim.fingers):
            return []
    return found or [true]


def _folded(known: Facts, hand: str, finger: str, frame: int) -> bool:
    """Whether a finger's last firm change up to a frame is a bend."""
    bends, opens = (
        [f.start for f in known.find(kind, hand, finger) if f.firm and f.start <= frame]
        for kind in ("bend", "extend")
    )
    return bool(bends) and max(bends) > max(opens, default=-1)


def _straight(claim: Claim, known: Facts, true: Fact) -> list[Fact]:
    """No finger named is folded when the others first are, or, "out", at a contact."""
    for hand in _hands(claim, known):
        for finger in claim.fingers:
            moments = [f.start for f in known.required if f.kind != "pinch"]
            if claim.kind == "straight":
                others = [f for f in known.find("bend", hand) if f.finger != finger]
                moments = [f.stop for f in others if f.firm][:1]
            for moment in moments or [known.frames]:
                if _folded(known, hand, finger, moment):
                    return []
    return [true]


def _touches(claim: Claim, known: Facts) -> list[Fact]:
    """Contacts of fingertips of the two hands, or of a fingertip and the other hand."""
    if claim.kind in ("any_touch", "lead"):
        meant = [f for f in known.all if takes_part(claim, f)]
        busy = [
            f
            for kind in ("bend", "extend", "bent")
            for finger in claim.fingers
            for f in known.find(kind, claim.hand, finger)
        ]
        first = claim.kind == "lead" and not any(f.kind in _BETWEEN for f in meant)
        between = any(f.kind in _BETWEEN for f in known.required)
        return meant + (busy if first and not between else [])
    found = known.find("touch")
    if claim.group == "all":
        pairs = {(f.finger, f.other) for f in found}
        return found if sum((f, f) in pairs for f in FINGERS) >= 4 else []
    return [
        f
        for f in found
        if f.finger in (claim.fingers or FINGERS)
        and f.other in (claim.other or FINGERS)
    ]


def _disorder(claims: Claims, known: Facts) -> list[str]:
    """Claims whose order is the wrong way round."""
    wrong = []
    for i, j in claims.order:
        first, second = claims.all[i], claims.all[j]
        if not all(c.sure or c.kind in _ORDERED for c in (first, second)):
            continue
        a = _starts(first, known, second.fingers)
        b = _starts(second, known, first.fingers)
        if a and b and min(a) > max(b) + TOLERANCE:
            wrong.append(f"{say(first)} before {say(second)}")
    for claim in claims.leading:
        own, rest = _against(claim, known)
        if rest and (not own or min(own) > min(rest) + TOLERANCE):
            wrong.append(f"{say(claim)} first")
    for claim in claims.ending:
        own, rest = _against(claim, known)
        if rest and (not own or max(own) < max(rest) - TOLERANCE):
            wrong.append(f"{say(claim)} last")
    return wrong


def _starts(claim: Claim, known: Facts, but: tuple[str, ...] = ()) -> list[int]:
    """Start frames of what a claim is about; firm facts where there are any.

    Args:
        claim: The claim.
        known: The facts.
        but: Fingers that another claim is about: "then the others" is not about them.
    """
    found = [fact for fact in evidence(claim, known) if fact.kind]
    if claim.group:
        found = [fact for fact in found if fact.finger not in but]
    if claim.kind == "shape" and found:  # it is there when its last finger bends
        fingers = {f.finger for f in found}
        return [max(_first(f for f in found if f.finger == name) for name in fingers)]
    return [f.start for f in found if f.firm] or [f.start for f in found]


def _first(found: Iterable[Fact], end: str = "start") -> int:
    """The first start (or stop), of firm facts where there are any."""
    listed = list(found)
    firm = [getattr(f, end) for f in listed if f.firm]
    return min(firm or [getattr(f, end) for f in listed])


def _against(claim: Claim, known: Facts) -> tuple[list[int], list[int]]:
    """Starts of the finger's own facts, and of the hand's other fingers'."""
    hand = claim.hand if claim.hand in SIDES else ""
    found = [f for f in known.find(claim.kind, hand) if f.firm and f.finger]
    own = [f.start for f in found if f.finger in claim.fingers]
    return own, [f.start for f in found if f.finger not in claim.fingers]
