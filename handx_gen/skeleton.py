"""The 21 joints of a hand, their order and the conversions to other orders.

HandX keeps MANO's order (16 MANO joints, then five tips): note that the *joints* run
index, middle, pinky, ring, thumb, while the *tips* run thumb, index, middle, ring,
pinky (HandX paper, section 3; code `diffusion/src/constant.py`). Nothing outside this
module may write a joint number: joints are referred to by name.
"""

import numpy as np

SIDES = ("left", "right")
"""Axis 1 of every motion array: 0 is left, 1 is right."""

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
"""Anatomical order, thumb first."""

JOINTS = (
    "wrist",
    "index_mcp", "index_pip", "index_dip",
    "middle_mcp", "middle_pip", "middle_dip",
    "pinky_mcp", "pinky_pip", "pinky_dip",
    "ring_mcp", "ring_pip", "ring_dip",
    "thumb_cmc", "thumb_mcp", "thumb_ip",
    "thumb_tip", "index_tip", "middle_tip", "ring_tip", "pinky_tip",
)  # fmt: skip
"""Joint names in HandX (MANO) order; length 21."""

JOINT = {name: index for index, name in enumerate(JOINTS)}
"""Joint name → index on the third axis of a motion."""

CHAINS = {
    "thumb": ("wrist", "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip"),
    **{
        finger: (
            "wrist",
            *(f"{finger}_{part}" for part in ("mcp", "pip", "dip", "tip")),
        )
        for finger in FINGERS[1:]
    },
}
"""Finger → its joints from the wrist to the tip."""

CHAIN_INDEX = {f: np.array([JOINT[j] for j in chain]) for f, chain in CHAINS.items()}
"""Finger → indices of its five joints."""

TIP_INDEX = np.array([JOINT[f"{finger}_tip"] for finger in FINGERS])
"""Tip indices in the order of `FINGERS`."""

BONES = tuple((chain[i], chain[i + 1]) for chain in CHAINS.values() for i in range(4))
"""The 20 bones as (parent, child), finger by finger, proximal to distal."""

BONE_INDEX = np.array([(JOINT[a], JOINT[b]) for a, b in BONES])
"""Bones as indices, (20, 2)."""

MEDIAPIPE_FROM_HANDX = np.array([JOINT[j] for f in FINGERS for j in CHAINS[f][1:]])
MEDIAPIPE_FROM_HANDX = np.concatenate([[0], MEDIAPIPE_FROM_HANDX])
"""`joints_mediapipe = joints_handx[..., MEDIAPIPE_FROM_HANDX, :]` (also OpenPose's
order: wrist, then thumb, index, middle, ring, pinky, each proximal to distal)."""

HANDX_FROM_MEDIAPIPE = np.argsort(MEDIAPIPE_FROM_HANDX)
"""The inverse gather: `joints_handx = joints_mediapipe[..., HANDX_FROM_MEDIAPIPE, :]`."""

WEBXR_TO_MEDIAPIPE = np.array(
    [0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19, 21, 22, 23, 24]
)
"""WebXR's 25 joints → the 21 in MediaPipe order (drops the four finger metacarpals)."""


def mirror(joints: np.ndarray) -> np.ndarray:
    """Mirror a two-hand motion at the plane x = 0 and swap the hands.

    Args:
        joints: (..., 2, 21, 3) [m], canonical frame.

    Returns:
        The mirrored copy, same shape and dtype.
    """
    flipped = joints[..., ::-1, :, :].copy()
    flipped[..., 0] *= -1
    return flipped


def bone_lengths(joints: np.ndarray) -> np.ndarray:
    """Lengths of the 20 bones, (..., 21, 3) [m] → (..., 20) [m], in `BONES` order."""
    return np.linalg.norm(
        joints[..., BONE_INDEX[:, 1], :] - joints[..., BONE_INDEX[:, 0], :], axis=-1
    )
