"""The other hand: a measured hand reflected in every one of its frames.

With S = diag(1, −1, 1), a placement T becomes S T S and a turn by θ about a becomes a
turn by θ about −S a; so the same joint values give the mirrored pose and the limits stay.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from robots.add.anatomy import Anatomy, Chain
from robots.add.boxes import flipped
from robots.add.fit import Rod
from robots.add.measure import SIDES, Measures
from robots.add.skins import Pad
from robots.add.tree import Tree, TreeJoint, TreeLink
from robots.rotations import to_rpy

FLIP = np.array([1.0, -1.0, 1.0])
WORDS = (
    ("left", "right"),
    ("Left", "Right"),
    ("LEFT", "RIGHT"),
    ("l", "r"),
    ("L", "R"),
)
"""Words in names that say the side, those of one letter only as `l_…`."""


def mirrored(hand: Measures) -> Measures:
    """The same hand for the other side; names that say a side say the other one."""
    tree = hand.anatomy.tree
    name = _renamer(tree)
    links = {
        name(link.name): TreeLink(
            name(link.name), link.mass, link.com * FLIP,
            FLIP[:, None] * link.inertia * FLIP, (), (),
        )
        for link in tree.links.values()
    }  # fmt: skip
    joints = tuple(_joint(joint, name) for joint in tree.joints)
    chains = {
        finger: Chain(
            tuple(map(name, c.links)), tuple(map(name, c.joints)), name(c.end)
        )
        for finger, c in hand.anatomy.chains.items()
    }
    anatomy = Anatomy(
        Tree(tree.path, name(tree.root), links, joints), name(hand.anatomy.palm), chains,
        hand.anatomy.how,
    )  # fmt: skip
    side = SIDES[1 - SIDES.index(hand.side)]
    return replace(
        hand,
        anatomy=anatomy,
        side=side,
        palm_link=name(hand.palm_link),
        wrist=hand.wrist * FLIP,
        knuckle=hand.knuckle * FLIP,
        dorsal=hand.dorsal * FLIP,
        pads={
            finger: Pad(name(pad.link), pad.centre * FLIP, pad.radius)
            for finger, pad in hand.pads.items()
        },
        middle_links={f: name(link) for f, link in hand.middle_links.items()},
        rods=tuple(
            (name(link), Rod(rod.a * FLIP, rod.b * FLIP, rod.radius))
            for link, rod in hand.rods
        ),
        boxes=tuple(flipped(box, name(box.link)) for box in hand.boxes),
        palm_points=hand.palm_points * [-1, 1, 1] + 0.0,
        rest={name(joint): angle for joint, angle in hand.rest.items()},
        notes=(f"the {side} hand is the mirror image of the {hand.side} one",),
    )


def _joint(joint: TreeJoint, name: Callable[[str], str]) -> TreeJoint:
    T = joint.T_parent_joint.copy()
    T[:3] = FLIP[:, None] * T[:3] * [1.0, -1.0, 1.0, 1.0]
    x, y, z = joint.xyz
    law = joint.urdf.mimic
    urdf = replace(
        joint.urdf,
        name=name(joint.name),
        parent=name(joint.urdf.parent),
        child=name(joint.urdf.child),
        mimic=None if law is None else (name(law[0]), law[1], law[2]),
    )
    return TreeJoint(urdf, T, (x, -y, z), to_rpy(T[:3, :3]), -FLIP * joint.axis)


def _renamer(tree: Tree) -> Callable[[str], str]:
    """Left ↔ right in names, where every moving joint's name says its side."""
    moving = [joint.name for joint in tree.joints if joint.moves]
    everything = [*tree.links, *(joint.name for joint in tree.joints)]
    for pair in WORDS:
        for own, other in (pair, pair[::-1]):
            pattern = own if len(own) > 1 else rf"^{own}(?=_)"
            if not all(re.search(pattern, name) for name in moving):
                continue
            if len({re.sub(pattern, other, n) for n in tree.links}) < len(tree.links):
                continue
            table = {n: re.sub(pattern, other, n) for n in everything}
            return lambda name, table=table: table.get(name, name)
    return lambda name: name
