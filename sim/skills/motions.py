"""Skills of interlocked hands, counting, and hands that move in a pattern."""

import numpy as np

from sim.skills.conditions import (
    HANDS,
    WRISTS_APART,
    Measure,
    bent,
    centre,
    component,
    shows,
    since_start,
    straight,
    touch,
    wrist,
)
from sim.skills.goals import (
    Goal,
    at_end,
    both,
    falls,
    hold,
    in_order,
    main_plane,
    never,
    rises,
    stays,
    turns,
)
from sim.skills.skill import Skill
from sim.skills.touches import BOTH_PINCH, tips_touch
from sim.skills.trace import Trace


def _depth(trace: Trace) -> np.ndarray:
    """(S,) how far the long fingertips of either hand reach past the other's [m]."""
    across = centre("right")(trace) - centre("left")(trace)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    past = np.nanmean(trace.tips[:, 0, 1:] - trace.tips[:, 1, 1:], axis=1)
    return np.einsum("si,si->s", past, across)


def _over_the_middle(trace: Trace) -> np.ndarray:
    """(S,) how far the left palm is on the right of the right palm [m]."""
    return centre("right")(trace)[:, 1] - centre("left")(trace)[:, 1]


def _interlaced(trace: Trace) -> np.ndarray:
    """(S,) share of neighbours along the knuckles that belong to different hands.

    The last phalanges of all long fingers, sorted along the left hand's x axis: 1 where
    they alternate throughout.
    """
    middle = (trace.middles[:, :, 1:] + trace.tips[:, :, 1:]) / 2  # (S, 2, 4, 3)
    axis = trace.T_world_hand[:, 0, :3, 0]
    along = np.einsum("shfi,si->shf", middle, axis).reshape(len(trace), -1)
    there = ~np.isnan(along[0])
    hand = np.repeat([0, 1], middle.shape[2])[there]
    order = np.argsort(along[:, there], axis=1)
    return np.abs(np.diff(hand[order], axis=1)).mean(1)


def _left_from_right(trace: Trace) -> np.ndarray:
    """(S, 2) left wrist as seen from the right one, forward and up [m]."""
    return (wrist("left")(trace) - wrist("right")(trace))[:, [0, 2]]


CROSSED = (Measure("left hand right of the right one [m]", _over_the_middle) > 0) & (
    component("left over right", lambda t: wrist("left")(t) - wrist("right")(t), "z")
    > 0
)
LEFT_UP = component("left wrist", wrist("left"), "z")
RIGHT_UP = component("right wrist", wrist("right"), "z")


def counts_to(side: str, number: int) -> Goal:
    """One, two, … fingers shown in order, beginning with the index finger."""
    fingers = ("index", "middle", "ring", "pinky")
    return in_order(*(shows(side, *fingers[:n]) for n in range(1, number + 1)))


INTERLOCK_SKILLS = (
    Skill(
        "interlace",
        "interlock",
        ("interlace the fingers", "lace the fingers together"),
        both(
            hold(
                (Measure("fingers in turn", _interlaced) > 0.7)
                & (Measure("fingertips past each other [m]", _depth) > -0.008)
                & touch("left.fingers", "right.fingers"),
                0.2,
            ),
            never(tips_touch("index", "index") & tips_touch("middle", "middle")),
            never(bent("right") | bent("left")),
        ),
    ),
    Skill(
        "cross_wrists",
        "interlock",
        (
            "cross the wrists with the left one on top",
            "cross the left wrist over the right one",
        ),
        hold(CROSSED, 0.2),
        crossed=True,
    ),
)

COUNT_SKILLS = (
    Skill(
        "count_to_three",
        "count",
        (
            "count to three with both hands",
            "count to three on the fingers of both hands",
        ),
        both(counts_to("left", 3), counts_to("right", 3), never(HANDS)),
        fingers=("left.ring", "right.ring"),
    ),
    Skill(
        "count_beside_fist",
        "count",
        (
            "count to four with the right hand while the left hand makes a fist",
            "the left hand makes a fist while the right hand counts to four",
        ),
        both(counts_to("right", 4), hold(bent("left")), never(HANDS)),
        fingers=("right.pinky",),
    ),
    Skill(
        "point_and_two",
        "count",
        (
            "point with the left index finger while the right hand makes a V sign",
            "point with the left index finger while the right hand shows a V sign",
        ),
        both(hold(shows("left", "index") & shows("right", "index", "middle"), 0.2)),
    ),
)

MOTION_SKILLS = (
    Skill(
        "fist_and_open",
        "motion",
        (
            "make a fist with the left hand and open the right hand",
            "make a fist with the left hand while the right hand opens",
        ),
        both(
            hold(bent("left") & straight("right"), 0.2),
            never(HANDS),
            never(bent("right")),
            never(touch("right.thumb_tip", "right.fingers")),
        ),
    ),
    Skill(
        "opposite_lift",
        "motion",
        (
            "move the left hand up while the right hand moves down",
            "the left hand moves up while the right hand moves down",
        ),
        both(
            at_end((since_start(LEFT_UP) > 0.05) & (since_start(RIGHT_UP) < -0.05)),
            never(HANDS),
        ),
    ),
    Skill(
        "approach_and_part",
        "motion",
        (
            "bring the hands together, then move the hands apart",
            "bring the hands together and then move the hands apart",
        ),
        both(
            falls(WRISTS_APART, 0.05),
            rises(WRISTS_APART, 0.05),
            stays(LEFT_UP, 0.03),
            stays(RIGHT_UP, 0.03),
            never(HANDS),
            never(BOTH_PINCH),
        ),
    ),
    Skill(
        "circles",
        "motion",
        ("draw a circle with both hands", "make a circle with both hands"),
        both(
            turns(main_plane(wrist("left")), 290, 0.015, "left wrist"),
            turns(main_plane(wrist("right")), 290, 0.015, "right wrist"),
            never(HANDS),
            never(BOTH_PINCH),
        ),
    ),
    Skill(
        "roll_hands",
        "motion",
        (
            "roll the hands around each other twice",
            "move the hands around one another twice",
        ),
        turns(_left_from_right, 500, 0.02, "left about right"),
        crossed=True,
    ),
)
