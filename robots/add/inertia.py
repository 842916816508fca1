"""The inertia that each joint moves, and masses where a URDF states none."""

from collections.abc import Mapping

import numpy as np

from robots.add.fit import Rod
from robots.add.tree import Tree

ROTOR = 1e-4
"""Reflected inertia of a finger joint's rotor [kg·m²]."""
DENSITY = 1500.0
"""Of a link whose mass is not stated: between plastic and aluminium [kg/m³]."""
SMALLEST_MASS = 0.002
"""[kg]."""

Body = tuple[float, np.ndarray, np.ndarray]
"""Mass [kg], centre of mass [m], inertia about it [kg·m²], in the link's frame."""


def bodies(
    tree: Tree, rods: Mapping[str, list[Rod]]
) -> tuple[dict[str, Body], list[str]]:
    """Every link's mass properties; and the moving links whose masses were guessed.

    Args:
        tree: The hand.
        rods: Link → its capsules, from which missing masses are taken.
    """
    found, guessed = {}, []
    for name, link in tree.links.items():
        joint = tree.joint_of(name)
        mass, com, inertia = link.mass, link.com, link.inertia
        if mass == 0 and joint is not None and joint.moves:
            own = rods.get(name, [])
            volume = sum(rod.volume for rod in own)
            mass = max(DENSITY * volume, SMALLEST_MASS)
            com = (
                np.mean([(rod.a + rod.b) / 2 for rod in own], axis=0)
                if own
                else np.zeros(3)
            )
            inertia = np.zeros((3, 3))
            guessed.append(name)
        if mass > 0:
            inertia = _possible(mass, inertia)
        found[name] = (float(mass), com, inertia)
    return found, guessed


def _possible(mass: float, inertia: np.ndarray) -> np.ndarray:
    """The inertia if a body can have it; else one of the same size that a body can have.

    Principal moments are positive and none exceeds the sum of the others.
    """
    moments = np.linalg.eigvalsh((inertia + inertia.T) / 2)
    if moments[0] > 0 and moments[0] + moments[1] >= moments[2] * (1 + 1e-9):
        return inertia
    # At least that of a ball of 10 mm radius: small, yet never singular.
    size = max(float(np.abs(moments).mean()), 0.4 * mass * 0.01**2)
    return size * np.eye(3)


def moved_inertia(
    tree: Tree, parts: Mapping[str, Body], rest: Mapping[str, float]
) -> dict[str, float]:
    """Joint → inertia about its axis of all it moves, rotor and followers included.

    Args:
        tree: The hand.
        parts: Mass properties of every link.
        rest: The pose [rad].

    Returns:
        For actuated joints [kg·m²]; cross terms of coupled joints are left out.
    """
    poses = tree.forward(rest)
    below: dict[str, set[str]] = {name: {name} for name in tree.links}
    for joint in reversed(tree.joints):
        below[joint.urdf.parent] |= below[joint.urdf.child]
    own = {}
    for joint in tree.joints:
        if not joint.moves:
            continue
        T = poses[joint.urdf.child]
        axis, at = T[:3, :3] @ joint.axis, T[:3, 3]
        total = 0.0
        for name in below[joint.urdf.child]:
            mass, com, inertia = parts[name]
            P = poses[name]
            arm = np.cross(axis, P[:3, :3] @ com + P[:3, 3] - at)
            turned = P[:3, :3].T @ axis
            total += mass * float(arm @ arm) + float(turned @ inertia @ turned)
        own[joint.name] = total
    laws = {j.name: j.urdf.mimic for j in tree.joints}
    moved = {name: own[name] + ROTOR for name in own if laws[name] is None}
    for name, inertia in own.items():
        factor, source = 1.0, name
        while (law := laws[source]) is not None:
            factor, source = factor * law[1], law[0]
        if source != name:
            moved[source] += factor**2 * inertia
    return moved
