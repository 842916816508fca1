"""Skills of fingertips: touches between the hands and pinches within them."""

from handx_gen.skeleton import FINGERS
from sim.skills.conditions import (
    HANDS,
    LONG_FINGERS,
    PALMS,
    PALMS_APART,
    WRISTS_APART,
    Condition,
    bent,
    component,
    seen_from,
    straight,
    tip,
    touch,
)
from sim.skills.goals import (
    both,
    count,
    hold,
    in_order,
    never,
    rises,
    stays,
    swings,
)
from sim.skills.skill import Skill


def tips_touch(left: str, right: str) -> Condition:
    """A left fingertip on a right one."""
    return touch(f"left.{left}_tip", f"right.{right}_tip")


def pinch(side: str, finger: str = "index") -> Condition:
    """Thumb tip on a fingertip of the same hand."""
    return touch(f"{side}.thumb_tip", f"{side}.{finger}_tip")


def pairs(*fingers: str) -> tuple[str, ...]:
    """Contact pairs of equal fingertips."""
    return tuple(f"left.{f}_tip|right.{f}_tip" for f in fingers)


def pinches(
    *fingers: str, sides: tuple[str, ...] = ("left", "right")
) -> tuple[str, ...]:
    """Contact pairs of pinches."""
    return tuple(f"{s}.thumb_tip|{s}.{f}_tip" for s in sides for f in fingers)


INDEX, THUMBS, MIDDLE = (tips_touch(f, f) for f in ("index", "thumb", "middle"))
RIGHT_ON_PALM = touch("right.index_tip", "left.palm")
RIGHT_ON_BACK = touch("right.index_tip", "left.back")
SLIP = component(
    "index tip along the palm", seen_from("left", tip("right", "index")), "y"
)
LONG_SLIP, SHORT_SLIP = 0.025, 0.015
"""Travel of a fingertip that is a stroke, and up to which it is a touch [m]."""

TOUCHES = (
    Skill(
        "tap_index_twice",
        "touch",
        (
            "tap the index fingertips together twice",
            "touch the left index fingertip to the right index fingertip twice",
            "tap the tips of the index fingers together two times",
        ),
        both(count(INDEX, 2), never(THUMBS), never(MIDDLE)),
        pairs("index"),
    ),
    Skill(
        "thumb_to_pinky",
        "touch",
        (
            "touch the left thumb to the right pinky",
            "touch the tip of the left thumb to the tip of the right pinky",
        ),
        both(hold(tips_touch("thumb", "pinky")), never(INDEX)),
        ("left.thumb_tip|right.pinky_tip",),
    ),
    Skill(
        "fingertips_in_turn",
        "touch",
        (
            "touch matching fingertips one pair after another",
            "touch the fingertips of both hands together in turn from thumb to pinky",
        ),
        both(
            in_order(*(tips_touch(f, f) for f in FINGERS)),
            never(THUMBS & tips_touch("pinky", "pinky")),
        ),
        pairs(*FINGERS),
    ),
    Skill(
        "steeple",
        "touch",
        ("steeple the fingers", "form a steeple with the fingers"),
        both(
            hold(
                THUMBS
                & INDEX
                & MIDDLE
                & tips_touch("ring", "ring")
                & tips_touch("pinky", "pinky"),
                0.2,
            ),
            never(PALMS),
        ),
        pairs(*FINGERS),
    ),
    Skill(
        "heart",
        "touch",
        ("make a heart with both hands", "form a heart with both hands"),
        both(hold(INDEX & THUMBS, 0.2), never(MIDDLE & THUMBS), never(PALMS)),
        pairs("index", "thumb"),
    ),
    Skill(
        "picture_frame",
        "touch",
        (
            "make a picture frame with the right thumb up",
            "form a photo frame with the right thumb up",
        ),
        hold(tips_touch("index", "thumb") & tips_touch("thumb", "index"), 0.2),
        ("left.index_tip|right.thumb_tip", "left.thumb_tip|right.index_tip"),
    ),
    Skill(
        "crossed_touches",
        "touch",
        (
            "touch the left index to the right thumb, then touch the left thumb to the "
            "right index",
            "the left index finger taps the right thumb, then the left thumb taps the "
            "right index finger",
        ),
        both(
            in_order(tips_touch("index", "thumb"), tips_touch("thumb", "index")),
            never(tips_touch("index", "thumb") & tips_touch("thumb", "index")),
        ),
        ("left.index_tip|right.thumb_tip", "left.thumb_tip|right.index_tip"),
    ),
    Skill(
        "poke_palm",
        "touch",
        (
            "poke the left palm with the right index finger",
            "touch the left palm with the right index fingertip",
        ),
        both(
            hold(RIGHT_ON_PALM),
            stays(SLIP, SHORT_SLIP, RIGHT_ON_PALM),
            never(PALMS),
            never(bent("right")),
        ),
        ("left.palm|right.index_tip",),
    ),
    Skill(
        "trace_palm",
        "touch",
        (
            "trace the left palm with the right index finger",
            "run the right index finger along the left palm",
        ),
        both(
            swings(SLIP, LONG_SLIP, 1, RIGHT_ON_PALM),
            never(PALMS),
        ),
        ("left.palm|right.index_tip",),
    ),
    Skill(
        "tap_back",
        "touch",
        (
            "tap the back of the left hand with the right index finger",
            "touch the back of the left hand with the right index finger",
        ),
        both(
            hold(RIGHT_ON_BACK),
            never(touch("right.palm", "left.back")),
            never(touch("right.ring", "left.hand")),
            never(RIGHT_ON_PALM),
        ),
    ),
)

BOTH_PINCH = pinch("left") & pinch("right")

PINCHES = (
    Skill(
        "pinch_in_turn",
        "pinch",
        (
            "touch the thumb to each fingertip in turn with both hands",
            "tap each fingertip with the thumb on both hands",
        ),
        both(
            *(in_order(*(pinch(s, f) for f in LONG_FINGERS)) for s in ("left", "right"))
        ),
        pinches(*LONG_FINGERS),
    ),
    Skill(
        "pinch_three_times",
        "pinch",
        (
            "pinch with the thumb and index finger of both hands three times",
            "pinch thumb and index finger together three times with both hands",
        ),
        both(count(pinch("left"), 3), count(pinch("right"), 3), never(INDEX)),
        pinches("index"),
    ),
    Skill(
        "ok_signs",
        "pinch",
        ("make the ok sign with both hands", "show the ok sign with both hands"),
        both(
            hold(
                BOTH_PINCH
                & straight("left", "middle", "ring", "pinky")
                & straight("right", "middle", "ring", "pinky"),
                0.2,
            ),
            count(pinch("left"), 1),
            count(pinch("right"), 1),
            never(INDEX),
            never(pinch("left", "middle")),
            stays(WRISTS_APART, 0.04, BOTH_PINCH),
        ),
        pinches("index"),
    ),
    Skill(
        "pinch_beside_fist",
        "pinch",
        (
            "pinch with the left thumb and middle finger while the right hand makes a fist",
            "the right hand makes a fist while the left hand pinches with thumb and "
            "middle finger",
        ),
        both(
            hold(pinch("left", "middle")),
            hold(bent("right")),
            never(bent("left")),
            never(HANDS),
        ),
        pinches("middle", sides=("left",)),
    ),
    Skill(
        "fist_beside_pinches",
        "pinch",
        (
            "pinch with the right thumb and index finger twice while the left hand makes "
            "a fist",
            "the left hand makes a fist while the right hand pinches with thumb and index "
            "finger twice",
        ),
        both(
            count(pinch("right"), 2),
            hold(bent("left")),
            never(bent("right")),
            never(HANDS),
        ),
        pinches("index", sides=("right",)),
    ),
    Skill(
        "pull_string",
        "pinch",
        ("pull a string with both hands", "pull a thread with both hands"),
        both(rises(PALMS_APART, 0.05, BOTH_PINCH), count(BOTH_PINCH, 1)),
        pinches("index"),
    ),
)
