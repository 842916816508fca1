"""The rules: one clause → steps. From the most specific to the least."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from handx_gen.procedural.timeline import Step
from handx_gen.skeleton import FINGERS

FOUR = FINGERS[1:]

FINGER_WORDS = (
    ("thumb", r"thumbs?"),
    (
        "index",
        r"(?:index|pointer|pointing|fore)[ -]?(?:fingers?|fingertips?|tips?)?|forefingers?",
    ),
    ("middle", r"middle[ -]?(?:fingers?|fingertips?|tips?)?"),
    ("ring", r"ring[ -]?(?:fingers?|fingertips?|tips?)?"),
    (
        "pinky",
        r"(?:pinky|pinkie|pinkies|pinkys|little|small)[ -]?(?:fingers?|fingertips?|tips?)?",
    ),
)
NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "1": 1, "2": 2, "3": 3, "4": 4,
    "5": 5, "a": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Clause:
    """One clause, lower case, with what could be picked out of it."""

    text: str
    hand: str
    fingers: tuple[str, ...]
    by_side: tuple[tuple[str, str], ...]
    count: int

    def has(self, *patterns: str) -> bool:
        """Whether every pattern occurs."""
        return all(re.search(rf"\b(?:{p})\b", self.text) for p in patterns)


def _touches(c: Clause) -> list[Step]:
    """Tip of one hand to a tip, or the palm, of the other."""
    if not c.has(
        r"touch\w*|tap|taps|meet|meets|bring|poke|prod|put|press|join|together|kiss"
    ):
        return []
    sides = dict(c.by_side)
    palm = re.search(r"\b(left|right) palm\b|palm of (?:the|your) (left|right)", c.text)
    if palm and c.fingers:
        other = palm.group(1) or palm.group(2)
        hand = "left" if other == "right" else "right"
        return [Step("poke", hand, c.fingers[:1], count=c.count)]
    if "left" in sides and "right" in sides:
        return [Step("touch", "both", (sides["left"],), sides["right"], count=c.count)]
    pair = len(c.fingers) == 1 and c.has(r"together|each other|meet")
    if pair and c.has(r"both|two|\w+tips|thumbs|pinkies|fingers"):
        return [Step("touch", "both", c.fingers, c.fingers[0], count=c.count)]
    return []


def _pinch(c: Clause) -> list[Step]:
    if "thumb" not in c.fingers and not c.has(r"pinch\w*"):
        return []
    if not c.has(
        r"touch\w*|tap\w*|pinch\w*|bring|meets?|to|against|together|press|run|ok|thumb"
    ):
        return []
    others = tuple(f for f in c.fingers if f != "thumb")
    every = c.has(
        r"(?:each|every|all)(?: of the| the| your)? ?(?:finger\w*|other finger\w*)"
    ) or (c.has(r"(?:each|every) finger\w*"))
    if every and c.has("thumb"):
        order = FOUR
        if c.has(r"(?:from|starting|beginning|pinky).*") and _starts_at_pinky(c):
            order = FOUR[::-1]
        return [Step("pinch", c.hand, order, count=c.count)]
    if not others and c.has(r"pinch\w*|ok"):
        others = ("index",)
    if not others or c.has(r"hold up|show|sign|only"):
        if not (others and c.has(r"ok|pinch\w*")):
            return []
    return [Step("pinch", c.hand, others, count=c.count)]


def _starts_at_pinky(c: Clause) -> bool:
    return bool(
        re.search(
            r"(?:from|starting (?:at|with)|beginning (?:at|with)) (?:the |its |your )?"
            r"(?:pinky|pinkie|little)|(?:pinky|little finger) first", c.text,
        )
    )  # fmt: skip


def _two_hands(c: Clause) -> list[Step]:
    table = (
        ("clap", r"clap\w*|applaud\w*|(?:hit|bring|slap)\b.*\bpalms\b.*(?:together|other).*"),
        ("slide", r"(?:rub|slide|stroke)\b.*\b(?:palms?|hands)(?! over (?:to|for|back|up|down))|wash (?:the|your) hands"),
        ("interlace", r"(?:interlace\w*|interlock\w*|lace|interleave|"
                      r"slip the fingers\b.*\bbetween)"),
        ("steeple", r"steeple|(?:touch|bring|press|put)\b.*\ball (?:of )?(?:the |your )?"
                    r"fingertips|tent"),
        ("press", r"(?:press|put|hold|place)\b.*\b(?:palms|hands)\b.*\b(?:together|against|"
                  r"other|another)|pray"),
        ("part", r"\bhands\b.*\b(?:apart|away)|separate\b.*\bhands"),
        ("approach", r"\bhands\b.*\b(?:together|closer|close|near|towards)\b"),
    )  # fmt: skip
    for name, pattern in table:
        if (
            c.has(pattern)
            and not c.fingers
            and not (name == "approach" and c.has("fingers"))
        ):
            return [
                Step(
                    name, "both", count=max(c.count, 2) if name == "slide" else c.count
                )
            ]
    return []


def _counting(c: Clause) -> list[Step]:
    if not c.has(r"count\w*|numbers"):
        return []
    numbers = [
        NUMBERS[w] for w in re.findall(r"\b(one|two|three|four|five|[1-5])\b", c.text)
    ]
    return [Step("count", c.hand, count=max(numbers))] if numbers else []


SHAPE_WORDS = (
    ((), r"fists?|clench\w*|ball up|squeeze"),
    (("thumb",), r"thumbs?[ -]up"),
    (("index", "middle"), r"(?:v|peace|victory)[ -]?sign|v"),
    (("index", "pinky"), r"horns?"),
    (("thumb", "pinky"), r"shaka|hang[ -]loose"),
    (("index", "middle", "ring"), r"three fingers"),
    (("index", "middle"), r"two fingers"),
    (FOUR, r"four fingers"),
)


def _shape(c: Clause) -> list[Step]:
    for fingers, pattern in SHAPE_WORDS:
        if c.has(pattern):
            return [Step("shape", c.hand, fingers)]
    if (
        c.fingers
        and c.has(r"point|points|raise|hold up|stick out|only|just")
        and not (c.has(r"bend|curl|fold|wrist"))
    ):
        return [Step("shape", c.hand, c.fingers)]
    if c.has(r"open\w*|unfold|flatten") and not c.fingers:
        return [Step("shape", c.hand, FOUR)]
    if c.has(r"straighten|straight", r"all\b.*\bfingers") and not c.fingers:
        return [Step("shape", c.hand, FOUR)]
    if c.has(r"point|points"):
        return [Step("shape", c.hand, ("index",))]
    return []


def _spreading(c: Clause) -> list[Step]:
    if c.has(r"spread\w*|fan|splay"):
        return [Step("spread", c.hand)]
    together = c.has(r"fingers", r"together|side by side|tight to each other")
    if together and not c.fingers and c.has(r"close|bring|put|draw"):
        return [Step("close", c.hand)]
    return []


def _bending(c: Clause) -> list[Step]:
    bends = c.has(r"bends?|curls?|folds?|flex|crook|bring in|ripple|roll|close|drum")
    sequence = c.has(
        r"one (?:by one|after (?:the other|another)|at a time)|in (?:turn|sequence|succession)|"
        r"ripple|roll(?=.*fingers)|drum"
    )
    if bends and sequence and c.has("fingers"):
        return [Step("wave", c.hand, FOUR[::-1] if _starts_at_pinky(c) else FOUR)]
    if c.has(r"straightens?|extend\w*|stretch\w*|uncurl|unbend") and c.fingers:
        return [Step("extend", c.hand, c.fingers)]
    if c.fingers and c.has(r"bends?|curls?|folds?|flex|crook|bring in"):
        return [Step("bend", c.hand, c.fingers, count=c.count)]
    if c.has(r"bends?|curls?|folds?", r"fingers") and not c.has("wrists?"):
        return [Step("bend", c.hand, FOUR, count=c.count)]
    return []


_TURN_WORDS = (
    ("palm_up", r"palms?\b.*\bup|upwards?|supinat\w+"),
    ("palm_down", r"palms?\b.*\bdown|downwards?|pronat\w+"),
    ("inward", r"thumb\b|thumb's side|inward"),
    ("outward", r"pinky\b|little finger|pinky's side|outward"),
    ("extend", r"back\w*|extend\w*"),
    ("flex", r"flex\w*|palm|forward|bend|drop"),
)


def _turning(c: Clause) -> list[Step]:
    turns = c.has(
        r"turn|rotate|roll|tilt|swing|flex|bend|extend|cock|drop|face|supinate|pronate"
    )
    about_wrist = c.has(r"wrists?|palms?|hands?")
    if not (turns and about_wrist):
        return []
    fingers = [f for f in c.fingers if f not in ("thumb", "pinky")]
    if fingers:
        return []
    for direction, pattern in _TURN_WORDS:
        if c.has(pattern):
            if direction == "flex" and not c.has(r"wrists?|palm"):
                return []
            if direction in ("inward", "outward") and not c.has(r"wrists?|tilt|swing"):
                return []
            return [Step("turn", c.hand, direction=direction, count=c.count)]
    return []


MOVE_WORDS = (
    ("up", r"up|upwards?|raise|lift|higher"),
    ("down", r"down|downwards?|lower"),
    ("forward", r"forwards?|ahead|push"),
    ("back", r"back|backwards?|pull"),
    ("left", r"to the left|leftwards?|left side|left"),
    ("right", r"to the right|rightwards?|right side|right"),
)


def _moving(c: Clause) -> list[Step]:
    if c.has(r"circles?|round"):
        number = re.search(r"\b(one|two|three|[1-3]) circles\b", c.text)
        count = NUMBERS[number.group(1)] if number else c.count
        return [Step("circle", c.hand, count=count)]
    if c.has(r"still|do not move|don't move|at rest|motionless"):
        return [Step("still", c.hand)]
    if c.fingers or not c.has(
        r"move|bring|shift|carry|raise|lift|lower|push|pull|slide|take"
    ):
        return []
    text = c.text
    # The hand's own side is not a direction.
    text = re.sub(r"\b(left|right) hand\b", "hand", text)
    for direction, pattern in MOVE_WORDS:
        if re.search(rf"\b(?:{pattern})\b", text):
            return [Step("move", c.hand, direction=direction, count=c.count)]
    return []


_RULES: tuple[Callable[[Clause], list[Step]], ...] = (
    _counting, _two_hands, _touches, _spreading, _shape, _pinch, _bending, _turning, _moving,
)  # fmt: skip


def match_rules(clause: Clause) -> list[Step]:
    """Steps of the first rule that fits."""
    if clause.has(r"wrists?") and not clause.has(r"count"):
        turned = _turning(clause)
        if turned:
            return turned
    for rule in _RULES:
        found = rule(clause)
        if found:
            return found
    return []
