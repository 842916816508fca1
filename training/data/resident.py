"""The same batches with everything already on the training device.

A GPU finishes a step before a processor has gathered the next batch from files. Where the
data fit, motion, contacts and token states are put on the device once, and a batch is an
index into them. The order, the clips and their words are those of `Loader`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from handx_gen.representation import WristRelative
from training.data.batch import TEXT_BUCKET, Batch, Loader

ROOM = 0.5
"""Largest share of a device's free memory that the data may take."""


def data_bytes(loader: Loader) -> int:
    """What the data of a loader take on a device."""
    return sum(
        array.nbytes for s in loader.shards for array in (s.joints, s.contact, s.tokens)
    )


def fits(loader: Loader, device: str) -> bool:
    """Whether the data may go onto a CUDA device."""
    free, _ = torch.cuda.mem_get_info(device)
    return data_bytes(loader) < ROOM * free


class ResidentLoader(Loader):
    """A loader whose arrays are on the device.

    Args:
        folder: Where the shards are.
        norm: Feature scale; None measures it on the first shard.
        seed: Decides the order.
        device: Torch device.
    """

    def __init__(
        self, folder: Path, norm: WristRelative | None, seed: int, device: str
    ) -> None:
        self._device = device
        super().__init__(folder, norm, seed)
        self._gather()

    def refresh(self, names: Sequence[str]) -> None:
        """Use these shards from the next draw on."""
        before = self.clips if self.shards else 0
        super().refresh(names)
        if before and self.clips != before:
            self._gather()

    def _gather(self) -> None:
        device = self._device
        # Features of both hands in right-hand form: a mirror image only swaps the hands.
        self._x = torch.cat(
            [
                self.norm.pack(torch.from_numpy(np.array(s.joints)).to(device))[0]
                for s in self.shards
            ]
        )
        self._contact = torch.cat(
            [torch.from_numpy(np.array(s.contact)).to(device) for s in self.shards]
        )
        self._tokens = torch.cat(
            [torch.from_numpy(np.array(s.tokens)).to(device) for s in self.shards]
        )
        sizes = [len(s.tokens) for s in self.shards]
        self._token_starts = np.concatenate([[0], np.cumsum(sizes)])
        self._other = torch.from_numpy(self._swap).to(device)

    def draw(self, step: int, size: int, part: int = 0, parts: int = 1) -> Batch:
        """See `Loader.draw`."""
        chosen = self._choose(step, size)
        longest = max(1, *(self._length(self.shards[n], row) for n, row in chosen))
        length = -(-longest // TEXT_BUCKET) * TEXT_BUCKET
        mine = chosen[part * size // parts : (part + 1) * size // parts]
        clips = np.empty(len(mine), np.int64)
        mirrored = np.empty(len(mine), bool)
        where = np.full((len(mine), length), -1)
        branch = np.zeros((len(mine), length), np.int64)
        for place, (number, row) in enumerate(mine):
            shard = self.shards[number]
            clips[place] = self._starts[number] + shard.clip[row]
            mirrored[place] = shard.mirrored[row]
            begin = 0
            for name, text in enumerate(shard.text_ids[row]):
                if text >= 0:
                    start, stop = shard.offsets[text], shard.offsets[text + 1]
                    end = begin + int(stop - start)
                    first = self._token_starts[number]
                    where[place, begin:end] = np.arange(first + start, first + stop)
                    branch[place, begin:end] = name
                    begin = end
        device = self._device
        rows = torch.from_numpy(clips).to(device)
        turned = torch.from_numpy(mirrored).to(device)
        index = torch.from_numpy(where).to(device)
        mask = index >= 0
        x, contact = self._x[rows], self._contact[rows]
        x = torch.where(turned.view(-1, 1, 1, 1), x.flip(1), x)
        contact = torch.where(turned.view(-1, 1, 1), contact[..., self._other], contact)
        states = self._tokens[index.clamp(min=0)].float() * mask.unsqueeze(-1)
        return Batch(
            x, contact.float(), states, mask, torch.from_numpy(branch).to(device)
        )
