"""The linear path between motion and noise, and where on it to train and to sample.

x_t = (1 − t) x_0 + t e, with t = 0 the motion and t = 1 Gaussian noise. Motion is so
redundant that text decides anything only at high noise, so both the training levels and
the sampling steps are shifted there as for large images [Esser2024, eq. 23]:
t' = s t / (1 + (s − 1) t).
"""

import torch
from torch import Tensor


def shifted(t: Tensor, shift: float) -> Tensor:
    """Move noise levels in [0, 1] towards 1; `shift` 1 changes nothing."""
    return shift * t / (1 + (shift - 1) * t)


def noisy(x_0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """The point at noise level t (B,) on the path from x_0 to noise (B, ...)."""
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
