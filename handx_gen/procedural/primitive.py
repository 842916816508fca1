"""`Primitive`: one entry of the vocabulary."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural.timeline import Move, Stage, Step


@dataclass(frozen=True)
class Primitive:
    """One entry of the vocabulary.

    Attributes:
        name: Key in `vocabulary.PRIMITIVES`.
        title: What it does, in a line.
        moves: `(step, stage) -> (moves, seconds)`.
        requests: `step -> events` that it should produce.
        examples: Sentences that ask for it.
        two_handed: Whether the two hands do it together.
        draw: `(step, rng) -> step`: fills in random parameters. Without it the bare
            step is complete.
        weight: How often random programs use it, among one-handed or two-handed ones.
    """

    name: str
    title: str
    moves: Callable[[Step, Stage], tuple[list[Move], float]]
    requests: Callable[[Step], list[RequestedEvent]]
    examples: tuple[str, ...]
    two_handed: bool = False
    draw: Callable[[Step, np.random.Generator], Step] | None = None
    weight: float = 1.0
