"""Signed distances of boxes, many pairs at once.

Two boxes overlap as deeply as along the best of 15 axes, the faces' normals and the cross
products of their edges [Gottschalk1996]. Where they are apart, the direction between their
nearest points, found by projecting onto one box and the other in turn, is a 16th. Every
axis gives a lower bound of the distance, so that no overlap is missed.

A capsule is a box whose half edges are (0, 0, half its length), grown by its radius.
"""

from typing import NamedTuple

import numpy as np

PROJECTIONS = 20
"""Turns of the projection; crossing edges converge by the square of their cosine."""
LEVEL = 0.02
"""An edge is taken as level with a face where its sine is below this: contact then lies
somewhere along it, not at its end."""
SHORT = 1e-6
"""Shorter cross products have no direction."""
BETTER = 1e-8
"""An axis replaces an earlier one where it is further apart by this [m], so that rounding
does not choose between a face and its own normal."""


class Boxes(NamedTuple):
    """A boxes in world.

    Attributes:
        centre: (A, 3) [m].
        axes: (A, 3, 3) unit axes as columns.
        half: (A, 3) half edges [m].
    """

    centre: np.ndarray
    axes: np.ndarray
    half: np.ndarray


def box_gap(
    a: Boxes, b: Boxes, margin: np.ndarray | float = np.inf
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """How far apart pairs of boxes are, and where they face each other.

    Args:
        a, b: The boxes.
        margin: (A,) or one. Pairs that are surely further apart than this [m] keep the
            bound that says so, and their centres as points: most pairs are only looked at
            to be left out.

    Returns:
        (A, 3), (A, 3) facing points on a and on b, distance · normal apart [m]; (A, 3)
        unit normals from b to a; (A,) signed distances [m].
    """
    offset = a.centre - b.centre
    crossed = np.cross(
        a.axes.swapaxes(1, 2)[:, :, None], b.axes.swapaxes(1, 2)[:, None]
    ).reshape(-1, 9, 3)
    length = np.linalg.norm(crossed, axis=2)
    crossed /= np.maximum(length, SHORT)[..., None]
    axes = np.concatenate(
        [a.axes.swapaxes(1, 2), b.axes.swapaxes(1, 2), crossed], 1
    )  # (A, 15, 3)
    apart = np.abs((axes @ offset[..., None])[..., 0])
    apart -= (np.abs(axes @ a.axes) * a.half[:, None]).sum(2)
    apart -= (np.abs(axes @ b.axes) * b.half[:, None]).sum(2)
    apart[:, 6:][length < SHORT] = -np.inf
    best = (apart > apart.max(1, keepdims=True) - BETTER).argmax(1)
    rows = np.arange(len(best))
    distance, normal = apart[rows, best], axes[rows, best]
    normal = np.where(((normal * offset).sum(1) < 0)[:, None], -normal, normal)
    p, q = a.centre.copy(), b.centre.copy()
    near = np.flatnonzero(distance < margin)
    a, b = _take(a, near), _take(b, near)
    p[near], q[near], normal[near], distance[near] = _refined(
        a, b, *_facing(a, b, normal[near], distance[near], best[near]),
        normal[near], distance[near],
    )  # fmt: skip
    return p, q, normal, distance


def _local(box: Boxes, vector: np.ndarray) -> np.ndarray:
    """Vectors in a box's axes."""
    return (vector[:, None] @ box.axes)[:, 0]


def _world(box: Boxes, local: np.ndarray) -> np.ndarray:
    """Points given in a box's axes, in world."""
    return box.centre + (box.axes @ local[..., None])[..., 0]


def _facing(
    a: Boxes, b: Boxes, normal: np.ndarray, distance: np.ndarray, best: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Points where the boxes meet along the best of the 15 axes."""
    p, q = np.empty_like(normal), np.empty_like(normal)
    shift = normal * distance[:, None]
    of_a, of_b = best < 3, (best >= 3) & (best < 6)
    if of_a.any():
        q[of_a] = _touching(_take(b, of_a), normal[of_a], _take(a, of_a), best[of_a])
        p[of_a] = q[of_a] + shift[of_a]
    if of_b.any():
        p[of_b] = _touching(
            _take(a, of_b), -normal[of_b], _take(b, of_b), best[of_b] - 3
        )
        q[of_b] = p[of_b] - shift[of_b]
    edges = best >= 6
    if edges.any():
        first, second = _take(a, edges), _take(b, edges)
        along_a, along_b = (best[edges] - 6) // 3, (best[edges] - 6) % 3
        foot_a, way_a = _edge(first, -normal[edges], along_a)
        foot_b, way_b = _edge(second, normal[edges], along_b)
        gap = foot_a - foot_b
        cosine = (way_a * way_b).sum(1)
        sine = 1 - cosine**2
        s = (cosine * (way_b * gap).sum(1) - (way_a * gap).sum(1)) / sine
        t = ((way_b * gap).sum(1) - cosine * (way_a * gap).sum(1)) / sine
        middle = foot_a + s[:, None] * way_a + foot_b + t[:, None] * way_b
        p[edges] = 0.5 * (middle + shift[edges])
        q[edges] = 0.5 * (middle - shift[edges])
    return p, q


def _take(box: Boxes, rows: np.ndarray) -> Boxes:
    return Boxes(box.centre[rows], box.axes[rows], box.half[rows])


def _touching(
    box: Boxes, way: np.ndarray, other: Boxes, face: np.ndarray
) -> np.ndarray:
    """The point of a box furthest along `way`, above the other box's face if it can be.

    Where an edge is level with the face, any of its points is furthest: of those, the
    nearest to the face's middle.
    """
    tilt = np.clip(_local(box, way) / LEVEL, -1, 1)
    start = _local(other, _world(box, tilt * box.half) - other.centre)
    bound = other.half.copy()
    np.put_along_axis(bound, face[:, None], np.inf, 1)
    nearest = _world(other, np.clip(start, -bound, bound)) - box.centre
    low = np.where(tilt > 0, 2 * tilt - 1, -1.0) * box.half
    high = np.where(tilt < 0, 2 * tilt + 1, 1.0) * box.half
    return _world(box, np.clip(_local(box, nearest), low, high))


def _edge(
    box: Boxes, way: np.ndarray, along: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Middle and direction of the edge furthest along `way`."""
    local = np.where(_local(box, way) < 0, -box.half, box.half)
    np.put_along_axis(local, along[:, None], 0.0, 1)
    direction = np.take_along_axis(box.axes, along[:, None, None], 2)[..., 0]
    return _world(box, local), direction


def _refined(
    a: Boxes,
    b: Boxes,
    p: np.ndarray,
    q: np.ndarray,
    normal: np.ndarray,
    distance: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where boxes are apart, their nearest points if those are further apart."""
    rows = np.flatnonzero(distance > 0)
    if not len(rows):
        return p, q, normal, distance
    a, b = _take(a, rows), _take(b, rows)
    x, y = a.centre, b.centre
    for _ in range(PROJECTIONS):
        y = _world(b, np.clip(_local(b, x - b.centre), -b.half, b.half))
        x = _world(a, np.clip(_local(a, y - a.centre), -a.half, a.half))
    way = x - y
    way /= np.maximum(np.linalg.norm(way, axis=1), 1e-12)[:, None]
    apart = ((a.centre - b.centre) * way).sum(1)
    apart -= (np.abs(_local(a, way)) * a.half).sum(1)
    apart -= (np.abs(_local(b, way)) * b.half).sum(1)
    better = apart > distance[rows] + BETTER
    rows = rows[better]
    p[rows], q[rows] = x[better], y[better]
    normal[rows], distance[rows] = way[better], apart[better]
    return p, q, normal, distance
