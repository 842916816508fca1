"""Calibration finds a known similarity, also on short clips, and always the same."""

import numpy as np
import pytest

from retarget.calibration import calibrate, calibrate_both, fit_similarity
from retarget.configuration import hand_model
from retarget.rotations import exp
from tests.retarget.robot_as_human import human_like


def varied(model, count: int, seed: int = 3) -> np.ndarray:
    """Human-like joints of random poses inside the middle of the joint ranges."""
    rng = np.random.default_rng(seed)
    span = model.upper - model.lower
    low, high = model.lower + 0.1 * span, model.upper - 0.2 * span
    return human_like(model, rng.uniform(low, high, (count, len(low))))


@pytest.mark.parametrize("scale", [None, 0.8])
def test_a_similarity_is_recovered_from_points(scale, rng):
    source = rng.normal(size=(40, 3))
    rotation, offset = exp(np.array([0.3, -0.5, 0.2])), np.array([0.1, 0.2, -0.3])
    target = 0.8 * source @ rotation.T + offset
    s, found, b = fit_similarity(source, target, rng.uniform(0.1, 1, 40), scale)
    assert s == pytest.approx(0.8)
    np.testing.assert_allclose(found, rotation, atol=1e-12)
    np.testing.assert_allclose(b, offset, atol=1e-12)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("factor", [0.8, 1.0, 1.2])
def test_a_scaled_copy_of_the_robot_hand_is_recognised(shadow, side, factor):
    model = hand_model(shadow.hands[side])
    found = calibrate(model, factor * varied(model, 30))
    assert found.scale == pytest.approx(1 / factor, rel=0.02)
    angle = np.arccos(np.clip((np.trace(found.rotation) - 1) / 2, -1, 1))
    assert angle < np.radians(2)
    assert np.linalg.norm(found.offset) < 0.003
    assert found.residual < 0.0015


@pytest.mark.parametrize("robot", ["shadow", "inspire"])
@pytest.mark.parametrize("count", [1, 3])
def test_short_clips_give_a_sane_calibration(robot, count, request):
    model = hand_model(request.getfixturevalue(robot).hands["right"])
    found = calibrate(model, varied(model, count))
    assert 0.8 < found.scale < 1.25
    angle = np.arccos(np.clip((np.trace(found.rotation) - 1) / 2, -1, 1))
    assert angle < np.radians(10)
    assert np.linalg.norm(found.offset) < 0.02


def test_both_hands_share_a_scale_and_mirror_each_other(shadow):
    models = {side: hand_model(hand) for side, hand in shadow.hands.items()}
    right = varied(models["right"], 12)
    left = right * [-1, 1, 1]
    found = calibrate_both(models, {"left": left, "right": right})
    assert found["left"].scale == found["right"].scale
    flip = np.diag([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(
        found["left"].rotation, flip @ found["right"].rotation @ flip, atol=1e-6
    )
    np.testing.assert_allclose(
        found["left"].offset, flip @ found["right"].offset, atol=1e-6
    )


def test_it_does_not_depend_on_where_the_hand_is_or_points(shadow):
    model = hand_model(shadow.hands["right"])
    hand = varied(model, 8)
    turned = hand @ exp(np.array([1.0, 2.0, -0.5])).T + [3, 2, 1]
    a, b = calibrate(model, hand), calibrate(model, turned)
    assert a.scale == pytest.approx(b.scale, abs=1e-6)
    np.testing.assert_allclose(a.offset, b.offset, atol=1e-6)
