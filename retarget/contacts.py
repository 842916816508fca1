"""Contact points of a robot hand and the gaps between them.

A fingertip is a ball of `Finger.pad_radius` about its tip point. A palm is a sheet of
surface points that faces −z of the hand frame: its gap is measured along the normal
where another point is above the sheet, and to the sheet's edge where it is beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from handx_gen.kinematics.contacts import (
    CLOSEST_PALM_PAIRS,
    CONTACT_GAP,
    PAIRS,
    ContactTrack,
    split_pair,
)
from handx_gen.skeleton import FINGERS, SIDES
from retarget.configuration import HandModel, Points, hand_model
from retarget.rotations import matrix_from_quaternion
from retarget.trajectory import BimanualTrajectory
from robots.hand import HandSpec
from robots.robot import RobotSpec

EDGE = 0.006
"""Half the spacing of palm points [m]: as far beside a point the sheet still counts."""


MEASURED = 0.03
"""Gaps are exact up to this [m]; beyond it a lower bound stands for them."""
CHUNK = 256
"""Frames measured at once, which bounds the memory that two palms need."""


@dataclass(frozen=True, eq=False)
class ContactPoints:
    """Where a hand can touch, in world.

    Attributes:
        tips: finger → (T, 3) tip points [m].
        radius: finger → pad radius [m].
        palm: (T, P, 3) surface points [m].
        normal: (T, 3) the palm's outward normal.
    """

    tips: Mapping[str, np.ndarray]
    radius: Mapping[str, float]
    palm: np.ndarray
    normal: np.ndarray


@dataclass(frozen=True, eq=False)
class Approach:
    """How two points of a pair meet, R rows per frame (palms meet in several places).

    Attributes:
        a, b: (T, R, 3) the facing points [m] in world.
        which_a, which_b: (T, R) index of the palm point, −1 for a fingertip.
        normal: (T, R, 3) unit vector from b to a along which the gap opens.
        gap: (T, R) surface to surface [m].
    """

    a: np.ndarray
    b: np.ndarray
    which_a: np.ndarray
    which_b: np.ndarray
    normal: np.ndarray
    gap: np.ndarray


@lru_cache(maxsize=16)
def tip_points(spec: HandSpec) -> Points:
    """The tip points of a hand's fingers, in the order of `spec.fingers`."""
    return hand_model(spec).points(
        [(finger.tip_link, np.zeros(3)) for finger in spec.fingers.values()]
    )


@lru_cache(maxsize=16)
def palm_points(spec: HandSpec) -> Points:
    """The palm's surface points."""
    return hand_model(spec).palm_cloud()


def available_pairs(robot: RobotSpec, sides: Sequence[str]) -> tuple[str, ...]:
    """The contact pairs whose points exist on this robot's given hands."""

    def exists(side: str, point: str) -> bool:
        return side in sides and (
            point == "palm" or point[: -len("_tip")] in robot.hands[side].fingers
        )

    return tuple(p for p in PAIRS if all(exists(*point) for point in split_pair(p)))


def contact_points(
    spec: HandSpec, joints: np.ndarray, T_world_base: np.ndarray
) -> ContactPoints:
    """A hand's contact points in world.

    Args:
        spec: The hand.
        joints: (T, n) all joints in canonical order [rad].
        T_world_base: (T, 7) pose of the root link, wxyz_xyz.
    """
    model = hand_model(spec)
    pose = model.forward_all(np.asarray(joints, float))
    rotation = matrix_from_quaternion(T_world_base[:, :4])
    return world_points(
        model,
        pose.locate(tip_points(spec)),
        pose.locate(palm_points(spec)),
        rotation,
        T_world_base[:, 4:],
    )


def world_points(
    model: HandModel,
    tips: np.ndarray,
    palm: np.ndarray,
    rotation: np.ndarray,
    position: np.ndarray,
) -> ContactPoints:
    """Contact points from points in the root frame and the root's pose in world."""
    transposed = rotation.swapaxes(1, 2)
    tips = tips @ transposed + position[:, None]
    palm = palm @ transposed + position[:, None]
    fingers = model.spec.fingers
    return ContactPoints(
        {name: tips[:, k] for k, name in enumerate(fingers)},
        {name: finger.pad_radius for name, finger in fingers.items()},
        palm,
        -(rotation @ model.T_base_hand[:3, 2]),
    )


def hand_points(
    robot: RobotSpec, side: str, joints: np.ndarray, T_world_base: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fingertips and palm of one hand in world.

    Args:
        robot: The robot.
        side: "left" or "right".
        joints: (T, n) all joints in canonical order [rad].
        T_world_base: (T, 7) pose of the root link, wxyz_xyz.

    Returns:
        Tips (T, 5, 3) [m] in `skeleton.FINGERS` order, zeros for a finger the robot
        lacks; palm points (T, P, 3) [m].
    """
    found = contact_points(robot.hands[side], joints, T_world_base)
    tips = np.zeros((len(joints), 5, 3))
    for name, tip in found.tips.items():
        tips[:, FINGERS.index(name)] = tip
    return tips, found.palm


def _above_sheet(
    point: np.ndarray, sheet: np.ndarray, normal: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nearest sheet point, direction and signed distance of points (..., 3).

    `sheet` is (..., P, 3), `normal` (..., 3).
    """
    offset = point[..., None, :] - sheet
    nearest = (offset**2).sum(-1).argmin(-1)
    offset = np.take_along_axis(offset, nearest[..., None, None], -2)[..., 0, :]
    height = (offset * normal).sum(-1)
    beside = offset - height[..., None] * normal
    distance = np.linalg.norm(beside, axis=-1)
    beyond = np.maximum(distance - EDGE, 0.0)
    beside = beside * (beyond / np.maximum(distance, 1e-12))[..., None]
    away = beside + height[..., None] * normal
    length = np.linalg.norm(away, axis=-1)
    over = beyond < 1e-9  # straight above or below the sheet: the sign counts
    signed = np.where(over, height, length)
    direction = np.where(
        over[..., None], normal, away / np.maximum(length, 1e-12)[..., None]
    )
    return nearest, direction, signed


def approach(
    points: Mapping[str, ContactPoints],
    pair: str,
    frames: np.ndarray | slice = slice(None),
) -> Approach:
    """How the two points of `pair` meet in the given frames."""
    (side_a, name_a), (side_b, name_b) = split_pair(pair)
    hand_a, hand_b = points[side_a], points[side_b]
    if name_a == name_b == "palm":
        return _palms(
            hand_a.palm[frames],
            hand_b.palm[frames],
            hand_a.normal[frames],
            hand_b.normal[frames],
        )
    if name_a == "palm" or name_b == "palm":
        palm, other, tip_name = (
            (hand_a, hand_b, name_b) if name_a == "palm" else (hand_b, hand_a, name_a)
        )
        finger = tip_name[: -len("_tip")]
        tip = other.tips[finger][frames]
        sheet = palm.palm[frames]
        nearest, direction, height = _above_sheet(tip, sheet, palm.normal[frames])
        spot = np.take_along_axis(sheet, nearest[:, None, None], 1)[:, 0]
        gap = (height - other.radius[finger])[:, None]
        nearest, none = nearest[:, None], np.full((len(tip), 1), -1)
        if name_a == "palm":
            return Approach(
                spot[:, None], tip[:, None], nearest, none, -direction[:, None], gap
            )
        return Approach(
            tip[:, None], spot[:, None], none, nearest, direction[:, None], gap
        )
    finger_a, finger_b = name_a[: -len("_tip")], name_b[: -len("_tip")]
    a, b = hand_a.tips[finger_a][frames], hand_b.tips[finger_b][frames]
    distance = np.linalg.norm(a - b, axis=1)
    normal = (a - b) / np.maximum(distance, 1e-9)[:, None]
    gap = distance - hand_a.radius[finger_a] - hand_b.radius[finger_b]
    none = np.full((len(a), 1), -1)
    return Approach(a[:, None], b[:, None], none, none, normal[:, None], gap[:, None])


def _palms(
    a: np.ndarray, b: np.ndarray, normal_a: np.ndarray, normal_b: np.ndarray
) -> Approach:
    """Two palms meet where their sheets are closest: the nearest few point pairs."""
    frames = len(a)
    nearest, direction, height = _above_sheet(
        a, np.broadcast_to(b[:, None], (frames, a.shape[1], *b.shape[1:])),
        np.broadcast_to(normal_b[:, None], a.shape),
    )  # fmt: skip
    rows = min(CLOSEST_PALM_PAIRS, a.shape[1])
    best = np.argsort(height, axis=1, kind="stable")[:, :rows]
    which_b = np.take_along_axis(nearest, best, 1)
    return Approach(
        np.take_along_axis(a, best[..., None], 1),
        np.take_along_axis(b, which_b[..., None], 1),
        best,
        which_b,
        np.take_along_axis(direction, best[..., None], 1),
        np.take_along_axis(height, best, 1),
    )


def robot_contact_track(
    robot: RobotSpec, trajectory: BimanualTrajectory, pairs: Sequence[str] | None = None
) -> ContactTrack:
    """Contacts that the commanded trajectory makes, by forward kinematics.

    Args:
        robot: The robot.
        trajectory: The commands.
        pairs: Wanted pairs; by default those asked for. A pair the robot cannot have
            is left out.

    Returns:
        Track at the trajectory's samples; contact is a gap of at most 5 mm.
    """
    points = {
        side: contact_points(
            robot.hands[side], hand.positions, trajectory.T_world_base[:, SIDES.index(side)]
        )
        for side, hand in trajectory.hands.items()
        if hand is not None
    }  # fmt: skip
    wanted = trajectory.asked_contacts.pairs if pairs is None else pairs
    can = available_pairs(robot, tuple(points))
    return track(points, tuple(pair for pair in wanted if pair in can))


def _least_gap(points: Mapping[str, ContactPoints], pair: str) -> np.ndarray:
    """(T,) lower bound of a pair's gap from the spheres that hold its points [m]."""
    centre, radius = [], 0.0
    for side, name in split_pair(pair):
        hand = points[side]
        if name == "palm":
            middle = hand.palm.mean(1)
            size = np.linalg.norm(hand.palm[:1] - middle[:1, None], axis=-1).max()
            centre.append(middle)
            radius += float(size) + EDGE
        else:
            finger = name.removesuffix("_tip")
            centre.append(hand.tips[finger])
            radius += hand.radius[finger]
    return np.linalg.norm(centre[0] - centre[1], axis=1) - radius


def track(points: Mapping[str, ContactPoints], pairs: tuple[str, ...]) -> ContactTrack:
    """The contact track of given contact points; palms count where they are closest.

    Gaps beyond `MEASURED` are lower bounds.
    """
    frames = len(next(iter(points.values())).normal)
    gap = np.zeros((frames, len(pairs)))
    for k, pair in enumerate(pairs):
        gap[:, k] = _least_gap(points, pair)
        for start in range(0, frames, CHUNK):
            part = start + np.flatnonzero(gap[start : start + CHUNK, k] < MEASURED)
            gap[part, k] = approach(points, pair, part).gap.min(1)
    return ContactTrack(pairs, gap <= CONTACT_GAP, gap)
