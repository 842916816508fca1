"""HoloAssist: 26 OpenXR joints per hand, one line of numbers per tick of 30 Hz.

`<session>/Export_py/Hands/{Left,Right}_sync.txt`; world frame in metres with z up. Flags
tell which joints are valid and which only guessed; an invalid one may hold NaN, zeros or
an old value. Time is .NET ticks of 100 ns, which only 64-bit integers hold exactly.
(Facts: Ember-HoloAssist/holoassist-release, taeinkwon/PyHoloAssist, microsoft/psi.)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import files, orders, recording
from training.data.sources.source import Source

TICK = 1e-7
SAME_TICK = 0.005
"""Stamps of the two hands closer than this are one frame [s]."""
JOINTS = len(orders.OPENXR)
MATRICES = 16 * JOINTS


@dataclass(frozen=True)
class Layout:
    """Columns of one variant; `None` where it has no such column."""

    ticks: int
    active: int
    first: int
    flags: bool


LAYOUTS = {
    471: Layout(1, 2, 3, True),  # seconds, ticks, active
    473: Layout(1, 4, 5, True),  # seconds, ticks, grip, pinch, tracked
    470: Layout(0, 1, 2, True),  # OpenXR, not synchronised: ticks, active
    420: Layout(
        0, 3, 4, False
    ),  # HoloLens, not synchronised: ticks, grip, pinch, tracked
    4: Layout(0, 3, 4, False),  # the same, nothing tracked
}
"""Number of columns → where things are."""


def find(path: Path) -> list[Path]:
    """`Hands` folders below `path`."""
    names = ("Left_sync.txt", "Right_sync.txt", "Left.txt", "Right.txt")
    depths = ("", "Hands/", "Export_py/Hands/", "*/Export_py/Hands/")
    found = files.below(path, *(depth + name for depth in depths for name in names))
    return sorted({file.parent for file in found})


def sniff(path: Path) -> bool:
    """Whether there is a folder with both hands' files."""
    return path.is_dir() and bool(find(path))


def read(path: Path) -> Iterator[RawMotion]:
    """The motion of one session's `Hands` folder.

    Raises:
        InputError: A line has another number of columns, no numbers, or no hand is seen.
    """
    chosen = [_file_of(path, side) for side in SIDES]
    hands = [None if file is None else _hand(file) for file in chosen]
    stamps = np.unique(np.concatenate([h[0] for h in hands if h is not None]))
    joints = np.full((len(stamps), 2, 21, 3), np.nan)
    confidence = np.zeros((len(stamps), 2))
    counts: dict[str, int] = {}
    repeated = 0
    for k, hand in enumerate(hands):
        if hand is None:
            continue
        ticks, points, sure, inactive, stale = hand
        first = np.unique(ticks, return_index=True)[1]
        repeated += len(ticks) - len(first)
        at = np.searchsorted(stamps, ticks[first])
        joints[at, k] = points[first]
        confidence[at, k] = sure[first]
        counts[f"inactive_{SIDES[k]}"] = inactive
        counts[f"invalid_joints_{SIDES[k]}"] = stale
    counts["repeated_stamps"] = repeated
    session = path.parent.parent if path.parent.name == "Export_py" else path.parent
    yield recording.motion(
        path, "holoassist", session.absolute().name, (stamps - stamps[0]) * TICK, joints,
        confidence, same=SAME_TICK, counts={why: n for why, n in counts.items() if n},
        group=session.absolute().name, up=(0.0, 0.0, 1.0), licence=SOURCE.licence,
        details={"files": [file.name for file in chosen if file]},
    )  # fmt: skip


def _file_of(path: Path, side: str) -> Path | None:
    for name in (f"{side.capitalize()}_sync.txt", f"{side.capitalize()}.txt"):
        if (path / name).exists():
            return path / name
    return None


def _hand(file: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
    """Ticks, joints with NaN, confidence, inactive and partly invalid frames."""
    stamps, points, sure = [], [], []
    inactive = stale = 0
    for number, line in files.read_lines(file):
        cells = line.split()
        field = f"line {number}"
        layout = LAYOUTS.get(len(cells))
        if layout is None:
            raise InputError(
                file, field, f"{len(cells)} columns, expected one of {sorted(LAYOUTS)}",
                "truncated? fetch it again",
            )  # fmt: skip
        stamps.append(_ticks(file, field, cells[layout.ticks]))
        try:
            values = np.array(cells[layout.active :], dtype=float)
        except ValueError as error:
            raise InputError(file, field, f"not numbers ({error})") from error
        hand, tracked = np.full((JOINTS, 3), np.nan), 0.0
        if values[0] and len(cells) > layout.first:
            body = values[layout.first - layout.active :]
            hand = body[:MATRICES].reshape(JOINTS, 4, 4)[:, :3, 3].copy()
            valid = np.isfinite(hand).all(-1) & hand.any(-1)
            tracked = 1.0
            if layout.flags:
                valid &= body[MATRICES : MATRICES + JOINTS] != 0
                tracked = float(np.mean(body[MATRICES + JOINTS :] != 0))
            hand[~valid] = np.nan
            stale += not valid.all()
        else:
            inactive += 1
        points.append(hand)
        sure.append(tracked)
    gathered = orders.to_handx(np.array(points), orders.OPENXR)
    return np.array(stamps, np.int64), gathered, np.array(sure), inactive, stale


def _ticks(file: Path, field: str, cell: str) -> int:
    try:
        ticks = int(cell)
    except ValueError:
        raise InputError(
            file, field, f"time stamp {cell!r}", "ticks must be whole numbers"
        ) from None
    if not 0 <= ticks < 2**62:
        raise InputError(file, field, f"time stamp {cell!r}", "fetch it again")
    return ticks


SOURCE = Source(
    name="holoassist",
    title="HoloAssist",
    open=read,
    find=find,
    sniff=sniff,
    licence="CDLA-Permissive-2.0",
    notes="Give the folder of sessions, or one session.",
)
