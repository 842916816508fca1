"""The paper's sampling step as released, in torch's own transformer.

Shapes are those of the released layers12 model and of T5-base; the weights are random,
because the time of a step does not depend on their values. One step of the released loop
calls the network twice (guidance that has no effect), and each call encodes the three
texts anew and runs the decoder once per text.
"""

import torch
from torch import Tensor, nn
from transformers import T5Config, T5EncoderModel

from handx_gen.diffusion.paper.network import PaperDenoiser

TOKENS = 34
"""Tokens of each text: captions of the data have 30 to 38."""

T5_BASE = T5Config(
    d_model=768, d_ff=3072, d_kv=64, num_layers=12, num_heads=12, vocab_size=32128
)


class PublishedStep:
    """One step of the released loop.

    Args:
        denoiser: Gives its weights to torch's decoder.
    """

    def __init__(self, denoiser: PaperDenoiser) -> None:
        config = denoiser.config
        self.denoiser = denoiser
        layer = nn.TransformerDecoderLayer(
            config.width, config.heads, config.feedforward, config.dropout, "gelu",
            batch_first=True,
        )  # fmt: skip
        self.decoder = nn.TransformerDecoder(layer, config.layers).eval()
        self.decoder.load_state_dict(denoiser.seq_trans_decoder.state_dict())
        self.t5 = T5EncoderModel(T5_BASE).eval().requires_grad_(False)
        generator = torch.Generator().manual_seed(0)
        self.texts = torch.randint(
            T5_BASE.vocab_size, (3, 1, TOKENS), generator=generator
        )
        self.kinds = (
            denoiser.left_hand_cls_token,
            denoiser.right_hand_cls_token,
            denoiser.two_hands_relation_cls_token,
        )

    def encode(self) -> Tensor:
        """Token states of the three texts, (3, 1, TOKENS, 768), one call each."""
        return torch.stack([self.t5(text).last_hidden_state for text in self.texts])

    def decode(self, x: Tensor, t: Tensor, texts: Tensor) -> Tensor:
        """The network once, branch by branch, on the states of the three texts."""
        network = self.denoiser
        z = total = network.input_process.pose_embedding(x)
        level = network.embed_timestep(t)[:, None]
        for states, kind in zip(texts, self.kinds):
            memory = network.text_embedding_project(states)
            sequence = torch.cat([level, kind, z], 1)
            sequence = (
                sequence + network.sequence_pos_encoder.pe[:, : sequence.shape[1]]
            )
            total = total + self.decoder(sequence, memory)[:, 2:]
        return network.output_process.pose_head(total)

    def call(self, x: Tensor, t: Tensor) -> Tensor:
        """The network once, its texts encoded for it."""
        return self.decode(x, t, self.encode())

    def step(self, x: Tensor, t: Tensor) -> Tensor:
        """Both calls of a step."""
        conditional, other = self.call(x, t), self.call(x, t)
        return other + 2.5 * (conditional - other)
