"""The grammar's words: alternatives per kind of event, slots in braces."""

FINGER_WORDS = {
    "thumb": ("thumb",),
    "index": ("index finger", "index finger", "forefinger"),
    "middle": ("middle finger",),
    "ring": ("ring finger",),
    "pinky": ("pinky", "little finger"),
}
TIMES = {1: ("",), 2: (" twice", " two times"), 3: (" three times",)}
LINKS = ("then ", "next, ", "after that, ", "afterwards ")
IDLE = (
    ("The hand stays still.", "At rest.", "The hand is idle.", "It rests."),
    ("The hand shifts only a little.", "Only slight motion."),
)
"""For a hand that is still, and for one that only stirs."""
FIST = (
    "the hand closes into a fist",
    "the fingers clench into a fist",
    "a fist is made",
)
UNTOUCHED = (
    "The hands do not touch.", "There is no contact between the hands.",
    "The hands stay apart.", "The two hands never meet.",
)  # fmt: skip
ALL_TIPS = (
    "all fingertips of the two hands meet",
    "each fingertip touches its partner on the other hand",
)

HAND = {
    "pinch": ("the thumb touches the {fingers}", "the thumb and the {fingers} pinch",
              "the tip of the thumb meets the tip of the {fingers}",
              "the thumb makes contact with the {fingers}"),
    "bend": ("the {fingers} bend{s}", "the {fingers} curl{s} in",
             "the {fingers} fold{s} towards the palm"),
    "extend": ("the {fingers} straighten{s}", "the {fingers} extend{s}",
               "the {fingers} stretch out", "the {fingers} uncurl{s}"),
    "hyperextend": ("the {fingers} hyperextend{s}",),
    "spread": ("the fingers spread", "the fingers fan out", "the fingers splay"),
    "close": ("the fingers come side by side", "the gaps between the fingers close"),
    "circle": ("the hand draws a circle", "the wrist moves along a circle"),
    "move": {
        "left": ("the hand moves to the left", "the wrist shifts leftwards"),
        "right": ("the hand moves to the right", "the wrist shifts rightwards"),
        "forward": ("the hand moves forward", "the wrist travels to the front"),
        "back": ("the hand moves back", "the wrist travels backwards"),
        "up": ("the hand moves up", "the hand is raised", "the wrist travels upwards"),
        "down": ("the hand moves down", "the hand is lowered", "the wrist travels downwards"),
    },
    "turn": {
        "flex": ("the wrist flexes", "the wrist bends towards the palm"),
        "extend": ("the wrist bends back", "the wrist extends"),
        "inward": ("the hand turns towards the thumb side",),
        "outward": ("the hand turns towards the pinky side",),
        "palm_up": ("the palm turns up", "the palm rotates upwards"),
        "palm_down": ("the palm turns down", "the palm rotates downwards"),
    },
}  # fmt: skip
"""What one hand does, in that hand's own part."""

RELATION = {
    "palms": ("the palms touch", "the palms meet", "the palms of both hands come into contact"),
    "slide": ("the palms rub against each other", "one palm slides along the other palm"),
    "interlace": ("the fingers interlace", "the fingers of both hands interlock"),
    "touch": ("the left {finger} touches the right {other}",
              "the left {finger} meets the right {other}",
              "the left {finger} and the right {other} make contact"),
    "palm_touch": ("the {hand} {fingers} touch the {opposite} palm",
                   "the {hand} {fingers} come into contact with the {opposite} palm"),
    "approach": ("the hands come closer", "the hands approach each other"),
    "part": ("the hands move apart", "the hands separate"),
}  # fmt: skip
"""What the two hands do together."""
