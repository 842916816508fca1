"""From what a reader found to a checked `RawMotion`: clock, gaps, counts.

Counts are frames. Those named `lost_…` are rows of the file that are no frame of the
motion, so that ``rows == frames + sum(lost)`` for every reader; the others name frames
in which something is missing or doubtful and that stay, with NaN where nothing is known.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import plausible

LOW_CONFIDENCE = 0.5
"""Below this a hand is counted as `low_confidence_…`; cleaning decides what to do."""

BACKWARDS = 0.1
"""A clock that steps back in more than this part of the rows is no clock."""


def motion(
    file: Path,
    source: str,
    name: str,
    time: np.ndarray,
    joints: np.ndarray,
    confidence: np.ndarray | None = None,
    *,
    same: float = 0.0,
    counts: Mapping[str, int] | None = None,
    details: Mapping[str, Any] | None = None,
    swapped_fix: str = "",
    **fields: Any,
) -> RawMotion:
    """Check and assemble one recording.

    Args:
        file: Where it came from, for messages and details.
        source: Name of the format.
        name: Name of the recording.
        time: (T,) [s] as in the file; may repeat or step back.
        joints: (T, 2, 21, 3) [m], HandX order, NaN where nothing was seen.
        confidence: (T, 2) as the source states it; ones if it states nothing.
        same: Rows this close in time [s] show one frame on two clocks.
        counts: What the reader counted itself; its `lost_…` are rows not in `time`.
        details: Further details.
        swapped_fix: What to do about exchanged hands.
        fields: Other fields of `RawMotion`.

    Returns:
        The recording, with counts `rows`, `lost_same_time`, `lost_time_backwards`,
        `missing_left`, …

    Raises:
        InputError: No hand in it, an impossible clock, or hands that cannot be.
    """
    if len(time) == 0:
        raise InputError(file, "", "no frames", "fetch or export the file again")
    if len(joints) != len(time):
        raise InputError(file, "time", f"{len(time)} stamps, {len(joints)} frames")
    counted = dict(counts or {})
    rows = len(time) + sum(n for why, n in counted.items() if why.startswith("lost_"))
    confidence = np.ones((len(time), 2)) if confidence is None else confidence
    time, joints, confidence, lost = _one_clock(file, time, joints, confidence, same)
    counted |= {why: n for why, n in lost.items() if n}
    if not np.isfinite(joints).any():
        raise InputError(
            file, "", f"no hand in any of its {rows} rows",
            "leave it out; a test recording without ground truth?",
        )  # fmt: skip
    plausible.check_hands(file, joints, swapped_fix)
    known = np.isfinite(joints).all(-1)  # (T, 2, 21)
    for side, found, sure in zip(SIDES, np.moveaxis(known, 1, 0), confidence.T):
        any_joint = found.any(-1)
        for why, frames in (
            (f"missing_{side}", ~any_joint),
            (f"partial_{side}", any_joint & ~found.all(-1)),
            (f"low_confidence_{side}", any_joint & (sure < LOW_CONFIDENCE)),
        ):
            if frames.any():
                counted[why] = int(frames.sum())
    confidence = np.clip(np.where(known.any(-1), confidence, 0.0), 0.0, 1.0)
    return RawMotion(
        name=name,
        source=source,
        time=time - time[0],
        joints=joints,
        confidence=confidence,
        counts={"rows": rows, **counted},
        details={"file": str(file), **(details or {})},
        **fields,
    )


def _one_clock(
    file: Path,
    time: np.ndarray,
    joints: np.ndarray,
    confidence: np.ndarray,
    same: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, int]]:
    """Keep rows of strictly increasing time; rows of one instant complete one another."""
    time = np.asarray(time, float)
    if not np.isfinite(time).all():
        row = int(np.flatnonzero(~np.isfinite(time))[0])
        raise InputError(file, "time", f"no number in row {row}", "export it again")
    joints, confidence = joints.copy(), confidence.copy()
    kept, lost = [0], {"lost_same_time": 0, "lost_time_backwards": 0}
    for row in range(1, len(time)):
        last = kept[-1]
        step = time[row] - time[last]
        if step > same:
            kept.append(row)
        elif step >= 0:
            lost["lost_same_time"] += 1
            for side in range(2):
                if not np.isfinite(joints[last, side]).all():
                    better = np.isfinite(joints[row, side])
                    if better.sum() > np.isfinite(joints[last, side]).sum():
                        joints[last, side] = joints[row, side]
                        confidence[last, side] = confidence[row, side]
        else:
            lost["lost_time_backwards"] += 1
    if lost["lost_time_backwards"] > BACKWARDS * len(time):
        row = int(np.flatnonzero(np.diff(time) < 0)[0]) + 1
        raise InputError(
            file, "time", f"runs backwards in {lost['lost_time_backwards']} of "
            f"{len(time)} rows, first in row {row}", "sort or split the recording",
        )  # fmt: skip
    return time[kept], joints[kept], confidence[kept], lost


def steady(count: int, fps: float | None, file: Path) -> np.ndarray:
    """(count,) time stamps [s] of a file that has none.

    Raises:
        InputError: No rate is known.
    """
    if fps is None:
        raise InputError(
            file, "fps", "the file holds no time stamps and no rate was given",
            "give the rate of the recording, for example fps=30",
        )  # fmt: skip
    return np.arange(count) / fps


def loose_name(file: Path) -> str:
    """Name of a file that stands alone: its folder and its stem."""
    file = file.absolute()
    return f"{file.parent.name}/{file.name.split('.')[0]}"
