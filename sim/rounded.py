"""Rays that meet a box with rounded edges, for pictures without GL.

Such a box is all points within a radius of a sharp one, its core. A ray enters the box
about it through a face of its own, or through what rounding took off an edge or corner;
from there it meets that corner's ball, one of its three edges' cylinders or, sliding along
a short edge, those of the next corner.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

TURNED = np.ones((4, 3)) - 2 * np.eye(4, 3)
"""Signs that lead from a corner to its three neighbours, and to itself."""


@dataclass(frozen=True, eq=False)
class RoundedBoxes:
    """K boxes with rounded edges, in world.

    Attributes:
        centre: (K, 3) [m].
        axes: (K, 3, 3) unit axes as columns.
        half: (K, 3) half edges of the cores [m].
        radius: (K,) by which the cores are grown [m].
        colour: (K, 3) in 0…1.
    """

    centre: np.ndarray
    axes: np.ndarray
    half: np.ndarray
    radius: np.ndarray
    colour: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[tuple[object, ...]]) -> "RoundedBoxes":
        """From one row (centre, axes, half, radius, colour) per box; may be empty."""
        shapes = (3,), (3, 3), (3,), (), (3,)
        return cls(*(
            np.array([row[k] for row in rows], float).reshape(-1, *shape)
            for k, shape in enumerate(shapes)
        ))  # fmt: skip

    @classmethod
    def joined(cls, several: Sequence["RoundedBoxes"]) -> "RoundedBoxes":
        """Several sets as one."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(s, n) for s in several]) for n in names))

    @property
    def corners(self) -> np.ndarray:
        """(K, 8, 3) corners of the sharp boxes about them [m]."""
        signs = np.stack(np.meshgrid(*[[-1, 1]] * 3), -1).reshape(-1, 3)
        local = signs * (self.half + self.radius[:, None])[:, None]
        return self.centre[:, None] + local @ self.axes.swapaxes(1, 2)

    @property
    def rods(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ends (K, 3), (K, 3) and radii (K,) of capsules about as large [m]."""
        outer = self.half + self.radius[:, None]
        rows, longest = np.arange(len(outer)), outer.argmax(1)
        radius = (outer.sum(1) - outer[rows, longest]) / 2
        along = np.maximum(outer[rows, longest] - radius, 0.0)
        way = along[:, None] * self.axes[rows, :, longest]
        return self.centre - way, self.centre + way, radius

    def meet(
        self, k: int, origin: np.ndarray, rays: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where rays (..., 3) from a point outside meet box `k`.

        Returns:
            (...) distances along the rays [m], infinite where they miss; (..., 3) normals
            there.
        """
        axes, half, radius = self.axes[k], self.half[k], float(self.radius[k])
        shape = rays.shape[:-1]
        way = (rays @ axes).reshape(-1, 3)
        start = (origin - self.centre[k]) @ axes
        distance = np.full(len(way), np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            edge = np.copysign(half + radius, way)
            enter, leave = ((-edge - start) / way).max(1), ((edge - start) / way).min(1)
        rows = np.flatnonzero((enter < leave) & (enter > 0))
        point = start + enter[rows, None] * way[rows]
        faced = (np.abs(point) > half).sum(1) < 2
        distance[rows[faced]] = enter[rows[faced]]
        rest = rows[~faced]
        sign = np.copysign(1.0, point[~faced])
        for turned in TURNED:
            near = sign * turned
            met = _corner(near * start - half, near * way[rest], half, radius)
            distance[rest] = np.minimum(distance[rest], met)
        hit = start + np.where(np.isfinite(distance), distance, 0.0)[:, None] * way
        normal = (hit - np.clip(hit, -half, half)) / radius
        return distance.reshape(shape), (normal @ axes.T).reshape(*shape, 3)


def _corner(
    start: np.ndarray, way: np.ndarray, half: np.ndarray, radius: float
) -> np.ndarray:
    """(N,) distances of rays to a rounded corner at the origin whose edges run to −2 half."""
    found = np.full(len(way), np.inf)
    for along in (None, 0, 1, 2):  # the ball, then the cylinder along each edge
        across = np.ones(3) if along is None else (np.arange(3) != along).astype(float)
        square = (way**2) @ across
        linear = (start * way) @ across
        root = linear**2 - square * ((start**2) @ across - radius**2)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (-linear - np.sqrt(root)) / square
            hit = root >= 0
            if along is not None:
                on = start[:, along] + t * way[:, along]
                hit &= (on <= 0) & (on >= -2 * half[along])
            hit &= t < found
        found[hit] = t[hit]
    return found
