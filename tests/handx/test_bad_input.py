"""Bad input: one clear line that names what is wrong, exit code 2, nothing written."""

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from robots import load_robot

JOINTS = np.zeros((5, 2, 21, 3), np.float32)


def refused(done, *words, folder=None):
    """The line of a refusal; `folder` must hold nothing."""
    assert done.code == 2, done.err or done.out
    assert done.out == ""
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert "Traceback" not in done.err
    for word in (*words, "Fix:"):
        assert str(word) in lines[0], lines[0]
    if folder is not None:
        left = sorted(folder.rglob("*")) if folder.exists() else []
        assert left == [], left
    return lines[0]


@pytest.mark.parametrize("command", ["run", "generate"])
@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_text(handx, tmp_path, command, text):
    done = handx(command, text, "--out", tmp_path / "out")
    refused(done, "text", "empty", folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_text_of_a_whole_book(handx, tmp_path):
    done = handx("run", "clap " * 1000, "--out", tmp_path / "out")
    refused(done, "at most 2000", folder=tmp_path)


@pytest.mark.parametrize("command", [["run", "clap"], ["retarget", "motion.npz"]])
def test_unknown_robot_lists_the_choices(handx, tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "motion.npz", joints=JOINTS, fps=30.0)
    done = handx(*command, "--robot", "shadwo", "--out", tmp_path / "out")
    refused(done, "shadwo", "shadow", "inspire", folder=tmp_path / "out")


def test_unknown_model_lists_the_choices(handx, tmp_path):
    done = handx("run", "clap", "--model", "gpt", "--out", tmp_path / "out")
    refused(done, "gpt", "program", folder=tmp_path)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--seconds", "0"), ("--seconds", "1e9"), ("--seconds", "nan"), ("--samples", "0"),
     ("--samples", "-3"), ("--seed", "-1"), ("--device", "abacus")],
)  # fmt: skip
def test_senseless_options(handx, tmp_path, option, value):
    done = handx("run", "clap", option, value, "--out", tmp_path / "out")
    refused(done, option.strip("-"), folder=tmp_path)


MOTIONS = {
    "NaN": ({"joints": np.full_like(JOINTS, np.nan), "fps": 30.0}, "joints", "NaN"),
    "infinity": ({"joints": JOINTS + np.inf, "fps": 30.0}, "joints", "infinity"),
    "one hand short": ({"joints": JOINTS[:, :1], "fps": 30.0}, "joints", "(5, 1, 21, 3)"),
    "20 joints": ({"joints": JOINTS[:, :, :20], "fps": 30.0}, "joints", "(5, 2, 20, 3)"),
    "no frames": ({"joints": JOINTS[:0], "fps": 30.0}, "joints", "T ≥ 1"),
    "flat": ({"joints": JOINTS.reshape(5, -1), "fps": 30.0}, "joints", "(5, 126)"),
    "millimetres": ({"joints": JOINTS + 400, "fps": 30.0}, "joints", "metres"),
    "text": ({"joints": np.full(JOINTS.shape, "x"), "fps": 30.0}, "joints", "numbers"),
    "no joints": ({"fps": 30.0}, "joints", "missing"),
    "no fps": ({"joints": JOINTS}, "fps", "missing"),
    "fps 0": ({"joints": JOINTS, "fps": 0.0}, "fps", "positive"),
    "fps NaN": ({"joints": JOINTS, "fps": np.nan}, "fps", "positive"),
    "nobody": (
        {"joints": JOINTS, "fps": 30.0, "present": np.zeros(2, bool)}, "present", "hand",
    ),
    "a newer file": (
        {"joints": JOINTS, "fps": 30.0, "schema_version": 99}, "schema_version", "newer",
    ),
}  # fmt: skip


@pytest.mark.parametrize("command", ["retarget", "describe"])
@pytest.mark.parametrize("name", MOTIONS)
def test_motion_that_is_none(handx, tmp_path, name, command):
    arrays, field, words = MOTIONS[name]
    file = tmp_path / "motion.npz"
    np.savez(file, **arrays)
    out = [] if command == "describe" else ["--out", tmp_path / "out"]
    refused(handx(command, file, *out), file, field, words, folder=tmp_path / "out")


def pickled(file):
    np.savez(file, joints=np.array([{"a": 1}], dtype=object), fps=30.0)


def text_file(file):
    file.write_text("hello")


def cut_off(file):
    np.savez(file, joints=JOINTS, fps=30.0)
    file.write_bytes(file.read_bytes()[:-200])


def folder(file):
    file.mkdir()


def foreign_zip(file):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")


def absent(file):
    pass


@pytest.mark.parametrize("command", ["retarget", "describe", "validate", "stream"])
@pytest.mark.parametrize(
    "make", [pickled, text_file, cut_off, folder, foreign_zip, absent]
)
def test_file_that_is_no_such_file(handx, tmp_path, make, command):
    file = tmp_path / "some.npz"
    make(file)
    before = sorted(tmp_path.rglob("*"))
    refused(handx(command, file), file)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_motion_where_a_trajectory_belongs(handx, tmp_path):
    file = tmp_path / "motion.npz"
    np.savez(file, joints=JOINTS, fps=30.0)
    for command in ("validate", "stream"):
        refused(handx(command, file), file, "joint_names")


def rewrite(source, target, **changes):
    """A copy of an .npz with some arrays changed (None removes one)."""
    with np.load(source) as archive:
        arrays = dict(archive) | changes
    np.savez(target, **{k: v for k, v in arrays.items() if v is not None})
    return target


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("hand_left_positions", lambda a: a * np.nan, "NaN"),
        ("hand_left_positions", lambda a: a[:-1], "shape"),
        ("hand_left_positions", lambda a: None, "missing"),
        ("hand_right_velocities", lambda a: a + 0.1, "must be 0"),
        ("time_from_start", lambda a: a[::-1], "increase"),
        ("T_world_base", lambda a: a * 2, "unit length"),
        ("contact_mask", lambda a: a[:, :1], "shapes"),
        ("contact_pairs", lambda a: np.array('["nose|ear"]'), ""),
        ("joint_names", lambda a: np.array("{"), "JSON"),
    ],
)
def test_trajectory_that_is_none(handx, tmp_path, finished, field, change, words):
    with np.load(finished.folder / "trajectory.npz") as archive:
        changed = change(archive[field])
    file = rewrite(
        finished.folder / "trajectory.npz", tmp_path / "t.npz", **{field: changed}
    )
    for command in ("validate", "stream"):
        refused(handx(command, file), file, words)
    assert sorted(tmp_path.iterdir()) == [file]


def test_wrong_motion_for_a_trajectory(handx, tmp_path, finished):
    np.savez(tmp_path / "motion.npz", joints=JOINTS, fps=30.0)
    done = handx("validate", finished.folder / "trajectory.npz",
                 "--motion", tmp_path / "motion.npz", "--out", tmp_path / "out")  # fmt: skip
    refused(done, tmp_path / "motion.npz", "not the motion", folder=tmp_path / "out")


@pytest.mark.parametrize("below", ["a-file/out", "a-file"])
def test_folder_that_cannot_be_written(handx, tmp_path, finished, below):
    (tmp_path / "a-file").write_text("mine")
    out = tmp_path / below
    for words in (
        ["run", "clap"],
        ["generate", "clap"],
        ["retarget", finished.folder / "motion.npz"],
        ["validate", finished.folder / "trajectory.npz"],
    ):
        refused(handx(*words, "--out", out), out, "--out")
    assert (tmp_path / "a-file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(handx, tmp_path):
    tmp_path.chmod(0o500)
    refused(handx("generate", "clap", "--out", tmp_path), tmp_path, "cannot write")


def test_urdf_without_a_needed_link(handx, tmp_path, monkeypatch):
    shadow = load_robot("shadow")
    mine = tmp_path / "robots" / "mine"
    shutil.copytree(shadow.folder, mine)
    tip = shadow.hands["left"].fingers["index"].tip_link
    urdf = mine / "left.urdf"
    urdf.write_text(urdf.read_text().replace(f'"{tip}"', '"elsewhere"'))
    monkeypatch.setenv("HANDX_ROBOTS_PATH", str(tmp_path / "robots"))
    out = tmp_path / "out"
    refused(
        handx("run", "clap", "--robot", "mine", "--out", out), mine, tip, folder=out
    )


def test_a_failure_half_way_leaves_what_was_there(handx, tmp_path, monkeypatch):
    """The last stage fails: the folder is as before, without a trace of the run."""
    from handx import pipeline
    from handx_gen.errors import InputError

    def broken(*_):
        raise InputError("scene", "", "cannot be drawn", "draw it yourself")

    monkeypatch.setattr(pipeline, "validate", broken)
    (tmp_path / "motion.npz").write_text("an older run")
    done = handx("run", "make a fist with the left hand", "--model", "program",
                 "--out", tmp_path)  # fmt: skip
    refused(done, "cannot be drawn")
    assert {f.name: f.read_text() for f in tmp_path.iterdir()} == {
        "motion.npz": "an older run"
    }


def test_a_bug_is_not_swallowed(handx, tmp_path, monkeypatch):
    from handx import pipeline

    monkeypatch.setattr(pipeline, "generate", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        handx("generate", "clap", "--out", tmp_path / "out")
    assert list(Path(tmp_path).iterdir()) == []
