"""What the simulation collides is what retargeting keeps apart."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from handx_gen.skeleton import SIDES
from retarget.capsules import CapsuleSet, capsule_set
from retarget.configuration import hand_model
from robots import RobotSpec, load_robot
from robots.hand import Box, Capsule
from robots.rotations import from_rpy
from sim.engine import mujoco
from sim.measure import FAR, Recorder
from sim.scene import Scene, build_scene
from sim.solids import FLATTENED, SOLID_GROUP, rounded_box

BOXED = ("allegro", "leap")


@pytest.fixture(scope="module", params=BOXED)
def boxed(request: pytest.FixtureRequest) -> RobotSpec:
    return load_robot(request.param)


@pytest.fixture(scope="module")
def scene(boxed: RobotSpec) -> Scene:
    return build_scene(boxed)


def solid_geoms(scene: Scene, side: str) -> list[int]:
    """A hand's colliding geoms in the order of its solids, which their names carry."""
    model = scene.model
    names = [model.geom(g).name for g in range(model.ngeom)]
    mine = [
        (int(name.split("_")[2]), g)
        for g, name in enumerate(names)
        if model.geom_group[g] == SOLID_GROUP and name.startswith(f"{side}_")
    ]
    return [g for _, g in sorted(mine)]


@pytest.mark.parametrize("radius", [0.0019, 0.0032, 0.0119])
def test_the_mesh_of_a_box_is_within_its_rounding_and_reaches_it(radius: float) -> None:
    half = np.array([0.004, 0.009, 0.015])
    points = rounded_box(half, radius)
    beyond = np.linalg.norm(np.maximum(np.abs(points) - half, 0.0), axis=1) - radius
    assert beyond.max() < 1e-8
    ways = np.random.default_rng(0).normal(size=(2000, 3))
    ways = np.concatenate([ways / np.linalg.norm(ways, axis=1)[:, None], np.eye(3)])
    short = np.abs(ways) @ half + radius - (ways @ points.T).max(1)
    assert short.min() > -1e-8
    # Two steps meet in a corner of a facet: there both shortfalls add up.
    assert short.max() < 2 * FLATTENED
    assert np.abs(short[-3:]).max() < 1e-8


def test_a_box_whose_core_is_a_segment_or_a_point_is_a_capsule(boxed) -> None:
    hand = boxed.hands["left"]
    link = hand.palm_link
    rod = Box(link, (0.01, 0.02, 0.03), (0.3, 0.4, 0.5), (0.0, 0.02, 0.0), 0.005)
    ball = replace(rod, half=(0.0, 0.0, 0.0))
    changed = {**boxed.hands, "left": replace(hand, boxes=(rod, ball))}
    model = build_scene(replace(boxed, hands=changed), ("left",)).model
    kinds = {
        model.geom_type[g]: g
        for g in range(model.ngeom)
        if model.geom(g).name.endswith(f"_{link}")
    }
    capsule = kinds[mujoco.mjtGeom.mjGEOM_CAPSULE]
    np.testing.assert_allclose(model.geom_size[capsule, :2], [0.005, 0.02], atol=1e-9)
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, model.geom_quat[capsule])
    along = from_rpy(rod.rpy)[:, 1]
    assert abs(turn.reshape(3, 3)[:, 2] @ along) == pytest.approx(1.0, abs=1e-9)
    sphere = kinds[mujoco.mjtGeom.mjGEOM_SPHERE]
    np.testing.assert_allclose(model.geom_pos[sphere], rod.centre, atol=1e-9)


def test_both_rooms_measure_the_same_distances(scene: Scene) -> None:
    """Random poses of each hand: every pair of links, by MuJoCo and by retargeting."""
    from retarget.capsules import _gaps

    model, data = scene.model, mujoco.MjData(scene.model)
    rng = np.random.default_rng(0)
    compared = 0
    for side in SIDES:
        spec, where = scene.robot.hands[side], scene.hands[side]
        kinematics, shapes = hand_model(spec), capsule_set(spec)
        geoms = solid_geoms(scene, side)
        assert len(geoms) == len(spec.solids)
        free = rng.uniform(
            kinematics.lower, kinematics.upper, (4, len(kinematics.lower))
        )
        placed = shapes.placed(
            kinematics.forward(free), np.tile(np.eye(3), (4, 1, 1)), np.zeros((4, 3))
        )
        pairs = rng.permutation(list(combinations(range(len(geoms)), 2)))[:300]
        first, second = pairs.T
        for frame in range(4):
            data.qpos[where.qpos] = kinematics.all_joints(free[frame : frame + 1])[0]
            mujoco.mj_kinematics(model, data)
            at = np.full(len(pairs), frame)
            ours = _gaps(shapes, placed, shapes, placed, at, first, second)[3]
            theirs = np.array([
                mujoco.mj_geomDistance(model, data, geoms[i], geoms[j], 1.0, None)
                for i, j in pairs
            ])  # fmt: skip
            apart = (ours > 1e-4) & (theirs > 1e-4)
            compared += int(apart.sum())
            # A mesh lies inside the rounding, by a little at each of the two corners.
            assert (theirs - ours)[apart].min() > -1e-6
            assert (theirs - ours)[apart].max() < 4 * FLATTENED
            assert ((ours > 0) | (theirs < 4 * FLATTENED)).all()
    assert compared > 1000


def colliding_links(scene: Scene, side: str) -> set[frozenset[str]]:
    """Pairs of a hand's links that MuJoCo would collide."""
    model, spec = scene.model, scene.robot.hands[side]
    excluded = {(int(s) >> 16, int(s) & 0xFFFF) for s in model.exclude_signature}
    found = set()
    for a, b in combinations({solid.link for solid in spec.solids}, 2):
        bodies = [model.body(f"{side}_{link}").id for link in (a, b)]
        weld = [int(model.body_weldid[body]) for body in bodies]
        above = [int(model.body_weldid[model.body_parentid[w]]) for w in weld]
        related = weld[0] in (weld[1], above[1]) or weld[1] == above[0]
        left_out = {tuple(bodies), tuple(bodies[::-1])} & excluded
        if not related and not left_out:
            found.add(frozenset((a, b)))
    return found


def kept_apart(shapes: CapsuleSet, solids: tuple[Capsule | Box, ...]) -> set:
    """Pairs of links that retargeting keeps apart."""
    return {
        frozenset((solids[i].link, solids[j].link))
        for i, j in zip(*np.nonzero(shapes.colliding), strict=True)
    }


def test_both_rooms_let_the_same_links_collide(scene: Scene) -> None:
    for side in SIDES:
        spec = scene.robot.hands[side]
        wanted = kept_apart(capsule_set(spec), spec.solids)
        assert colliding_links(scene, side) == wanted
        assert len(wanted) > 100


def test_what_the_simulation_collides_retargeting_keeps_apart(any_robot) -> None:
    """Of proxies the simulation lets more pairs be, but never fewer."""
    scene = build_scene(any_robot)
    for side in SIDES:
        spec = scene.robot.hands[side]
        wanted = kept_apart(capsule_set(spec), spec.solids)
        assert colliding_links(scene, side) <= wanted


def test_gaps_are_those_of_the_nearest_geoms(scene: Scene) -> None:
    pairs = (
        "left.thumb_tip|left.index_tip", "left.palm|right.palm",
        "left.index_tip|right.palm", "left.thumb_tip|right.thumb_tip",
    )  # fmt: skip
    recorder = Recorder(scene, pairs)
    data = mujoco.MjData(scene.model)
    rng = np.random.default_rng(1)
    near = 0
    for _ in range(10):
        for side, hand in scene.hands.items():
            data.qpos[hand.qpos] = scene.robot.hands[side].rest_pose
            data.qpos[hand.base_qpos[:3]] = rng.uniform(-0.06, 0.06, 3)
        mujoco.mj_kinematics(scene.model, data)
        mujoco.mj_comPos(scene.model, data)
        gaps = recorder.gaps(data)
        near += int((gaps < FAR).sum())
        for pair, gap in zip(pairs, gaps, strict=True):
            (a, of_a), (b, of_b) = (end.split(".") for end in pair.split("|"))
            every = [
                mujoco.mj_geomDistance(scene.model, data, g, h, FAR, None)
                for g in scene.hands[a].point_geoms[of_a]
                for h in scene.hands[b].point_geoms[of_b]
            ]
            assert gap == min(every)
    assert near > 20


@pytest.mark.parametrize(
    "text", ["clap twice", "make a fist with both hands", "interlace the fingers"]
)
def test_hands_with_boxes_do_what_they_are_asked(boxed, from_text, text) -> None:
    from sim import validate

    _, report = validate(from_text(text, boxed), boxed)
    assert report.verdicts["physics"].answer == "yes", report.verdicts["physics"]
    depth = next(c.value for c in report.checks if c.name == "penetration, command")
    assert depth is not None
    assert depth < 3.0
