"""25-joint hands of WebXR: poses of handy.js and recordings of Vision Pro.

`.jsonl`: one hand per line (`handedness`, `jointPositions` 25 × 3 in millimetres, `time`
in milliseconds, `names`), as handy.js keeps its poses. Lines more than a second apart
are separate poses and become motions of one frame.

`.pkl`: Vision Pro through avp_stream, a list of dictionaries with `time` [s], the wrists'
transforms (1, 4, 4) in the ground frame and the joints' (25, 4, 4) in the wrist's, in
metres, y up.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen import safe_pickle
from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import files, orders, recording
from training.data.sources.source import Source

JOINTS = len(orders.WEBXR)
APART = 1.0
"""Lines further apart than this show separate poses [s]."""
SAME = 1e-4


def find(path: Path) -> list[Path]:
    """Recordings in a folder."""
    if path.is_dir():
        return [file for file in files.below(path, "*.jsonl", "*.pkl") if sniff(file)]
    return [path]


def sniff(path: Path) -> bool:
    """Whether the first line, or the first dictionary, holds 25 joints."""
    if path.is_dir():
        return bool(find(path))
    try:
        if path.suffix == ".jsonl":
            with open(path, encoding="utf-8") as stream:
                return '"jointPositions"' in stream.readline(1 << 16)
        if path.suffix == ".pkl" and path.stat().st_size < safe_pickle.MAX_BYTES:
            with open(path, "rb") as stream:
                return b"_fingers" in stream.read(1 << 16)
    except (OSError, UnicodeDecodeError):
        return False
    return False


def read(path: Path) -> Iterator[RawMotion]:
    """The motions of one file.

    Raises:
        InputError: The file is damaged or of neither kind.
    """
    yield from _vision_pro(path) if path.suffix == ".pkl" else _handy(path)


def _handy(path: Path) -> Iterator[RawMotion]:
    part: list[tuple[float, int, np.ndarray, list[str]]] = []
    number = 0
    for field, value in files.read_jsonl(path):
        line = files.record(path, field, value, "handedness", "jointPositions", "time")
        if line["handedness"] not in SIDES:
            raise InputError(path, f"{field}.handedness", f"{line['handedness']!r}")
        points = files.numbers(
            path, f"{field}.jointPositions", line["jointPositions"], (JOINTS, 3)
        )
        stamp = float(files.numbers(path, f"{field}.time", line["time"], ())) * 1e-3
        names = line.get("names") or []
        if not isinstance(names, list):
            raise InputError(path, f"{field}.names", "not a list")
        names = [str(name) for name in names]
        if part and not 0 <= stamp - part[-1][0] <= APART:
            yield _handy_part(path, number, part)
            number, part = number + 1, []
        joints = orders.to_handx(points * 1e-3, orders.WEBXR)
        part.append((stamp, SIDES.index(line["handedness"]), joints, names))
    yield _handy_part(path, number, part)


def _handy_part(
    path: Path, number: int, part: list[tuple[float, int, np.ndarray, list[str]]]
) -> RawMotion:
    joints = np.full((len(part), 2, 21, 3), np.nan)
    for row, (_, side, hand, _) in enumerate(part):
        joints[row, side] = hand
    names = part[0][3]
    base = recording.loose_name(path)
    time = np.array([line[0] for line in part])
    return recording.motion(
        path, "webxr", f"{base}/{number:04d}" + (f"-{names[0]}" if names else ""),
        time - time[0], joints, same=SAME, group=f"{base}/{number:04d}",
        details={"names": names, "device": "handy.js", "static": len(part) == 1},
    )  # fmt: skip


def _vision_pro(path: Path) -> Iterator[RawMotion]:
    frames = safe_pickle.load_arrays(path)
    if not isinstance(frames, list | tuple) or not frames:
        raise InputError(
            path, "", "not a list of frames", "give an avp_stream recording"
        )
    time = np.zeros(len(frames))
    joints = np.full((len(frames), 2, 21, 3), np.nan)
    for row, frame in enumerate(frames):
        field = f"[{row}]"
        frame = files.record(path, field, frame, "time")
        time[row] = files.numbers(path, f"{field}.time", frame["time"], ())
        for k, side in enumerate(SIDES):
            wrist, fingers = frame.get(f"{side}_wrist"), frame.get(f"{side}_fingers")
            if wrist is None or fingers is None:
                continue
            joints[row, k] = _from_transforms(path, f"{field}.{side}", wrist, fingers)
    yield recording.motion(
        path, "webxr", recording.loose_name(path), time - time[0], joints, same=SAME,
        up=(0.0, 1.0, 0.0), group=recording.loose_name(path),
        details={"device": "Vision Pro"},
    )  # fmt: skip


def _from_transforms(path: Path, field: str, wrist: Any, fingers: Any) -> np.ndarray:
    fingers = files.numbers(path, f"{field}_fingers", fingers, (JOINTS, 4, 4))
    wrist = files.numbers(path, f"{field}_wrist", wrist, (1, 4, 4))
    if not wrist.any() or not fingers.any():
        return np.full((21, 3), np.nan)  # a hand that was never seen holds zeros
    T_ground_wrist = files.rigid(path, f"{field}_wrist", wrist)
    points = fingers[:, :3, 3] @ T_ground_wrist[:3, :3].T + T_ground_wrist[:3, 3]
    return orders.to_handx(points, orders.WEBXR)


SOURCE = Source(
    name="webxr",
    title="WebXR and Vision Pro, 25 joints",
    open=read,
    find=find,
    sniff=sniff,
    fps=None,
    notes="Give a .jsonl of handy.js or a .pkl of avp_stream, or a folder of them.",
)
