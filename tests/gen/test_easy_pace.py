"""The pace of the network's clips: hurried ones are slowed, others are left alone."""

import numpy as np

from handx_gen.generator import MAX_EASE, _stretched, easy_seconds
from handx_gen.kinematics.requests import match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import perform, read
from handx_gen.skeleton import bone_lengths

SENTENCE = "touch the thumb to each fingertip in turn with both hands"


def test_a_still_clip_keeps_its_length():
    clip = perform("keep the left hand still", seconds=2).joints
    assert easy_seconds(clip, 30.0) == (len(clip) - 1) / 30.0


def test_a_hurried_clip_is_slowed_within_bounds():
    hurried = perform(SENTENCE, seconds=59 / 30).joints
    seconds = easy_seconds(hurried, 30.0)
    own = (len(hurried) - 1) / 30.0
    assert 1.3 * own < seconds <= MAX_EASE * own


def test_slowing_keeps_bones_and_events():
    hurried = perform(SENTENCE, seconds=59 / 30).joints
    slow = _stretched(hurried, 3.6, 30.0)
    assert len(slow) == 109
    assert np.ptp(bone_lengths(slow.astype(float)), axis=0).max() < 1e-6
    result = match(BimanualMotion(slow), read(SENTENCE).requested)
    assert result.answer == "yes", result.reasons
