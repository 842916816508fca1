import numpy as np
import pytest

from handx_gen.representation import WristRelative, from_features, to_features
from handx_gen.skeleton import mirror


def clips(seed: int = 0, count: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (count, 12, 2, 21, 3))


def test_features_come_back_as_the_same_joints():
    joints = clips()
    features, centre = to_features(joints)
    assert features.shape == (4, 2, 12, 63)
    np.testing.assert_allclose(from_features(features, centre), joints, atol=1e-15)


def test_normalised_features_come_back_in_numpy_and_torch():
    import torch

    joints = clips().astype(np.float32)
    norm = WristRelative.fit(joints)
    x, centre = norm.pack(joints)
    x_torch, centre_torch = norm.pack(torch.from_numpy(joints))
    np.testing.assert_allclose(x, x_torch.numpy(), atol=1e-5)
    np.testing.assert_allclose(norm.unpack(x, centre), joints, atol=1e-6)
    back = norm.unpack(x_torch, centre_torch)
    np.testing.assert_allclose(back.numpy(), joints, atol=1e-6)


def test_fitted_scale_is_one_per_group():
    x, _ = (norm := WristRelative.fit(clips())).pack(clips())
    assert x[..., :3].std() == pytest.approx(1, abs=1e-3)
    assert x[..., 3:].std() == pytest.approx(1, abs=1e-3)
    assert len(norm.mean) == 63


def test_mirrored_motion_swaps_the_streams():
    joints = clips()
    features, centre = to_features(joints)
    swapped, mirrored_centre = to_features(mirror(joints))
    np.testing.assert_allclose(swapped, features[:, ::-1], atol=1e-15)
    np.testing.assert_allclose(mirrored_centre, centre * [-1, 1, 1], atol=1e-15)


def test_moving_the_clip_changes_only_the_centre():
    features, centre = to_features(clips())
    moved, moved_centre = to_features(clips() + [0.3, -0.2, 0.1])
    np.testing.assert_allclose(moved, features, atol=1e-12)
    np.testing.assert_allclose(moved_centre - centre, [[0.3, -0.2, 0.1]] * 4)


def test_motionless_clips_do_not_divide_by_zero():
    still = np.broadcast_to(clips(count=1)[:, :1], (2, 12, 2, 21, 3))
    norm = WristRelative.fit(still)
    x, _ = norm.pack(still)
    assert np.isfinite(x).all()
