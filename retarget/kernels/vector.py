"""One frame of link vectors by Newton's method in a box, compiled from start to end.

Gauss–Newton with Huber's weights, plus the second derivative of the kinematics.
"""

from typing import NamedTuple

import numpy as np

from retarget.kernels.box import Newton, box_step, empty_newton
from retarget.kernels.points import huber
from retarget.kernels.tree import Bodies, Tree, compiled, empty_bodies, forward, locate
from retarget.rotations import skew
from retarget.vector_plain import PlainVectors


class Vectors(NamedTuple):
    """K vectors between links of a tree with m variables.

    Attributes:
        tree: The bodies.
        body, offset: (2, K), (2, K, 3) [m] points of origins and tasks.
        lower, upper: (m,) [rad].
        knee: Huber's knee [m].
        stay: Cost of moving away from the last answer [1/rad²].
    """

    tree: Tree
    body: np.ndarray
    offset: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    knee: float
    stay: float


class Space(NamedTuple):
    """Working space, allocated once: poses, sums, factor, and one vector's block."""

    bodies: Bodies
    hessian: np.ndarray
    gradient: np.ndarray
    newton: Newton
    step: np.ndarray
    block: np.ndarray


def empty_space(vectors: Vectors) -> Space:
    """Working space for a problem."""
    size = len(vectors.lower)
    return Space(
        empty_bodies(vectors.tree), np.zeros((size, size)), np.zeros(size),
        empty_newton(size), np.zeros(size), np.zeros((size, 3)),
    )  # fmt: skip


@compiled
def solve(vectors, space, last, target, tolerance, iterations):
    """The variables (m,) that minimise the cost, starting at `last`.

    A variable at its bound whose gradient points outward is held for the step; a step
    that does not lower the cost is tried again with more damping.

    Args:
        vectors: The problem.
        space: Working space.
        last: (m,) start, and what `stay` refers to.
        target: (K, 3) [m].
        tolerance: Stop when no variable moves by more [rad].
        iterations: At most so many steps.
    """
    size = len(last)
    q, new = last.copy(), np.empty(size)
    cost = evaluate(vectors, space, q, last, target, True)
    damping = 1e-4
    for _ in range(iterations):
        definite = box_step(
            space.hessian, space.gradient, q, vectors.lower, vectors.upper,
            damping, space.newton, space.step,
        )  # fmt: skip
        if not definite:
            damping = max(damping * 10.0, 1e-2)
            continue
        moved = 0.0
        for i in range(size):
            new[i] = min(max(q[i] + space.step[i], vectors.lower[i]), vectors.upper[i])
            moved = max(moved, abs(new[i] - q[i]))
        then = evaluate(vectors, space, new, last, target, False)
        if then > cost:
            damping = max(damping * 10.0, 1e-3)
            if damping > 1e6:
                break
            continue
        q[:] = new
        cost, damping = then, damping / 4.0
        if moved < tolerance:
            break
        evaluate(vectors, space, q, last, target, True)
    return q


@compiled
def evaluate(vectors, space, q, last, target, derivatives):
    """Cost of q, and if asked its gradient and Hessian in `space`."""
    size, count = len(q), vectors.body.shape[1]
    tree, bodies = vectors.tree, space.bodies
    forward(tree, q, bodies)
    a, b = np.empty(3), np.empty(3)
    residual, pull = np.empty(3), np.empty(3)
    total = 0.0
    if derivatives:
        space.hessian[:] = 0.0
        for i in range(size):
            off = q[i] - last[i]
            space.hessian[i, i] = 2.0 * vectors.stay
            space.gradient[i] = 2.0 * vectors.stay * off
    for i in range(size):
        total += vectors.stay * (q[i] - last[i]) ** 2
    share = 1.0 / (vectors.knee * count)
    for k in range(count):
        locate(
            bodies.rotation,
            bodies.position,
            vectors.body[0, k],
            vectors.offset[0, k],
            a,
        )
        locate(
            bodies.rotation,
            bodies.position,
            vectors.body[1, k],
            vectors.offset[1, k],
            b,
        )
        length = 0.0
        for i in range(3):
            residual[i] = b[i] - a[i] - target[k, i]
            length += residual[i] ** 2
        length = np.sqrt(length)
        rho, weight = huber(length, vectors.knee)
        total += share * rho
        if derivatives:
            weight *= share
            for i in range(3):
                pull[i] = weight * residual[i]
            space.block[:] = 0.0
            _chain(tree, bodies, vectors.body[1, k], b, 1.0, pull, space)
            _chain(tree, bodies, vectors.body[0, k], a, -1.0, pull, space)
            _add(space, residual, weight)
    return total


@compiled
def _chain(tree, bodies, body, point, sign, pull, space):
    """± ∂x/∂q of a point, added to the block, and pull · ∂²x/∂q² to the Hessian.

    For a joint i and a joint j beyond it, ∂²x/∂q_i ∂q_j = a_i × (a_j × (x − p_j)). The
    term matters where a target is out of reach and the residual stays large.
    """
    block, b = space.block, body
    while tree.parent[b] != b:
        v = tree.variable[b]
        if v >= 0:
            f = sign * tree.law[b, 0]
            r0 = point[0] - bodies.position[b, 0]
            r1 = point[1] - bodies.position[b, 1]
            r2 = point[2] - bodies.position[b, 2]
            a0, a1, a2 = bodies.axis[b, 0], bodies.axis[b, 1], bodies.axis[b, 2]
            m0, m1, m2 = (
                f * (a1 * r2 - a2 * r1),
                f * (a2 * r0 - a0 * r2),
                f * (a0 * r1 - a1 * r0),
            )
            block[v, 0] += m0
            block[v, 1] += m1
            block[v, 2] += m2
            if pull[0] != 0.0 or pull[1] != 0.0 or pull[2] != 0.0:
                # pull · (a_i × m) = a_i · (m × pull)
                n0 = m1 * pull[2] - m2 * pull[1]
                n1 = m2 * pull[0] - m0 * pull[2]
                n2 = m0 * pull[1] - m1 * pull[0]
                up = b
                while tree.parent[up] != up:
                    u = tree.variable[up]
                    if u >= 0:
                        bend = tree.law[up, 0] * (
                            bodies.axis[up, 0] * n0
                            + bodies.axis[up, 1] * n1
                            + bodies.axis[up, 2] * n2
                        )
                        if up == b or u != v:
                            space.hessian[max(u, v), min(u, v)] += bend
                        else:
                            space.hessian[u, v] += 2.0 * bend
                    up = tree.parent[up]
        b = tree.parent[b]


@compiled
def _add(space, residual, weight):
    """Add weight · JᵀJ and weight · Jᵀr."""
    size, block = len(space.gradient), space.block
    for i in range(size):
        b0, b1, b2 = block[i, 0], block[i, 1], block[i, 2]
        if b0 == 0.0 and b1 == 0.0 and b2 == 0.0:
            continue
        along = b0 * residual[0] + b1 * residual[1] + b2 * residual[2]
        space.gradient[i] += weight * along
        for j in range(i + 1):
            c0, c1, c2 = block[j, 0], block[j, 1], block[j, 2]
            space.hessian[i, j] += weight * (b0 * c0 + b1 * c1 + b2 * c2)


def from_plain(plain: PlainVectors) -> Vectors:
    """The same problem as arrays: pinocchio's tree, mimic laws expanded."""
    import pinocchio as pin

    model = plain.model
    data = model.createData()
    pin.computeJointJacobians(model, data, pin.neutral(model))
    count = model.njoints
    local, axis, shift = (np.zeros((count, *s)) for s in ((3, 3, 3), (3,), (3,)))
    variable, law = np.full(count, -1), np.zeros((count, 2))
    for j in range(1, count):
        row = model.joints[j].idx_q
        axis[j] = data.oMi[j].rotation.T @ data.J[3:, row]
        cross, rotation = skew(axis[j]), model.jointPlacements[j].rotation
        local[j] = rotation, rotation @ cross, rotation @ cross @ cross
        shift[j] = model.jointPlacements[j].translation
        variable[j] = np.abs(plain.matrix[row]).argmax()
        law[j] = plain.matrix[row, variable[j]], plain.constant[row]
    tree = Tree(
        np.array(model.parents, np.int64), np.arange(1, count), local, shift, axis,
        variable, law, np.zeros(count, np.int64),
    )  # fmt: skip
    half = len(plain.joint) // 2
    return Vectors(
        tree, plain.joint.reshape(2, half).astype(np.int64),
        plain.offset.reshape(2, half, 3), plain.lower, plain.upper, plain.knee,
        plain.stay,
    )  # fmt: skip
