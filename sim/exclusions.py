"""Which links of a robot never collide with one another."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from handx_gen.skeleton import SIDES
from robots.hand import HandSpec
from sim.engine import mujoco

REST_MARGIN = 0.001
"""Links closer than this in the rest pose [m] never collide with one another."""

Pose = dict[str, np.ndarray]
"""Chain's side → joint angles [rad]."""


def touching_links(
    spec: mujoco.MjSpec, chains: tuple[HandSpec, ...]
) -> list[tuple[str, str]]:
    """Pairs of links that must not collide; never one of each hand.

    Those are links within `REST_MARGIN` of each other in the rest pose, neighbours
    along a chain (links without solids skipped), and links two joints apart that meet
    when one joint alone runs through its range: there the proxies overlap by design,
    like a knuckle in its socket. Boxes are the links' own shapes: of two links that state
    some, only neighbours and those that overlap at rest are left out, as in
    retargeting.

    Args:
        spec: The scene so far.
        chains: The hands, and the body if they are on one.

    Returns:
        Pairs of body names with prefix.
    """
    model = spec.copy().compile()
    model.geom_margin[:] = REST_MARGIN
    data = mujoco.MjData(model)
    bodies = {
        g: int(model.geom_bodyid[g])
        for g in range(model.ngeom)
        if model.geom_contype[g]
    }
    owner = {b: model.body(b).name.split("_")[0] for b in set(bodies.values())}
    if all(chain.side in SIDES for chain in chains):
        # Hands on driven wrists are set apart, so that only pairs of one hand can meet.
        for chain in chains:
            apart = 1.0 if chain.side == SIDES[0] else -1.0
            data.joint(f"{chain.side}_base_y").qpos[0] = apart
    carriers = {int(model.body_weldid[b]) for b in owner}
    boxed = {
        model.body(f"{chain.side}_{box.link}").id
        for chain in chains
        for box in chain.boxes
    }
    met = {False: set(), True: set()}
    overlapping = set()
    for single_joint, pose in _probe_poses(chains):
        for chain in chains:
            for name, angle in zip(chain.joint_names, pose[chain.side]):
                data.joint(f"{chain.side}_{name}").qpos[0] = angle
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_collision(model, data)
        for pair, gap in zip(data.contact.geom, data.contact.dist, strict=True):
            links = tuple(sorted(bodies.get(int(g), -1) for g in pair))
            met[single_joint].add(links)
            if gap <= 0 and not single_joint:
                overlapping.add(links)
    pairs = set()
    for a, b in combinations(sorted(owner), 2):
        weld_a, weld_b = int(model.body_weldid[a]), int(model.body_weldid[b])
        if weld_a == weld_b or {owner[a], owner[b]} == set(SIDES):
            continue
        neighbours = _between(model, weld_a, weld_b, carriers) == 0
        if {a, b} <= boxed:
            left_out = neighbours or (a, b) in overlapping
        else:
            left_out = (
                neighbours
                or (a, b) in met[False]
                or ((a, b) in met[True] and _between(model, weld_a, weld_b, None) == 1)
            )
        if left_out:
            pairs.add((a, b))
    return [(model.body(a).name, model.body(b).name) for a, b in sorted(pairs)]


def _probe_poses(chains: tuple[HandSpec, ...]) -> Iterator[tuple[bool, Pose]]:
    """The rest pose (False), then every actuated joint alone over its range (True)."""
    rest = {chain.side: chain.rest_pose for chain in chains}
    yield False, rest
    for chain in chains:
        still = chain.rest_pose[chain.actuated_index]
        for i, joint in enumerate(chain.actuated_index):
            for angle in np.linspace(chain.lower[joint], chain.upper[joint], 9):
                moved = still.copy()
                moved[i] = angle
                yield True, {**rest, chain.side: chain.expand(moved)}


def _between(
    model: mujoco.MjModel, a: int, b: int, counted: set[int] | None
) -> int | None:
    """How many moving links lie between two links on one chain; None if on none.

    Args:
        model: The model.
        a: A weld body.
        b: Another.
        counted: Weld bodies that count; all if None.
    """
    for low, high in ((a, b), (b, a)):
        walk, links = high, 0
        while walk:
            walk = int(model.body_weldid[model.body_parentid[walk]])
            if walk == low:
                return links
            links += counted is None or walk in counted
    return None
