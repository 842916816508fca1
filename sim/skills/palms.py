"""Skills of palms, fists and whole hands in contact."""

from sim.skills.conditions import (
    HANDS,
    LONG_FINGERS,
    PALMS,
    PALMS_APART,
    Condition,
    Measure,
    alignment,
    bent,
    centre,
    component,
    distance,
    parts_touched,
    seen_from,
    since_start,
    touch,
    wrist,
)
from sim.skills.goals import (
    at_end,
    both,
    count,
    hold,
    in_order,
    never,
    stays,
    swings,
)
from sim.skills.skill import Skill

PRESS = 0.002
"""How deep references press [m]."""

PALM_PAIR = ("left.palm|right.palm",)
SLIDE = component("right palm along the left", seen_from("left", centre("right")), "y")
ACROSS = component(
    "right palm across the left", seen_from("left", centre("right")), "x"
)
FISTS = bent("left") & bent("right")
WIDER = since_start(PALMS_APART) > 0.05
_ALONG = alignment(("left", "y"), ("right", "y"))
ACROSS_EACH_OTHER = (_ALONG > -0.5) & (_ALONG < 0.5)
NO_FISTS = never(bent("left") | bent("right"))
ABOVE = Measure(
    "left hand above the right [m]",
    lambda t: centre("left")(t)[:, 2] - centre("right")(t)[:, 2],
)
IN_PALM = seen_from("left", centre("right"))
"""The right fist as the left palm sees it."""


def fingers_of(side: str) -> tuple[str, ...]:
    """The long fingers as parts."""
    return tuple(f"{side}.{finger}" for finger in LONG_FINGERS)


def grips(side: str, what: str, least: int) -> Condition:
    """At least so many parts of a hand are on something: fingers, thumb and palm."""
    parts = (*fingers_of(side), f"{side}.thumb", f"{side}.palm")
    return parts_touched(parts, what) > least - 0.5


PALM_SKILLS = (
    Skill(
        "clap_twice",
        "palm",
        ("clap twice", "clap your hands two times", "clap the hands twice"),
        both(count(PALMS, 2), NO_FISTS, at_end(~PALMS)),
        PALM_PAIR,
    ),
    Skill(
        "clap_three_times",
        "palm",
        ("clap three times", "clap your hands three times"),
        both(count(PALMS, 3), NO_FISTS, at_end(~PALMS)),
        PALM_PAIR,
    ),
    Skill(
        "press_palms",
        "palm",
        ("press the palms together", "put the palms together"),
        both(
            hold(PALMS, 0.4),
            hold(touch("left.hand", "right.hand", 1.0), 0.2),
            stays(SLIDE, 0.015, PALMS),
            stays(ACROSS, 0.015, PALMS),
            count(PALMS, 1),
            never(WIDER),
            NO_FISTS,
        ),
        PALM_PAIR,
        press=PRESS,
    ),
    Skill(
        "press_and_release",
        "palm",
        (
            "press the palms together, then move the hands apart",
            "press the palms together and then move the hands apart",
        ),
        both(
            in_order(PALMS, WIDER),
            hold(PALMS, 0.25),
            count(PALMS, 1),
            stays(SLIDE, 0.015, PALMS),
            at_end(WIDER),
            NO_FISTS,
        ),
        PALM_PAIR,
        press=PRESS,
    ),
    Skill(
        "rub_palms",
        "palm",
        ("rub the palms together", "rub your palms against each other"),
        both(swings(SLIDE, 0.025, 2, PALMS), stays(ACROSS, 0.03, PALMS)),
        PALM_PAIR,
    ),
    Skill(
        "rub_circles",
        "palm",
        (
            "rub the palms together in two circles",
            "make two circles with the palms pressed together",
        ),
        both(
            swings(SLIDE, 0.015, 3, PALMS),
            swings(ACROSS, 0.015, 3, PALMS),
        ),
        PALM_PAIR,
    ),
    Skill(
        "cover_back",
        "palm",
        (
            "put the right palm on the back of the left hand",
            "lay the right palm on the back of the left hand",
        ),
        both(
            hold(
                (touch("right.palm", "left.back") | touch("right.fingers", "left.back"))
                & (alignment(("left", "z"), ("right", "z")) > 0.5),
                0.3,
            ),
            never(PALMS),
            never(bent("right")),
        ),
        crossed=True,
    ),
)

FIST_SKILLS = (
    Skill(
        "bump_fists",
        "fist",
        ("bump the fists together", "bump both fists together"),
        both(
            hold(FISTS & HANDS & (ABOVE < 0.05) & (ABOVE > -0.05), 0.05), at_end(~HANDS)
        ),
        press=PRESS,
    ),
    Skill(
        "stack_fists",
        "fist",
        (
            "stack the left fist on top of the right fist",
            "stack the fists with the left one on top",
        ),
        hold(FISTS & HANDS & (ABOVE > 0.05), 0.2),
        press=PRESS,
    ),
    Skill(
        "punch_palm_twice",
        "fist",
        (
            "punch the left palm with the right fist twice",
            "hit the left palm with the right fist twice",
        ),
        both(
            count(HANDS & bent("right") & (component("fist", IN_PALM, "z") < -0.03), 2),
            never(bent("left")),
        ),
        press=PRESS,
    ),
    Skill(
        "clasp_fist",
        "fist",
        (
            "wrap the left hand around the right fist",
            "cover the right fist with the left hand",
        ),
        hold(bent("right") & grips("left", "right.hand", 3), 0.2),
    ),
    Skill(
        "grasp_finger",
        "fist",
        (
            "grab the left index finger with the right hand",
            "grasp the left index finger with the right hand",
        ),
        both(
            hold(grips("right", "left.index", 2), 0.2),
            never(bent("left")),
            never(touch("left.ring", "right.hand")),
        ),
    ),
    Skill(
        "grasp_wrist",
        "fist",
        (
            "hold the left wrist in the right hand",
            "grab the left wrist with the right hand",
        ),
        hold(
            (distance("right palm to left wrist", centre("right"), wrist("left")) < 0.1)
            & ACROSS_EACH_OTHER
            & bent("right"),
            0.2,
        ),
        crossed=True,
    ),
)
