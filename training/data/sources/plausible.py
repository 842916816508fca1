"""Is this a pair of human hands in metres, left and right as labelled?

A file in millimetres, or with its hands exchanged, is well formed: only the hands in it
tell. Both questions are asked of robust averages, so that single bad frames, which
cleaning removes later, refuse no file.
"""

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import FINGERS, JOINT, SIDES

HAND_SIZE = (0.045, 0.15)
"""Wrist to middle knuckle, small child to large adult with margin [m]."""

FAR = 1000.0
"""Coordinates beyond this are no room [m]."""

BACKWARDS = 1.2
"""A hand whose fingers bend backwards in nine frames of ten, and in some by this much,
is the other hand: the sum of the sines of eight bends, about 2 in a loose hand, 6 in a
fist and down to −0.6 in hands stretched flat."""


def check_hands(where: object, joints: np.ndarray, fix: str = "") -> None:
    """Refuse hands that are not in metres, not of human size, or exchanged.

    Args:
        where: File, for the message.
        joints: (T, 2, 21, 3), HandX order, NaN where missing.
        fix: What to do about exchanged hands, if the format has an answer.

    Raises:
        InputError: Saying which hand and what was measured.
    """
    if np.isinf(joints).any():
        raise InputError(where, "joints", "infinite values", "export the file again")
    for side, hand in zip(SIDES, np.moveaxis(joints, 1, 0)):
        _check_size(where, side, hand)
    if np.nanmax(np.abs(joints), initial=0.0) > FAR:
        raise InputError(
            where, "joints", f"a coordinate beyond {FAR:.0f} m", "check the units"
        )
    wrong = [side for k, side in enumerate(SIDES) if _is_other_side(joints[:, k], side)]
    if wrong:
        what = " and ".join(wrong)
        raise InputError(
            where, f"{what} hand", "the fingers bend the wrong way: left and right are "
            "exchanged, or the coordinates mirrored", fix or "exchange or mirror them",
        )  # fmt: skip


def hand_size(hand: np.ndarray) -> np.ndarray:
    """(T, 21, 3) → (T,) distance from the wrist to the middle knuckle."""
    return np.linalg.norm(
        hand[:, JOINT["middle_mcp"]] - hand[:, JOINT["wrist"]], axis=-1
    )


def bend_sign(hand: np.ndarray, side: str) -> np.ndarray:
    """How much the four long fingers bend towards the palm of that side.

    A finger bends about the axis that runs across the knuckles, from the little finger
    to the index in a right hand and the other way in a left one; so no other joint and
    no frame of reference is needed.

    Args:
        hand: (T, 21, 3).
        side: "left" or "right".

    Returns:
        (T,) sum of the sines of the bends at PIP and DIP, seen along that axis.
    """
    across = hand[:, JOINT["index_mcp"]] - hand[:, JOINT["pinky_mcp"]]
    across = across / np.linalg.norm(across, axis=-1, keepdims=True)
    total = np.zeros(len(hand))
    for finger in FINGERS[1:]:
        points = [hand[:, JOINT[f"{finger}_{p}"]] for p in ("mcp", "pip", "dip", "tip")]
        bones = np.diff(np.stack(points, 1), axis=1)
        bones = bones / np.linalg.norm(bones, axis=-1, keepdims=True)
        axes = np.cross(bones[:, :-1], bones[:, 1:]).sum(1)
        total += np.einsum("td,td->t", axes, across)
    return total if side == "right" else -total


def _check_size(where: object, side: str, hand: np.ndarray) -> None:
    size = hand_size(hand)
    seen = np.flatnonzero(np.isfinite(size))
    if not len(seen):
        return
    size = size[seen]
    middle = float(np.median(size))
    found = f"wrist to middle knuckle measures {middle:.3g}"
    low, high = HAND_SIZE
    if not low <= middle <= high:
        for scale, unit in ((1e-3, "millimetres"), (1e-2, "centimetres")):
            if low <= middle * scale <= high:
                raise InputError(
                    where, f"{side} hand", f"{found}: {unit}, not metres",
                    f"multiply by {scale:g}",
                )  # fmt: skip
        raise InputError(
            where, f"{side} hand", f"{found}, a hand has 0.05 to 0.15 m",
            "give metres; normalised poses cannot be used",
        )  # fmt: skip
    # A tracker's bad frame is off by a few hand sizes; a change of units by 1000.
    other = seen[(size > 100 * high) | (size < low / 100)]
    if len(other) >= max(3, 0.01 * len(seen)):
        raise InputError(
            where, f"{side} hand", f"mixed units: {len(other)} of {len(seen)} frames are "
            f"100 times off the others, first frame {other[0]}", "convert those frames",
        )  # fmt: skip


def _is_other_side(hand: np.ndarray, side: str) -> bool:
    with np.errstate(invalid="ignore", divide="ignore"):
        bend = bend_sign(hand, side)
    bend = bend[np.isfinite(bend)]
    if not len(bend):
        return False
    return bool(np.quantile(bend, 0.05) < -BACKWARDS and np.mean(bend < 0) > 0.9)
