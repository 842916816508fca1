"""A small network with random weights: what holds of any network needs no training."""

import numpy as np
import torch

from handx_gen.checkpoint import GeneratorConfig
from handx_gen.diffusion.denoiser import DenoiserConfig, MotionDenoiser
from handx_gen.generator import Generator
from handx_gen.representation import WristRelative
from handx_gen.text.encoder import HashedEncoder

CLIP = 24
"""Frames that it draws."""

SMALL = DenoiserConfig(
    width=32, depth=1, heads=2, patch=3, frames=CLIP, text_width=32, text_blocks=0
)


def small_network(joints: np.ndarray) -> Generator:
    """Such a network, normalised with the first frames of joints (T, 2, 21, 3)."""
    torch.manual_seed(0)
    denoiser = MotionDenoiser(SMALL).eval()
    for weights in (denoiser.out.weight, denoiser.observe.weight):
        torch.nn.init.normal_(weights, std=0.02)
    norm = WristRelative.fit(joints[None, :CLIP])
    config = GeneratorConfig("small", vars(SMALL), norm, steps=3)
    return Generator(denoiser, config, HashedEncoder(32))
