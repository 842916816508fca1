"""Joint orders of the sources, by name, and the way from each into HandX order."""

import numpy as np

from handx_gen.skeleton import CHAINS, FINGERS, JOINTS

MEDIAPIPE = ("wrist", *(joint for f in FINGERS for joint in CHAINS[f][1:]))
"""Also of OpenPose, EasyMocap, manopth: H2O, GigaHands."""

WEBXR = (
    "wrist",
    *CHAINS["thumb"][1:],
    *(joint for f in FINGERS[1:] for joint in (f"{f}_metacarpal", *CHAINS[f][1:])),
)
"""25 joints of WebXR, also of Vision Pro's skeleton."""

OPENXR = ("palm", *WEBXR)
"""26 joints of OpenXR and HoloLens."""

UMETRACK = (
    *(f"{f}_tip" for f in FINGERS),
    "wrist", "thumb_mcp", "thumb_ip",
    *(joint for f in FINGERS[1:] for joint in CHAINS[f][1:-1]),
    "palm_centre",
)  # fmt: skip
"""21 landmarks of UmeTrack (HOT3D) and Project Aria: without the thumb's CMC."""


def to_handx(joints: np.ndarray, order: tuple[str, ...]) -> np.ndarray:
    """Gather joints into HandX order; those the source lacks become NaN.

    Args:
        joints: (..., J, C), J joints in `order`.
        order: Names of the J joints.

    Returns:
        (..., 21, C) float64.
    """
    assert joints.shape[-2] == len(order), (joints.shape, len(order))
    out = np.full((*joints.shape[:-2], len(JOINTS), joints.shape[-1]), np.nan)
    for index, name in enumerate(JOINTS):
        if name in order:
            out[..., index, :] = joints[..., order.index(name), :]
    return out
