"""A robot whose fingertips are as thick as its vendor's collision hulls.

hand.toml states the ball that fills a fingertip's pad; the vendors' hulls, on which
penetration is counted, are thicker. For this benchmark the pads and the last capsules of
every finger grow until they hold the hull, for both sides' measurements alike.
"""

from dataclasses import replace

import coal
import numpy as np
from retargeting_measure import Vendor

from retarget.capsules import capsule_set
from robots.hand import HandSpec
from robots.robot import RobotSpec

TOLERATED = 0.0005
"""The hull may look out by this [m]."""


def with_hull_skin(robot: RobotSpec, vendors: dict[str, Vendor]) -> RobotSpec:
    """The robot with grown fingertips."""
    hands = {side: _grown(vendor) for side, vendor in vendors.items()}
    return replace(robot, hands=hands)


def _grown(vendor: Vendor) -> HandSpec:
    spec, capsules = vendor.spec, capsule_set(vendor.spec)
    fingers, radii = dict(spec.fingers), [c.radius for c in spec.capsules]
    for name, (joint, centre), radius in zip(fingers, vendor.pads, vendor.radius):
        points = hull_points(vendor, joint)
        if not len(points):
            continue
        body = 1 + spec.joint_names.index(vendor.model.names[joint])
        own = np.flatnonzero(capsules.start.body == body)
        ends = capsules.start.offset[own], capsules.end.offset[own]
        outside = _distance(points, *ends) - capsules.radius[own]
        nearest = outside.argmin(1)
        missing = outside.min(1)
        for k, index in enumerate(own):
            needed = missing[nearest == k].max(initial=0.0) - TOLERATED
            radii[index] += max(needed, 0.0)
        last = own[_distance(centre[None], *ends)[0].argmin()]
        pad = max(radius, float(radii[last]))
        fingers[name] = replace(fingers[name], pad_radius=pad)
    grown = tuple(replace(c, radius=float(r)) for c, r in zip(spec.capsules, radii))
    return replace(spec, fingers=fingers, capsules=grown)


def hull_points(vendor: Vendor, joint: int) -> np.ndarray:
    """(V, 3) corners of the convex hulls on a joint's body, in its frame [m]."""
    found = [np.zeros((0, 3))]
    for part in vendor.hulls.geometryObjects:
        if part.parentJoint == joint and isinstance(part.geometry, coal.ConvexBase):
            shape = part.geometry
            points = np.array([shape.point(k) for k in range(shape.num_points)])
            found.append(
                points @ part.placement.rotation.T + part.placement.translation
            )
    return np.concatenate(found)


def _distance(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(V, C) distances of points to segments a–b."""
    along = b - a
    size = np.maximum((along**2).sum(1), 1e-18)
    s = ((points[:, None] - a) * along).sum(-1) / size
    nearest = a + np.clip(s, 0, 1)[..., None] * along
    return np.linalg.norm(points[:, None] - nearest, axis=-1)
