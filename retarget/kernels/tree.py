"""Hands' kinematic trees as plain arrays, and their forward kinematics."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from retarget.configuration import HandModel

compiled = njit(cache=True, error_model="numpy")
"""How every kernel is compiled: once, kept on disk, division as in numpy."""


class Tree(NamedTuple):
    """B bodies of one or two hands; each hand's root comes before its other bodies.

    Attributes:
        parent: (B,) body index; a root is its own parent.
        sequence: Bodies without the roots, parents before children.
        local: (B, 3, 3, 3) factors of 1, sin q, 1 − cos q in the joint's rotation.
        shift, axis: (B, 3) joint origin in the parent [m], joint axis in the body.
        variable: (B,) the variable that drives the joint, −1 if it is held.
        law: (B, 2) q = law[0] · variable + law[1] [rad], mimic laws expanded.
        hand: (B,) which hand a body belongs to.
    """

    parent: np.ndarray
    sequence: np.ndarray
    local: np.ndarray
    shift: np.ndarray
    axis: np.ndarray
    variable: np.ndarray
    law: np.ndarray
    hand: np.ndarray


class Bodies(NamedTuple):
    """Forward kinematics that has been run, each hand in its root frame.

    Attributes:
        rotation, position, axis: (B, 3, 3), (B, 3) [m], (B, 3) joint axes.
    """

    rotation: np.ndarray
    position: np.ndarray
    axis: np.ndarray


def tree_of(models: Sequence[HandModel], first: Sequence[int]) -> Tree:
    """The tree of hands whose joint variables start at the given numbers."""
    parts = [_one(m, start, h) for h, (m, start) in enumerate(zip(models, first))]
    before = np.cumsum([0] + [len(part.parent) for part in parts])
    moved = [
        part._replace(parent=part.parent + n, sequence=part.sequence + n)
        for part, n in zip(parts, before)
    ]
    return Tree(*(np.ascontiguousarray(np.concatenate(x)) for x in zip(*moved)))


def _one(model: HandModel, first: int, hand: int) -> Tree:
    matrix = model.free_matrix
    driven = np.abs(matrix).max(1, initial=0.0) > 0
    source = np.abs(matrix).argmax(1)
    fixed = np.concatenate([[0.0], model.all_joints(np.zeros((1, matrix.shape[1])))[0]])
    factor = np.where(driven, matrix[np.arange(len(matrix)), source], 0.0)
    return Tree(
        model.parent.astype(np.int64), model.sequence.astype(np.int64),
        np.stack(model.joint_rotation, 1), model.joint_shift, model.joint_axis,
        np.where(driven, source + first, -1).astype(np.int64),
        np.stack([factor, fixed], 1), np.full(len(matrix), hand),
    )  # fmt: skip


@compiled
def empty_bodies(tree):
    """Room for the poses of all bodies; the roots are in place."""
    count = len(tree.parent)
    bodies = Bodies(np.zeros((count, 3, 3)), np.zeros((count, 3)), np.zeros((count, 3)))
    for b in range(count):
        for i in range(3):
            bodies.rotation[b, i, i] = 1.0
    return bodies


@compiled
def forward(tree, variables, bodies):
    """Poses of all bodies in their hand's root frame, written to `bodies`.

    Args:
        tree: The hands.
        variables: (N,) joints [rad]; others are not read.
        bodies: From `empty_bodies`.
    """
    local = np.empty((3, 3))
    for k in range(len(tree.sequence)):
        b = tree.sequence[k]
        up = tree.parent[b]
        angle = tree.law[b, 1]
        if tree.variable[b] >= 0:
            angle += tree.law[b, 0] * variables[tree.variable[b]]
        s, c = np.sin(angle), 1.0 - np.cos(angle)
        for i in range(3):
            for j in range(3):
                local[i, j] = (
                    tree.local[b, 0, i, j]
                    + s * tree.local[b, 1, i, j]
                    + c * tree.local[b, 2, i, j]
                )
        for i in range(3):
            r0, r1, r2 = (
                bodies.rotation[up, i, 0],
                bodies.rotation[up, i, 1],
                bodies.rotation[up, i, 2],
            )
            bodies.position[b, i] = bodies.position[up, i] + (
                r0 * tree.shift[b, 0] + r1 * tree.shift[b, 1] + r2 * tree.shift[b, 2]
            )
            for j in range(3):
                bodies.rotation[b, i, j] = (
                    r0 * local[0, j] + r1 * local[1, j] + r2 * local[2, j]
                )
            bodies.axis[b, i] = (
                bodies.rotation[b, i, 0] * tree.axis[b, 0]
                + bodies.rotation[b, i, 1] * tree.axis[b, 1]
                + bodies.rotation[b, i, 2] * tree.axis[b, 2]
            )


@compiled
def locate(rotation, position, body, offset, out):
    """A point fixed to a body, (3,) offset → `out` (3,), in the frame of the poses."""
    for i in range(3):
        out[i] = (
            position[body, i]
            + rotation[body, i, 0] * offset[0]
            + rotation[body, i, 1] * offset[1]
            + rotation[body, i, 2] * offset[2]
        )
