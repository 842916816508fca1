"""Distances between segments, batched; the capsule collisions rest on it."""

import numpy as np


def segment_distance(
    a0: np.ndarray, a1: np.ndarray, b0: np.ndarray, b1: np.ndarray
) -> np.ndarray:
    """Shortest distance of segments a0–a1 and b0–b1, (..., 3) each → (...) [m].

    The closest points are found by clamping one parameter, solving for the other and
    clamping again (C. Ericson, Real-Time Collision Detection, section 5.1.9).
    """
    u, v, w = a1 - a0, b1 - b0, a0 - b0
    uu, vv, uv = (u * u).sum(-1), (v * v).sum(-1), (u * v).sum(-1)
    uw, vw = (u * w).sum(-1), (v * w).sum(-1)
    denominator = np.maximum(uu * vv - uv * uv, 1e-12)
    s = np.clip((uv * vw - vv * uw) / denominator, 0, 1)
    t = np.clip((uv * s + vw) / np.maximum(vv, 1e-12), 0, 1)
    s = np.clip((uv * t - uw) / np.maximum(uu, 1e-12), 0, 1)
    gap = w + s[..., None] * u - t[..., None] * v
    return np.linalg.norm(gap, axis=-1)
