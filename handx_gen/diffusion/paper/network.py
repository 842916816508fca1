"""The network of the HandX paper (arXiv 2603.28766), weight for weight.

One decoder, run once per branch of the text: left hand, right hand, relation. Each run
reads [noise level, the branch's class token, the embedded frames] and attends to that
branch's token states; the three results are added to the embedded frames. Parameter names
and shapes are those of the released checkpoints (`weights.json`), the text encoder's left
out: its states come in ready made. What is ours is how it is run: the three branches go
through the decoder together, and the text's keys and values are made once per prompt.

A branch with no tokens, or a dropped one, reads the learned null state. A free sentence,
which the paper does not have, is read by all three branches.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handx_gen.text.encoder import BRANCHES

STREAMS = ("left", "right", "relation")
"""The decoder's three runs, each for the text branch of the same name."""


@dataclass(frozen=True)
class PaperConfig:
    """Shapes of the weights; the defaults are the paper's largest released model."""

    layers: int = 12
    width: int = 512
    """Channels of a token."""
    heads: int = 4
    feedforward: int = 1024
    """Channels inside the decoder's MLP."""
    text_width: int = 768
    """Channels of the text states; 768 is T5-base, the paper's encoder."""
    features: int = 168
    """Numbers per frame: 42 joints × (x, y, z, rotation scalar)."""
    positions: int = 5000
    """Rows of the sinusoidal table, for frames and for noise levels."""
    dropout: float = 0.1
    text_norm: bool = False
    """Layer-normalise the text states. Not the paper's: for encoders whose states have
    another scale than T5's."""


SIZES = {
    "layers4": PaperConfig(layers=4, width=256),
    "layers8": PaperConfig(layers=8),
    "layers12": PaperConfig(layers=12),
}
"""The released sizes: 4.630, 26.329 and 38.947 million trained weights."""


class PaperText(NamedTuple):
    """What the decoder reads of the prompts: made once, used in every step."""

    keys: list[Tensor]  # layers × (B, 1, heads, 1 + L, head width)
    values: list[Tensor]  # same
    mask: Tensor  # (B, 3, 1, 1, 1 + L) bool, which states each stream may read


def sinusoids(rows: int, width: int) -> Tensor:
    """Sine and cosine of rising periods, interleaved [Vaswani2017, §3.5]."""
    position = torch.arange(rows, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2).float() * (-math.log(10000.0) / width))
    table = torch.zeros(rows, width)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table


class Frames(nn.Module):
    """Frames → tokens."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.pose_embedding = nn.Linear(config.features, config.width)


class Positions(nn.Module):
    """The table that is added to a sequence."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.register_buffer("pe", sinusoids(config.positions, config.width)[None])


class NoiseLevel(nn.Module):
    """Index of a noise level → token."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.time_embedding = nn.Sequential(
            nn.Linear(config.width, config.width),
            nn.SiLU(),
            nn.Linear(config.width, config.width),
        )
        table = sinusoids(config.positions, config.width)
        self.register_buffer("positional_encode", table)

    def forward(self, t: Tensor) -> Tensor:
        """(B,) indices → (B, width)."""
        return self.time_embedding(self.positional_encode[t])


class Head(nn.Module):
    """Tokens → frames."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.pose_head = nn.Linear(config.width, config.features)


class DecoderLayer(nn.Module):
    """Self-attention, reading of the text, MLP; each normalised after it is added.

    The same function and weights as `torch.nn.TransformerDecoderLayer`, with the text's
    keys and values given.
    """

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        width, heads = config.width, config.heads
        self.heads, self.dropout = heads, config.dropout
        self.self_attn = nn.MultiheadAttention(width, heads)
        self.multihead_attn = nn.MultiheadAttention(width, heads)
        self.linear1 = nn.Linear(width, config.feedforward)
        self.linear2 = nn.Linear(config.feedforward, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def remember(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of text states (B, L, width)."""
        width = text.shape[-1]
        attention = self.multihead_attn
        both = F.linear(
            text, attention.in_proj_weight[width:], attention.in_proj_bias[width:]
        )
        keys, values = self._split(both, 2)
        return keys[:, None], values[:, None]

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        """One layer.

        Args:
            x: (B, 3, N, width), one sequence per stream.
            keys: (B, 1, heads, L, head width).
            values: As `keys`.
            mask: (B, 3, 1, 1, L), true where a state may be read.
        """
        batch, streams, n, width = x.shape
        qkv = F.linear(x, self.self_attn.in_proj_weight, self.self_attn.in_proj_bias)
        q, k, v = self._split(qkv.view(batch * streams, n, -1), 3)
        y = self._attend(q, k, v, None).view(x.shape)
        x = self.norm1(x + self._drop(self.self_attn.out_proj(y)))
        q = F.linear(
            x,
            self.multihead_attn.in_proj_weight[:width],
            self.multihead_attn.in_proj_bias[:width],
        )
        q = q.view(batch, streams, n, self.heads, -1).transpose(2, 3)
        y = self._attend(q, keys, values, mask).view(x.shape)
        x = self.norm2(x + self._drop(self.multihead_attn.out_proj(y)))
        y = self.linear2(self._drop(F.gelu(self.linear1(x))))
        return self.norm3(x + self._drop(y))

    def _split(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        """(B, N, parts · width) → parts × (B, heads, N, head width)."""
        batch, n, _ = x.shape
        return x.view(batch, n, parts, self.heads, -1).transpose(1, 3).unbind(2)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        scores = q @ (k * k.shape[-1] ** -0.5).transpose(-1, -2)
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        y = self._drop(scores.softmax(-1)) @ v
        return y.transpose(-3, -2).flatten(-2)

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)


class Decoder(nn.Module):
    """The layers, one after another."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [DecoderLayer(config) for _ in range(config.layers)]
        )


class PaperDenoiser(nn.Module):
    """Predicts the clean motion from a noisy one, its noise level and the text."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.input_process = Frames(config)
        self.sequence_pos_encoder = Positions(config)
        self.text_embedding_project = nn.Linear(config.text_width, width)
        self.seq_trans_decoder = Decoder(config)
        self.null_text_embedding = nn.Parameter(torch.randn(1, 1, width))
        self.left_hand_cls_token = nn.Parameter(torch.randn(1, 1, width))
        self.right_hand_cls_token = nn.Parameter(torch.randn(1, 1, width))
        self.two_hands_relation_cls_token = nn.Parameter(torch.randn(1, 1, width))
        self.embed_timestep = NoiseLevel(config)
        self.output_process = Head(config)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def remember(
        self, states: Tensor, mask: Tensor, branch: Tensor, drop: Tensor | None = None
    ) -> PaperText:
        """Read the text once.

        Args:
            states: (B, L, text_width) token states of the frozen encoder.
            mask: (B, L) bool, true at real tokens.
            branch: (B, L) integers, index into `BRANCHES`.
            drop: (B,) or (B, 3) bool: clips, or their streams, that see no text.
        """
        batch = len(states)
        if self.config.text_norm:
            states = F.layer_norm(states, states.shape[-1:])
        text = self.text_embedding_project(states)
        text = torch.cat([self.null_text_embedding.expand(batch, 1, -1), text], 1)
        own = torch.tensor([BRANCHES.index(s) for s in STREAMS], device=mask.device)
        sentence = BRANCHES.index("sentence")
        read = (branch[:, None] == own[:, None]) | (branch[:, None] == sentence)
        read = read & mask[:, None]  # (B, 3, L)
        if drop is not None:
            read = read & ~drop.reshape(batch, -1, 1)
        read = torch.cat([~read.any(2, keepdim=True), read], 2)[:, :, None, None]
        text = text.to(self.seq_trans_decoder.layers[0].linear1.weight.dtype)
        pairs = [layer.remember(text) for layer in self.seq_trans_decoder.layers]
        keys, values = zip(*pairs)
        return PaperText(list(keys), list(values), read)

    def forward(self, x: Tensor, t: Tensor, text: PaperText) -> Tensor:
        """Predict x_0.

        Args:
            x: (B, T, 168) noisy features.
            t: (B,) index of the noise level, 0 to 999.
            text: From `remember`.

        Returns:
            x_0 (B, T, 168).
        """
        z = self.input_process.pose_embedding(x)
        batch, frames, _ = z.shape
        kinds = torch.stack(
            [
                self.left_hand_cls_token,
                self.right_hand_cls_token,
                self.two_hands_relation_cls_token,
            ],
            1,
        )  # (1, 3, 1, width)
        level = self.embed_timestep(t.long())[:, None, None].expand(-1, 3, -1, -1)
        tokens = z[:, None].expand(-1, 3, -1, -1)
        h = torch.cat([level, kinds.expand(batch, -1, -1, -1), tokens], 2)
        h = h + self.sequence_pos_encoder.pe[:, None, : frames + 2]
        h = F.dropout(h, self.config.dropout, self.training)
        h = h.to(text.keys[0].dtype)
        layers = self.seq_trans_decoder.layers
        for layer, keys, values in zip(layers, text.keys, text.values):
            h = layer(h, keys, values, text.mask)
        z = z + h[:, :, 2:].to(z.dtype).sum(1)
        return self.output_process.pose_head(z).float()

    def trained(self) -> int:
        """Number of trained weights."""
        return sum(p.numel() for p in self.parameters())
