"""Joints that a format leaves out, estimated from the others; recordings say so."""

import numpy as np

from handx_gen.skeleton import JOINT, JOINTS

CMC_BASE = ("thumb_mcp", "index_mcp", "pinky_mcp")
CMC_WEIGHTS = (0.341, 0.314, -0.046, -0.057)
"""CMC − wrist as a linear function of these joints − wrist and of the palm's normal, as
long as the palm is wide and high. Fitted to UmeTrack's own hand model in 4,000 random
thumb poses within the limits of one user profile; what remains is 4 mm in the mean and
8 mm at most, where a CMC fixed in the palm is 10 mm off in the mean."""


def fill_thumb_cmc(joints: np.ndarray) -> np.ndarray:
    """Estimate the thumb's CMC of hands of which all other joints are known.

    Args:
        joints: (T, 2, 21, 3) [m], HandX order, NaN where unknown.

    Returns:
        The completed copy.
    """
    wrist = joints[..., JOINT["wrist"], :]
    spans = [joints[..., JOINT[name], :] - wrist for name in CMC_BASE]
    normal = np.cross(spans[1], spans[2])
    normal = normal / np.sqrt(np.linalg.norm(normal, axis=-1, keepdims=True))
    normal[..., 0, :] *= -1  # a left hand is a right one mirrored
    filled = wrist + sum(w * v for w, v in zip(CMC_WEIGHTS, [*spans, normal]))
    others = [k for k, name in enumerate(JOINTS) if name != "thumb_cmc"]
    only_cmc = np.isfinite(joints[..., others, :]).all((-1, -2))
    only_cmc &= ~np.isfinite(joints[..., JOINT["thumb_cmc"], :]).all(-1)
    out = joints.copy()
    out[only_cmc, JOINT["thumb_cmc"]] = filled[only_cmc]
    return out
