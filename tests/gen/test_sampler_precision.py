"""bfloat16 where the CPU has it, and what it costs."""

import pytest
import torch

from handx_gen.diffusion.paper.network import PaperConfig, PaperDenoiser
from handx_gen.diffusion.paper.sampling import PaperSampling, sample
from handx_gen.diffusion.precision import has_fast_bfloat16, in_bfloat16

SMALL = PaperConfig(
    layers=2, width=32, heads=2, feedforward=48, text_width=8, positions=1000
)


@pytest.fixture
def denoiser() -> PaperDenoiser:
    torch.manual_seed(0)
    return PaperDenoiser(SMALL).eval()


def text():
    states = torch.randn(1, 6, 8, generator=torch.Generator().manual_seed(1))
    branch = torch.tensor([[1, 1, 2, 2, 3, 3]])
    return states, torch.ones(1, 6, dtype=torch.bool), branch


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx2": True}, False),
    ],
)
def test_it_is_known_where_bfloat16_is_fast(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_fast_bfloat16() is expected


def test_half_precision_is_a_copy_close_to_the_whole(denoiser):
    quick = in_bfloat16(denoiser)
    assert all(p.dtype == torch.float32 for p in denoiser.parameters())
    layer = quick.seq_trans_decoder.layers[0]
    assert layer.linear1.weight.dtype == torch.bfloat16
    how = PaperSampling(steps=4)
    whole, half = (sample(d, text(), [3], 9, how) for d in (denoiser, quick))
    assert half.dtype == torch.float32
    assert 0 < (half - whole).abs().max() < 0.05 * whole.abs().max()
    again = sample(quick, text(), [3], 9, how)
    assert again.numpy().tobytes() == half.numpy().tobytes()
