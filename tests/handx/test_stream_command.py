"""`handx stream` refuses before anything opens a socket."""

import json
import shutil

import numpy as np
import pytest

from robots import load_robot


@pytest.fixture
def copy(finished, tmp_path):
    """Trajectory and report of the real run, to be tampered with."""
    for name in ("trajectory.npz", "report.json", "motion.npz"):
        shutil.copy(finished.folder / name, tmp_path / name)
    return tmp_path


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Nothing may be opened by a refused command."""
    import handx.streaming.dds_session

    def opened(*_, **__):
        raise AssertionError("a refused trajectory reached the network")

    monkeypatch.setattr(handx.streaming.dds_session, "DdsNode", opened)


def edit(folder, **changes):
    with np.load(folder / "trajectory.npz") as archive:
        arrays = dict(archive)
    for name, change in changes.items():
        arrays[name] = change(arrays[name])
    np.savez(folder / "trajectory.npz", **arrays)


def test_the_untouched_one_would_go_out(copy, handx):
    with pytest.raises(AssertionError, match="reached the network"):
        handx("stream", copy / "trajectory.npz")


def one_joint(positions):
    positions = positions.copy()
    positions[10, 3] += 1e-6
    return positions


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_edited_positions(copy, handx, force):
    edit(copy, hand_left_positions=one_joint)
    done = handx("stream", copy / "trajectory.npz", *force)
    assert done.code == 2
    assert "edited after it was validated" in done.err
    assert str(copy / "trajectory.npz") in done.err
    assert done.err.count("\n") == 1


def test_edited_wrists(copy, handx):
    def further(bases):
        bases = bases.copy()
        bases[:, 0, 5] += 0.1
        return bases

    edit(copy, T_world_base=further)
    assert handx("stream", copy / "trajectory.npz").code == 2


def test_edited_report(copy, handx):
    """`passed` alone cannot be turned: it must follow from the verdicts."""
    report = json.loads((copy / "report.json").read_text())
    report["verdicts"]["text"]["answer"] = "no"
    (copy / "report.json").write_text(json.dumps(report))
    done = handx("stream", copy / "trajectory.npz")
    assert done.code == 2
    assert "passed" in done.err


def test_loosened_thresholds(copy, handx):
    report = json.loads((copy / "report.json").read_text())
    report["thresholds"]["tip_tracking_mm"] = 1e6
    (copy / "report.json").write_text(json.dumps(report))
    done = handx("stream", copy / "trajectory.npz")
    assert done.code == 2
    assert "thresholds" in done.err


def test_unvalidated(copy, handx):
    (copy / "report.json").unlink()
    done = handx("stream", copy / "trajectory.npz")
    assert done.code == 2
    assert "handx validate" in done.err


def test_verdict_not_passed_is_exit_code_1(copy, handx):
    report = json.loads((copy / "report.json").read_text())
    report["verdicts"]["text"]["answer"] = "can't tell"
    report["passed"] = False
    (copy / "report.json").write_text(json.dumps(report))
    done = handx("stream", copy / "trajectory.npz")
    assert done.code == 1
    assert "can't tell" in done.err
    with pytest.raises(AssertionError, match="reached the network"):
        handx("stream", copy / "trajectory.npz", "--force")


def test_force_never_skips_limits(copy, handx):
    """No report at all and --force: the limits still hold, at the spline's extrema."""
    hand = load_robot("shadow").hands["left"]

    def beyond(positions):
        positions = positions.copy()
        positions[:, 0] = hand.upper[0] + 0.01
        return positions

    edit(copy, hand_left_positions=beyond)
    (copy / "report.json").unlink()
    done = handx("stream", copy / "trajectory.npz", "--force")
    assert done.code == 2
    assert hand.joint_names[0] in done.err


def test_another_description_of_the_robot(copy, handx, tmp_path, monkeypatch):
    """The robot's folder changed since: what was validated is another robot."""
    folder = tmp_path / "robots" / "shadow"
    shutil.copytree(load_robot("shadow").folder, folder)
    urdf = folder / "left.urdf"
    urdf.write_text(urdf.read_text() + "<!-- changed -->\n")
    monkeypatch.setenv("HANDX_ROBOTS_PATH", str(tmp_path / "robots"))
    done = handx("stream", copy / "trajectory.npz", "--force")
    assert done.code == 2
    assert "robot_sha256" in done.err


def test_a_domain_that_is_no_number(copy, handx, monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "home")
    done = handx("stream", copy / "trajectory.npz")
    assert done.code == 2
    assert "ROS_DOMAIN_ID" in done.err
