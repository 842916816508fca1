import numpy as np
import pytest
import torch

from handx_gen.diffusion.denoiser import DenoiserConfig, MotionDenoiser
from handx_gen.diffusion.guidance import classifier_free
from handx_gen.diffusion.sampler import draw_noise, sample, solve
from handx_gen.diffusion.schedule import (
    noisy,
    sampling_levels,
    shifted,
    training_levels,
)


@pytest.fixture
def denoiser():
    torch.manual_seed(0)
    config = DenoiserConfig(
        width=32, depth=2, heads=2, patch=3, frames=12, text_width=8
    )
    model = MotionDenoiser(config).eval()
    with torch.no_grad():  # zero-initialised layers would hide the paths to test
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return model


def text(denoiser, batch=2, length=5, branch=0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(batch, length, 8, generator=generator)
    mask = torch.ones(batch, length, dtype=torch.bool)
    return denoiser.remember(states, mask, torch.full((batch, length), branch))


def test_shapes(denoiser):
    x_0, contact = denoiser(torch.randn(2, 2, 12, 63), torch.rand(2), text(denoiser))
    assert x_0.shape == (2, 2, 12, 63)
    assert contact.shape == (2, 12, 44)


def test_padding_of_the_text_changes_nothing(denoiser):
    states, branch = torch.randn(1, 4, 8), torch.zeros(1, 4, dtype=torch.long)
    mask = torch.ones(1, 4, dtype=torch.bool)
    x, t = torch.randn(1, 2, 12, 63), torch.tensor([0.5])
    short = denoiser(x, t, denoiser.remember(states, mask, branch))[0]
    padded = denoiser.remember(
        torch.cat([states, 9 * torch.ones(1, 3, 8)], 1),
        torch.nn.functional.pad(mask, (0, 3)),
        torch.nn.functional.pad(branch, (0, 3)),
    )
    torch.testing.assert_close(denoiser(x, t, padded)[0], short, atol=1e-5, rtol=0)


def test_text_reaches_the_motion_and_dropped_text_does_not(denoiser):
    x, t = torch.randn(1, 2, 12, 63), torch.tensor([0.9])
    a, b = (text(denoiser, 1, seed=s) for s in (1, 2))
    assert (denoiser(x, t, a)[0] - denoiser(x, t, b)[0]).abs().max() > 1e-3
    drop = torch.ones(1, dtype=torch.bool)
    nulls = []
    for seed in (1, 2):
        states = torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(seed))
        mask = torch.ones(1, 5, dtype=torch.bool)
        branch = torch.zeros(1, 5, dtype=torch.long)
        nulls.append(denoiser(x, t, denoiser.remember(states, mask, branch, drop))[0])
    torch.testing.assert_close(nulls[0], nulls[1], atol=1e-5, rtol=0)


def test_a_hand_does_not_read_the_other_hands_branch(denoiser):
    memory = text(denoiser, branch=2)  # all tokens belong to the right hand
    assert memory.mask[:, 0, 1:].sum() == 0
    assert memory.mask[:, 1].all()


def test_sampling_is_decided_by_the_seed_and_not_by_the_batch(denoiser):
    states = torch.randn(1, 4, 8).repeat(3, 1, 1)
    mask = torch.ones(3, 4, dtype=torch.bool)
    branch = torch.zeros(3, 4, dtype=torch.long)
    memory = denoiser.remember(states, mask, branch)
    together, _ = sample(denoiser, memory, draw_noise([5, 6, 5], 12), steps=3)
    alone, _ = sample(
        denoiser,
        denoiser.remember(states[:1], mask[:1], branch[:1]),
        draw_noise([6], 12),
        steps=3,
    )
    torch.testing.assert_close(together[0], together[2], atol=1e-5, rtol=0)
    torch.testing.assert_close(together[1], alone[0], atol=1e-5, rtol=0)
    assert (together[0] - together[1]).abs().max() > 1e-2


def test_noise_is_the_same_number_on_every_draw():
    noise = draw_noise([3, 4], 60)
    assert noise.shape == (2, 2, 60, 63)
    torch.testing.assert_close(noise[1:], draw_noise([4], 60))
    assert noise.std() == pytest.approx(1, abs=0.02)


def test_guidance_of_one_changes_nothing_and_two_overshoots(denoiser):
    memory = text(denoiser)
    states, mask = torch.zeros(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)
    branch = torch.zeros(2, 5, dtype=torch.long)
    null = denoiser.remember(states, mask, branch, torch.ones(2, dtype=torch.bool))
    x = torch.randn(2, 2, 12, 63)

    def plain(x, t):
        return denoiser(x, x.new_full((2,), t), memory)[0]

    with torch.inference_mode():
        for t in (0.5, 0.1):
            c, u = plain(x, t), denoiser(x, x.new_full((2,), t), null)[0]
            one = classifier_free(denoiser, null, 1.0)(plain)(x, t)
            two = classifier_free(denoiser, null, 2.0)(plain)(x, t)
            torch.testing.assert_close(one, c, atol=1e-5, rtol=0)
            expected = 2 * c - u if t == 0.5 else c  # 0.1 is outside the interval
            torch.testing.assert_close(two, expected, atol=1e-5, rtol=0)


def test_solver_equals_diffusers_on_the_same_levels():
    import diffusers

    scheduler = diffusers.DPMSolverMultistepScheduler(
        algorithm_type="dpmsolver++", solver_order=2, prediction_type="sample",
        use_flow_sigmas=True, flow_shift=3.0, lower_order_final=True,
    )  # fmt: skip
    scheduler.set_timesteps(10)
    x = noise = torch.randn(2, 30, dtype=torch.float64)

    def predict(x, t):
        return torch.tanh(x) / (1 + t)

    for step, sigma in zip(scheduler.timesteps, scheduler.sigmas.tolist()):
        x = scheduler.step(predict(x, sigma), step, x).prev_sample
    ours = solve(predict, noise, scheduler.sigmas.double())
    torch.testing.assert_close(ours, x, atol=1e-6, rtol=0)


def test_ten_steps_keep_the_spread_of_gaussian_data_and_euler_does_not():
    spread = 0.5

    def predict(x, t):  # the exact denoiser of N(0, spread²)
        return x * (1 - t) * spread**2 / ((1 - t) ** 2 * spread**2 + t**2)

    noise = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    levels = sampling_levels(10, 1.0)
    assert solve(predict, noise, levels).std() == pytest.approx(spread, rel=0.03)
    x = noise
    for t, s in zip(levels[:-1].tolist(), levels[1:].tolist()):
        x = x + (s - t) * (x - predict(x, t)) / t
    assert x.std() < 0.9 * spread


def test_last_step_returns_the_denoisers_own_answer():
    answer = torch.full((3,), 7.0)
    result = solve(lambda x, t: answer, torch.randn(3), sampling_levels(4, 3.0))
    torch.testing.assert_close(result, answer)


def test_levels_run_from_one_to_zero_and_shift_lifts_them():
    levels = sampling_levels(10, 3.0)
    assert levels[0] == 1
    assert levels[-1] == 0
    assert (levels.diff() < 0).all()
    assert (levels[1:-1] > sampling_levels(10, 1.0)[1:-1]).all()
    assert shifted(torch.tensor(0.5), 4.0) == pytest.approx(0.8)


def test_training_levels_fill_every_stratum():
    t = training_levels(64, 1.0, torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(np.sort((t * 64).int().numpy()), np.arange(64))


def test_path_ends_at_motion_and_noise():
    x, e = torch.randn(2, 2, 4, 63), torch.randn(2, 2, 4, 63)
    ends = noisy(x, e, torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(ends[0], x[0])
    torch.testing.assert_close(ends[1], e[1])
