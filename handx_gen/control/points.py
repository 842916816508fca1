"""Names of points and parts of the hands, and distances between points.

A *point* is a joint ("left.index_tip", "right.wrist") or a palm ("left.palm"); its skin
lies a radius away from it. A *part* is a hand ("left"), a finger ("left.index") or a
joint. A palm is its nearest sample (`kinematics.contacts.palm_points`); the distance of
two palms is a mean over their closest samples, as contacts are measured everywhere.
"""

from dataclasses import dataclass

import numpy as np

from handx_gen.errors import InputError
from handx_gen.kinematics.contacts import (
    CLOSEST_PALM_PAIRS,
    PAD_RADIUS,
    PALM_HALF_THICKNESS,
    palm_points,
)
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, JOINT, SIDES


def _palm_weights() -> np.ndarray:
    unit = np.zeros((21, 21, 3))
    unit[np.arange(21), np.arange(21), 0] = 1
    return palm_points(unit)[..., 0].T


PALM_WEIGHTS = _palm_weights()
"""(60, 21): the palm's samples as weighted sums of the joints."""


@dataclass(frozen=True)
class Point:
    """A named point of one hand."""

    side: int
    name: str

    def __str__(self) -> str:
        return f"{SIDES[self.side]}.{self.name}"

    @property
    def radius(self) -> float:
        """From the point to the skin [m]."""
        return PALM_HALF_THICKNESS if self.name == "palm" else PAD_RADIUS

    @property
    def samples(self) -> np.ndarray:
        """(K, 21) weights of the joints in each of its samples."""
        if self.name == "palm":
            return PALM_WEIGHTS
        return np.eye(21)[[JOINT[self.name]]]


def parse_point(where: str, text: str) -> Point:
    """A fingertip, joint or palm by name.

    Raises:
        InputError: No such point.
    """
    side, _, name = text.strip().partition(".")
    if side not in SIDES or (name != "palm" and name not in JOINT):
        raise InputError(
            where, "point", f"{text!r} is not known",
            "e.g. left.index_tip, right.thumb_tip, left.palm",
        )  # fmt: skip
    return Point(SIDES.index(side), name)


def parse_points(where: str, text: str, palm: bool = True) -> np.ndarray:
    """Parts of the hands by name, comma between, (2, 21) bool.

    Args:
        where: For messages.
        text: e.g. "left", "left.index", "left.index,right.wrist".
        palm: Whether a finger includes its base on the palm.

    Raises:
        InputError: No such part.
    """
    mask = np.zeros((2, 21), bool)
    for part in text.split(","):
        side, _, name = part.strip().partition(".")
        if side not in SIDES or (name and name not in (*FINGERS, *JOINT)):
            raise InputError(
                where, "part", f"{part.strip()!r} is not known",
                "e.g. left, left.index, left.index_tip, right.wrist",
            )  # fmt: skip
        row = mask[SIDES.index(side)]
        if name in FINGERS:
            row[CHAIN_INDEX[name][1 if palm else 2 :]] = True
        else:
            row[JOINT[name] if name else slice(None)] = True
    return mask


def distance(
    first: Point, second: Point, joints: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Distance of two points before radii, and how it changes with the joints.

    Args:
        first, second: The points.
        joints: (F, 2, 21, 3) [m].

    Returns:
        (F,) [m] and its derivative (F, 2, 21, 3).
    """
    w_a, w_b = first.samples, second.samples
    a = w_a @ joints[:, first.side]  # (F, A, 3)
    b = w_b @ joints[:, second.side]
    gap = a[:, :, None] - b[:, None]  # (F, A, B, 3)
    length = np.linalg.norm(gap, axis=-1)
    each = np.arange(len(joints))[:, None]
    if len(w_a) > 1 and len(w_b) > 1:
        nearest = length.argmin(2)  # for every sample of the first palm
        short = np.take_along_axis(length, nearest[..., None], 2)[..., 0]
        i = np.argsort(short, 1, kind="stable")[:, :CLOSEST_PALM_PAIRS]
        j = np.take_along_axis(nearest, i, 1)
    else:
        flat = length.reshape(len(joints), -1).argmin(1)[:, None]
        i, j = flat // len(w_b), flat % len(w_b)
    length, gap = length[each, i, j], gap[each, i, j]  # (F, K), (F, K, 3)
    unit = gap / np.maximum(length, 1e-9)[..., None] / i.shape[1]
    change = np.zeros_like(joints, dtype=float)
    change[:, first.side] += np.einsum("fkj,fkc->fjc", w_a[i], unit)
    change[:, second.side] -= np.einsum("fkj,fkc->fjc", w_b[j], unit)
    return length.mean(1), change


def gap(first: Point, second: Point, joints: np.ndarray) -> np.ndarray:
    """Skin to skin, (F,) [m]; negative is overlap."""
    return distance(first, second, joints)[0] - first.radius - second.radius
