# ruff: noqa: E501  # patterns read better unbroken
"""Does a caption tell of a contact?

Either a claim that was read says so, or a clause names those who take part in it and
how they are joined, with a verb that the reader does not know ("the thumb visits every
fingertip"). The second way is meant to let odd words pass, so it is used for what a
caption leaves out, never as evidence for what it says.
"""

import re

from handx_gen.captions.chunks import Chunk
from handx_gen.captions.claim import Claim
from handx_gen.captions.claims import Claims
from handx_gen.captions.facts import Fact
from handx_gen.captions.predicates import SPLIT, predicates
from handx_gen.skeleton import FINGERS, SIDES

_JOINED = re.compile(
    r"\b(to|on|onto|upon|into|against|with|by|between|over|at|together|from|visits?)\b|–"
)
_EVERY = re.compile(
    r"(?:^|\b(every|each|all|four|both|the|its)\b[^.;]*)"
    r"\b(fingertips?|fingers?|digits?|tips?|of them)\b"
)
_ACROSS = re.compile(
    r"\b(others?(?! (?:fingers|digits|ones))|opposite|partners?|each other|one another|both|two|"
    r"left|right|together|corresponding|matching|like|twins?|counterparts?|across)\b|'s\b"
)
_PALMS = re.compile(
    r"\b(palms?|hands?)\b[^.;]*\b(together|each other|one another|palm|against|flat|other|"
    r"partner)\b|\b(press\w*|rest\w*|lay\w*|lies|lean\w*|push\w*) (it|itself)? ?(on|against|upon|to) "
    r"(the |its )?(left|right|other|partner)\b|\bpalms come together\b|\bclap\w*|\bprayer\b|\bpraying\b|\bnamaste\b|\bgroup of claps\b|"
    r"\bslap\w*"
)
_LACED = re.compile(
    r"\bbetween (those|the|its|each|one)\b|\b(fingers?|hands?|digits?)\b[^.;]*\b("
    r"between|through|lock\w*|link\w*|clasp\w*|fold\w* together|joined|hold on to|woven|crossing|into (each other|one another))\b"
    r"|\b(interl|interd|interw|intert|inter-)\w+|\bprayer\b|\b(laces?|lacing|laced)\b"
    r"|\bfinger between finger\b"
)
_HANDS_DO = re.compile(
    r"\b(hands|palms) (?!(do|are|is|both|also|all|in|keep|stay|remain|act|work|move|have|at|"
    r"as|of|and|on|with|without|mirror|hold)\b)[a-z]+"
)
_FINGERS_DO = re.compile(
    r"\b(fingers|hands) (?!(do|are|is|all|in|keep|stay|remain|of|and)\b)[a-z]+"
)
_TIPS = re.compile(
    r"\b(fingertips?|tips?|fingers|digits)\b[^.;]*\b(against|on|to|joined|contact|touch\w*|"
    r"match\w*|correspond\w*|partners?|meet\w*)\b|\btip (contact|touch)\b|\bsteepled?\b"
)
_ONE = re.compile(
    r"\b(finger|fingertip) (to|on|against) (the )?thumb\b"
    r"|\bthumb (to|on|against) (a |the )?finger\b"
)
_THERE = re.compile(
    r"\b(left|right|other) (hand's )?palm\b|\bpalm of the (left|right|other)\b"
)
_PALM = re.compile(r"\bpalms?\b(?! down)|\b(other|left|right) hand\b")
_ABSENT = re.compile(
    r"\b(no|not|never|without|nothing|none|neither|nor|stays? apart)\b|n't\b"
)
_NEARING = re.compile(
    r"\bapproach\w*|\b(com\w+|mov\w+|brought) (closer|together|apart)\b"
)


def told(fact: Fact, claims: Claims) -> bool:
    """Whether a caption mentions a contact, by a claim or by naming who takes part."""
    if any(covers(claim, fact) for claim in claims.all):
        return True
    return any(_names(chunk, fact) for chunk in claims.clauses)


def takes_part(claim: Claim, fact: Fact) -> bool:
    """Whether a contact is one of the claim's finger with anything."""
    if fact.kind not in ("pinch", "touch", "palm_touch"):
        return False
    if fact.kind == "touch":
        both = (fact.finger, fact.other)
        if claim.hand in SIDES:
            return both[SIDES.index(claim.hand)] in claim.fingers
        return bool(set(both) & set(claim.fingers))
    if claim.hand in SIDES and claim.hand != fact.hand:
        return False
    thumb = fact.kind == "pinch" and "thumb" in claim.fingers
    return fact.finger in claim.fingers or thumb


def covers(claim: Claim, fact: Fact) -> bool:
    """Whether a claim mentions a contact."""
    if claim.kind in ("shape", "apart", "acts"):
        return False
    if claim.kind == "any_touch":
        return takes_part(claim, fact)
    if fact.kind == "palms" and claim.kind in ("slide", "palm_contact"):
        return True
    if fact.kind == "palm_touch" and claim.kind == "palm_contact":
        return fact.hand != claim.hand or not claim.hand
    if claim.kind == "pinch" and not claim.hand and claim.fingers:
        return takes_part(claim, fact)
    if claim.kind != fact.kind:
        return False
    if fact.kind == "touch":
        return claim.group == "all" or (
            fact.finger in (claim.fingers or FINGERS)
            and fact.other in (claim.other or FINGERS)
        )
    if fact.kind in ("pinch", "palm_touch"):
        named = claim.group == "all" or fact.finger in (claim.fingers or FINGERS)
        return named and claim.hand in ("", "both", fact.hand)
    return True


def _names(clause: Chunk, fact: Fact) -> bool:
    """Whether a clause names the parties of a contact and joins them."""
    text = clause.text
    absent = _ABSENT.search(text)
    if absent and "," not in text[: absent.start()]:
        return False
    contact = any(kind in ("contact", "pinch") for kind, _ in predicates(text))
    unread = not SPLIT.search(text)
    joined = unread or _JOINED.search(text)
    if fact.kind == "palms":
        nearing = _NEARING.search(text) and not _PALM.search(text)
        return not nearing and bool(
            _PALMS.search(text) or (unread and _HANDS_DO.search(text))
        )
    if fact.kind == "interlace":
        return bool(_LACED.search(text) or (unread and _FINGERS_DO.search(text)))
    named = {m.finger for m in clause.mentions if _of(m.side, clause.part, fact.hand)}
    if fact.kind == "pinch":
        if named == {"thumb"} and clause.part in SIDES and _ONE.search(text):
            return True  # "finger to thumb"
        every = "thumb" in named and _EVERY.search(text)
        pair = {"thumb", fact.finger} <= named
        return bool((pair or every) and joined)
    if fact.kind == "palm_touch":
        joined = joined or _THERE.search(text)
        return fact.finger in named and bool(_PALM.search(text) and joined)
    if re.search(r"\btowards?\b|\bleads\b|\bother fingers\b", text):
        return False
    here = {m.finger for m in clause.mentions}
    if not here and _TIPS.search(text):
        return bool(unread or clause.part == "relation" or _ACROSS.search(text))
    if not here and clause.part in SIDES and contact and _ACROSS.search(text):
        return True  # "it gives its twin a tap"
    if (
        clause.part in SIDES
        and len(clause.mentions) > 1
        and here == {fact.finger, fact.other}
    ):
        return bool(joined)  # "ring finger to ring finger"
    own = {"left": fact.finger, "right": fact.other}.get(clause.part, "")
    if own:
        return own in here and bool(_ACROSS.search(text) and joined)
    if _EVERY.search(text) and not here:
        return bool(_ACROSS.search(text) and joined) or unread
    named = {fact.finger, fact.other} <= here
    return named and (unread or bool(_ACROSS.search(text)))


def _of(side: str, part: str, hand: str) -> bool:
    """Whether a finger named may be one of a hand."""
    if part in SIDES and side in ("", part):
        return part == hand
    return side in ("", "both", hand)
