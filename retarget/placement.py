"""From the motion's canonical frame into the robot's world, and the hand frame.

World is REP 103: x forward, y left, z up. The canonical frame (docs/frames.md) has +x
from the left wrist to the right one, +y from the wrists to the fingers, +z up, hence
x_world = y, y_world = −x, z_world = z.
"""

import numpy as np

from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import JOINT
from retarget.errors import RetargetError

R_WORLD_CANONICAL = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
HEIGHT = 1.0
"""Height of the wrists' mean above the ground [m]."""
_SMALLEST = 1e-4
"""A palm with a side shorter than this [m] has no direction."""


def place(motion: BimanualMotion) -> np.ndarray:
    """Joints in the robot's world, (T, 2, 21, 3) [m].

    The mean of the present wrists over the clip comes to (0, 0, `HEIGHT`); only this
    constant shift and the change of axes are applied.
    """
    joints = motion.joints.astype(float) @ R_WORLD_CANONICAL.T
    wrists = joints[:, motion.present, JOINT["wrist"]]
    return joints - wrists.mean((0, 1)) + [0.0, 0.0, HEIGHT]


def hand_frames(hand: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """The anatomical hand frame of `robots.hand` for each frame.

    Args:
        hand: (T, 21, 3) joints of one hand [m], any right-handed coordinate frame.
        side: "left" or "right".

    Returns:
        Rotations (T, 3, 3), columns x, y, z of the hand; and wrists (T, 3) [m]. A
        frame whose palm has collapsed takes the nearest frame's rotation.

    Raises:
        RetargetError: The palm is collapsed in every frame.
    """
    wrist = hand[:, JOINT["wrist"]]
    along = hand[:, JOINT["middle_mcp"]] - wrist
    across = hand[:, JOINT["index_mcp"]] - hand[:, JOINT["pinky_mcp"]]
    if side == "right":
        across = -across
    back = np.cross(across, along)
    length = np.linalg.norm(along, axis=1)
    area = np.linalg.norm(back, axis=1)
    good = np.flatnonzero((length > _SMALLEST) & (area > _SMALLEST**2))
    if len(good) == 0:
        raise RetargetError(
            f"motion [joints]: the {side} palm has no extent in any frame. Fix: mark the "
            "hand as not present, or give its joints in metres."
        )
    nearest = good[np.abs(np.arange(len(hand))[:, None] - good[None]).argmin(1)]
    y = along[nearest] / length[nearest, None]
    z = back[nearest] / area[nearest, None]
    return np.stack([np.cross(y, z), y, z], -1), wrist


def smooth_frames(
    rotation: np.ndarray, position: np.ndarray, fps: float, cutoff: float
) -> tuple[np.ndarray, np.ndarray]:
    """Zero-lag smoothing of a moving coordinate frame (Whittaker, second differences).

    Args:
        rotation: (T, 3, 3).
        position: (T, 3) [m].
        fps: Frames per second [Hz].
        cutoff: Frequency at which half the amplitude is left [Hz].

    Returns:
        Smoothed rotations (nearest rotation matrices) and positions.
    """
    from scipy.linalg import solveh_banded

    count = len(position)
    if count < 3:
        return rotation, position
    stiffness = (fps / (2 * np.pi * cutoff)) ** 4
    band = np.zeros((3, count))
    band[0] = 1.0
    for offset, weight in ((0, 1.0), (1, 4.0), (2, 1.0)):
        band[0, offset : count - 2 + offset] += stiffness * weight
    band[1, : count - 2] -= 2 * stiffness
    band[1, 1 : count - 1] -= 2 * stiffness
    band[2, : count - 2] += stiffness
    columns = np.concatenate([rotation.reshape(count, 9), position], 1)
    smooth = solveh_banded(band, columns, lower=True, check_finite=False)
    u, _, vt = np.linalg.svd(smooth[:, :9].reshape(count, 3, 3))
    u[..., 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    return u @ vt, smooth[:, 9:]
