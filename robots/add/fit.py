"""Balls and capsules that fill a solid from inside, given points on its skin.

The solid is taken as convex: the set of x with d·x ≤ max over the points of d·p for a
few hundred directions d. A ball of radius r about c is inside where r ≤ h_d − d·c for
all d; a capsule, where both of its end balls are.
"""

from dataclasses import dataclass

import numpy as np

DIRECTIONS = 320
GRID = 15
"""Positions of a capsule's ends that are tried along a line."""
FLAT = 1.55
"""A link wider than this many times its thickness gets several capsules side by side."""
MOST_SLABS = 5
SMALLEST_RADIUS = 0.0025
"""Thinner capsules are of no use [m]."""


@dataclass(frozen=True, eq=False)
class Solid:
    """A convex solid by its support function: directions (K, 3), heights (K,) [m]."""

    directions: np.ndarray
    heights: np.ndarray
    points: np.ndarray

    @classmethod
    def around(cls, points: np.ndarray) -> "Solid":
        """The hull of points."""
        directions = sphere(DIRECTIONS)
        return cls(directions, (points @ directions.T).max(0), points)

    def room(self, centres: np.ndarray) -> np.ndarray:
        """(..., 3) centres → radius of the largest ball there, negative outside [m]."""
        return (self.heights - centres @ self.directions.T).min(-1)


@dataclass(frozen=True, eq=False)
class Rod:
    """A capsule: segment a–b [m] and radius [m]."""

    a: np.ndarray
    b: np.ndarray
    radius: float

    @property
    def volume(self) -> float:
        """[m³]."""
        length = float(np.linalg.norm(self.b - self.a))
        return np.pi * self.radius**2 * (length + 4 / 3 * self.radius)


def sphere(count: int) -> np.ndarray:
    """(count, 3) directions evenly spread (golden spiral), the six axes first."""
    k = np.arange(count - 6) + 0.5
    z = 1 - 2 * k / (count - 6)
    turn = np.pi * (1 + 5**0.5) * k
    r = np.sqrt(1 - z * z)
    spiral = np.stack([r * np.cos(turn), r * np.sin(turn), z], 1)
    return np.concatenate([np.eye(3), -np.eye(3), spiral])


def principal_axes(points: np.ndarray) -> np.ndarray:
    """(3, 3) rows: directions of largest to smallest spread."""
    centred = points - points.mean(0)
    return np.linalg.svd(centred, full_matrices=False)[2]


def fill(points: np.ndarray) -> list[Rod]:
    """Capsules inside a solid: one, or several side by side where it is flat."""
    axes = principal_axes(points)
    extent = np.ptp(points @ axes.T, axis=0)
    order = np.argsort(-extent)
    axes, extent = axes[order], extent[order]
    slabs = 1
    if extent[1] > FLAT * extent[2]:
        slabs = min(MOST_SLABS, int(np.ceil(extent[1] / (1.2 * extent[2]))))
    across = points @ axes[1]
    edges = np.linspace(across.min(), across.max(), slabs + 1)
    lap = 0.15 * (edges[1] - edges[0]) if slabs > 1 else 0.0
    rods = []
    for low, high in zip(edges, edges[1:]):
        inside = points[(across >= low - lap) & (across <= high + lap)]
        if len(inside) < 12:
            continue
        rod = largest_rod(Solid.around(inside), axes[0])
        if rod.radius >= SMALLEST_RADIUS:
            rods.append(rod)
    return rods


def largest_rod(solid: Solid, along: np.ndarray) -> Rod:
    """The capsule of largest volume found inside a solid.

    Args:
        solid: The solid.
        along: A direction to try besides its own principal axes.
    """
    generator = np.random.default_rng(0)
    low, high = solid.points.min(0), solid.points.max(0)
    middle = (low + high) / 2
    centres = np.concatenate(
        [
            middle[None],
            solid.points.mean(0)[None],
            generator.uniform(low, high, (60, 3)),
        ]
    )
    deep = solid.room(centres)
    centres = centres[np.argsort(-deep)[:14]]
    best, value = Rod(middle, middle, 0.0), -1.0
    for axis in (along, *principal_axes(solid.points)[:2]):
        for centre in centres:
            rod = _on_line(solid, centre, axis)
            if rod.volume > value:
                best, value = rod, rod.volume
    scale = 0.25 * float(np.linalg.norm(high - low))
    for _ in range(6):
        ends = np.stack([best.a, best.b]) + generator.normal(
            scale=0.35 * scale, size=(120, 2, 3)
        )
        radius = solid.room(ends).min(1)
        length = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
        volume = np.where(
            radius > 0, np.pi * radius**2 * (length + 4 / 3 * radius), -1.0
        )
        k = int(volume.argmax())
        if volume[k] > value:
            best, value = Rod(ends[k, 0], ends[k, 1], float(radius[k])), volume[k]
        scale *= 0.5
    return best


def _on_line(solid: Solid, centre: np.ndarray, axis: np.ndarray) -> Rod:
    """The largest capsule with its axis on a line."""
    reach = solid.points @ axis - centre @ axis
    at = np.linspace(reach.min(), reach.max(), GRID)
    room = solid.room(centre + at[:, None] * axis)  # (G,)
    radius = np.minimum(room[:, None], room[None])  # the hull is convex
    length = np.abs(at[:, None] - at[None])
    volume = np.where(radius > 0, np.pi * radius**2 * (length + 4 / 3 * radius), -1.0)
    i, j = np.unravel_index(int(volume.argmax()), volume.shape)
    return Rod(
        centre + at[i] * axis, centre + at[j] * axis, max(float(radius[i, j]), 0.0)
    )


def pad_ball(
    solid: Solid, along: np.ndarray, palmar: np.ndarray, largest: float
) -> Rod:
    """The ball that fills a fingertip: far out along the finger, yet thick.

    Args:
        solid: The distal link.
        along: Direction towards the finger's end.
        palmar: Direction out of the pad.
        largest: Bound of its radius [m].

    Returns:
        A capsule of no length.
    """
    # Of all balls that touch a round end from inside, u·c + r is the same. The larger
    # weight of the radius picks the one that fills it, also where the end tapers.
    generator = np.random.default_rng(1)
    low, high = solid.points.min(0), solid.points.max(0)
    centres = generator.uniform(low, high, (2000, 3))
    scale = float(np.linalg.norm(high - low)) / 8
    best = (low + high) / 2
    for _ in range(9):
        radius = np.minimum(solid.room(centres), largest)
        score = centres @ (along + 0.25 * palmar) + 3.0 * radius
        best = centres[int(np.where(radius > 0, score, -np.inf).argmax())]
        centres = best + generator.normal(scale=scale, size=(300, 3))
        centres[0] = best
        scale /= 2
    return Rod(best, best, float(max(min(solid.room(best), largest), 0.0)))
