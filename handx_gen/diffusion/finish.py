"""The last step: bones constant, angles within limits, contacts as the network means them.

Denoised joints are off by millimetres and tremble by as much. A low-pass filter takes the
tremble off, one for the fingers and a wider one for the wrists. But touching is a matter
of millimetres too, and the network also says, per frame and pair of points, whether they
touch; here the joints are made to agree with it: pairs that should touch are drawn
together, pairs that should not are pushed apart, as little as needed. Wrists move as a
whole for contacts between the hands, the two fingers bend for a pinch, and the parametric
hand keeps the bones.
"""

from dataclasses import replace

import numpy as np

from handx_gen.hand_model import LOWER, UPPER, HandParameters, fits
from handx_gen.kinematics.contacts import (
    CONTACT_GAP,
    INTRA_PAIRS,
    PAD_RADIUS,
    PAIRS,
    TIP_PAIRS,
    split_pair,
)
from handx_gen.skeleton import CHAIN_INDEX, JOINT, SIDES

TOUCH, FREE = 0.5, 0.2
"""Probability above which a pair is made to touch, below which it is kept apart."""

REACH = 0.045
"""A pair further apart than this is left alone [m]: the network does not mean it."""

CLEARANCE = 0.004
"""Gap beyond the contact threshold of a pair that is kept apart [m]."""

BEND = np.array([0.0, 0.1, 0.35, 0.7, 1.0])
"""How much of a tip's shift each joint of its chain takes, wrist to tip."""

ROUNDS = 3

STEPS_AGAIN = 4
"""Steps of the hand fit after a round of corrections, which move joints by millimetres."""

CUTOFF = 4.5
"""Highest frequency of fingers that is kept [Hz]; people tap them at 5 Hz at most."""

WRIST_CUTOFF = 7.5
"""The same for whole hands [Hz]: claps, knocks and shakes stop within a few frames."""

FPS = 30.0


def low_pass(values: np.ndarray, cutoff: float = CUTOFF) -> np.ndarray:
    """Keep the cosine components of (T, ...) up to `cutoff` [Hz]; ends are not bent."""
    frames = len(values)
    kept = min(frames, max(1, round(2 * frames * cutoff / FPS)))
    n, k = np.arange(frames) + 0.5, np.arange(kept)
    basis = np.cos(np.pi / frames * np.outer(n, k)) * np.sqrt(2 / frames)
    basis[:, 0] /= np.sqrt(2)
    flat = values.reshape(frames, -1)
    return (basis @ (basis.T @ flat)).reshape(values.shape)


def calm(joints: np.ndarray) -> np.ndarray:
    """Take the tremble off (T, 2, 21, 3) joints [m]: paths of wrists, fingers on them."""
    wrist = joints[..., :1, :]
    return low_pass(wrist, WRIST_CUTOFF) + low_pass(joints - wrist)


def to_hands(
    joints: np.ndarray, before: list[HandParameters] | None = None
) -> list[HandParameters]:
    """The nearest parametric hands with smooth angles, left and right.

    The angles are filtered as well: where a thumb fits in two ways, the fit may jump
    between them. A filter swings beyond the limits where a finger stops at one.

    Args:
        joints: (T, 2, 21, 3) [m].
        before: Hands that lie near, to begin with.
    """
    if before is None:
        hands = fits(joints)
    else:
        start = np.stack([hand.angles for hand in before], 1)
        hands = fits(joints, iterations=STEPS_AGAIN, start=start)
    angles = (np.clip(low_pass(hand.angles), LOWER, UPPER) for hand in hands)
    return [replace(hand, angles=own) for hand, own in zip(hands, angles)]


def joints_of(hands: list[HandParameters]) -> np.ndarray:
    """Joints (T, 2, 21, 3) of both hands [m]."""
    return np.stack([hand.joints() for hand in hands], 1)


def _smoothed(weight: np.ndarray) -> np.ndarray:
    """A triangular window of seven frames over (T,), so that corrections come and go."""
    window = np.array([1, 2, 3, 4, 3, 2, 1]) / 16
    padded = np.pad(weight, 3, mode="edge")
    return np.convolve(padded, window, "valid")


def wanted_shift(
    first: np.ndarray, second: np.ndarray, touch: np.ndarray, free: np.ndarray,
    distance: float,
) -> np.ndarray:  # fmt: skip
    """How the first point should move relative to the second.

    Args:
        first, second: (T, 3) points [m].
        touch, free: (T,) bool, frames in which they should or must not touch.
        distance: Between points whose surfaces just touch [m].

    Returns:
        (T, 3) [m], smooth over time.
    """
    gap = second - first
    length = np.linalg.norm(gap, axis=-1)
    near = length < REACH
    apart = distance + CONTACT_GAP + CLEARANCE
    pull = np.where(touch & near, np.maximum(length - distance, 0), 0)
    push = np.where(free, np.minimum(length - apart, 0), 0)
    size = np.where(touch, pull, push)
    if not size.any():
        return np.zeros_like(gap)
    # A maximum filter before the smoothing keeps the full correction where it is due.
    wide = np.max([np.roll(np.pad(np.abs(size), 3), k)[3:-3] for k in range(-3, 4)], 0)
    sign = np.where(pull.sum() >= -push.sum(), 1.0, -1.0)
    size = sign * np.maximum(_smoothed(wide), np.abs(size))
    return gap / np.maximum(length, 1e-6)[:, None] * size[:, None]


def agree(joints: np.ndarray, contact: np.ndarray) -> np.ndarray:
    """One round of corrections.

    Args:
        joints: (T, 2, 21, 3) [m].
        contact: (T, 44) probabilities in the order of `PAIRS`.

    Returns:
        (T, 2, 21, 3) [m]; bones may be stretched by millimetres.
    """
    result = joints.copy()
    for pair in (*INTRA_PAIRS, *TIP_PAIRS):
        probability = contact[:, PAIRS.index(pair)]
        (side_a, a), (side_b, b) = split_pair(pair)
        left, right = SIDES.index(side_a), SIDES.index(side_b)
        shift = wanted_shift(
            result[:, left, JOINT[a]], result[:, right, JOINT[b]],
            probability > TOUCH, probability < FREE, 2 * PAD_RADIUS,
        )  # fmt: skip
        if not shift.any():
            continue
        if left != right:
            result[:, left] += 0.5 * shift[:, None]
            result[:, right] -= 0.5 * shift[:, None]
            continue
        for name, part in ((a, 0.5), (b, -0.5)):
            chain = CHAIN_INDEX[name.removesuffix("_tip")]
            result[:, left, chain] += part * BEND[:, None] * shift[:, None]
    return result


def finished(
    joints: np.ndarray, contact: np.ndarray | None = None
) -> list[HandParameters]:
    """Real hands, left and right, that do what a denoised clip does.

    Args:
        joints: (T, 2, 21, 3) [m].
        contact: (T, 44) contact probabilities; None leaves the contacts alone.
    """
    hands = to_hands(calm(joints))
    if contact is not None:
        for _ in range(ROUNDS):
            joints = joints_of(hands)
            corrected = agree(joints, contact)
            if np.array_equal(corrected, joints):
                break
            hands = to_hands(corrected, hands)
    return hands


def finish(joints: np.ndarray, contact: np.ndarray | None = None) -> np.ndarray:
    """The joints (T, 2, 21, 3) [m] of `finished` hands."""
    return joints_of(finished(joints, contact))
