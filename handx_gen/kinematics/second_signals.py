"""What the second reader looks at: angles of a fitted hand, surfaces, level crossings."""

import numpy as np

from handx_gen.hand_model import FINGER_RADIUS, fit
from handx_gen.kinematics.distance import segment_distance
from handx_gen.skeleton import CHAIN_INDEX, FINGERS

NEAR, PARTED = 0.005, 0.012
"""Surfaces touch when their gap falls below the first and part above the second [m]."""
PALM_RADIUS = 0.012
"""Half the thickness of a palm [m]."""


class HandSurface:
    """One hand's angles, rotation, travel and surfaces over time."""

    def __init__(self, joints: np.ndarray, side: int) -> None:
        model = fit(joints, side)
        degrees = np.degrees(model.angles)  # (T, 5, 5)
        self.angles = degrees
        self.bend = degrees[..., 3] + degrees[..., 4]
        self.bend[:, 1:] += degrees[:, 1:, 1]
        self.splay = degrees[:, 1, 0] - degrees[:, 4, 0]
        # Seen from where the hand starts, and from where it is half-way: a hand that was
        # raised first turns about axes that have turned with it.
        self.turns = [
            np.degrees(_rotation_vector(model.rotation[frame].T @ model.rotation))
            for frame in (0, len(joints) // 2)
        ]
        self.wrist = np.asarray(joints[:, 0], float)
        self.joints = np.asarray(joints, float)
        rotation = model.rotation
        self.normal = rotation[..., 2].copy()  # out of the back of the hand
        self.pointing = rotation[..., 1].copy()  # from the wrist to the fingers
        if side == 0:
            self.normal[:, 0] *= -1
            self.pointing[:, 0] *= -1
        self.tips = np.stack([joints[:, CHAIN_INDEX[f][3:5]] for f in FINGERS], 1)
        thumb = joints[:, CHAIN_INDEX["thumb"]]
        bone = thumb[:, 4] - thumb[:, 2]
        self.thumb_rise = bone[:, 2] / np.linalg.norm(bone, axis=1)
        self.palm = np.stack(
            [joints[:, [0, CHAIN_INDEX[f][1]]] for f in FINGERS[1:]], 1
        )  # (T, 4, 2, 3) metacarpals
        self.bones = np.concatenate(
            [
                self.palm,
                np.stack(
                    [
                        joints[:, CHAIN_INDEX[f][i : i + 2]]
                        for f in FINGERS
                        for i in (1, 2, 3)
                    ],
                    1,
                ),
            ],
            1,
        )  # (T, 19, 2, 3)
        self.radii = np.concatenate(
            [np.full(4, PALM_RADIUS), np.tile(FINGER_RADIUS, 5)]
        )


def _rotation_vector(rotation: np.ndarray) -> np.ndarray:
    """Axis times angle of (T, 3, 3) rotations, (T, 3) [rad]."""
    cosine = np.clip((np.trace(rotation, axis1=1, axis2=2) - 1) / 2, -1, 1)
    angle = np.arccos(cosine)
    axis = np.stack(
        [
            rotation[:, 2, 1] - rotation[:, 1, 2],
            rotation[:, 0, 2] - rotation[:, 2, 0],
            rotation[:, 1, 0] - rotation[:, 0, 1],
        ],
        1,
    )
    size = np.maximum(np.linalg.norm(axis, axis=1), 1e-9)
    return axis * (angle / size)[:, None]


def crossings(signal: np.ndarray, least: float) -> tuple[list[int], list[int]]:
    """Frames at which a signal has risen, and at which it has fallen.

    It must swing by `least` at all; between 35 and 65 % of its range nothing changes
    (a Schmitt trigger).
    """
    low, high = float(signal.min()), float(signal.max())
    if high - low < least:
        return [], []
    level = (signal - low) / (high - low)
    up = bool(level[0] > 0.5)
    rises, falls = [], []
    for frame, value in enumerate(level):
        if not up and value > 0.65:
            up = True
            rises.append(frame)
        elif up and value < 0.35:
            up = False
            falls.append(frame)
    return rises, falls


def touches(gap: np.ndarray) -> list[tuple[int, int]]:
    """Contacts of a gap [m], entered below `NEAR` and left above `PARTED`."""
    spans: list[tuple[int, int]] = []
    start = -1
    for frame, value in enumerate(gap):
        if start < 0 and value < NEAR:
            start = frame
        elif start >= 0 and value > PARTED:
            spans.append((start, frame - 1))
            start = -1
    if start >= 0:
        spans.append((start, len(gap) - 1))
    return [(a, b) for a, b in spans if b > a]


def surface_gap(a: np.ndarray, b: np.ndarray, radii: float) -> np.ndarray:
    """Surface gap of bones (T, n, 2, 3) and (T, m, 2, 3), closest pair, (T,) [m]."""
    distance = segment_distance(
        a[:, :, None, 0], a[:, :, None, 1], b[:, None, :, 0], b[:, None, :, 1]
    )
    return distance.reshape(len(a), -1).min(1) - radii
