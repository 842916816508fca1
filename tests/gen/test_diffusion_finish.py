import numpy as np

from handx_gen.diffusion.finish import (
    CUTOFF,
    FPS,
    WRIST_CUTOFF,
    calm,
    finish,
    low_pass,
)
from handx_gen.hand_model import (
    DEFAULT_SHAPE,
    UPPER,
    finger_points,
    fit,
    to_joints,
)
from handx_gen.kinematics.contacts import PAIRS, contact_track
from handx_gen.skeleton import JOINT, bone_lengths

TOUCH = "left.index_tip|right.index_tip"
FRAMES = 30


def hands(gap: float) -> np.ndarray:
    """Two still hands whose index tips are `gap` apart, (T, 2, 21, 3) [m]."""
    points, _ = finger_points(DEFAULT_SHAPE, np.full((FRAMES, 5, 5), 0.1))
    both = np.stack([to_joints(points, np.eye(3), np.zeros(3), s) for s in (0, 1)], 1)
    tips = both[:, :, JOINT["index_tip"]]
    # The left hand lies beside the right one, tip to tip.
    both[:, 0] += (tips[:, 1] - tips[:, 0] - [gap, 0, 0])[:, None]
    return both


def contact(pair: str = "", start: int = 10, stop: int = 20) -> np.ndarray:
    probability = np.zeros((FRAMES, len(PAIRS)))
    if pair:
        probability[start:stop, PAIRS.index(pair)] = 1
    return probability


def distance(joints: np.ndarray) -> np.ndarray:
    tips = joints[:, :, JOINT["index_tip"]]
    return np.linalg.norm(tips[:, 0] - tips[:, 1], axis=-1)


def test_a_meant_contact_is_closed_while_it_is_meant():
    joints = hands(0.035)
    free = contact()
    free[:] = 0.35  # no opinion about any pair …
    free[10:20, PAIRS.index(TOUCH)] = 1  # … but this one, for ten frames
    result = finish(joints, free)
    track = contact_track(result).select((TOUCH,))
    assert track.mask[10:20].all()
    assert not track.mask[[0, -1]].any()


def test_a_contact_that_is_not_meant_is_opened():
    joints = hands(0.017)
    assert contact_track(joints).select((TOUCH,)).mask.all()
    result = finish(joints, contact())
    assert not contact_track(result).select((TOUCH,)).mask.any()


def test_a_far_pair_is_left_alone():
    joints = hands(0.2)
    moved = finish(joints, contact(TOUCH)) - finish(joints)
    assert np.abs(moved).max() < 1e-6


def test_a_pinch_bends_the_two_fingers_and_keeps_the_bones():
    angles = np.full((FRAMES, 5, 5), 0.1)
    angles[:, 0, :2] = 0.0, 0.6  # thumb across the palm
    angles[:, 1, [1, 3, 4]] = 0.5, 0.6, 0.4  # index curled, nearly there
    points, _ = finger_points(DEFAULT_SHAPE, angles)
    wrist = np.array([0.2, 0, 0])
    joints = np.stack([to_joints(points, np.eye(3), wrist, s) for s in (0, 1)], 1)
    before = finish(joints)
    result = finish(joints, contact("right.thumb_tip|right.index_tip"))

    def gap(motion):
        hand = motion[:, 1]
        return np.linalg.norm(
            hand[:, JOINT["thumb_tip"]] - hand[:, JOINT["index_tip"]], axis=-1
        )

    assert 0.022 < gap(before)[15] < 0.045
    assert (gap(result)[10:20] < 0.021).all()
    np.testing.assert_allclose(result[:, 0], before[:, 0], atol=1e-9)
    bones = bone_lengths(result)
    assert (bones.std(0) / bones.mean(0)).max() < 1e-6


def test_corrections_come_and_go_smoothly():
    moved = finish(hands(0.035), contact(TOUCH)) - finish(hands(0.035))
    step = np.abs(np.diff(moved, axis=0)).max()
    assert 0 < step < 0.4 * np.abs(moved).max()


def test_low_pass_keeps_slow_movement_and_takes_the_tremble_off():
    time = np.arange(60) / FPS
    slow = np.cos(2 * np.pi * 1.0 * time)[:, None]
    fast = np.cos(2 * np.pi * 2 * CUTOFF * (time + 0.5 / FPS))[:, None]
    np.testing.assert_allclose(low_pass(slow), slow, atol=0.03)
    assert np.abs(low_pass(fast)).max() < 1e-9
    ramp = np.linspace(0, 1, 60)[:, None]
    np.testing.assert_allclose(low_pass(ramp)[[0, -1]], ramp[[0, -1]], atol=0.02)


def test_hands_may_be_shaken_faster_than_fingers_bend():
    time = np.arange(60) / FPS
    between = (CUTOFF + WRIST_CUTOFF) / 2
    wave = 0.01 * np.cos(2 * np.pi * between * (time + 0.5 / FPS))
    still = np.repeat(hands(0.2)[:1], 60, 0)
    shaken, bending = still.copy(), still.copy()
    shaken[:, 1, :, 0] += wave[:, None]
    bending[:, 1, JOINT["index_tip"], 0] += wave
    assert np.abs(calm(shaken) - shaken).max() < 0.001
    np.testing.assert_allclose(calm(bending), still, atol=1e-3)


def test_angles_stay_inside_their_limits_where_fingers_stop_at_them():
    angles = np.full((60, 5, 5), 0.1)
    angles[20:40, 1:] = UPPER[1:]  # all at once, to the stop and back
    angles[20:40, 1:, 0] = 0.0
    points, _ = finger_points(DEFAULT_SHAPE, angles)
    wrist = np.array([0.2, 0, 0])
    joints = np.stack([to_joints(points, np.eye(3), wrist, s) for s in (0, 1)], 1)
    beyond = low_pass(angles) - UPPER
    assert np.degrees(beyond.max()) > 3
    result = finish(joints)
    for side in (0, 1):
        # The fit looks inside the limits only, and finds the hand whole.
        found = fit(result[:, side], side).joints()
        np.testing.assert_allclose(found, result[:, side], atol=2e-4)


def test_trembling_hands_come_out_calm_and_stay_where_they_were():
    still = hands(0.2)
    noise = np.random.default_rng(0).normal(0, 0.002, still.shape)
    result = finish(still + noise)

    def jerk(motion):
        """Of the fingers about the wrist, and of the wrist."""
        wrist = motion[:, :, :1]
        parts = motion[:, :, 1:] - wrist, wrist
        return np.array([np.abs(np.diff(part, 3, axis=0)).mean() for part in parts])

    # What is left of the jerk of white noise below f of 30 Hz: the root of the share of
    # sin(πf / 30)^6 there, 0.036 for the fingers and 0.182 for the wrists.
    assert (jerk(result) < [0.05, 0.2] * jerk(still + noise)).all()
    assert np.abs(result - still).mean() < 0.002
