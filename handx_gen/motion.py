"""`BimanualMotion`: what two human hands do over time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES

SCHEMA_VERSION = 1
MAX_COORDINATE = 10.0
"""Joints further than this from the origin [m] are taken for a unit mistake (mm)."""


@dataclass(frozen=True, eq=False)
class BimanualMotion:
    """Joint positions of two hands over time.

    Coordinate frame: canonical (docs/frames.md), +x left wrist → right wrist, +y
    wrist → fingers, +z up; metres.

    Attributes:
        joints: (T, 2, 21, 3) float32 [m]; axis 1: 0 left, 1 right; joints in
            `handx_gen.skeleton.JOINTS` order. Read-only and free of NaN: a hand that
            is not `present` holds zeros.
        fps: Frames per second [Hz].
        present: (2,) bool, which hands the motion has.
        provenance: Where it came from: text, model, seed, source file, licence, …

    Raises:
        InputError: Wrong shape, NaN or infinity, no frame, coordinates beyond 10 m
            (millimetres?), fps that is not positive.
    """

    joints: np.ndarray
    fps: float = 30.0
    present: np.ndarray = field(default_factory=lambda: np.ones(2, bool))
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        joints = np.asarray(self.joints)
        where = self.provenance.get("file", "motion")
        if joints.ndim != 4 or joints.shape[1:] != (2, 21, 3) or len(joints) == 0:
            raise InputError(
                where, "joints", f"shape {joints.shape}, expected (T, 2, 21, 3), T ≥ 1",
                "give both hands with 21 joints each in HandX order",
            )  # fmt: skip
        if joints.dtype.kind not in "fiu":
            raise InputError(
                where,
                "joints",
                f"dtype {joints.dtype}, expected numbers",
                "give metres",
            )
        if not np.isfinite(joints).all():
            frame = int(np.argwhere(~np.isfinite(joints))[0, 0])
            raise InputError(
                where, "joints", f"NaN or infinity, first in frame {frame}",
                "drop or fill those frames first",
            )  # fmt: skip
        largest = float(np.abs(joints).max())
        if largest > MAX_COORDINATE:
            raise InputError(
                where, "joints", f"a coordinate of {largest:.0f} m", "convert to metres"
            )
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise InputError(where, "fps", f"{self.fps}", "give a positive rate in Hz")
        present = np.asarray(self.present)
        marks = present.shape == (2,) and present.dtype.kind in "biu"
        if not marks or not present.any():
            raise InputError(where, "present", f"{present}", "mark at least one hand")
        object.__setattr__(self, "joints", npz.frozen(joints, np.float32))
        object.__setattr__(self, "present", npz.frozen(present, bool))
        object.__setattr__(self, "fps", float(self.fps))
        object.__setattr__(self, "provenance", dict(self.provenance))

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def duration(self) -> float:
        """Time from the first to the last frame [s]."""
        return (len(self) - 1) / self.fps

    @property
    def time(self) -> np.ndarray:
        """(T,) time of each frame [s], from 0."""
        return np.arange(len(self)) / self.fps

    def hand(self, side: str) -> np.ndarray:
        """(T, 21, 3) joints [m] of one side ("left" or "right")."""
        return self.joints[:, SIDES.index(side)]

    def save(self, path: str | Path) -> Path:
        """Write `motion.npz` atomically: `joints`, `fps`, `present`, `provenance`."""
        arrays = {"joints": self.joints, "fps": self.fps, "present": self.present}
        return npz.save(path, SCHEMA_VERSION, arrays, {"provenance": self.provenance})

    @classmethod
    def load(cls, path: str | Path) -> "BimanualMotion":
        """Read a `motion.npz`; `present` and `provenance` may be missing.

        Raises:
            InputError: As the constructor, naming the file.
        """
        reader = npz.Reader(path, "motion", SCHEMA_VERSION)
        provenance = reader.json("provenance", {})
        joints, fps = reader.array("joints"), reader.array("fps", 0)
        if not isinstance(provenance, dict):
            raise InputError(path, "provenance", "not a JSON object")
        if fps.dtype.kind not in "fiu":
            raise InputError(path, "fps", f"dtype {fps.dtype}, expected a number")
        present = reader.array("present") if "present" in reader else np.ones(2, bool)
        # The file name goes in only so that the constructor's message can name it.
        motion = cls(
            joints,
            float(fps),
            present,
            {**provenance, "file": str(path)},
        )
        object.__setattr__(motion, "provenance", provenance)
        return motion
