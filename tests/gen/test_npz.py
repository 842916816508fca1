"""Arrays on disk: written whole or not at all, read with suspicion."""

import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from handx_gen import npz
from handx_gen.errors import InputError


def write(path: Path) -> Path:
    return npz.save(path, 3, {"a": np.arange(6.0).reshape(2, 3)}, {"note": {"é": [1]}})


def test_round_trip(tmp_path: Path) -> None:
    reader = npz.Reader(write(tmp_path / "x.npz"), "thing", 3)
    assert np.array_equal(reader.array("a", 2), np.arange(6.0).reshape(2, 3))
    assert reader.json("note") == {"é": [1]}
    assert reader.json("absent", "default") == "default"
    assert "a" in reader
    assert "b" not in reader


def test_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1.npz"), write(tmp_path / "2.npz")
    assert first.read_bytes() == second.read_bytes()


def test_no_pickle_is_ever_needed(tmp_path: Path) -> None:
    with np.load(write(tmp_path / "x.npz"), allow_pickle=False) as archive:
        assert archive.files[0] == "schema_version"
        assert int(archive["schema_version"]) == 3
        assert all(archive[name].dtype != object for name in archive.files)


def test_folders_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    write(tmp_path / "new" / "x.npz")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["x.npz"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = write(tmp_path / "x.npz")
    before = path.read_bytes()

    def fail_halfway() -> None:
        with npz.atomic_path(path) as temporary:
            temporary.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.npz"]


def test_result_is_as_readable_as_the_umask_says(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        path = write(tmp_path / "x.npz")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file.*cannot write here.*--out"):
        write(tmp_path / "file" / "x.npz")


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        npz.Reader(path, "thing", 3)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "x.npz")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert "not a readable" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken"])
def test_not_an_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    assert "not a readable .npz" in refusal(path)


def test_truncated_file(tmp_path: Path) -> None:
    path = write(tmp_path / "x.npz")
    path.write_bytes(path.read_bytes()[:-40])
    refusal(path)


def test_corrupted_entry(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"not an array")
    assert "[a]: not a plain array" in refusal(path)


@pytest.mark.parametrize("version", [np.zeros(2, int), np.array("1"), np.array(1.5)])
def test_a_schema_version_that_is_no_number(tmp_path: Path, version) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, schema_version=version)
    assert "[schema_version]" in refusal(path)


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.array([{"code": "runs"}], dtype=object))
    assert "not a plain array file" in refusal(path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = npz.save(tmp_path / "x.npz", 4, {})
    assert "update handx" in refusal(path)


def test_a_decompression_bomb_is_refused_unopened(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(npz, "MAX_BYTES", 1000)
    path = npz.save(tmp_path / "x.npz", 1, {"a": np.zeros(1000)})
    assert "would expand to" in refusal(path)


def test_missing_and_misshapen_arrays_are_named(tmp_path: Path) -> None:
    reader = npz.Reader(write(tmp_path / "x.npz"), "thing", 3)
    with pytest.raises(InputError, match=r"x\.npz \[b\]: missing.*'a'"):
        reader.array("b")
    with pytest.raises(InputError, match=r"\[a\].*\(2, 3\), expected 1 axes"):
        reader.array("a", 1)


def test_broken_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, note=np.array("{not json"))
    with pytest.raises(InputError, match=r"\[note\]: not JSON"):
        npz.Reader(path, "thing", 1).json("note")


def test_frozen_copies(tmp_path: Path) -> None:
    source = np.zeros(3)
    copy = npz.frozen(source, float)
    source[0] = 1
    assert copy[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        copy[0] = 1


def test_write_text_is_utf8(tmp_path: Path) -> None:
    path = npz.write_text(tmp_path / "x.txt", "≤ 2 mm")
    assert path.read_text(encoding="utf-8") == "≤ 2 mm"
