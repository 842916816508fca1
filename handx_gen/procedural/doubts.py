"""Which words of a clause its step does not account for.

A rule matches a clause by a few of its words; the others may turn its meaning round
("do not clap", "clap seven times", "clap with the left hand"). Every word must
therefore be one that the wording of this very primitive uses, and every number, finger
and hand named must be one that the step has. What remains is a doubt, and with a doubt
the text verdict is "can't tell".
"""

import re

from handx_gen.procedural.compiled import verb_forms
from handx_gen.procedural.rules import FINGER_WORDS, MOVE_WORDS, SHAPE_WORDS, Clause
from handx_gen.procedural.slots import SHAPES
from handx_gen.procedural.templates import HELD_OUT, TEMPLATES, TRAIN, TURN_WORDING
from handx_gen.procedural.timeline import Step
from handx_gen.procedural.vocabulary import PRIMITIVES

_NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"
)  # fmt: skip
_NUMBERS = {word: k for k, word in enumerate(_NUMBER_WORDS)} | {
    str(k): k for k in range(11)
}
_IDIOMS = (
    r"\bone (?:by one|at a time|another|after (?:the other|another))\b|\beach other(?:'s)?\b|"
    r"\bat the same time\b|\btwo hands\b"
)
_ALWAYS = frozenset(
    """a an the of with on and using your you my me please can could would will should
    want i is do let hand hands hand's both each it its it's them they""".split()
)
_FINGERS = frozenset("finger fingers fingertip fingertips tip tips all".split())
_WITHOUT_FINGERS = (
    "clap", "press", "slide", "approach", "part", "still", "move", "circle", "turn"
)  # fmt: skip
_SYNONYMS = {
    "shape": "give rock hang loose peace victory sign only sides tight wide straight into",
    "pinch": "ok okay make sign gently together every turn sequence against to",
    "bend": "only in",
    "extend": "only out straight",
    "still": "stay stays motionless",
    "wave": "turn to",
    "spread": "apart wide",
    "close": "tightly",
    "circle": "circle",
    "clap": "together in row",
    "turn": "so that face faces facing wrist wrists palm palms to",
    "move": "to side",
    "poke": "other to",
    "touch": "meet meets against to two",
    "steeple": "press like",
    "approach": "close",
}
"""Words beside the templates' that say nothing more than the primitive itself does."""


def doubts(clause: Clause, step: Step) -> list[str]:
    """Words that `step` leaves out of account, in the order of the text.

    Args:
        clause: One clause of the text.
        step: What the rules made of it.
    """
    words = [
        word.rstrip(".")
        for word in re.findall(r"[^\s,;:!?\"()]+", _plain(clause, step))
    ]
    known = _known(step) | _ALWAYS
    if step.primitive not in _WITHOUT_FINGERS:
        known |= _FINGERS
    forms = verb_forms()
    left = [
        w for w in words if w and not {w, w.removesuffix("s"), forms.get(w, w)} & known
    ]
    return [
        *left,
        *_hands(clause, step),
        *_fingers(clause, step),
        *_sense(clause, step),
    ]


def _plain(clause: Clause, step: Step) -> str:
    """The text without idioms, fingers, sides and the numbers that the step may have."""
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", clause.text)
    text = re.sub(_IDIOMS, " ", text)
    if step.primitive == "shape":
        # "up" belongs to a verb: "point up" asks for more than a shape.
        text = re.sub(r"\b(?:hold|ball|thumbs?)s? up\b", " ", text)
    text = re.sub(rf"\b(?:{_said(step.count)}) (?=times?\b|circles?\b)", " ", text)
    for _, pattern in FINGER_WORDS:
        text = re.sub(rf"\b(?:{pattern})(?:'s)?(?![\w'])", " ", text)
    return re.sub(r"\b(?:left|right)(?:'s)?(?![\w'])", " ", text)


def _known(step: Step) -> set[str]:
    """Words that ask for this step."""
    name = step.primitive
    keys = {"pinch": ("pinch", "pinch_all")}.get(name, (name,))
    if name == "shape":
        keys = ("shape", *(SHAPES[()],) * (not step.fingers),
                *("open",) * (len(step.fingers) == 4))  # fmt: skip
    # What was added later is read in full or not at all: its words alone prove nothing.
    phrases = [p for key in keys for s in (TRAIN, HELD_OUT) for p in TEMPLATES[key][s]]
    if name == "turn":
        phrases += TURN_WORDING[step.direction][:6]
    elif name == "shape":
        phrases += [SHAPES.get(step.fingers, "")]
        phrases += [f"{_NUMBER_WORDS[len(step.fingers)]}"] * (len(step.fingers) > 1)
    else:
        phrases += PRIMITIVES[name].examples if name in _PLAIN_EXAMPLES else ()
    text = re.sub(r"\{\w+\}", " ", " ".join(phrases)).lower()
    known = set(re.findall(r"[a-z']+", text)) | set(_SYNONYMS.get(name, "").split())
    if name == "shape":
        known -= {"up"}
    if name == "move":
        known |= set(
            re.findall(r"[a-z]+", dict(MOVE_WORDS)[step.direction].replace("s?", ""))
        )
    if name in ("pinch", "wave") and len(step.fingers) == 4:
        known |= {"from", "starting", "beginning", "first"}
    if name == "count":
        return known | set(_said(1).split("|")) | set(_said(step.count).split("|"))
    once = {1: "once", 2: "twice", 3: "thrice"}.get(step.count, "times")
    return known | {once, "times", "time"}


_ENDS = "from|starting|beginning|first"
_PLAIN_EXAMPLES = ("pinch", "clap", "steeple", "interlace")


def _said(count: int) -> str:
    """A number as a pattern: "three|3"."""
    return "|".join(word for word, number in _NUMBERS.items() if number == count)


def _hands(clause: Clause, step: Step) -> list[str]:
    """Sides named that the step does not have."""
    text = re.sub(_IDIOMS, " ", clause.text)
    if step.primitive == "move":
        text = re.sub(
            rf"\b(?:{dict(MOVE_WORDS)[step.direction]})\b(?! hand)", " ", text
        )
    named = re.findall(r"\b(left|right)\b", text)
    sides = set(named)
    if PRIMITIVES[step.primitive].two_handed:
        return sorted(sides) if len(sides) == 1 and step.primitive != "poke" else []
    joined = re.search(r"\b(left|right)( hand)? and (the |your )?(left|right)\b", text)
    if len(sides) == 2 and not (joined and len(named) == 2):
        return named
    if len(sides) == 1 and re.search(r"\b(both|each hand|two hands)\b", text):
        return ["both"]
    return [] if not sides or step.hand in (*sides, "both") else sorted(sides)


def _fingers(clause: Clause, step: Step) -> list[str]:
    """Fingers named that the step does not move."""
    has = {*step.fingers, step.other_finger}
    name = step.primitive
    if name == "turn":
        has = {"inward": {"thumb"}, "outward": {"pinky"}}.get(step.direction, set())
    elif name in ("pinch", "wave"):
        if len(step.fingers) == 4:
            # A sweep names its ends, or nothing, or all four.
            ends = {"index", "pinky"}
            named = set(clause.fingers) - {"thumb"}
            has = ends if clause.has(_ENDS) and named <= ends else set()
            has = {*step.fingers} if named == {*step.fingers} else has
        has = has | ({"thumb"} if name == "pinch" else set())
    wrong = [finger for finger in clause.fingers if finger not in has]
    if name == "touch":
        pairs = set(clause.by_side)
        if len(pairs) > 2 or (
            pairs and pairs != {("left", step.fingers[0]), ("right", step.other_finger)}
        ):
            wrong += [finger for _, finger in clause.by_side]
    if name == "poke":
        wrong += [f for side, f in clause.by_side if side != step.hand]
    return wrong


def _sense(clause: Clause, step: Step) -> list[str]:
    """Words that are known and yet do not fit together."""
    wrong = []
    if step.primitive == "shape":
        shapes = [
            p for _, p in (*SHAPE_WORDS, ((), "opens?|unfold|flatten")) if clause.has(p)
        ]
        wrong += ["two shapes in one clause"] * (len(shapes) > 1)
        wrong += re.findall(r"^points? (?:to the )?(left|right)$", clause.text)
    if step.primitive == "still" and clause.has("not|don't"):
        wrong += ["not"] * (not clause.has("(?:do not|don't) move"))
        wrong += ["not"] * clause.has("still|rest|motionless")
    if step.primitive == "pinch" and not clause.fingers:
        wrong += re.findall(r"\bfingers|\b(?:each|every|all)\b(?! hand)", clause.text)
    wrong += ["circles"] * (step.count == 1 and clause.has("circles"))
    wrong += ["both"] * (step.primitive == "poke" and clause.has("both"))
    wrong += ["other"] * (step.primitive != "poke" and clause.has("other hand"))
    repeats = re.findall(
        r"\b(?:once|twice|thrice|times?|\w+ circles)\b",
        re.sub(_IDIOMS, "", clause.text),
    )
    return wrong + repeats[1:]
