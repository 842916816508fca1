"""Clips: where they are cut, what is counted, and which side of the split they go to."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handx_gen.errors import InputError
from handx_gen.skeleton import bone_lengths
from training.data.windows import SPLITS, Cut, cut, intensity, moves_enough, split_of

LEFT, RIGHT = 0, 1


def test_a_canonical_recording_comes_back_frame_by_frame(made) -> None:
    time = np.arange(150) / 30
    joints = made.hands(time)
    result = cut(made.recording(joints, time))
    assert [clip.start for clip in result.clips] == [0, 2]
    for clip, first in zip(result.clips, (0, 60)):
        window = joints[first : first + 60]
        np.testing.assert_allclose(clip.joints, window - window[0, 1, 0], atol=1e-5)
    assert result.dropped == {"short span": 30}


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([17, 30, 60, 90]),
    st.sampled_from(["any", "both"]),
)
def test_every_sample_is_counted_once_and_nothing_bad_is_kept(
    made, seed, frames, which
) -> None:
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.uniform(0.01, 0.03, 400))
    joints = made.hands(time)
    for _ in range(rng.integers(0, 5)):
        start, side = rng.integers(0, 380), rng.integers(2)
        joints[start : start + rng.integers(1, 40), side] = np.nan
    if rng.random() < 0.5:
        joints[rng.integers(1, 399) :, rng.integers(2)] += [0, 0.06, 0]
    result = cut(made.recording(joints, time), Cut(frames=frames, hands=which))
    kept = sum(clip.samples for clip in result.clips)
    assert kept + sum(result.dropped.values()) == result.samples == 400
    for clip in result.clips:
        assert clip.joints.shape == (frames, 2, 21, 3)
        assert np.isfinite(clip.joints).all()
        assert (clip.joints[:, ~clip.present] == 0).all()
        bones = bone_lengths(clip.joints[:, clip.present])
        assert np.abs(bones - np.median(bones, 0)).max() < 0.003
        speed = np.abs(np.diff(clip.joints[:, clip.present, 0], axis=0)).max() * 30
        assert speed < 1.0
        assert which == "any" or clip.present.all()
    for side in range(2):
        starts = sorted(c.start for c in result.clips if c.present[side])
        assert (np.diff(starts) > frames / 30 - 1e-6).all()


def test_where_one_hand_is_missing_the_other_still_gives_clips(made, time) -> None:
    joints = made.hands(time)
    joints[:, LEFT] = np.nan
    result = cut(made.recording(joints, time))
    assert [clip.present.tolist() for clip in result.clips] == [[False, True]] * 2
    assert (result.clips[0].joints[0, RIGHT, 0] == 0).all()
    assert not cut(made.recording(joints, time), Cut(hands="both")).clips


def test_a_bridged_gap_is_close_to_what_was_lost(made, time) -> None:
    joints = made.hands(time)
    whole = cut(made.recording(joints, time)).clips[0]
    joints[40:44, RIGHT] = np.nan
    bridged = cut(made.recording(joints, time)).clips[0]
    assert bridged.present.all()
    np.testing.assert_allclose(bridged.joints, whole.joints, atol=0.002)


def test_intensity_of_a_known_bend() -> None:
    # One chain bends at its first inner joint (weight 9 of 13) at 100 deg/s, of five.
    frames = np.arange(31)
    joints = np.zeros((31, 2, 21, 3))
    joints[..., 1] = np.arange(21) * 0.01
    from handx_gen.skeleton import CHAIN_INDEX

    for chain in CHAIN_INDEX.values():
        joints[:, :, chain] = np.arange(5)[:, None] * [0, 0.03, 0]
    angle = np.radians(100 * frames / 30)
    along = np.stack([0 * angle, np.cos(angle), -np.sin(angle)], -1)
    chain = CHAIN_INDEX["index"]
    for k in (2, 3, 4):
        joints[:, RIGHT, chain[k]] = joints[:, RIGHT, chain[1]] + (k - 1) * 0.03 * along
    np.testing.assert_allclose(intensity(joints, 30), [0, 100 * 9 / 13 / 5], rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "kept"),
    [((30, 30), True), ((25, 35), True), ((24.9, 90), False), ((29, 29), False)],
)
def test_the_papers_filter(values, kept) -> None:
    assert moves_enough(np.array(values, float)) == kept


def test_the_filter_drops_still_clips_and_counts_them(made) -> None:
    time = np.arange(240) / 30
    joints = made.hands(np.minimum(time, 4.0))
    result = cut(made.recording(joints, time), Cut(filter="paper"))
    assert [clip.start for clip in result.clips] == [0, 2]
    assert result.dropped == {"little motion": 120}


def test_a_group_stays_on_one_side_and_the_shares_are_met() -> None:
    sides = Counter(split_of("test", f"subject {k}") for k in range(4000))
    assert set(sides) == set(SPLITS)
    assert sides["train"] / 4000 == pytest.approx(0.9, abs=0.02)
    assert sides["val"] / 4000 == pytest.approx(0.05, abs=0.02)
    # Known forever: a changed hash would leak between stores made at different times.
    assert split_of("hot3d", "P0003") == "train"


@pytest.mark.parametrize("bad", [{"frames": 1}, {"fps": 0}])
def test_impossible_cuts_are_refused(bad) -> None:
    with pytest.raises(InputError, match="--f"):
        Cut(**bad)
