"""Which values of a clip a training step shows to the network [Cohan2024, CondMDI].

One network then serves every sparse constraint: what is shown is kept, what is not is
generated to fit it and the text. Each kind below is a constraint that somebody asks for.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from handx_gen.representation import FEATURES
from handx_gen.skeleton import TIP_INDEX

WANDER = 0.02
"""Spread of the origin of clips whose wrist is shown [m].

Clips are centred on the mean of both wrists, which nobody knows who gives a few frames
only: the shown values say where the motion is, not the centring.
"""

JOINTS = FEATURES // 3


def _some(random: np.random.Generator, count: int, most: int) -> np.ndarray:
    """A random subset of `range(count)`: at least one, at most `most`."""
    size = int(random.integers(1, min(most, count) + 1))
    return random.choice(count, size, replace=False)


def _hands(random: np.random.Generator) -> list[int]:
    """Both hands in half of the cases, else one of them."""
    return [[0, 1], [0, 1], [0], [1]][int(random.integers(4))]


def _frames(random: np.random.Generator, frames: int) -> np.ndarray:
    """All frames in half of the cases, else a few keyframes."""
    if random.random() < 0.5:
        return np.arange(frames)
    return _some(random, frames, 10)


def prefix_or_suffix(random: np.random.Generator, mask: np.ndarray) -> None:
    """The start, the end, or both: continuing and in-betweening."""
    frames = mask.shape[1]
    kind = random.random()
    if kind < 0.75:
        mask[:, : random.integers(1, frames // 2)] = True
    if kind > 0.5:
        mask[:, -random.integers(1, frames // 2) :] = True


def keyframes(random: np.random.Generator, mask: np.ndarray) -> None:
    """Whole hands at a few moments."""
    times = _some(random, mask.shape[1], 8)
    for hand in _hands(random):
        mask[hand, times] = True


def joints(random: np.random.Generator, mask: np.ndarray) -> None:
    """Single joints at a few moments or throughout."""
    times = _frames(random, mask.shape[1])
    by_joint = mask.reshape(2, mask.shape[1], JOINTS, 3)
    for hand in _hands(random):
        for joint in _some(random, JOINTS, 6):
            by_joint[hand, times, joint] = True


def one_hand(random: np.random.Generator, mask: np.ndarray) -> None:
    """The whole motion of one hand."""
    mask[int(random.integers(2))] = True


def wrist_paths(random: np.random.Generator, mask: np.ndarray) -> None:
    """Where a wrist goes."""
    times = _frames(random, mask.shape[1])
    for hand in _hands(random):
        mask[hand, times, :3] = True


def fingertips(random: np.random.Generator, mask: np.ndarray) -> None:
    """Some fingertips, relative to the wrist or with it."""
    wrist_paths(random, mask)
    if random.random() < 0.5:
        mask[...] = False
    times = _frames(random, mask.shape[1])
    by_joint = mask.reshape(2, mask.shape[1], JOINTS, 3)
    for hand in _hands(random):
        for tip in _some(random, 5, 5):
            by_joint[hand, times, TIP_INDEX[tip]] = True


KINDS: tuple[Callable[[np.random.Generator, np.ndarray], None], ...] = (
    prefix_or_suffix, keyframes, joints, one_hand, wrist_paths, fingertips,
)  # fmt: skip
"""Drawn with equal shares; each sets a mask (2, T, 63) in place."""


def draw_masks(
    count: int, frames: int, nothing: float, random: np.random.Generator
) -> Tensor:
    """Masks of a batch.

    Args:
        count: Clips.
        frames: Frames of a clip.
        nothing: Share of the clips that show nothing: those are learned from text alone.
        random: Where the draws come from.

    Returns:
        (count, 2, frames, 63) bool, true where the network sees the clean value.
    """
    masks = np.zeros((count, 2, frames, FEATURES), bool)
    for mask in masks:
        if random.random() >= nothing:
            KINDS[int(random.integers(len(KINDS)))](random, mask)
    return torch.from_numpy(masks)


def draw_offsets(masks: Tensor, random: np.random.Generator) -> Tensor:
    """How far clips whose wrist is shown are moved, both hands alike.

    Args:
        masks: As `draw_masks`.
        random: Where the draws come from.

    Returns:
        (B, 2, 1, 3) [m] for the wrist features, zero where no wrist is shown. The left
        hand is in right-hand form: its x axis is mirrored.
    """
    offset = random.normal(0, WANDER, (len(masks), 1, 1, 3))
    offset = offset * np.array([[[-1, 1, 1]], [[1, 1, 1]]])
    shown = masks[..., :3].flatten(1).any(1).view(-1, 1, 1, 1)
    return torch.from_numpy(offset.astype(np.float32)) * shown
