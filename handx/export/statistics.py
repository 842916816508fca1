"""Statistics of a data set's features, per episode and over all of them."""

from collections.abc import Sequence

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}

Statistics = dict[str, np.ndarray]
"""min, max, mean, std, count and the quantiles, each of one frame's shape (count: (1,))."""


def describe(values: np.ndarray) -> Statistics:
    """Statistics over the first axis of (T, …)."""
    values = values.astype(float)
    return {
        "min": values.min(0),
        "max": values.max(0),
        "mean": values.mean(0),
        "std": values.std(0),
        "count": np.array([len(values)]),
        **{name: np.quantile(values, q, axis=0) for name, q in QUANTILES.items()},
    }


def combine(parts: Sequence[Statistics]) -> Statistics:
    """Statistics of everything from those of its parts.

    Mean and variance are exact (the law of total variance); quantiles are the parts'
    mean, weighted by their sizes, which is what LeRobot stores as well.
    """
    counts = np.array([float(part["count"][0]) for part in parts])
    weights = counts / counts.sum()

    def mean(values: list[np.ndarray]) -> np.ndarray:
        return np.tensordot(weights, np.stack(values), 1)

    centre = mean([part["mean"] for part in parts])
    spread = mean([part["std"] ** 2 + (part["mean"] - centre) ** 2 for part in parts])
    return {
        "min": np.min([part["min"] for part in parts], axis=0),
        "max": np.max([part["max"] for part in parts], axis=0),
        "mean": centre,
        "std": np.sqrt(spread),
        "count": np.array([int(counts.sum())]),
        **{name: mean([part[name] for part in parts]) for name in QUANTILES},
    }
