"""Guidance by branch, and sampling with the paper's network."""

import pytest
import torch

from handx_gen.diffusion.denoiser import DenoiserConfig, MotionDenoiser
from handx_gen.diffusion.guidance import by_branch, guided, shares
from handx_gen.diffusion.paper.network import PaperConfig, PaperDenoiser
from handx_gen.diffusion.paper.sampling import (
    PAPER,
    PaperSampling,
    predictor,
    sample,
)
from handx_gen.errors import InputError

SMALL = PaperConfig(
    layers=1, width=16, heads=2, feedforward=24, text_width=8, positions=1000
)


@pytest.fixture
def denoiser() -> PaperDenoiser:
    torch.manual_seed(0)
    return PaperDenoiser(SMALL).eval()


def text(batch=2):
    """Two tokens for each of the three branches."""
    states = torch.randn(batch, 6, 8, generator=torch.Generator().manual_seed(1))
    branch = torch.tensor([1, 2, 3]).repeat_interleave(2).expand(batch, -1)
    return states, torch.ones(batch, 6, dtype=torch.bool), branch


def dropped(denoiser, x, t, *streams):
    """The network's own answer with the text of some streams hidden."""
    drop = torch.tensor([stream in streams for stream in range(3)]).expand(len(x), -1)
    memory = denoiser.remember(*text(len(x)), drop)
    return denoiser(x, torch.full((len(x),), t), memory)


def with_weights(denoiser, *weights, interval=(0.0, 1.0)):
    sampling = PaperSampling(cfg="true", weights=weights, interval=interval)
    return predictor(denoiser, text(), sampling)


def test_shares_sum_to_one_and_equal_weights_need_two_predictions():
    assert sum(shares([2.5, 1.0, 0.3])) == pytest.approx(1)
    assert shares([1, 1, 1]) == [0, 0, 0, 1]
    assert shares([0, 0, 0]) == [1, 0, 0, 0]
    assert shares([2, 2, 2]) == [-1, 0, 0, 2]


def test_predictions_without_a_share_are_not_made():
    def never(x, t):
        raise AssertionError

    predict = guided([never, never, lambda x, t: x + 1], [1, 1], (0, 1))
    assert predict(torch.zeros(1), 0.5) == 1
    with pytest.raises(ValueError, match="2 predictors for 2"):
        guided([never, never], [1, 1])


@torch.inference_mode()
def test_guidance_one_is_conditional_zero_is_unconditional_and_they_differ(denoiser):
    x, t = torch.randn(2, 5, 168), 600
    conditional = dropped(denoiser, x, t)
    unconditional = dropped(denoiser, x, t, 0, 1, 2)
    assert torch.equal(with_weights(denoiser, 1, 1, 1)(x, t), conditional)
    assert torch.equal(with_weights(denoiser, 0, 0, 0)(x, t), unconditional)
    assert (conditional - unconditional).abs().max() > 1e-3
    torch.testing.assert_close(
        with_weights(denoiser, 2.5, 2.5, 2.5)(x, t),
        unconditional + 2.5 * (conditional - unconditional),
    )


@torch.inference_mode()
def test_each_branch_is_followed_by_its_own_weight(denoiser):
    x, t = torch.randn(2, 5, 168), 600
    left = dropped(denoiser, x, t, 1, 2)
    none = dropped(denoiser, x, t, 0, 1, 2)
    both = dropped(denoiser, x, t, 2)
    torch.testing.assert_close(with_weights(denoiser, 1, 0, 0)(x, t), left)
    torch.testing.assert_close(with_weights(denoiser, 1, 1, 0)(x, t), both)
    torch.testing.assert_close(
        with_weights(denoiser, 3, 2, 0)(x, t),
        none + 3 * (left - none) + 2 * (both - left),
    )


@torch.inference_mode()
def test_guidance_acts_only_inside_its_interval(denoiser):
    predict = with_weights(denoiser, 3, 3, 3, interval=(0.25, 0.75))
    x = torch.randn(2, 5, 168)
    for t, inside in ((100, False), (250, True), (500, True), (751, False)):
        changed = not torch.equal(predict(x, t), dropped(denoiser, x, t))
        assert changed == inside


def test_official_guidance_is_no_guidance_and_true_guidance_is_some(denoiser):
    options = dict(solver="dpm++", steps=4)
    plain = sample(denoiser, text(), [1, 2], 5, PaperSampling(**options))
    for weight in (1.0, 7.5):
        official = PaperSampling(**options, cfg="official", weights=(weight,) * 3)
        assert torch.equal(sample(denoiser, text(), [1, 2], 5, official), plain)
    true = PaperSampling(**options, cfg="true", weights=(2.5, 2.5, 2.5))
    assert (sample(denoiser, text(), [1, 2], 5, true) - plain).abs().max() > 1e-4


@pytest.mark.parametrize("solver", ["ddpm", "dpm++"])
def test_a_seed_decides_the_clip_and_the_batch_does_not(denoiser, solver):
    how = PaperSampling(solver, 4)
    states, mask, branch = text(1)
    three = states.repeat(3, 1, 1), mask.repeat(3, 1), branch.repeat(3, 1)
    together = sample(denoiser, three, [5, 6, 5], 7, how)
    again = sample(denoiser, three, [5, 6, 5], 7, how)
    assert together.numpy().tobytes() == again.numpy().tobytes()
    alone = sample(denoiser, (states, mask, branch), [6], 7, how)
    torch.testing.assert_close(together[1], alone[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(together[0], together[2], atol=1e-6, rtol=0)
    assert (together[0] - together[1]).abs().max() > 1e-2


def test_the_papers_own_sampling_makes_a_thousand_calls(denoiser):
    told = []
    sample(denoiser, text(1), [0], 3, PAPER, lambda *done: told.append(done))
    assert told[-1] == (1000, 1000)
    assert len(told) == 1000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"solver": "euler"}, "ddpm"),
        ({"cfg": "on"}, "official"),
        ({"steps": 0}, "1000"),
    ],
)
def test_unknown_ways_of_sampling_are_refused(change, says):
    with pytest.raises(InputError, match=says):
        PaperSampling(**change)


@pytest.fixture
def default() -> MotionDenoiser:
    torch.manual_seed(0)
    config = DenoiserConfig(width=32, depth=1, heads=2, patch=3, frames=6, text_width=8)
    model = MotionDenoiser(config).eval()
    with torch.no_grad():  # zero-initialised layers would hide the text
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return model


@torch.inference_mode()
def test_the_default_network_follows_each_branch_by_its_own_weight(default):
    states, mask, branch = text()
    x, t = torch.randn(2, 2, 6, 63), 0.5
    time = torch.full((2,), t)

    def read(readable):
        return default(x, time, default.remember(states, readable, branch))[0]

    def whole(x, t):
        return read(mask)

    def with_weights(interval=(0, 1), **weights):
        adjust = by_branch(default, (states, mask, branch), weights, interval)
        return adjust(whole)(x, t)

    nothing, everything = read(mask & False), read(mask)
    left, right = (read(mask & (branch == number)) for number in (1, 2))
    assert torch.equal(with_weights(), everything)
    none = with_weights(sentence=0, left=0, right=0, relation=0)
    torch.testing.assert_close(none, nothing)
    assert (everything - nothing).abs().max() > 1e-3
    # What is hidden does not count: the hands' own words only.
    assert (left - right).abs().max() > 1e-3
    only_left = with_weights(right=0, relation=0)
    torch.testing.assert_close(only_left, left)
    stronger = with_weights(left=3, right=0, relation=0)
    torch.testing.assert_close(stronger, nothing + 3 * (left - nothing))
    assert torch.equal(with_weights((0.6, 0.9), left=3), everything)
    with pytest.raises(InputError, match="relation"):
        by_branch(default, (states, mask, branch), {"both": 2.0})
