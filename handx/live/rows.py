"""Frames of commands → knots that keep every limit that the frames keep.

Positions q of even spacing h are the control points of a quadratic B-spline [deBoor1978]:
half-way between two frames it is at (q₀ + q₁) / 2 and moves at (q₁ − q₀) / h, and in between
it accelerates steadily by (q₀ − 2 q₁ + q₂) / h². So it lies between the positions, its
velocity between the frames' velocities, and its acceleration is theirs: what was inside its
limits frame by frame is inside them everywhere. Knots stand half-way between frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.ahead import Commands
from sim.scene import BODY

WRIST_SPEED, WRIST_TURN = 0.5, 2.0
"""How fast driven wrists go to rest [m/s, rad/s]."""

ARM_SPEED = 1.0
"""The same for the joints of arms that carry the hands [rad/s]."""

SHARE = 0.5
"""Share of the joints' limits that a way to rest uses at most."""

PEAK_SPEED, PEAK_PULL = 1.875, 5.7735
"""Of a minimum-jerk move of length 1 in time 1 [FlashHogan1985]."""


@dataclass(frozen=True, eq=False)
class Row:
    """Both hands at one moment, and the arms if the robot has some.

    Attributes:
        positions: side → (n,) [rad]; "body" → those of waist and arms.
        base: side → (7,) pose of the root link, wxyz_xyz; empty where arms carry the hands.
        request: What it follows, as in `handx_gen.live.Frame`.
        text: The same in words.
    """

    positions: Mapping[str, np.ndarray]
    base: Mapping[str, np.ndarray]
    request: int = 0
    text: str = ""


def commands_of(rows: Sequence[Row], start: float, spacing: float) -> Commands:
    """The knots between rows.

    Args:
        rows: At least two.
        start: Time of the first knot [s].
        spacing: Between rows [s].
    """
    positions, velocities, bases = {}, {}, {}
    for side in rows[0].positions:
        values = np.array([row.positions[side] for row in rows])
        positions[side] = (values[:-1] + values[1:]) / 2
        velocities[side] = np.diff(values, axis=0) / spacing
    for side in rows[0].base:
        pairs = zip(rows, rows[1:])
        bases[side] = np.array(
            [pose_between(a.base[side], b.base[side]) for a, b in pairs]
        )
    time = start + np.arange(len(rows) - 1) * spacing
    return Commands(time, positions, velocities, bases)


def pose_between(begin: np.ndarray, end: np.ndarray, share: float = 0.5) -> np.ndarray:
    """A pose between two, wxyz_xyz; straight, and normalised."""
    other = end[:4] if begin[:4] @ end[:4] >= 0 else -end[:4]
    turn = begin[:4] + share * (other - begin[:4])
    at = begin[4:] + share * (end[4:] - begin[4:])
    return np.concatenate([turn / np.linalg.norm(turn), at])


def way_between(
    before: Row, last: Row, end: Row, limits: Mapping[str, np.ndarray], spacing: float
) -> list[Row]:
    """Rows that follow two rows of a motion: brake, go straight to a row, stand there.

    Args:
        before, last: How the hands move.
        end: Where they should be.
        limits: part → (4, n) lower, upper [rad], velocity, acceleration.
        spacing: Between rows [s].
    """
    result = _braked(before, last, limits, spacing)
    begin = result[-1] if result else last
    seconds = 2 * spacing
    for part, start in begin.positions.items():
        gap = np.abs(end.positions[part] - start)
        speed, pull = SHARE * limits[part][2], SHARE * limits[part][3]
        if part == BODY:
            speed = np.minimum(speed, ARM_SPEED)
        seconds = max(
            seconds, float((PEAK_SPEED * gap / speed).max()),
            float(np.sqrt(PEAK_PULL * gap / pull).max()),
        )  # fmt: skip
    for side, pose in begin.base.items():
        reach = np.linalg.norm(end.base[side][4:] - pose[4:]) / WRIST_SPEED
        turn = 2 * np.arccos(min(1.0, abs(pose[:4] @ end.base[side][:4])))
        seconds = max(
            seconds, PEAK_SPEED * float(reach), PEAK_SPEED * turn / WRIST_TURN
        )
    count = int(np.ceil(seconds / spacing))
    s = np.arange(1, count) / count
    for share in 10 * s**3 - 15 * s**4 + 6 * s**5:
        positions = {
            side: start + share * (end.positions[side] - start)
            for side, start in begin.positions.items()
        }
        base = {
            side: pose_between(pose, end.base[side], float(share))
            for side, pose in begin.base.items()
        }
        result.append(Row(positions, base))
    return [*result, end, end]


def _braked(
    before: Row, last: Row, limits: Mapping[str, np.ndarray], spacing: float
) -> list[Row]:
    """Rows in which every joint loses its speed as fast as it may; wrists stay."""
    speeds = {
        side: (last.positions[side] - q) / spacing
        for side, q in before.positions.items()
    }
    result: list[Row] = []
    while any(np.abs(v).max() > 0 for v in speeds.values()):
        now = result[-1] if result else last
        positions = {}
        for side, v in speeds.items():
            low, high, _, pull = limits[side]
            v = np.sign(v) * np.maximum(np.abs(v) - pull * spacing, 0.0)
            positions[side] = np.clip(now.positions[side] + v * spacing, low, high)
            speeds[side] = v
        result.append(Row(positions, last.base))
    return result
