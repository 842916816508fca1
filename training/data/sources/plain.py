"""Plain arrays: `.npy` (T, 2, 21, 3), or `.npz` with that as `joints` or `motion`.

Metres, HandX order, left then right. An `.npz` may bring `fps` or `time` [s],
`confidence` (T, 2) and `present` (2,). A hand whose frame is all NaN, or that is zero
throughout, is missing; a frame with some NaN is a mistake.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen import safe_pickle
from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import files, recording
from training.data.sources.source import Source

NAMES = ("joints", "motion")


def find(path: Path) -> list[Path]:
    """Arrays in a folder, also those of which `read` will say what ails them."""
    if path.is_file():
        return [path]
    return [f for f in _arrays(path) if _looks(f) is not False]


def sniff(path: Path) -> bool:
    """Whether the array has the shape, or the archive the name."""
    looked = _arrays(path) if path.is_dir() else [path]
    return any(_looks(file) for file in looked)


def _arrays(folder: Path) -> list[Path]:
    return files.below(folder, "*.npy", "*.npz")


def _looks(path: Path) -> bool | None:
    """Whether a file is of this format; None if it is meant to be and cannot be read."""
    try:
        if path.suffix == ".npz":
            return any(name in NAMES for name in safe_pickle.npz_names(path))
        if path.suffix == ".npy":
            shape = np.load(path, mmap_mode="r").shape
            return shape[1:] == (2, 21, 3) or (None if len(shape) == 4 else False)
    except (InputError, OSError, ValueError, EOFError, SyntaxError):
        return None
    return False


def read(path: Path, fps: float | None = None) -> Iterator[RawMotion]:
    """The motion of one file.

    Raises:
        InputError: Another shape, some NaN, no rate, or hands that cannot be.
    """
    if path.suffix == ".npy":
        held: dict[str, Any] = {"joints": safe_pickle.load_npy(path)}
    else:
        held = dict(safe_pickle.load_npz(path))
    name = next((name for name in NAMES if name in held), None)
    if name is None:
        raise InputError(path, "joints", f"missing; it holds {sorted(held)[:8]}")
    joints = _array(path, name, held[name], (-1, 2, 21, 3))
    hands = joints.reshape(len(joints), 2, 63)
    gone = np.isnan(hands).all(-1) | (hands == 0).all((0, 2))
    if "present" in held:
        gone |= ~_array(path, "present", held["present"], (2,)).astype(bool)
    known = np.isfinite(hands).all(-1)
    if (~known & ~gone).any():
        frame, side = np.argwhere(~known & ~gone)[0]
        raise InputError(
            path, name, f"NaN or infinity in the {SIDES[side]} hand, first in frame "
            f"{frame}", "leave a missing hand out as a whole",
        )  # fmt: skip
    joints[gone] = np.nan
    confidence = held.get("confidence")
    if confidence is not None:
        confidence = _array(path, "confidence", confidence, (len(joints), 2))
    if "time" in held:
        time = _array(path, "time", held["time"], (len(joints),))
    else:
        own = float(_array(path, "fps", held["fps"], ())) if "fps" in held else None
        if own is not None and not 1 <= own <= 1000:
            raise InputError(path, "fps", f"{own}", "between 1 and 1000 Hz")
        time = recording.steady(len(joints), fps or own, path)
    yield recording.motion(
        path, "plain", recording.loose_name(path), time, joints, confidence,
        group=recording.loose_name(path),
    )  # fmt: skip


def _array(path: Path, field: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise InputError(path, field, f"holds {array.dtype}, expected numbers")
    want = tuple(have if want < 0 else want for want, have in zip(shape, array.shape))
    if array.ndim != len(shape) or array.shape != want:
        raise InputError(
            path, field, f"shape {array.shape}, expected "
            f"{str(shape).replace('-1', 'T')}", "HandX order, left then right",
        )  # fmt: skip
    return array.astype(float)


SOURCE = Source(
    name="plain",
    title="Plain arrays (T, 2, 21, 3)",
    open=read,
    find=find,
    sniff=sniff,
    fps=None,
    clock=False,
    notes="Give a .npy with its rate, or a .npz that holds fps or time.",
)
