"""The whole road: what it leaves, what it says, and that its word holds."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from mcap.reader import make_reader

from handx import pipeline
from handx.reading import text_verdict, text_verdict_of
from handx_gen.motion import BimanualMotion
from retarget.trajectory import BimanualTrajectory
from robots import load_robot
from robots.capability import read_capability
from sim import SimReport, verify_report
from sim.rollout import Rollout


def test_it_leaves_exactly_the_promised_files(finished):
    names = {file.name for file in finished.folder.iterdir()}
    assert names == {
        "motion.npz", "trajectory.npz", "retarget.json", "rollout.npz", "report.json",
        "trajectory.mcap", "video.mp4",
    }  # fmt: skip


def test_the_exit_code_is_the_verdict(finished):
    report = json.loads((finished.folder / "report.json").read_text())
    assert report["passed"] is (finished.code == 0)
    assert finished.code in (0, 1)
    answers = [verdict["answer"] for verdict in report["verdicts"].values()]
    assert report["passed"] is (answers == ["yes"] * 3)


def test_the_easy_request_passes(finished):
    report = SimReport.load(finished.folder / "report.json")
    assert finished.code == 0, {k: v.reasons for k, v in report.verdicts.items()}


def test_one_table_per_stage_and_three_verdicts(finished):
    for words in ("motion", "retargeting", "physics: checks", "files", "verdicts",
                  "text", "hand", "physics", "PASS"):  # fmt: skip
        assert words in finished.out


def test_motion_file_is_plain_arrays(finished):
    with np.load(finished.folder / "motion.npz", allow_pickle=False) as archive:
        assert archive["joints"].shape[1:] == (2, 21, 3)
        assert archive["fps"] > 0


def test_report_is_bound_to_the_files_beside_it(finished):
    trajectory = BimanualTrajectory.load(finished.folder / "trajectory.npz")
    report = SimReport.load(finished.folder / "report.json")
    verify_report(report, trajectory, load_robot("shadow"))
    rollout = Rollout.load(finished.folder / "rollout.npz")
    assert rollout.trajectory_sha256 == report.hashes["trajectory"]
    assert report.stretch == pytest.approx(trajectory.stretch)
    motion = BimanualMotion.load(finished.folder / "motion.npz")
    assert trajectory.provenance["motion_sha256"] == pipeline.motion_sha256(motion)


def test_recording_holds_every_measured_sample(finished):
    rollout = Rollout.load(finished.folder / "rollout.npz")
    with open(finished.folder / "trajectory.mcap", "rb") as stream:
        counts = make_reader(stream).get_summary().statistics.channel_message_counts
    assert sorted(counts.values()) == [1, 1, len(rollout.time)]


def test_video_is_one(finished):
    import av

    rollout = Rollout.load(finished.folder / "rollout.npz")
    with av.open(str(finished.folder / "video.mp4")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) / 30 == pytest.approx(rollout.time[-1], abs=0.1)
    first, middle = (
        frames[k].to_ndarray(format="rgb24") for k in (0, len(frames) // 2)
    )
    assert first.std() > 5
    assert np.abs(first.astype(int) - middle).max() > 20


def test_stages_from_their_files_say_the_same(finished, handx, tmp_path):
    """retarget and validate, each from the file of the stage before."""
    (tmp_path / "motion.npz").write_bytes((finished.folder / "motion.npz").read_bytes())
    assert handx("retarget", tmp_path / "motion.npz", "--out", tmp_path).code == 0
    mine = BimanualTrajectory.load(tmp_path / "trajectory.npz")
    before = BimanualTrajectory.load(finished.folder / "trajectory.npz")
    assert mine.sha256() == before.sha256()
    done = handx("validate", tmp_path / "trajectory.npz")
    assert done.code == 0, done.out
    again = SimReport.load(tmp_path / "report.json")
    first = SimReport.load(finished.folder / "report.json")
    assert again.verdicts == first.verdicts
    assert again.checks == first.checks
    assert again.details["retarget"]["frames"] == first.details["retarget"]["frames"]


def test_without_its_motion_the_text_cannot_be_told(finished, handx, tmp_path):
    file = tmp_path / "trajectory.npz"
    file.write_bytes((finished.folder / "trajectory.npz").read_bytes())
    assert handx("validate", file).code == 1
    report = SimReport.load(tmp_path / "report.json")
    assert report.verdicts["text"].answer == "can't tell"
    assert not report.passed
    trajectory = BimanualTrajectory.load(file)
    told = text_verdict_of(trajectory, finished.folder / "motion.npz")
    assert told.answer == "yes"


def test_a_motion_that_does_something_else_is_a_no(handx, tmp_path):
    """The text is read from what was asked, the events from what the hands do."""
    handx("generate", "make a fist with the left hand", "--model", "program",
          "--out", tmp_path)  # fmt: skip
    motion = BimanualMotion.load(tmp_path / "motion.npz")
    reading = pipeline.read("make a fist with the right hand")
    from handx_gen.kinematics.requests import match

    verdict = text_verdict(match(motion, reading.requested), reading)
    assert verdict.answer == "no"
    assert verdict.reasons


@pytest.mark.parametrize(
    "text", ["play the piano", "juggle three balls", "make a fist and whistle"]
)
def test_outside_the_vocabulary_nothing_passes(handx, tmp_path, text):
    """Whatever is made of it, it is no PASS, and the nearest known request is named."""
    done = handx("generate", text, "--model", "program", "--out", tmp_path / "out")
    assert done.code in (1, 2)
    assert "nearest known request" in done.out + done.err
    reading = pipeline.read(text)
    assert reading.nearest
    assert not reading.requested.understood


def test_the_same_seed_gives_the_same_motion(handx, tmp_path):
    for name in ("a", "b"):
        handx("generate", "clap twice", "--model", "program", "--seed", "4",
              "--out", tmp_path / name)  # fmt: skip
    a, b = (BimanualMotion.load(tmp_path / name / "motion.npz") for name in "ab")
    np.testing.assert_array_equal(a.joints, b.joints)


def test_the_best_of_several_samples_is_kept(monkeypatch):
    """With one draw that does it and one that does not, the first is kept."""
    import handx_gen.generator
    from handx_gen.procedural import perform

    wrong = perform("make a fist with the right hand")
    right = perform("make a fist with the left hand")
    for order in ([wrong, right], [right, wrong]):
        monkeypatch.setattr(
            handx_gen.generator, "generate", lambda *_, order=order, **__: order
        )
        reading = pipeline.read("make a fist with the left hand")
        kept, found = pipeline.generate(reading, samples=2)
        np.testing.assert_array_equal(kept.joints, right.joints)
        assert found.answer == "yes"


def test_what_the_robot_cannot_reach_is_no_pass_and_says_by_how_much():
    """Inspire's thumb does not meet its pinky: hand says no, with the missing mm."""
    inspire = load_robot("inspire")
    reading = pipeline.read("pinch with the left thumb and pinky")
    assert reading.requested.understood
    motion, found = pipeline.generate(reading, "program")
    assert found.answer == "yes"
    trajectory, kinematics = pipeline.retarget(motion, inspire)
    verdict = text_verdict(found, reading)
    _, report = pipeline.validate(trajectory, inspire, verdict, kinematics)
    assert not report.passed
    assert report.verdicts["hand"].answer == "no"
    missing = read_capability(inspire).unreachable["left.thumb_tip|left.pinky_tip"]
    reasons = " ".join(report.verdicts["hand"].reasons)
    assert "left.thumb_tip|left.pinky_tip" in reasons
    assert f"{1000 * missing:.1f} mm" in reasons


def test_a_full_disk_leaves_nothing_of_a_validation(root, finished, tmp_path) -> None:
    """In a fresh process, whose files may hold a few kilobytes only."""
    trajectory, out = finished.folder / "trajectory.npz", tmp_path / "out"
    code = f"""
import resource, signal, sys
from handx.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
sys.exit(main(["validate", {str(trajectory)!r}, "--out", {str(out)!r}]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True,
        check=False, env={**os.environ, "MUJOCO_GL": "disable"},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "make room" in done.stderr
    assert not out.exists() or not list(out.iterdir())
