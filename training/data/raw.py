"""`RawMotion`: a recording as it is, before it is cleaned into a `BimanualMotion`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError


@dataclass(frozen=True, eq=False)
class RawMotion:
    """One recorded sequence of up to two hands.

    Attributes:
        name: Unique within its source, e.g. "P0003_c701bd11"; sequences of one subject
            or take that must not be split over train and test share `group`.
        source: Name of the source format, e.g. "hot3d".
        time: (T,) [s], strictly increasing (duplicated clocks already merged), any rate.
        joints: (T, 2, 21, 3) [m], HandX order, axis 1 left then right; NaN where a
            joint or hand was not seen.
        confidence: (T, 2) in [0, 1]; 1 where the source says nothing.
        up: Unit vector against gravity in the recording's frame, or None if unknown.
        group: What must stay on one side of a split: subject, take, …
        counts: What the reader met and dropped or merged, by reason, in frames.
        text: Captions that came with it: keys "left", "right", "relation" → tuples.
        licence: Licence of the data as its source states it; "" if it says nothing.
        details: Anything else worth keeping: file names, device, units found.

    Raises:
        InputError: Wrong shapes, time not increasing, infinite values, no frame.
    """

    name: str
    source: str
    time: np.ndarray
    joints: np.ndarray
    confidence: np.ndarray
    up: tuple[float, float, float] | None = None
    group: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    text: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    licence: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"{self.source}:{self.name}"
        time = npz.frozen(self.time, float)
        joints = npz.frozen(self.joints, np.float32)
        confidence = npz.frozen(self.confidence, np.float32)
        frames = len(time)
        if joints.shape != (frames, 2, 21, 3) or frames == 0:
            raise InputError(
                where, "joints", f"shape {joints.shape}, expected ({frames}, 2, 21, 3)"
            )
        if confidence.shape != (frames, 2):
            raise InputError(where, "confidence", f"shape {confidence.shape}")
        if not np.isfinite(time).all() or (np.diff(time) <= 0).any():
            raise InputError(where, "time", "must be finite and strictly increasing")
        if np.isinf(joints).any():
            raise InputError(where, "joints", "infinite values")
        for name, value in (
            ("time", time),
            ("joints", joints),
            ("confidence", confidence),
        ):
            object.__setattr__(self, name, value)

    @property
    def seen(self) -> np.ndarray:
        """(T, 2) bool, all 21 joints of the hand are there."""
        return np.isfinite(self.joints).all((2, 3))
