"""Capsules: inside the skin, apart at rest, and the same in hand.toml and URDF."""

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from robots import Capsule, HandSpec
from robots.authoring.__main__ import urdf
from robots.urdf import read_urdf
from tests.robots.robot_models import ROBOTS, VENDOR, Kinematics


def segment_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Distance of two segments (2, 3), densely sampled [m]."""
    t = np.linspace(0, 1, 101)[:, None]
    a, b = (s[0] + t * (s[1] - s[0]) for s in (first, second))
    return float(np.linalg.norm(a[:, None] - b[None], axis=-1).min())


def placed(hand: HandSpec, joints: np.ndarray) -> list[tuple[Capsule, np.ndarray]]:
    """Capsules with their ends (2, 3) in the root frame."""
    kinematics = Kinematics.read(hand.urdf)
    data = kinematics.place(hand.joint_names, joints)
    result = []
    for capsule in hand.capsules:
        T = kinematics.pose(data, capsule.link)
        ends = np.array([capsule.a, capsule.b])
        result.append((capsule, ends @ T[:3, :3].T + T[:3, 3]))
    return result


def test_nothing_overlaps_at_rest(hand: HandSpec) -> None:
    joints = read_urdf(hand.urdf).joints.values()
    parent = {joint.child: joint.parent for joint in joints}
    for (a, ends_a), (b, ends_b) in combinations(placed(hand, hand.rest_pose), 2):
        if (
            a.link == b.link
            or a.link in (parent.get(b.link),)
            or (parent.get(a.link) == b.link)
        ):
            continue
        gap = segment_distance(ends_a, ends_b) - a.radius - b.radius
        assert gap > 0, (a.link, b.link, gap)


def test_a_fingertip_is_the_end_of_a_capsule(hand: HandSpec) -> None:
    kinematics = Kinematics.read(hand.urdf)
    data = kinematics.place(hand.joint_names, hand.rest_pose)
    for finger in hand.fingers.values():
        tip = kinematics.pose(data, finger.tip_link)[:3, 3]
        at_tip = [
            capsule
            for capsule, ends in placed(hand, hand.rest_pose)
            if np.linalg.norm(ends[1] - tip) < 1e-9
        ]
        assert [c.radius for c in at_tip] == [finger.pad_radius]
        assert at_tip[0].link == finger.links[-1]


def test_every_finger_link_and_the_palm_have_capsules(hand: HandSpec) -> None:
    covered = {capsule.link for capsule in hand.capsules}
    wanted = {link for finger in hand.fingers.values() for link in finger.links}
    assert wanted | {hand.palm_link} <= covered


def test_the_urdf_is_what_the_table_and_hand_toml_make(hand: HandSpec) -> None:
    assert hand.urdf.read_text() == urdf(hand.name, hand.side)


def test_the_urdf_carries_the_same_capsules(hand: HandSpec) -> None:
    root = ElementTree.parse(hand.urdf).getroot()
    spheres = sorted(
        (link.get("name"), *map(float, origin.get("xyz", "").split()))
        for link in root.findall("link")
        for shape in link.findall("collision")
        if shape.find("geometry/sphere") is not None
        and (origin := shape.find("origin")) is not None
    )
    ends = sorted(
        (c.link, *end) for c in hand.capsules for end in dict.fromkeys((c.a, c.b))
    )
    assert spheres == ends


def test_palm_points_lie_on_the_palm(hand: HandSpec) -> None:
    """Each point is on the skin of a capsule that rides on the palm."""
    kinematics = Kinematics.read(hand.urdf)
    zero = np.clip(0.0, hand.lower, hand.upper)
    data = kinematics.place(hand.joint_names, zero)
    T = kinematics.pose(data, hand.palm_link) @ hand.T_palm_hand
    points = hand.palm_points @ T[:3, :3].T + T[:3, 3]
    near = []
    for capsule, ends in placed(hand, zero):
        t = np.linspace(0, 1, 201)[:, None]
        line = ends[0] + t * (ends[1] - ends[0])
        distance = np.linalg.norm(points[:, None] - line[None], axis=-1).min(1)
        near.append(distance - capsule.radius)
    skin = np.min(near, axis=0)
    assert np.abs(skin).max() < 1e-3
    assert len(points) > 40
    assert (hand.palm_points[:, 2] < 0).all()


def surface(path: Path, scale: np.ndarray) -> np.ndarray:
    """Vertices of an OBJ file."""
    rows = [line.split()[1:4] for line in path.open() if line.startswith("v ")]
    return np.array(rows, float) * scale


def test_capsules_stay_inside_the_vendors_skin(
    hand: HandSpec, shared_dir: Path
) -> None:
    """No finger capsule leaves the hull of the vendor's link by more than 1.5 mm, and
    half of the hull's corners are within 10 mm of one."""
    from scipy.spatial import ConvexHull

    file, _ = VENDOR[hand.name, hand.side]
    path = shared_dir / "robots" / file
    fingers = {link for finger in hand.fingers.values() for link in finger.links}
    last = {finger.links[-1] for finger in hand.fingers.values()}
    checked = 0
    directions = np.random.default_rng(5).normal(size=(400, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    root = ElementTree.parse(path).getroot()
    welded = {
        joint.find("parent").get("link")  # type: ignore[union-attr]
        for joint in root.findall("joint")
        if joint.get("type") == "fixed"
        and root.find(f"link[@name='{joint.find('child').get('link')}']/collision")  # type: ignore[union-attr]
        is not None
    }
    for link in root.findall("link"):
        if link.get("name") in welded:
            continue  # its skin is that of several links
        capsules = [c for c in hand.capsules if c.link == link.get("name")]
        meshes = link.findall("visual")
        if link.get("name") not in fingers or not capsules or len(meshes) != 1:
            continue
        mesh, origin = meshes[0].find("geometry/mesh"), meshes[0].find("origin")
        if mesh is None:
            continue
        if origin is not None and any(map(float, origin.get("rpy", "0").split())):
            continue  # turned by a quarter about its own axis; the plain ones suffice
        offset = np.array(
            [0.0, 0, 0] if origin is None else origin.get("xyz", "0 0 0").split(), float
        )
        scale = np.array(mesh.get("scale", "1 1 1").split(), float)
        vertices = surface(path.parent / mesh.get("filename", ""), scale) + offset
        hull = ConvexHull(vertices)
        normals, offsets = hull.equations[:, :3], hull.equations[:, 3]
        depth = []
        for capsule in capsules:
            ends = np.array([capsule.a, capsule.b])
            axis = ends[1] - ends[0]
            # Towards a joint a capsule may reach into the neighbouring link.
            sideways = directions - np.outer(directions @ axis, axis) / max(
                axis @ axis, 1e-12
            )
            sideways /= np.linalg.norm(sideways, axis=1, keepdims=True)
            skin = (ends[:, None] + capsule.radius * sideways).reshape(-1, 3)
            if capsule.link in last:
                cap = ends[1] + capsule.radius * directions[directions @ axis > 0]
                skin = np.concatenate([skin, cap])
            assert (skin @ normals.T + offsets).max() < 1.5e-3, capsule
            t = np.linspace(0, 1, 50)[:, None]
            line = np.array(capsule.a) * (1 - t) + np.array(capsule.b) * t
            outer = vertices[hull.vertices]
            near = np.linalg.norm(outer[:, None] - line[None], axis=-1).min(1)
            depth.append(near - capsule.radius)
        assert np.median(np.min(depth, axis=0)) < 10e-3, link.get("name")
        checked += 1
    assert checked >= 5


@pytest.mark.parametrize("robot", ROBOTS)
def test_mujoco_reads_the_urdf(robot: str, capfd: pytest.CaptureFixture[str]) -> None:
    import mujoco

    from robots import load_robot

    for hand in load_robot(robot).hands.values():
        Kinematics.read(hand.urdf)
        spec = mujoco.MjSpec.from_file(str(hand.urdf))
        spec.compiler.fusestatic = False
        model = spec.compile()
        assert model.nq == len(hand.joint_names)
        assert model.neq == len(hand.mimic)
        for name in hand.joint_names:
            body = model.jnt_bodyid[model.joint(name).id]
            assert model.body_mass[body] > 0
            assert (model.body_inertia[body] > 0).all()
        data = mujoco.MjData(model)
        for _ in range(20):
            mujoco.mj_step(model, data)
        assert not any(warning.number for warning in data.warning)
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""
