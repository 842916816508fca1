"""`handx bench`: trials counted, drawn and gone on with; files of one's own."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from handx.cli import main
from handx.skill_table import Rate, wilson
from handx_gen import perform
from handx_gen.motion import BimanualMotion

ONE = ["--skills", "opposite_lift", "--model", "none", "--workers", "1"]


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Values of R's binom::binom.wilson.
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634),
     (1, 1, 0.2065, 1.0), (81, 263, 0.2553, 0.3662)],
)  # fmt: skip
def test_intervals_are_wilsons(successes, trials, low, high) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)
    assert str(Rate.of(5, 10)) == "5/10 [0.24, 0.76]"


def bench(out: Path, *words: str) -> dict:
    assert main(["bench", "skills", *ONE, "--out", str(out), *words]) == 0
    return json.loads((out / "skills.json").read_text())


def test_a_reference_succeeds_a_static_pose_does_not(tmp_path, capsys) -> None:
    found = bench(tmp_path, "--n", "2", "--perturbed", "2", "--confusion")
    rates = found["robots"][0]["rates"]["opposite_lift"]
    assert rates["reference"]["successes"] == 2
    assert rates["static pose"]["successes"] == 0
    assert rates["reference, perturbed"]["trials"] == 4
    printed = capsys.readouterr().out
    assert "2/2 [0.34, 1.00]" in printed
    with Image.open(tmp_path / "skills.png") as picture:
        assert len(picture.getcolors(100_000)) > 4
    words = "".join(ElementTree.parse(tmp_path / "skills.svg").getroot().itertext())
    assert "opposite lift" in words
    assert (tmp_path / "confusion-shadow.png").is_file()


def test_the_same_command_goes_on(tmp_path, monkeypatch) -> None:
    before = bench(tmp_path, "--n", "1")

    def never(trial):
        raise AssertionError("tried again")

    monkeypatch.setattr("handx.skill_trials.run_trial", never)
    assert bench(tmp_path, "--n", "1") == before
    with pytest.raises(AssertionError):
        bench(tmp_path, "--n", "1", "--seed", "5")


def test_files_of_ones_own_are_judged_by_every_skill(tmp_path) -> None:
    motion = perform("move the left hand up while the right hand moves down")
    np.save(tmp_path / "take.npy", motion.joints)
    BimanualMotion(motion.joints[:, ::-1], motion.fps).save(tmp_path / "wrong.npz")
    for name, successes in (("take.npy", 1), ("wrong.npz", 0)):
        found = bench(tmp_path, "--n", "1", "--motion", str(tmp_path / name))
        rate = found["robots"][0]["rates"]["opposite_lift"]["file"]
        assert (rate["successes"], rate["trials"]) == (successes, 1)


def test_what_is_out_of_reach_is_said(tmp_path, capsys) -> None:
    words = [
        "bench",
        "skills",
        *ONE,
        "--out",
        str(tmp_path),
        "--robot",
        "leap",
        "--n",
        "1",
    ]
    words[words.index("opposite_lift")] = "thumb_to_pinky"
    assert main(words) == 0
    assert "unreachable: left.thumb_tip|right.pinky_tip" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--skills", "juggle"], "juggle"),
        (["--n", "0"], "--n"),
        (["--model", "gpt"], "gpt"),
        (["--motion", "nowhere.npz"], "nowhere.npz"),
        (["--perturbed", "1", "--perturb.mass", "2"], "mass"),
    ],
)
def test_bad_input_is_one_line(words, said, tmp_path, capsys) -> None:
    assert main(["bench", "skills", "--out", str(tmp_path / "out"), *words]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_rollouts_of_a_trajectory(tmp_path, capsys) -> None:
    from retarget import retarget_motion
    from robots import load_robot

    motion = perform("move the left hand up while the right hand moves down")
    trajectory, _ = retarget_motion(motion, load_robot("shadow"))
    trajectory.save(tmp_path / "trajectory.npz")
    words = [
        "bench", "rollouts", str(tmp_path / "trajectory.npz"), "--n", "3", "--workers",
        "1", "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    assert main(words) == 0
    rows = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert rows[0]["broken"] == 0
    (file,) = (tmp_path / "out").glob("*.npz")
    with np.load(file, allow_pickle=False) as arrays:
        assert arrays["qpos"].shape[0] == 3
        assert len(json.loads(str(arrays["perturbations"]))) == 3
    assert "1 chunks in" in capsys.readouterr().out
    assert main(words) == 0
    assert "chunks in" not in capsys.readouterr().out
    assert main([*words[:3], "--n", "0"]) == 2
