"""A robot whose fingers are as thick as its vendor's collision hulls.

hand.toml states balls and capsules that lie inside a finger; the vendors' hulls, on which
penetration is counted, are thicker. Allegro's and LEAP's hand.toml state those hulls, too
(`boxes`), and both hands are used as they are. For Shadow and Inspire, this benchmark
grows the fingers' pads and last capsules until they hold the fingertips' hulls, for both
sides' measurements alike.
"""

from dataclasses import replace

import coal
import numpy as np
from retargeting_measure import Vendor

from handx_gen.kinematics.contacts import split_pair
from retarget.capsules import capsule_set
from robots.capability import read_capability
from robots.hand import HandSpec
from robots.robot import RobotSpec

TOLERATED = 0.0005
"""A fingertip's hull may look out by this [m]."""


def with_hull_skin(robot: RobotSpec, vendors: dict[str, Vendor]) -> RobotSpec:
    """The robot with grown fingers; the robot itself if it states its hulls."""
    if all(hand.boxes for hand in robot.hands.values()):
        return robot
    hands = {side: _grown(vendor) for side, vendor in vendors.items()}
    return replace(robot, hands=hands)


def grown_floors(robot: RobotSpec, grown: RobotSpec) -> dict[str, float]:
    """Smallest gaps [m] of the capability card, less by what the pads have grown."""
    known = read_capability(robot)
    out = {}
    for pair, floor in (known.floors if known else {}).items():
        for side, point in split_pair(pair):
            name = point.removesuffix("_tip")
            if name in robot.hands[side].fingers:
                before, after = (r.hands[side].fingers[name] for r in (robot, grown))
                floor -= after.pad_radius - before.pad_radius
        out[pair] = max(floor, 0.0)
    return out


def _grown(vendor: Vendor) -> HandSpec:
    spec, capsules = vendor.spec, capsule_set(vendor.spec)
    radii, fingers = capsules.radius.copy(), {}
    for (name, finger), (joint, centre) in zip(spec.fingers.items(), vendor.pads):
        body = 1 + spec.joint_names.index(vendor.model.names[joint])
        points = hull_points(vendor, joint)
        own = np.flatnonzero(capsules.start.body == body)
        ends = capsules.start.offset[own], capsules.end.offset[own]
        if len(points):
            outside = _distance(points, *ends) - capsules.radius[own]
            nearest, missing = outside.argmin(1), outside.min(1) - TOLERATED
            for k, index in enumerate(own):
                radii[index] += missing[nearest == k].max(initial=0.0)
        last = own[_distance(centre[None], *ends)[0].argmin()]
        pad = max(finger.pad_radius, float(radii[last]))
        fingers[name] = replace(finger, pad_radius=pad)
    grown = [replace(c, radius=float(r)) for c, r in zip(spec.capsules, radii)]
    return replace(spec, fingers=fingers, capsules=tuple(grown))


def hull_points(vendor: Vendor, joint: int) -> np.ndarray:
    """(V, 3) corners of the convex hulls on a joint's body, in its frame [m]."""
    found = [np.zeros((0, 3))]
    for part in vendor.hulls.geometryObjects:
        shape = part.geometry
        if part.parentJoint != joint:
            continue
        if not isinstance(shape, coal.ConvexBase):
            continue
        points = np.array([shape.point(k) for k in range(shape.num_points)])
        found.append(points @ part.placement.rotation.T + part.placement.translation)
    return np.concatenate(found)


def _distance(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(V, C) distances of points to segments a–b."""
    along = b - a
    size = np.maximum((along**2).sum(1), 1e-18)
    s = ((points[:, None] - a) * along).sum(-1) / size
    nearest = a + np.clip(s, 0, 1)[..., None] * along
    return np.linalg.norm(points[:, None] - nearest, axis=-1)
