"""From noise to motion in about ten calls of the denoiser.

DPM-Solver++(2M) [Lu2022] on the linear path: with alpha = 1 − t, sigma = t and
lambda = log(alpha / sigma), one step from t to s < t is

    x_s = (sigma_s / sigma_t) x_t − alpha_s (exp(−h) − 1) D,   h = lambda_s − lambda_t,
    D = x̂_0(t) + (h / 2 h_before) (x̂_0(t) − x̂_0(t_before)),

which is exact if x̂_0 is linear in lambda. The first step (lambda = −∞) and the last one
(lambda = +∞) are of first order, D = x̂_0: the last one returns the denoiser's own answer.
Ten such steps keep the spread of the data, where ten Euler steps lose a sixth of it.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from handx_gen.diffusion.denoiser import MotionDenoiser, TextMemory
from handx_gen.diffusion.schedule import sampling_levels
from handx_gen.representation import FEATURES

Predictor = Callable[[Tensor, float], Tensor]
"""(x_t, t) → x̂_0."""


def solve(predict: Predictor, noise: Tensor, levels: Tensor) -> Tensor:
    """Integrate from noise to motion.

    Args:
        predict: The denoiser.
        noise: x at `levels[0]`.
        levels: Decreasing noise levels, the last one 0.

    Returns:
        x_0, same shape as `noise`.
    """
    x, before, h_before = noise, None, math.inf
    for t, s in zip(levels[:-1].tolist(), levels[1:].tolist()):
        x_0 = predict(x, t)
        h = _log_snr(s) - _log_snr(t)
        estimate = x_0
        if before is not None and math.isfinite(h) and math.isfinite(h_before):
            estimate = x_0 + 0.5 * h / h_before * (x_0 - before)
        x = (s / t) * x - (1 - s) * math.expm1(-h) * estimate
        before, h_before = x_0, h
    return x


def _log_snr(t: float) -> float:
    if t <= 0:
        return math.inf
    return -math.inf if t >= 1 else math.log((1 - t) / t)


def draw_noise(seeds: list[int], frames: int, device: str = "cpu") -> Tensor:
    """Noise (B, 2, frames, 63), each clip from its own seed.

    A clip does not depend on the batch it is drawn in, nor on the device.
    """
    draws = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        draws.append(torch.randn(2, frames, FEATURES, generator=generator))
    return torch.stack(draws).to(device)


@torch.inference_mode()
def sample(
    denoiser: MotionDenoiser,
    text: TextMemory,
    noise: Tensor,
    steps: int = 10,
    shift: float = 3.0,
    adjust: Callable[[Predictor], Predictor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Sample clips.

    Args:
        denoiser: In eval mode.
        text: Of the B prompts, from `denoiser.remember`.
        noise: (B, 2, T, 63).
        steps: Calls of the denoiser.
        shift: How much the steps are concentrated at high noise.
        adjust: Wraps the predictor, for guidance.

    Returns:
        x_0 (B, 2, T, 63) and the contact probabilities (B, T, pairs) of the last step.
    """
    logits = noise.new_zeros(0)

    def predict(x: Tensor, t: float) -> Tensor:
        nonlocal logits
        x_0, logits = denoiser(x, x.new_full((len(x),), t), text)
        return x_0

    wrapped = adjust(predict) if adjust else predict
    x_0 = solve(wrapped, noise, sampling_levels(steps, shift))
    return x_0, logits.sigmoid()
