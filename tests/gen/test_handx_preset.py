"""The paper's network: its counts, its function, its text, its training losses."""

import pytest
import torch
from torch import nn

from handx_gen.diffusion.paper.network import (
    SIZES,
    PaperConfig,
    PaperDenoiser,
    sinusoids,
)
from handx_gen.diffusion.paper.weights import released_shapes, size_name
from handx_gen.diffusion.schedule import LEVELS
from training.presets.handx import PaperLoss, PaperTraining, loss_terms, optimizer

SMALL = PaperConfig(
    layers=2, width=32, heads=4, feedforward=48, text_width=8, positions=1100
)
MILLIONS = {"layers4": 4.630, "layers8": 26.329, "layers12": 38.947}


class Published(nn.Module):
    """The paper's description in torch's own transformer, one branch at a time."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        width = config.width
        block = nn.ModuleDict
        table = sinusoids(config.positions, width)
        self.input_process = block(
            {"pose_embedding": nn.Linear(config.features, width)}
        )
        self.sequence_pos_encoder = nn.Module()
        self.sequence_pos_encoder.register_buffer("pe", table[None])
        self.text_embedding_project = nn.Linear(config.text_width, width)
        layer = nn.TransformerDecoderLayer(
            width, config.heads, config.feedforward, 0.1, "gelu", batch_first=True
        )
        self.seq_trans_decoder = nn.TransformerDecoder(layer, config.layers)
        for name in ("left_hand", "right_hand", "two_hands_relation"):
            token = nn.Parameter(torch.randn(1, 1, width))
            self.register_parameter(f"{name}_cls_token", token)
        self.null_text_embedding = nn.Parameter(torch.randn(1, 1, width))
        self.embed_timestep = nn.Module()
        self.embed_timestep.time_embedding = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.embed_timestep.register_buffer("positional_encode", table)
        self.output_process = block({"pose_head": nn.Linear(width, config.features)})

    def forward(self, x, t, texts):
        z = total = self.input_process["pose_embedding"](x)
        table = self.embed_timestep.positional_encode[t]
        level = self.embed_timestep.time_embedding(table)[:, None]
        for name, states in zip(
            ("left_hand", "right_hand", "two_hands_relation"), texts
        ):
            kind = getattr(self, f"{name}_cls_token").expand(len(x), 1, -1)
            sequence = torch.cat([level, kind, z], 1)
            sequence = sequence + self.sequence_pos_encoder.pe[:, : sequence.shape[1]]
            memory = (
                self.null_text_embedding.expand(len(x), -1, -1)
                if states is None
                else self.text_embedding_project(states)
            )
            total = total + self.seq_trans_decoder(sequence, memory)[:, 2:]
        return self.output_process["pose_head"](total)


@pytest.fixture
def denoiser() -> PaperDenoiser:
    torch.manual_seed(0)
    return PaperDenoiser(SMALL).eval()


def a_text(batch=2, lengths=(5, 3, 4)):
    """Token states by branch, and the same as one batch of states, mask and branch."""
    parts = [torch.randn(batch, length, SMALL.text_width) for length in lengths]
    branch = torch.tensor([k + 1 for k, n in enumerate(lengths) for _ in range(n)])
    states = torch.cat(parts, 1)
    mask = torch.ones(states.shape[:2], dtype=torch.bool)
    return parts, (states, mask, branch.expand(batch, -1))


@pytest.mark.parametrize("size", SIZES)
def test_sizes_have_the_papers_number_of_weights(size):
    with torch.device("meta"):
        model = PaperDenoiser(SIZES[size])
    assert model.trained() / 1e6 == pytest.approx(MILLIONS[size], abs=5e-4)


@pytest.mark.parametrize("size", SIZES)
def test_names_and_shapes_are_the_committed_ones_and_torchs_own(size):
    with torch.device("meta"):
        ours = PaperDenoiser(SIZES[size]).state_dict()
        torchs = Published(SIZES[size]).state_dict()
    shapes = {name: tuple(value.shape) for name, value in ours.items()}
    assert shapes == released_shapes()[size]
    assert shapes == {name: tuple(value.shape) for name, value in torchs.items()}
    assert size_name(shapes) == size
    assert size_name(shapes | {"more": (1,)}) == "other"


def test_it_is_the_published_function(denoiser):
    published = Published(SMALL).eval()
    published.load_state_dict(denoiser.state_dict())
    parts, text = a_text()
    x, t = torch.randn(2, 11, 168), torch.tensor([3, 998])
    with torch.inference_mode():
        ours = denoiser(x, t, denoiser.remember(*text))
        torch.testing.assert_close(ours, published(x, t, parts), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("stream", range(3))
def test_a_dropped_branch_and_an_empty_one_read_the_null_state(denoiser, stream):
    published = Published(SMALL).eval()
    published.load_state_dict(denoiser.state_dict())
    parts, (states, mask, branch) = a_text()
    x, t = torch.randn(2, 7, 168), torch.tensor([500, 20])
    drop = torch.zeros(2, 3, dtype=torch.bool)
    drop[:, stream] = True
    expected = [None if k == stream else part for k, part in enumerate(parts)]
    with torch.inference_mode():
        dropped = denoiser(x, t, denoiser.remember(states, mask, branch, drop))
        empty = denoiser(
            x, t, denoiser.remember(states, mask & (branch != stream + 1), branch)
        )
        torch.testing.assert_close(
            dropped, published(x, t, expected), atol=2e-6, rtol=0
        )
        torch.testing.assert_close(empty, dropped, atol=2e-6, rtol=0)


def test_a_sentence_is_read_by_all_three_branches(denoiser):
    states = torch.randn(1, 4, SMALL.text_width)
    mask = torch.ones(1, 4, dtype=torch.bool)
    sentence = denoiser.remember(states, mask, torch.zeros(1, 4, dtype=torch.long))
    triple = denoiser.remember(
        states.repeat(1, 3, 1),
        mask.repeat(1, 3),
        torch.tensor([1, 2, 3]).repeat_interleave(4)[None],
    )
    x, t = torch.randn(1, 7, 168), torch.tensor([700])
    with torch.inference_mode():
        one, three = denoiser(x, t, sentence), denoiser(x, t, triple)
        torch.testing.assert_close(one, three, atol=2e-6, rtol=0)


def test_padding_of_the_text_changes_nothing(denoiser):
    _, (states, mask, branch) = a_text(1)
    x, t = torch.randn(1, 7, 168), torch.tensor([700])
    padded = torch.cat([states, 9 * torch.ones(1, 3, SMALL.text_width)], 1)
    with torch.inference_mode():
        a = denoiser(x, t, denoiser.remember(states, mask, branch))
        b = denoiser(
            x,
            t,
            denoiser.remember(
                padded,
                nn.functional.pad(mask, (0, 3)),
                nn.functional.pad(branch, (0, 3), value=1),
            ),
        )
    torch.testing.assert_close(a, b, atol=2e-6, rtol=0)


def test_losses_vanish_on_the_target_except_the_official_acceleration():
    clip = torch.randn(3, 9, 168)
    assert all(float(term) == 0 for term in loss_terms(clip, clip).values())
    official = loss_terms(clip, clip, official_acceleration=True)
    assert official["acceleration"] > 1
    # The official term is smallest for a prediction that does not accelerate.
    still = clip[:, :1].expand_as(clip)
    assert loss_terms(still, clip, True)["acceleration"] == 0
    assert loss_terms(still, clip, False)["acceleration"] > 1


def test_losses_read_the_right_channels():
    clip = torch.zeros(1, 4, 168)
    turned, moved = clip.clone(), clip.clone()
    turned.unflatten(-1, (42, 4))[..., 3] = 1.0
    moved.unflatten(-1, (42, 4))[..., 0] = 1.0
    terms = loss_terms(turned, clip)
    assert terms["positions"] == 0
    assert float(terms["everything"]) == pytest.approx(1 / 4)
    terms = loss_terms(moved, clip)
    assert float(terms["positions"]) == pytest.approx(1 / 3)
    assert terms["velocity"] == 0


def test_training_learns_and_decays_matrices_only(denoiser):
    settings = PaperTraining(learning_rate=1e-3, weight_decay=0.1)
    groups = optimizer(denoiser, settings).param_groups
    assert all(p.ndim > 1 for p in groups[0]["params"])
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0]
    assert groups[0]["betas"] == (0.9, 0.95)

    denoiser.train()
    _, text = a_text(4)
    x = torch.randn(1, 1, 168).expand(4, 12, -1)  # motionless, so quickly learned
    step, loss_of = optimizer(denoiser, settings), PaperLoss(settings)
    losses = []
    for number in range(60):
        generator = torch.Generator().manual_seed(number)
        loss, _ = loss_of(denoiser, x, text, generator)
        step.zero_grad()
        loss.backward()
        step.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


def test_the_same_generator_draws_the_same_loss(denoiser):
    _, text = a_text(4)
    x, loss_of = torch.randn(4, 12, 168), PaperLoss(PaperTraining())
    first, again, other = (
        loss_of(denoiser, x, text, torch.Generator().manual_seed(seed))[0]
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_noise_levels_index_the_schedule(denoiser):
    seen = []
    original = denoiser.forward

    def spy(x, t, memory):
        seen.append(t)
        return original(x, t, memory)

    denoiser.forward = spy
    _, text = a_text(64)
    x = torch.randn(64, 3, 168)
    PaperLoss(PaperTraining())(denoiser, x, text, torch.Generator().manual_seed(0))
    PaperLoss(PaperTraining(shift=4.0))(
        denoiser, x, text, torch.Generator().manual_seed(0)
    )
    uniform, high = seen
    assert 0 <= uniform.min() < 20
    assert LEVELS - 20 < uniform.max() < LEVELS
    assert high.float().mean() > uniform.float().mean() + 150
