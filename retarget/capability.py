"""What a robot's kinematics can touch: every pinch and every touch between the hands.

A pinch is measured by multi-start inverse kinematics: the smallest distance between the
thumb's and the finger's tip point inside the limits, less both pad radii. A touch
between the hands has free wrists, so two points can always be brought together; what
matters is whether something else is in the way. It is called reachable where each point
can be *exposed*: in some pose and direction it is the foremost part of its hand, so that
both hands fit on their own side of a plane through the contact.

`python -m retarget.capability shadow` writes `robots/shadow/capability.json`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handx_gen import npz
from handx_gen.kinematics.contacts import CONTACT_GAP
from handx_gen.skeleton import SIDES
from retarget.errors import RetargetError
from robots.capability import FILE_NAME, Reach, urdf_sha256
from robots.hand import HandSpec
from robots.robot import RobotSpec

STARTS = 24
"""Starts of one inverse kinematics; 3 to 10 joints need far fewer."""
POSES, DIRECTIONS = 400, 256
"""Poses and directions tried to expose a point."""
DEFINITION = (
    "short_by_mm: smallest gap between the two surfaces within the joint limits, tip "
    "points' distance less both pad radii; 0 where they can touch. point_distance_mm: "
    "smallest distance between the tip points. overlap_mm: deepest overlap of other "
    "links' capsules in the touching pose found; between the hands 0 means that both "
    "points can be exposed."
)


@dataclass(frozen=True, eq=False)
class Closest:
    """The closest approach of two links' origins.

    Attributes:
        distance: [m].
        joints: (m,) actuated joints there [rad].
    """

    distance: float
    joints: np.ndarray


class _Kinematics:
    """pinocchio on the actuated joints of one hand."""

    def __init__(self, hand: HandSpec) -> None:
        import pinocchio as pin

        self._pin, self.hand = pin, hand
        self.model = pin.buildModelFromUrdf(str(hand.urdf))
        self.data = self.model.createData()
        self.lower = hand.lower[hand.actuated_index]
        self.upper = hand.upper[hand.actuated_index]
        self.rest = hand.rest_pose[hand.actuated_index]
        joints = [self.model.joints[self.model.getJointId(n)] for n in hand.joint_names]
        self._rows_q = [joint.idx_q for joint in joints]
        self._rows_v = [joint.idx_v for joint in joints]
        self._matrix = hand.expansion[0]

    def frame(self, link: str) -> int:
        if not self.model.existFrame(link):
            raise RetargetError(f"{self.hand.urdf}: no link {link!r}")
        return self.model.getFrameId(link)

    def configuration(self, actuated: np.ndarray) -> np.ndarray:
        q = self._pin.neutral(self.model)
        q[self._rows_q] = self.hand.expand(actuated)
        return q

    def place(self, actuated: np.ndarray) -> None:
        self._pin.framesForwardKinematics(
            self.model, self.data, self.configuration(actuated)
        )

    def point(self, frame: int) -> np.ndarray:
        return self.data.oMf[frame].translation.copy()

    def difference(self, a: int, b: int, actuated: np.ndarray) -> np.ndarray:
        """(3,) from the origin of frame b to that of frame a [m]."""
        self.place(actuated)
        return self.point(a) - self.point(b)

    def difference_jacobian(self, a: int, b: int, actuated: np.ndarray) -> np.ndarray:
        """(3, m) derivative of `difference`."""
        world = self._pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        q = self.configuration(actuated)
        jacobian = (
            self._pin.computeFrameJacobian(self.model, self.data, q, a, world)
            - self._pin.computeFrameJacobian(self.model, self.data, q, b, world)
        )[:3]
        return jacobian[:, self._rows_v] @ self._matrix

    def starts(self, seed: int) -> np.ndarray:
        """(STARTS, m) the rest pose and random poses strictly inside the limits."""
        generator = np.random.default_rng(seed)
        at = generator.uniform(0.02, 0.98, (STARTS, len(self.lower)))
        at[0] = np.clip(
            (self.rest - self.lower) / (self.upper - self.lower), 0.02, 0.98
        )
        return self.lower + at * (self.upper - self.lower)

    def segments(self) -> tuple[np.ndarray, np.ndarray]:
        """(C, 3), (C, 3) ends of the hand's capsules in the root frame, as placed."""
        ends = np.empty((2, len(self.hand.capsules), 3))
        for i, capsule in enumerate(self.hand.capsules):
            placement = self.data.oMf[self.frame(capsule.link)]
            ends[0, i] = placement.act(np.array(capsule.a))
            ends[1, i] = placement.act(np.array(capsule.b))
        return ends[0], ends[1]


def closest(hand: HandSpec, link_a: str, link_b: str, seed: int = 0) -> Closest:
    """Bring the origins of two links of one hand as close as the limits allow.

    Args:
        hand: The hand.
        link_a: Link name in its URDF.
        link_b: The other link's name.
        seed: Of the random starts.

    Raises:
        RetargetError: A link is unknown.
    """
    from scipy.optimize import least_squares

    kinematics = _Kinematics(hand)
    a, b = kinematics.frame(link_a), kinematics.frame(link_b)
    best = Closest(np.inf, kinematics.rest)
    for start in kinematics.starts(seed):
        found = least_squares(
            lambda x: kinematics.difference(a, b, x),
            start,
            lambda x: kinematics.difference_jacobian(a, b, x),
            bounds=(kinematics.lower, kinematics.upper),
            xtol=1e-10, ftol=1e-12, gtol=1e-12,
        )  # fmt: skip
        distance = float(np.linalg.norm(found.fun))
        if distance < best.distance:
            best = Closest(distance, found.x)
        if distance < 1e-6:
            break
    return best


def pinch(hand: HandSpec, finger: str, seed: int = 0) -> Reach:
    """The pinch of thumb and `finger`, and what else overlaps in it.

    Raises:
        RetargetError: The hand has no such finger.
    """
    if finger not in hand.fingers or finger == "thumb":
        choices = ", ".join(f for f in hand.fingers if f != "thumb")
        raise RetargetError(f"{hand.name}: no pinch with {finger!r}. Choose: {choices}")
    thumb, other = hand.fingers["thumb"], hand.fingers[finger]
    pads = thumb.pad_radius + other.pad_radius
    floor = closest(hand, thumb.tip_link, other.tip_link, seed).distance
    overlap = 0.0 if floor > pads else _least_overlap(hand, finger, pads, seed)
    return Reach(max(floor - pads, 0.0), floor, overlap)


def _least_overlap(hand: HandSpec, finger: str, pads: float, seed: int) -> float:
    """Deepest overlap of other capsules, over touching poses from many starts [m]."""
    from scipy.optimize import least_squares

    kinematics = _Kinematics(hand)
    tips = [hand.fingers[name].tip_link for name in ("thumb", finger)]
    a, b = (kinematics.frame(link) for link in tips)
    pairs = _free_pairs(kinematics, tips)
    least = np.inf
    for start in kinematics.starts(seed):

        def residual(x: np.ndarray, near: np.ndarray = start) -> np.ndarray:
            gap = np.linalg.norm(kinematics.difference(a, b, x)) - pads
            return np.concatenate([[gap], 1e-4 * (x - near)])

        found = least_squares(
            residual, start, bounds=(kinematics.lower, kinematics.upper)
        )
        if abs(found.fun[0]) > 1e-3:
            continue
        kinematics.place(found.x)
        depth = max(0.0, -float(_gaps(kinematics, pairs).min(initial=0.0)))
        least = min(least, depth)
        if least < 1e-4:
            break
    return least


def _free_pairs(kinematics: _Kinematics, tips: Sequence[str]) -> np.ndarray:
    """(P, 2) capsule pairs of one hand whose overlap would be a collision.

    Left out: capsules of one link or of links within two joints of each other, whose
    overlap at the joint is how capsules are, and the touching pads themselves.
    """
    model, capsules = kinematics.model, kinematics.hand.capsules
    joints = [model.frames[kinematics.frame(c.link)].parentJoint for c in capsules]

    def lineage(joint: int) -> list[int]:
        line = [joint]
        while line[-1]:
            line.append(model.parents[line[-1]])
        return line[:3]

    kinematics.place(kinematics.rest)
    starts, ends = kinematics.segments()
    points = np.stack([kinematics.point(kinematics.frame(tip)) for tip in tips])
    at_tip = (np.linalg.norm(ends[:, None] - points, axis=-1) < 1e-6).any(1)
    at_tip |= (np.linalg.norm(starts[:, None] - points, axis=-1) < 1e-6).any(1)
    return np.array(
        [
            (i, j)
            for i in range(len(capsules))
            for j in range(i)
            if joints[i] not in lineage(joints[j])
            and joints[j] not in lineage(joints[i])
            and not (at_tip[i] and at_tip[j])
        ],
        int,
    ).reshape(-1, 2)


def _gaps(kinematics: _Kinematics, pairs: np.ndarray) -> np.ndarray:
    """(P,) distances between capsule surfaces as placed, sampled along them [m]."""
    start, end = kinematics.segments()
    along = np.linspace(0, 1, 15)[:, None]
    line = start[:, None] + along * (end - start)[:, None]  # (C, 15, 3)
    radius = np.array([capsule.radius for capsule in kinematics.hand.capsules])
    first, second = pairs.T
    between = np.linalg.norm(line[first][:, :, None] - line[second][:, None], axis=-1)
    return between.min((1, 2)) - radius[first] - radius[second]


def exposure(hand: HandSpec, point: str, seed: int = 0) -> float:
    """How far a contact point can stand out from the rest of its hand.

    Args:
        hand: The hand.
        point: "thumb_tip", …, or "palm".
        seed: Of the random poses.

    Returns:
        The largest distance, over poses and directions, between the plane that the
        point's surface touches and everything else of the hand behind it [m]; negative
        if something is always in front.
    """
    kinematics = _Kinematics(hand)
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(DIRECTIONS, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    finger = None if point == "palm" else hand.fingers[point.removesuffix("_tip")]
    own = {hand.palm_link} if finger is None else {finger.links[-1]}
    others = np.array([capsule.link not in own for capsule in hand.capsules])
    radius = np.array([capsule.radius for capsule in hand.capsules])
    best = -np.inf
    for x in generator.uniform(
        kinematics.lower, kinematics.upper, (POSES, len(kinematics.lower))
    ):
        kinematics.place(x)
        start, end = kinematics.segments()
        reach = np.maximum(directions @ start.T, directions @ end.T) + radius
        behind = reach[:, others].max(1)
        if finger is None:
            palm = kinematics.data.oMf[kinematics.frame(hand.palm_link)].homogeneous
            palm = palm @ hand.T_palm_hand
            cloud = hand.palm_points @ palm[:3, :3].T + palm[:3, 3]
            facing = directions @ palm[:3, 2] < -0.9  # out of the palm, not its edge
            front = np.where(facing, (directions @ cloud.T).max(1), -np.inf)
        else:
            tip = kinematics.point(kinematics.frame(finger.tip_link))
            front = directions @ tip + finger.pad_radius
        best = max(best, float((front - behind).max()))
    return best


def measure(robot: RobotSpec) -> dict[str, Reach]:
    """Every pinch and every touch between the hands, by pair name."""
    pairs = {
        f"{side}.thumb_tip|{side}.{finger}_tip": pinch(robot.hands[side], finger)
        for side in SIDES
        for finger in robot.hands[side].fingers
        if finger != "thumb"
    }
    stands_out = {
        side: {
            point: exposure(robot.hands[side], point)
            for point in (*(f"{f}_tip" for f in robot.hands[side].fingers), "palm")
        }
        for side in SIDES
    }
    for left, out_left in stands_out["left"].items():
        for right, out_right in stands_out["right"].items():
            overlap = max(0.0, -out_left) + max(0.0, -out_right)
            pairs[f"left.{left}|right.{right}"] = Reach(0.0, None, overlap)
    return pairs


def write(robot: RobotSpec) -> Path:
    """Measure and write the robot's capability.json; returns its path."""
    rows = {
        pair: {
            "short_by_mm": round(reach.short_by * 1000, 2),
            "point_distance_mm": None
            if reach.point_distance is None
            else round(reach.point_distance * 1000, 2),
            "overlap_mm": round(reach.overlap * 1000, 2),
        }
        for pair, reach in measure(robot).items()
    }
    content = {
        "robot": robot.name,
        "measured_by": f"python -m retarget.capability {robot.name}",
        "urdf_sha256": urdf_sha256(robot),
        "definition": DEFINITION,
        "contact_gap_mm": CONTACT_GAP * 1000,
        "fit": _fit(robot),
        "pairs": rows,
    }
    path = robot.folder / FILE_NAME
    content |= _kept(path, str(content["urdf_sha256"]))
    npz.write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def _fit(robot: RobotSpec) -> dict[str, dict[str, object]]:
    """Side → size and place of an average human hand on the robot's."""
    from retarget.calibration import calibrate_robot

    return {
        side: {
            "scale": round(c.scale, 3),
            "turn_deg": round(
                float(
                    np.degrees(
                        np.arccos(np.clip((np.trace(c.rotation) - 1) / 2, -1, 1))
                    )
                ),
                1,
            ),
            "offset_mm": [round(1000 * float(x), 1) for x in c.offset],
            "residual_mm": round(1000 * c.residual / c.scale, 1),
        }
        for side, c in calibrate_robot(robot).items()
    }


def _kept(path: Path, sha256: str) -> dict[str, object]:
    """What `retarget.handshapes` measured on the same URDFs."""
    try:
        before = json.loads(path.read_text("utf-8"))
        if before["urdf_sha256"] != sha256:
            return {}
        return {k: v for k, v in before.items() if k.startswith("handshapes")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


if __name__ == "__main__":
    import sys

    from robots.registry import load_robot

    for name in sys.argv[1:]:
        write(load_robot(name))
