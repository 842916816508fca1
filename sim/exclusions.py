"""Which links of a hand never collide with one another."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from robots.hand import HandSpec
from sim.engine import mujoco

REST_MARGIN = 0.001
"""Links closer than this in the rest pose [m] never collide with one another."""


def touching_links(
    spec: mujoco.MjSpec, hand: HandSpec, sides: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Pairs of links of one hand that must not collide.

    Those are links within `REST_MARGIN` of each other in the rest pose, neighbours
    along a chain (links without capsules skipped), and links two joints apart that meet
    when one joint alone runs through its range: there the proxies overlap by design,
    like a knuckle in its socket.

    Returns:
        Pairs of body names with side prefix.
    """
    model = spec.copy().compile()
    model.geom_margin[:] = REST_MARGIN
    data = mujoco.MjData(model)
    for other in sides:
        # The hands are set apart so that only pairs of one hand can meet.
        data.joint(f"{other}_base_y").qpos[0] = 1.0 if other == "left" else -1.0
    geoms = [
        g
        for g in range(model.ngeom)
        if model.geom_contype[g]
        and model.body(int(model.geom_bodyid[g])).name.startswith(f"{hand.side}_")
    ]
    bodies = {g: int(model.geom_bodyid[g]) for g in geoms}
    carriers = {int(model.body_weldid[b]) for b in bodies.values()}
    met = {False: set(), True: set()}
    for single_joint, pose in _probe_poses(hand):
        for name, angle in zip(hand.joint_names, pose):
            data.joint(f"{hand.side}_{name}").qpos[0] = angle
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_collision(model, data)
        for pair in data.contact.geom:
            met[single_joint].add(tuple(sorted(bodies.get(int(g), -1) for g in pair)))
    pairs = set()
    for a, b in combinations(sorted(set(bodies.values())), 2):
        weld_a, weld_b = int(model.body_weldid[a]), int(model.body_weldid[b])
        if weld_a == weld_b:
            continue
        if (
            (a, b) in met[False]
            or _between(model, weld_a, weld_b, carriers) == 0
            or ((a, b) in met[True] and _between(model, weld_a, weld_b, None) == 1)
        ):
            pairs.add((a, b))
    return [(model.body(a).name, model.body(b).name) for a, b in sorted(pairs)]


def _probe_poses(hand: HandSpec) -> Iterator[tuple[bool, np.ndarray]]:
    """The rest pose (False), then every actuated joint alone over its range (True)."""
    yield False, hand.rest_pose
    rest = hand.rest_pose[hand.actuated_index]
    for i, joint in enumerate(hand.actuated_index):
        for angle in np.linspace(hand.lower[joint], hand.upper[joint], 9):
            moved = rest.copy()
            moved[i] = angle
            yield True, hand.expand(moved)


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
