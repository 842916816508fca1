"""The denoiser: two weight-shared hand streams that read the text and each other.

Notable choices:

- One token per hand and patch of frames; both hands' tokens attend to one another.
- Left and right share all weights (the left hand comes mirrored); a learned embedding per
  hand says which is which.
- The text comes as token states, one set per branch (sentence, left, right, relation),
  normalised here because frozen encoders differ in scale, then read by a few trainable
  transformer blocks, which find out whose hand an action belongs to, and by
  cross-attention. Keys and values are made once per prompt.
- adaLN-single [Chen2023, PixArt-alpha]: one shared MLP of time and pooled text, a table
  per block. Each hand pools the text for itself: what both share would move both.
- What is already known of the motion comes as extra input channels, its clean values and
  a mask that says which they are [Cohan2024, CondMDI], through a projection that starts
  at zero: a network trained without them is the same function with them.
- Rotary positions over time, RMS-normalised queries and keys, pre-norm, GELU,
  zero-initialised output.
- The network predicts the clean motion x_0 and, from the same tokens, which point pairs
  touch in each frame.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handx_gen.representation import FEATURES
from handx_gen.text.encoder import BRANCHES

ADDED_LATER = ("observe.weight",)
"""Weights that older checkpoints do not have; at zero they change nothing."""


@dataclass(frozen=True)
class DenoiserConfig:
    """Everything that decides the shapes of the weights."""

    width: int = 192
    """Channels of a token."""
    depth: int = 5
    """Number of blocks."""
    heads: int = 6
    """Attention heads; `width / heads` must be even."""
    patch: int = 3
    """Frames per token."""
    frames: int = 60
    """Frames of a clip."""
    text_width: int = 384
    """Channels of the text encoder's token states."""
    text_blocks: int = 3
    """Trainable blocks that read the token states."""
    pairs: int = 44
    """Point pairs whose contact is predicted (`kinematics.contacts.PAIRS`)."""

    @property
    def tokens(self) -> int:
        """Tokens per hand."""
        return self.frames // self.patch


class TextMemory(NamedTuple):
    """What the blocks read of a prompt: made once, used in every sampling step."""

    keys: list[Tensor]  # depth × (B, heads, L, head width)
    values: list[Tensor]  # same
    mask: Tensor  # (B, 2, L) bool, which tokens each hand may read
    pooled: Tensor  # (B, 2, width), for each hand


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding on (..., N, head width); cos, sin (N, half)."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class RmsNorm(nn.Module):
    """Root-mean-square norm over the last axis, in the dtype of its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (..., width)."""
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype))


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax attention; q, k, v (B, heads, ·, c), mask true where k may be read.

    Written out, because torch's fused kernel has a backward pass that takes a third of a
    whole training step on a CPU at these lengths (20 to 60 tokens).
    """
    scores = q @ (k * k.shape[-1] ** -0.5).transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e4)
    return scores.softmax(-1).to(v.dtype) @ v


class Attention(nn.Module):
    """Self-attention over (B, N, width) with rotary positions."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_norm = RmsNorm(width // heads)
        self.k_norm = RmsNorm(width // heads)
        self.out = nn.Linear(width, width)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """Attend; `mask` (B, 1, 1, N) is true where a key may be read."""
        batch, n, width = x.shape
        q, k, v = self.qkv(x).view(batch, n, 3, self.heads, -1).unbind(2)
        q = rotate(self.q_norm(q).transpose(1, 2), cos, sin)
        k = rotate(self.k_norm(k).transpose(1, 2), cos, sin)
        y = attend(q.to(v.dtype), k.to(v.dtype), v.transpose(1, 2), mask)
        return self.out(y.transpose(1, 2).reshape(batch, n, width))


class Mlp(nn.Sequential):
    """Two layers, four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Linear(width, 4 * width),
            nn.GELU(approximate="tanh"),
            nn.Linear(4 * width, width),
        )


class TextBlock(nn.Module):
    """Self-attention over the text and an MLP; starts as the identity."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.norms = nn.ModuleList([RmsNorm(config.width) for _ in range(2)])
        self.attention = Attention(config.width, config.heads)
        self.mlp = Mlp(config.width)
        for layer in (self.attention.out, self.mlp[-1]):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, text: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """One block on (B, L, width); `mask` (B, 1, 1, L)."""
        text = text + self.attention(self.norms[0](text), cos, sin, mask)
        return text + self.mlp(self.norms[1](text))


class HandPool(nn.Module):
    """What each hand takes from the text: attention with a learned query per hand."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = RmsNorm(config.width)
        self.query = nn.Parameter(torch.randn(2, config.width))
        self.key_value = nn.Linear(config.width, 2 * config.width)
        self.out = nn.Linear(config.width, config.width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, text: Tensor, mask: Tensor) -> Tensor:
        """Pool (B, L, width) where `mask` (B, 2, L) allows it, to (B, 2, width)."""
        batch, length, width = text.shape
        k, v = (
            self.key_value(self.norm(text))
            .view(batch, length, 2, self.heads, -1)
            .transpose(1, 3)
            .unbind(2)
        )
        q = self.query.view(2, self.heads, -1).transpose(0, 1).to(v.dtype)
        y = attend(q.expand(batch, -1, -1, -1), k, v, mask[:, None])
        return self.out(y.transpose(1, 2).reshape(batch, 2, width))


class Block(nn.Module):
    """Self-attention of both hands, reading of the text, MLP."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.attention = Attention(width, config.heads)
        self.norm_text = RmsNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.q_norm = RmsNorm(width // config.heads)
        self.k_norm = RmsNorm(width // config.heads)
        self.read = nn.Linear(width, width)
        self.mlp = Mlp(width)
        self.table = nn.Parameter(torch.randn(6, width) / width**0.5)

    def remember(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the text (B, L, width)."""
        batch, length, _ = text.shape
        k, v = self.key_value(text).view(batch, length, 2, self.heads, -1).unbind(2)
        return self.k_norm(k).transpose(1, 2), v.transpose(1, 2)

    def forward(
        self,
        x: Tensor,
        condition: Tensor,
        memory: tuple[Tensor, Tensor, Tensor],
        cos: Tensor,
        sin: Tensor,
    ) -> Tensor:
        """One block.

        Args:
            x: (B, 2N, width), left tokens then right tokens.
            condition: (B, 2, 6, width) for each hand, from the shared MLP.
            memory: Keys, values (B, heads, L, ·) and mask (B, 1, 2N, L).
            cos: (2N, half) rotary table.
            sin: As `cos`.
        """
        batch, n, width = x.shape
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = (
            (condition + self.table).unsqueeze(3).unbind(2)
        )  # each (B, 2, 1, width)
        hands = (batch, 2, n // 2, width)
        y = F.layer_norm(x, (width,)).view(hands) * (1 + scale_a) + shift_a
        y = self.attention(y.view(x.shape), cos, sin)
        x = x + (gate_a * y.view(hands)).view(x.shape)

        keys, values, mask = memory
        q = self.query(self.norm_text(x)).view(batch, n, self.heads, -1)
        q = self.q_norm(q).transpose(1, 2).to(values.dtype)
        y = attend(q, keys.to(values.dtype), values, mask)
        x = x + self.read(y.transpose(1, 2).reshape(batch, n, width))

        y = F.layer_norm(x, (width,)).view(hands) * (1 + scale_m) + shift_m
        return x + (gate_m * self.mlp(y)).view(x.shape)


class MotionDenoiser(nn.Module):
    """Predicts the clean motion from a noisy one, the noise level and the text."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.embed = nn.Linear(config.patch * FEATURES, width)
        # No bias: where nothing is observed, nothing is added.
        self.observe = nn.Linear(2 * config.patch * FEATURES, width, bias=False)
        self.hand = nn.Parameter(torch.randn(2, width) * 0.02)
        self.time = nn.Sequential(
            nn.Linear(128, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.condition = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.text_in = nn.Linear(config.text_width, width)
        self.branch = nn.Parameter(torch.randn(len(BRANCHES), width) * 0.02)
        self.null = nn.Parameter(torch.randn(width) * 0.02)
        self.text = nn.ModuleList(
            [TextBlock(config) for _ in range(config.text_blocks)]
        )
        self.pool = HandPool(config)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.depth)])
        self.final = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, config.patch * FEATURES)
        self.contact = nn.Linear(2 * width, config.patch * config.pairs)
        for layer in (self.condition[1], self.final, self.out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.observe.weight)
        for block in self.blocks:
            nn.init.zeros_(block.read.weight)
            nn.init.zeros_(block.read.bias)

    def _rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        half = self.config.width // self.config.heads // 2
        rate = 100.0 ** (-torch.arange(half, device=positions.device) / half)
        angle = positions[:, None] * rate
        return angle.cos(), angle.sin()

    def remember(
        self, states: Tensor, mask: Tensor, branch: Tensor, drop: Tensor | None = None
    ) -> TextMemory:
        """Read the text once.

        Args:
            states: (B, L, text_width) token states of the frozen encoder.
            mask: (B, L) bool, true at real tokens.
            branch: (B, L) integers, index into `BRANCHES`.
            drop: (B,) bool, clips whose text is hidden (classifier-free guidance).
        """
        batch, length, text_width = states.shape
        text = self.text_in(F.layer_norm(states, (text_width,)))
        text = text + self.branch[branch]
        positions = torch.arange(length, device=states.device, dtype=torch.float32)
        cos, sin = self._rotary(positions)
        # A prompt that is all padding still needs one readable key: the null token.
        if drop is not None:
            mask = mask & ~drop[:, None]
        readable = mask | (~mask.any(1, keepdim=True))
        for block in self.text:
            text = block(text, cos, sin, readable[:, None, None])
        null = self.null.expand(batch, 1, -1).to(text.dtype)
        weight = mask.unsqueeze(-1).to(text.dtype)
        pooled = (text * weight).sum(1) / weight.sum(1).clamp(min=1)
        pooled = torch.where(mask.any(1, keepdim=True), pooled, null[:, 0])
        text = torch.cat([null, text], 1)
        # The left hand does not read the right hand's branch, nor the right the left's.
        other = torch.tensor([2, 1], device=mask.device)
        allowed = mask[:, None] & (branch[:, None] != other[None, :, None])
        allowed = F.pad(allowed, (1, 0), value=True)  # (B, 2, 1 + L)
        pooled = pooled[:, None] + self.pool(text, allowed)
        keys, values = zip(*(block.remember(text) for block in self.blocks))
        return TextMemory(list(keys), list(values), allowed, pooled)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        text: TextMemory,
        observed: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Predict x_0.

        Args:
            x: (B, 2, T, 63) noisy features.
            t: (B,) noise level in [0, 1]; 1 is pure noise.
            text: From `remember`.
            observed: (B, 2, T, 63) clean features, read where `mask` is true.
            mask: (B, 2, T, 63) bool; None, as nowhere true, is no observation.

        Returns:
            x_0 (B, 2, T, 63) and contact logits (B, T, pairs).
        """
        config = self.config
        batch, n = len(x), config.tokens
        h = self.embed(x.reshape(batch, 2, n, -1)) + self.hand[:, None]
        if observed is not None and mask is not None:
            known = torch.stack([observed.where(mask, 0), mask.to(observed.dtype)], -1)
            h = h + self.observe(known.reshape(batch, 2, n, -1))
        h = h.reshape(batch, 2 * n, config.width)
        frequency = torch.exp(torch.linspace(0, 6.9, 64, device=x.device))
        angle = t[:, None] * frequency
        wave = torch.cat([angle.cos(), angle.sin()], -1)
        signal = self.time(wave)[:, None] + text.pooled  # (B, 2, width)
        condition = self.condition(signal).view(batch, 2, 6, config.width)
        # Positions run over frames / 3, so that a change of patch keeps the scale.
        steps = torch.arange(n, device=x.device, dtype=torch.float32) * config.patch / 3
        cos, sin = self._rotary(steps.repeat(2))
        readable = text.mask.repeat_interleave(n, 1)[:, None]  # (B, 1, 2N, L)
        for block, keys, values in zip(self.blocks, text.keys, text.values):
            h = block(h, condition, (keys, values, readable), cos, sin)
        shift, scale = self.final(F.silu(signal)).unsqueeze(2).chunk(2, -1)
        h = F.layer_norm(h, (config.width,)).view(batch, 2, n, config.width)
        h = h * (1 + scale) + shift
        x_0 = self.out(h).view(batch, 2, config.frames, FEATURES)
        left, right = h.unbind(1)
        contact = self.contact(torch.cat([left, right], -1))
        return x_0.float(), contact.view(batch, config.frames, config.pairs).float()
