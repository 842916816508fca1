"""Rows that pull points to targets: cost, gradient, Gauss–Newton Hessian of one frame."""

from typing import NamedTuple

import numpy as np

from retarget.kernels.tree import compiled, locate


class Sums(NamedTuple):
    """Where rows are added, and working space for one row's sparse derivative.

    Attributes:
        hessian, gradient: (N, N) and (N,).
        column: (N,) variables of a row.
        block: (N, 3) its derivative by them.
    """

    hessian: np.ndarray
    gradient: np.ndarray
    column: np.ndarray
    block: np.ndarray


@compiled
def empty_sums(size):
    """Zeros for `size` variables."""
    return Sums(
        np.zeros((size, size)), np.zeros(size), np.zeros(size, np.int64),
        np.zeros((size, 3)),
    )  # fmt: skip


@compiled
def huber(length, knee):
    """Huber's ρ and IRLS weight of one residual length ≥ 0, as `costs.quadratic`."""
    if length <= knee:
        return 0.5 * length * length, 1.0
    return knee * (length - 0.5 * knee), knee / length


@compiled
def add_points(tree, world, roots, body, offset, target, cost, knee, sums):
    """Add ½ Σ cost · ρ(‖x − target‖) of K points in world; the cost.

    Args:
        tree, world, roots: The hands, forward kinematics run.
        body, offset: (K,) and (K, 3) [m] the points.
        target, cost: (K, 3) [m] and (K,) [1/m²].
        knee: Huber's knee [m].
        sums: Added to.
    """
    total = 0.0
    point, residual = np.empty(3), np.empty(3)
    for k in range(len(body)):
        locate(world.rotation, world.position, body[k], offset[k], point)
        length = 0.0
        for i in range(3):
            residual[i] = point[i] - target[k, i]
            length += residual[i] ** 2
        rho, weight = huber(np.sqrt(length), knee)
        total += cost[k] * rho
        count = joint_columns(tree, world, body[k], point, sums)
        count = _wrist_columns(roots, tree.hand[body[k]], point, count, sums)
        add_block(residual, weight * cost[k], count, sums)
    return total


@compiled
def joint_columns(tree, bodies, body, point, sums):
    """∂x/∂q of a point in the sparse block of `sums`; returns how many columns."""
    b, count = body, 0
    while tree.parent[b] != b:
        variable = tree.variable[b]
        if variable >= 0:
            f = tree.law[b, 0]
            r0 = point[0] - bodies.position[b, 0]
            r1 = point[1] - bodies.position[b, 1]
            r2 = point[2] - bodies.position[b, 2]
            a0, a1, a2 = bodies.axis[b, 0], bodies.axis[b, 1], bodies.axis[b, 2]
            slot = 0
            while slot < count and sums.column[slot] != variable:
                slot += 1
            if slot == count:
                sums.column[slot] = variable
                sums.block[slot, :] = 0.0
                count += 1
            sums.block[slot, 0] += f * (a1 * r2 - a2 * r1)
            sums.block[slot, 1] += f * (a2 * r0 - a0 * r2)
            sums.block[slot, 2] += f * (a0 * r1 - a1 * r0)
        b = tree.parent[b]
    return count


@compiled
def _wrist_columns(roots, h, point, count, sums):
    """The same by the wrist: its shift, then its turn."""
    r0 = point[0] - roots.wrist[h, 0]
    r1 = point[1] - roots.wrist[h, 1]
    r2 = point[2] - roots.wrist[h, 2]
    for n in range(3):
        sums.column[count + n] = roots.variable[h] + n
        sums.column[count + 3 + n] = roots.variable[h] + 3 + n
        for i in range(3):
            sums.block[count + n, i] = 1.0 if i == n else 0.0
        a0, a1, a2 = roots.left[h, n, 0], roots.left[h, n, 1], roots.left[h, n, 2]
        sums.block[count + 3 + n, 0] = a1 * r2 - a2 * r1
        sums.block[count + 3 + n, 1] = a2 * r0 - a0 * r2
        sums.block[count + 3 + n, 2] = a0 * r1 - a1 * r0
    return count + 6


@compiled
def add_block(residual, weight, count, sums):
    """Add weight · JᵀJ and weight · Jᵀr of a residual (3,) and the block's J."""
    for a in range(count):
        i = sums.column[a]
        v0, v1, v2 = (
            weight * sums.block[a, 0],
            weight * sums.block[a, 1],
            weight * sums.block[a, 2],
        )
        sums.gradient[i] += v0 * residual[0] + v1 * residual[1] + v2 * residual[2]
        for b in range(count):
            sums.hessian[i, sums.column[b]] += (
                v0 * sums.block[b, 0] + v1 * sums.block[b, 1] + v2 * sums.block[b, 2]
            )
