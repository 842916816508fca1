"""Webcam hands as dex-retargeting stores them: a pickled list of (21, 3) arrays.

MediaPipe order, metres, wrist at the origin, one hand, no time stamps. The file does not
say which hand it is: the name may, and the way the fingers bend does.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from handx_gen import safe_pickle
from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import files, orders, plausible, recording
from training.data.sources.source import Source

HEAD = 1 << 16
CLEAR = 0.7
"""Median bend (`plausible.bend_sign`) from which on it tells the side."""


def find(path: Path) -> list[Path]:
    """Pickles in a folder that are not of another source."""
    return (
        [f for f in files.below(path, "*.pkl") if sniff(f)] if path.is_dir() else [path]
    )


def sniff(path: Path) -> bool:
    """Whether it is a pickle that starts with arrays rather than dictionaries."""
    if path.is_dir():
        return bool(find(path))
    if path.suffix != ".pkl":
        return False
    try:
        with open(path, "rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    return b"_reconstruct" in head and b"_fingers" not in head


def read(path: Path, fps: float = 30.0) -> Iterator[RawMotion]:
    """The motion of one file; the other hand is missing throughout.

    Raises:
        InputError: Damaged, hostile, of another shape, or its side cannot be told.
    """
    frames = safe_pickle.load_arrays(path)
    if not isinstance(frames, list | tuple | np.ndarray) or not _length(frames):
        raise InputError(
            path, "", "not a list of frames", "give a list of (21, 3) arrays"
        )
    shapes = {np.shape(frame) for frame in frames}
    if shapes != {(21, 3)}:
        raise InputError(path, "", f"frames of shapes {sorted(map(str, shapes))[:4]}, "
                         "expected (21, 3)", "one hand in MediaPipe order")  # fmt: skip
    hand = orders.to_handx(
        files.numbers(path, "frames", frames, (-1, 21, 3)), orders.MEDIAPIPE
    )
    bend = float(np.nanmedian(plausible.bend_sign(hand, "right")))
    named = [side for side in SIDES if side in path.stem.lower()]
    if len(named) == 1:
        side, told = named[0], "the file's name"
    elif abs(bend) > CLEAR:
        side, told = "right" if bend > 0 else "left", "the way the fingers bend"
    else:
        raise InputError(
            path, "side", "the fingers are too straight to tell left from right",
            "put left or right into the file's name",
        )  # fmt: skip
    joints = np.full((len(hand), 2, 21, 3), np.nan)
    joints[:, SIDES.index(side)] = hand
    yield recording.motion(
        path, "mediapipe_pickle", recording.loose_name(path),
        recording.steady(len(hand), fps, path), joints,
        group=recording.loose_name(path),
        swapped_fix="correct the file's name, or mirror the recording",
        details={"side": f"{side}, by {told}", "fps": "given", "wrist": "at the origin"},
    )  # fmt: skip


def _length(frames: list | tuple | np.ndarray) -> int:
    return 0 if isinstance(frames, np.ndarray) and not frames.ndim else len(frames)


SOURCE = Source(
    name="mediapipe_pickle",
    title="MediaPipe hands of dex-retargeting",
    open=read,
    find=find,
    sniff=sniff,
    clock=False,
    notes="One hand, wrist at the origin, 30 fps unless told; noisy.",
)
