"""Resampling: exact where it can be, and only between samples."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.data.resample import grid, resample


@given(st.integers(3, 60), st.integers(0, 2**32 - 1))
def test_a_parabola_on_any_clock_comes_back(count, seed) -> None:
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.uniform(0.004, 0.08, count))
    a, b, c = rng.normal(size=(3, 4))
    query = rng.uniform(time[0], time[-1], 50)
    values = a + b * time[:, None] + c * time[:, None] ** 2
    wanted = a + b * query[:, None] + c * query[:, None] ** 2
    np.testing.assert_allclose(resample(time, values, query), wanted, atol=1e-8)


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_the_same_clock_changes_nothing(count, seed) -> None:
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.uniform(0.004, 0.08, count))
    values = rng.normal(size=(count, 2, 3))
    np.testing.assert_allclose(resample(time, values, time), values, atol=1e-9)


def test_a_wave_at_an_irregular_rate_is_met_within_a_tenth_of_a_millimetre() -> None:
    rng = np.random.default_rng(0)
    time = np.cumsum(rng.uniform(0.006, 0.02, 400))
    query = grid(time[0], time[-1], 30)
    wave = 0.1 * np.sin(2 * np.pi * 2 * query)  # 2 Hz, 10 cm
    found = resample(time, 0.1 * np.sin(2 * np.pi * 2 * time), query)
    assert np.abs(found - wave).max() < 1e-4


def test_the_grid_stays_inside_and_forgives_a_rounded_clock() -> None:
    assert len(grid(0, 59 / 30, 30)) == 60
    assert len(grid(0, np.floor(59 / 30 * 1e4) / 1e4, 30)) == 60
    assert len(grid(0, 58.5 / 30, 30)) == 59
    assert grid(0, 1.9666, 30)[-1] <= 1.9666
