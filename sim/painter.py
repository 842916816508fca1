"""Pictures without GL: the hands' capsules and boxes ray-cast in numpy.

Every shape is intersected with the rays of the pixels in its own rectangle, the
nearest hit is kept, and the picture is shaded once. The intersection of a ray o + t d
with a capsule is the smaller root of a quadratic on the cylinder, or on the end sphere
that the root lies beyond; `sim.rounded` has that with a box.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from sim.camera import FIELD_OF_VIEW, Camera
from sim.rounded import RoundedBoxes
from sim.stage import FLOOR_DARK, FLOOR_LIGHT, FLOOR_TILE, SKY_BOTTOM, SKY_TOP

LIGHT = np.array([0.35, 0.30, 1.0]) / np.linalg.norm([0.35, 0.30, 1.0])
FILL = np.array([-0.5, -0.4, 0.6]) / np.linalg.norm([-0.5, -0.4, 0.6])
SHADOW_GRID = 16
"""Floor shadows are computed on every so many pixels and enlarged."""
SHADOW_SOFTNESS = 0.05
"""Width of a shadow's edge [m]."""


class Painter:
    """Draws capsules and rounded boxes from a fixed camera.

    Args:
        camera: The camera.
        size: Width and height [pixels].
        floor: Height of the floor [m].
    """

    def __init__(self, camera: Camera, size: tuple[int, int], floor: float) -> None:
        self.size, self.floor = size, floor
        width, height = size
        self._focal = height / 2 / np.tan(np.radians(FIELD_OF_VIEW) / 2)
        x = (np.arange(width) + 0.5 - width / 2) / self._focal
        y = (height / 2 - np.arange(height) - 0.5) / self._focal
        self._position, self._axes = camera.position, camera.axes
        right, up, forward = self._axes
        rays = x[None, :, None] * right + y[:, None, None] * up + forward
        self._rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
        self._background, self._ground = self._paint_background()

    def draw(
        self,
        a: np.ndarray,
        b: np.ndarray,
        radius: np.ndarray,
        colour: np.ndarray,
        boxes: RoundedBoxes | None = None,
    ) -> np.ndarray:
        """One picture.

        Args:
            a: (K, 3) one end of each capsule in world [m].
            b: (K, 3) the other end; equal to `a` for a sphere.
            radius: (K,) [m].
            colour: (K, 3) in 0…1.
            boxes: Drawn beside them.

        Returns:
            (height, width, 3) uint8.
        """
        width, height = self.size
        depth = np.full((height, width), np.inf)
        owner = np.full((height, width), -1, np.int32)
        normal = np.zeros((height, width, 3))

        def put(
            k: int, window: tuple[slice, slice], hit: np.ndarray, facing: np.ndarray
        ) -> None:
            nearer = hit < depth[window]
            depth[window][nearer] = hit[nearer]
            owner[window][nearer] = k
            normal[window][nearer] = facing[nearer]

        for k, window in self._windows(a, b, radius):
            rays = self._rays[window]
            hit = _intersect(self._position, rays, a[k], b[k], radius[k])
            point = self._position + np.where(hit < np.inf, hit, 0.0)[..., None] * rays
            put(k, window, hit, _outwards(point, a[k], b[k], radius[k]))
        if boxes is not None:
            for k, window in self._box_windows(boxes.corners):
                put(
                    len(a) + k, window,
                    *boxes.meet(k, self._position, self._rays[window]),
                )  # fmt: skip
            rods = zip((a, b, radius), boxes.rods, strict=True)
            a, b, radius = (np.concatenate(pair) for pair in rods)
            colour = np.concatenate([colour, boxes.colour])
        image = self._background * self._shadow(a, b, radius)[..., None]
        seen = owner >= 0
        image[seen] = _shade(normal[seen], self._rays[seen], colour[owner[seen]])
        image = _soften_edges(image, owner)
        return (np.clip(image, 0, 1) * 255).astype(np.uint8)

    def _windows(
        self, a: np.ndarray, b: np.ndarray, radius: np.ndarray
    ) -> Iterator[tuple[int, tuple[slice, slice]]]:
        """Index and covered pixels of every capsule that is in the picture."""
        ends = (np.stack([a, b]) - self._position) @ self._axes.T  # (2, K, 3)
        depth = np.maximum(ends[..., 2:], 1e-6)
        centre = ends[..., :2] / depth * self._focal
        # A ball's outline is wider than its radius seen at its centre's depth.
        clear = np.maximum(depth - radius[:, None], 1e-6)
        reach = self._focal * radius[:, None] / clear * 1.1 + 1
        low, high = (centre - reach).min(0), (centre + reach).max(0)
        return self._covered(low, high, ends[..., 2].min(0) > 2 * radius)

    def _box_windows(
        self, corners: np.ndarray
    ) -> Iterator[tuple[int, tuple[slice, slice]]]:
        """The same for boxes, by their corners (K, 8, 3)."""
        local = (corners - self._position) @ self._axes.T
        depth = np.maximum(local[..., 2:], 1e-6)
        spots = local[..., :2] / depth * self._focal
        return self._covered(
            spots.min(1) - 1, spots.max(1) + 1, local[..., 2].min(1) > 1e-3
        )

    def _covered(
        self, low: np.ndarray, high: np.ndarray, seen: np.ndarray
    ) -> Iterator[tuple[int, tuple[slice, slice]]]:
        """Index and pixels of every rectangle (K, 2) that is in the picture."""
        width, height = self.size
        columns = np.stack([low[:, 0], high[:, 0] + 1], 1) + width / 2
        rows = height / 2 - np.stack([high[:, 1], low[:, 1] - 1], 1)
        columns = np.clip(columns, 0, width).astype(int)
        rows = np.clip(rows, 0, height).astype(int)
        seen = seen & (np.diff(columns)[:, 0] > 0) & (np.diff(rows)[:, 0] > 0)
        for k in np.flatnonzero(seen):
            yield int(k), (slice(*rows[k]), slice(*columns[k]))

    def _paint_background(self) -> tuple[np.ndarray, np.ndarray]:
        """Sky and tiled floor, and the floor points of the coarse shadow grid."""
        height = self._rays[..., 2]
        sky = np.clip(height + 0.5, 0, 1)[..., None]
        image = sky * np.array(SKY_TOP) + (1 - sky) * np.array(SKY_BOTTOM)
        with np.errstate(divide="ignore"):
            reach = (self.floor - self._position[2]) / height
        ground = np.isfinite(reach) & (reach > 0) & (reach < 20)
        reach = np.where(ground, reach, 0.0)
        point = self._position[:2] + reach[..., None] * self._rays[..., :2]
        odd = (np.floor(point / FLOOR_TILE).sum(-1) % 2).astype(bool)
        tiles = np.where(odd[..., None], FLOOR_LIGHT, FLOOR_DARK)
        haze = np.clip(reach / 6, 0, 1)[..., None]
        tiles = (1 - haze) * tiles + haze * np.array(SKY_BOTTOM)
        image[ground] = tiles[ground]
        half = SHADOW_GRID // 2
        coarse = point[half::SHADOW_GRID, half::SHADOW_GRID]
        visible = ground[half::SHADOW_GRID, half::SHADOW_GRID]
        return image, np.where(visible[..., None], coarse, np.inf)

    def _shadow(self, a: np.ndarray, b: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """(height, width) brightness of the floor under the capsules, 0…1."""
        floor = np.where(np.isfinite(self._ground), self._ground, 1e3)
        start, axis = a[:, :2], b[:, :2] - a[:, :2]
        length = np.maximum((axis**2).sum(-1), 1e-12)
        offset = floor[..., None, :] - start  # (rows, columns, K, 2)
        along = np.einsum("rckx,kx->rck", offset, axis) / length
        offset -= np.clip(along, 0, 1)[..., None] * axis
        distance = np.sqrt(np.einsum("rckx,rckx->rck", offset, offset))
        clear = (distance - radius).min(-1)
        dark = 0.28 * (1 - np.clip(clear / SHADOW_SOFTNESS, 0, 1)) ** 2
        coarse = Image.fromarray((255 * (1 - dark)).astype(np.uint8))
        smooth = coarse.resize(self.size, Image.Resampling.BICUBIC)
        return np.asarray(smooth, float) / 255


def _intersect(
    origin: np.ndarray, rays: np.ndarray, a: np.ndarray, b: np.ndarray, radius: float
) -> np.ndarray:
    """Distance along each ray to the capsule, infinite where it misses."""
    axis, offset = b - a, origin - a
    axis2, axis_offset = float(axis @ axis), float(axis @ offset)
    ray_axis, ray_offset = rays @ axis, rays @ offset
    distance = np.full(rays.shape[:-1], np.inf)
    if axis2 > 1e-12:
        # |o + t d − a|² minus its part along the axis equals r², times axis².
        quadratic = axis2 - ray_axis**2
        linear = axis2 * ray_offset - axis_offset * ray_axis
        constant = axis2 * (offset @ offset) - axis_offset**2 - radius**2 * axis2
        root = linear**2 - quadratic * constant
        with np.errstate(invalid="ignore", divide="ignore"):
            t = (-linear - np.sqrt(root)) / quadratic
        along = axis_offset + t * ray_axis
        body = (root >= 0) & (along > 0) & (along < axis2) & (t > 0)
        distance[body] = t[body]
    for end in (a, b):
        offset = origin - end
        linear = rays @ offset
        root = linear**2 - (offset @ offset) + radius**2
        with np.errstate(invalid="ignore"):
            t = -linear - np.sqrt(root)
        # Points of an end sphere inside the cylinder are behind its surface anyway.
        distance = np.where((root >= 0) & (t > 0) & (t < distance), t, distance)
    return distance


def _outwards(
    point: np.ndarray, a: np.ndarray, b: np.ndarray, radius: float
) -> np.ndarray:
    """Normals of a capsule at points (..., 3) of its surface."""
    axis = b - a
    along = (point - a) @ axis / max(float(axis @ axis), 1e-12)
    centre = a + np.clip(along, 0, 1)[..., None] * axis
    return (point - centre) / radius


def _shade(normal: np.ndarray, rays: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Diffuse main and fill light, a small highlight and darker outlines, (N, 3)."""
    main = np.clip(normal @ LIGHT, 0, 1)[:, None]
    fill = np.clip(normal @ FILL, 0, 1)[:, None]
    facing = np.clip(-(normal * rays).sum(-1), 0, 1)[:, None]
    halfway = LIGHT - rays
    halfway /= np.linalg.norm(halfway, axis=-1, keepdims=True)
    gloss = np.clip((normal * halfway).sum(-1), 0, 1)[:, None] ** 40
    light = 0.42 + 0.55 * main + 0.15 * fill
    return colour * light * (0.55 + 0.45 * facing**0.6) + 0.18 * gloss


def _soften_edges(image: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Average pixels with their neighbours where one shape ends at another."""
    edge = np.zeros(owner.shape, bool)
    for axis in (0, 1):
        change = np.diff(owner, axis=axis) != 0
        before = [slice(None, -1) if i == axis else slice(None) for i in range(2)]
        after = [slice(1, None) if i == axis else slice(None) for i in range(2)]
        edge[tuple(before)] |= change
        edge[tuple(after)] |= change
    rows, columns = np.nonzero(edge)
    total = 2 * image[rows, columns]
    for dr, dc in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        r = np.clip(rows + dr, 0, owner.shape[0] - 1)
        c = np.clip(columns + dc, 0, owner.shape[1] - 1)
        total += image[r, c]
    image[rows, columns] = total / 6
    return image
