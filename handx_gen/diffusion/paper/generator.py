"""Prompts in, joints out, with the paper's network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from handx_gen.diffusion.paper.network import PaperDenoiser
from handx_gen.diffusion.paper.sampling import PaperSampling, TextTensors, sample
from handx_gen.diffusion.paper.weights import (
    load_normalisation,
    load_paper_checkpoint,
)
from handx_gen.diffusion.sampler import Progress
from handx_gen.errors import InputError
from handx_gen.prompt import Prompt
from handx_gen.representation.handx168 import FEATURES, Handx168
from handx_gen.text import TextEncoder, encode_prompts, load_encoder


@dataclass(frozen=True, eq=False)
class PaperGenerator:
    """The paper's network with the statistics and the text encoder it was trained with.

    Attributes:
        denoiser: The network, in eval mode.
        norm: Scale of the features.
        encoder: Text encoder; T5-base for released weights.
        sampling: How to sample.
        frames: Length of a clip at 30 Hz.
        device: Torch device of the network.
    """

    denoiser: PaperDenoiser
    norm: Handx168
    encoder: TextEncoder
    sampling: PaperSampling = field(default_factory=PaperSampling)
    frames: int = 60
    device: str = "cpu"

    def __post_init__(self) -> None:
        config = self.denoiser.config
        if config.features != FEATURES:
            raise InputError(
                "network", "features", f"{config.features} per frame, not {FEATURES}"
            )
        if self.encoder.width != config.text_width:
            raise InputError(
                "network", "encoder",
                f"{self.encoder.name} gives {self.encoder.width} channels, the network "
                f"reads {config.text_width}", "use the encoder it was trained with",
            )  # fmt: skip

    @classmethod
    def load(
        cls,
        folder: str | Path,
        encoder: str,
        sampling: PaperSampling | None = None,
        device: str = "cpu",
    ) -> "PaperGenerator":
        """Released weights: `model.pt` with `mean.npy` and `std.npy` of the data beside it.

        Args:
            folder: Holds the three files.
            encoder: Folder of T5-base, or its hub id where it is in the local cache.
            sampling: How to sample.
            device: Torch device.

        Raises:
            InputError: A file is missing or cannot be used.
            MissingEncoder: The encoder's files are not here.
            MissingExtra: torch, safetensors or transformers is not installed.
        """
        folder = Path(folder)
        norm = load_normalisation(folder)
        denoiser = load_paper_checkpoint(folder / "model.pt", device)
        text = load_encoder(encoder, device)
        return cls(denoiser, norm, text, sampling or PaperSampling(), device=device)

    def read(self, prompts: Sequence[Prompt]) -> TextTensors:
        """Token states, mask and branch of the prompts, each text encoded once."""
        text = encode_prompts(self.encoder, prompts)
        states, mask, branch = (
            torch.from_numpy(a).to(self.device)
            for a in (text.states, text.mask, text.branch)
        )
        return states, mask, branch

    def clips(
        self,
        prompts: Sequence[Prompt],
        seeds: Sequence[int],
        progress: Progress | None = None,
    ) -> np.ndarray:
        """Clips (B, T, 2, 21, 3) [m], centred on the mean midpoint of the wrists.

        Joints as the network gives them: `handx_gen.diffusion.finish` brings them to
        hands with constant bones.

        Args:
            prompts: B prompts.
            seeds: B seeds.
            progress: Called after every step.

        Raises:
            InputError: The network gave numbers that are not finite.
        """
        x_0 = sample(
            self.denoiser,
            self.read(prompts),
            seeds,
            self.frames,
            self.sampling,
            progress,
        )
        joints = self.norm.unpack(x_0.cpu().numpy())
        if not np.isfinite(joints).all():
            raise InputError("network", "weights", "they give NaN", "load them again")
        return joints.astype(np.float32)
