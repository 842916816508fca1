"""What a hand does, as a few readable signals per frame.

All are computed on right-form hands (left mirrored), so that left and right read the
same. Angles in degrees here, because the events' thresholds are stated in degrees.
"""

from dataclasses import dataclass

import numpy as np

from handx_gen.hand_model import palm_frame, right_form
from handx_gen.skeleton import CHAIN_INDEX, FINGERS


@dataclass(frozen=True, eq=False)
class HandSignals:
    """Signals of one hand over T frames.

    Attributes:
        flexion: (T, 5, 3) [deg]: base, middle and distal joint of each finger, positive
            towards the palm. The thumb's base column is 0: its CMC has no single
            flexion, as in the paper (supplement A.4).
        curl: (T, 5) [deg] sum over a finger's joints: about 0 straight, 200 or more in a
            fist (thumb: MCP + IP).
        spacing: (T, 3) [deg] angle between neighbouring fingers' proximal bones.
        turn: (T, 3) [deg] accumulated rotation of the hand since frame 0 about its own
            axes: towards the palm (flex), towards the thumb (inward), palm up.
        wrist: (T, 3) [m] in the motion's frame (not mirrored).
    """

    flexion: np.ndarray
    curl: np.ndarray
    spacing: np.ndarray
    turn: np.ndarray
    wrist: np.ndarray


def hand_signals(hand: np.ndarray, side: int) -> HandSignals:
    """The signals of one hand, (T, 21, 3) [m]; side 0 left, 1 right."""
    joints = right_form(hand, side)
    rotation = palm_frame(joints)
    local = (joints - joints[:, :1]) @ rotation
    flexion = np.zeros((len(joints), 5, 3))
    directions = []
    for k, finger in enumerate(FINGERS):
        chain = local[:, CHAIN_INDEX[finger]]
        bones = np.diff(chain, axis=1)
        bones /= np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
        directions.append(bones[:, 1])
        if finger == "thumb":
            flexion[:, k, 1:] = _bend(bones[:, 1:3], bones[:, 2:4])
        else:
            # MCP: elevation of the proximal bone against the plane of the palm.
            first = bones[:, 1]
            flexion[:, k, 0] = np.degrees(
                np.arctan2(-first[:, 2], _along(first, bones[:, 0]))
            )
            sign = _hinge_sign(bones)
            flexion[:, k, 1:] = _bend(bones[:, 1:3], bones[:, 2:4]) * sign
    spacing = np.stack(
        [
            np.degrees(np.arccos(np.clip((a * b).sum(-1), -1, 1)))
            for a, b in zip(directions[1:-1], directions[2:], strict=True)
        ],
        1,
    )
    return HandSignals(
        flexion,
        flexion.sum(-1),
        spacing,
        _accumulated_turn(rotation),
        np.asarray(hand[:, 0], float),
    )


def _along(bone: np.ndarray, palm_bone: np.ndarray) -> np.ndarray:
    """Component of `bone` along its palm bone, both flattened to the palm's plane."""
    flat = palm_bone[:, :2] / np.maximum(
        np.linalg.norm(palm_bone[:, :2], axis=-1, keepdims=True), 1e-9
    )
    return (bone[:, :2] * flat).sum(-1)


def _bend(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Unsigned angle between consecutive bones, (T, 2, 3) each → (T, 2) [deg]."""
    return np.degrees(np.arccos(np.clip((first * second).sum(-1), -1, 1)))


def _hinge_sign(bones: np.ndarray) -> np.ndarray:
    """−1 where a finger's joint bends backwards (hyperextension), else 1; (T, 2)."""
    # Flexion turns a right-form finger about −x, whatever its base does.
    about_x = np.cross(bones[:, 1:3], bones[:, 2:4])[..., 0]
    # Only a clear backward bend counts: near straight the sign is noise.
    return np.where(about_x > 0.1, -1.0, 1.0)


def _accumulated_turn(rotation: np.ndarray) -> np.ndarray:
    """Integral of the body rotation rate, (T, 3, 3) → (T, 3) [deg] (see `turn`)."""
    turn = np.zeros((len(rotation), 3))
    if len(rotation) > 1:
        step = np.swapaxes(rotation[:-1], 1, 2) @ rotation[1:]
        vector = 0.5 * np.stack(
            [
                step[:, 2, 1] - step[:, 1, 2],
                step[:, 0, 2] - step[:, 2, 0],
                step[:, 1, 0] - step[:, 0, 1],
            ],
            1,
        )  # (T−1, 3), sine of the small step's angle times its axis
        x, y, z = np.degrees(np.cumsum(vector, 0)).T
        # −x tips the fingers to the palm; +z swings them to the thumb; +y turns the
        # palm of a right-form hand (palm down at rest) inwards and then up.
        turn[1:] = np.stack([-x, z, y], 1)
    return turn


def legs(signal: np.ndarray, threshold: float) -> list[tuple[int, int, float, float]]:
    """Monotone legs between alternating extremes at least `threshold` apart.

    Args:
        signal: (T,).
        threshold: Smallest leg, in the signal's unit.

    Returns:
        (start frame, end frame, start value, end value) of each leg.
    """
    pivots = [0]
    low = high = 0
    direction = 0
    for t in range(1, len(signal)):
        if signal[t] > signal[high]:
            high = t
        if signal[t] < signal[low]:
            low = t
        if direction >= 0 and signal[high] - signal[t] >= threshold:
            if direction == 1 or high > pivots[-1]:
                pivots.append(high)
            direction, low = -1, t
            high = t
        elif direction <= 0 and signal[t] - signal[low] >= threshold:
            if direction == -1 or low > pivots[-1]:
                pivots.append(low)
            direction, high = 1, t
            low = t
    pivots.append(high if direction == 1 else low if direction == -1 else pivots[0])
    found = []
    for a, b in zip(pivots[:-1], pivots[1:], strict=True):
        size = signal[b] - signal[a]
        if abs(size) >= threshold:
            # Rest before and after the leg is not part of it; one that trembles may go
            # back below its start after it has come to its end.
            done = (signal[a : b + 1] - signal[a]) / size
            stop = int(np.flatnonzero(done >= 0.9)[0])
            start = int(np.flatnonzero(done[: stop + 1] <= 0.1)[-1])
            found.append((a + start, a + stop, float(signal[a]), float(signal[b])))
    return found
