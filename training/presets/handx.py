"""The paper's training: noise, losses and optimiser of the network in `diffusion.paper`.

Two things in the released code are taken for mistakes and mended here, each with a switch
back: its acceleration term pulls the prediction's acceleration to zero instead of to the
clip's, which smooths every movement (`official_acceleration`), and it clips gradients
after the optimiser's step, when they no longer matter (`clip=None`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from handx_gen.diffusion.paper.network import PaperDenoiser
from handx_gen.diffusion.schedule import LEVELS, cosine_alpha_bar, training_levels
from handx_gen.representation.handx168 import CHANNELS


@dataclass(frozen=True)
class PaperTraining:
    """The paper's choices, with the mended defaults."""

    everything: float = 0.5
    """Weight of the error of all four channels, beside 1 for the positions alone."""
    velocity: float = 0.2
    acceleration: float = 0.1
    official_acceleration: bool = False
    """Pull accelerations to zero, as the released code does."""
    drop_text: float = 0.1
    """Share of the streams, each by itself, that see no text."""
    shift: float = 1.0
    """Shift of the noise levels towards noise; 1 draws them uniformly, as the paper."""
    learning_rate: float = 1e-4
    weight_decay: float = 5e-6
    """Of matrices only."""
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float | None = 1.0
    """Largest norm of the gradient; None, as in effect in the released code, has none."""


def loss_terms(
    x_0: Tensor, target: Tensor, official_acceleration: bool = False
) -> dict[str, Tensor]:
    """The terms, unweighted; all are mean squares in normalised units.

    Args:
        x_0: (B, T, 168) prediction.
        target: (B, T, 168).
        official_acceleration: See `PaperTraining`.
    """
    error = x_0 - target
    off, predicted = (
        v.unflatten(-1, (-1, CHANNELS))[..., :3].flatten(-2) for v in (error, x_0)
    )
    bent = predicted if official_acceleration else off
    return {
        "positions": off.square().mean(),
        "everything": error.square().mean(),
        "velocity": off.diff(dim=1).square().mean(),
        "acceleration": bent.diff(n=2, dim=1).square().mean(),
    }


def optimizer(model: nn.Module, settings: PaperTraining) -> torch.optim.AdamW:
    """AdamW at a constant rate, decaying matrices only."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        betas=settings.betas,
    )


class PaperLoss:
    """One batch → its loss.

    Args:
        settings: Weights and noise.
    """

    def __init__(self, settings: PaperTraining) -> None:
        self.settings = settings
        self._alpha_bar = torch.from_numpy(cosine_alpha_bar()).float()

    def __call__(
        self,
        model: PaperDenoiser,
        x: Tensor,
        text: tuple[Tensor, Tensor, Tensor],
        generator: torch.Generator,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum and its terms.

        Args:
            model: In training mode.
            x: (B, T, 168) normalised clips.
            text: States (B, L, D), mask (B, L) and branch (B, L).
            generator: On the CPU; decides levels, noise and dropped text.
        """
        settings, size = self.settings, len(x)
        levels = training_levels(size, settings.shift, generator)
        t = (levels * LEVELS).long().clamp(max=LEVELS - 1)
        kept = self._alpha_bar[t].view(-1, 1, 1).to(x.device)
        noise = torch.randn(x.shape, generator=generator).to(x.device)
        drop = torch.rand(size, 3, generator=generator) < settings.drop_text
        noisy = kept.sqrt() * x + (1 - kept).sqrt() * noise
        memory = model.remember(*text, drop.to(x.device))
        x_0 = model(noisy, t.to(x.device), memory)
        terms = loss_terms(x_0, x, settings.official_acceleration)
        loss = terms["positions"] + sum(
            getattr(settings, name) * terms[name]
            for name in ("everything", "velocity", "acceleration")
        )
        return loss, terms
