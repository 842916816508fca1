"""Kinematics of one hand for all frames of a motion at once.

pinocchio reads the URDF; placements, axes and tree come from its model. Forward
kinematics then runs over the whole clip in numpy, level by level of the tree, because
one call per frame would cost more than the arithmetic. `tests/retarget` compares both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from retarget.errors import RetargetError
from robots.hand import HandSpec
from robots.rotations import from_rpy

LIFTS = 100
"""Steps in which palm points leave the boxes, each no longer than a box's radius where
the point is within its core."""


@dataclass(frozen=True, eq=False)
class Points:
    """K points fixed to links.

    Attributes:
        body: (K,) moving body of each point, 0 for the root.
        offset: (K, 3) in that body's frame [m].
    """

    body: np.ndarray
    offset: np.ndarray


@dataclass(frozen=True, eq=False)
class HandPose:
    """Forward kinematics that has been run, in the hand's root frame.

    Attributes:
        rotation: (T, n+1, 3, 3) of each body, body 0 being the root.
        position: (T, n+1, 3) origins [m].
        axis: (T, n+1, 3) joint axes; zero for the root.
    """

    rotation: np.ndarray
    position: np.ndarray
    axis: np.ndarray

    def locate(self, points: Points) -> np.ndarray:
        """The points in the root frame, (T, K, 3) [m]."""
        rotation = self.rotation[:, points.body]
        return (
            self.position[:, points.body]
            + (rotation @ points.offset[..., None])[..., 0]
        )


class HandModel:
    """A hand's kinematic tree, joints in the spec's canonical order.

    Joint angles are those of the actuated joints; coupled joints follow by the linear
    map of `HandSpec.expansion`. Joints between the root and the palm (a forearm's
    wrist) are held at rest: the free base moves the palm.

    Args:
        spec: The hand.

    Raises:
        RetargetError: A joint of the spec is missing in the URDF or is not a simple
            hinge; a link is missing.
    """

    def __init__(self, spec: HandSpec) -> None:
        import pinocchio as pin

        self.spec = spec
        model = pin.buildModelFromUrdf(str(spec.urdf))
        names = list(model.names)[1:]
        if set(names) != set(spec.joint_names):
            odd = sorted(set(names) ^ set(spec.joint_names))
            raise RetargetError(f"{spec.urdf} and its hand.toml disagree on {odd}")
        if model.nq != len(names):
            raise RetargetError(f"{spec.urdf}: only hinges with limits are supported")
        order = [model.getJointId(name) for name in spec.joint_names]
        body = {joint: i + 1 for i, joint in enumerate(order)} | {0: 0}
        self.parent = np.array([0] + [body[model.parents[j]] for j in order])
        placement = [model.jointPlacements[j] for j in order]
        rotation = np.array([p.rotation for p in placement])
        self._shift = np.array([np.zeros(3)] + [p.translation for p in placement])
        data = model.createData()
        pin.computeJointJacobians(model, data, pin.neutral(model))
        columns = [model.joints[j].idx_v for j in order]
        axis_root = data.J[3:, columns].T
        axis = np.array(
            [data.oMi[j].rotation.T @ a for j, a in zip(order, axis_root, strict=True)]
        )
        if not np.allclose(np.linalg.norm(axis, axis=1), 1):
            raise RetargetError(f"{spec.urdf}: a joint is not a hinge")
        self._axis = np.concatenate([np.zeros((1, 3)), axis])
        # R_placement exp(q [a]×) = A + sin q B + (1 − cos q) C, one product per joint.
        from retarget.rotations import skew

        cross = skew(axis)
        root = np.zeros((1, 3, 3))
        self._constant = np.concatenate([np.eye(3)[None], rotation])
        self._sine = np.concatenate([root, rotation @ cross])
        self._cosine = np.concatenate([root, rotation @ cross @ cross])

        depth = np.zeros(len(order) + 1, int)
        for j in sorted(order):  # pinocchio numbers parents before children
            depth[body[j]] = depth[self.parent[body[j]]] + 1
        self._levels = [np.flatnonzero(depth == d) for d in range(1, depth.max() + 1)]
        self.sequence = np.concatenate([[], *self._levels]).astype(int)
        count = len(order) + 1
        self.carries = np.zeros((count, count), bool)  # [b, j]: joint j moves body b
        for level in self._levels:
            for b in level:
                self.carries[b] = self.carries[self.parent[b]]
                self.carries[b, b] = True
        self._frames = {
            f.name: (body[f.parentJoint], np.array(f.placement.homogeneous))
            for f in model.frames
            if f.type == pin.FrameType.BODY
        }
        matrix, self.constant = spec.expansion
        palm = self._frame(spec.palm_link)[0]
        held = {j - 1 for j in np.flatnonzero(self.carries[palm])}
        rest = spec.rest_pose[spec.actuated_index]
        self.free = np.array(
            [
                i
                for i in range(len(spec.actuated))
                if not held & set(np.flatnonzero(matrix[:, i]))
            ]
        )
        self.expand_matrix = matrix
        self.free_matrix = np.concatenate(
            [np.zeros((1, len(self.free))), matrix[:, self.free]]
        )  # (n+1, m): free joints → all bodies' joints
        self.lower = spec.lower[spec.actuated_index][self.free]
        self.upper = spec.upper[spec.actuated_index][self.free]
        self.velocity_limit = spec.velocity_limit[spec.actuated_index][self.free]
        self.acceleration_limit = spec.acceleration_limit[spec.actuated_index][
            self.free
        ]
        self.rest_actuated, self.rest = rest, rest[self.free]
        pose = self.forward(self.rest[None])
        palm_body, placement_palm = self._frame(spec.palm_link)
        T_palm = np.eye(4)
        T_palm[:3, :3] = pose.rotation[0, palm_body]
        T_palm[:3, 3] = pose.position[0, palm_body]
        self.T_base_hand = T_palm @ placement_palm @ spec.T_palm_hand
        """(4, 4) the hand frame in the root link; fixed, as the palm's joints rest."""

    @property
    def joint_rotation(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n+1, 3, 3) factors of 1, sin q and 1 − cos q in each joint's rotation."""
        return self._constant, self._sine, self._cosine

    @property
    def joint_shift(self) -> np.ndarray:
        """(n+1, 3) joint origins in their parent bodies [m]."""
        return self._shift

    @property
    def joint_axis(self) -> np.ndarray:
        """(n+1, 3) joint axes in their bodies, zero for the root."""
        return self._axis

    def _frame(self, link: str) -> tuple[int, np.ndarray]:
        if link not in self._frames:
            raise RetargetError(
                f"{self.spec.urdf} has no link {link!r}; it has {sorted(self._frames)}"
            )
        return self._frames[link]

    def points(self, at: Sequence[tuple[str, np.ndarray]]) -> Points:
        """Points from (link, offset in the link's frame [m])."""
        body, offset = [], []
        for link, local in at:
            index, placement = self._frame(link)
            body.append(index)
            offset.append(placement[:3, :3] @ np.asarray(local) + placement[:3, 3])
        return Points(np.array(body, int), np.array(offset, float).reshape(-1, 3))

    def orientation(self, link: str) -> np.ndarray:
        """(3, 3) a link's axes in its moving body."""
        return self._frame(link)[1][:3, :3]

    def palm_cloud(self) -> Points:
        """The palm's surface points.

        Skin inside boxes that collide touches nothing: such points are on the boxes.
        """
        placement = self.spec.T_palm_hand
        cloud = self.spec.palm_points @ placement[:3, :3].T + placement[:3, 3]
        skin = self.points([(self.spec.palm_link, point) for point in cloud])
        outwards = -self.orientation(self.spec.palm_link) @ placement[:3, 2]
        return Points(skin.body, self._lifted(skin, outwards))

    def _lifted(self, skin: Points, outwards: np.ndarray) -> np.ndarray:
        """(K, 3) points of one body, moved along (3,) out of that body's boxes [m]."""
        point = skin.offset.copy()
        for _ in range(LIFTS):
            depth = np.zeros(len(point))
            for box in self.spec.boxes:
                body, placed = self._frame(box.link)
                if body != skin.body[0]:
                    continue
                axes = placed[:3, :3] @ from_rpy(box.rpy)
                centre = placed[:3, :3] @ box.centre + placed[:3, 3]
                over = np.maximum(np.abs((point - centre) @ axes) - box.half, 0.0)
                within = box.radius - np.linalg.norm(over, axis=1)
                depth = np.maximum(depth, within)
            point += depth[:, None] * outwards
        return point

    def all_joints(self, free: np.ndarray) -> np.ndarray:
        """(T, m) free joints → (T, n) all joints in canonical order [rad]."""
        actuated = np.broadcast_to(
            self.rest_actuated, (len(free), len(self.rest_actuated))
        ).copy()
        actuated[:, self.free] = free
        return self.spec.expand(actuated)

    def forward(self, free: np.ndarray) -> HandPose:
        """Forward kinematics of (T, m) free joints [rad]."""
        return self.forward_all(self.all_joints(free))

    def forward_all(self, joints: np.ndarray) -> HandPose:
        """Forward kinematics of (T, n) joints in canonical order [rad]."""
        angle = np.concatenate([np.zeros((len(joints), 1)), joints], 1)[..., None, None]
        local = (
            self._constant
            + np.sin(angle) * self._sine
            + (1 - np.cos(angle)) * self._cosine
        )
        rotation, position = np.empty_like(local), np.zeros(local.shape[:3])
        rotation[:, 0] = np.eye(3)
        for level in self._levels:
            parent = self.parent[level]
            rotation[:, level] = rotation[:, parent] @ local[:, level]
            shift = rotation[:, parent] @ self._shift[level][..., None]
            position[:, level] = position[:, parent] + shift[..., 0]
        axis = (rotation @ self._axis[..., None])[..., 0]
        return HandPose(rotation, position, axis)

    def jacobian(
        self, pose: HandPose, body: np.ndarray, located: np.ndarray
    ) -> np.ndarray:
        """Derivative of points by the free joints.

        Args:
            pose: From `forward`.
            body: (K,) body of each point.
            located: (T, K, 3) the points in the root frame [m].

        Returns:
            (T, K, 3, m) [m/rad].
        """
        arm = located[:, :, None] - pose.position[:, None]  # (T, K, n+1, 3)
        axis = pose.axis[:, None] * self.carries[body][None, ..., None]
        # Written out because np.cross is several times slower on long arrays.
        a0, a1, a2 = axis[..., 0], axis[..., 1], axis[..., 2]
        r0, r1, r2 = arm[..., 0], arm[..., 1], arm[..., 2]
        columns = np.stack(
            [a1 * r2 - a2 * r1, a2 * r0 - a0 * r2, a0 * r1 - a1 * r0], -2
        )  # (T, K, 3, n+1)
        return columns @ self.free_matrix

    def row_jacobian(
        self,
        pose: HandPose,
        frame: np.ndarray,
        body: np.ndarray,
        located: np.ndarray,
        normal: np.ndarray,
    ) -> np.ndarray:
        """Derivative of A points along given directions, n · ∂x/∂q.

        Args:
            pose: From `forward`.
            frame: (A,) frame of each row.
            body: (A,) body of each row's point.
            located: (A, 3) the points, root frame [m].
        normal: (A, 3) the directions, root frame.

        Returns:
            (A, m) [m/rad].
        """
        arm = located[:, None] - pose.position[frame]  # (A, n+1, 3)
        moment = np.cross(arm, normal[:, None])  # n · (a × r) = a · (r × n)
        along = (pose.axis[frame] * moment).sum(-1) * self.carries[body]
        return along @ self.free_matrix


@lru_cache(maxsize=16)
def hand_model(spec: HandSpec) -> HandModel:
    """The model of a spec, built once."""
    return HandModel(spec)
