"""Random parameters of the primitives of two hands."""

from dataclasses import replace

import numpy as np

from handx_gen.procedural.timeline import Step
from handx_gen.skeleton import FINGERS

FOUR = FINGERS[1:]
_WAYS = ("left", "right", "forward", "back", "up", "down")


def _once_or_twice(rng: np.random.Generator) -> int:
    return int(rng.choice([1, 1, 2]))


def _hand(rng: np.random.Generator) -> str:
    return ("left", "right")[int(rng.integers(2))]


def touch(step: Step, rng: np.random.Generator) -> Step:
    """A pair of fingertips, the same finger in two of five."""
    left = FINGERS[int(rng.integers(5))]
    right = left if rng.random() < 0.4 else FINGERS[int(rng.integers(5))]
    return replace(step, fingers=(left,), other_finger=right, count=_once_or_twice(rng))


def clap(step: Step, rng: np.random.Generator) -> Step:
    """One to three times."""
    return replace(step, count=int(rng.choice([1, 2, 2, 3])))


def strokes(step: Step, rng: np.random.Generator) -> Step:
    """There and back."""
    return replace(step, count=2)


def poke(step: Step, rng: np.random.Generator) -> Step:
    """Any finger of either hand."""
    return replace(step, hand=_hand(rng), fingers=(FINGERS[int(rng.integers(5))],))


def in_turn(step: Step, rng: np.random.Generator) -> Step:
    """From either end."""
    return replace(step, direction="" if rng.random() < 0.6 else "back")


def either_hand(step: Step, rng: np.random.Generator) -> Step:
    """Either hand does it to the other."""
    return replace(step, hand=_hand(rng))


def either_hand_repeated(step: Step, rng: np.random.Generator) -> Step:
    """Either hand, once or twice."""
    return replace(step, hand=_hand(rng), count=_once_or_twice(rng))


def repeated(step: Step, rng: np.random.Generator) -> Step:
    """Once or twice."""
    return replace(step, count=_once_or_twice(rng))


def several(step: Step, rng: np.random.Generator) -> Step:
    """Twice or three times."""
    return replace(step, count=int(rng.integers(2, 4)))


def finger_of_hand(step: Step, rng: np.random.Generator) -> Step:
    """One of the four fingers of either hand, once or twice."""
    finger = FOUR[int(rng.integers(4))]
    count = _once_or_twice(rng)
    return replace(step, hand=_hand(rng), fingers=(finger,), count=count)


def stroke(step: Step, rng: np.random.Generator) -> Step:
    """A fingertip of either hand, there and back."""
    finger = FOUR[int(rng.integers(4))]
    return replace(step, hand=_hand(rng), fingers=(finger,), count=2)


def held_finger(step: Step, rng: np.random.Generator) -> Step:
    """Index or middle finger of the hand that is held."""
    return replace(step, hand=_hand(rng), fingers=(FOUR[int(rng.integers(2))],))


def crossing(step: Step, rng: np.random.Generator) -> Step:
    """Index or middle finger, either hand on top."""
    finger = FOUR[int(rng.integers(2))]
    return replace(step, hand=_hand(rng), fingers=(finger,))


def carry(step: Step, rng: np.random.Generator) -> Step:
    """A direction."""
    return replace(step, direction=_WAYS[int(rng.integers(6))])


def follow(step: Step, rng: np.random.Generator) -> Step:
    """A hand that follows, and a direction."""
    direction = _WAYS[int(rng.integers(6))]
    # Sideways the hand that is in front goes first, or they would meet.
    behind = {"left": "right", "right": "left"}.get(direction)
    return replace(step, hand=behind or _hand(rng), direction=direction)
