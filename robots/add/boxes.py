"""Rounded boxes that hold a link's collision shapes: what retargeting keeps out of.

A box or a ball is taken as stated, the box with its edges rounded a little. Any other
convex shape gets the rounded box about it whose edges are as round as its own allow; where
that stands out of the shape by much, none. Where a face of a shape is a seam with another
shape of the body, its box runs on beyond.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from robots.add.fit import Solid, principal_axes
from robots.add.shapes import shape_points
from robots.add.skins import Pad
from robots.add.tree import Tree
from robots.hand import Box
from robots.rotations import from_rpy, to_rpy

EDGE = 0.0015
"""Radius of a stated box's edges [m]. Overlaps up to
3 mm then have a direction that does not jump from face to face."""
PROUD = 0.0004
"""Boxes stand out of what they hold by this [m]. Rounded edges then look out by 0.2 mm and
corners by 0.7 mm, and fingertips that are pressed together on purpose overlap by less."""
OUTSIDE = 0.0003
"""A shape may look out of its box by this [m]."""
SKIN = 0.002
"""A fingertip's pad may lie this deep inside its boxes [m]."""
SEAM = 0.003
"""A face within this of another shape of the same body is a seam [m]."""
FACE = 0.0005
"""Corners within this of a face lie in it [m]."""
LOOSE = 0.0055
"""A box that stands out of its hull by more than this [m], at a corner, holds too much."""


@dataclass(frozen=True, eq=False)
class Core:
    """A rounded box: centre (3,), axes as columns, half edges (3,) and radius [m]."""

    centre: np.ndarray
    axes: np.ndarray
    half: np.ndarray
    radius: float

    def outside(self, points: np.ndarray) -> np.ndarray:
        """(N,) signed distances of points (N, 3) to its surface [m], from outside."""
        local = np.abs((points - self.centre) @ self.axes) - self.half
        return np.linalg.norm(np.maximum(local, 0.0), axis=1) - self.radius

    def room(self, point: np.ndarray) -> float:
        """Distance from a point (3,) within to the nearest side, negative outside [m]."""
        local = np.abs((point - self.centre) @ self.axes)
        return float((self.half + self.radius - local).min())

    def moved(self, T: np.ndarray) -> "Core":
        """The same, in another frame: T (4, 4) leads there."""
        centre = T[:3, :3] @ self.centre + T[:3, 3]
        return Core(centre, T[:3, :3] @ self.axes, self.half, self.radius)

    def reach(self, way: np.ndarray) -> float:
        """How far it extends along a direction, from the origin [m]."""
        extent = (np.abs(way @ self.axes) * self.half).sum()
        return float(way @ self.centre + extent + self.radius)

    @property
    def volume(self) -> float:
        """[m³], by Steiner's formula."""
        a, b, c = 2 * self.half
        r = self.radius
        faces, edges = a * b + b * c + c * a, a + b + c
        return a * b * c + 2 * r * faces + np.pi * r**2 * edges + 4 / 3 * np.pi * r**3


def keep_out(tree: Tree, top: str, folder: Path) -> list[Core] | None:
    """The collision shapes of a moving body as rounded boxes, in its frame.

    Args:
        tree: The hand.
        top: The body's link.
        folder: What meshes may not leave.

    Returns:
        None where it has no collision shape, or one that no box describes.
    """
    zero = tree.forward({})
    found, others = [], []
    for link in tree.body(top):
        T = np.linalg.inv(zero[top]) @ zero[link]
        for shape in tree.links[link].collisions:
            T_shape = T @ shape.T_link_shape
            centre, axes = T_shape[:3, 3], T_shape[:3, :3]
            if shape.kind == "box":
                half = np.array(shape.size) / 2
                edge = min(EDGE, float(half.min()))
                found.append(Core(centre, axes, half - edge, edge + PROUD))
            elif shape.kind == "sphere":
                found.append(Core(centre, axes, np.zeros(3), shape.size[0]))
            else:
                points = shape_points(shape, tree.path, folder)
                if points is None:
                    return None
                others.append((points @ T[:3, :3].T + T[:3, 3], axes))
    stated = tuple(found)
    for points, axes in others:
        core = around(points, axes, stated)
        if core is None:
            return None
        found.append(replace(core, radius=core.radius + PROUD))
    return found or None


def fit_boxes(
    tree: Tree, palm: str, palm_link: str, pads: Mapping[str, Pad], folder: Path
) -> list[Box]:
    """Boxes of every body that has them.

    A fingertip whose pad lies deeper than `SKIN` inside them gets none: hands that keep
    out of them could not bring such pads together.

    Args:
        tree: The hand.
        palm, palm_link: The palm's body, and its link that carries the boxes.
        pads: Finger → fingertip.
        folder: What meshes may not leave.
    """
    zero = tree.forward({})
    tips = {pad.link: pad for pad in pads.values()}
    found = []
    for top in dict.fromkeys(tree.body(link)[0] for link in tree.links):
        cores = keep_out(tree, top, folder)
        if cores is None:
            continue
        pad = tips.get(top)
        if pad is not None:
            room = max(core.room(pad.centre) for core in cores)
            if room > pad.radius + SKIN:
                continue
        link = palm_link if top == palm else top
        T = np.linalg.inv(zero[link]) @ zero[top]
        found += [_box(link, core.moved(T)) for core in cores]
    return found


def _box(link: str, core: Core) -> Box:
    """As it goes into hand.toml: to 0.01 mm, sizes rounded up."""
    roll, pitch, yaw = (round(angle, 6) + 0.0 for angle in to_rpy(core.axes))
    x, y, z = (float(v) + 0.0 for v in np.round(core.centre, 5))
    a, b, c = (float(v) for v in np.ceil(1e5 * core.half - 1e-6) / 1e5)
    radius = float(np.ceil(1e5 * core.radius - 1e-6) / 1e5)
    return Box(link, (x, y, z), (roll, pitch, yaw), (a, b, c), radius)


def flipped(box: Box, link: str) -> Box:
    """Its mirror image, y → −y, on another link."""
    x, y, z = box.centre
    flip = np.array([1.0, -1.0, 1.0])
    rpy = to_rpy(flip[:, None] * from_rpy(box.rpy) * flip)
    return Box(link, (x, -y + 0.0, z), rpy, box.half, box.radius)


def around(
    points: np.ndarray, axes: np.ndarray, beside: Sequence[Core] = ()
) -> Core | None:
    """The smallest rounded box about points (N, 3), along given axes or their own.

    Args:
        points: The shape's [m]; its hull is meant.
        axes: (3, 3) axes that are tried, as columns.
        beside: Other shapes of its body, which seams are made with.

    Returns:
        None where it stands out of the hull by more than `LOOSE`.
    """
    corners = np.unique(np.round(points, 7), axis=0)
    own = principal_axes(corners).T
    own[:, 2] *= np.sign(np.linalg.det(own))
    tried = [_rounded(corners, a, beside) for a in (axes, own)]
    best, inner = min(tried, key=lambda pair: pair[1].volume)
    hull = Solid.around(corners)
    reach = np.array([inner.reach(way) for way in hull.directions])
    return best if (reach - hull.heights).max() < LOOSE else None


def _rounded(
    corners: np.ndarray, axes: np.ndarray, beside: Sequence[Core]
) -> tuple[Core, Core]:
    """The box about corners (V, 3) with edges as round as they allow, by bisection.

    Returns:
        The box, and what of it does not lie beyond seams.
    """
    local = corners @ axes
    low, high = local.min(0), local.max(0)
    seam_low = [_is_seam(corners, -axes[:, k], beside) for k in range(3)]
    seam_high = [_is_seam(corners, axes[:, k], beside) for k in range(3)]

    def between(first: np.ndarray, last: np.ndarray, radius: float) -> Core:
        half = np.maximum((last - first) / 2, 0.0)
        return Core(axes @ ((first + last) / 2), axes, half, radius)

    def at(radius: float) -> Core:
        first = low + np.where(seam_low, 0.0, radius)
        last = high - np.where(seam_high, 0.0, radius)
        return between(first, last, radius)

    small, large = 0.0, float((high - low).min() / 2)
    for _ in range(30):
        radius = (small + large) / 2
        if at(radius).outside(corners).max() <= OUTSIDE:
            small = radius
        else:
            large = radius
    return at(small), between(low + small, high - small, small)


def _is_seam(corners: np.ndarray, way: np.ndarray, beside: Sequence[Core]) -> bool:
    """Whether another shape lies on the face furthest along `way`, and goes on there."""
    height = corners @ way
    face = corners[height > height.max() - FACE]
    return any(
        other.outside(face).max() < SEAM and other.reach(way) > height.max() + SEAM
        for other in beside
    )
