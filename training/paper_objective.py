"""The paper's network and loss, in the same loop and on the same clips as the default."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from handx_gen.diffusion.paper.generator import PaperGenerator
from handx_gen.diffusion.paper.network import PaperConfig, PaperDenoiser
from handx_gen.diffusion.paper.sampling import PaperSampling
from handx_gen.representation.handx168 import Handx168
from training.configs import TrainConfig
from training.data.batch import Loader
from training.objective import Part
from training.presets.handx import PaperLoss, PaperTraining
from training.validation import Sampler, encoder


class PaperObjective:
    """x_0-prediction on the cosine path over 42 joints × (xyz + rotation scalar).

    Args:
        config: Of the run.
        loader: Gives the batches.
        device: Torch device.
    """

    def __init__(self, config: TrainConfig, loader: Loader, device: str) -> None:
        assert isinstance(config.denoiser, PaperConfig)
        assert isinstance(config.loss, PaperTraining)
        self.config, self.loader, self.device = config, loader, device
        self.shape, self.settings = config.denoiser, config.loss
        self.norm = Handx168.fit(np.asarray(loader.shards[0].joints[:2000]))
        self._loss = PaperLoss(self.settings)

    def network(self) -> PaperDenoiser:
        """A new network in training mode: it has dropout."""
        return PaperDenoiser(self.shape).train()

    def compile(self, model: PaperDenoiser) -> None:
        """Compile the reading of the text and the denoising."""
        model.remember = torch.compile(model.remember)
        model.forward = torch.compile(model.forward)

    def loss(
        self, model: PaperDenoiser, step: int, shift: float, part: Part
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """See `training.objective.Objective`; the shift is the preset's own.

        Noise and dropout are drawn per process: unlike the default network's, another
        number of processes gives another run.
        """
        batch = self.loader.draw(step, self.config.batch, *part)
        joints = self.loader.norm.unpack(batch.x).numpy()
        x = torch.from_numpy(self.norm.pack(joints)[0]).to(self.device)
        text = batch.states, batch.mask, batch.branch
        states, mask, branch = (value.to(self.device) for value in text)
        seed = np.random.SeedSequence([self.config.seed, step, part[0]])
        first, second = (int(word) for word in seed.generate_state(2))
        torch.manual_seed(first)  # dropout
        generator = torch.Generator().manual_seed(second)
        kind = self.device.split(":")[0]
        with torch.autocast(kind, torch.bfloat16, enabled=self.config.bfloat16):
            return self._loss(model, x, (states, mask, branch), generator)

    def write(
        self, folder: Path, weights: Mapping[str, Tensor], about: dict[str, Any]
    ) -> None:
        """`model.safetensors`, `mean.npy`, `std.npy` and `paper.json`.

        The weights have the names of the released checkpoints:
        `handx_gen.diffusion.paper.weights.load_paper_checkpoint` reads them.
        """
        from safetensors.torch import save_file

        plain = {k: v.detach().cpu().contiguous() for k, v in weights.items()}
        save_file(plain, folder / "model.partial", metadata={"format": "pt"})
        os.replace(folder / "model.partial", folder / "model.safetensors")
        for name in ("mean", "std"):
            np.save(
                folder / f"{name}.npy", np.reshape(getattr(self.norm, name), (42, 4))
            )
        content = {
            "network": asdict(self.shape), "encoder": self.config.encoder, **about,
        }  # fmt: skip
        partial = folder / "paper.partial"
        partial.write_text(json.dumps(content, indent=2) + "\n")
        partial.replace(folder / "paper.json")

    def sampler(self, weights: Mapping[str, Tensor]) -> Sampler:
        """See `training.objective.Objective`; DPM++ in twenty steps."""
        plain = PaperDenoiser(self.shape)
        plain.load_state_dict(weights)
        plain = plain.eval().requires_grad_(False).to(self.device)
        frames = self.loader.shards[0].joints.shape[1]
        text = encoder(self.config.encoder, self.device)
        return PaperGenerator(
            plain, self.norm, text, PaperSampling(), frames, self.device
        )
