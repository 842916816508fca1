"""What can hold of the hands at a moment: `Condition`s, and `Measure`s to build them.

Each is a name and a function of a `Trace`. There are few of them; skills are made by
putting them together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handx_gen.skeleton import FINGERS, SIDES
from sim.skills.trace import Trace

BENT, STRAIGHT = 105.0, 75.0
"""Curl [deg] from which a finger counts as bent, and up to which as straight: the same
as for human fingers in `handx_gen.kinematics.events`."""

LONG_FINGERS = FINGERS[1:]
PALM_CENTRE = np.array([0.0, 0.05, 0.0, 1.0])
"""A point in the middle of the palm, in the hand frame [m]."""


@dataclass(frozen=True)
class Condition:
    """Something that holds or does not hold at each sample.

    Attributes:
        name: For reports.
        holds: Trace → (S,) bool.
    """

    name: str
    holds: Callable[[Trace], np.ndarray]

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(
            f"{self.name} and {other.name}", lambda t: self.holds(t) & other.holds(t)
        )

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(
            f"{self.name} or {other.name}", lambda t: self.holds(t) | other.holds(t)
        )

    def __invert__(self) -> "Condition":
        return Condition(f"not {self.name}", lambda t: ~self.holds(t))


@dataclass(frozen=True)
class Measure:
    """A number at each sample.

    Attributes:
        name: For reports, with its unit.
        of: Trace → (S,).
    """

    name: str
    of: Callable[[Trace], np.ndarray]

    def __gt__(self, bound: float) -> Condition:
        return Condition(f"{self.name} > {bound:g}", lambda t: self.of(t) > bound)

    def __lt__(self, bound: float) -> Condition:
        return Condition(f"{self.name} < {bound:g}", lambda t: self.of(t) < bound)


def touch(first: str, second: str, force: float = 0.0) -> Condition:
    """Two parts touch, with at least `force` [N] in all."""

    def holds(trace: Trace) -> np.ndarray:
        found = trace.matches(first, second)
        weight = trace.force[found] if force else np.ones(int(found.sum()))
        total = np.bincount(trace.sample[found], weight, len(trace))
        return total >= (force or 1)

    pressed = f" with {force:g} N" if force else ""
    return Condition(f"{first} on {second}{pressed}", holds)


def parts_touched(parts: tuple[str, ...], other: str) -> Measure:
    """How many of several parts touch another one."""
    conditions = [touch(part, other) for part in parts]
    return Measure(
        f"parts on {other}", lambda t: np.sum([c.holds(t) for c in conditions], 0)
    )


def curl(side: str, finger: str) -> Measure:
    """How far a finger is bent [deg]."""
    k, f = SIDES.index(side), FINGERS.index(finger)
    return Measure(f"curl of the {side} {finger} [deg]", lambda t: t.curl[:, k, f])


def bent(side: str, *fingers: str) -> Condition:
    """All the named long fingers that the robot has are bent; all four by default."""
    return _all_fingers(side, fingers, "bent", lambda curls: curls >= BENT)


def straight(side: str, *fingers: str) -> Condition:
    """All the named long fingers that the robot has are straight; all by default."""
    return _all_fingers(side, fingers, "straight", lambda curls: curls <= STRAIGHT)


def _all_fingers(
    side: str,
    fingers: tuple[str, ...],
    word: str,
    test: Callable[[np.ndarray], np.ndarray],
) -> Condition:
    named = fingers or LONG_FINGERS
    columns = [FINGERS.index(finger) for finger in named]
    k = SIDES.index(side)

    def holds(trace: Trace) -> np.ndarray:
        curls = trace.curl[:, k, columns]
        return np.all(test(curls) | np.isnan(curls), axis=1)

    return Condition(f"{side} {', '.join(fingers) or 'fingers'} {word}", holds)


def shows(side: str, *fingers: str) -> Condition:
    """The named fingers are straight and the other long ones bent."""
    others = tuple(finger for finger in LONG_FINGERS if finger not in fingers)
    shown = straight(side, *fingers)
    return shown & bent(side, *others) if others else shown


def centre(side: str) -> Callable[[Trace], np.ndarray]:
    """Trace → (S, 3) middle of a palm in world [m]."""
    k = SIDES.index(side)
    return lambda trace: (trace.T_world_hand[:, k] @ PALM_CENTRE)[:, :3]


def wrist(side: str) -> Callable[[Trace], np.ndarray]:
    """Trace → (S, 3) wrist in world [m]."""
    k = SIDES.index(side)
    return lambda trace: trace.T_world_hand[:, k, :3, 3]


def tip(side: str, finger: str) -> Callable[[Trace], np.ndarray]:
    """Trace → (S, 3) fingertip in world [m]."""
    k, f = SIDES.index(side), FINGERS.index(finger)
    return lambda trace: trace.tips[:, k, f]


def seen_from(
    side: str, point: Callable[[Trace], np.ndarray]
) -> Callable[[Trace], np.ndarray]:
    """A point in a hand's own frame, (S, 3) [m]."""
    k = SIDES.index(side)

    def local(trace: Trace) -> np.ndarray:
        frame = trace.T_world_hand[:, k]
        return np.einsum("sji,sj->si", frame[:, :3, :3], point(trace) - frame[:, :3, 3])

    return local


def component(name: str, point: Callable[[Trace], np.ndarray], axis: str) -> Measure:
    """One world coordinate of a point: "x" forward, "y" left, "z" up [m]."""
    index = "xyz".index(axis)
    return Measure(f"{name}, {axis} [m]", lambda t: point(t)[:, index])


def distance(
    name: str,
    first: Callable[[Trace], np.ndarray],
    second: Callable[[Trace], np.ndarray],
) -> Measure:
    """Between two points [m]."""
    return Measure(
        f"{name} [m]", lambda t: np.linalg.norm(first(t) - second(t), axis=1)
    )


def alignment(first: tuple[str, str], second: tuple[str, str]) -> Measure:
    """Cosine between axes ("x", "y", "z") of the two hands' frames."""
    (a, i), (b, j) = (
        (SIDES.index(side), "xyz".index(x)) for side, x in (first, second)
    )
    return Measure(
        f"{first[0]} {first[1]} along {second[0]} {second[1]}",
        lambda t: np.einsum(
            "si,si->s", t.T_world_hand[:, a, :3, i], t.T_world_hand[:, b, :3, j]
        ),
    )


def since_start(measure: Measure) -> Measure:
    """How much a measure differs from its first sample."""
    return Measure(
        f"{measure.name} since the start", lambda t: measure.of(t) - measure.of(t)[0]
    )


WRISTS_APART = distance("wrists apart", wrist("left"), wrist("right"))
PALMS_APART = distance("palms apart", centre("left"), centre("right"))
HANDS = touch("left.hand", "right.hand")
FACING_EACH_OTHER = alignment(("left", "z"), ("right", "z")) < -0.5
PALMS = touch("left.palm", "right.palm") & FACING_EACH_OTHER
"""Palm on palm."""
UNCROSSED = Condition(
    "left hand on the left",
    lambda t: centre("left")(t)[:, 1] > centre("right")(t)[:, 1],
)
