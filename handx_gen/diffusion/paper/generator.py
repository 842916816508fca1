"""Prompts in, joints or motions out, with the paper's network."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from handx_gen.diffusion.finish import finish
from handx_gen.diffusion.paper.network import PaperDenoiser
from handx_gen.diffusion.paper.sampling import PaperSampling, TextTensors, sample
from handx_gen.diffusion.paper.weights import (
    load_normalisation,
    load_paper_checkpoint,
    size_name,
)
from handx_gen.diffusion.precision import has_fast_bfloat16, in_bfloat16
from handx_gen.diffusion.sampler import Progress
from handx_gen.errors import InputError
from handx_gen.generator import played
from handx_gen.motion import BimanualMotion
from handx_gen.prompt import Plan, Prompt
from handx_gen.representation.handx168 import FEATURES, Handx168
from handx_gen.text import TextEncoder, encode_prompts, load_encoder

FPS = 30.0
"""Frames per second of the paper's clips [Hz]."""

ENCODER = "t5-base"
"""Text encoder of the released weights."""


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
        name: What motions say they were made by.
    """

    denoiser: PaperDenoiser
    norm: Handx168
    encoder: TextEncoder
    sampling: PaperSampling = field(default_factory=PaperSampling)
    frames: int = 60
    device: str = "cpu"
    name: str = "handx"

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
        encoder: str = "",
        sampling: PaperSampling | None = None,
        device: str = "cpu",
        bfloat16: bool | None = None,
    ) -> "PaperGenerator":
        """A folder of weights with the statistics of their data.

        Released weights are `model.pt`, with `mean.npy` and `std.npy` of the released
        data put beside it. The training loop writes `model.safetensors`, and
        `paper.json`, which names the encoder.

        Args:
            folder: Holds the files.
            encoder: Name or folder of the text encoder; empty takes what `paper.json`
                says, else T5-base from the local cache.
            sampling: How to sample.
            device: Torch device.
            bfloat16: Whether a CPU computes in half the precision; None where that is
                the faster way (`handx_gen.diffusion.precision`).

        Raises:
            InputError: A file is missing or cannot be used.
            MissingEncoder: The encoder's files are not here.
            MissingExtra: torch, safetensors or transformers is not installed.
        """
        folder = Path(folder)
        about = _about(folder / "paper.json")
        weights = folder / ("model.safetensors" if about else "model.pt")
        shapes = about.get("network", {})
        norm = load_normalisation(folder)
        denoiser = load_paper_checkpoint(
            weights, device, int(shapes.get("heads", 4)), bool(shapes.get("text_norm"))
        )
        text = load_encoder(encoder or str(about.get("encoder", ENCODER)), device)
        state = denoiser.state_dict().items()
        size = size_name({name: tuple(value.shape) for name, value in state})
        how = sampling or PaperSampling()
        name = folder.name if size == "other" else f"handx-{size}"
        if device == "cpu" and (has_fast_bfloat16() if bfloat16 is None else bfloat16):
            denoiser = in_bfloat16(denoiser)
        return cls(denoiser, norm, text, how, device=device, name=name)

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

    def motions(self, plan: Plan, seeds: Sequence[int]) -> list[BimanualMotion]:
        """A finished motion per seed, its segments in the lengths that the plan asks.

        Args:
            plan: What is asked; segments without a length are played at ease.
            seeds: One per motion.
        """
        about = {
            "text": plan.text,
            "model": self.name,
            "steps": self.sampling.steps,
            "source": "the paper's network",
        }
        made = []
        for seed in seeds:
            prompts = [segment.prompt for segment in plan.segments]
            clips = self.clips(prompts, [seed + 1009 * i for i in range(len(prompts))])
            whole = np.stack([finish(clip.astype(float)) for clip in clips])
            made.append(
                played(plan, whole.astype(np.float32), FPS, {**about, "seed": seed})
            )
        return made


def _about(path: Path) -> dict:
    """What the training loop says about its weights; empty where there is no file."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(path, "", f"not JSON ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("network"), dict):
        raise InputError(path, "network", "missing", "train the preset again")
    return content
