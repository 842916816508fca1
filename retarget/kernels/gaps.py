"""Gap rows of one frame: contacts and collisions collected, then added in one place."""

from typing import NamedTuple

import numpy as np

from retarget.kernels.points import huber
from retarget.kernels.tree import compiled


class Roots(NamedTuple):
    """Where the H hands are in world.

    Attributes:
        rotation, origin, wrist: (H, 3, 3), (H, 3), (H, 3) [m] of the root links and of
            the hand frames' origins.
        left: (H, 3, 3) columns of the left Jacobians of the wrists' turns, as rows.
        variable: (H,) first of the 6 wrist variables.
    """

    rotation: np.ndarray
    origin: np.ndarray
    wrist: np.ndarray
    left: np.ndarray
    variable: np.ndarray


class Rows(NamedTuple):
    """Gap rows that are waiting to be added.

    Attributes:
        used: (1,) how many there are.
        body: (R, 2) bodies of the points a and b.
        point: (R, 3, 3) a, b and the normal from b to a, world [m].
        value: (R, 3) gap − target [m], cost [1/m²], Huber's knee [m].
    """

    used: np.ndarray
    body: np.ndarray
    point: np.ndarray
    value: np.ndarray


@compiled
def put(rows, body_a, a, body_b, b, normal, residual, cost, knee):
    """Keep one row."""
    n = rows.used[0]
    rows.body[n, 0], rows.body[n, 1] = body_a, body_b
    for i in range(3):
        rows.point[n, 0, i] = a[i]
        rows.point[n, 1, i] = b[i]
        rows.point[n, 2, i] = normal[i]
    rows.value[n, 0], rows.value[n, 1], rows.value[n, 2] = residual, cost, knee
    rows.used[0] = n + 1


@compiled
def add_gaps(tree, world, roots, rows, sums):
    """Add ½ Σ cost · ρ(residual) of all rows; `world` are the bodies in world."""
    total = 0.0
    row = np.empty(len(sums.gradient))
    for n in range(rows.used[0]):
        count = 0
        for side in range(2):
            count = _columns(
                tree, world, roots, rows.body[n, side], rows.point[n, side],
                rows.point[n, 2], 1.0 - 2.0 * side, row, sums.column, count,
            )  # fmt: skip
        residual, cost, knee = rows.value[n, 0], rows.value[n, 1], rows.value[n, 2]
        rho, weight = huber(abs(residual), knee)
        total += cost * rho
        for a in range(count):
            i = sums.column[a]
            pull = weight * cost * row[a]
            sums.gradient[i] += pull * residual
            for b in range(count):
                sums.hessian[i, sums.column[b]] += pull * row[b]
    return total


@compiled
def _columns(tree, world, roots, body, point, normal, sign, row, index, count):
    """± n · ∂x/∂z of a world point by joints and wrist, added to a sparse row."""
    b = body
    while tree.parent[b] != b:
        if tree.variable[b] >= 0:
            moved = _moment(world.axis[b], point, world.position[b], normal)
            count = _put_column(
                row, index, count, tree.variable[b], sign * tree.law[b, 0] * moved
            )
        b = tree.parent[b]
    h = tree.hand[body]
    for i in range(3):
        count = _put_column(row, index, count, roots.variable[h] + i, sign * normal[i])
    for i in range(3):
        turned = _moment(roots.left[h, i], point, roots.wrist[h], normal)
        count = _put_column(row, index, count, roots.variable[h] + 3 + i, sign * turned)
    return count


@compiled
def _moment(axis, point, origin, normal):
    """N · (axis × (point − origin))."""
    r0, r1, r2 = point[0] - origin[0], point[1] - origin[1], point[2] - origin[2]
    return (
        axis[0] * (r1 * normal[2] - r2 * normal[1])
        + axis[1] * (r2 * normal[0] - r0 * normal[2])
        + axis[2] * (r0 * normal[1] - r1 * normal[0])
    )


@compiled
def _put_column(row, index, count, variable, amount):
    for n in range(count):
        if index[n] == variable:
            row[n] += amount
            return count
    index[count] = variable
    row[count] = amount
    return count + 1
