"""Programs in words: a small grammar that varies its wording by seed.

Templates hold alternatives in parentheses, `(bend|curl)`, and slots in braces. Each
primitive has templates for training and others that are held out for testing; the
held-out ones share no verb phrase with the training ones.
"""

import re

import numpy as np

from handx_gen.procedural.templates_one_hand import ONE_HAND, TRAIN
from handx_gen.procedural.templates_two_hands import TWO_HANDS
from handx_gen.procedural.timeline import Program, Step

_FINGER = {
    "thumb": ("thumb",),
    "index": ("index finger", "index", "index finger"),
    "middle": ("middle finger", "middle", "middle finger"),
    "ring": ("ring finger", "ring", "ring finger"),
    "pinky": ("pinky", "little finger", "pinky finger"),
}
_TIMES = {
    1: ("", "", "", " once"),
    2: (" twice", " two times"),
    3: (" three times", " 3 times"),
}
_NUMBER = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
_DIRECTION = {
    "left": "to the left", "right": "to the right", "forward": "forward",
    "back": "back", "up": "up", "down": "down",
}  # fmt: skip

TEMPLATES = ONE_HAND | TWO_HANDS

TURN_WORDING = {
    # direction: (a, b, c, d, e, f) of the three turn templates
    "flex": ("flex", " at the wrist", "bend", " towards the palm", "drop", ""),
    "extend": ("bend", " back at the wrist", "extend", " back", "cock", " backwards"),
    "inward": ("tilt", " towards the thumb", "turn", " towards the thumb side", "swing",
               " to the thumb's side"),
    "outward": ("tilt", " towards the pinky", "turn", " towards the little finger side",
                "swing", " to the pinky's side"),
    "palm_up": ("turn", " palm up", "rotate", " so that the palm faces up", "roll",
                " until the palm looks up"),
    "palm_down": ("turn", " palm down", "rotate", " so that the palm faces down", "roll",
                  " until the palm looks down"),
}  # fmt: skip

SHAPES = {
    (): "fist",
    ("index", "middle", "ring", "pinky"): "open",
    ("index",): "point",
    ("index", "middle"): "make a V sign",
    ("thumb",): "thumbs up",
    ("index", "pinky"): "make horns",
    ("thumb", "pinky"): "make a shaka sign",
    ("index", "middle", "ring"): "show three fingers",
    ("pinky",): "hold up a pinky",
}
"""Fingers extended → what the shape is called."""


def say(program: Program, rng: np.random.Generator, split: str = TRAIN) -> str:
    """One sentence for a program; wording drawn with `rng`, from `split`."""
    orders = sorted({step.order for step in program.steps})
    groups = []
    for order in orders:
        clauses = [say_step(s, rng, split) for s in program.steps if s.order == order]
        rng.shuffle(clauses)
        joiner = _pick(
            rng, (" and ", " while you ", " and at the same time ", " as you ")
        )
        groups.append(joiner.join(clauses))
    if len(groups) == 1:
        return groups[0]
    joiner = _pick(rng, (", then ", " and then ", ", and after that ", "; next, "))
    first = _pick(rng, ("", "", "first, "))
    return first + joiner.join(groups)


def say_step(step: Step, rng: np.random.Generator, split: str = TRAIN) -> str:
    """One clause for one step."""
    key = step.primitive
    if key == "shape" and SHAPES.get(step.fingers) in ("fist", "open"):
        key = SHAPES[step.fingers]
    if key == "pinch" and len(step.fingers) == 4:
        key = "pinch_all"
    template = _pick(rng, TEMPLATES[key][split])
    if "{same_tips}" in template and step.fingers != (step.other_finger,):
        template = TEMPLATES[key][split][0]
    if "{shape_name}" in template and step.fingers not in SHAPES:
        template = TEMPLATES[key][split][0]
    template = re.sub(
        r"\(([^()]*)\)", lambda m: _pick(rng, tuple(m.group(1).split("|"))), template
    )
    slots = _slots(step, rng)
    return " ".join(template.format_map(slots).split())


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _fingers(rng: np.random.Generator, fingers: tuple[str, ...]) -> str:
    words = [_pick(rng, _FINGER[f]) for f in fingers]
    if len(words) <= 1:
        return "".join(words)
    if set(fingers) == set(_FINGER) - {"thumb"}:
        return _pick(rng, ("four fingers", "fingers"))
    return ", ".join(words[:-1]) + " and " + words[-1]


def _slots(step: Step, rng: np.random.Generator) -> dict[str, str]:
    both = step.hand == "both"
    side = step.hand
    fingers = _fingers(rng, step.fingers) if step.fingers else ""
    the_hand = (
        _pick(rng, ("both hands", "both hands", "each hand"))
        if both
        else _pick(rng, (f"the {side} hand", f"your {side} hand", f"the {side} hand"))
    )
    if both:
        the_fingers = _pick(
            rng, (f"the {fingers} of both hands", f"the {fingers} on each hand")
        )
    else:
        the_fingers = _pick(
            rng, (f"the {side} {fingers}", f"the {fingers} of the {side} hand")
        )
    other = {"left": "right", "right": "left"}.get(side, "right")
    left = _pick(rng, _FINGER[step.fingers[0]]) if step.fingers else ""
    right = _pick(rng, _FINGER[step.other_finger]) if step.other_finger else left
    backwards = step.fingers[:1] == ("pinky",)
    turn = TURN_WORDING.get(step.direction, ("",) * 6)
    shape = fingers or "thumb"
    article = "the " if shape else ""
    circles = "a circle" if step.count == 1 else f"{_NUMBER[step.count]} circles"
    plural = {"thumb": "thumbs", "pinky": "pinkies", "little finger": "little fingers"}
    return {
        "the_hand": the_hand,
        "hands": the_hand,
        "hand_word": f"{side} hand" if not both else "hand on both sides",
        "the_wrist": "both wrists" if both else f"the {side} wrist",
        "the_fingers": the_fingers,
        "fingers": fingers,
        "times": _pick(rng, _TIMES[step.count]) if step.count in _TIMES else "",
        "wave_order": " from the pinky to the index" if backwards else "",
        "sweep": " from the pinky to the index" if backwards else "",
        "shape_fingers": article + shape,
        "shape_name": SHAPES.get(step.fingers, ""),
        "number": _NUMBER.get(step.count, "five"),
        "pinched": fingers,
        "turn_a": turn[0], "turn_b": turn[1], "turn_c": turn[2], "turn_d": turn[3],
        "turn_e": turn[4], "turn_f": turn[5],
        "direction": _DIRECTION.get(step.direction, ""),
        "circles": circles,
        "left_tip": f"the left {left}",
        "right_tip": f"the right {right}",
        "same_tips": f"both {plural.get(left, left + ('s' if 'finger' in left else ' fingers'))}",
        "side": side,
        "other": other,
        "one_finger": fingers,
    }  # fmt: skip
