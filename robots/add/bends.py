"""How a finger bends: which joints close it, how far, and where its middle joint is."""

from collections.abc import Mapping

import numpy as np

from robots.add.anatomy import Chain
from robots.add.tree import Tree

MIDDLE = 0.52
"""A human finger's middle joint has this share of the finger ahead of it."""


def bending(
    tree: Tree,
    chain: Chain,
    opened: Mapping[str, float],
    boxes: Mapping[str, tuple[float, float]],
) -> dict[str, float]:
    """Joints that bend a finger → the way from open to their far limit [rad].

    A joint bends where it moves the finger's end sideways of its axis by more than it
    swings the whole finger about its own length, and where its range is lopsided or it
    lies past the first joint.
    """
    ways = {}
    poses = tree.forward(opened)
    for place, link in enumerate(chain.links):
        joint = tree.joint_of(link)
        if joint is None or joint.urdf.mimic is not None:
            continue
        down, up = (end - opened[joint.name] for end in boxes[joint.name])
        way = up if up >= -down else down
        lopsided = abs(abs(up) - abs(down)) > 0.3 * (up - down)
        arm = poses[chain.end][:3, 3] - poses[link][:3, 3]
        axis = poses[link][:3, :3] @ joint.axis
        across = float(np.linalg.norm(np.cross(axis, arm)))
        if across < 0.5 * float(np.linalg.norm(arm)):
            continue  # twists about the finger's length
        if lopsided or place >= max(1, len(chain.links) - 2):
            ways[joint.name] = way
    return ways


def knuckle_link(tree: Tree, chain: Chain) -> str:
    """The link of the last joint within 25 mm of the finger's first one."""
    zero = tree.forward({})
    base = zero[chain.links[0]][:3, 3]
    return next(
        link
        for link in reversed(chain.links)
        if np.linalg.norm(zero[link][:3, 3] - base) < 0.025
    )


def bone_ends(tree: Tree, chain: Chain) -> np.ndarray:
    """Length along a finger from its first joint to each joint and to its end [m]."""
    zero = tree.forward({})
    points = np.array([zero[link][:3, 3] for link in (*chain.links, chain.end)])
    return np.concatenate(
        [[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    )


def middle_link(tree: Tree, chain: Chain, usual: float) -> str:
    """The link whose joint lies nearest the middle of the finger, past the knuckle.

    Args:
        tree: The hand.
        chain: The finger.
        usual: Length of the hand's fingers [m]; what a finger has more is metacarpal.
    """
    length = bone_ends(tree, chain)
    ahead = (length[-1] - length[:-1]) / max(min(length[-1], usual), 1e-9)
    past = np.flatnonzero(length[:-1] > 0.012)
    if len(past) == 0:
        return chain.links[-1]
    off = np.abs(ahead[past] - MIDDLE)
    return chain.links[int(past[np.flatnonzero(off < off.min() + 0.02)[-1]])]


def way_of(tree: Tree, name: str, bends: Mapping[str, float]) -> float:
    """The way a joint closes, its own or through the joint that it follows [rad]."""
    law = next(j.urdf.mimic for j in tree.joints if j.name == name)
    if law is None:
        return bends.get(name, 0.0)
    return law[1] * way_of(tree, law[0], bends)
