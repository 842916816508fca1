"""What is drawn anew in every step: noise, levels, hidden words, shown values.

Everything is drawn for the whole batch from the seed and the step number, and each process
takes its part: how many processes there are changes nothing.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from handx_gen.diffusion.schedule import training_levels
from training.configs import TrainConfig
from training.data.batch import Batch
from training.observation import draw_masks, draw_offsets


@dataclass(frozen=True, eq=False)
class Draws:
    """The random numbers of a step.

    Attributes:
        noise: (B, 2, T, 63).
        t: (B,) noise levels.
        drop: (B,) bool, clips that see no text.
        hidden: (B, L) bool, tokens to hide.
        blur: (B, L, D), what to add to the token states, in units of their spread.
        shown: (B, 2, T, 63) bool, values that the network sees.
        offset: (B, 2, 1, 3), moves of clips of which something is shown [m].
    """

    noise: Tensor
    t: Tensor
    drop: Tensor
    hidden: Tensor
    blur: Tensor
    shown: Tensor
    offset: Tensor

    @classmethod
    def of(
        cls, config: TrainConfig, step: int, shift: float, like: Batch, device: str
    ) -> "Draws":
        """The numbers of step `step`.

        Args:
            config: Gives the seed, the batch size and the shares.
            step: Number of the step.
            shift: Shift of the noise levels.
            like: Any part of the batch, for the shapes.
            device: Where the large ones are drawn.
        """
        seeds = np.random.SeedSequence([config.seed, step])
        first, second = (int(word) for word in seeds.generate_state(2))
        few = torch.Generator().manual_seed(first)
        many = torch.Generator(device).manual_seed(second)
        random = np.random.default_rng(seeds)
        size, (length, width) = config.batch, like.states.shape[1:]
        shape = (size, *like.x.shape[1:])
        some = torch.rand(size, 1, generator=few) < 1 / 3
        level = config.text_noise * torch.rand(size, 1, 1, generator=few)
        shown = draw_masks(size, shape[2], config.show_nothing, random)
        return cls(
            torch.randn(shape, generator=many, device=device),
            training_levels(size, shift, few).to(device),
            (torch.rand(size, generator=few) < config.drop_text).to(device),
            (some & (torch.rand(size, length, generator=few) < config.drop_words)).to(
                device
            ),
            torch.randn(size, length, width, generator=many, device=device)
            * level.to(device),
            shown.to(device),
            draw_offsets(shown, random).to(device),
        )

    def part(self, number: int, count: int) -> "Draws":
        """Part `number` of `count` equal ones."""
        size = len(self.t)
        span = slice(number * size // count, (number + 1) * size // count)
        return Draws(**{f.name: getattr(self, f.name)[span] for f in fields(self)})


def augmented(batch: Batch, draws: Draws, wrist_std: float) -> Batch:
    """The batch with some words hidden, token states blurred, shown clips moved.

    Args:
        batch: As loaded.
        draws: Of the same clips.
        wrist_std: Scale of the wrist features [m].
    """
    kept = batch.mask & ~draws.hidden
    kept = torch.where(kept.any(1, keepdim=True), kept, batch.mask)
    states = batch.states + draws.blur * batch.states.std(-1, keepdim=True)
    wrist = batch.x[..., :3] + draws.offset / wrist_std
    x = torch.cat([wrist, batch.x[..., 3:]], -1)
    return replace(batch, x=x, states=states, mask=kept)
