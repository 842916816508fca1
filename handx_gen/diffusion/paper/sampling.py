"""Sampling with the paper's network: its thousand steps, or twenty good ones.

The paper's sampler is `ancestral` over all thousand levels. Its guidance has no effect: the
released code calls the network twice per step, but the second call reads the text as
well, so that u + w (c − u) = c at any w. `cfg="official"` therefore makes one call and
gives the same samples; `cfg="true"` hides the text in the other calls, branch by branch,
which the network was trained for (each branch was dropped in a tenth of the clips).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from handx_gen.diffusion.guidance import INTERVAL, guided, shares
from handx_gen.diffusion.paper.network import STREAMS, PaperDenoiser
from handx_gen.diffusion.sampler import Predictor, Progress, ancestral, seeded, solve
from handx_gen.diffusion.schedule import LEVELS, cosine_path
from handx_gen.errors import InputError

Solver = Literal["ddpm", "dpm++"]
Cfg = Literal["official", "true"]
TextTensors = tuple[Tensor, Tensor, Tensor]
"""Token states (B, L, D), mask (B, L) bool and branch (B, L) integers."""


@dataclass(frozen=True)
class PaperSampling:
    """How to sample; the paper's way is `PaperSampling("ddpm", 1000)`."""

    solver: Solver = "dpm++"
    steps: int = 20
    """Calls of the network with the whole text."""
    cfg: Cfg = "official"
    """What guidance does: nothing, as in the released code, or what it should."""
    weights: tuple[float, float, float] = (2.5, 2.5, 2.5)
    """Guidance of left hand, right hand and relation, where `cfg` is "true"."""
    interval: tuple[float, float] = INTERVAL
    """Share of the noise levels within which guidance acts."""

    def __post_init__(self) -> None:
        for name, choices in (("solver", get_args(Solver)), ("cfg", get_args(Cfg))):
            if getattr(self, name) not in choices:
                raise InputError(
                    "sampling", name, f"{getattr(self, name)!r} is not known",
                    f"one of {', '.join(choices)}",
                )  # fmt: skip
        if not 1 <= self.steps <= LEVELS:
            raise InputError("sampling", "steps", f"{self.steps}", f"1 to {LEVELS}")


PAPER = PaperSampling("ddpm", LEVELS)
"""The released code's own sampling."""


def predictor(
    denoiser: PaperDenoiser, text: TextTensors, sampling: PaperSampling
) -> Predictor:
    """The network with the text read, and guided where that is asked.

    Args:
        denoiser: In eval mode.
        text: Of the B prompts.
        sampling: Guidance.
    """

    def reading(count: int) -> Predictor:
        """With the text of the first `count` streams."""
        hidden = torch.arange(len(STREAMS), device=text[0].device) >= count
        memory = denoiser.remember(*text, hidden.expand(len(text[0]), -1))

        def predict(x: Tensor, t: float) -> Tensor:
            return denoiser(x, torch.full((len(x),), int(t), device=x.device), memory)

        return predict

    if sampling.cfg == "official":
        return reading(len(STREAMS))
    low, high = sampling.interval
    wanted = [share != 0 for share in shares(sampling.weights)]
    wanted[-1] = True
    whole = reading(len(STREAMS))
    predictors = [
        reading(count) if want and count < len(STREAMS) else whole
        for count, want in enumerate(wanted)
    ]
    return guided(predictors, sampling.weights, (low * LEVELS, high * LEVELS))


@torch.inference_mode()
def sample(
    denoiser: PaperDenoiser,
    text: TextTensors,
    seeds: Sequence[int],
    frames: int = 60,
    sampling: PaperSampling | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Sample normalised clips.

    Args:
        denoiser: In eval mode.
        text: Of the B prompts.
        seeds: B seeds; each decides all noise of its clip.
        frames: T.
        sampling: How; twenty steps of DPM++ if not said.
        progress: Called after every step.

    Returns:
        x_0 (B, T, 168).
    """
    sampling = sampling or PaperSampling()
    width, device = denoiser.config.features, text[0].device
    draw = seeded(seeds, frames, width, device=str(device))
    predict, path = predictor(denoiser, text, sampling), cosine_path(sampling.steps)
    if sampling.solver == "ddpm":
        return ancestral(predict, draw(), path, draw, progress)
    return solve(predict, draw(), path, progress)
