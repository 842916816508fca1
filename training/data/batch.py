"""Batches: clips and prompts drawn from the shards, mirrored where the prompt says so."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from handx_gen.kinematics.contacts import PAIRS
from handx_gen.representation import WristRelative
from handx_gen.skeleton import mirror
from handx_gen.text.encoder import BRANCHES, TextStates
from training.data.store import Shard, mirrored_pairs, shard_paths

SENTENCE_SHARE = 0.8
"""Share of the draws that are free sentences; the rest are triples."""

TEXT_BUCKET = 16
"""Text is padded to a multiple of this, so that a compiled model sees few shapes."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What one training step reads.

    Attributes:
        x: (B, 2, T, 63) normalised features.
        contact: (B, T, P) float, 1 where a pair touches.
        states: (B, L, D) token states.
        mask: (B, L) bool.
        branch: (B, L) int64.
    """

    x: Tensor
    contact: Tensor
    states: Tensor
    mask: Tensor
    branch: Tensor

    def to(self, device: str) -> "Batch":
        """The batch on another device."""
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


def balance(shard: Shard) -> np.ndarray:
    """Weight of each clip: the inverse square root of its rarest primitive's share.

    Without it a primitive that one clip in twenty-five has is hardly learned.
    """
    counts = Counter(name for names in shard.primitives for name in set(names))
    rarest = [min(counts[name] for name in names) for names in shard.primitives]
    return 1 / np.sqrt(rarest)


class Loader:
    """Endless batches from a folder of shards; new shards are picked up as they appear.

    Args:
        folder: Where the shards are.
        norm: Feature scale; None measures it on the first shard.
        seed: Decides the draws.
    """

    def __init__(
        self, folder: Path, norm: WristRelative | None = None, seed: int = 0
    ) -> None:
        self.folder = folder
        self.shards: list[Shard] = []
        self._known: set[Path] = set()
        self._random = np.random.default_rng(seed)
        self._swap = mirrored_pairs(PAIRS)
        self.refresh()
        self.norm = norm or WristRelative.fit(np.asarray(self.shards[0].joints[:2000]))

    def refresh(self) -> None:
        """Open shards that were finished since the last look."""
        for path in shard_paths(self.folder):
            if path not in self._known:
                self._known.add(path)
                self.shards.append(Shard.load(path))
        self._weights = np.array([len(s.joints) for s in self.shards], float)
        self._weights /= self._weights.sum()
        # Variants with a free sentence and those with the triple, per shard, each with
        # the probability of its clip.
        self._pools = [
            [
                (rows, weights[s.clip[rows]] / weights[s.clip[rows]].sum())
                for rows in (
                    np.flatnonzero(np.asarray(s.text_ids[:, 0] >= 0) == flag)
                    for flag in (True, False)
                )
            ]
            for s, weights in zip(self.shards, map(balance, self.shards))
        ]

    @property
    def clips(self) -> int:
        """Number of clips now open."""
        return sum(len(shard.joints) for shard in self.shards)

    def draw(self, size: int) -> Batch:
        """A batch of `size` random variants."""
        joints, contact, prompts = [], [], []
        for number in self._random.choice(len(self.shards), size, p=self._weights):
            shard = self.shards[number]
            sentences, triples = self._pools[number]
            free = self._random.random() < SENTENCE_SHARE or not len(triples[0])
            rows, share = sentences if free else triples
            row = self._random.choice(rows, p=share)
            motion = np.asarray(shard.joints[shard.clip[row]])
            touching = np.asarray(shard.contact[shard.clip[row]])
            if shard.mirrored[row]:
                motion, touching = mirror(motion), touching[:, self._swap]
            joints.append(motion)
            contact.append(touching)
            prompts.append(self._prompt(shard, row))
        text = TextStates.join(prompts)
        spare = -text.mask.shape[1] % TEXT_BUCKET
        x, _ = self.norm.pack(torch.from_numpy(np.stack(joints)))
        return Batch(
            x,
            torch.from_numpy(np.stack(contact)).float(),
            torch.from_numpy(np.pad(text.states, ((0, 0), (0, spare), (0, 0)))),
            torch.from_numpy(np.pad(text.mask, ((0, 0), (0, spare)))),
            torch.from_numpy(np.pad(text.branch, ((0, 0), (0, spare)))),
        )

    @staticmethod
    def _prompt(shard: Shard, row: int) -> list[tuple[int, np.ndarray]]:
        parts = []
        for branch in range(len(BRANCHES)):
            text = shard.text_ids[row, branch]
            if text >= 0:
                start, stop = shard.offsets[text], shard.offsets[text + 1]
                parts.append((branch, shard.tokens[start:stop].astype(np.float32)))
        return parts
