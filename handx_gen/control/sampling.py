"""Sampling with constraints: values are put back at every step, relations are pulled at.

*Values.* The network sees them [Cohan2024]; in every step its x̂_0 is replaced by them
where they are given. On the flow x_s = (σ_s / σ_t) x_t − α_s (e^{−h} − 1) x̂_0, so a
replaced entry stays α_s value + σ_s e with the noise e that it began with, in every step,
and the last step returns the value itself.

*Relations.* Between noise levels `GUIDED` and 0 the misses of all distances, L = ½ Σ r²,
are taken off x̂_0 by a few gradient steps of Polyak's length 2 L / (g · K g) along K g,
with K a Gaussian over time, so that a touch in one frame moves its neighbours along.

*The paper's way* (HandX, section 3.4; `BLEND`) is kept for comparison: the network sees
nothing, x̂_0 is a mixture of its own with .85 of the values, less at the edges of what is
given, also in the last step.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from handx_gen.control.points import Point
from handx_gen.diffusion.denoiser import MotionDenoiser, TextMemory
from handx_gen.diffusion.guidance import INTERVAL
from handx_gen.diffusion.sampler import solve
from handx_gen.diffusion.schedule import sampling_levels
from handx_gen.kinematics.contacts import CLOSEST_PALM_PAIRS
from handx_gen.representation import WristRelative

GUIDED = 0.8
"""Noise level below which relations are pulled at."""

INNER = 3
"""Gradient steps on x̂_0 in each of those levels."""

NEIGHBOURS = 3.0
"""Spread of the Gaussian over time [frames]."""

BLEND = (0.85, 0.70, 0.55, 0.40, 0.25, 0.10)
"""Share of the given value in the paper's blend, 0 to 5 frames away from what is given."""


@dataclass(frozen=True, eq=False)
class Aim:
    """A distance between two points in some frames of the clips.

    Attributes:
        first, second: The points; no second one aims at `place`.
        low, high: (B, T) bounds [m]; infinite where there is none.
        place: (B, T, 3) [m], only without a second point.
    """

    first: Point
    second: Point | None
    low: Tensor
    high: Tensor
    place: Tensor | None = None

    def miss(self, joints: Tensor) -> Tensor:
        """How far outside the bounds, (B, T) [m]; joints (B, T, 2, 21, 3)."""
        a = _samples(self.first, joints)
        if self.second is None:
            assert self.place is not None
            b = self.place[:, :, None]
        else:
            b = _samples(self.second, joints)
        # Written out: torch.cdist has no gradient at a distance of zero.
        square = ((a[:, :, :, None] - b[:, :, None]) ** 2).sum(-1)
        nearest = (square + 1e-12).sqrt().amin(-1)  # (B, T, samples of the first)
        if nearest.shape[-1] > 1 and b.shape[2] > 1:
            length = nearest.sort(-1).values[..., :CLOSEST_PALM_PAIRS].mean(-1)
        else:
            length = nearest.amin(-1)
        return length - length.clamp(self.low, self.high)


@dataclass(frozen=True, eq=False)
class Restraint:
    """Everything that holds a batch of clips.

    Attributes:
        observed: (B, 2, T, 63) normalised values, read where `mask` is true.
        mask: (B, 2, T, 63) bool.
        aims: Distances to pull at.
        norm: What the values are normalised with.
        centre: (3,) [m] origin of the clips.
        join: Makes clips that overlap agree, (B, 2, T, 63) → same; None for one clip.
    """

    observed: Tensor
    mask: Tensor
    aims: tuple[Aim, ...]
    norm: WristRelative
    centre: Tensor
    join: Callable[[Tensor], Tensor] | None = None

    def pulled(self, x_0: Tensor) -> Tensor:
        """x̂_0 after a few steps towards the aims."""
        if not self.aims:
            return x_0
        frames = x_0.shape[2]
        off = torch.arange(frames, device=x_0.device)
        kernel = torch.exp(-0.5 * ((off[:, None] - off) / NEIGHBOURS) ** 2)
        free = (~self.mask).to(x_0.dtype)
        centre = self.centre.expand(len(x_0), 3)
        for _ in range(INNER):
            with torch.enable_grad():
                point = x_0.detach().clone().requires_grad_()
                joints = self.norm.unpack(point, centre)
                loss = 0.5 * sum((aim.miss(joints) ** 2).sum((1,)) for aim in self.aims)
                assert isinstance(loss, Tensor)
                (slope,) = torch.autograd.grad(loss.sum(), point)
            slope = slope * free
            step = torch.einsum("ts,bhsf->bhtf", kernel, slope) * free
            along = (slope * step).flatten(1).sum(1)
            size = torch.where(along > 1e-12, 2 * loss.detach() / along, 0.0)
            x_0 = x_0 - size[:, None, None, None] * step
        return x_0

    def shares(self) -> Tensor:
        """The paper's share of the given values, (B, 2, T, 63)."""
        blend = self.observed.new_tensor(BLEND)
        frames = torch.arange(self.mask.shape[2], device=self.mask.device)
        off = (frames[:, None] - frames).abs()
        reach = torch.where(off < len(BLEND), blend[off.clamp(max=len(BLEND) - 1)], 0.0)
        weighted = reach[None, None, :, :, None] * self.mask[:, :, None].to(reach.dtype)
        return weighted.amax(3)


def _samples(point: Point, joints: Tensor) -> Tensor:
    """(B, T, 2, 21, 3) → (B, T, samples, 3)."""
    weights = torch.from_numpy(point.samples.astype(np.float32)).to(joints)
    return weights @ joints[:, :, point.side]


@torch.no_grad()
def sample(
    denoiser: MotionDenoiser,
    text: TextMemory,
    noise: Tensor,
    restraint: Restraint,
    steps: int = 10,
    shift: float = 3.0,
    null: TextMemory | None = None,
    guidance: float = 1.0,
    paper: bool = False,
) -> tuple[Tensor, Tensor]:
    """Sample clips under constraints.

    Args:
        denoiser: In eval mode.
        text: Of the B prompts.
        noise: (B, 2, T, 63).
        restraint: What holds them.
        steps, shift: As `diffusion.sampler.sample`.
        null: The memory with the text dropped, for guidance by the text.
        guidance: Its weight; 1 is none.
        paper: The paper's blending instead of ours.

    Returns:
        x̂_0 (B, 2, T, 63) and contact probabilities (B, T, pairs) of the last step. For
        ours x̂_0 is the network's own answer beside the values it was shown: whoever
        puts them in sees by how much the two differ, and can bend the rest. For the
        paper's it is the mixture.
    """
    observed, mask = restraint.observed, restraint.mask
    shown = (None, None) if paper else (observed, mask)
    share = restraint.shares() if paper else mask.to(noise.dtype)
    # Beyond the frames that give a value, the blend goes on with the nearest of them.
    blended = _continued(observed, mask) if paper else observed
    answer, logits = noise, noise.new_zeros(0)

    def predict(x: Tensor, t: float) -> Tensor:
        nonlocal answer, logits
        level = x.new_full((len(x),), t)
        x_0, logits = denoiser(x, level, text, *shown)
        if null is not None and guidance != 1 and INTERVAL[0] <= t <= INTERVAL[1]:
            without = denoiser(x, level, null, *shown)[0]
            x_0 = without + guidance * (x_0 - without)
        if restraint.join is not None:
            x_0 = restraint.join(x_0)
        if not paper and t < GUIDED:
            x_0 = restraint.pulled(x_0)
        answer = x_0
        return x_0 + share * (blended - x_0)

    x_0 = solve(predict, noise, sampling_levels(steps, shift))
    return (x_0 if paper else answer), logits.sigmoid()


def _continued(observed: Tensor, mask: Tensor) -> Tensor:
    """Every frame's nearest given value, (B, 2, T, 63); zero where there is none."""
    frames = torch.arange(mask.shape[2], device=mask.device)
    off = (frames[:, None] - frames).abs()[None, None, :, :, None]
    far = torch.where(mask[:, :, None], off, 2 * len(frames))  # (B, 2, T, T, 63)
    return observed.gather(2, far.argmin(3)) * mask.any(2, keepdim=True)
