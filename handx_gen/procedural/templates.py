"""All templates: those written by hand, and others that follow from them.

"make a fist with {the_hand}" can also be said "{the_hand} makes a fist" and "with
{the_hand}, make a fist"; "bend {the_fingers}" also "{the_hand} bends its {fingers}".
These are derived here once, so that each primitive is written in one way only. In a
derived template `<make>` agrees with its subject, and `<its>` with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from string import ascii_lowercase
from typing import Any

from handx_gen.procedural.slots import FOUR, SHAPES
from handx_gen.procedural.templates_one_hand import HELD_OUT, ONE_HAND, TRAIN
from handx_gen.procedural.templates_two_hands import TWO_HANDS
from handx_gen.procedural.templates_varied import MORE, VARIED
from handx_gen.procedural.timeline import Step

TEMPLATES = {
    key: {**splits, VARIED: MORE.get(key, ())}
    for key, splits in (ONE_HAND | TWO_HANDS).items()
}
WORDINGS = {TRAIN: (TRAIN,), VARIED: (TRAIN, VARIED), HELD_OUT: (HELD_OUT,)}
"""Wording → the kinds of templates that it uses.

Training sentences are varied; the sentences of other splits are not, so that they stay the
same however many templates training gets.
"""

TURN_WORDING = {
    # direction: the words before and after the hand (or the wrist), pair by pair
    "flex": ("flex", " at the wrist", "bend", " towards the palm", "drop", "",
             "fold", " down at the wrist", "hang", " down from the wrist",
             "flex", " down", "fold", " towards the palm side", "curl", " forward"),
    "extend": ("bend", " back at the wrist", "extend", " back", "cock", " backwards",
               "lift", " back at the wrist", "pull", " back from the wrist",
               "bend", " towards the back of the hand", "tilt", " back",
               "extend", " all the way"),
    "inward": ("tilt", " towards the thumb", "turn", " towards the thumb side", "swing",
               " to the thumb's side", "bend", " sideways towards the thumb",
               "lean", " in the direction of the thumb", "tilt", " to the thumb",
               "bend", " thumbwards", "shift", " sideways to the thumb"),
    "outward": ("tilt", " towards the pinky", "turn", " towards the little finger side",
                "swing", " to the pinky's side", "bend", " sideways towards the pinky",
                "lean", " in the direction of the little finger", "tilt", " to the pinky",
                "bend", " pinkywards", "shift", " sideways to the little finger"),
    "palm_up": ("turn", " palm up", "rotate", " so that the palm faces up", "roll",
                " until the palm looks up", "flip", " palm up",
                "rotate", " to bring the palm on top", "turn", " so that the palm is up",
                "supinate", "", "twist", " to face the palm up"),
    "palm_down": ("turn", " palm down", "rotate", " so that the palm faces down", "roll",
                  " until the palm looks down", "flip", " palm down",
                  "rotate", " to bring the palm underneath", "turn",
                  " so that the palm is down", "pronate", "", "twist",
                  " to face the palm down"),
}  # fmt: skip
_SPECIAL = {
    "fist": ("shape", {"fingers": ()}),
    "open": ("shape", {"fingers": FOUR}),
    "pinch_all": ("pinch", {}),
}
"""Keys of templates that are not a primitive's name → (primitive, what they fix)."""
_CAN_BE_SUBJECT = frozenset(
    "open close move turn rotate roll tilt swing flex shift slide drop".split()
)
"""Verbs that a hand does by itself: "turn the left hand" → "the left hand turns"."""

_HANDS_CAN = frozenset("clap move separate part".split())
"""The same for the two hands together."""


@dataclass(frozen=True)
class Template:
    """One way of saying a primitive.

    Attributes:
        text: Words, `(a|b)`, `{slot}`, `<verb>` and `<its>`.
        primitive: Whose.
        fixed: Fields of the step that the words imply.
        split: `TRAIN`, `VARIED` or `HELD_OUT`.
        kind: "command", "front" (names the hand first), "subject" (the hand acts) or
            "bare" (names no hand: for the branch of one hand).
        verbs: Verbs that it may begin with, if it is a command.
    """

    text: str
    primitive: str
    fixed: tuple[tuple[str, Any], ...]
    split: str
    kind: str
    verbs: tuple[str, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of its slots, in order."""
        return tuple(re.findall(r"\{(\w+)\}", self.text))


def keys(step: Step) -> tuple[str, ...]:
    """The entries of `TEMPLATES` that say a step."""
    name = step.primitive
    if name == "shape" and SHAPES.get(step.fingers) in ("fist", "open"):
        return (SHAPES[step.fingers],)
    if name == "pinch" and len(step.fingers) == 4:
        return ("pinch_all",)
    special = f"{name}.{step.direction}"
    return (special,) if special in TEMPLATES else (name,)


@cache
def templates(key: str) -> tuple[Template, ...]:
    """Every template of an entry, the derived ones after the written ones."""
    primitive, fixed = _SPECIAL.get(key, (key.split(".", maxsplit=1)[0], {}))
    if "." in key:
        fixed = {"direction": key.split(".")[1]}
    two_handed = key in TWO_HANDS
    found: dict[str, Template] = {}
    for split in (TRAIN, VARIED, HELD_OUT):
        for written in TEMPLATES[key][split]:
            for text, more in _expanded(written):
                fields = tuple(sorted({**fixed, **more}.items()))
                for kind, form in _forms(text, two_handed):
                    verbs = _verbs(form) if kind in ("command", "bare") else ()
                    one = Template(form, primitive, fields, split, kind, verbs)
                    found.setdefault(repr((form, fields)), one)
    return tuple(found.values())


def _expanded(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A template whose words depend on a direction or a shape: one for each."""
    if "{turn_" in text:
        for direction, words in TURN_WORDING.items():
            part = text
            for letter, word in zip(ascii_lowercase, words):
                part = part.replace(f"{{turn_{letter}}}", word)
            yield part, {"direction": direction}
    elif "{shape_name}" in text:
        for fingers, name in SHAPES.items():
            if name not in TEMPLATES:
                yield text.replace("{shape_name}", name), {"fingers": fingers}
    else:
        yield text, {}


def _verbs(text: str) -> tuple[str, ...]:
    """The verbs that a command begins with; none if it begins with something else."""
    head = re.match(r"\(([^()]*)\)|([a-z]+)", text)
    if not head or text.startswith(("with ", "do ", "thumbs ")):
        return ()
    words = (head.group(1) or head.group(2)).split("|")
    return tuple(word.split()[0] for word in words)


def _forms(text: str, two_handed: bool) -> Iterator[tuple[str, str]]:
    """(kind, text) of a template and of those that follow from it."""
    head = re.match(r"(\([^()]*\)|[a-z]+)(?= |\{|$)", text)
    if not head or not _verbs(text):
        acting = text.startswith("{") and ":" not in text
        yield ("subject" if acting else "front"), text
        return
    yield "command", text
    verb = head.group(1)
    verb = verb if verb.startswith("(") else f"({verb})"
    agreeing, rest = f"<{verb[1:-1]}>", text[head.end() :]
    if two_handed:
        hands = re.match(r" (?:your|the|both|\(your\|the\|both\)) hands\b", rest)
        able = [v for v in verb[1:-1].split("|") if v in _HANDS_CAN]
        if able and (hands or rest == "{times}"):
            rest = rest[hands.end() :] if hands else rest
            yield (
                "subject",
                f"(the hands|both hands|the two hands) ({'|'.join(able)}){rest}",
            )
        return
    tool = re.search(r" \(?(?:with|on|using)(?:\|\w+)*\)? \{the_hand\}", rest)
    if tool:
        without = rest[: tool.start()] + rest[tool.end() :]
        yield "front", f"with {{the_hand}}, {verb}{without}"
        yield "subject", f"{{the_hand}} {agreeing}{without}"
        yield "bare", f"{verb}{without}"
    elif "{the_fingers}" in rest:
        yield (
            "front",
            f"with {{the_hand}}, {verb}{rest.replace('{the_fingers}', 'the {fingers}')}",
        )
        yield (
            "subject",
            f"{{the_hand}} {agreeing}{rest.replace('{the_fingers}', '<its> {fingers}')}",
        )
        yield "bare", f"{verb}{rest.replace('{the_fingers}', 'the {fingers}')}"
    elif re.search(r" of \{the_hand\}", rest):
        without = rest.replace(" of {the_hand}", "")
        yield "front", f"with {{the_hand}}, {verb}{without}"
        yield "bare", f"{verb}{without}"
        yield (
            "subject",
            f"{{the_hand}} {agreeing}{re.sub(r' the ', ' <its> ', without, count=1)}",
        )
    elif rest.startswith(" {the_hand}"):
        able = [v for v in verb[1:-1].split("|") if v in _CAN_BE_SUBJECT]
        if able:
            yield (
                "subject",
                f"{{the_hand}} <{'|'.join(able)}>{rest[len(' {the_hand}') :]}",
            )
