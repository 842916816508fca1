"""The slots of a template: how a step's parameter is said, and how it is read back.

A template is words with alternatives, `(bend|curl)`, and slots, `{the_fingers}`. Every
slot has a `say` (step → words), a pattern that covers whatever it may say, and a `read`
(words → fields of a step). So a template can be spoken and understood from one text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from handx_gen.procedural.timeline import Step
from handx_gen.skeleton import FINGERS

FOUR = FINGERS[1:]
HELD_OUT_SYNONYM = 0.35
"""How often the held-out wording uses a synonym that training never sees."""


@dataclass(frozen=True)
class Voice:
    """Who speaks: draws words, from the training ones or also from the held-out ones.

    Attributes:
        rng: Draws.
        held_out: Whether held-out synonyms may be used.
        owner: Whose hands they are said to be, besides "the": "your" or "their".
    """

    rng: np.random.Generator
    held_out: bool = False
    owner: str = "your"

    def pick(self, choices: tuple[str, ...]) -> str:
        """One of `choices`; repeat one to hear it more often."""
        return choices[int(self.rng.integers(len(choices)))]

    def word(self, synonyms: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
        """One of (training synonyms, held-out synonyms)."""
        seen, kept = synonyms
        if self.held_out and kept and self.rng.random() < HELD_OUT_SYNONYM:
            return self.pick(kept)
        return self.pick(seen)


FINGER_NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "thumb": (("thumb",), ()),
    "index": (
        ("index finger", "index finger", "index", "forefinger", "pointer finger"),
        ("pointing finger", "pointer"),
    ),
    "middle": (("middle finger", "middle finger", "middle"), ("long finger",)),
    "ring": (("ring finger", "ring finger", "ring"), ("wedding-ring finger",)),
    "pinky": (
        ("pinky", "little finger", "pinky finger", "pinkie"),
        ("small finger", "baby finger"),
    ),
}
"""Finger → what it is called, in training and held out."""

NUMBERS = ("zero", "one", "two", "three", "four", "five")
_TIMES: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
    1: (("", "", "", "", "", " once", " one time"), (" a single time",)),
    2: ((" twice", " two times", " 2 times"), (" two times in a row",)),
    3: ((" three times", " 3 times", " three times over"), (" thrice",)),
    4: ((" four times", " 4 times"), ()),
    5: ((" five times", " 5 times"), ()),
}
DIRECTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "left": (("to the left", "leftwards"), ("towards the left side",)),
    "right": (("to the right", "rightwards"), ("towards the right side",)),
    "forward": (("forward", "forwards"), ("ahead",)),
    "back": (("back", "backward"), ("rearwards",)),
    "up": (("up", "upward"), ("higher",)),
    "down": (("down", "downward"), ("lower",)),
}  # fmt: skip
SHAPES = {
    (): "fist",
    FOUR: "open",
    ("index",): "point",
    ("index", "middle"): "make a V sign",
    ("thumb",): "thumbs up",
    ("index", "pinky"): "make horns",
    ("thumb", "pinky"): "make a shaka sign",
    ("index", "middle", "ring"): "show three fingers",
    ("pinky",): "hold up a pinky",
}
"""Fingers extended → what the shape is called."""

OWNERS = "the|your|their|his|her|my|its"
ONE_HAND = rf"(?:(?:{OWNERS}) )?(?:left|right)(?:[ -]hand)?"
BOTH_HANDS = (
    rf"(?:both|each|the two)(?: of)?(?: (?:{OWNERS}))? hands?|"
    rf"(?:{OWNERS}) (?:two )?hands"
)
A_HAND = rf"(?:{ONE_HAND}|{BOTH_HANDS})"
A_FINGER = (
    r"(?:thumbs?|fore[ -]?fingers?|(?:index|pointer|pointing|middle|long|ring|wedding-ring|"
    r"pinky|pinkie|little|small|baby)(?: (?:fingers?|fingertips?|tips?))?|pinkies)"
)
FINGER_LIST = (
    rf"(?:{A_FINGER}(?:(?:, {A_FINGER})*,? and {A_FINGER})?|(?:four )?fingers)"
)
_FINGER_OF = (
    ("thumb", "thumb"), ("fore", "index"), ("index", "index"), ("point", "index"),
    ("middle", "middle"), ("long", "middle"), ("wedding", "ring"), ("ring", "ring"),
    ("pink", "pinky"), ("little", "pinky"), ("small", "pinky"), ("baby", "pinky"),
)  # fmt: skip
Fields = dict[str, Any]


@dataclass(frozen=True)
class Slot:
    """One parameter of a template.

    Attributes:
        say: `(step, voice) -> words`.
        pattern: Regular expression, without groups, of everything that may be said.
        read: `words -> fields of Step`; None if the words contradict themselves.
        fits: Whether a step can be said with it.
    """

    say: Callable[[Step, Voice], str]
    pattern: str
    read: Callable[[str], Fields | None]
    fits: Callable[[Step], bool] = lambda step: True


def read_hand(words: str) -> str:
    """The hand named: "left", "right" or "both"."""
    side = re.search(r"\b(left|right)\b", words)
    return side.group(1) if side else "both"


def read_fingers(words: str) -> tuple[str, ...]:
    """Fingers named, in the order of the words; "the fingers" are the four."""
    found = re.findall(A_FINGER, words)
    if not found:
        return FOUR
    return tuple(
        next(name for start, name in _FINGER_OF if w.startswith(start)) for w in found
    )


def say_finger(finger: str, voice: Voice) -> str:
    """A finger's name."""
    return voice.word(FINGER_NAMES[finger])


def say_fingers(fingers: tuple[str, ...], voice: Voice) -> str:
    """One finger, or several joined by "and"."""
    if len(fingers) > 3 and set(fingers) == set(FOUR):
        return voice.pick(("fingers", "four fingers", "fingers"))
    words = [say_finger(finger, voice) for finger in fingers]
    if len(words) < 2:
        return "".join(words)
    if len(words) == 2 and all(w.endswith(" finger") for w in words):
        if voice.rng.random() < 0.4:  # "index and middle fingers"
            words = [words[0].removesuffix(" finger"), words[1] + "s"]
    return ", ".join(words[:-1]) + " and " + words[-1]


def plural(name: str) -> str:
    """Plural: "pinky" → "pinkies", "ring" → "ring fingers"."""
    if name.endswith("ky"):
        return name[:-1] + "ies"
    tail = name.endswith(("finger", "thumb", "pinkie"))
    return name + "s" if tail else name + " fingers"


def say_hand(step: Step, voice: Voice) -> str:
    """The hand: "the left hand"."""
    side, own = step.hand, voice.owner
    if side == "both":
        seen = ("both hands", "both hands", "each hand", f"both {own} hands")
        return voice.word((seen, ("the two hands", f"both of {own} hands")))
    seen = (
        f"the {side} hand",
        f"the {side} hand",
        f"{own} {side} hand",
        f"{side} hand",
    )
    return voice.word((seen, (f"the {side}", f"{own} {side}")))


def _say_the_fingers(step: Step, voice: Voice) -> str:
    side, own = step.hand, voice.owner
    fingers = say_fingers(step.fingers, voice)
    if side == "both":
        forms = [f"the {fingers} of both hands", f"the {fingers} on each hand",
                 f"the {fingers} of each hand"]  # fmt: skip
        if len(step.fingers) == 1:
            forms.append(f"both {plural(say_finger(step.fingers[0], voice))}")
        return voice.pick(tuple(forms))
    return voice.pick(
        (
            f"the {side} {fingers}", f"the {fingers} of the {side} hand",
            f"{own} {side} {fingers}", f"the {fingers} on {own} {side} hand",
            f"the {side} hand's {fingers}", f"the {fingers} of {own} {side} hand",
        )
    )  # fmt: skip


def _read_the_fingers(words: str) -> Fields:
    return {"hand": read_hand(words), "fingers": read_fingers(words)}


THE_FINGERS = (
    rf"(?:(?:(?:{OWNERS}) )?(?:left|right)(?: hand's)? {FINGER_LIST}|"
    rf"(?:{OWNERS}) {FINGER_LIST} (?:of|on) {A_HAND}|both {A_FINGER})"
)


def _just_fingers(words: str) -> Fields:
    return {"fingers": read_fingers(words)}


def _read_count(words: str) -> Fields | None:
    for number, names in _TIMES.items():
        if words in names[0] or words in names[1]:
            return {"count": number}
    return None


def _read_number(words: str) -> Fields:
    return {"count": int(words) if words.isdigit() else NUMBERS.index(words)}


def _read_direction(words: str) -> Fields | None:
    for name, (seen, kept) in DIRECTIONS.items():
        if words in seen + kept:
            return {"direction": name}
    return {"direction": words.replace(" ", "_")}


def _say_direction(step: Step, voice: Voice) -> str:
    if step.direction in DIRECTIONS:
        return voice.word(DIRECTIONS[step.direction])
    return step.direction.replace("_", " ")


def _say_order(step: Step, voice: Voice) -> str:
    backwards = step.fingers[:1] == ("pinky",)
    if backwards:
        ends = (" from the pinky to the index", " from the little finger to the index",
                " starting with the pinky", " from pinky to index")  # fmt: skip
        return voice.word((ends, (" with the pinky first",)))
    return voice.pick(
        ("", "", "", " from the index to the pinky", " starting with the index")
    )


def _read_order(words: str) -> Fields:
    first = read_fingers(words)[:1] if words else ("index",)
    return {"fingers": FOUR[::-1] if first == ("pinky",) else FOUR}


_END = r"(?:the )?(?:index|pinky|little finger)"
_ORDER = rf"(?: from {_END} to {_END}| starting with {_END}| with {_END} first)?"


def _tip(side: str) -> Slot:
    field = "left" if side == "left" else "right"

    def say(step: Step, voice: Voice) -> str:
        finger = (
            step.fingers[0] if side == "left" else step.other_finger or step.fingers[0]
        )
        name = say_finger(finger, voice)
        own = voice.owner
        return voice.pick(
            (
                f"the {side} {name}", f"the {side} {name}", f"{own} {side} {name}",
                f"the {name} of the {side} hand", f"the {side} hand's {name}",
            )
        )  # fmt: skip

    def read(words: str) -> Fields | None:
        if read_hand(words) != field:
            return None
        (finger,) = read_fingers(words)
        return {"fingers": (finger,)} if side == "left" else {"other_finger": finger}

    pattern = (
        rf"(?:(?:(?:{OWNERS}) )?{side}(?: hand's)? {A_FINGER}|"
        rf"(?:{OWNERS}) {A_FINGER} (?:of|on) (?:{OWNERS}) {side} hand)"
    )
    return Slot(say, pattern, read)


def _other(step: Step) -> str:
    return {"left": "right", "right": "left"}.get(step.hand, "right")


def _one_sided(step: Step) -> bool:
    return step.hand in ("left", "right")


def _circles(step: Step, voice: Voice) -> str:
    return (
        voice.pick(("a circle", "one circle"))
        if step.count == 1
        else f"{NUMBERS[step.count]} circles"
    )


def _read_circles(words: str) -> Fields:
    word = words.split(maxsplit=1)[0]
    return {"count": 1 if word == "a" else NUMBERS.index(word)}


_NUMBER = r"(?:one|two|three|four|five|[1-5])"
_SIDE = "(?:left|right)"


def _any(words: dict[Any, tuple[tuple[str, ...], tuple[str, ...]]]) -> str:
    """A pattern of all the words of a table, the longest first."""
    every = {w for seen, kept in words.values() for w in seen + kept if w}
    return "|".join(re.escape(w) for w in sorted(every, key=lambda w: (-len(w), w)))


_COUNTS, _WAYS = _any(_TIMES), _any(DIRECTIONS)
_fingers_slot = Slot(
    lambda s, v: say_fingers(s.fingers, v),
    FINGER_LIST,
    _just_fingers,
    lambda s: bool(s.fingers),
)
_hand_slot = Slot(say_hand, A_HAND, lambda w: {"hand": read_hand(w)})
_order_slot = Slot(_say_order, _ORDER, _read_order)

SLOTS: dict[str, Slot] = {
    "the_hand": _hand_slot,
    "hands": _hand_slot,
    "hand_word": Slot(
        lambda s, v: "hand on both sides" if s.hand == "both" else f"{s.hand} hand",
        "(?:hand on both sides|(?:left|right) hand)",
        lambda w: {"hand": read_hand(w)},
    ),
    "the_wrist": Slot(
        lambda s, v: v.pick(("both wrists", f"both {v.owner} wrists", "each wrist"))
        if s.hand == "both"
        else v.pick((f"the {s.hand} wrist", f"{v.owner} {s.hand} wrist",
                     f"the wrist of the {s.hand} hand")),
        rf"(?:(?:(?:{OWNERS}) )?(?:left|right) wrist|the wrist of (?:the )?(?:left|right) hand|"
        rf"(?:both|each)(?: (?:{OWNERS}))? wrists?)",
        lambda w: {"hand": read_hand(w)},
    ),
    "the_fingers": Slot(
        _say_the_fingers, THE_FINGERS, _read_the_fingers, lambda s: bool(s.fingers)
    ),
    "fingers": _fingers_slot,
    "pinched": _fingers_slot,
    "one_finger": Slot(
        lambda s, v: say_fingers(s.fingers, v), A_FINGER, _just_fingers,
        lambda s: len(s.fingers) == 1,
    ),
    "shape_fingers": Slot(
        lambda s, v: "the " + (say_fingers(s.fingers, v) or "thumb"),
        rf"(?:{OWNERS}) {FINGER_LIST}", _just_fingers, lambda s: bool(s.fingers),
    ),
    "times": Slot(
        lambda s, v: v.word(_TIMES[s.count]), f"(?:{_COUNTS})?", _read_count,
        lambda s: s.count in _TIMES,
    ),
    "number": Slot(
        lambda s, v: v.pick((NUMBERS[s.count], NUMBERS[s.count], str(s.count))), _NUMBER,
        _read_number, lambda s: s.count < len(NUMBERS),
    ),
    "circles": Slot(
        _circles, "(?:a circle|one circle|(?:two|three|four|five) circles)", _read_circles,
        lambda s: s.count < len(NUMBERS),
    ),
    "direction": Slot(
        _say_direction, f"(?:{_WAYS})", _read_direction, lambda s: bool(s.direction)
    ),
    "wave_order": _order_slot,
    "sweep": _order_slot,
    "left_tip": _tip("left"),
    "right_tip": _tip("right"),
    "same_tips": Slot(
        lambda s, v: v.pick(("both ", "the ")) + plural(say_finger(s.fingers[0], v)),
        rf"(?:both|the|your) {A_FINGER}",
        lambda w: {"fingers": read_fingers(w), "other_finger": read_fingers(w)[0]},
        lambda s: s.fingers == (s.other_finger,),
    ),
    "side": Slot(lambda s, v: s.hand, _SIDE, lambda w: {"hand": w}, _one_sided),
    "other": Slot(
        lambda s, v: _other(s), _SIDE,
        lambda w: {"hand": "left" if w == "right" else "right"}, _one_sided,
    ),
}  # fmt: skip
"""Name → slot. A template that names another is refused when it is compiled."""
