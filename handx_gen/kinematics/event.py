"""`Event`: one thing that happened in a motion, and spans of frames."""

from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import runs


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        kind, hand, fingers, other_fingers, direction: As in `RequestedEvent`.
        start, stop: First and last frame.
    """

    kind: str
    hand: str
    fingers: tuple[str, ...] = ()
    other_fingers: tuple[str, ...] = ()
    direction: str = ""
    start: int = 0
    stop: int = 0


def joined(mask: np.ndarray, gap: int) -> list[tuple[int, int]]:
    """Runs of `mask`, those parted by at most `gap` frames merged."""
    merged: list[tuple[int, int]] = []
    for start, stop in runs(mask):
        if merged and start - merged[-1][1] <= gap:
            merged[-1] = (merged[-1][0], stop)
        else:
            merged.append((start, stop))
    return merged
