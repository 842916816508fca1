"""Each rule of a joint_trajectory_controller, broken one at a time."""

import copy

import pytest

from handx.streaming.controller_rules import violations
from handx.streaming.encoders import ros_time

JOINTS = ("a", "b")
NOW = 1_000_000_000_000


def good():
    """A message that a controller of a and b takes."""
    return {
        "header": {"stamp": ros_time(NOW), "frame_id": ""},
        "joint_names": ["a", "b"],
        "points": [
            {
                "positions": [0.1 * k, 0.2],
                "velocities": [0.0, 0.0],
                "accelerations": [],
                "effort": [],
                "time_from_start": ros_time(round(k * 0.02e9)),
            }
            for k in (1, 2, 3)
        ],
    }


def test_a_good_message_breaks_no_rule():
    assert violations(good(), JOINTS, NOW) == []


def test_the_order_of_the_joints_is_free():
    assert violations(good(), ("b", "a"), NOW) == []


def point(k, field, value):
    def change(message):
        message["points"][k][field] = value

    return change


def top(field, value):
    def change(message):
        message[field] = value

    return change


BROKEN = {
    "unknown joint": (top("joint_names", ["a", "c"]), "'c' is not one"),
    "missing joint": (top("joint_names", ["a"]), "'b' is missing"),
    "repeated joint": (top("joint_names", ["a", "a"]), "named twice"),
    "no names": (top("joint_names", []), "joint_names is empty"),
    "no points": (top("points", []), "no points"),
    "time stands still": (
        point(1, "time_from_start", ros_time(20_000_000)), "does not increase",
    ),
    "time goes back": (
        point(2, "time_from_start", ros_time(30_000_000)), "does not increase",
    ),
    "negative time": (point(0, "time_from_start", ros_time(-1)), "negative"),
    "positions size": (point(1, "positions", [0.1]), "1 positions for 2"),
    "velocities size": (point(1, "velocities", [0.0] * 3), "3 velocities for 2"),
    "accelerations size": (point(1, "accelerations", [0.0]), "1 accelerations"),
    "efforts": (point(1, "effort", [0.0, 0.0]), "has efforts"),
    "no velocities": (point(1, "velocities", []), "would jerk"),
    "moves at its end": (point(2, "velocities", [0.0, 0.1]), "must be at rest"),
    "in the past": (
        top("header", {"stamp": ros_time(NOW - 10**9), "frame_id": ""}), "past",
    ),
    "NaN": (point(1, "positions", [float("nan"), 0.0]), "NaN"),
    "infinity": (point(1, "velocities", [float("inf"), 0.0]), "infinity"),
    "jump": (point(0, "time_from_start", ros_time(0)), "jump"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_rule_is_named(name):
    change, words = BROKEN[name]
    message = copy.deepcopy(good())
    change(message)
    found = violations(message, JOINTS, NOW)
    assert any(words in reason for reason in found), found


def test_a_start_at_time_zero_is_fine_where_the_hand_already_is():
    message = good()
    message["points"][0]["time_from_start"] = ros_time(0)
    here = {"a": 0.1, "b": 0.2}
    assert violations(message, JOINTS, NOW, here) == []
    there = {"a": 0.1, "b": 0.3}
    assert any("'b'" in r for r in violations(message, JOINTS, NOW, there))


def test_stamp_zero_means_now_and_is_never_past():
    message = good()
    message["header"]["stamp"] = ros_time(0)
    assert violations(message, JOINTS, NOW) == []


@pytest.mark.parametrize(
    ("name", "jazzy", "humble"),
    [("moves at its end", "must be at rest", "stops dead"),
     ("no points", "stops nothing", "early releases of Humble")],
)  # fmt: skip
def test_what_humble_does_otherwise_is_said_otherwise(name, jazzy, humble):
    message = copy.deepcopy(good())
    BROKEN[name][0](message)
    for distro, words in (("jazzy", jazzy), ("humble", humble)):
        found = violations(message, JOINTS, NOW, distro=distro)
        assert any(words in reason for reason in found), found
