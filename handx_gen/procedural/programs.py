"""Random programs: what two hands may be asked for in two seconds."""

import hashlib
from dataclasses import replace
from functools import cache

import numpy as np

from handx_gen.procedural.modifiers import HOLD, QUICK, SLOW
from handx_gen.procedural.performance import sampled_stage
from handx_gen.procedural.sentence import allowed, can_be_timed
from handx_gen.procedural.timeline import Program, Stage, Step
from handx_gen.procedural.vocabulary import PRIMITIVES
from handx_gen.skeleton import SIDES

KINDS = {
    "together": 0.36,  # the two hands do one thing together
    "one hand": 0.15,
    "mirrored": 0.12,  # each hand does the same
    "independent": 0.20,  # each hand does something else
    "one still": 0.04,
    "two in a row": 0.09,
    "three in a row": 0.04,
}
"""Kinds of programs and how often each is drawn."""
MAX_SECONDS = 3.6
"""Programs longer than this at natural speed would be hurried too much in 2 s."""
ROOM = 1.7
"""Up to this natural length a two-second clip need not hurry, so that "slowly" shows [s]."""
SHORT = 1.25
"""Longest step of a sequence [s]."""
MODIFIED = 0.3
"""How often a program tries to say how fast, how long or when."""


def sample_program(rng: np.random.Generator, kind: str = "") -> Program:
    """A random program; `kind` of `KINDS` is drawn if it is not given."""
    kind = kind or str(rng.choice(list(KINDS), p=list(KINDS.values())))
    side = SIDES[int(rng.integers(2))]
    if kind == "together":
        steps = [_random_step(rng, "both", two_handed=True)]
    elif kind in ("one hand", "mirrored"):
        steps = [_random_step(rng, side if kind == "one hand" else "both")]
    elif kind == "independent":
        steps = [_random_step(rng, hand) for hand in SIDES]
    elif kind == "one still":
        other = SIDES[1 - SIDES.index(side)]
        steps = [Step("still", other), _random_step(rng, side)]
    else:
        count = 2 if kind == "two in a row" else 3
        steps = [_short_step(rng, order) for order in range(count)]
    return Program(tuple(_modified(steps, rng)))


def _random_step(rng: np.random.Generator, hand: str, two_handed: bool = False) -> Step:
    """A random step of one hand (or of both alike), or of the two together."""
    entries = [p for p in PRIMITIVES.values() if p.two_handed == two_handed]
    weights = np.array([p.weight for p in entries])
    entry = entries[int(rng.choice(len(entries), p=weights / weights.sum()))]
    step = Step(entry.name, hand)
    return entry.draw(step, rng) if entry.draw else step


def _short_step(rng: np.random.Generator, order: int) -> Step:
    """A step that leaves time for others."""
    while True:
        hand = ("left", "right", "both")[int(rng.integers(3))]
        two_handed = bool(rng.random() < 0.2)
        step = _random_step(rng, "both" if two_handed else hand, two_handed)
        if seconds(step) <= SHORT + 0.55 * two_handed:
            return replace(step, order=order)


def _modified(steps: list[Step], rng: np.random.Generator) -> list[Step]:
    """Now and then a step is slow or quick, held, early or late, if it can be."""
    if rng.random() > MODIFIED or any(step.order > 1 for step in steps):
        return steps
    k = int(rng.integers(len(steps)))
    step = steps[k]
    if step.primitive == "still":
        return steps
    choice = rng.random()
    if choice < 0.3:
        step = replace(step, speed=SLOW)
    elif choice < 0.55:
        step = replace(step, speed=QUICK)
    elif choice < 0.75:
        step = replace(step, hold=HOLD)
    elif len({s.order for s in steps}) == 1 and can_be_timed(step):
        step = replace(step, when="early" if rng.random() < 0.5 else "late")
    changed = [*steps[:k], step, *steps[k + 1 :]]
    longest = 0.9 if step.when else ROOM if step.speed == SLOW else MAX_SECONDS
    fits = natural_seconds(Program(tuple(changed))) <= longest
    return changed if allowed(step) and fits else steps


def held_out_combination(program: Program) -> bool:
    """Whether this combination of steps is reserved for testing (one in five)."""
    if len(program.steps) < 2:
        return False
    parts = sorted(
        f"{s.primitive}|{s.hand}|{'-'.join(s.fingers)}|{s.direction}|{s.order}"
        for s in program.steps
    )
    return hashlib.sha256("&".join(parts).encode()).digest()[0] < 51


@cache
def _reference_stage() -> Stage:
    """The hands on which durations are measured; planning moves does not change them."""
    return sampled_stage(np.random.default_rng(0))


@cache
def seconds(step: Step) -> float:
    """How long a step takes with the hands at rest before it [s]."""
    moves = PRIMITIVES[step.primitive].moves(step, _reference_stage())
    return moves[1] / step.speed + step.hold


def natural_seconds(program: Program) -> float:
    """How long a program takes at natural speed [s]."""
    orders = {step.order for step in program.steps}
    return sum(
        max(seconds(replace(s, order=0)) for s in program.steps if s.order == order)
        for order in orders
    )


def omitted(program: Program, rng: np.random.Generator) -> Program:
    """The program as a caption that leaves something out would ask for it.

    What is left out is how fast, how long, when, or how often, where the events asked
    for allow any number.
    """
    loose = ("bend", "turn", "move")
    steps = []
    for step in program.steps:
        count = 1 if step.primitive in loose and rng.random() < 0.5 else step.count
        steps.append(replace(step, speed=1.0, hold=0.0, when="", count=count))
    return Program(tuple(steps))
