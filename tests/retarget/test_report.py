"""Figures of a report, and its picture."""

from xml.etree import ElementTree

import numpy as np
import pytest

from retarget.configuration import hand_model
from retarget.contacts import robot_contact_track
from retarget.figures import best_shift, contact_offsets, energy_above
from retarget.report import RetargetReport
from retarget.report_plot import plot_report
from tests.retarget.robot_as_human import human_like, motion_of, standing


@pytest.fixture(scope="module")
def done():
    from retarget import retarget_motion
    from robots import load_robot

    robot = load_robot("inspire")
    model = hand_model(robot.hands["right"])
    t = np.linspace(0, 2 * np.pi, 40)[:, None]
    hand = human_like(model, model.rest + 0.2 * (1 - np.cos(t)) * (model.upper > 1))
    motion = motion_of({"right": hand}, {"right": standing(40, "right")})
    return robot, *retarget_motion(motion, robot)


def test_further_figures_of_an_easy_motion(done):
    _, _, report = done
    further = report.further
    assert further["direction_cosine"] > 0.999
    assert further["lag_s"] == pytest.approx(0, abs=0.02)
    assert further["energy_above_8_hz"] < 0.01
    assert 0 < further["coverage"] < 1
    assert further["top_speed"] > 0.1
    assert report.penetrating_fraction == {"self": 0.0, "inter": 0.0}


def test_the_picture_is_well_formed_and_names_every_finger(done, tmp_path):
    _, _, report = done
    path = plot_report(report, tmp_path / "report.svg")
    text = " ".join(ElementTree.fromstring(path.read_text()).itertext())
    for finger in report.finger_error_mm["right"]:
        assert f"right {finger}" in text
    assert RetargetReport.load(report.save(tmp_path / "report.json")) == report


def test_contacts_at_the_same_time_have_no_offset(done):
    robot, trajectory, _ = done
    made = robot_contact_track(robot, trajectory)
    same = trajectory.asked_contacts.select(made.pairs)
    assert contact_offsets(trajectory, same) in {(None, None), (0.0, 0.0)}


def test_energy_and_shift_of_known_waves():
    t = np.arange(0, 4, 0.01)[:, None]
    slow, fast = np.sin(2 * np.pi * t), np.sin(2 * np.pi * 12 * t)
    assert energy_above(slow, 0.01, 8.0) < 0.01
    assert energy_above(fast, 0.01, 8.0) > 0.95
    assert best_shift(np.sin(2 * np.pi * (t - 0.05)), slow, 20) == 5
