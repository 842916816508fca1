"""Contacts: geometry of gaps, and asked contacts that the robot really makes."""

import numpy as np
import pytest

from handx_gen.kinematics.contacts import ContactTrack
from handx_gen.procedural import Program, Step, perform_program
from handx_gen.skeleton import FINGERS
from retarget import retarget_motion, robot_contact_track
from retarget.contacts import EDGE, ContactPoints, approach, available_pairs, track
from retarget.costs.contact import TOUCH, contact_goals

PINCHES = tuple(Step("pinch", "both", (f,), order=i) for i, f in enumerate(FINGERS[1:]))
REQUESTS = {
    "pinches": PINCHES,
    "clap": (Step("clap", "both", count=2),),
    "touch": (Step("touch", "both", ("index",), "index"),),
    "poke": (Step("poke", "right", ("index",)),),
    "steeple": (Step("steeple", "both"),),
}


def points(tip=(0, 0, 0.02), palm_height=0.0) -> dict[str, ContactPoints]:
    """A left palm facing up at the given height, a right index tip above it."""
    grid = np.linspace(-0.03, 0.03, 7)
    sheet = np.stack(np.meshgrid(grid, grid, [palm_height]), -1).reshape(1, -1, 3)
    up, down = np.array([[0, 0, 1.0]]), np.array([[0, 0, -1.0]])
    tips = {"index": np.array([tip], float)}
    return {
        "left": ContactPoints(tips, {"index": 0.006}, sheet, up),
        "right": ContactPoints(tips, {"index": 0.005}, sheet + [0, 0, 0.03], down),
    }


def test_a_tip_above_a_palm_is_as_far_as_it_is_high():
    pair = "left.palm|right.index_tip"
    for x in (0.0, 0.003, 0.004, 0.02):  # also between the palm's points
        met = approach(points(tip=(x, 0, 0.02)), pair)
        assert met.gap[0, 0] == pytest.approx(0.02 - 0.005)
        np.testing.assert_allclose(met.normal[0, 0], [0, 0, -1], atol=1e-12)


def test_a_tip_below_the_palms_skin_overlaps():
    met = approach(points(tip=(0, 0, -0.003)), "left.palm|right.index_tip")
    assert met.gap[0, 0] == pytest.approx(-0.008)


def test_a_tip_beside_the_palm_is_as_far_as_its_edge():
    met = approach(points(tip=(0.07, 0, 0)), "left.palm|right.index_tip")
    assert met.gap[0, 0] == pytest.approx(0.04 - EDGE - 0.005)


def test_palms_are_apart_by_their_closest_points():
    assert track(points(), ("left.palm|right.palm",)).gap[0, 0] == pytest.approx(0.03)


def test_pairs_name_the_two_points_in_either_order():
    here = points(tip=(0, 0, 0.012))
    on_right = track(here, ("left.index_tip|right.palm",))
    assert on_right.gap[0, 0] == pytest.approx(0.03 - 0.012 - 0.006, abs=1e-6)


def test_a_robot_has_the_pairs_of_its_hands_and_fingers(shadow):
    assert len(available_pairs(shadow, ("left", "right"))) == 44
    alone = available_pairs(shadow, ("right",))
    assert len(alone) == 4
    assert all(pair.startswith("right.thumb_tip|right.") for pair in alone)


def test_goals_touch_where_the_human_does_and_fade_out():
    gap = np.array([[-0.002], [0.0], [0.005], [0.008], [0.012], [0.03]])
    pair = ("left.thumb_tip|left.index_tip",)
    goals = contact_goals(ContactTrack(pair, gap <= 0.005, gap), pair, 1.1, {})
    np.testing.assert_allclose(goals.gap[:3, 0], TOUCH, atol=1e-6)
    assert goals.gap[4, 0] > 0.012
    np.testing.assert_allclose(goals.weight[:3, 0], 1, atol=1e-4)
    assert (np.diff(goals.weight[:, 0]) <= 1e-6).all()
    assert goals.weight[5, 0] == 0


def test_a_contact_out_of_reach_is_asked_for_its_floor_and_weakly():
    pair = ("left.thumb_tip|left.pinky_tip",)
    gap = np.zeros((2, 1))
    goals = contact_goals(ContactTrack(pair, gap <= 1, gap), pair, 1.0, {pair[0]: 0.04})
    np.testing.assert_allclose(goals.gap, 0.04)
    assert goals.weight.max() < 0.1


@pytest.fixture(scope="module", params=["shadow", "inspire"])
def performed(request):
    """Every request on one robot: (name, trajectory, report)."""
    robot = request.getfixturevalue(request.param)
    results = {
        name: retarget_motion(perform_program(Program(steps)), robot)
        for name, steps in REQUESTS.items()
    }
    return robot, results


def test_asked_and_reachable_contacts_are_made(performed):
    robot, results = performed
    for name, (trajectory, report) in results.items():
        score = report.pinch if name == "pinches" else report.inter_hand
        assert score.asked > 20, name
        assert score.recall >= 0.9, name
        assert score.gap_mm < 3, name
        made = robot_contact_track(robot, trajectory)
        asked = trajectory.asked_contacts.select(made.pairs)
        kept = (asked.mask & made.mask).sum()
        counted = sum(c.kept for c in report.contacts)
        assert kept == counted


@pytest.mark.parametrize("performed", ["shadow"], indirect=True)
def test_shadow_reaches_every_pinch_with_millimetres(performed):
    _, results = performed
    _, report = results["pinches"]
    assert report.pinch.unreachable == ()
    assert all(c.best_mm < 1.0 for c in report.contacts if c.asked > 10)
    assert report.stretch <= 2


@pytest.mark.parametrize("performed", ["inspire"], indirect=True)
def test_unreachable_pinches_are_listed_and_not_counted(performed):
    _, results = performed
    _, report = results["pinches"]
    pinky = next(c for c in report.contacts if c.pair.endswith("right.pinky_tip"))
    assert pinky.pair in report.pinch.unreachable
    assert pinky.floor_mm > 30
    assert not pinky.reachable
    assert pinky.best_mm > pinky.floor_mm - 5
    assert any("out of reach" in label for label, _ in report.rows())


def test_commands_overlap_little_even_in_contact(performed):
    _, results = performed
    for name, (_, report) in results.items():
        assert report.penetration_mm["inter"] < 2, name
        assert report.penetration_mm["self"] < 2, name


def test_fingers_that_should_not_touch_do_not(performed):
    """Pairs whose human gap is beyond 30 mm are not brought together by accident."""
    _, results = performed
    for name, (_, report) in results.items():
        for score in (report.pinch, report.inter_hand):
            assert score.precision is None or score.precision > 0.95, name
