"""Do the hands do each other's part? Item by item, and with exchanged words."""

from collections.abc import Sequence

import numpy as np

from handx_gen.kinematics.requests import match
from handx_gen.motion import BimanualMotion
from training.evaluation.baselines import Model
from training.evaluation.protocol import Item, one_sided, swapped
from training.evaluation.score import Estimate


def _f1(motion: np.ndarray, item: Item) -> float:
    return match(BimanualMotion(motion), item.requested).f1 or 0.0


def swap_rate(
    motions: Sequence[np.ndarray | None], items: Sequence[Item]
) -> tuple[int, int]:
    """Items whose motion does the mirror image of the request better than the request.

    Returns:
        How many, and of how many in which left and right differ.
    """
    swaps = count = 0
    for motion, item in zip(motions, items, strict=True):
        if not one_sided(item):
            continue
        count += 1
        if motion is not None:
            swaps += _f1(motion, swapped(item)) > _f1(motion, item)
    return swaps, count


def exchanged_words(
    model: Model, items: Sequence[Item], seed: int
) -> dict[str, Estimate]:
    """Exchange left and right in the words: do the events change sides?

    Returns:
        Event F1 of the motions for the exchanged sentences against the "exchanged" and
        against the "original" events, and the share of items that do the original
        better ("kept sides"), over items where the two differ.
    """
    items = [item for item in items if one_sided(item)]
    others = [swapped(item) for item in items]
    motions = model([item.sentence for item in others], seed)
    wanted = [0.0 if m is None else _f1(m, o) for m, o in zip(motions, others)]
    old = [0.0 if m is None else _f1(m, i) for m, i in zip(motions, items)]
    kept = sum(b > a for a, b in zip(wanted, old))
    return {
        "exchanged": Estimate.of(wanted),
        "original": Estimate.of(old),
        "kept sides": Estimate.of_share(kept, len(items)),
    }
