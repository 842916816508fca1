"""Pieces of a trajectory that always end at rest.

Every message is a short stretch of the path followed by a braking tail *along the
path*: time slows down until it stops. Braking this way keeps both hands together and
on positions that were validated, and it makes the loss of the stream a smooth stop.
"""

import numpy as np

from retarget.trajectory import JointTrajectory

MIN_SPACING = 1e-4
"""Points closer than this in time [s] are merged."""

SHORTEST_BRAKE = 0.1
"""Braking takes at least this long [s]."""

TAIL_SPACING = 0.01
"""Spacing of the points of a braking tail [s]."""

Piece = tuple[np.ndarray, np.ndarray, np.ndarray]
"""(K,) time [s] after the piece's start, (K, n) positions [rad], velocities [rad/s]."""


def brake_seconds(path: JointTrajectory, acceleration_limit: np.ndarray) -> float:
    """How long braking must take so that no joint exceeds its acceleration limit.

    Slowing the path's clock from 1 to 0 in d seconds adds |q'| / d to a joint's
    acceleration, hence d ≥ |q'| / limit for every joint.

    Args:
        path: The path.
        acceleration_limit: (n,) [rad/s²].
    """
    speed = path.extrema()[2].max(0)
    return max(SHORTEST_BRAKE, float((speed / acceleration_limit).max(initial=0.0)))


def piece(path: JointTrajectory, start: float, horizon: float, brake: float) -> Piece:
    """The path from `start` for `horizon` seconds at full speed, then braking.

    Args:
        path: The path.
        start: Path time of the first point [s].
        horizon: Seconds at full speed; 0 brakes at once.
        brake: Seconds of braking.

    Returns:
        Points whose time 0 is `start`; the last is at rest. Over the first part they
        reproduce the path's spline exactly, because its knots are among them.
    """
    knots = path.time_from_start
    turn = start + horizon
    full = knots[(knots > start + MIN_SPACING) & (knots < turn - MIN_SPACING)] - start
    # Clock of the path while braking: s(τ) = turn + τ − τ² / 2d, its rate 1 − τ / d.
    ahead = knots[(knots > turn) & (knots < turn + brake / 2)] - turn
    at_knots = brake * (1 - np.sqrt(np.maximum(1 - 2 * ahead / brake, 0)))
    steps = int(np.ceil(brake / TAIL_SPACING))
    tail = np.union1d(np.linspace(0, brake, steps + 1), at_knots)
    tail = tail[np.concatenate([[True], np.diff(tail) > MIN_SPACING])]
    tail[-1] = brake
    if horizon > 0:
        full = np.concatenate([[0.0], full])
    rate = np.concatenate([np.ones(len(full)), 1 - tail / brake])
    clock = np.concatenate([start + full, turn + tail - tail**2 / (2 * brake)])
    time = np.concatenate([full, horizon + tail])
    positions, velocities = path.sample(clock)
    return time, positions, velocities * rate[:, None]
