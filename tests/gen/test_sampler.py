"""Schedules in double precision, and our samplers against diffusers' schedulers."""

import diffusers
import numpy as np
import pytest
import torch

from handx_gen.diffusion.sampler import ancestral, seeded, solve
from handx_gen.diffusion.schedule import (
    LARGEST_BETA,
    LEVELS,
    cosine_alpha_bar,
    cosine_path,
    flow_path,
    sampling_levels,
)

SPREAD = 0.5
COSINE = {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "sample"}


def bent(x, t):
    """Any smooth denoiser."""
    return torch.tanh(x) / (1 + t / LEVELS)


def exact(path):
    """The denoiser that is right for data drawn from N(0, SPREAD²)."""
    points = {t: (a, s) for t, a, s in zip(path.t, path.alpha, path.sigma)}

    def predict(x, t):
        alpha, sigma = points[t]
        return x * alpha * SPREAD**2 / (alpha**2 * SPREAD**2 + sigma**2)

    return predict


def test_alpha_bar_falls_from_nearly_one_to_nearly_zero():
    alpha_bar = cosine_alpha_bar()
    assert alpha_bar.shape == (LEVELS,)
    assert alpha_bar.dtype == np.float64
    assert (np.diff(alpha_bar) < 0).all()
    assert 0.9999 < alpha_bar[0] < 1
    assert 0 < alpha_bar[-1] < 1e-8


def test_betas_are_the_cosines_until_the_largest():
    alpha_bar = np.concatenate([[1.0], cosine_alpha_bar()])
    beta = 1 - alpha_bar[1:] / alpha_bar[:-1]
    assert beta.max() == pytest.approx(LARGEST_BETA, abs=1e-12)
    u = np.arange(LEVELS) / LEVELS
    cosine = np.cos((u + 0.008) / 1.008 * np.pi / 2) ** 2
    free = beta < LARGEST_BETA - 1e-9
    assert free.sum() == LEVELS - 1
    # Where nothing is capped the product is the cosine itself.
    np.testing.assert_allclose(alpha_bar[:-1], cosine / cosine[0], rtol=1e-10)


@pytest.mark.parametrize("steps", [1, 8, 50, 999, 1000])
def test_the_cosine_path_preserves_variance_and_ends_at_the_motion(steps):
    path = cosine_path(steps)
    alpha, sigma = np.array(path.alpha), np.array(path.sigma)
    assert path.steps == len(alpha) - 1 == len(sigma) - 1
    np.testing.assert_allclose(alpha**2 + sigma**2, 1, atol=1e-15)
    assert (np.diff(alpha) > 0).all()
    assert (alpha[-1], sigma[-1]) == (1, 0)
    assert path.t[0] == LEVELS - 1
    np.testing.assert_allclose(alpha[:-1] ** 2, cosine_alpha_bar()[list(path.t)])


def test_the_flow_path_is_linear():
    levels = sampling_levels(10, 3.0)
    path = flow_path(levels)
    assert path.t == path.sigma[:-1] == tuple(levels.tolist()[:-1])
    np.testing.assert_allclose(np.add(path.alpha, path.sigma), 1, atol=1e-15)


def test_ancestral_steps_draw_from_bayes_posterior():
    # q(x_s | x_t, x_0) ∝ q(x_t | x_s) q(x_s | x_0), two Gaussians in x_s.
    path = cosine_path(7)
    x_0, x_t = torch.tensor([[0.3], [-1.2]], dtype=torch.float64)
    for i in range(path.steps - 1):
        alpha_t, alpha = path.alpha[i], path.alpha[i + 1]
        kept = (alpha_t / alpha) ** 2
        precision = kept / (1 - kept) + 1 / path.sigma[i + 1] ** 2
        mean = (
            np.sqrt(kept) * -1.2 / (1 - kept) + alpha * 0.3 / path.sigma[i + 1] ** 2
        ) / precision
        step = path._replace(
            t=path.t[i : i + 1],
            alpha=path.alpha[i : i + 2],
            sigma=path.sigma[i : i + 2],
        )
        for noise in (0.0, 1.0):
            value = ancestral(
                lambda x, t: x_0, x_t, step, lambda n=noise: torch.tensor([n]).double()
            )
            expected = mean + noise / np.sqrt(precision)
            assert float(value) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("steps", [8, 12, 20, 25])
def test_solver_equals_diffusers_dpm_on_the_cosine_path(steps):
    scheduler = diffusers.DPMSolverMultistepScheduler(
        algorithm_type="dpmsolver++", solver_order=2, **COSINE
    )
    scheduler.set_timesteps(steps)
    path = cosine_path(steps)
    assert scheduler.timesteps.tolist() == list(path.t)
    x = noise = torch.randn(2, 30, dtype=torch.float64)
    for t in scheduler.timesteps:
        x = scheduler.step(bent(x, int(t)), t, x).prev_sample
    torch.testing.assert_close(solve(bent, noise, path), x, atol=1e-6, rtol=0)


@pytest.mark.parametrize("steps", [1000, 50])
def test_ancestral_equals_diffusers_ddpm(steps):
    scheduler = diffusers.DDPMScheduler(
        clip_sample=False, variance_type="fixed_small", **COSINE
    )
    path = cosine_path(steps)
    if steps == LEVELS:
        scheduler.set_timesteps(LEVELS)
    else:
        scheduler.set_timesteps(timesteps=list(path.t))
    assert scheduler.timesteps.tolist() == list(path.t)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 30, generator=generator)
    for t in scheduler.timesteps:
        prediction = bent(x, int(t))
        x = scheduler.step(prediction, t, x, generator=generator).prev_sample
    generator.manual_seed(0)

    def draw():
        return torch.randn(2, 30, generator=generator)

    # diffusers multiplies a thousand betas in single precision.
    ours = ancestral(bent, draw(), path, draw)
    torch.testing.assert_close(ours, x, atol=3e-4, rtol=0)


def test_flow_levels_and_two_steps_equal_diffusers_flow_matching():
    # A step of first order is Euler's step on the flow; with two there are no others.
    for steps in (10, 2):
        scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
        scheduler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps))
        levels = sampling_levels(steps, 3.0)
        torch.testing.assert_close(scheduler.sigmas, levels)
    x = noise = torch.randn(2, 30, dtype=torch.float64)
    for t, sigma in zip(scheduler.timesteps, scheduler.sigmas.tolist()):
        velocity = (x - bent(x, sigma)) / sigma
        x = scheduler.step(velocity, t, x).prev_sample
    torch.testing.assert_close(solve(bent, noise, levels), x, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("steps", "most_lost"), [(8, 0.1), (12, 0.03), (20, 0.02)])
def test_few_steps_keep_the_spread_of_gaussian_data(steps, most_lost):
    noise = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    path = cosine_path(steps)
    assert float(solve(exact(path), noise, path).std()) == pytest.approx(
        SPREAD, rel=most_lost
    )


def test_a_thousand_ancestral_steps_keep_it_too():
    generator = torch.Generator().manual_seed(0)

    def draw():
        return torch.randn(20_000, generator=generator)

    path = cosine_path()
    spread = float(ancestral(exact(path), draw(), path, draw).std())
    assert spread == pytest.approx(SPREAD, rel=0.03)


@pytest.mark.parametrize("sampler", ["solve", "ancestral"])
def test_progress_is_told_after_every_step(sampler):
    told, path = [], cosine_path(4)
    noise = torch.zeros(3)
    if sampler == "solve":
        solve(bent, noise, path, lambda *done: told.append(done))
    else:
        draw = lambda: torch.randn(3)  # noqa: E731
        ancestral(bent, noise, path, draw, lambda *done: told.append(done))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_noise_goes_on_per_clip_whatever_the_batch():
    together, alone = seeded([3, 4], 5), seeded([4], 5)
    for _ in range(3):
        both, one = together(), alone()
        assert both[1:].numpy().tobytes() == one.numpy().tobytes()
        assert (both[0] != both[1]).any()
    assert (both != together()).all()
