"""Boxes that retargeting keeps out of: read, fitted, and as large as the vendor's hulls."""

from pathlib import Path

import numpy as np
import pytest

from robots import RobotError, load_robot
from robots.add.boxes import OUTSIDE, PROUD, Core, around, fit_boxes, flipped
from robots.add.shapes import shape_points
from robots.add.skins import Pad
from robots.add.tree import Tree, read_tree
from robots.hand import Box, HandSpec
from robots.rotations import about, from_rpy
from tests.robots.robot_models import VENDOR

NAMES = {"palm_lower_left": "palm_lower", "thumb_left_temp_base": "thumb_temp_base"}


def core(box: Box) -> Core:
    return Core(np.array(box.centre), from_rpy(box.rpy), np.array(box.half), box.radius)


def cylinder(radius: float, length: float) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    ring = radius * np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1)
    return np.concatenate([ring, ring + [0, 0, length]])


def test_a_brick_is_its_own_box():
    turned = about(np.array([0.0, 0.6, 0.8]), 0.7)
    half = np.array([0.01, 0.02, 0.03])
    corners = np.stack(np.meshgrid(*[[-1, 1]] * 3), -1).reshape(-1, 3) * half
    found = around(corners @ turned.T + 0.1, turned)
    assert found is not None
    size = np.sort(found.half + found.radius)
    np.testing.assert_allclose(size, half, atol=1e-6)
    assert found.outside(corners @ turned.T + 0.1).max() <= OUTSIDE + 1e-9


def test_a_shape_that_no_box_describes_has_none():
    spike = np.concatenate([cylinder(0.02, 0.0), [[0, 0, 0.1]]])
    assert around(spike, np.eye(3)) is None


def test_a_rod_that_goes_on_in_another_shape_becomes_a_capsule():
    """A fingertip's cylinder with a dome, its flat end on the box of the phalanx."""
    turn = np.linspace(0, np.pi / 2, 12)
    domes = [cylinder(0.01 * np.cos(t), 0)[:64] + [0, 0, 0.03 + 0.01 * np.sin(t)]
             for t in turn]  # fmt: skip
    tip = np.concatenate([cylinder(0.01, 0.03), *domes])
    box = Core(np.array([0, 0, -0.02]), np.eye(3), np.array([0.01, 0.01, 0.02]), 0.0)
    found = around(tip, np.eye(3), [box])
    assert found is not None
    assert found.radius > 0.008
    assert found.outside(tip).max() <= OUTSIDE + 1e-9
    alone = around(tip, np.eye(3))
    assert alone is None or alone.radius < 0.005


def test_the_mirror_image_of_a_box_has_the_mirrored_corners():
    box = Box("a", (0.01, 0.02, 0.03), (0.3, -0.4, 0.5), (0.01, 0.02, 0.03), 0.001)
    other = flipped(box, "b")
    points = np.random.default_rng(4).normal(scale=0.03, size=(100, 3))
    np.testing.assert_allclose(
        core(box).outside(points), core(other).outside(points * [1, -1, 1]), atol=1e-12
    )
    assert flipped(other, "a").centre == box.centre


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('["palm_lower", 0, 0, 0]', "needs"),
        ('["palm_lower", 0, 0, 0, 0, 0, 0, 0.01, 0.01, -0.01, 0]', "not negative"),
        ('["palm_lower", nan, 0, 0, 0, 0, 0, 0.01, 0.01, 0.01, 0]', "finite"),
        ('["nowhere", 0, 0, 0, 0, 0, 0, 0.01, 0.01, 0.01, 0]', "missing"),
    ],
)
def test_bad_rows_are_refused_by_name(tmp_path: Path, row: str, problem: str):
    import shutil

    folder = tmp_path / "mine"
    shutil.copytree(load_robot("leap").hands["left"].urdf.parent, folder)
    file = folder / "hand.toml"
    text = file.read_text()
    start = text.index("boxes = [")
    end = text.index("\n]", start)
    file.write_text(f"{text[:start]}boxes = [\n  {row},{text[end:]}")
    with pytest.raises(RobotError, match=problem):
        load_robot(folder)


def vendor_tree(hand: HandSpec, shared_dir: Path) -> Tree:
    tree = read_tree(shared_dir / "robots" / VENDOR[hand.name, hand.side][0])
    return tree.renamed({k: v for k, v in NAMES.items() if k in tree.links})


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", ["allegro", "leap"])
def test_boxes_hold_the_vendors_hulls_and_little_else(
    name: str, side: str, shared_dir: Path
):
    """No corner looks out by 0.8 mm; no box stands out of all hulls by 2.5 mm, but where
    it runs on through a seam."""
    hand = load_robot(name).hands[side]
    tree = vendor_tree(hand, shared_dir)
    zero, palm = tree.forward({}), tree.body(hand.palm_link)[0]
    corners, cores = {}, {}
    for link in tree.links.values():
        top = tree.body(link.name)[0]
        T = np.linalg.inv(zero[hand.palm_link if top == palm else top])
        T = T @ zero[link.name]
        for shape in link.collisions:
            points = shape_points(shape, tree.path, tree.path.parent)
            assert points is not None
            points = points @ T[:3, :3].T + T[:3, 3]
            corners.setdefault(hand.palm_link if top == palm else top, []).append(
                points
            )
    for box in hand.boxes:
        cores.setdefault(box.link, []).append(core(box))
    assert set(corners) == set(cores)
    for link, parts in corners.items():
        points = np.concatenate(parts)
        outside = np.min([c.outside(points) for c in cores[link]], axis=0)
        assert outside.max() < 0.0008, link
        low, high = points.min(0), points.max(0)
        for c in cores[link]:
            reach = np.array([c.reach(way) for way in np.eye(3)])
            depth = np.array([c.reach(-way) for way in np.eye(3)])
            assert (reach - high).max() < PROUD + 0.0025, link
            assert (depth + low).max() < PROUD + 0.0025, link


@pytest.mark.parametrize("name", ["allegro", "leap"])
def test_the_stated_boxes_are_what_robots_add_fits(name: str, shared_dir: Path):
    hand = load_robot(name).hands["right"]
    tree = vendor_tree(hand, shared_dir)
    pads = {
        finger.name: Pad(capsule.link, np.array(capsule.b), capsule.radius)
        for finger in hand.fingers.values()
        for capsule in hand.capsules
        if capsule.link == finger.links[-1] and capsule.radius == finger.pad_radius
    }
    palm = tree.body(hand.palm_link)[0]
    fitted = fit_boxes(tree, palm, hand.palm_link, pads, tree.path.parent)
    for own, theirs in zip(hand.boxes, fitted, strict=True):
        assert own.link == theirs.link
        for field in ("centre", "rpy", "half", "radius"):
            np.testing.assert_allclose(
                getattr(own, field), getattr(theirs, field), atol=2e-5
            )
