"""Programs in words: a small grammar that varies its wording by seed.

Templates hold alternatives in parentheses, `(bend|curl)`, and slots in braces. Each
primitive has templates for training and others that are held out for testing; the
held-out ones share no verb phrase with the training ones.
"""

import re

import numpy as np

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

TRAIN, HELD_OUT = "train", "held_out"

TEMPLATES: dict[str, dict[str, tuple[str, ...]]] = {
    "bend": {
        TRAIN: ("(bend|curl|fold|flex) {the_fingers}{times}",
                "{hands}: (bend|curl) {fingers}{times}",
                "with {the_hand}, (bend|curl in|fold) the {fingers}{times}"),
        HELD_OUT: ("(crook|bring in) {the_fingers}{times}",
                   "{the_fingers} (curl|bend) inward{times}"),
    },
    "extend": {
        TRAIN: ("(straighten|extend|stretch out) {the_fingers}",
                "with {the_hand}, (straighten|extend) the {fingers}"),
        HELD_OUT: ("(uncurl|unbend) {the_fingers}",),
    },
    "wave": {
        TRAIN: ("(curl|bend|fold) the fingers of {the_hand} one (after the other|by one)"
                "{wave_order}",
                "(ripple|roll) the fingers of {the_hand}{wave_order}",
                "{the_hand}: fold the fingers in sequence{wave_order}"),
        HELD_OUT: ("let the fingers of {the_hand} close in succession{wave_order}",),
    },
    "fist": {
        TRAIN: ("(make|form) a fist with {the_hand}", "(close|clench) {the_hand} into a fist",
                "clench {the_hand}"),
        HELD_OUT: ("ball up {the_hand}", "squeeze {the_hand} shut"),
    },
    "open": {
        TRAIN: ("open {the_hand}", "(open|straighten) all fingers of {the_hand}",
                "show an open {hand_word}"),
        HELD_OUT: ("unfold {the_hand} flat", "flatten out {the_hand}"),
    },
    "shape": {
        TRAIN: ("(point|raise|hold up) {shape_fingers} of {the_hand}",
                "with {the_hand}, (show|hold up|extend) only {shape_fingers}",
                "{shape_name} with {the_hand}"),
        HELD_OUT: ("stick out {shape_fingers} of {the_hand}",
                   "keep just {shape_fingers} of {the_hand} straight"),
    },
    "count": {
        TRAIN: ("count to {number} (on|with) {the_hand}",
                "count from one to {number} with the fingers of {the_hand}"),
        HELD_OUT: ("show the numbers up to {number} with {the_hand}",),
    },
    "pinch": {
        TRAIN: ("(touch|tap) the thumb to the {pinched} (with|on) {the_hand}{times}",
                "pinch the thumb and {pinched} of {the_hand}{times}",
                "{the_hand}: thumb (touches|meets) the {pinched}{times}",
                "bring the thumb and the {pinched} of {the_hand} together{times}"),
        HELD_OUT: ("press the tip of the thumb against the {pinched} of {the_hand}{times}",
                   "let the thumb and {pinched} of {the_hand} kiss{times}"),
    },
    "pinch_all": {
        TRAIN: ("touch the thumb to each fingertip in turn with {the_hand}{sweep}",
                "(touch|tap) the thumb to every finger one after the other with {the_hand}"
                "{sweep}",
                "{the_hand}: thumb to each finger in sequence{sweep}"),
        HELD_OUT: ("run the thumb over all the fingertips of {the_hand}{sweep}",),
    },
    "spread": {
        TRAIN: ("spread the fingers of {the_hand}", "(spread|fan) out the fingers of {the_hand}",
                "spread {the_hand} wide"),
        HELD_OUT: ("splay the fingers of {the_hand}",),
    },
    "close": {
        TRAIN: ("(close|bring) the fingers of {the_hand} together",
                "put the fingers of {the_hand} side by side"),
        HELD_OUT: ("draw the fingers of {the_hand} tight to each other",),
    },
    "turn": {
        TRAIN: ("{turn_a} {the_hand}{turn_b}{times}", "{turn_c} {the_wrist}{turn_d}{times}"),
        HELD_OUT: ("{turn_e} {the_wrist}{turn_f}{times}",),
    },
    "move": {
        TRAIN: ("move {the_hand} {direction}{times}", "(bring|shift|carry) {the_hand} {direction}{times}"),
        HELD_OUT: ("slide {the_hand} over {direction}{times}", "take {the_hand} {direction}{times}"),
    },
    "circle": {
        TRAIN: ("draw {circles} with {the_hand}", "move {the_hand} in {circles}",
                "(make|trace) {circles} with {the_hand}"),
        HELD_OUT: ("let {the_hand} go round in {circles}",),
    },
    "still": {
        TRAIN: ("keep {the_hand} still", "hold {the_hand} still", "do not move {the_hand}"),
        HELD_OUT: ("leave {the_hand} at rest",),
    },
    "touch": {
        TRAIN: ("(touch|tap) {left_tip} (to|against) {right_tip}{times}",
                "(touch|tap) {same_tips} together{times}",
                "bring {left_tip} and {right_tip} together{times}"),
        HELD_OUT: ("let {left_tip} meet {right_tip}{times}",
                   "join {left_tip} and {right_tip}{times}"),
    },
    "clap": {
        TRAIN: ("clap{times}", "clap (your|the|both) hands{times}",
                "(hit|bring) the palms together{times} and part them"),
        HELD_OUT: ("applaud{times}", "slap the palms against each other{times}"),
    },
    "press": {
        TRAIN: ("press the palms together", "put the palms together and hold",
                "hold the palms against each other"),
        HELD_OUT: ("place the hands flat against one another", "pray"),
    },
    "slide": {
        TRAIN: ("rub the (palms|hands) together", "slide the palms (over|along) each other",
                "rub the palms against each other"),
        HELD_OUT: ("stroke one palm with the other", "wash the hands"),
    },
    "poke": {
        TRAIN: ("(poke|touch|tap) the {other} palm with the {side} {one_finger}{times}",
                "put the {side} {one_finger} on the {other} palm{times}"),
        HELD_OUT: ("(prod|press) the {side} {one_finger} into the {other} palm{times}",),
    },
    "steeple": {
        TRAIN: ("steeple the fingers", "touch all fingertips of both hands together",
                "make a steeple with the fingers", "bring all the fingertips together"),
        HELD_OUT: ("form a tent with the fingertips",),
    },
    "interlace": {
        TRAIN: ("interlace the fingers", "(lace|interlock) the fingers of both hands"),
        HELD_OUT: ("slip the fingers of the hands between one another",),
    },
    "approach": {
        TRAIN: ("bring the hands (together|closer)", "move the hands (towards|closer to) each other"),
        HELD_OUT: ("let the hands come near one another",),
    },
    "part": {
        TRAIN: ("move the hands apart", "(pull|take) the hands apart", "separate the hands"),
        HELD_OUT: ("let the hands drift away from each other",),
    },
}  # fmt: skip

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
