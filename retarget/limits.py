"""Hard limits, by construction: a control polygon that keeps them, and its B-spline.

A uniform cubic B-spline stays inside the convex hull of its control points, and its
velocity inside that of their differences per step [deBoor1978]. So if every control
point is in the joint box and no two neighbours differ by more than v·h, the curve keeps
both limits everywhere, not only at knots. Each of its segments is one cubic, hence it is
exactly the Hermite spline through its knot positions and velocities.
"""

import numpy as np

SPEED_MARGIN = 1e-6
"""Relative reserve against rounding."""


def slow_envelope(values: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The sequence with |x_{k+1} − x_k| ≤ step that is nearest in the largest deviation.

    It is the mean of the upper and the lower envelope max_j(x_j − step·|k − j|) and
    min_j(x_j + step·|k − j|) [McShane1934]; no lag, and inside the range of the values.

    Args:
        values: (K, n).
        step: (n,) largest allowed difference.
    """
    count = np.arange(len(values))[:, None]
    ramp = count * step
    upper = np.maximum(
        np.maximum.accumulate(values + ramp) - ramp,
        np.maximum.accumulate((values - ramp)[::-1])[::-1] + ramp,
    )
    lower = np.minimum(
        np.minimum.accumulate(values - ramp) + ramp,
        np.minimum.accumulate((values + ramp)[::-1])[::-1] - ramp,
    )
    return (upper + lower) / 2


def slow_path(values: np.ndarray, step: float) -> np.ndarray:
    """A path of vectors whose neighbours are at most `step` apart in Euclidean norm.

    The mean of a forward and a backward pass that each follow as fast as allowed:
    differences of the mean are means of differences, so the bound holds; the two lags
    cancel.

    Args:
        values: (K, d).
        step: Largest allowed distance.
    """
    if np.linalg.norm(np.diff(values, axis=0), axis=1).max(initial=0.0) <= step:
        return values

    def follow(path: np.ndarray) -> np.ndarray:
        out = path.copy()
        for k in range(1, len(path)):
            move = path[k] - out[k - 1]
            length = float(np.linalg.norm(move))
            out[k] = out[k - 1] + move * min(1.0, step / max(length, 1e-12))
        return out

    return (follow(values) + follow(values[::-1])[::-1]) / 2


def slow_rotations(wxyz: np.ndarray, step: float) -> np.ndarray:
    """Unit quaternions whose neighbours are at most `step` apart on the sphere.

    As `slow_path`, with great-circle moves. The mean of two slow paths on a sphere may be
    a little too fast, so that one more forward pass makes the bound exact.

    Args:
        wxyz: (K, 4) of unit length, without jumps of sign.
        step: Largest allowed angle between neighbours as 4-vectors [rad]: half the angle
            by which the hand turns.
    """

    def follow(path: np.ndarray) -> np.ndarray:
        out = path.copy()
        for k in range(1, len(path)):
            cosine = float(np.clip(out[k - 1] @ path[k], -1, 1))
            angle = np.arccos(cosine)
            if angle > step:
                across = path[k] - cosine * out[k - 1]
                across /= max(float(np.linalg.norm(across)), 1e-12)
                out[k] = np.cos(step) * out[k - 1] + np.sin(step) * across
        return out

    chords = np.linalg.norm(np.diff(wxyz, axis=0), axis=1)
    if chords.max(initial=0.0) <= 2 * np.sin(step / 2):
        return wxyz
    mean = follow(wxyz) + follow(wxyz[::-1])[::-1]
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    return follow(np.where(length > 0.1, mean / np.maximum(length, 0.1), wxyz))


def control_points(knots: np.ndarray) -> np.ndarray:
    """Control points whose B-spline passes the knots, at rest at both ends.

    Args:
        knots: (K, n) wanted positions on a uniform grid.

    Returns:
        (K, n); see `spline_knots` for how the ends are continued.
    """
    from scipy.linalg import solve_banded

    count = len(knots)
    band = np.zeros((3, count))
    band[0, 1:], band[1], band[2, :-1] = 1 / 6, 4 / 6, 1 / 6
    band[1, [0, -1]] = 5 / 6  # the end points count twice
    return solve_banded((1, 1), band, knots, check_finite=False)


def read_spline(controls: np.ndarray, rate: float, time: np.ndarray) -> np.ndarray:
    """The B-spline of control points (T, n) at `rate` [Hz], read at times (Q,) [s].

    It is nowhere faster than its control points; beyond the ends it is held.
    """
    c = np.concatenate([controls[:1]] * 2 + [controls] + [controls[-1:]] * 2)
    at = np.clip(time * rate, 0.0, len(controls) - 1.0)
    first = np.minimum(at.astype(int), max(len(controls) - 2, 0))
    s = (at - first)[:, None]
    weights = ((1 - s) ** 3, 3 * s**3 - 6 * s**2 + 4,
               -3 * s**3 + 3 * s**2 + 3 * s + 1, s**3)  # fmt: skip
    near = [w * c[first + 1 + k] for k, w in enumerate(weights)]
    return np.sum(near, axis=0) / 6


def spline_knots(controls: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
    """Knot positions and velocities of the B-spline, starting and ending at rest.

    Two copies of each end point are put before and after, so that the curve leaves rest
    with zero velocity and acceleration.

    Args:
        controls: (K, n).
        h: Knot spacing [s].

    Returns:
        Positions and velocities (K + 2, n): one knot more at each end than controls.
    """
    c = np.concatenate([controls[:1]] * 2 + [controls] + [controls[-1:]] * 2)
    positions = (c[:-2] + 4 * c[1:-1] + c[2:]) / 6
    velocities = (c[2:] - c[:-2]) / (2 * h)
    return positions, velocities
