"""Defects put into a clean recording are found, named, and cut out."""

import numpy as np
import pytest

from handx_gen.skeleton import JOINT
from training.data.quality import Limits, inspect

LEFT, RIGHT = 0, 1


def bounds(spans) -> list[tuple[int, int]]:
    return [(int(span[0]), int(span[-1])) for span in spans]


def test_a_clean_recording_is_one_span_per_hand(made, time) -> None:
    quality = inspect(made.recording(made.hands(time), time))
    assert not any(mask.any() for mask in quality.bad.values())
    assert [bounds(spans) for spans in quality.spans] == [[(0, 299)], [(0, 299)]]
    assert (quality.reason() == -1).all()


@pytest.mark.parametrize("rate", [15, 30, 60, 120])
@pytest.mark.parametrize("pace", [1.0, 2.5])
def test_quick_honest_motion_is_no_jump(made, rate, pace) -> None:
    time = np.arange(4 * rate) / rate
    joints = made.hands(pace * time)
    # A clap: the hands meet at 1.5 m/s and stop at once.
    gap = np.clip(1.5 * (2.0 - time), 0, 0.3)
    joints[:, LEFT, :, 0] -= gap[:, None]
    joints[:, RIGHT, :, 0] += gap[:, None]
    joints += np.random.default_rng(1).normal(0, 0.0005, joints.shape)
    assert not inspect(made.recording(joints, time)).bad["jump"].any()


def test_a_device_that_repeats_poses_does_not_jump(made) -> None:
    time = np.arange(240) / 60
    shown = np.repeat(time[::2], 2)  # 30 Hz poses on a 60 Hz clock
    joints = made.hands(shown)
    joints[..., 0] += 1.2 * shown[:, None, None]
    assert not inspect(made.recording(joints, time)).bad["jump"].any()


def test_a_lost_track_breaks_the_span_of_its_hand_only(made, time) -> None:
    joints = made.hands(time)
    joints[120:, LEFT] += [0.04, 0, 0]
    quality = inspect(made.recording(joints, time))
    assert bounds(quality.spans[LEFT]) == [(0, 119), (120, 299)]
    assert bounds(quality.spans[RIGHT]) == [(0, 299)]
    assert np.argwhere(quality.bad["jump"]).tolist() == [[120, LEFT]]


def test_a_glitch_of_one_finger_costs_one_sample(made, time) -> None:
    joints = made.hands(time)
    # Along the finger's circle about its joint, so that no bone changes.
    tip, dip = JOINT["index_tip"], JOINT["index_dip"]
    bone = joints[77, RIGHT, tip] - joints[77, RIGHT, dip]
    joints[77, RIGHT, tip] = joints[77, RIGHT, dip] - bone
    quality = inspect(made.recording(joints, time), Limits(step=0.02))
    assert np.argwhere(quality.bad["jump"]).tolist() == [[77, RIGHT]]
    assert bounds(quality.spans[RIGHT]) == [(0, 76), (78, 299)]


def test_too_fast_is_a_jump_even_among_fast_neighbours(made) -> None:
    time = np.arange(90) / 30
    joints = made.hands(time)
    joints[30:40, LEFT, :, 0] += 0.3 * np.arange(10)[:, None]  # 9 m/s
    assert inspect(made.recording(joints, time)).bad["jump"][30:42, LEFT].any()


def test_bones_that_drift_are_cut_out(made, time) -> None:
    joints = made.hands(time)
    growth = np.ones(len(time))
    growth[200:] = np.linspace(1, 1.6, 100)
    wrist = joints[:, RIGHT, :1]
    joints[:, RIGHT] = wrist + growth[:, None, None] * (joints[:, RIGHT] - wrist)
    quality = inspect(made.recording(joints, time))
    (span,) = bounds(quality.spans[RIGHT])
    assert span[0] == 0
    assert 1.2 < growth[span[1]] < 1.3
    assert quality.bad["bone length"][span[1] + 1 :, RIGHT].all()
    assert not quality.bad["bone length"][:, LEFT].any()


@pytest.mark.parametrize(("missing", "spans"), [(4, 1), (12, 2)])
def test_short_gaps_are_bridged_and_long_ones_cut(made, time, missing, spans) -> None:
    joints = made.hands(time)
    joints[100 : 100 + missing, RIGHT, 5] = np.nan
    quality = inspect(made.recording(joints, time))
    assert quality.bad["missing"][:, RIGHT].sum() == missing
    assert len(quality.spans[RIGHT]) == spans
    assert not set(range(100, 100 + missing)) & set(
        np.concatenate(quality.spans[RIGHT])
    )


def test_low_confidence_is_told_from_missing(made, time) -> None:
    sure = np.ones((300, 2))
    sure[50:90, LEFT] = 0.2
    quality = inspect(made.recording(made.hands(time), time, confidence=sure))
    assert quality.bad["low confidence"][:, LEFT].sum() == 40
    assert not quality.bad["missing"].any()
    assert bounds(quality.spans[LEFT]) == [(0, 49), (90, 299)]


def test_a_stopped_clock_cuts_both_hands(made, time) -> None:
    late = time + np.where(np.arange(300) >= 150, 0.5, 0)
    quality = inspect(made.recording(made.hands(time), late))
    assert all(bounds(s) == [(0, 149), (150, 299)] for s in quality.spans)


@pytest.mark.parametrize(
    ("factor", "word"), [(1000, "millimetres"), (100, "centimetres")]
)
def test_other_units_are_refused_by_name(made, time, factor, word) -> None:
    quality = inspect(made.recording(made.hands(time) * factor, time))
    assert quality.bad["hand size"].all()
    assert all(word in note for note in quality.notes)
    assert quality.spans == ([], [])


@pytest.mark.parametrize("roll", [0, 90, 180])
def test_swapped_and_mirrored_hands_are_refused(made, time, roll) -> None:
    joints = made.hands(time, roll=roll)
    swapped = inspect(made.recording(joints[:, ::-1], time))
    mirrored = inspect(made.recording(joints * [1, -1, 1], time))
    for quality in (swapped, mirrored):
        assert quality.bad["swapped hand"].all()
        assert len(quality.notes) == 2
    assert not inspect(made.recording(joints, time)).notes


def test_a_clock_too_slow_to_interpolate_says_so(made) -> None:
    time = np.arange(30) / 5
    quality = inspect(made.recording(made.hands(time), time))
    assert "5.0 Hz" in quality.notes[0]
