"""The cubic Hermite spline, the one interpolant of trajectories."""

import numpy as np


def spline_extrema(
    time: np.ndarray, positions: np.ndarray, velocities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lowest and highest value and top speed of every segment of a Hermite spline.

    Args:
        time: (T,) increasing [s].
        positions, velocities: (T, n) [rad, rad/s].

    Returns:
        Three arrays (T−1, n) [rad, rad, rad/s].
    """
    h = np.diff(time)[:, None]
    p0, p1 = positions[:-1], positions[1:]
    m0, m1 = h * velocities[:-1], h * velocities[1:]
    # p(s) = a s³ + b s² + c s + d on s ∈ [0, 1]
    a, b, c = 2 * (p0 - p1) + m0 + m1, 3 * (p1 - p0) - 2 * m0 - m1, m0
    lowest, highest = np.minimum(p0, p1), np.maximum(p0, p1)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum(b * b - 3 * a * c, 0))
        # The second form is the stable one where a is tiny.
        roots = [(-b + root) / (3 * a), (-b - root) / (3 * a),
                 -c / (b + root), -c / (b - root)]  # fmt: skip
        middle = -b / (3 * a)
    for s in roots:
        inside = np.isfinite(s) & (s > 0) & (s < 1)
        s = np.where(inside, s, 0.0)
        value = ((a * s + b) * s + c) * s + p0
        lowest = np.minimum(lowest, np.where(inside, value, p0))
        highest = np.maximum(highest, np.where(inside, value, p0))
    speed = np.maximum(np.abs(m0), np.abs(m1))
    inside = np.isfinite(middle) & (middle > 0) & (middle < 1)
    s = np.where(inside, middle, 0.0)
    speed = np.maximum(
        speed, np.where(inside, np.abs((3 * a * s + 2 * b) * s + c), 0.0)
    )
    return lowest, highest, speed / h


def hermite(
    time: np.ndarray, values: np.ndarray, slopes: np.ndarray, t: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cubic Hermite interpolation; constant outside, with slope 0 there.

    Args:
        time: (T,) increasing [s].
        values: (T, n).
        slopes: (T, n) derivatives of the values.
        t: () or (Q,) [s].

    Returns:
        Values and derivatives, (..., n).
    """
    index = np.clip(np.searchsorted(time, t, side="right") - 1, 0, len(time) - 2)
    h = (time[index + 1] - time[index])[..., None]
    s = np.clip((t - time[index])[..., None] / h, 0.0, 1.0)
    p0, p1 = values[index], values[index + 1]
    m0, m1 = h * slopes[index], h * slopes[index + 1]
    position = (
        (2 * s**3 - 3 * s**2 + 1) * p0
        + (s**3 - 2 * s**2 + s) * m0
        + (3 * s**2 - 2 * s**3) * p1
        + (s**3 - s**2) * m1
    )
    rate = (
        (6 * s**2 - 6 * s) * (p0 - p1)
        + (3 * s**2 - 4 * s + 1) * m0
        + (3 * s**2 - 2 * s) * m1
    ) / h
    outside = ((t < time[0]) | (t > time[-1]))[..., None]
    return position, np.where(outside, 0.0, rate)
