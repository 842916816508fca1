"""Three verdicts, and a report that belongs to one trajectory, robot and set of bounds."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from handx_gen.errors import InputError
from robots import RobotError, RobotSpec, load_robot
from sim import (
    EditedArtefact,
    SimReport,
    SimulationError,
    Verdict,
    validate,
    verify_report,
)
from sim.thresholds import Thresholds, thresholds_of

YES = Verdict("yes")
PINCHING = (
    "touch the thumb to the index finger with both hands, then to the middle finger"
)
TO_PINKY = "touch the thumb to the pinky with the right hand"


@pytest.fixture(scope="module")
def good(shadow, from_text):
    """(trajectory, rollout, report) of something the robot can do."""
    trajectory = from_text(PINCHING, shadow)
    return trajectory, *validate(trajectory, shadow, YES)


def test_three_yes_make_a_pass(good) -> None:
    _, _, report = good
    assert {name: v.answer for name, v in report.verdicts.items()} == dict.fromkeys(
        ("text", "hand", "physics"), "yes"
    )
    assert report.passed


@pytest.mark.parametrize("text", [None, Verdict("no", ("x",)), Verdict("can't tell")])
def test_without_a_yes_from_the_text_there_is_no_pass(good, shadow, text) -> None:
    _, report = validate(good[0], shadow, text)
    assert report.verdicts["physics"].answer == "yes"
    assert not report.passed


def test_an_unreachable_contact_is_a_no_of_the_hand_with_its_millimetres(
    from_text,
) -> None:
    inspire = load_robot("inspire")
    trajectory = from_text(TO_PINKY, inspire)
    _, report = validate(trajectory, inspire, YES)
    verdict = report.verdicts["hand"]
    assert verdict.answer == "no"
    (reason,) = [r for r in verdict.reasons if "thumb_tip|right.pinky_tip" in r]
    gap = float(reason.split("it stays ")[1].split(" mm")[0])
    assert 30 < gap < 50
    recall = next(c for c in report.checks if c.name == "contact recall")
    assert recall.value is None
    assert recall.passed is None
    outcomes = {o["pair"]: o for o in report.details["contacts"]}
    assert outcomes["right.thumb_tip|right.pinky_tip"]["kept"] is None
    assert not report.passed


def test_a_robot_whose_reach_nobody_measured_is_a_cannot_tell(
    good, shadow, tmp_path
) -> None:
    _, report = validate(good[0], replace(shadow, folder=tmp_path), YES)
    assert report.verdicts["hand"].answer == "can't tell"
    assert "retarget.capability shadow" in report.verdicts["hand"].reasons[0]
    assert not report.passed


def test_physics_names_what_failed(good, shadow) -> None:
    trajectory = good[0]
    from sim.negative_controls import contacts_shifted

    _, report = validate(contacts_shifted(trajectory, shadow), shadow, YES)
    verdict = report.verdicts["physics"]
    assert verdict.answer == "no"
    assert [r.split(":")[0] for r in verdict.reasons] == ["contact recall"]


def test_baselines_are_the_upper_bound_and_nothing_at_all(good) -> None:
    baselines = good[2].baselines
    assert baselines["kinematic playback"]["tip tracking p95"] == 0
    assert baselines["kinematic playback"]["contact recall"] == 1
    assert baselines["static pose"]["contact recall"] == 0
    assert abs(baselines["static pose"]["motion followed"]) < 1e-9


def test_a_report_survives_its_file_and_is_plain_json(good, tmp_path) -> None:
    trajectory, rollout, report = good
    path = report.save(tmp_path / "report.json")
    loaded = SimReport.load(path)
    assert loaded.to_json() == report.to_json()
    body = json.loads(path.read_text(encoding="utf-8"))
    assert body["passed"] is True
    assert body["stretch"] == pytest.approx(trajectory.stretch)
    assert set(body["hashes"]) == {"trajectory", "robot", "thresholds"}
    assert body["thresholds"]["tip_tracking_mm"] == 6.0
    assert rollout.trajectory_sha256 == body["hashes"]["trajectory"]


def test_a_report_fits_what_it_was_made_for(good, shadow) -> None:
    verify_report(good[2], good[0], shadow)


@pytest.mark.parametrize("what", ["trajectory", "robot", "thresholds", "bound"])
def test_an_edit_of_anything_is_noticed(good, shadow: RobotSpec, what: str) -> None:
    trajectory, _, report = good
    robot, name = shadow, what
    if what == "trajectory":
        part = trajectory.hands["left"]
        positions = part.positions.copy()
        positions[len(part) // 2, 4] += 1e-6
        hands = {**trajectory.hands, "left": replace(part, positions=positions)}
        trajectory = replace(trajectory, hands=hands)
    elif what == "robot":
        robot = replace(shadow, sha256="0" * 64)
    elif what == "thresholds":
        report = replace(report, hashes={**report.hashes, "thresholds": "0" * 64})
    else:
        bounds = {**report.thresholds, "tip_tracking_mm": 100.0}
        report, name = replace(report, thresholds=bounds), "thresholds"
    with pytest.raises(EditedArtefact) as caught:
        verify_report(report, trajectory, robot)
    assert caught.value.what == name


def test_a_trajectory_for_an_older_description_is_refused(good, shadow) -> None:
    with pytest.raises(SimulationError, match="has changed since"):
        validate(good[0], replace(shadow, sha256="0" * 64), YES)


def test_a_report_whose_pass_was_written_in_by_hand_is_refused(
    shadow, good, tmp_path
) -> None:
    _, report = validate(good[0], shadow, Verdict("no"))
    path = report.save(tmp_path / "report.json")
    text = path.read_text(encoding="utf-8").replace(
        '"passed": false', '"passed": true', 1
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="does not follow from the verdicts"):
        SimReport.load(path)


def test_validating_twice_says_the_same(good, shadow) -> None:
    _, report = validate(good[0], shadow, YES)
    assert report.to_json() == good[2].to_json()


def test_verifying_needs_neither_mujoco_nor_pinocchio(root) -> None:
    code = (
        "import sys, sim.validation, sim.report, sim.checks\n"
        "heavy = {'mujoco', 'pinocchio', 'torch', 'scipy', 'av', 'PIL'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_report_that_passes_over_a_failed_check_is_refused(good, tmp_path) -> None:
    _, _, report = good
    failed = replace(report.checks[0], passed=False)
    yes = dict.fromkeys(report.verdicts, Verdict("yes"))
    path = tmp_path / "report.json"
    replace(report, verdicts=yes, checks=(failed,)).save(path)
    with pytest.raises(InputError, match="failed"):
        SimReport.load(path)


def test_no_nan_reaches_a_report(good) -> None:
    def numbers(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            for item in value:
                yield from numbers(item)
        elif isinstance(value, float):
            yield value

    assert all(np.isfinite(x) for x in numbers(json.loads(good[2].to_json())))


def test_a_robots_own_threshold_is_used_and_bound_by_the_hash(good, shadow) -> None:
    trajectory, _, report = good
    bound = next(c.threshold for c in report.checks if c.name == "tip tracking p95")
    assert bound == shadow.thresholds["tip_tracking_mm"] != Thresholds().tip_tracking_mm
    other = replace(shadow, thresholds={"tip_tracking_mm": 7.0})
    with pytest.raises(EditedArtefact, match="thresholds"):
        verify_report(report, trajectory, other)


def test_a_threshold_that_does_not_exist_is_an_error_of_the_robot(shadow) -> None:
    with pytest.raises(RobotError, match=r"thresholds.tip_traking_mm.*choose among"):
        thresholds_of(replace(shadow, thresholds={"tip_traking_mm": 7.0}))


def test_every_number_has_both_baselines_beside_it(good) -> None:
    _, _, report = good
    names = {check.name for check in report.checks} | set(report.details["figures"])
    for values in report.baselines.values():
        assert set(values) == names
