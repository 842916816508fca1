"""`LookAhead`: commands simulated from where the hands will be, before they are told.

It keeps the state that the simulated hands have at the end of all that was let through.
A chunk is played from there; if it goes wrong the state is put back as it was, as though
the chunk had never been thought of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from retarget.trajectory import hermite
from robots.hand import HandSpec
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.playback import TOP_SPEED, quaternion_product, rotation_quaternion
from sim.scene import TIMESTEP, build_scene
from sim.thresholds import Thresholds

SETTLE_TIME = 0.3
"""The first pose is held this long [s]."""

EVERY = 10
"""Physics steps between two looks at how well the hands follow."""

STRAY_FACTOR = 2.0
"""A single moment may be off by so many times what a whole clip's 95th percentile may."""


@dataclass(frozen=True, eq=False)
class Commands:
    """What the hands are told over a short time.

    Attributes:
        time: (K,) [s], increasing.
        positions, velocities: side → (K, n) joints in canonical order [rad, rad/s]; of a
            robot with arms also "body" → those of waist and arms.
        T_world_base: side → (K, 7) pose of the root link, wxyz_xyz; empty where arms
            carry the hands.
    """

    time: np.ndarray
    positions: Mapping[str, np.ndarray]
    velocities: Mapping[str, np.ndarray]
    T_world_base: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Outlook:
    """What would come of a chunk.

    Attributes:
        tip_error: Largest distance of a fingertip from where the command has it, seen
            from the wrist [m].
        penetration: Deepest overlap of any two links [m].
        saturated: Share of time at which some motor gives all it has.
        problem: Why it must not be done; "" if it may.
        wrist_error: Largest distance of an arm's end from where the command has it [m];
            0 for hands that no arm carries.
    """

    tip_error: float
    penetration: float
    saturated: float
    problem: str = ""
    wrist_error: float = 0.0


class LookAhead:
    """Both hands of a robot, on its arms or on driven wrists, a little in the future.

    Hands without arms are carried as the wrist poses say.

    Args:
        robot: The robot.
        start: Where the hands begin, at rest: its first row counts.
        thresholds: What a chunk is judged by.
    """

    def __init__(
        self, robot: RobotSpec, start: Commands, thresholds: Thresholds
    ) -> None:
        self.scene = build_scene(robot, tuple(start.positions))
        self.thresholds = thresholds
        model = self.scene.model
        self._data, self._before = mujoco.MjData(model), mujoco.MjData(model)
        self._wanted = mujoco.MjData(model)
        self._limits = [
            model.actuator_forcerange[self._actuators(chain), 1]
            for chain, _ in self.scene.parts
        ]
        self._place(self._data, start, 0)
        self._data.ctrl[:] = self._controls(start, start.time[:1])[0]
        for _ in range(round(SETTLE_TIME / TIMESTEP)):
            mujoco.mj_step(model, self._data)

    def check(self, commands: Commands, excused: float = 0.0) -> Outlook:
        """Play a chunk that follows on all that was let through.

        Args:
            commands: Its first row repeats the last one of the chunk before.
            excused: Time at its start in which nobody minds how far fingertips and wrists
                are from their path [s]: a way out of a motion begins as far off as that was.
        """
        model, data = self.scene.model, self._data
        mujoco.mj_copyData(self._before, model, data)
        warned = sum(int(w.number) for w in data.warning)
        steps = max(1, round((commands.time[-1] - commands.time[0]) / TIMESTEP))
        time = commands.time[0] + np.arange(1, steps + 1) * TIMESTEP
        time = np.minimum(time, commands.time[-1])
        stray, overlap = np.zeros(2), 0.0
        full = 0
        for k, row in enumerate(self._controls(commands, time)):
            data.ctrl[:] = row
            mujoco.mj_step(model, data)
            if data.ncon:
                overlap = max(overlap, float(-data.contact.dist.min()))
            if k % EVERY == EVERY - 1:
                if not np.isfinite(data.qvel).all() or np.ptp(data.qvel) > TOP_SPEED:
                    return self._back(
                        Outlook(np.inf, overlap, 1.0, "physics breaks down")
                    )
                if time[k] - commands.time[0] > excused:
                    stray = np.maximum(stray, self._stray(commands, float(time[k])))
                full += self._strained()
        tips, wrists = map(float, stray)
        share = full / max(1, steps // EVERY)
        outlook = Outlook(tips, overlap, share, wrist_error=wrists)
        problem = self._problem(outlook)
        if sum(int(w.number) for w in data.warning) > warned:
            problem = problem or "the physics engine warns"
        outlook = replace(outlook, problem=problem)
        return self._back(outlook) if problem else outlook

    def _back(self, outlook: Outlook) -> Outlook:
        mujoco.mj_copyData(self._data, self.scene.model, self._before)
        return outlook

    def _problem(self, outlook: Outlook) -> str:
        most = STRAY_FACTOR * self.thresholds.tip_tracking_mm
        if outlook.tip_error * 1e3 > most:
            return f"a fingertip would be {outlook.tip_error * 1e3:.0f} mm off its path"
        if outlook.wrist_error * 1e3 > STRAY_FACTOR * self.thresholds.wrist_position_mm:
            return f"a wrist would be {outlook.wrist_error * 1e3:.0f} mm off its path"
        if outlook.penetration * 1e3 > self.thresholds.penetration_mm:
            return f"links would overlap by {outlook.penetration * 1e3:.1f} mm"
        return ""

    def _actuators(self, chain: HandSpec) -> list[int]:
        model = self.scene.model
        return [model.actuator(f"{chain.side}_{name}").id for name in chain.actuated]

    def _strained(self) -> bool:
        return any(
            (np.abs(self._data.actuator_force[where.force]) >= 0.999 * limit).any()
            for limit, (_, where) in zip(self._limits, self.scene.parts)
        )

    def _stray(self, commands: Commands, time: float) -> tuple[float, float]:
        """How far the worst fingertip, seen from its wrist, and wrist are off [m]."""
        wanted, data, worst, away = self._wanted, self._data, 0.0, 0.0
        k = int(np.searchsorted(commands.time, time, side="right")) - 1
        self._place(wanted, commands, k, time)
        mujoco.mj_kinematics(self.scene.model, wanted)
        mujoco.mj_kinematics(self.scene.model, data)
        for hand in self.scene.hands.values():
            tips = hand.tip_bodies[hand.tip_bodies >= 0]
            local = []
            for state in (wanted, data):
                turn = state.xmat[hand.base_body].reshape(3, 3)
                local.append((state.xpos[tips] - state.xpos[hand.base_body]) @ turn)
            gap = np.linalg.norm(local[0] - local[1], axis=1)
            worst = max(worst, float(gap.max(initial=0.0)))
            if self.scene.body is not None:
                off = wanted.xpos[hand.base_body] - data.xpos[hand.base_body]
                away = max(away, float(np.linalg.norm(off)))
        return worst, away

    def _place(
        self, data: mujoco.MjData, commands: Commands, k: int, time: float | None = None
    ) -> None:
        """Put joints exactly where the commands have them, driven wrists where row k does."""
        for chain, where in self.scene.parts:
            joints = commands.positions[chain.side][k]
            if time is not None:
                joints = self._joints(commands, chain.side, np.array([time]))[0][0]
            data.qpos[where.qpos] = joints
        if self.scene.body is None:
            for side, hand in self.scene.hands.items():
                data.qpos[hand.base_qpos] = np.roll(commands.T_world_base[side][k], 3)

    @staticmethod
    def _joints(
        commands: Commands, side: str, time: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        if len(commands.time) == 1:
            return commands.positions[side], np.zeros_like(commands.positions[side])
        return hermite(
            commands.time, commands.positions[side], commands.velocities[side], time
        )

    def _controls(self, commands: Commands, time: np.ndarray) -> np.ndarray:
        """(N, nu) controls of the servos at times (N,)."""
        ctrl = np.zeros((len(time), self.scene.model.nu))
        for chain, where in self.scene.parts:
            position, velocity = self._joints(commands, chain.side, time)
            actuated = chain.actuated_index
            ctrl[:, where.position_ctrl] = position[:, actuated]
            ctrl[:, where.velocity_ctrl] = velocity[:, actuated]
        if self.scene.body is not None:
            return ctrl
        for side, hand in self.scene.hands.items():
            pose, speed, spin = _wrist(commands.time, commands.T_world_base[side], time)
            ctrl[:, hand.base_position_ctrl] = pose[:, 4:]
            ctrl[:, hand.base_velocity_ctrl] = speed
            ctrl[:, hand.base_quaternion_ctrl] = quaternion_product(
                rotation_quaternion(hand.orientation_lead * spin), pose[:, :4]
            )
        return ctrl


def _wrist(
    known: np.ndarray, poses: np.ndarray, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Poses (N, 7), speeds (N, 3) [m/s] and spins (N, 3) [rad/s], world.

    Straight between the knots, at constant speed and spin.
    """
    if len(known) == 1:
        still = np.zeros((len(time), 3))
        return np.repeat(poses, len(time), 0), still, still
    k = np.clip(np.searchsorted(known, time, side="right") - 1, 0, len(known) - 2)
    length = np.diff(known)
    speed = np.diff(poses[:, 4:], axis=0) / length[:, None]
    back = poses[:-1, :4] * [1.0, -1.0, -1.0, -1.0]
    step = quaternion_product(poses[1:, :4], back)
    step = step * np.where(step[:, :1] < 0, -1.0, 1.0)
    sine = np.linalg.norm(step[:, 1:], axis=1, keepdims=True)
    angle = 2 * np.arctan2(sine, step[:, :1])
    spin = step[:, 1:] / np.maximum(sine, 1e-12) * angle / length[:, None]
    since = (time - known[k])[:, None]
    turned = quaternion_product(rotation_quaternion(since * spin[k]), poses[k, :4])
    return (
        np.concatenate([turned, poses[k, 4:] + since * speed[k]], 1),
        speed[k],
        spin[k],
    )


def pose_of(T: np.ndarray) -> np.ndarray:
    """(7,) wxyz_xyz of a (4, 4) transform."""
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(T[:3, :3]).ravel())
    return np.concatenate([quaternion, T[:3, 3]])
