"""Measures both sides' trajectories with the same code, on the vendors' descriptions.

Nothing here comes from `retarget`'s own measurements: kinematics is pinocchio's, hulls
are coal's, contacts are gaps between the pads that the robot's hand.toml states.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import coal
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

    def self_pairs(self) -> list[tuple[int, int]]:
        """Hull pairs of this hand that may not overlap.

        Not those of one joint or of neighbours, nor such as touch at rest, except that
        two fingertips always count.
        """
        parts, parent = self.hulls.geometryObjects, self.model.parents
        tips = {joint for joint, _ in self.pads}
        placed = self.placements(self.configuration(self.spec.rest_pose), np.eye(4))
        pairs = []
        for i, j in itertools.combinations(range(len(parts)), 2):
            a, b = parts[i].parentJoint, parts[j].parentJoint
            if a == b or parent[a] == b or parent[b] == a:
                continue
            apart = hull_distance(parts[i], placed[i], parts[j], placed[j])
            if apart > 0 or {a, b} <= tips:
                pairs.append((i, j))
        return pairs

    def placements(self, q: np.ndarray, T_world_root: np.ndarray) -> list[pin.SE3]:
        """Every hull's pose in world."""
        shapes = pin.GeometryData(self.hulls)
        pin.updateGeometryPlacements(self.model, self.data, self.hulls, shapes, q)
        base = pin.SE3(T_world_root)
        return [base * place for place in shapes.oMg]

    def balls(self) -> tuple[np.ndarray, np.ndarray]:
        """Centres (G, 3) and radii (G,) of balls about the hulls, own frames [m]."""
        for part in self.hulls.geometryObjects:
            part.geometry.computeLocalAABB()
        shapes = [part.geometry for part in self.hulls.geometryObjects]
        centres = np.array([np.array(shape.aabb_center) for shape in shapes])
        return centres, np.array([shape.aabb_radius for shape in shapes])


def points_of_palm(spec: HandSpec) -> int:
    """Number of the body that carries the palm, 0 for the root."""
    return int(hand_model(spec).points([(spec.palm_link, np.zeros(3))]).body[0])


def to_world(T_world_root: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (T, K, 3) from the root frame into world."""
    turned = points @ T_world_root[:, :3, :3].swapaxes(1, 2)
    return turned + T_world_root[:, None, :3, 3]


def hull_distance(a, T_a: pin.SE3, b, T_b: pin.SE3) -> float:
    """Signed distance of two hulls [m]; negative is the depth of their overlap."""
    places = [coal.Transform3s(p.rotation, p.translation) for p in (T_a, T_b)]
    result = coal.DistanceResult()
    return coal.distance(
        a.geometry, places[0], b.geometry, places[1], coal.DistanceRequest(), result
    )


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
    """Frames in which two hulls overlap by more than 1 mm, and the worst overlap [m].

    Between the hands all hulls count but those that stand for the arm.
    """
    sides = list(vendors)
    parts = [part for s in sides for part in vendors[s].hulls.geometryObjects]
    start = len(vendors[sides[0]].hulls.geometryObjects)
    arm = [flag for side in sides for flag in vendors[side].arm]
    pairs = [*vendors[sides[0]].self_pairs()]
    pairs += [(i + start, j + start) for i, j in vendors[sides[1]].self_pairs()]
    pairs += [
        (i, j)
        for i in range(start)
        for j in range(start, len(parts))
        if not arm[i] and not arm[j]
    ]
    first, second = np.array(pairs).T
    balls = [vendors[side].balls() for side in sides]
    centre, radius = (np.concatenate(x) for x in zip(*balls))
    reach = (radius[first] + radius[second]) ** 2
    worst = np.zeros(len(played.joints[sides[0]]))
    for t in range(len(worst)):
        placed = []
        for side in sides:
            q = vendors[side].configuration(played.joints[side][t])
            placed += vendors[side].placements(q, played.root[side][t])
        at = np.array([place.act(c) for place, c in zip(placed, centre)])
        near = ((at[first] - at[second]) ** 2).sum(1) < reach
        for i, j in zip(first[near].tolist(), second[near].tolist()):
            apart = hull_distance(parts[i], placed[i], parts[j], placed[j])
            worst[t] = max(worst[t], -apart)
    return int((worst > DEEP).sum()), float(worst.max())


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


def lag(reached: np.ndarray, wanted: np.ndarray, most: int = 8) -> int:
    """Frames by which points (T, K, 3) come after where they should be: best shift."""

    def error(k: int) -> float:
        a = reached[max(k, 0) : len(reached) + min(k, 0)]
        b = wanted[max(-k, 0) : len(wanted) + min(-k, 0)]
        return float(np.linalg.norm(a - b, axis=-1).mean())

    return min(range(-most, most + 1), key=error)
