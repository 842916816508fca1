"""Sway: both hands drift together, so nothing between or within them changes."""

import numpy as np

from handx_gen.kinematics.contacts import contact_track
from handx_gen.procedural import perform
from handx_gen.procedural.sway import RMS, swayed
from handx_gen.skeleton import bone_lengths


def test_what_the_hands_do_stays_exact_while_they_drift():
    still = perform("tap the index fingertips together twice")
    for seed in range(5):
        moving = swayed(still, np.random.default_rng(seed))
        drift = moving.joints - still.joints
        size = np.sqrt((drift[:, 0, 0] ** 2).sum(-1).mean())
        assert 0.9 * RMS[0] < size < 1.1 * RMS[1]
        assert np.ptp(drift, axis=(1, 2)).max() < 1e-6
        np.testing.assert_allclose(
            contact_track(moving.joints).gap, contact_track(still.joints).gap, atol=1e-6
        )
        np.testing.assert_allclose(
            bone_lengths(moving.joints), bone_lengths(still.joints), atol=1e-6
        )


def test_it_is_slow_and_decided_by_its_seed():
    still = perform("make a fist")
    one, same, other = (swayed(still, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.joints, same.joints)
    assert np.abs(one.joints - other.joints).max() > 1e-5
    drift = (one.joints - still.joints)[:, 0, 0].astype(float)
    jerk = np.abs(np.diff(drift, 3, axis=0)) * still.fps**3
    assert jerk.mean() < 2.0
