"""`BimanualMotion`: what it accepts, what it refuses, and its file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handx_gen import npz
from handx_gen.errors import InputError
from handx_gen.motion import BimanualMotion


def joints(frames: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (frames, 2, 21, 3))


def test_arrays_are_copies_and_read_only() -> None:
    source = joints()
    motion = BimanualMotion(source)
    source[0] = 5
    assert np.abs(motion.joints).max() < 1
    assert motion.joints.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        motion.joints[0] = 0


@given(frames=st.integers(1, 50), fps=st.floats(0.5, 240))
def test_time(frames: int, fps: float) -> None:
    motion = BimanualMotion(joints(frames), fps)
    assert len(motion) == len(motion.time) == frames
    assert motion.time[0] == 0
    assert motion.time[-1] == pytest.approx(motion.duration)


def test_hands_by_name() -> None:
    motion = BimanualMotion(joints())
    assert np.array_equal(motion.hand("left"), motion.joints[:, 0])
    assert np.array_equal(motion.hand("right"), motion.joints[:, 1])


def broken(kind: str) -> dict:
    good = joints()
    match kind:
        case "nan":
            good[2, 1, 5, 0] = np.nan
        case "infinity":
            good[2, 0, 0, 0] = np.inf
        case "millimetres":
            good *= 1000
    arguments = {
        "one hand": {"joints": good[:, :1]},
        "16 joints": {"joints": good[:, :, :16]},
        "flat": {"joints": good.reshape(4, -1)},
        "no frame": {"joints": good[:0]},
        "text": {"joints": good.astype(str)},
        "fps 0": {"joints": good, "fps": 0},
        "fps nan": {"joints": good, "fps": float("nan")},
        "no hand": {"joints": good, "present": [False, False]},
        "three hands": {"joints": good, "present": [True] * 3},
    }
    return arguments.get(kind, {"joints": good})


@pytest.mark.parametrize(
    ("kind", "field", "says"),
    [
        ("nan", "joints", "frame 2"),
        ("infinity", "joints", "frame 2"),
        ("millimetres", "joints", "convert to metres"),
        ("one hand", "joints", r"\(4, 1, 21, 3\)"),
        ("16 joints", "joints", "21 joints"),
        ("flat", "joints", r"\(4, 126\)"),
        ("no frame", "joints", "T ≥ 1"),
        ("text", "joints", "dtype"),
        ("fps 0", "fps", "positive"),
        ("fps nan", "fps", "positive"),
        ("no hand", "present", "at least one"),
        ("three hands", "present", "at least one"),
    ],
)
def test_bad_input_is_one_line_with_the_field(kind: str, field: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        BimanualMotion(**broken(kind))
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


def test_file_round_trip_is_exact(tmp_path: Path) -> None:
    provenance = {"text": "clap — twice", "seed": 3}
    motion = BimanualMotion(joints(), 27.5, np.array([True, False]), provenance)
    loaded = BimanualMotion.load(motion.save(tmp_path / "motion.npz"))
    assert np.array_equal(loaded.joints, motion.joints)
    assert loaded.fps == 27.5
    assert list(loaded.present) == [True, False]
    assert loaded.provenance == provenance


def test_file_of_a_stranger(tmp_path: Path) -> None:
    # Documented as the least that a motion file needs.
    np.savez(tmp_path / "motion.npz", joints=joints(), fps=60)
    motion = BimanualMotion.load(tmp_path / "motion.npz")
    assert motion.fps == 60
    assert motion.present.all()


@pytest.mark.parametrize(
    ("arrays", "field"),
    [
        ({"fps": 30}, "joints"),
        ({"joints": joints()}, "fps"),
        ({"joints": joints()[0], "fps": 30}, "joints"),
        ({"joints": joints() * np.nan, "fps": 30}, "joints"),
        ({"joints": joints(), "fps": np.array([30, 30])}, "fps"),
        ({"joints": joints(), "fps": np.array("fast")}, "fps"),
        ({"joints": joints(), "fps": 30, "present": np.array(["l", "r"])}, "present"),
        ({"joints": joints(), "fps": 30, "provenance": np.array("[1]")}, "provenance"),
    ],
)
def test_bad_file_is_named_with_its_field(tmp_path: Path, arrays, field) -> None:
    path = tmp_path / "motion.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=r"motion\.npz") as caught:
        BimanualMotion.load(path)
    assert caught.value.field == field


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = npz.save(tmp_path / "x.npz", 1, {"positions": np.zeros((3, 4))})
    with pytest.raises(InputError, match=r"joints.*'positions'"):
        BimanualMotion.load(path)
