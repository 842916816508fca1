"""Does the network, as it is now, do what sentences ask? `match()` on sampled clips."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np

from handx_gen.prompt import Prompt
from handx_gen.text import TextEncoder, load_encoder
from training.evaluation.protocol import Item, split_items
from training.evaluation.score import score

FIRST_SEED = 7_000_000
"""Seeds of the sentences: none that training or the final evaluation uses."""


class Sampler(Protocol):
    """A network that can be asked."""

    def clips(self, prompts: Any, seeds: Any) -> np.ndarray:
        """Clips (B, T, 2, 21, 3) [m] for B prompts and seeds."""
        ...


@cache
def encoder(name: str, device: str) -> TextEncoder:
    """A text encoder, loaded once per run."""
    return load_encoder(name, device)


def validation_items(count: int) -> list[Item]:
    """Sentences of the teacher's split `val`, with the events they ask for."""
    from handx_gen.procedural import synthesize

    return split_items("val", count, synthesize, FIRST_SEED)


def event_scores(sampler: Sampler, items: Sequence[Item]) -> Mapping[str, float]:
    """Mean event F1 and share done exactly, one sample a sentence.

    Args:
        sampler: The network.
        items: What to ask.

    Returns:
        `event_f1`, `done_exactly` and `jerk` [m/s³].
    """
    prompts = [Prompt(sentence=item.sentence) for item in items]
    clips = sampler.clips(prompts, list(range(len(items))))
    found = score(list(clips), [item.requested for item in items])
    return {
        "event_f1": found.f1.mean or 0.0,
        "done_exactly": found.yes.mean or 0.0,
        "jerk": found.jerk,
    }
