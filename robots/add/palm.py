"""Points on the palm's skin: where rays from the front first meet its capsules."""

from collections.abc import Mapping

import numpy as np

from robots.add.fit import Rod

PALM_GRID = 0.009
"""Spacing of the points [m]."""


def find_palm_points(
    rods: list[tuple[str, Rod]],
    palm_link: str,
    hand: np.ndarray,
    poses: Mapping[str, np.ndarray],
) -> np.ndarray:
    """(P, 3) where rays into the palm first meet its capsules, hand frame [m].

    Points within a finger's capsule are left out.
    """
    T = np.linalg.inv(poses[palm_link] @ hand)

    def ends_of(wanted: bool) -> tuple[np.ndarray, np.ndarray]:
        chosen = [(poses[k], rod) for k, rod in rods if (k == palm_link) == wanted]
        ends = [
            np.array([rod.a, rod.b]) @ (T @ P)[:3, :3].T + (T @ P)[:3, 3]
            for P, rod in chosen
        ]
        radius = np.array([rod.radius for _, rod in chosen])
        return np.array(ends).reshape(-1, 2, 3), radius

    ends, radius = ends_of(wanted=True)
    others, other_radius = ends_of(wanted=False)
    if len(ends) == 0:
        return np.zeros((0, 3))
    low = (ends - radius[:, None, None]).min((0, 1))
    high = (ends + radius[:, None, None]).max((0, 1))
    share = np.linspace(0, 1, 41)[:, None]
    points = []
    for y in np.arange(max(low[1], 0.0) + PALM_GRID / 2, high[1], PALM_GRID):
        for x in np.arange(low[0] + PALM_GRID / 2, high[0], PALM_GRID):
            z = _skin_below(x, y, ends, radius)
            if z is None or z > -1e-3:
                continue
            line = others[:, :1] + share * (others[:, 1:] - others[:, :1])
            near = np.linalg.norm(line - [x, y, z], axis=-1).min(-1, initial=np.inf)
            if not (near < other_radius).any():
                points.append((x, y, z))
    return np.round(np.array(points).reshape(-1, 3), 4)


def _skin_below(
    x: float, y: float, ends: np.ndarray, radius: np.ndarray
) -> float | None:
    """Lowest z of the capsules' union at (x, y); None where the ray misses."""
    t = np.linspace(0, 1, 61)
    centre = ends[:, :1] + t[None, :, None] * (ends[:, 1:] - ends[:, :1])  # (C, 61, 3)
    square = radius[:, None] ** 2 - ((centre[..., :2] - [x, y]) ** 2).sum(-1)
    if not (square > 0).any():
        return None
    return float(
        np.where(square > 0, centre[..., 2] - np.sqrt(square.clip(0)), 1).min()
    )
