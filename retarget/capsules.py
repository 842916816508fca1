"""Capsules and boxes of the hands: which of them come close, and where.

A coarse pass compares bounding spheres of all pairs in all frames with one matrix product
per frame; only the few that remain are measured: segment to segment, or as boxes. Links
that state boxes are described by those alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from retarget.boxes import Boxes, box_gap
from retarget.configuration import HandModel, HandPose, Points, hand_model
from robots.hand import Capsule, HandSpec
from robots.rotations import from_rpy

CHUNK = 64
"""Frames whose pairs are compared at once, which bounds the memory."""


@dataclass(frozen=True, eq=False)
class CapsuleSet:
    """A hand's C capsules and boxes, ready for distances.

    Attributes:
        start, end: Segment ends as points of the hand; a box's centre, twice.
        radius: (C,) [m].
        reach: (C,) radius of the sphere about a shape's centre that holds it [m].
        axes: (C, 3, 3) a box's axes, in the body's; a capsule's third runs along it.
        half: (C, 3) half edges of the core [m].
        boxed: (C,) bool, whether it is a box.
        colliding: (C, C) bool, pairs of this hand that may collide; upper triangle.
        room: (C, C) distance of those pairs at rest [m]; 0 for others and for links two
            joints apart, which come close whenever a finger bends.
        touching: (C,) bool, shapes of fingertips and palm, which are meant to touch.
    """

    start: Points
    end: Points
    radius: np.ndarray
    reach: np.ndarray
    axes: np.ndarray
    half: np.ndarray
    boxed: np.ndarray
    colliding: np.ndarray
    room: np.ndarray
    touching: np.ndarray

    def placed(
        self, pose: HandPose, rotation: np.ndarray, position: np.ndarray
    ) -> "Placed":
        """Where the shapes are in world.

        Args:
            pose: The hand's.
            rotation, position: (T, 3, 3), (T, 3) of its root link in world [m].
        """
        start, end = (
            pose.locate(points) @ rotation.swapaxes(1, 2) + position[:, None]
            for points in (self.start, self.end)
        )
        count = len(self.radius) if self.boxed.any() else 0
        turned = pose.rotation[:, self.start.body[:count]] @ self.axes[:count]
        return Placed(start, end, rotation[:, None] @ turned)


@dataclass(frozen=True, eq=False)
class Placed:
    """Shapes over time, in world.

    Attributes:
        start, end: (T, C, 3) segment ends, or a box's centre [m].
        axes: (T, C, 3, 3) the shapes' axes as columns; (T, 0, 3, 3) for a hand without
            boxes.
    """

    start: np.ndarray
    end: np.ndarray
    axes: np.ndarray


@lru_cache(maxsize=16)
def capsule_set(spec: HandSpec) -> CapsuleSet:
    """The shapes of a hand; pairs that touch at rest or share a joint are left out."""
    model = hand_model(spec)
    capsules = [solid for solid in spec.solids if isinstance(solid, Capsule)]
    centres = [(box.link, np.array(box.centre)) for box in spec.boxes]
    start = model.points([(c.link, np.array(c.a)) for c in capsules] + centres)
    end = model.points([(c.link, np.array(c.b)) for c in capsules] + centres)
    radius = np.array([shape.radius for shape in (*capsules, *spec.boxes)])
    length = np.linalg.norm(end.offset - start.offset, axis=1)
    count, boxed = len(radius), np.arange(len(radius)) >= len(capsules)
    axes, half = np.zeros((count, 3, 3)), np.zeros((count, 3))
    half[:, 2] = length / 2
    axes[~boxed] = _along((end.offset - start.offset)[~boxed])
    for row, box in zip(np.flatnonzero(boxed), spec.boxes, strict=True):
        axes[row] = model.orientation(box.link) @ from_rpy(box.rpy)
        half[row] = box.half
    first, second = np.triu_indices(count, 1)
    body = start.body
    near = (
        (body[first] == body[second])
        | (model.parent[body[first]] == body[second])
        | (model.parent[body[second]] == body[first])
    )
    reach = np.linalg.norm(half, axis=1) + radius
    touching = np.zeros(count, bool)
    none = np.zeros((count, count))
    shapes = CapsuleSet(
        start, end, radius, reach, axes, half, boxed, none > 0, none, touching
    )
    rest = shapes.placed(
        model.forward(model.rest[None]), np.eye(3)[None], np.zeros((1, 3))
    )
    at = np.zeros(len(first), int)
    apart = _gaps(shapes, rest, shapes, rest, at, first, second)[3]
    keep = ~near & (apart > 0) & _can_approach(model, body, first, second)
    shapes.colliding[first[keep], second[keep]] = True
    grand = model.parent[model.parent]
    far = (
        keep
        & (grand[body[first]] != body[second])
        & (grand[body[second]] != body[first])
    )
    shapes.room[first[far], second[far]] = apart[far]
    links = [finger.tip_link for finger in spec.fingers.values()] + [spec.palm_link]
    surfaces = model.points([(link, np.zeros(3)) for link in links]).body
    touching[:] = np.isin(body, surfaces)
    return shapes


def _along(way: np.ndarray) -> np.ndarray:
    """(N, 3, 3) axes whose third runs along the given ways (N, 3)."""
    length = np.linalg.norm(way, axis=1, keepdims=True)
    third = np.where(length > 1e-9, way / np.maximum(length, 1e-12), [0.0, 0.0, 1.0])
    helper = np.eye(3)[np.abs(third).argmin(1)]
    first = np.cross(helper, third)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(third, first), third], 2)


def _can_approach(
    model: HandModel, body: np.ndarray, first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """Whether any free joint moves one capsule of a pair and not the other."""
    differs = model.carries[body[first]] != model.carries[body[second]]
    moved = np.abs(model.free_matrix).sum(1) > 0
    return (differs & moved).any(1)


def closest_points(
    a0: np.ndarray, a1: np.ndarray, b0: np.ndarray, b1: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Closest points of segments a0–a1 and b0–b1, each (..., 3) [Ericson2004, 5.1.9]."""
    da, db, gap = a1 - a0, b1 - b0, a0 - b0
    aa = np.maximum((da * da).sum(-1), 1e-18)
    bb = np.maximum((db * db).sum(-1), 1e-18)
    ab, ag, bg = (da * db).sum(-1), (da * gap).sum(-1), (db * gap).sum(-1)
    denominator = aa * bb - ab * ab
    parallel = denominator < 1e-9 * aa * bb
    s = np.where(
        parallel, 0.5, (ab * bg - ag * bb) / np.where(parallel, 1.0, denominator)
    )
    s = np.clip(s, 0.0, 1.0)
    t = np.clip((ab * s + bg) / bb, 0.0, 1.0)
    s = np.clip((ab * t - ag) / aa, 0.0, 1.0)
    return a0 + s[..., None] * da, b0 + t[..., None] * db


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Pairs of shapes closer than a margin, one row each.

    Attributes:
        side_a, side_b: Hands of the two shapes.
        frame: (A,) frame index.
        first, second: (A,) index of the shape.
        a, b: (A, 3) facing points of the cores [m].
        normal: (A, 3) from b to a.
        distance: (A,) between the surfaces [m], negative where they overlap.
    """

    side_a: str
    side_b: str
    frame: np.ndarray
    first: np.ndarray
    second: np.ndarray
    a: np.ndarray
    b: np.ndarray
    normal: np.ndarray
    distance: np.ndarray


def find_overlaps(
    hands: Mapping[str, tuple[HandSpec, Placed]], margin: float, within: bool = True
) -> list[Overlaps]:
    """Shapes closer than `margin` [m] within each hand and between the two.

    Args:
        hands: side → the hand and where its shapes are.
        margin: Surface distance below which a pair is returned.
        within: Whether each hand's own pairs are looked at, too.
    """
    sets = {side: capsule_set(spec) for side, (spec, _) in hands.items()}
    sides = [side for side in hands if len(sets[side].radius)]
    tasks = [(side, side, sets[side].colliding) for side in sides if within]
    if len(sides) == 2:
        shape = tuple(len(sets[side].radius) for side in sides)
        tasks.append((sides[0], sides[1], np.ones(shape, bool)))
    return [
        _overlaps((a, sets[a], hands[a][1]), (b, sets[b], hands[b][1]), may, margin)
        for a, b, may in tasks
    ]


def _overlaps(
    hand_a: tuple[str, CapsuleSet, Placed],
    hand_b: tuple[str, CapsuleSet, Placed],
    may: np.ndarray,
    margin: float,
) -> Overlaps:
    """Close pairs among those that `may` (C_a, C_b) touch."""
    side_a, set_a, a = hand_a
    side_b, set_b, b = hand_b
    origin = a.start[:, :1]  # small numbers keep the squares exact
    centre_a = (a.start + a.end) / 2 - origin
    centre_b = (b.start + b.end) / 2 - origin
    reach = set_a.reach[:, None] + set_b.reach + margin
    bound = np.where(may, reach**2, -np.inf)
    found = []
    for t in range(0, len(centre_a), CHUNK):
        ours, theirs = centre_a[t : t + CHUNK], centre_b[t : t + CHUNK]
        squares = (ours**2).sum(-1)[:, :, None] + (theirs**2).sum(-1)[:, None]
        squares -= 2 * ours @ theirs.swapaxes(1, 2)
        frame, i, j = np.nonzero(squares < bound)
        found.append((frame + t, i, j))
    frame, i, j = (np.concatenate(x) for x in zip(*found, strict=True))
    p, q, normal, distance = _gaps(set_a, a, set_b, b, frame, i, j, margin)
    near = distance < margin
    return Overlaps(
        side_a, side_b, *(x[near] for x in (frame, i, j, p, q, normal, distance))
    )


def _gaps(
    set_a: CapsuleSet,
    a: Placed,
    set_b: CapsuleSet,
    b: Placed,
    frame: np.ndarray,
    i: np.ndarray,
    j: np.ndarray,
    margin: float = np.inf,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Facing points of the cores, normals b → a, and surface distances of given pairs.

    Of boxes further apart than `margin` [m], distances are lower bounds above it.
    """
    p, q = closest_points(
        a.start[frame, i], a.end[frame, i], b.start[frame, j], b.end[frame, j]
    )
    offset = p - q
    length = np.linalg.norm(offset, axis=1)
    # Crossing axes have no direction; the line between the centres is a fair one.
    centres = (a.start + a.end)[frame, i] / 2 - (b.start + b.end)[frame, j] / 2
    offset = np.where((length > 1e-6)[:, None], offset, centres)
    normal = offset / np.maximum(np.linalg.norm(offset, axis=1), 1e-12)[:, None]
    boxed = set_a.boxed[i] | set_b.boxed[j]
    if boxed.any():
        at, k, m = frame[boxed], i[boxed], j[boxed]
        p[boxed], q[boxed], normal[boxed], length[boxed] = box_gap(
            _boxes(set_a, a, at, k), _boxes(set_b, b, at, m),
            margin + (set_a.radius[k] + set_b.radius[m]),
        )  # fmt: skip
    return p, q, normal, length - set_a.radius[i] - set_b.radius[j]


def _boxes(shapes: CapsuleSet, placed: Placed, at: np.ndarray, i: np.ndarray) -> Boxes:
    """Given shapes as boxes in world, capsules too."""
    start, end = placed.start[at, i], placed.end[at, i]
    axes = placed.axes[at, i] if placed.axes.shape[1] else _along(end - start)
    return Boxes((start + end) / 2, axes, shapes.half[i])
