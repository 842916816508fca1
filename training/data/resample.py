"""Resampling a recording to a steady rate, whatever its clock did."""

import numpy as np

LATE = 0.05
"""Share of a frame by which a clock that was rounded may miss the last frame."""


def grid(start: float, stop: float, fps: float) -> np.ndarray:
    """Times of the frames from `start` that fit until `stop` [s], `fps` apart [Hz]."""
    count = int((stop - start) * fps + LATE) + 1
    return np.minimum(start + np.arange(count) / fps, stop)


def resample(time: np.ndarray, values: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Read samples at other times through a cubic Hermite spline.

    The slope at a sample is that of the parabola through it and its two neighbours, so
    the spline follows irregular clocks, meets every sample and reproduces parabolas.

    Args:
        time: (n,) [s], strictly increasing, n ≥ 1.
        values: (n, …).
        query: (m,) [s], inside [time[0], time[-1]].

    Returns:
        (m, …) float64.
    """
    values = np.asarray(values, float)
    if len(time) == 1:
        return np.repeat(values, len(query), 0)
    shape = (-1,) + (1,) * (values.ndim - 1)
    step = np.diff(time).reshape(shape)
    secant = np.diff(values, axis=0) / step
    slope = np.empty_like(values)
    if len(time) == 2:
        slope[:] = secant
    else:
        middle = (step[1:] * secant[:-1] + step[:-1] * secant[1:]) / (
            step[1:] + step[:-1]
        )
        slope[1:-1] = middle
        slope[0], slope[-1] = 2 * secant[0] - middle[0], 2 * secant[-1] - middle[-1]
    left = np.clip(np.searchsorted(time, query, "right") - 1, 0, len(time) - 2)
    width = step[left]
    s = (query - time[left]).reshape(shape) / width
    return (
        (1 + 2 * s) * (1 - s) ** 2 * values[left]
        + s * (1 - s) ** 2 * width * slope[left]
        + s**2 * (3 - 2 * s) * values[left + 1]
        + s**2 * (s - 1) * width * slope[left + 1]
    )
