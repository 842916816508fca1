"""Collisions: capsules of the hands push each other apart where they overlap."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from retarget.configuration import HandModel, Points, hand_model
from retarget.costs.gaps import GapRows
from retarget.hand_state import HandState
from robots.hand import HandSpec

CLEARANCE = 0.0
"""Overlap is penalised from this distance on [m]; pads in contact must stay free."""
KNEE = 0.010


@dataclass(frozen=True, eq=False)
class CapsuleSet:
    """A hand's capsules, ready for distances.

    Attributes:
        start, end: Segment ends as points of the hand.
        radius: (C,) [m].
        pairs: (S, 2) capsules of this hand that may collide with each other.
    """

    start: Points
    end: Points
    radius: np.ndarray
    pairs: np.ndarray


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
    return CapsuleSet(start, end, radius, np.stack([first[keep], second[keep]], 1))


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
    """Capsule pairs closer than a margin: frame, capsules, facing points, distance."""

    frame: np.ndarray
    first: np.ndarray
    second: np.ndarray
    a: np.ndarray
    b: np.ndarray
    normal: np.ndarray
    distance: np.ndarray


def overlaps(
    a: tuple[np.ndarray, np.ndarray],
    radius_a: np.ndarray,
    b: tuple[np.ndarray, np.ndarray],
    radius_b: np.ndarray,
    pairs: np.ndarray,
    margin: float,
) -> Overlaps:
    """Pairs of capsules whose surfaces are closer than `margin`.

    Args:
        a: Segment ends, each (T, C, 3) [m] in world.
        radius_a: (C,) [m].
        b: Like a.
        radius_b: Like radius_a.
        pairs: (S, 2) capsule of a, capsule of b.
        margin: [m].
    """
    i, j = pairs[:, 0], pairs[:, 1]
    centre_a, centre_b = (a[0] + a[1]) / 2, (b[0] + b[1]) / 2
    reach_a = np.linalg.norm(a[0] - a[1], axis=-1).max(0) / 2 + radius_a
    reach_b = np.linalg.norm(b[0] - b[1], axis=-1).max(0) / 2 + radius_b
    reach = reach_a[i] + reach_b[j] + margin
    offset = centre_a[:, i] - centre_b[:, j]
    frame, pair = np.nonzero((offset * offset).sum(-1) < reach * reach)
    i, j = i[pair], j[pair]
    p, q = closest_points(
        a[0][frame, i], a[1][frame, i], b[0][frame, j], b[1][frame, j]
    )
    offset = p - q
    length = np.linalg.norm(offset, axis=1)
    distance = length - radius_a[i] - radius_b[j]
    near = distance < margin
    # Crossing axes have no direction; the line between the centres is a fair one.
    centres = centre_a[frame, i] - centre_b[frame, j]
    offset = np.where((length > 1e-6)[:, None], offset, centres)
    normal = offset / np.maximum(np.linalg.norm(offset, axis=1), 1e-12)[:, None]
    return Overlaps(*(x[near] for x in (frame, i, j, p, q, normal, distance)))


def find_overlaps(
    hands: Mapping[str, HandState], margin: float
) -> list[tuple[str, str, Overlaps]]:
    """Overlapping capsules within each hand and between the two."""
    ends, found = {}, []
    for side, hand in hands.items():
        capsules = capsule_set(hand.model.spec)
        if len(capsules.radius) == 0:
            continue
        ends[side] = tuple(
            hand.to_world(hand.pose.locate(end))
            for end in (capsules.start, capsules.end)
        )
        if len(capsules.pairs):
            found.append(
                (side, side, overlaps(ends[side], capsules.radius, ends[side],
                                      capsules.radius, capsules.pairs, margin))
            )  # fmt: skip
    if len(ends) == 2:
        left, right = (capsule_set(hands[s].model.spec).radius for s in ends)
        grid = np.stack(
            np.meshgrid(np.arange(len(left)), np.arange(len(right)), indexing="ij"), -1
        ).reshape(-1, 2)
        side_a, side_b = ends
        found.append(
            (side_a, side_b, overlaps(ends[side_a], left, ends[side_b], right, grid, margin))
        )  # fmt: skip
    return found


def collision_rows(hands: Mapping[str, HandState], cost: float) -> list[GapRows]:
    """Rows that push overlapping capsules apart; `cost` [1/m²]."""
    rows = []
    for side_a, side_b, met in find_overlaps(hands, CLEARANCE):
        body_a = capsule_set(hands[side_a].model.spec).start.body
        body_b = capsule_set(hands[side_b].model.spec).start.body
        rows.append(
            GapRows(
                side_a, side_b, met.frame, body_a[met.first], body_b[met.second],
                met.a, met.b, met.normal, met.distance - CLEARANCE,
                np.full(len(met.frame), cost), KNEE,
            )
        )  # fmt: skip
    return rows
