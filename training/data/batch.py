"""Batches: clips and prompts in an order that the seed and the step number decide.

The order is an endless sequence of epochs. An epoch draws every clip about as often as
its weight says, shuffled; each time a clip comes back, it is asked for in another of its
wordings. Batch `n` is a slice of that sequence, whoever asks for it and whenever: a run
that was killed goes on with the same clips, and two processes read halves of one batch.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from handx_gen.kinematics.contacts import PAIRS
from handx_gen.representation import WristRelative
from handx_gen.skeleton import mirror
from handx_gen.text.encoder import BRANCHES, TextStates
from training.data.store import Shard, about_shards, mirrored_pairs, shard_paths

SENTENCE_SHARE = 0.8
"""Share of the draws that are free sentences; the rest are triples."""

TEXT_BUCKET = 16
"""Text is padded to a multiple of this, so that a compiled model sees few shapes."""

HARD = frozenset(
    {
        "drum", "fingertips_in_turn", "flutter", "half_bend", "rub_circles", "scissor",
        "shake", "thumb_base", "thumb_circle", "tremble",
    }
)  # fmt: skip
"""Primitives that come late. Most swing to and fro: the mean over their phases is a hand
at rest, and that is what a network makes of them for long. The others ask for a finger
joint to stop half-way (`training/LOG.md`)."""

HARD_WEIGHT = 2.5
"""How much more often clips with one of them are drawn."""

GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it fill [0, 1) evenly: a clip's wordings come round without repeating."""


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


def balance(primitives: Sequence[Sequence[str]]) -> np.ndarray:
    """Weight of each clip: the inverse square root of its rarest primitive's share.

    Without it a primitive that one clip in twenty-five has is hardly learned. Clips with
    a primitive of `HARD` weigh `HARD_WEIGHT` times as much.

    Args:
        primitives: Names of each clip's primitives; a clip without any has weight 1.

    Returns:
        (N,), of mean 1 over the clips that name their primitives.
    """
    counts = Counter(name for names in primitives for name in set(names))
    rarest = np.array(
        [min((counts[n] for n in names), default=0) for names in primitives]
    )
    weights = np.ones(len(rarest))
    named = rarest > 0
    if named.any():
        weights[named] = rarest[named] ** -0.5
        weights[[not HARD.isdisjoint(names) for names in primitives]] *= HARD_WEIGHT
        weights[named] /= weights[named].mean()
    return weights


class Loader:
    """Batches from a folder of shards.

    Args:
        folder: Where the shards are.
        norm: Feature scale; None measures it on the first shard.
        seed: Decides the order.
    """

    def __init__(
        self, folder: Path, norm: WristRelative | None = None, seed: int = 0
    ) -> None:
        self.folder, self.seed = folder, seed
        self.shards: list[Shard] = []
        self._swap = mirrored_pairs(PAIRS)
        self.refresh(self.found())
        about = about_shards(folder)
        self.fps, self.encoder = about.fps, about.encoder
        self.description = about.description
        self.norm = norm or WristRelative.fit(np.asarray(self.shards[0].joints[:2000]))

    def found(self) -> list[str]:
        """Names of the shards that are finished by now."""
        return [path.name for path in shard_paths(self.folder)]

    def refresh(self, names: Sequence[str]) -> None:
        """Use these shards from the next draw on."""
        self.shards = [Shard.load(self.folder / name) for name in sorted(names)]
        sizes = [len(shard.joints) for shard in self.shards]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        # All ways of asking, sorted by clip, each clip's sentences before its triples.
        clip = np.concatenate(
            [s.clip + start for s, start in zip(self.shards, self._starts)]
        )
        triple = np.concatenate([s.text_ids[:, 0] < 0 for s in self.shards])
        row = np.concatenate([np.arange(len(s.clip)) for s in self.shards])
        self._rows = row[np.lexsort((row, triple, clip))]
        every = np.bincount(clip, minlength=self.clips)
        self._first = np.cumsum(every) - every
        self._triples = np.bincount(clip[triple], minlength=self.clips)
        self._sentences = every - self._triples
        weights = balance([names for s in self.shards for names in s.primitives])
        weights = weights * (every > 0)
        self._cumulative = np.cumsum(weights) / weights.sum()
        self._phase = np.random.default_rng(self.seed).random(self.clips)
        self._epochs: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    @property
    def clips(self) -> int:
        """Number of clips now open."""
        return int(self._starts[-1])

    @property
    def text_width(self) -> int:
        """Channels of the token states."""
        return self.shards[0].tokens.shape[1]

    @property
    def frames(self) -> int:
        """Frames of a clip."""
        return self.shards[0].joints.shape[1]

    def _epoch(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Clips of an epoch, in order, and a number in [0, 1) that picks the wording."""
        if number not in self._epochs:
            random = np.random.default_rng([self.seed, number])
            ticks = (np.arange(self.clips) + random.random()) / self.clips
            clips = np.searchsorted(self._cumulative, ticks).clip(max=self.clips - 1)
            again = np.arange(len(clips)) - np.searchsorted(clips, clips)
            wording = (self._phase[clips] + GOLDEN * (number + 1009 * again)) % 1
            order = random.permutation(len(clips))
            self._epochs = {number: (clips[order], wording[order])}
        return self._epochs[number]

    def _choose(self, step: int, size: int) -> list[tuple[int, int]]:
        """(shard, row) of each place of batch `step`."""
        chosen = []
        for place in range(step * size, (step + 1) * size):
            epoch, index = divmod(place, self.clips)
            clips, wordings = self._epoch(epoch)
            clip, wording = int(clips[index]), float(wordings[index])
            sentences, triples = self._sentences[clip], self._triples[clip]
            share = SENTENCE_SHARE if sentences and triples else float(sentences > 0)
            if wording < share:
                way = min(int(wording / share * sentences), sentences - 1)
            else:
                rest = (wording - share) / (1 - share)
                way = sentences + min(int(rest * triples), triples - 1)
            shard = int(np.searchsorted(self._starts, clip, side="right")) - 1
            chosen.append((shard, int(self._rows[self._first[clip] + way])))
        return chosen

    def draw(self, step: int, size: int, part: int = 0, parts: int = 1) -> Batch:
        """Batch number `step` of `size` clips, or its part `part` of `parts`.

        Text is padded to the longest prompt of the whole batch.
        """
        joints, contact, prompts = [], [], []
        chosen = self._choose(step, size)
        for number, row in chosen[part * size // parts : (part + 1) * size // parts]:
            shard = self.shards[number]
            motion = np.asarray(shard.joints[shard.clip[row]])
            touching = np.asarray(shard.contact[shard.clip[row]])
            if shard.mirrored[row]:
                motion, touching = mirror(motion), touching[:, self._swap]
            joints.append(motion)
            contact.append(touching)
            prompts.append(self._prompt(shard, row))
        text = TextStates.join(prompts)
        longest = max(1, *(self._length(self.shards[n], row) for n, row in chosen))
        spare = -(-longest // TEXT_BUCKET) * TEXT_BUCKET - text.mask.shape[1]
        x, _ = self.norm.pack(torch.from_numpy(np.stack(joints)))
        return Batch(
            x,
            torch.from_numpy(np.stack(contact)).float(),
            torch.from_numpy(np.pad(text.states, ((0, 0), (0, spare), (0, 0)))),
            torch.from_numpy(np.pad(text.mask, ((0, 0), (0, spare)))),
            torch.from_numpy(np.pad(text.branch, ((0, 0), (0, spare)))),
        )

    @staticmethod
    def _length(shard: Shard, row: int) -> int:
        texts = shard.text_ids[row]
        texts = texts[texts >= 0]
        return int((shard.offsets[texts + 1] - shard.offsets[texts]).sum())

    @staticmethod
    def _prompt(shard: Shard, row: int) -> list[tuple[int, np.ndarray]]:
        parts = []
        for branch in range(len(BRANCHES)):
            text = shard.text_ids[row, branch]
            if text >= 0:
                start, stop = shard.offsets[text], shard.offsets[text + 1]
                parts.append((branch, shard.tokens[start:stop].astype(np.float32)))
        return parts
