"""Folders that are never left half-written."""

import pytest

from handx.files import staged
from handx_gen.errors import InputError


def test_files_arrive_together_at_the_end(tmp_path):
    out = tmp_path / "a" / "b"
    with staged(out, ()) as folder:
        (folder / "one").write_text("1")
        (folder / "two").write_text("2")
        assert [f for f in out.iterdir() if f != folder] == []
    assert {f.name for f in out.iterdir()} == {"one", "two"}


def test_an_error_leaves_no_trace_not_even_the_folders(tmp_path):
    def fail():
        with staged(tmp_path / "a" / "b", ()) as folder:
            (folder / "one").write_text("1")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_other_peoples_files_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "video.mp4").write_text("of the last run")
    with staged(tmp_path, ("motion.npz", "video.mp4")) as folder:
        (folder / "motion.npz").write_text("new")
    assert {f.name for f in tmp_path.iterdir()} == {"notes.txt", "motion.npz"}


def test_a_place_that_cannot_be_written_is_said_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--out"), staged(tmp_path / "file" / "x", ()):
        pytest.fail("the work began")


def test_a_folder_in_the_place_of_a_result_is_said_before_the_work(tmp_path):
    (tmp_path / "report.json").mkdir()
    with (
        pytest.raises(InputError, match=r"report\.json"),
        staged(tmp_path, ("report.json", "rollout.npz")),
    ):
        pytest.fail("the work began")
