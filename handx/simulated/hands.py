"""`SimulatedHands`: joints by name in, measured joints by name out, physics in between."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.scene import TIMESTEP, build_scene

APART = 0.25
"""Each wrist is held so far from the middle [m]."""

HEIGHT = 1.0
"""At this height [m]."""


@dataclass(frozen=True, eq=False)
class HandState:
    """What is measured.

    Attributes:
        time: Of the simulation [s].
        positions, velocities, effort: (J,) by `SimulatedHands.joint_names`; [rad],
            [rad/s], [N·m].
    """

    time: float
    positions: np.ndarray
    velocities: np.ndarray
    effort: np.ndarray


class SimulatedHands:
    """Both hands of a robot, each joint driven by the servo of the simulation.

    Hands on free bases are held still in space.

    Args:
        robot: Whose hands.
    """

    def __init__(self, robot: RobotSpec) -> None:
        self.robot = robot
        scene = self._scene = build_scene(robot)
        self._data = mujoco.MjData(scene.model)
        chains = scene.parts
        self.joint_names = scene.joint_names
        self._qpos = np.concatenate([at.qpos for _, at in chains])
        self._dof = np.concatenate([at.dof for _, at in chains])
        actuated = [
            chain.wire_prefix + name for chain, _ in chains for name in chain.actuated
        ]
        position = np.concatenate([at.position_ctrl for _, at in chains])
        velocity = np.concatenate([at.velocity_ctrl for _, at in chains])
        force = np.concatenate([at.force for _, at in chains])
        self._servo = dict(zip(actuated, zip(position, velocity)))
        self._force = [(self.joint_names.index(n), f) for n, f in zip(actuated, force)]
        self._lower = dict(
            zip(self.joint_names, np.concatenate([c.lower for c, _ in chains]))
        )
        self._upper = dict(
            zip(self.joint_names, np.concatenate([c.upper for c, _ in chains]))
        )
        self._stand()

    @property
    def commanded_names(self) -> tuple[str, ...]:
        """Joints that a command may name: those with an actuator."""
        return tuple(self._servo)

    def command(
        self,
        names: Sequence[str],
        positions: Sequence[float],
        velocities: Sequence[float] = (),
    ) -> None:
        """Set the targets of some joints; the others keep theirs.

        A target beyond a stop presses against it, as a servo would.

        Args:
            names: Joints.
            positions: Targets [rad].
            velocities: At which the targets move [rad/s]; zero where left out.

        Raises:
            InputError: An unknown joint, another number of values, or NaN. Nothing is
                changed then.
        """
        unknown = [name for name in names if name not in self._servo]
        if unknown:
            raise InputError("command", str(unknown[0])[:40], "no such actuated joint")
        moving = velocities if len(velocities) else [0.0] * len(names)
        sizes = {len(positions), len(moving)}
        if sizes != {len(names)} or not np.isfinite([*positions, *moving]).all():
            raise InputError("command", "positions", f"not {len(names)} finite numbers")
        for name, q, v in zip(names, positions, moving):
            at_position, at_velocity = self._servo[name]
            self._data.ctrl[at_position] = np.clip(
                q, self._lower[name], self._upper[name]
            )
            self._data.ctrl[at_velocity] = v

    def advance(self, steps: int) -> None:
        """Let some physics steps of `TIMESTEP` pass."""
        for _ in range(steps):
            mujoco.mj_step(self._scene.model, self._data)

    def state(self) -> HandState:
        """What the joints do now."""
        effort = np.zeros(len(self.joint_names))
        for index, output in self._force:
            effort[index] = self._data.actuator_force[output]
        return HandState(
            float(self._data.time),
            self._data.qpos[self._qpos].copy(),
            self._data.qvel[self._dof].copy(),
            effort,
        )

    def _stand(self) -> None:
        """Every joint at its rest pose, the wrists apart, all servos holding."""
        data, scene = self._data, self._scene
        for side, at in scene.hands.items():
            if len(at.base_qpos):
                y = APART if side == SIDES[0] else -APART
                data.qpos[at.base_qpos] = [0.0, y, HEIGHT, 1.0, 0.0, 0.0, 0.0]
                data.ctrl[at.base_position_ctrl] = [0.0, y, HEIGHT]
                data.ctrl[at.base_quaternion_ctrl] = [1.0, 0.0, 0.0, 0.0]
        for chain, at in scene.parts:
            data.qpos[at.qpos] = chain.rest_pose
            wire = [chain.wire_prefix + name for name in chain.actuated]
            self.command(wire, chain.rest_pose[chain.actuated_index])
        mujoco.mj_forward(scene.model, data)


def steps_in(seconds: float) -> int:
    """Whole physics steps in a time."""
    return max(0, int(seconds / TIMESTEP + 1e-9))
