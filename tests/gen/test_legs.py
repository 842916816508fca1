import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from handx_gen.kinematics.descriptors import legs

STEPS = st.lists(st.integers(-60, 60), min_size=5, max_size=60)


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_a_leg_ends_after_it_starts_however_the_signal_trembles(steps):
    signal = np.cumsum(np.array(steps, float))
    for start, stop, first, last in legs(signal, 40.0):
        assert 0 <= start < stop < len(signal)
        assert abs(last - first) >= 40.0


def test_a_trembling_leg_is_one_that_once_ended_before_it_began():
    signal = np.array([0.0, -20.0, 8, 19, 17, -17, -17, 19, 23, -9, -60, -120])
    assert all(start < stop for start, stop, _, _ in legs(signal, 40.0))


def test_rest_before_and_after_is_no_part_of_a_leg():
    signal = np.r_[np.zeros(10), np.linspace(0, 100, 11), np.full(10, 100.0)]
    ((start, stop, first, last),) = legs(signal, 40.0)
    assert (first, last) == (0, 100)
    assert start == 11
    assert stop == 19
