"""Planning without a model: the reader's steps, said again in the words it was taught."""

from dataclasses import dataclass, replace

import numpy as np

from handx_gen.errors import InputError
from handx_gen.procedural.reader import read
from handx_gen.procedural.timeline import Program
from handx_gen.procedural.wording import say
from handx_gen.prompt import Plan, Prompt, Segment

WORDING = 0
"""Seed of the wording: the same request is always planned in the same words."""


@dataclass(frozen=True)
class Proposal:
    """A plan, and what of the request it does not cover.

    Attributes:
        plan: Segments that follow one another.
        unread: Words that found no place in it.
        nearest: A known request that resembles what was not read; "" if all was.
    """

    plan: Plan
    unread: tuple[str, ...] = ()
    nearest: str = ""


def plan_by_rules(text: str, seconds: float | None = None) -> Proposal:
    """Cut a request into segments and say each in the vocabulary's own words.

    "applaud, then pray" becomes "clap", "press the palms together". What happens at
    the same time stays in one segment.

    Args:
        text: The request, English.
        seconds: How long all of it lasts; shared equally.

    Raises:
        InputError: Nothing of it could be read; names the nearest known request.
    """
    program = read(text)
    if not program.steps:
        raise InputError(
            "plan", "text", f"nothing that is known: {text.strip()[:60]!r}",
            f"e.g. “{program.nearest}”; `handx vocabulary` lists what is known",
        )  # fmt: skip
    orders = sorted({step.order for step in program.steps})
    segments = []
    for order in orders:
        steps = tuple(replace(s, order=0) for s in program.steps if s.order == order)
        words = say(Program(steps), np.random.default_rng(WORDING))
        share = None if seconds is None else seconds / len(orders)
        segments.append(Segment(Prompt(sentence=words), share))
    nearest = program.nearest if program.unread else ""
    return Proposal(Plan(tuple(segments)), program.unread, nearest)
