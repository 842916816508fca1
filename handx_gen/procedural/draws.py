"""Random parameters of primitives: `draw(step, rng) -> step`, for random programs."""

from dataclasses import replace

import numpy as np

from handx_gen.procedural.slots import SHAPES
from handx_gen.procedural.timeline import Step
from handx_gen.skeleton import FINGERS

FOUR = FINGERS[1:]
_SHAPE_WEIGHTS = np.array([4, 3, 3, 2, 2, 1, 1, 1, 1], float)


def _once_or_twice(rng: np.random.Generator) -> int:
    return int(rng.choice([1, 1, 2]))


def _some_fingers(rng: np.random.Generator) -> tuple[str, ...]:
    if rng.random() < 0.7:
        return (FINGERS[int(rng.integers(5))],)
    start = int(rng.integers(1, 4))
    return FINGERS[start : start + 2]


def bend(step: Step, rng: np.random.Generator) -> Step:
    """One finger or two neighbours, once or twice."""
    count = _once_or_twice(rng)
    return replace(step, fingers=_some_fingers(rng), count=count)


def extend(step: Step, rng: np.random.Generator) -> Step:
    """One finger or two neighbours."""
    return replace(step, fingers=_some_fingers(rng))


def wave(step: Step, rng: np.random.Generator) -> Step:
    """From either end."""
    return replace(step, fingers=FOUR if rng.random() < 0.6 else FOUR[::-1])


def shape(step: Step, rng: np.random.Generator) -> Step:
    """A named shape."""
    weights = _SHAPE_WEIGHTS / _SHAPE_WEIGHTS.sum()
    return replace(step, fingers=list(SHAPES)[int(rng.choice(len(SHAPES), p=weights))])


def count(step: Step, rng: np.random.Generator) -> Step:
    """To two or three."""
    return replace(step, count=int(rng.integers(2, 4)))


def pinch(step: Step, rng: np.random.Generator) -> Step:
    """One finger once or twice, or all in turn."""
    if rng.random() < 0.25:
        return replace(step, fingers=FOUR if rng.random() < 0.75 else FOUR[::-1])
    finger = FOUR[int(rng.integers(4))]
    return replace(step, fingers=(finger,), count=_once_or_twice(rng))


def turn(step: Step, rng: np.random.Generator) -> Step:
    """A direction, once or twice."""
    directions = ("flex", "extend", "inward", "outward", "palm_up", "palm_down")
    direction = directions[int(rng.integers(6))]
    return replace(step, direction=direction, count=_once_or_twice(rng))


def move(step: Step, rng: np.random.Generator) -> Step:
    """A direction."""
    directions = ("left", "right", "forward", "back", "up", "down")
    return replace(step, direction=directions[int(rng.integers(6))])


def some_times(step: Step, rng: np.random.Generator) -> Step:
    """Once to three times."""
    return replace(step, count=int(rng.choice([1, 2, 2, 3])))


def twice_at_most(step: Step, rng: np.random.Generator) -> Step:
    """Once or twice."""
    return replace(step, count=_once_or_twice(rng))


def number(step: Step, rng: np.random.Generator) -> Step:
    """One to five."""
    return replace(step, count=int(rng.integers(1, 6)))


def pinched(step: Step, rng: np.random.Generator) -> Step:
    """One of the four fingers."""
    return replace(step, fingers=(FOUR[int(rng.integers(4))],))


def rub(step: Step, rng: np.random.Generator) -> Step:
    """Index or middle finger, once or twice."""
    finger = ("index", "index", "middle")[int(rng.integers(3))]
    return replace(step, fingers=(finger,), count=_once_or_twice(rng))


def flick(step: Step, rng: np.random.Generator) -> Step:
    """Index or middle finger, once or twice."""
    return rub(step, rng)


def thumb_base(step: Step, rng: np.random.Generator) -> Step:
    """A finger whose base the thumb reaches without brushing others."""
    return replace(step, fingers=(("index", "pinky")[int(rng.integers(2))],))


def half_bend(step: Step, rng: np.random.Generator) -> Step:
    """One finger or two neighbours, once or twice; not the thumb."""
    start = int(rng.integers(4))
    fingers = FOUR[start : start + (1 if rng.random() < 0.7 else 2)]
    return replace(step, fingers=fingers, count=_once_or_twice(rng))


def beckon(step: Step, rng: np.random.Generator) -> Step:
    """With the index or all four fingers, once to three times."""
    fingers = ("index",) if rng.random() < 0.65 else FOUR
    return replace(step, fingers=fingers, count=int(rng.choice([1, 2, 2])))


def grip(step: Step, rng: np.random.Generator) -> Step:
    """Something thin or wide."""
    return replace(step, direction=("thin", "wide")[int(rng.integers(2))])


def sweep(step: Step, rng: np.random.Generator) -> Step:
    """A direction."""
    return replace(step, direction=("left", "right", "forward")[int(rng.integers(3))])
