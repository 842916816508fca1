"""Figures say what they are called: lag, smoothness, press depth, effort, F1."""

from dataclasses import replace

import numpy as np
import pytest

from handx_gen.kinematics.contacts import ContactTrack
from sim.contact_outcomes import f1
from sim.figures import effort, lag, press_depth, smoothness, tracking
from sim.playback import play_kinematic

PAIR = "left.index_tip|right.index_tip"


@pytest.fixture(scope="module")
def command(shadow, wander):
    """The command's own poses of a slow walk."""
    return play_kinematic(wander(shadow, seed=4), shadow)


@pytest.mark.parametrize("samples", [0, 1, 4])
def test_lag_is_the_time_by_which_joints_come_late(command, samples: int) -> None:
    late = np.roll(command.joint_position, samples, axis=0)
    late[:samples] = command.joint_position[0]
    found = lag(replace(command, joint_position=late))
    assert found == pytest.approx(10.0 * samples, abs=0.5)


def test_lag_between_two_samples_is_found_too(command) -> None:
    between = (command.joint_position + np.roll(command.joint_position, 1, axis=0)) / 2
    between[0] = command.joint_position[0]
    found = lag(replace(command, joint_position=between))
    assert found == pytest.approx(5.0, abs=0.5)


def test_what_holds_still_has_no_lag(command) -> None:
    still = np.broadcast_to(command.joint_position[0], command.joint_position.shape)
    assert lag(replace(command, joint_position=still, commanded=still)) is None


def test_the_smoothest_move_has_a_normalised_jerk_of_720(command, shadow) -> None:
    """One window that holds exactly one minimum-jerk move of 0.1 m."""
    s = np.linspace(0, 1, 41)
    path = 0.1 * (10 * s**3 - 15 * s**4 + 6 * s**5)
    path = np.concatenate([path, path[-1:].repeat(2)])
    tips = np.zeros((len(path), 2, 5, 3))
    tips[..., 0] = path[:, None, None]
    cut = {name: getattr(command, name)[: len(path)] for name in command._ARRAYS}
    contacts = replace(
        command.contacts,
        mask=command.contacts.mask[: len(path)],
        gap=command.contacts.gap[: len(path)],
    )
    moved = replace(command, **{**cut, "tips": tips}, contacts=contacts)
    value = smoothness(moved, shadow)["tip jerk, normalised, median"]
    # Third differences of 40 samples smear the jump of the jerk at both ends: 617.
    assert value == pytest.approx(720, rel=0.15)
    shaken = tips + 1e-4 * np.sin(np.arange(len(path)) * 2)[:, None, None, None]
    shaky = smoothness(replace(moved, tips=shaken), shadow)
    assert value is not None
    assert (shaky["tip jerk, normalised, median"] or 0.0) > 2 * value


def test_an_error_is_shown_at_its_finger_and_in_the_world(command, shadow) -> None:
    tips = command.tips.copy()
    tips[:, 0, 1] += [0.004, 0, 0]
    found = tracking(replace(command, tips=tips), command, shadow)
    assert found["tip tracking p95, index [mm]"] == pytest.approx(4.0)
    assert found["tip tracking p95, middle [mm]"] == 0
    assert found["tip error in the world p95 [mm]"] == pytest.approx(4.0)


def test_effort_is_set_against_the_motors_limit(command, shadow) -> None:
    limit = np.concatenate([hand.effort_limit for hand in shadow.hands.values()])
    torque = np.zeros_like(command.joint_effort)
    torque[: len(torque) // 2, 3] = limit[3]
    torque[:, 4] = 0.5 * limit[4]
    force = np.zeros_like(command.wrist_force)
    force[0, 0, :3], force[0, 1, 3:] = [0, 12, 0], [3, 4, 0]
    found = effort(replace(command, joint_effort=torque, wrist_force=force), shadow)
    assert found["effort / limit, largest"] == pytest.approx(1.0)
    share = found["effort saturated, share of time, worst joint"]
    assert share == pytest.approx(0.5, abs=0.01)
    assert found["wrist force, largest [N]"] == 12
    assert found["wrist torque, largest [N·m]"] == 5
    assert (found["mechanical energy [J]"] or 0.0) > 0


def test_press_depth_counts_only_where_touch_was_asked(command) -> None:
    steps = len(command.time)
    gap = np.full((steps, 1), 0.05)
    gap[10:20], gap[50:60] = -0.002, -0.004
    asked = np.zeros((steps, 1), bool)
    asked[5:30] = True
    pressed = replace(command, contacts=ContactTrack((PAIR,), gap <= 0.005, gap))
    assert press_depth(pressed, ContactTrack((PAIR,), asked, gap)) == pytest.approx(
        2e-3
    )
    nothing = ContactTrack((PAIR,), np.zeros_like(asked), gap)
    assert press_depth(pressed, nothing) is None


@pytest.mark.parametrize(
    ("right", "kept", "value"),
    [(1.0, 1.0, 1.0), (0.5, 1.0, 2 / 3), (0.0, 0.0, 0.0), (None, 1.0, None),
     (1.0, None, None)],
)  # fmt: skip
def test_f1_is_not_available_where_a_part_is_not(right, kept, value) -> None:
    assert f1(right, kept) == (value if value is None else pytest.approx(value))
