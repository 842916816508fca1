"""Boxes: signed distances as coal's, derivatives, compiled code, and hands that have some."""

import coal
import numpy as np
import pytest

import robots
from retarget.boxes import Boxes, box_gap
from retarget.capsules import capsule_set, find_overlaps
from retarget.configuration import hand_model
from retarget.rotations import exp

LEAP = robots.load_robot("leap")


def boxes(rng, count: int) -> Boxes:
    """Random boxes on top of each other, some of them plates, segments and points."""
    half = rng.uniform(0.002, 0.03, (count, 3))
    half[::5, :2] = 0.0
    half[1::7, 1] = 0.0
    half[2::11] = 0.0
    turned = exp(rng.normal(size=(count, 3)))
    return Boxes(rng.normal(scale=0.03, size=(count, 3)), turned, half)


def coal_gap(a: Boxes, b: Boxes, k: int) -> float:
    shapes = [coal.Box(*(2 * np.maximum(x.half[k], 1e-9))) for x in (a, b)]
    places = [coal.Transform3s(x.axes[k], x.centre[k]) for x in (a, b)]
    request, result = coal.DistanceRequest(), coal.DistanceResult()
    return coal.distance(shapes[0], places[0], shapes[1], places[1], request, result)


def test_distances_and_depths_are_those_of_coal(rng):
    a, b = boxes(rng, 1500), boxes(rng, 1500)
    _, _, normal, distance = box_gap(a, b)
    theirs = np.array([coal_gap(a, b, k) for k in range(1500)])
    assert (distance < 0).sum() > 100
    assert (distance <= theirs + 1e-7).all()  # never says further than it is
    # Edges that cross at a small angle converge slowly, and then only where apart.
    assert np.mean(theirs - distance > 1e-6) < 0.005
    assert (theirs - distance).max() < 1e-3
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-12)


def test_a_margin_changes_nothing_of_what_is_nearer(rng):
    a, b = boxes(rng, 800), boxes(rng, 800)
    exact, quick = box_gap(a, b), box_gap(a, b, 0.002)
    near = exact[3] < 0.002
    assert 100 < near.sum() < 700
    np.testing.assert_array_equal(quick[3] < 0.002, near)
    for one, other in zip(exact, quick, strict=True):
        np.testing.assert_array_equal(one[near], other[near])
    assert (quick[3] <= exact[3] + 1e-12).all()


def test_derivatives_are_those_of_finite_differences(rng):
    a, b = boxes(rng, 800), boxes(rng, 800)
    p, q, normal, distance = box_gap(a, b)
    np.testing.assert_allclose(
        ((p - q) * normal).sum(1), distance, atol=2e-4
    )  # facing points
    off = np.zeros(800)
    for _ in range(4):
        turn, shift, h = rng.normal(size=3), rng.normal(size=3), 1e-7

        def moved(s, turn=turn, shift=shift):
            R = exp((turn * s)[None])[0]
            return Boxes(a.centre @ R.T + shift * s, R @ a.axes, a.half)

        rise = box_gap(moved(h), b)[3] - box_gap(moved(-h), b)[3]
        own = ((np.cross(turn, p) + shift) * normal).sum(1)
        off = np.maximum(off, np.abs(rise / (2 * h) - own))
    # The rest is where two axes are equally good, or an edge is level with a face.
    assert np.mean(off > 1e-4) < 0.03


def test_compiled_boxes_equal_the_numpy_code(rng):
    pytest.importorskip("numba")
    from retarget.kernels.boxes import box_gap as compiled

    a, b = boxes(rng, 1000), boxes(rng, 1000)
    expected = box_gap(a, b)
    p, q, normal = np.empty((3, 3))
    for k in range(1000):
        own = [x[k] for box in (a, b) for x in box]
        distance = compiled(*own, np.inf, p, q, normal)
        for ours, theirs in zip((p, q, normal, distance), expected, strict=True):
            np.testing.assert_allclose(ours, theirs[k], atol=1e-9)
        far = compiled(*own, 0.001, p, q, normal)
        assert far == distance if distance < 0.001 else far > 0.001


def test_a_capsule_is_a_box_without_width(rng):
    """Two capsules are as far apart measured as boxes."""
    from retarget.capsules import closest_points

    half = np.zeros((500, 3))
    half[:, 2] = rng.uniform(0.001, 0.03, 500)
    a, b = (
        Boxes(
            rng.normal(scale=0.05, size=(500, 3)), exp(rng.normal(size=(500, 3))), half
        )
        for _ in range(2)
    )
    ends = [
        x.centre + sign * (x.axes @ half[..., None])[..., 0]
        for x in (a, b) for sign in (-1, 1)
    ]  # fmt: skip
    p, q = closest_points(*ends)
    distance = box_gap(a, b)[3]
    apart = np.linalg.norm(p - q, axis=1)
    assert np.mean(np.abs(distance - apart) > 1e-6) < 0.01


def test_a_link_with_boxes_is_described_by_them_alone():
    hand = LEAP.hands["left"]
    shapes = capsule_set(hand)
    boxed = {box.link for box in hand.boxes}
    assert boxed == {capsule.link for capsule in hand.capsules}
    assert shapes.boxed.all()
    assert len(shapes.radius) == len(hand.boxes)


def test_hands_that_are_pushed_into_each_other_overlap_by_as_much():
    """Both hands at rest, one moved along x until their hulls meet, then 3 mm more."""
    placed = {}
    for side in ("left", "right"):
        hand = LEAP.hands[side]
        model = hand_model(hand)
        pose = model.forward(model.rest[None])
        placed[side] = capsule_set(hand), pose, hand

    def deepest(shift: float) -> float:
        where = {
            side: (hand, shapes.placed(
                pose, np.eye(3)[None], np.array([[shift if side == "left" else 0, 0, 0]])
            ))
            for side, (shapes, pose, hand) in placed.items()
        }  # fmt: skip
        between = find_overlaps(where, 0.5)[2]
        return float(between.distance.min())

    low, high = 0.0, 0.3
    assert deepest(low) < 0 < deepest(high)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if deepest(middle) < 0 else (low, middle)
    assert -0.00301 < deepest(low - 0.003) < -0.001
