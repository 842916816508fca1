"""The clock map: uniform in the middle, at rest at both ends, never backwards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retarget.retime import Retiming, stretch_of_paths, stretch_of_speeds


@given(st.floats(1, 4), st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0.4, 20))
def test_the_clock_runs_from_start_to_end_and_never_back(stretch, ramp, fall, human):
    timing = Retiming(stretch, ramp, fall, human)
    t = np.linspace(0, timing.duration, 2001)
    u = timing.source_time(t)
    assert u[0] == 0
    assert u[-1] == pytest.approx(human, abs=1e-9)
    rate = np.diff(u) / np.diff(t)
    assert rate.min() >= -1e-9
    assert rate.max() <= 1 / stretch + 1e-6
    if ramp > 0.05:
        assert rate[0] < 0.1 / stretch
    middle = (t[1:] > ramp) & (t[1:] < timing.duration - fall)
    np.testing.assert_allclose(rate[middle][1:-1], 1 / stretch, rtol=1e-6)


def test_without_ramps_time_is_only_scaled():
    timing = Retiming(2.0, 0.0, 0.0, 3.0)
    assert timing.duration == 6.0
    np.testing.assert_allclose(timing.source_time(np.array([0, 1.0, 6.0])), [0, 0.5, 3])


def test_the_stretch_is_the_smallest_that_leaves_few_frames_saturated():
    ratio = np.linspace(0, 2, 101)
    stretch = stretch_of_speeds(ratio, largest=4, share=0.1)
    assert (ratio / stretch > 1).mean() <= 0.1
    assert (ratio / (stretch - 0.05) > 1).mean() > 0.1


def test_the_stretch_never_speeds_up_nor_exceeds_its_bound():
    assert stretch_of_speeds(np.full(10, 0.3), 4, 0.1) == 1
    assert stretch_of_speeds(np.full(10, 30.0), 4, 0.1) == 4
    assert stretch_of_speeds(np.zeros(0), 4, 0.1) == 1


def test_a_path_is_given_the_time_that_its_sweeps_need():
    t = np.linspace(0, 1, 31)[:, None]  # 1 s at 30 frames per second
    sweep, limit = 2 * t, np.ones(1)  # 2 rad in 1 s, allowed is 1 rad/s
    assert stretch_of_paths([(sweep, limit)], 30, 4, 1e-3) == pytest.approx(2, abs=0.02)
    # Where half a radian may be missed at either end, half the way is enough.
    assert stretch_of_paths([(sweep, limit)], 30, 4, 0.5) == pytest.approx(1, abs=0.05)
    assert stretch_of_paths([(0.1 * sweep, limit)], 30, 4, 1e-3) == 1
    assert stretch_of_paths([(50 * sweep, limit)], 30, 4, 1e-3) == pytest.approx(4)


def test_a_short_peak_of_speed_asks_for_little_time():
    t = np.arange(61)[:, None] / 30
    step = np.where(t > 1, 0.15, 0.0)  # 4.5 rad/s within one frame
    assert stretch_of_paths([(step, np.ones(1))], 30, 4, 0.1) == 1
    assert stretch_of_paths([(step, np.ones(1))], 30, 4, 0.01) > 1.5
