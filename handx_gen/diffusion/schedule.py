"""Paths between motion and noise, and where on them to train and to sample.

On every path x_t = alpha x_0 + sigma e, with e Gaussian noise. Two are used:

- *flow*: alpha = 1 − t, sigma = t, with t = 0 the motion and t = 1 the noise. Motion is so
  redundant that text decides anything only at high noise, so both the training levels
  and the sampling steps are shifted there as for large images [Esser2024, eq. 23]:
  t' = s t / (1 + (s − 1) t).
- *variance preserving*: alpha² + sigma² = 1, in a thousand discrete levels whose alpha²
  falls like a squared cosine [Nichol2021, eq. 17]: the paper's.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

LEVELS = 1000
"""Noise levels of the paper's schedule."""

LARGEST_BETA = 0.999
"""Share of the variance that one of its levels may replace."""


class Path(NamedTuple):
    """The points that a sampler visits, from noise to motion."""

    t: tuple[float, ...]  # what the denoiser is told at each of the n steps
    alpha: tuple[float, ...]  # n + 1, share of the motion, the last one 1
    sigma: tuple[float, ...]  # n + 1, share of the noise, the last one 0

    @property
    def steps(self) -> int:
        """Calls of the denoiser."""
        return len(self.t)


def shifted(t: Tensor, shift: float) -> Tensor:
    """Move noise levels in [0, 1] towards 1; `shift` 1 changes nothing."""
    return shift * t / (1 + (shift - 1) * t)


def noisy(x_0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """The point at noise level t (B,) on the flow from x_0 to noise (B, ...)."""
    t = t.view(-1, *[1] * (x_0.ndim - 1))
    return (1 - t) * x_0 + t * noise


def training_levels(count: int, shift: float, generator: torch.Generator) -> Tensor:
    """Draw noise levels: one per stratum of [0, 1], then shifted. (count,)."""
    strata = torch.randperm(count, generator=generator)
    u = (strata + torch.rand(count, generator=generator)) / count
    return shifted(u, shift)


def sampling_levels(steps: int, shift: float) -> Tensor:
    """Noise levels of a sampling run: `steps` + 1 numbers from 1 down to 0."""
    return shifted(torch.linspace(1, 0, steps + 1, dtype=torch.float64), shift).float()


def flow_path(levels: Tensor) -> Path:
    """The flow through decreasing noise levels, the last one 0."""
    t = levels.tolist()
    return Path(tuple(t[:-1]), tuple(1 - v for v in t), tuple(t))


def cosine_alpha_bar() -> np.ndarray:
    """alpha² of the paper's levels, (1000,) float64, falling from nearly 1 to nearly 0.

    Level i keeps the share 1 − beta_i of level i − 1, with
    beta_i = min(1 − f(i + 1) / f(i), 0.999), f(i) = cos²((i / 1000 + .008) / 1.008 · π/2).
    """
    u = np.arange(LEVELS + 1) / LEVELS
    f = np.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2
    beta = np.minimum(1 - f[1:] / f[:-1], LARGEST_BETA)
    return np.cumprod(1 - beta)


def cosine_path(steps: int = LEVELS) -> Path:
    """The paper's path through `steps` of its levels, evenly spaced from the noisiest.

    All thousand are the paper's own sampler; the last step goes to the motion itself.
    The starting level keeps 5e-5 of the motion, which sampling takes for none.
    """
    spaced = np.linspace(0, LEVELS - 1, steps + 1).round()[::-1][:-1]
    chosen = (np.arange(LEVELS)[::-1] if steps >= LEVELS else spaced).astype(int)
    alpha_bar = np.append(cosine_alpha_bar()[chosen], 1.0)
    return Path(
        tuple(chosen.tolist()),
        tuple(np.sqrt(alpha_bar).tolist()),
        tuple(np.sqrt(1 - alpha_bar).tolist()),
    )
