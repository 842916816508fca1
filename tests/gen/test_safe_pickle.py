"""Foreign pickles: plain arrays come through, everything else is refused by name."""

import codecs
import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from handx_gen import safe_pickle
from handx_gen.errors import InputError
from handx_gen.safe_pickle import load_arrays, load_npy, load_npz, npz_names


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_in_plain_containers_come_through(tmp_path, protocol):
    content = {
        "c": np.arange(6.0).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
        "text": np.array(["ab", "c"]),
        "empty": np.zeros((0, 3)),
        "list": [np.float32(3.5), (1, "x", True, None, 2.5)],
    }
    path = tmp_path / "arrays.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    read = load_arrays(path)
    for name in ("c", "fortran", "text", "empty"):
        np.testing.assert_array_equal(read[name], content[name])
        kind = (read[name].dtype.kind, read[name].dtype.itemsize)
        assert kind == (content[name].dtype.kind, content[name].dtype.itemsize)
    assert read["list"] == content["list"]


class _Shell:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (_Shell(), "system"),
        (eval, "eval"),
        (np.array([{}], object), "Python objects"),
        (np.load, "load"),
    ],
)
def test_anything_else_is_refused_by_name(tmp_path, content, named):
    path = tmp_path / "foreign.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match=named):
        load_arrays(path)


def test_a_declared_huge_array_allocates_nothing(tmp_path):
    class Huge:
        def __reduce__(self):
            return np._core.multiarray._reconstruct, (np.ndarray, (1 << 40,), b"b")

    path = tmp_path / "huge.pkl"
    path.write_bytes(pickle.dumps(Huge()))
    assert load_arrays(path).size == 0


def test_damaged_and_missing_files_say_so(tmp_path):
    path = tmp_path / "cut.pkl"
    path.write_bytes(pickle.dumps(np.arange(100))[:-20])
    with pytest.raises(InputError, match=r"cut\.pkl"):
        load_arrays(path)
    with pytest.raises(InputError, match="no such file"):
        load_arrays(tmp_path / "none.pkl")


def test_the_recording_is_read(shared_dir):
    frames = load_arrays(
        shared_dir / "real_hands/dex_retargeting/human_joint_right.pkl"
    )
    assert np.array(frames).shape == (621, 21, 3)


def clips(count=3):
    return {
        str(i): {
            "motion": np.full((4, 2, 21, 3), float(i)),
            "left_annotation": ["lifts", "lifts the thumb"],
            "names": np.array(["a", None], object),
        }
        for i in range(count)
    }


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_dictionaries_in_archives_come_through_without_allow_pickle(tmp_path, save):
    save(tmp_path / "clips.npz", **clips(), plain=np.arange(3))
    assert npz_names(tmp_path / "clips.npz") == ["0", "1", "2", "plain"]
    read = dict(load_npz(tmp_path / "clips.npz"))
    np.testing.assert_array_equal(read["plain"], [0, 1, 2])
    for key, clip in clips().items():
        np.testing.assert_array_equal(read[key]["motion"], clip["motion"])
        assert read[key]["left_annotation"] == clip["left_annotation"]
        assert list(read[key]["names"]) == ["a", None]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.zeros((0, 3)),
        np.array("text"),
    ],
)
def test_plain_npy_files_come_through(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(load_npy(tmp_path / "a.npy"), array)


class _Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_hostile_pickle_executes_nothing_in_any_wrapping(tmp_path):
    mark = tmp_path / "executed"
    hostile = {"motion": np.zeros(3), "extra": _Touch(mark)}
    np.save(tmp_path / "h.npy", hostile, allow_pickle=True)
    np.savez(tmp_path / "h.npz", **{"0": hostile})
    (tmp_path / "h.pkl").write_bytes(pickle.dumps(hostile))
    for name, load in (("h.npy", load_npy), ("h.pkl", load_arrays), ("h.npz", _all)):
        with pytest.raises(InputError, match=rf"{name}.*open"):
            load(tmp_path / name)
    assert not mark.exists()
    pickle.loads((tmp_path / "h.pkl").read_bytes())["extra"].close()
    assert mark.exists(), "the file would have executed under pickle.load"


def _all(path):
    return list(load_npz(path))


def _framed(pickled: bytes, shape=()) -> bytes:
    """`.npy` of an object array around a pickle of choice."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|O", "fortran_order": False, "shape": shape}
    )
    return file.getvalue() + pickled


def test_an_object_array_cannot_claim_more_cells_than_it_brings(tmp_path):
    class Claims:
        def __reduce__(self):
            state = (1, (1 << 33,), np.dtype(object), False, [1])
            return np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), state

    (tmp_path / "big.npy").write_bytes(_framed(pickle.dumps(Claims())))
    with pytest.raises(InputError, match="content for 1 cells"):
        load_npy(tmp_path / "big.npy")


def test_an_allowed_function_cannot_be_altered(tmp_path):
    # GLOBAL numpy.dtype, then BUILD with a tuple whose second part sets attributes.
    altered = b"cnumpy\ndtype\n(N}S'_make'\nI1\nst" + b"b."
    (tmp_path / "alter.pkl").write_bytes(altered)
    with pytest.raises(InputError, match="alter an allowed function"):
        load_arrays(tmp_path / "alter.pkl")


def test_calls_that_multiply_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_pickle, "MAX_BYTES", 100_000)
    text = "x" * 10_000

    class Encoded:
        def __reduce__(self):
            return codecs.encode, (text, "latin1")

    (tmp_path / "grow.pkl").write_bytes(pickle.dumps([Encoded() for _ in range(99)]))
    with pytest.raises(InputError, match="grows beyond"):
        load_arrays(tmp_path / "grow.pkl")


def test_archives_that_explode_are_refused_before_anything_expands(tmp_path):
    with zipfile.ZipFile(tmp_path / "b.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.npy", bytes(80 << 20))
    for load in (_all, npz_names):
        with pytest.raises(InputError, match=r"b\.npz.*would expand"):
            load(tmp_path / "b.npz")


@pytest.mark.parametrize("cut", [0, 10, 100, 0.5, 0.99])
def test_cut_files_say_so(tmp_path, cut):
    np.save(tmp_path / "a.npy", np.arange(500.0))
    np.save(tmp_path / "o.npy", clips()["1"], allow_pickle=True)
    np.savez(tmp_path / "z.npz", **clips())
    for name, load in (("a.npy", load_npy), ("o.npy", load_npy), ("z.npz", _all)):
        data = (tmp_path / name).read_bytes()
        size = cut if isinstance(cut, int) else int(cut * len(data))
        (tmp_path / name).write_bytes(data[:size])
        with pytest.raises(InputError, match=name):
            load(tmp_path / name)


def test_a_damaged_byte_in_an_archive_is_noticed(tmp_path):
    np.savez(tmp_path / "z.npz", **clips())
    data = bytearray((tmp_path / "z.npz").read_bytes())
    data[len(data) // 3] ^= 0xFF
    (tmp_path / "z.npz").write_bytes(data)
    with pytest.raises(InputError, match=r"z\.npz"):
        _all(tmp_path / "z.npz")
