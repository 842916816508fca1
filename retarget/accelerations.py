"""Acceleration as a hard limit: paths that keep it, and its check on the spline.

The acceleration of a uniform cubic B-spline stays inside the convex hull of its control
points' second differences per step squared [deBoor1978]. So a control polygon whose
second differences are at most a·h² makes a curve that keeps the limit a everywhere.
"""

import numpy as np

from retarget.errors import LimitViolation
from retarget.trajectory import JointTrajectory

TOLERANCE = 1e-6
"""Relative rounding that is forgiven when accelerations are checked."""
RESERVE = 1e-6
"""Relative room that a path keeps to its limits against rounding."""
BARRIERS = tuple(1e-4 * 0.2**k for k in range(12))
"""Costs of the limits' logarithms, first to last [rad²]."""
STEPS, SMALL = 8, 1e-7
"""Newton steps at one barrier, at most; a step below this ends them [rad]."""
TO_BOUNDARY = 0.95


def gentle_path(
    values: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    step: np.ndarray,
    bend: np.ndarray,
) -> np.ndarray:
    """The nearest sequence inside a box, with small first and second differences.

    Nearest in the sum of squares, found by a barrier method from a path that keeps all
    limits [NocedalWright2006, ch. 19]: every iterate keeps them. The sequence starts and
    ends at rest: its ends count as repeated. Columns that keep their limits are left alone.

    Args:
        values: (K, n).
        lower, upper: (n,) the box; `values` are inside.
        step, bend: (n,) largest first and second difference.

    Returns:
        (K, n).
    """
    step, bend = step * (1 - RESERVE), bend * (1 - RESERVE)
    rough = (np.abs(np.diff(values, axis=0)).max(0, initial=0.0) > step) | (
        np.abs(_bends(values)).max(0, initial=0.0) > bend
    )
    if not rough.any():
        return values
    out = values.copy()
    out[:, rough] = _project(
        values[:, rough], lower[rough], upper[rough], step[rough], bend[rough]
    )
    return out


def _bends(x: np.ndarray) -> np.ndarray:
    """Second differences (K, n), the ends repeated."""
    return np.diff(np.concatenate([x[:1], x, x[-1:]]), 2, axis=0)


def _slacks(x, lower, upper, step, bend) -> list[np.ndarray]:
    """How far a path (K, n) is from each of the six limits."""
    rise, turn = np.diff(x, axis=0), _bends(x)
    return [x - lower, upper - x, step + rise, step - rise, bend + turn, bend - turn]


def _project(
    wanted: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    step: np.ndarray,
    bend: np.ndarray,
) -> np.ndarray:
    """Minimise ½ Σ (x − wanted)² under the limits."""
    from scipy.linalg import solveh_banded

    room = 1e-3 * (upper - lower)
    middle = np.clip(wanted.mean(0), lower + room, upper - room)
    swing = wanted - middle
    most = np.maximum(
        np.abs(np.diff(wanted, axis=0)).max(0, initial=0.0) / step,
        np.abs(_bends(wanted)).max(0, initial=0.0) / bend,
    )
    x = middle + np.minimum(1.0, 1 / np.maximum(most, 1e-12)) * 0.9 * swing
    x = np.clip(x, lower + room, upper - room)
    for barrier in BARRIERS:
        for _ in range(STEPS):
            slacks = _slacks(x, lower, upper, step, bend)
            below, above, up, down, left, right = (barrier / s for s in slacks)
            gradient = x - wanted + above - below
            pull, twist = down - up, right - left
            gradient[1:] += pull
            gradient[:-1] -= pull
            gradient += _bends(twist)  # the second difference is its own transpose
            band = _hessian(x.shape, [b**2 / barrier for b in (below, above)],
                            (up**2 + down**2) / barrier,
                            (left**2 + right**2) / barrier)  # fmt: skip
            move = -solveh_banded(
                band.reshape(3, -1), gradient.T.ravel(), lower=True,
                overwrite_ab=True, check_finite=False,
            ).reshape(x.shape[::-1]).T  # fmt: skip
            length = 1.0
            for slack, change in zip(
                slacks, _changes(move), strict=True
            ):  # the longest fraction that stays inside
                used = float((-change / slack).max(initial=0.0))
                length = min(length, TO_BOUNDARY / max(used, 1e-12))
            x = x + length * move
            if np.abs(move).max() < SMALL:
                break
    return x


def _changes(move: np.ndarray) -> list[np.ndarray]:
    """Changes of the six slacks along a step."""
    rise, turn = np.diff(move, axis=0), _bends(move)
    return [move, -move, rise, -rise, turn, -turn]


def _hessian(
    shape: tuple[int, ...],
    box: list[np.ndarray],
    rise: np.ndarray,
    turn: np.ndarray,
) -> np.ndarray:
    """Lower band (3, n, K) of 1 + box + DᵀrD + BᵀtB, one column after the other."""
    band = np.zeros((3, shape[1], shape[0]))
    diagonal, first, second = (b.T for b in band)  # (K, n) views
    diagonal += 1 + box[0] + box[1]
    diagonal[1:] += rise
    diagonal[:-1] += rise
    first[:-1] -= rise
    # Row k of B is (1, −2, 1) about k; at the ends the outer 1 falls on the end itself.
    middle = np.full(shape[0], -2.0)
    middle[0] += 1
    middle[-1] += 1
    diagonal += turn * middle[:, None] ** 2
    diagonal[:-1] += turn[1:]
    diagonal[1:] += turn[:-1]
    first[:-1] += turn[:-1] * middle[:-1, None] + turn[1:] * middle[1:, None]
    second[:-2] += turn[1:-1]
    return band


def accelerations(hand: JointTrajectory) -> np.ndarray:
    """(T−1, n) largest |acceleration| of each of the spline's segments [rad/s²].

    Within a segment it is linear, hence largest at an end.
    """
    h = np.diff(hand.time_from_start)[:, None]
    rise = np.diff(hand.positions, axis=0) / h
    v0, v1 = hand.velocities[:-1], hand.velocities[1:]
    start, end = 6 * rise - 4 * v0 - 2 * v1, 2 * v0 + 4 * v1 - 6 * rise
    return np.maximum(np.abs(start), np.abs(end)) / h


def check_accelerations(hand: JointTrajectory, limit: np.ndarray) -> None:
    """Raise if the spline accelerates more than `limit` (n,) [rad/s²] anywhere.

    Raises:
        LimitViolation: Names the worst joint, value and time.
    """
    value = accelerations(hand)
    excess = value - limit * (1 + TOLERANCE)
    if excess.size and excess.max() > 0:
        k, j = np.unravel_index(excess.argmax(), excess.shape)
        raise LimitViolation(
            hand.joint_names[j], "acceleration", float(value[k, j]),
            -float(limit[j]), float(limit[j]), float(hand.time_from_start[k]),
        )  # fmt: skip
