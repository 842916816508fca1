"""Waist and arms with the hands screwed on: poses of the hands' roots, centre of mass.

The body is a hand without fingers to `HandModel`, so that kinematics, capsules and their
distances are those of `retarget.configuration` and `retarget.capsules`.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from handx_gen.skeleton import SIDES
from retarget.configuration import HandModel, HandPose, Points
from retarget.errors import RetargetError
from robots.add.tree import Tree, read_tree
from robots.body import Body
from robots.hand import Capsule, HandSpec
from robots.robot import RobotSpec

HAND = "hand"
"""Capsules of a hand at rest ride on its mount's link."""


@dataclass(frozen=True, eq=False)
class ArmChain:
    """The body of a robot, ready for the solver.

    Attributes:
        robot: The robot.
        body: Its body.
        model: Kinematics of waist and arms; all joints are variables of the model.
        moving: (m,) indices of the joints that are solved for; the locked rest.
        mounts: Points at the hands' roots, "left" then "right".
        T_body_root: (2, 4, 4) each hand's root in the moving body that carries it.
        masses: (K,) of links and hands [kg].
        mass_points: Their centres of mass.
        guests: (C,) bool, capsules that belong to a hand.
    """

    robot: RobotSpec
    body: Body
    model: HandModel
    moving: np.ndarray
    mounts: Points
    T_body_root: np.ndarray
    masses: np.ndarray
    mass_points: Points
    guests: np.ndarray

    def roots(self, pose: HandPose) -> tuple[np.ndarray, np.ndarray]:
        """Rotations (T, 2, 3, 3) and positions (T, 2, 3) [m] of the hands' roots."""
        rotation = pose.rotation[:, self.mounts.body] @ self.T_body_root[:, :3, :3]
        return rotation, pose.locate(self.mounts)

    def root_jacobian(
        self, pose: HandPose, position: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives of the roots' positions and orientations, each (T, 2, 3, m).

        Orientation changes by the rotation vector that is multiplied from the left.
        """
        linear = self.model.jacobian(pose, self.mounts.body, position)
        carries = self.model.carries[self.mounts.body][:, None, :]  # (2, 1, n+1)
        axes = pose.axis.swapaxes(1, 2)[:, None] * carries  # (T, 2, 3, n+1)
        turning = axes @ self.model.free_matrix
        return linear[..., self.moving], turning[..., self.moving]

    def centre_of_mass(self, pose: HandPose) -> tuple[np.ndarray, np.ndarray]:
        """(T, 3) centre of mass [m] and its derivative (T, 3, m)."""
        at = pose.locate(self.mass_points)
        share = self.masses / self.masses.sum()
        jacobian = self.model.jacobian(pose, self.mass_points.body, at)
        return (
            np.einsum("k,tkx->tx", share, at),
            np.einsum("k,tkxm->txm", share, jacobian[..., self.moving]),
        )


@lru_cache(maxsize=8)
def arm_chain(robot: RobotSpec) -> ArmChain:
    """The chain of a robot, built once.

    Raises:
        RetargetError: The robot has no body.
    """
    body = robot.body
    if body is None:
        raise RetargetError(f"robot {robot.name!r} has no arms")
    spec, guests = _with_hands(robot, body)
    model = HandModel(spec)
    locked = {joint for group in body.locked for joint in body.groups[group]}
    moving = np.array(
        [i for i, joint in enumerate(spec.actuated) if joint not in locked], int
    )
    mounts = [body.mounts[side] for side in SIDES]
    origins = model.points([(m.link, m.T_link_base[:3, 3]) for m in mounts])
    placements = np.array([_in_body(model, m.link) @ m.T_link_base for m in mounts])
    masses, at = _masses(robot, body)
    return ArmChain(
        robot,
        body,
        model,
        moving,
        origins,
        placements,
        masses,
        model.points(at),
        guests,
    )


def _in_body(model: HandModel, link: str) -> np.ndarray:
    """(4, 4) a link's frame in the moving body that carries it."""
    corners = model.points(
        [(link, offset) for offset in np.vstack([np.zeros(3), np.eye(3)])]
    )
    transform = np.eye(4)
    transform[:3, 3] = corners.offset[0]
    transform[:3, :3] = (corners.offset[1:] - corners.offset[0]).T
    return transform


def _with_hands(robot: RobotSpec, body: Body) -> tuple[HandSpec, np.ndarray]:
    """The body's description with each hand's capsules, at rest, on its mount's link."""
    capsules = list(body.chain.capsules)
    guests = [False] * len(capsules)
    for side in SIDES:
        hand, mount = robot.hands[side], body.mounts[side]
        tree = read_tree(hand.urdf)
        poses = tree.forward(dict(zip(hand.joint_names, map(float, hand.rest_pose))))
        for capsule in hand.capsules:
            T = mount.T_link_base @ poses[capsule.link]
            a, b = (T[:3, :3] @ np.array(p) + T[:3, 3] for p in (capsule.a, capsule.b))
            capsules.append(
                Capsule(
                    mount.link, (float(a[0]), float(a[1]), float(a[2])),
                    (float(b[0]), float(b[1]), float(b[2])), capsule.radius,
                )
            )  # fmt: skip
            guests.append(True)
    return replace(body.chain, capsules=tuple(capsules)), np.array(guests)


def _masses(
    robot: RobotSpec, body: Body
) -> tuple[np.ndarray, list[tuple[str, np.ndarray]]]:
    """Masses of the body's links and of both hands, and where they are."""
    tree = read_tree(body.chain.urdf)
    rows = [
        (link.mass, name, link.com) for name, link in tree.links.items() if link.mass
    ]
    for side in SIDES:
        hand, mount = robot.hands[side], body.mounts[side]
        mass, centre = _whole(read_tree(hand.urdf), hand)
        T = mount.T_link_base
        rows.append((mass, mount.link, T[:3, :3] @ centre + T[:3, 3]))
    return np.array([row[0] for row in rows]), [(row[1], row[2]) for row in rows]


def _whole(tree: Tree, hand: HandSpec) -> tuple[float, np.ndarray]:
    """Mass [kg] and centre of mass at rest, in the root link, of a hand."""
    poses = tree.forward(dict(zip(hand.joint_names, map(float, hand.rest_pose))))
    total, moment = 0.0, np.zeros(3)
    for name, link in tree.links.items():
        total += link.mass
        moment += link.mass * (poses[name][:3, :3] @ link.com + poses[name][:3, 3])
    return total, moment / max(total, 1e-9)
