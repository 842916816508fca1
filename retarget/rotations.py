"""Rotations in batches: matrices, quaternions (wxyz) and rotation vectors.

Every function takes any leading axes. Left perturbations: R_new = exp(ω) R.
"""

import numpy as np


def skew(vector: np.ndarray) -> np.ndarray:
    """Cross-product matrices, (..., 3) → (..., 3, 3)."""
    x, y, z = np.moveaxis(np.asarray(vector, float), -1, 0)
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def exp(rotation_vector: np.ndarray) -> np.ndarray:
    """Rotation matrices of rotation vectors [rad] (Rodrigues), (..., 3) → (..., 3, 3)."""
    angle = np.linalg.norm(rotation_vector, axis=-1)[..., None, None]
    cross = skew(rotation_vector)
    sine = np.sinc(angle / np.pi)
    cosine = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    return np.eye(3) + sine * cross + cosine * (cross @ cross)


def left_jacobian(rotation_vector: np.ndarray) -> np.ndarray:
    """J with exp(ω + δ) ≈ exp(J δ) exp(ω), (..., 3) → (..., 3, 3) [Chirikjian2011]."""
    angle = np.linalg.norm(rotation_vector, axis=-1)[..., None, None]
    cross = skew(rotation_vector)
    cosine = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    cubic = np.where(small, 1 / 6, (safe - np.sin(safe)) / safe**3)
    return np.eye(3) + cosine * cross + cubic * (cross @ cross)


def matrix_from_quaternion(wxyz: np.ndarray) -> np.ndarray:
    """Rotation matrices of unit quaternions, (..., 4) → (..., 3, 3)."""
    w, vector = wxyz[..., :1, None], wxyz[..., 1:]
    cross = skew(vector)
    return np.eye(3) + 2 * (w * cross + cross @ cross)


def quaternion_from_matrix(matrix: np.ndarray) -> np.ndarray:
    """Unit quaternions wxyz of rotation matrices, (..., 3, 3) → (..., 4).

    Of the four equivalent formulas the one with the largest divisor is taken
    [Shepperd1978].
    """
    m = np.asarray(matrix, float)
    diagonal = np.diagonal(m, axis1=-2, axis2=-1)
    trace = diagonal.sum(-1)
    squares = np.concatenate(
        [trace[..., None], 2 * diagonal - trace[..., None]], -1
    )  # 4 q_i² − 1
    outer = np.empty((*m.shape[:-2], 4, 4))  # 4 q_i q_j
    outer[..., np.arange(4), np.arange(4)] = 1 + squares
    antisymmetric = (
        m[..., 2, 1] - m[..., 1, 2],
        m[..., 0, 2] - m[..., 2, 0],
        m[..., 1, 0] - m[..., 0, 1],
    )
    for i, value in enumerate(antisymmetric, start=1):
        outer[..., 0, i] = outer[..., i, 0] = value
    for i, j in ((0, 1), (0, 2), (1, 2)):
        value = m[..., i, j] + m[..., j, i]
        outer[..., i + 1, j + 1] = outer[..., j + 1, i + 1] = value
    best = squares.argmax(-1)
    row = np.take_along_axis(outer, best[..., None, None], -2)[..., 0, :]
    return row / np.linalg.norm(row, axis=-1, keepdims=True)


def logarithm(matrix: np.ndarray) -> np.ndarray:
    """Rotation vectors [rad] of rotation matrices, (..., 3, 3) → (..., 3)."""
    wxyz = quaternion_from_matrix(matrix)
    wxyz = np.where(wxyz[..., :1] < 0, -wxyz, wxyz)
    sine = np.linalg.norm(wxyz[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, wxyz[..., :1])
    return wxyz[..., 1:] * np.where(sine < 1e-9, 2.0, angle / np.maximum(sine, 1e-12))
