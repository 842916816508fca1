"""Turning a recording into the canonical frame (docs/frames.md), never mirroring it.

The paper (supplement A.2) says only what the frame is: +x from the left wrist to the
right one, +y from the wrists to the fingers, +z up, in the first frame. Three of its
words can contradict one another, and then this order holds:

1. *Up* is gravity where the recording knows it: such a recording is turned about
   gravity only, so that a prayer stays upright.
2. *The line of the wrists* is the x axis where the wrists stand apart.
3. *Which way along it* is decided by what else is known (the fingers, or the whole
   recording), not by the wrists of one frame: crossed hands stay crossed.

All results are rotations: determinant +1.
"""

import numpy as np

from handx_gen.skeleton import JOINT, SIDES

APART = 0.03
"""Wrists closer than this (across gravity, if known) give no direction [m]."""

CLEAR = 0.25
"""Shorter than this, a mean of unit vectors counts as no direction."""

CROSSED = 0.5
"""The fingers must point this clearly against the wrists to call hands crossed."""


def wrist_axis(joints: np.ndarray) -> np.ndarray:
    """Mean unit vector from the left to the right wrist, (T, 2, 21, 3) → (3,).

    Its length says how steady the direction is. Frames with NaN are left out; zeros
    where no frame is left.
    """
    across = joints[:, 1, 0] - joints[:, 0, 0]
    length = np.linalg.norm(across, axis=-1, keepdims=True)
    known = np.isfinite(length[:, 0]) & (length[:, 0] > APART)
    if not known.any():
        return np.zeros(3)
    return (across[known] / length[known]).mean(0)


def canonical_rotation(
    joints: np.ndarray,
    present: np.ndarray,
    up: np.ndarray | tuple[float, ...] | None = None,
    usual_axis: np.ndarray | None = None,
) -> np.ndarray:
    """The rotation that takes one frame of a recording into the canonical frame.

    Args:
        joints: (2, 21, 3) [m], the frame that is to look canonical.
        present: (2,) bool, which hands it has.
        up: Unit vector against gravity in the recording's frame, or None.
        usual_axis: `wrist_axis` of the whole recording; without gravity it tells hands
            that cross in this frame from palms that face up.

    Returns:
        (3, 3) proper rotation, `p_canonical = R @ p_recording`.
    """
    hands = np.asarray(joints, float)
    here = np.asarray(present, bool)
    if up is None:
        z, x = _palm_axes(hands, here, usual_axis)
    else:
        z = _unit(np.asarray(up, float))
        x = _level_axis(hands, here, z)
    y = _unit(np.cross(z, x))
    return np.stack([np.cross(y, z), y, z])


def to_canonical(
    joints: np.ndarray, rotation: np.ndarray, origin: np.ndarray
) -> np.ndarray:
    """Move `origin` to zero and turn: (..., 3) [m] → (..., 3) float32 [m]."""
    turned = (np.asarray(joints, float) - origin) @ rotation.T
    return turned.astype(np.float32)


def _level_axis(hands: np.ndarray, here: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The horizontal x axis of a frame with gravity."""
    fingers = _level(_fingers(hands, here).mean(0), up)
    if here.all():
        across = _level(hands[1, 0] - hands[0, 0], up)
        if np.linalg.norm(across) > APART:
            x = _unit(across)
            forward = np.cross(up, x)
            return -x if fingers @ forward < -CROSSED else x
    if np.linalg.norm(fingers) > CLEAR:
        return np.cross(_unit(fingers), up)
    # Fingers up or down, one hand above the other or alone: the knuckles are left.
    knuckles = _level(_knuckles(hands, here).mean(0), up)
    return _unit(knuckles) if np.linalg.norm(knuckles) > 1e-6 else _any_level(up)


def _palm_axes(
    hands: np.ndarray, here: np.ndarray, usual_axis: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Z and x of a frame without gravity: the palms say what up is."""
    fingers = _fingers(hands, here)
    if not here.all():
        y = fingers[0]
        x = _knuckles(hands, here)[0]
        x = _unit(x - (x @ y) * y)
        return np.cross(x, y), x
    x = _unit(hands[1, 0] - hands[0, 0])
    if (
        usual_axis is not None
        and np.linalg.norm(usual_axis) > CLEAR
        and x @ usual_axis < 0
    ):
        x = -x
    y = fingers.mean(0)
    y = y - (y @ x) * x
    if np.linalg.norm(y) > CLEAR:
        return np.cross(x, _unit(y)), x
    # The fingers point at each other: the backs of the hands show what up is.
    z = _backs(hands).mean(0)
    z = z - (z @ x) * x
    return (_unit(z) if np.linalg.norm(z) > CLEAR else _any_level(x)), x


def _fingers(hands: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Unit vectors wrist → middle knuckle of the hands that are there, (n, 3)."""
    along = hands[here, JOINT["middle_mcp"]] - hands[here, 0]
    return along / np.linalg.norm(along, axis=-1, keepdims=True)


def _knuckles(hands: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Unit vectors along the knuckles, towards +x of a hand whose palm is down."""
    along = hands[:, JOINT["index_mcp"]] - hands[:, JOINT["pinky_mcp"]]
    along[SIDES.index("right")] *= -1
    return along[here] / np.linalg.norm(along[here], axis=-1, keepdims=True)


def _backs(hands: np.ndarray) -> np.ndarray:
    """Unit vectors out of the back of both hands, (2, 3)."""
    both = np.ones(2, bool)
    normal = np.cross(_knuckles(hands, both), _fingers(hands, both))
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def _level(vector: np.ndarray, up: np.ndarray) -> np.ndarray:
    return vector - (vector @ up) * up


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def _any_level(axis: np.ndarray) -> np.ndarray:
    """A unit vector across `axis`, always the same one."""
    return _unit(_level(np.eye(3)[int(np.abs(axis).argmin())], axis))
