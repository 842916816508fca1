"""What is trained: a network, its loss on a batch, and how its weights are written."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from handx_gen.checkpoint import GeneratorConfig, save_checkpoint
from handx_gen.diffusion.denoiser import DenoiserConfig, MotionDenoiser
from handx_gen.diffusion.schedule import noisy
from handx_gen.generator import Generator
from training.augment import Draws, augmented
from training.configs import TrainConfig
from training.data.batch import Loader
from training.losses import LossWeights, loss_terms, total
from training.validation import Sampler, encoder

Part = tuple[int, int]
"""Number of this process and how many there are."""


class Objective(Protocol):
    """One make of network with its training loss."""

    def network(self) -> nn.Module:
        """A new network, its weights drawn from torch's generator."""
        ...

    def compile(self, model: Any) -> None:
        """Compile what a step calls."""
        ...

    def loss(
        self, model: Any, step: int, shift: float, part: Part
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a part of batch number `step`, and its terms.

        Args:
            model: From `network`.
            step: Decides the clips and everything that is drawn.
            shift: Shift of the noise levels.
            part: Which part of the batch.
        """
        ...

    def write(
        self, folder: Path, weights: Mapping[str, Tensor], about: dict[str, Any]
    ) -> None:
        """Write a checkpoint, readable without the training code.

        Args:
            folder: Of the run.
            weights: The averaged weights.
            about: What the run was.
        """
        ...

    def sampler(self, weights: Mapping[str, Tensor]) -> Sampler:
        """The network with these weights, as it will be asked when it is done."""
        ...


class FlowObjective:
    """The default network: x_0-prediction on the flow, with values shown to it.

    Args:
        config: Of the run.
        loader: Gives the batches.
        device: Torch device.
    """

    def __init__(self, config: TrainConfig, loader: Loader, device: str) -> None:
        assert isinstance(config.denoiser, DenoiserConfig)
        assert isinstance(config.loss, LossWeights)
        self.config, self.loader, self.device = config, loader, device
        self.shape, self.weights = config.denoiser, config.loss

    def network(self) -> MotionDenoiser:
        """A new denoiser."""
        return MotionDenoiser(self.shape)

    def compile(self, model: MotionDenoiser) -> None:
        """Compile the reading of the text and the denoising."""
        model.remember = torch.compile(model.remember)
        model.forward = torch.compile(model.forward)

    def loss(
        self, model: MotionDenoiser, step: int, shift: float, part: Part
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Objective`."""
        config, norm, device = self.config, self.loader.norm, self.device
        batch = self.loader.draw(step, config.batch, *part).to(device)
        draws = Draws.of(config, step, shift, batch, device).part(*part)
        batch = augmented(batch, draws, norm.wrist_std)
        kind = device.split(":")[0]
        with torch.autocast(kind, torch.bfloat16, enabled=config.bfloat16):
            x_0, logits = model(
                noisy(batch.x, draws.noise, draws.t),
                draws.t,
                model.remember(batch.states, batch.mask, batch.branch, draws.drop),
                batch.x,
                draws.shown,
            )
        terms = loss_terms(x_0, logits, batch.x, batch.contact, draws.t, norm)
        return total(terms, self.weights), terms

    def _plain(
        self, weights: Mapping[str, Tensor], about: dict[str, Any]
    ) -> tuple[MotionDenoiser, GeneratorConfig]:
        plain = MotionDenoiser(self.shape)
        plain.load_state_dict(weights)
        config = GeneratorConfig(
            name=self.config.name,
            denoiser=asdict(self.shape),
            norm=self.loader.norm,
            encoder=self.config.encoder,
            fps=self.loader.fps,
            trained=about,
        )
        return plain, config

    def write(
        self, folder: Path, weights: Mapping[str, Tensor], about: dict[str, Any]
    ) -> None:
        """A checkpoint that `handx_gen.checkpoint` reads."""
        save_checkpoint(folder, *self._plain(weights, about))

    def sampler(self, weights: Mapping[str, Tensor]) -> Sampler:
        """See `Objective`."""
        plain, config = self._plain(weights, {})
        plain = plain.eval().requires_grad_(False).to(self.device)
        return Generator(
            plain, config, encoder(self.config.encoder, self.device), self.device
        )
