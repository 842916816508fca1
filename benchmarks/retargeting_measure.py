"""Measures both sides' trajectories with the same code, on the vendors' descriptions.

Nothing here comes from `retarget`'s own measurements: kinematics is pinocchio's, hulls
are coal's, contacts are gaps between the pads that the robot's hand.toml states.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pinocchio as pin

from retarget.configuration import hand_model
from robots.hand import HandSpec

DEEP = 0.001
"""Overlap of two hulls that counts as penetration [m]."""
HUMAN_PAD = 0.008
"""Radius of a human fingertip [m]."""
CLOSED = 0.005
"""Largest gap that is a contact [m]."""
PINCH, TOUCH = 0.030, 0.020
"""Human tips nearer than this are looked at: within a hand, between hands [m]."""


class Vendor:
    """One hand by its vendor's URDF.

    Args:
        spec: Our description, for pads and limits.
        urdf: The vendor's.
    """

    def __init__(self, spec: HandSpec, urdf: Path) -> None:
        self.spec = spec
        self.model = pin.buildModelFromUrdf(str(urdf))
        self.data = self.model.createData()
        self.hulls = pin.buildGeomFromUrdf(
            self.model, str(urdf), pin.GeometryType.COLLISION,
            package_dirs=[str(urdf.parent)],
        )  # fmt: skip
        for part in self.hulls.geometryObjects:
            if hasattr(part.geometry, "buildConvexRepresentation"):
                part.geometry.buildConvexRepresentation(False)
                part.geometry = part.geometry.convex
        self.order = [
            self.model.joints[self.model.getJointId(name)].idx_q
            for name in spec.joint_names
        ]
        own = pin.buildModelFromUrdf(str(spec.urdf))
        name = spec.joint_names[0]
        placed = [
            self._place(model, np.zeros(model.nq), name) for model in (own, self.model)
        ]
        self.T_own_vendor = placed[0] @ np.linalg.inv(placed[1])
        tips = [(finger.tip_link, np.zeros(3)) for finger in spec.fingers.values()]
        points = hand_model(spec).points(tips)
        self.pads = [
            (self.model.getJointId(spec.joint_names[body - 1]), offset)
            for body, offset in zip(points.body, points.offset)
        ]
        palm = self.model.getJointId(spec.joint_names[points_of_palm(spec) - 1])
        above = (
            set(list(self.model.supports[palm])[:-1]) if points_of_palm(spec) else set()
        )
        self.arm = [part.parentJoint in above for part in self.hulls.geometryObjects]
        """Hulls before the palm stand for the arm and are left out between the hands."""
        self.radius = [finger.pad_radius for finger in spec.fingers.values()]

    @staticmethod
    def _place(model: pin.Model, q: np.ndarray, joint: str) -> np.ndarray:
        data = model.createData()
        pin.forwardKinematics(model, data, q)
        return data.oMi[model.getJointId(joint)].homogeneous

    def configuration(self, joints: np.ndarray) -> np.ndarray:
        """(n,) joints in the spec's order → the vendor model's q."""
        q = np.zeros(self.model.nq)
        q[self.order] = joints
        return q

    def pad_points(self, joints: np.ndarray, T_world_root: np.ndarray) -> np.ndarray:
        """(T, F, 3) centres of the fingertip pads in world [m].

        Args:
            joints: (T, n) in the spec's order.
            T_world_root: (T, 4, 4) of the vendor's root link.
        """
        out = np.zeros((len(joints), len(self.pads), 3))
        for t, row in enumerate(joints):
            pin.forwardKinematics(self.model, self.data, self.configuration(row))
            for k, (joint, offset) in enumerate(self.pads):
                out[t, k] = self.data.oMi[joint].act(offset)
        return to_world(T_world_root, out)

    def links(self, joints: np.ndarray, names: list[str]) -> np.ndarray:
        """(T, K, 3) origins of links in the root frame [m]."""
        frames = [self.model.getFrameId(name) for name in names]
        out = np.zeros((len(joints), len(frames), 3))
        for t, row in enumerate(joints):
            pin.framesForwardKinematics(self.model, self.data, self.configuration(row))
            for k, frame in enumerate(frames):
                out[t, k] = self.data.oMf[frame].translation
        return out

    def self_pairs(self) -> None:
        """Hull pairs of this hand: not of one joint or of neighbours, nor such as touch
        at rest, except that two fingertips always count."""
        parts = self.hulls.geometryObjects
        self.hulls.removeAllCollisionPairs()
        parent = self.model.parents
        for i, a in enumerate(parts):
            for j in range(i + 1, len(parts)):
                x, y = a.parentJoint, parts[j].parentJoint
                if x != y and parent[x] != y and parent[y] != x:
                    self.hulls.addCollisionPair(pin.CollisionPair(i, j))
        distance = hull_distances(
            self.model, self.hulls, self.configuration(self.spec.rest_pose)
        )
        tips = {joint for joint, _ in self.pads}
        pairs = list(self.hulls.collisionPairs)
        for pair, apart in zip(pairs, distance):
            both = {parts[pair.first].parentJoint, parts[pair.second].parentJoint}
            if apart <= 0 and not both <= tips:
                self.hulls.removeCollisionPair(pair)


def points_of_palm(spec: HandSpec) -> int:
    """Number of the body that carries the palm, 0 for the root."""
    return int(hand_model(spec).points([(spec.palm_link, np.zeros(3))]).body[0])


def to_world(T_world_root: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (T, K, 3) from the root frame into world."""
    turned = points @ T_world_root[:, :3, :3].swapaxes(1, 2)
    return turned + T_world_root[:, None, :3, 3]


def hull_distances(
    model: pin.Model, hulls: pin.GeometryModel, q: np.ndarray
) -> np.ndarray:
    """Signed distance of every hull pair [m]; negative is the depth of an overlap."""
    data, shapes = model.createData(), pin.GeometryData(hulls)
    pin.updateGeometryPlacements(model, data, hulls, shapes, q)
    pin.computeDistances(hulls, shapes)
    return np.array([result.min_distance for result in shapes.distanceResults])


@dataclass(frozen=True)
class Played:
    """A trajectory of both hands at the recording's frames.

    Attributes:
        joints: side → (T, n) all joints, the spec's order [rad].
        root: side → (T, 4, 4) the vendor's root link in world.
        scale: Robot size per human size.
    """

    joints: dict[str, np.ndarray]
    root: dict[str, np.ndarray]
    scale: float


def penetrating_frames(vendors: dict[str, Vendor], played: Played) -> tuple[int, float]:
    """Frames in which two hulls overlap by more than 1 mm, and the worst overlap [m]."""
    worst = []
    sides = list(vendors)
    for side in sides:
        vendors[side].self_pairs()
    for t in range(len(played.joints[sides[0]])):
        deepest = 0.0
        placed = []
        for side in sides:
            vendor = vendors[side]
            q = vendor.configuration(played.joints[side][t])
            distances = hull_distances(vendor.model, vendor.hulls, q)
            deepest = max(deepest, -float(distances.min()))
            placed.append(_placements(vendor, q, played.root[side][t]))
        if len(sides) == 2:
            deepest = max(deepest, _between(vendors, sides, placed))
        worst.append(deepest)
    worst = np.array(worst)
    return int((worst > DEEP).sum()), float(worst.max())


def _placements(vendor: Vendor, q: np.ndarray, root: np.ndarray) -> list[pin.SE3]:
    shapes = pin.GeometryData(vendor.hulls)
    pin.updateGeometryPlacements(vendor.model, vendor.data, vendor.hulls, shapes, q)
    base = pin.SE3(root)
    return [base * place for place in shapes.oMg]


def _between(vendors: dict[str, Vendor], sides: list[str], placed: list) -> float:
    """Deepest overlap between the hulls of two hands [m]."""
    import coal

    first, second = (vendors[side].hulls.geometryObjects for side in sides)
    request = coal.DistanceRequest()
    deepest = 0.0
    reach = [_radii(vendors[side]) for side in sides]
    at = [
        np.array([p.act(c) for p, (c, _) in zip(ps, r)]) for ps, r in zip(placed, reach)
    ]
    size = [np.array([r for _, r in rs]) for rs in reach]
    apart = np.linalg.norm(at[0][:, None] - at[1], axis=-1) - size[0][:, None] - size[1]
    arm = [np.array(vendors[side].arm) for side in sides]
    for i, j in np.argwhere((apart < 0) & ~arm[0][:, None] & ~arm[1]):
        result = coal.DistanceResult()
        near = coal.distance(
            first[int(i)].geometry, _transform(placed[0][int(i)]),
            second[int(j)].geometry, _transform(placed[1][int(j)]), request, result,
        )  # fmt: skip
        deepest = max(deepest, -float(near))
    return deepest


def _transform(place: pin.SE3):
    import coal

    return coal.Transform3s(place.rotation, place.translation)


def _radii(vendor: Vendor) -> list[tuple[np.ndarray, float]]:
    """Centre and radius of a ball about each hull, in its own frame."""
    out = []
    for part in vendor.hulls.geometryObjects:
        part.geometry.computeLocalAABB()
        out.append((np.array(part.geometry.aabb_center), part.geometry.aabb_radius))
    return out


def speeds(joints: np.ndarray, fps: float) -> np.ndarray:
    """(T−1, n) |velocity| of joints driven straight from frame to frame [rad/s]."""
    return np.abs(np.diff(joints, axis=0)) * fps


def jerk(joints: np.ndarray, fps: float) -> float:
    """Root mean square of third differences at the recording's frames [rad/s³]."""
    return float(np.sqrt((np.diff(joints, 3, axis=0) ** 2).mean())) * fps**3


def contact_errors(
    pads: np.ndarray, radii: np.ndarray, human: np.ndarray, near: float, scale: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How well pairs of tips keep the human's gap.

    Args:
        pads: (2, T, P, 3) robot pads of P pairs [m].
        radii: (P,) sum of the two pads' radii [m].
        human: (T, P) distances of the human tips [m].
        near: Pairs closer than this count.
        scale: Robot size per human size.

    Returns:
        Of the counted samples |gap − wanted| [m], where the wanted gap is 0 if the human
        pads touch (5 mm) and else the human one at robot size; whether the robot's pads
        are in contact; and ‖distance − human distance‖ of the tip points [m].
    """
    distance = np.linalg.norm(pads[0] - pads[1], axis=-1)
    gap, human_gap = distance - radii, human - 2 * HUMAN_PAD
    wanted = np.where(human_gap <= CLOSED, 0.0, scale * human_gap)
    on = human < near
    return (
        np.abs(gap - wanted)[on], gap[on] <= CLOSED, np.abs(distance - human)[on],
    )  # fmt: skip


def lag(joints: np.ndarray, reference: np.ndarray, most: int = 8) -> int:
    """Frames by which `joints` (T, n) comes after `reference`: the best shift."""

    def error(k: int) -> float:
        a = joints[max(k, 0) : len(joints) + min(k, 0)]
        b = reference[max(-k, 0) : len(reference) + min(-k, 0)]
        return float(((a - b) ** 2).mean())

    return min(range(-most, most + 1), key=error)
