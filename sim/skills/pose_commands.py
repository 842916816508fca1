"""Poses as actions: what an action means, and the servo controls it comes to."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handx_gen.skeleton import SIDES
from retarget.trajectory import BimanualTrajectory
from robots.hand import HandSpec
from sim.engine import mujoco
from sim.playback import (
    RECORD_RATE,
    commanded_joints,
)
from sim.scene import TIMESTEP, JointAddresses, Scene

REACH = 2.0
"""Hands may be sent this far from the origin along each axis [m]."""

WRIST_SPEED, WRIST_SPIN = 3.0, 15.0
"""Fastest commands of a hand's root [m/s], [rad/s]."""

APART, FORWARD, HEIGHT = 0.26, 0.35, 1.0
"""Where the hands rest: between the wrists, forward of the origin, above the floor [m]."""

SUBSTEPS = round(1 / (RECORD_RATE * TIMESTEP))
"""Physics steps of a control step."""


@dataclass(frozen=True, eq=False)
class PoseCommands:
    """Actions of a scene: poses of everything that can be commanded, one after another.

    First, unless arms carry the hands, each hand's root: position [m], quaternion wxyz.
    Then the actuated joints [rad] of the left hand, the right one, and the body.

    Attributes:
        scene: What is commanded.
    """

    scene: Scene

    @cached_property
    def _roots(self) -> dict[str, tuple[slice, slice]]:
        """Side → where a root's position and quaternion stand in an action."""
        if self.scene.body is not None:
            return {}
        return {
            side: (slice(7 * k, 7 * k + 3), slice(7 * k + 3, 7 * k + 7))
            for k, side in enumerate(self.scene.sides)
        }

    @cached_property
    def _joints(self) -> list[tuple[HandSpec, JointAddresses, slice]]:
        """Every chain of joints, its addresses, and where it stands in an action."""
        found, at = [], 7 * len(self._roots)
        for chain, where in self.scene.parts:
            found.append((chain, where, slice(at, at + len(chain.actuated))))
            at += len(chain.actuated)
        return found

    @cached_property
    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest action."""
        root = np.concatenate([np.full(3, REACH), np.ones(4)])
        index = [chain.actuated_index for chain, _, _ in self._joints]
        chains = [chain for chain, _, _ in self._joints]
        low = [chain.lower[i] for chain, i in zip(chains, index)]
        high = [chain.upper[i] for chain, i in zip(chains, index)]
        count = len(self._roots)
        return (
            np.concatenate([*[-root] * count, *low]),
            np.concatenate([*[root] * count, *high]),
        )

    @cached_property
    def _fastest(self) -> np.ndarray:
        """(n,) largest change of each joint's command in a control step [rad]."""
        speeds = [c.velocity_limit[c.actuated_index] for c, _, _ in self._joints]
        return np.concatenate([np.zeros(7 * len(self._roots)), *speeds]) / RECORD_RATE

    @cached_property
    def neutral(self) -> np.ndarray:
        """Everything at rest; free hands with palms facing each other, fingers forward."""
        model, data = self.scene.model, mujoco.MjData(self.scene.model)
        action = np.zeros(len(self.limits[0]))
        for chain, where, joints in self._joints:
            action[joints] = chain.rest_pose[chain.actuated_index]
            data.qpos[where.qpos] = chain.rest_pose
        mujoco.mj_kinematics(model, data)
        for side, (position, quaternion) in self._roots.items():
            hand = self.scene.robot.hands[side]
            palm = data.body(f"{side}_{hand.palm_link}")
            T_base_palm = np.eye(4)
            T_base_palm[:3, :3], T_base_palm[:3, 3] = palm.xmat.reshape(3, 3), palm.xpos
            sign = 1 if side == "left" else -1
            T_world_hand = np.eye(4)
            # Fingers (+y) forward, backs (+z) outward, +x = y × z.
            T_world_hand[:3, :3] = np.array([[0, 0, sign], [1, 0, 0], [0, sign, 0]]).T
            T_world_hand[:3, 3] = FORWARD, sign * APART / 2, HEIGHT
            base = T_world_hand @ np.linalg.inv(T_base_palm @ hand.T_palm_hand)
            action[position] = base[:3, 3]
            mujoco.mju_mat2Quat(action[quaternion], base[:3, :3].ravel())
        return action

    def of_trajectory(self, trajectory: BimanualTrajectory) -> np.ndarray:
        """(N, n) actions that follow a trajectory; the first is its first pose."""
        count = int(np.ceil(trajectory.duration * RECORD_RATE)) + 1
        time = np.arange(count) / RECORD_RATE
        actions = np.zeros((count, len(self.limits[0])))
        for chain, _, joints in self._joints:
            wanted, _ = commanded_joints(self.scene, trajectory, chain, time)
            actions[:, joints] = wanted[:, chain.actuated_index]
        pose, _ = trajectory.sample_base(time)
        for side, (position, quaternion) in self._roots.items():
            actions[:, position] = pose[:, SIDES.index(side), 4:]
            actions[:, quaternion] = pose[:, SIDES.index(side), :4]
        return actions

    def write_state(self, data: mujoco.MjData, action: np.ndarray) -> None:
        """Put the model into a pose, at rest."""
        data.qvel[:] = 0.0
        for chain, where, joints in self._joints:
            data.qpos[where.qpos] = chain.expand(action[joints])
        for side, (position, quaternion) in self._roots.items():
            root = self.scene.hands[side].base_qpos
            data.qpos[root] = np.concatenate([action[position], action[quaternion]])

    def towards(self, pose: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """The pose one control step after `pose` on the way to `wanted`.

        Inside the limits and no faster than joints and wrists are allowed to be.
        """
        wanted = np.clip(wanted, *self.limits)
        reached = pose + np.clip(wanted - pose, -self._fastest, self._fastest)
        for position, quaternion in self._roots.values():
            way = wanted[position] - pose[position]
            reached[position] += _at_most(way, WRIST_SPEED / RECORD_RATE)
            spin = _spin(pose[quaternion], wanted[quaternion])
            reached[quaternion] = _turned(
                pose[quaternion], _at_most(spin, WRIST_SPIN / RECORD_RATE)
            )
        return reached

    def controls(self, pose: np.ndarray, reached: np.ndarray) -> np.ndarray:
        """(SUBSTEPS, nu) controls that move evenly from one pose to the next."""
        share = (np.arange(SUBSTEPS) + 1)[:, None] / SUBSTEPS
        rows = np.zeros((SUBSTEPS, self.scene.model.nu))
        path, speed = pose + share * (reached - pose), (reached - pose) * RECORD_RATE
        for _, where, joints in self._joints:
            rows[:, where.position_ctrl] = path[:, joints]
            rows[:, where.velocity_ctrl] = speed[joints]
        for side, (position, quaternion) in self._roots.items():
            hand = self.scene.hands[side]
            rows[:, hand.base_position_ctrl] = path[:, position]
            rows[:, hand.base_velocity_ctrl] = speed[position]
            spin = _spin(pose[quaternion], reached[quaternion])
            ahead = share[:, 0] + hand.orientation_lead * RECORD_RATE
            rows[:, hand.base_quaternion_ctrl] = [
                _turned(pose[quaternion], spin, part) for part in ahead
            ]
        return rows


def _at_most(vector: np.ndarray, length: float) -> np.ndarray:
    """A vector shortened to a length."""
    return vector * min(1.0, length / max(float(np.linalg.norm(vector)), 1e-12))


def _spin(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """(3,) rotation vector, in the first one's frame, between wxyz quaternions [rad].

    A target of no length turns nothing.
    """
    spin, size = np.zeros(3), float(np.linalg.norm(stop))
    if size > 1e-6:
        mujoco.mju_subQuat(spin, stop / size, start)
    return spin


def _turned(start: np.ndarray, spin: np.ndarray, share: float = 1.0) -> np.ndarray:
    """(4,) a quaternion turned by a share of a rotation vector in its own frame."""
    found = start.copy()
    mujoco.mju_quatIntegrate(found, spin, share)
    return found
