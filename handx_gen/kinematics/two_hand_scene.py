"""Two hands as surfaces in space: palms, fists, and the gaps between them, per frame."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handx_gen.hand_model import FINGER_RADIUS, bone_segments, palm_frame, right_form
from handx_gen.kinematics.contacts import (
    PALM_HALF_THICKNESS,
    palm_points,
    tip_palm_distance,
)
from handx_gen.kinematics.distance import segment_distance
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, TIP_INDEX

REACH = 0.28
"""Wrists further apart than this have no surface near the other hand's [m]."""
FAR = 1.0
"""The gap given to hands out of reach [m]."""
_MCP = [CHAIN_INDEX[f][1] for f in FINGERS[1:]]
_PIP = [CHAIN_INDEX[f][2] for f in FINGERS[1:]]


def solid(hand: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A hand as capsules: 15 finger bones, then 4 rods from wrist to knuckles.

    Args:
        hand: (..., 21, 3) [m].

    Returns:
        Starts and ends (..., 19, 3) and radii (19,) [m].
    """
    starts, ends, radii = bone_segments(hand)
    knuckles = hand[..., _MCP, :]
    wrist = np.broadcast_to(hand[..., :1, :], knuckles.shape)
    return (
        np.concatenate([starts, wrist], -2),
        np.concatenate([ends, knuckles], -2),
        np.concatenate([radii, [PALM_HALF_THICKNESS] * 4]),
    )


@dataclass(frozen=True, eq=False)
class Scene:
    """Two hands over T frames; what is costly is computed when it is asked for.

    Attributes:
        joints: (T, 2, 21, 3) [m].
        curl: (T, 2, 5) [deg], as `HandSignals.curl`.
    """

    joints: np.ndarray
    curl: np.ndarray

    @cached_property
    def wrist(self) -> np.ndarray:
        """(T, 2, 3) [m]."""
        return self.joints[:, :, 0]

    @cached_property
    def frames(self) -> np.ndarray:
        """Palm frames (T, 2, 3, 3); a left hand's axes are those of its mirror image."""
        both = []
        for side in (0, 1):
            frame = palm_frame(right_form(self.joints[:, side], side))
            if side == 0:
                frame = frame * np.array([-1.0, 1, 1])[:, None]
            both.append(frame)
        return np.stack(both, 1)

    @property
    def normal(self) -> np.ndarray:
        """Out of the back of each hand, (T, 2, 3)."""
        return self.frames[..., 2]

    @property
    def pointing(self) -> np.ndarray:
        """From wrist to middle knuckle, (T, 2, 3)."""
        return self.frames[..., 1]

    @cached_property
    def centre(self) -> np.ndarray:
        """Middle of each palm, (T, 2, 3) [m]."""
        return self.joints[:, :, [0, *_MCP]].mean(2)

    @cached_property
    def mean_curl(self) -> np.ndarray:
        """Of the four fingers, (T, 2) [deg]."""
        return self.curl[..., 1:].mean(-1)

    @cached_property
    def least_curl(self) -> np.ndarray:
        """Of the four fingers, (T, 2) [deg]."""
        return self.curl[..., 1:].min(-1)

    @cached_property
    def apart(self) -> np.ndarray:
        """Between the wrists, (T,) [m]."""
        return np.linalg.norm(self.wrist[:, 1] - self.wrist[:, 0], axis=-1)

    @cached_property
    def gap(self) -> np.ndarray:
        """Between the capsules of `solid`, (T, 19 left, 19 right) [m]."""
        gap = np.full((len(self.joints), 19, 19), FAR)
        near = self.apart < REACH
        if near.any():
            a0, a1, r = solid(self.joints[near, 0])
            b0, b1, _ = solid(self.joints[near, 1])
            distance = segment_distance(
                a0[:, :, None], a1[:, :, None], b0[:, None], b1[:, None]
            )
            gap[near] = distance - r[:, None] - r[None]
        return gap

    def between(self, hand: int, own: list[int], others: list[int]) -> np.ndarray:
        """Smallest gap of some capsules of `hand` to some of the other's, (T,) [m]."""
        gap = self.gap if hand == 0 else np.swapaxes(self.gap, 1, 2)
        return gap[:, own][:, :, others].min((1, 2))

    def facing(self, cosine: float) -> np.ndarray:
        """Frames in which the palms look at each other, (T,) bool."""
        away = (self.normal[:, 0] * self.normal[:, 1]).sum(-1) < -cosine
        apart = self.centre[:, 1] - self.centre[:, 0]
        return away & ((apart * self.normal[:, 0]).sum(-1) < 0)

    def knuckle_to_palm(self, hand: int) -> np.ndarray:
        """Gap of the proximal bones of `hand` to the other's palm, (T,) [m]."""
        gap = np.full(len(self.joints), FAR)
        near = self.apart < REACH
        if near.any():
            first = self.joints[near, hand][:, _MCP]
            second = self.joints[near, hand][:, _PIP]
            points = np.concatenate([0.5 * (first + second), second], 1)
            palm = palm_points(self.joints[near, 1 - hand])
            distance = tip_palm_distance(points, palm).min(1)
            gap[near] = distance - FINGER_RADIUS[0] - PALM_HALF_THICKNESS
        return gap

    def beyond(self, hand: int, finger: str) -> np.ndarray:
        """Height of a fingertip over the other palm's plane, + at its back, (T,) [m]."""
        return self.over_palm(hand, finger)[:, 2]

    def over_palm(self, hand: int, finger: str) -> np.ndarray:
        """A fingertip in the axes of the other palm, from its centre, (T, 3) [m]."""
        tip = self.joints[:, hand, TIP_INDEX[FINGERS.index(finger)]]
        offset = tip - self.centre[:, 1 - hand]
        return (offset[:, None] @ self.frames[:, 1 - hand])[:, 0]

    @cached_property
    def spin(self) -> np.ndarray:
        """Rotation of each hand from frame to frame, (T, 2, 3) [deg], motion's axes."""
        step = self.frames[1:] @ np.swapaxes(self.frames[:-1], -1, -2)
        vector = 0.5 * np.stack(
            [
                step[..., 2, 1] - step[..., 1, 2],
                step[..., 0, 2] - step[..., 2, 0],
                step[..., 1, 0] - step[..., 0, 1],
            ],
            -1,
        )
        return np.concatenate([np.zeros((1, 2, 3)), np.degrees(vector)])
