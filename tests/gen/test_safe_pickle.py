"""Foreign pickles: plain arrays come through, everything else is refused by name."""

import os
import pickle

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.safe_pickle import load_arrays


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
