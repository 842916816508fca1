"""Capsules of the hands: which of them come close, and where.

A coarse pass compares bounding spheres of all pairs in all frames with one matrix product
per frame; only the few that remain are measured segment to segment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from retarget.configuration import HandModel, Points, hand_model
from robots.hand import HandSpec

Ends = tuple[np.ndarray, np.ndarray]
"""Segment ends of C capsules over time, each (T, C, 3) [m] in world."""


@dataclass(frozen=True, eq=False)
class CapsuleSet:
    """A hand's capsules, ready for distances.

    Attributes:
        start, end: Segment ends as points of the hand.
        radius: (C,) [m].
        reach: (C,) radius of the sphere about a capsule's centre that holds it [m].
        colliding: (C, C) bool, pairs of this hand that may collide; upper triangle.
        room: (C, C) distance of those pairs at rest [m]; 0 for others and for links two
            joints apart, which come close whenever a finger bends.
        touching: (C,) bool, capsules of fingertips and palm, which are meant to touch.
    """

    start: Points
    end: Points
    radius: np.ndarray
    reach: np.ndarray
    colliding: np.ndarray
    room: np.ndarray
    touching: np.ndarray


@lru_cache(maxsize=16)
def capsule_set(spec: HandSpec) -> CapsuleSet:
    """The capsules of a hand; pairs that touch at rest or share a joint are left out."""
    model = hand_model(spec)
    start = model.points([(c.link, np.array(c.a)) for c in spec.capsules])
    end = model.points([(c.link, np.array(c.b)) for c in spec.capsules])
    radius = np.array([c.radius for c in spec.capsules])
    count = len(radius)
    first, second = np.triu_indices(count, 1)
    body = start.body
    near = (
        (body[first] == body[second])
        | (model.parent[body[first]] == body[second])
        | (model.parent[body[second]] == body[first])
    )
    pose = model.forward(model.rest[None])
    a, b = pose.locate(start)[0], pose.locate(end)[0]
    p, q = closest_points(a[first], b[first], a[second], b[second])
    apart = np.linalg.norm(p - q, axis=1) - radius[first] - radius[second]
    keep = ~near & (apart > 0) & _can_approach(model, body, first, second)
    colliding = np.zeros((count, count), bool)
    colliding[first[keep], second[keep]] = True
    room = np.zeros((count, count))
    grand = model.parent[model.parent]
    far = (
        keep
        & (grand[body[first]] != body[second])
        & (grand[body[second]] != body[first])
    )
    room[first[far], second[far]] = apart[far]
    reach = np.linalg.norm(b - a, axis=1) / 2 + radius
    links = [finger.tip_link for finger in spec.fingers.values()] + [spec.palm_link]
    surfaces = model.points([(link, np.zeros(3)) for link in links]).body
    touching = np.isin(body, surfaces)
    return CapsuleSet(start, end, radius, reach, colliding, room, touching)


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
    """Capsule pairs closer than a margin, one row each.

    Attributes:
        side_a, side_b: Hands of the two capsules.
        frame: (A,) frame index.
        first, second: (A,) index of the capsule.
        a, b: (A, 3) facing points on the axes [m].
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
    hands: Mapping[str, tuple[HandSpec, Ends]], margin: float
) -> list[Overlaps]:
    """Capsules closer than `margin` [m] within each hand and between the two.

    Args:
        hands: side → the hand and the ends of its capsules in world.
        margin: Surface distance below which a pair is returned.
    """
    sets = {side: capsule_set(spec) for side, (spec, _) in hands.items()}
    sides = [side for side in hands if len(sets[side].radius)]
    tasks = [(side, side, sets[side].colliding) for side in sides]
    if len(sides) == 2:
        shape = tuple(len(sets[side].radius) for side in sides)
        tasks.append((sides[0], sides[1], np.ones(shape, bool)))
    return [
        _overlaps((a, sets[a], hands[a][1]), (b, sets[b], hands[b][1]), may, margin)
        for a, b, may in tasks
    ]


def _overlaps(
    hand_a: tuple[str, CapsuleSet, Ends],
    hand_b: tuple[str, CapsuleSet, Ends],
    may: np.ndarray,
    margin: float,
) -> Overlaps:
    """Close pairs among those that `may` (C_a, C_b) touch."""
    side_a, set_a, a = hand_a
    side_b, set_b, b = hand_b
    origin = a[0][:, :1]  # small numbers keep the squares exact
    centre_a, centre_b = (a[0] + a[1]) / 2 - origin, (b[0] + b[1]) / 2 - origin
    reach = set_a.reach[:, None] + set_b.reach + margin
    bound = np.where(may, reach**2, -np.inf)
    squares = (
        (centre_a**2).sum(-1)[:, :, None]
        + (centre_b**2).sum(-1)[:, None]
        - 2 * centre_a @ centre_b.swapaxes(1, 2)
    )
    frame, i, j = np.nonzero(squares < bound)
    p, q = closest_points(
        a[0][frame, i], a[1][frame, i], b[0][frame, j], b[1][frame, j]
    )
    offset = p - q
    length = np.linalg.norm(offset, axis=1)
    distance = length - set_a.radius[i] - set_b.radius[j]
    near = distance < margin
    # Crossing axes have no direction; the line between the centres is a fair one.
    centres = centre_a[frame, i] - centre_b[frame, j]
    offset = np.where((length > 1e-6)[:, None], offset, centres)
    normal = offset / np.maximum(np.linalg.norm(offset, axis=1), 1e-12)[:, None]
    return Overlaps(
        side_a, side_b, *(x[near] for x in (frame, i, j, p, q, normal, distance))
    )
