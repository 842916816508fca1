"""How one piece of motion passes into another, and how motion comes to rest.

Everything happens in the hands' own parameters (`control.pose`), so bones stay what they
are to the last digit. At a junction the new piece d is not quite where the motion c is.
Their difference o = c − d and its slope are carried over and fade by the quintic

    e(s) = o (1 − 10 s³ + 15 s⁴ − 6 s⁵) + N o' (s − 6 s³ + 8 s⁴ − 3 s⁵),   0 ≤ s ≤ 1,

which begins with value o and slope o' per frame, ends with neither, and bends nowhere
abruptly. So position and velocity are continuous whatever is joined with what.
"""

from dataclasses import replace

import numpy as np

from handx_gen.control.pose import PARAMETERS, Pose
from handx_gen.control.timing import cubic
from handx_gen.hand_model import LOWER, UPPER

SETTLE = 10
"""Frames in which motion comes to rest."""

WRIST_SPEED, TURN_SPEED = 0.6, 4.0
"""How fast a difference may be made up for, at its peak [m/s, rad/s]."""

QUINTIC_PEAK = 1.875
"""Peak speed of a minimum-jerk move over its mean speed."""


def fading(value: np.ndarray, slope: np.ndarray, frames: int) -> np.ndarray:
    """e(s) at the frames 1 to `frames` after the junction.

    Args:
        value: (...) difference in the last frame before the junction.
        slope: (...) its change per frame there.
        frames: N, at which nothing of it is left.

    Returns:
        (frames, ...).
    """
    s = (np.arange(1, frames + 1) / frames).reshape(-1, *[1] * value.ndim)
    of_value = 1 - 10 * s**3 + 15 * s**4 - 6 * s**5
    of_slope = s - 6 * s**3 + 8 * s**4 - 3 * s**5
    return of_value * value + frames * of_slope * slope


def fade_frames(value: np.ndarray, fps: float, least: int) -> int:
    """How many frames a difference (2, 31) needs not to be made up for in a hurry."""
    way = np.linalg.norm(value[:, :3], axis=-1).max() / WRIST_SPEED
    turn = max(np.linalg.norm(value[:, 3:6], axis=-1).max(), np.abs(value[:, 6:]).max())
    seconds = QUINTIC_PEAK * max(way, turn / TURN_SPEED)
    return max(least, int(np.ceil(seconds * fps)))


def carried_on(before: Pose, after: Pose, shared: int, fps: float, fade: int) -> Pose:
    """`after` behind its first `shared` frames, joined to the end of `before`.

    Args:
        before: What is there, at least two frames.
        after: A piece whose first `shared` frames stand for the last ones of `before`.
        shared: At least two.
        fps: Rate of both [Hz].
        fade: Frames within which their difference fades, more if it is large.

    Returns:
        The frames that follow `before`, len(after) − shared of them.
    """
    ends = np.arange(len(before) - 2, len(before))
    off = before.at(ends).minus(after.at(np.arange(shared - 2, shared)))
    result = after.at(np.arange(shared, len(after)))
    frames = fade_frames(off[1], fps, fade)
    change = np.zeros((max(frames, len(result)), 2, PARAMETERS))
    change[:frames] = fading(off[1], off[1] - off[0], frames)
    result.step(change[: len(result)])
    return result


def settled(before: Pose) -> Pose:
    """`SETTLE` frames in which what moves at the end of `before` comes to rest."""
    ends = before.at(np.arange(len(before) - 2, len(before)))
    last = ends.at(np.array([1]))
    slope = last.minus(ends.at(np.array([0])))  # (1, 2, 31) per frame
    # The way of a speed that falls from 1 to 0 as 1 − 3 s² + 2 s³.
    s = np.arange(1, SETTLE + 1) / SETTLE
    way = SETTLE * (s - s**3 + 0.5 * s**4)
    ahead = last.at(np.zeros(SETTLE, int))
    ahead.step(way[:, None, None] * slope)
    return ahead


def held(before: Pose, frames: int) -> Pose:
    """The last frame of `before`, for so many frames."""
    return before.at(np.full(frames, len(before) - 1))


def read_at(pose: Pose, times: np.ndarray) -> Pose:
    """A pose at frames with fractions, cubic between its frames.

    Args:
        pose: At least two frames.
        times: (F,) within them.
    """
    weights = cubic(len(pose), times)
    turns = np.einsum("fn,nsij->fsij", weights, pose.rotation)
    left, _, right = np.linalg.svd(turns)  # the nearest rotations
    return replace(
        pose,
        wrist=np.einsum("fn,nsc->fsc", weights, pose.wrist),
        rotation=left @ right,
        angles=np.clip(np.einsum("fn,nskd->fskd", weights, pose.angles), LOWER, UPPER),
    )


def played_at(pose: Pose, rate: float, onset: int, frames: int | None = None) -> Pose:
    """A piece played faster or slower, beginning at its own pace.

    Args:
        pose: The piece; its first frame is the last one before the junction.
        rate: Its frames per frame played, reached within `onset` frames.
        onset: Frames over which the pace changes.
        frames: Frames to play; None plays it to its end.

    Returns:
        The frames after the first one.
    """
    last = len(pose) - 1
    count = frames or int(np.ceil(last / min(rate, 1.0))) + onset
    n = np.arange(1, count + 1)
    s = np.clip(n / onset, 0, 1)
    # The integral of a pace that goes from 1 to `rate` as 3 s² − 2 s³.
    early = onset * (s + (rate - 1) * (s**3 - 0.5 * s**4))
    times = early + rate * np.maximum(n - onset, 0)
    within = times <= last + 1e-9
    return read_at(pose, np.minimum(times[within], last))
