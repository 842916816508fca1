"""From noise to motion: in about ten calls of the denoiser, or in the paper's thousand.

`solve` is DPM-Solver++(2M) [Lu2022]. With lambda = log(alpha / sigma), one step from
noise level t to s < t is

    x_s = (sigma_s / sigma_t) x_t − alpha_s (exp(−h) − 1) D,   h = lambda_s − lambda_t,
    D = x̂_0(t) + (h / 2 h_before) (x̂_0(t) − x̂_0(t_before)),

which is exact if x̂_0 is linear in lambda. The first step (lambda = −∞ on the flow) and
the last one (lambda = +∞) are of first order, D = x̂_0: the last one returns the
denoiser's own answer. Ten such steps keep the spread of the data, where ten Euler steps
lose a sixth of it.

`ancestral` draws every step from the exact posterior q(x_s | x_t, x_0 = x̂_0) [Ho2020,
eq. 7]; over all thousand levels of the cosine path it is the paper's sampler.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from handx_gen.diffusion.denoiser import MotionDenoiser, TextMemory
from handx_gen.diffusion.schedule import Path, flow_path, sampling_levels
from handx_gen.representation import FEATURES

Predictor = Callable[[Tensor, float], Tensor]
"""(x_t, t) → x̂_0."""

Progress = Callable[[int, int], None]
"""(steps done, steps in all), called after every step."""


Draw = Callable[[], Tensor]
"""A source of noise that goes on: each call gives the next (B, ...)."""


def solve(
    predict: Predictor,
    noise: Tensor,
    levels: Tensor | Path,
    progress: Progress | None = None,
) -> Tensor:
    """Integrate from noise to motion.

    Args:
        predict: The denoiser.
        noise: x at the start of the path.
        levels: The path; or decreasing noise levels on the flow, the last one 0.
        progress: Called after every step.

    Returns:
        x_0, same shape as `noise`.
    """
    path = flow_path(levels) if isinstance(levels, Tensor) else levels
    x, before, h_before = noise, None, math.inf
    for i, t in enumerate(path.t):
        x_0 = predict(x, t)
        alpha, sigma = path.alpha[i + 1], path.sigma[i + 1]
        h = _log_snr(alpha, sigma) - _log_snr(path.alpha[i], path.sigma[i])
        estimate = x_0
        if before is not None and math.isfinite(h) and math.isfinite(h_before):
            estimate = x_0 + 0.5 * h / h_before * (x_0 - before)
        x = (sigma / path.sigma[i]) * x - alpha * math.expm1(-h) * estimate
        before, h_before = x_0, h
        if progress:
            progress(i + 1, path.steps)
    return x


def _log_snr(alpha: float, sigma: float) -> float:
    if sigma <= 0:
        return math.inf
    return -math.inf if alpha <= 0 else math.log(alpha / sigma)


def ancestral(
    predict: Predictor,
    noise: Tensor,
    path: Path,
    draw: Draw,
    progress: Progress | None = None,
) -> Tensor:
    """Draw step by step from the posterior, the last step without noise.

    Args:
        predict: The denoiser.
        noise: x at the start of the path.
        path: Variance preserving (alpha² + sigma² = 1).
        draw: Fresh noise, same shape as `noise`.
        progress: Called after every step.

    Returns:
        x_0, same shape as `noise`.
    """
    x = noise
    for i, t in enumerate(path.t):
        x_0 = predict(x, t)
        alpha_t, alpha = path.alpha[i], path.alpha[i + 1]
        var_t, var = path.sigma[i] ** 2, path.sigma[i + 1] ** 2
        kept = (alpha_t / alpha) ** 2  # 1 − beta between the two levels
        x = (alpha * (1 - kept) * x_0 + alpha_t / alpha * var * x) / var_t
        if var > 0:
            x = x + math.sqrt((1 - kept) * var / var_t) * draw()
        if progress:
            progress(i + 1, path.steps)
    return x


def seeded(seeds: Sequence[int], *shape: int, device: str = "cpu") -> Draw:
    """Noise (B, *shape), each clip from its own seed.

    A clip's noise depends neither on the batch it is drawn in nor on the device.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def draw() -> Tensor:
        return torch.stack([torch.randn(*shape, generator=g) for g in generators]).to(
            device
        )

    return draw


def draw_noise(seeds: list[int], frames: int, device: str = "cpu") -> Tensor:
    """Noise (B, 2, frames, 63) for the default network, each clip from its own seed."""
    return seeded(seeds, 2, frames, FEATURES, device=device)()


@torch.inference_mode()
def sample(
    denoiser: MotionDenoiser,
    text: TextMemory,
    noise: Tensor,
    steps: int = 10,
    shift: float = 3.0,
    adjust: Callable[[Predictor], Predictor] | None = None,
    progress: Progress | None = None,
) -> tuple[Tensor, Tensor]:
    """Sample clips.

    Args:
        denoiser: In eval mode.
        text: Of the B prompts, from `denoiser.remember`.
        noise: (B, 2, T, 63).
        steps: Calls of the denoiser.
        shift: How much the steps are concentrated at high noise.
        adjust: Wraps the predictor, for guidance.
        progress: Called after every step.

    Returns:
        x_0 (B, 2, T, 63) and the contact probabilities (B, T, pairs) of the last step.
    """
    logits = noise.new_zeros(0)

    def predict(x: Tensor, t: float) -> Tensor:
        nonlocal logits
        x_0, logits = denoiser(x, x.new_full((len(x),), t), text)
        return x_0

    wrapped = adjust(predict) if adjust else predict
    x_0 = solve(wrapped, noise, sampling_levels(steps, shift), progress)
    return x_0, logits.sigmoid()
