"""A trajectory played on the simulated hands: `play` (physics), `play_kinematic` (none).

What is played is the trajectory's own spline, sampled at every physics step; what is
recorded is the measured state.
"""

import logging
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np

from handx_gen import npz
from handx_gen.skeleton import SIDES
from retarget.trajectory import BimanualTrajectory
from robots.hand import HandSpec
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.errors import SimulationError, UnstableSimulation
from sim.measure import Recorder
from sim.rollout import Rollout
from sim.scene import TIMESTEP, Scene, build_scene

LOG = logging.getLogger(__name__)

RECORD_RATE = 100.0
"""Samples of the rollout per second [Hz]."""

SETTLE_TIME = 0.3
"""The first pose is held this long before the clock starts [s]."""

BLOCK = 1000
"""Physics steps whose controls are worked out together; a multiple of those between two
records. It bounds the memory that a long trajectory takes."""

TOP_SPEED = 100.0
"""A joint faster than this [rad/s or m/s] is taken for a break-down: ten times what
fingers can do."""

KEPT_STATES = 50
"""Recorded states that are dumped when the simulation breaks down."""


def play(trajectory: BimanualTrajectory, robot: RobotSpec) -> Rollout:
    """Simulate the trajectory and record what the hands really did.

    Args:
        trajectory: What to do.
        robot: The robot it was made for.

    Raises:
        SimulationError: The trajectory is not for this robot.
        UnstableSimulation: The state became NaN or absurdly fast.
    """
    scene = trajectory_scene(trajectory, robot)
    model, data = scene.model, mujoco.MjData(scene.model)
    stride = round(1 / (RECORD_RATE * TIMESTEP))
    recorder = Recorder(scene, trajectory.asked_contacts.pairs)
    kept: deque[tuple[np.ndarray, ...]] = deque(maxlen=KEPT_STATES)
    with warnings_logged():
        set_state(scene, data, trajectory, 0.0)
        data.qvel[:] = 0.0
        ctrl, commanded = controls(scene, trajectory, np.zeros(1))
        data.ctrl[:] = ctrl[0]
        for _ in range(round(SETTLE_TIME / TIMESTEP)):
            mujoco.mj_step(model, data)
        recorder.see_contacts(data)
        _sample(recorder, data, 0.0, commanded[0], kept)
        last = (_sample_count(trajectory) - 1) * stride
        for block in range(0, last, BLOCK):
            # A servo is asked for where it should be at the end of the step.
            time = np.arange(block + 1, min(block + BLOCK, last) + 1) * TIMESTEP
            ctrl, commanded = controls(scene, trajectory, time)
            for k, row in enumerate(ctrl, start=1):
                data.ctrl[:] = row
                mujoco.mj_step(model, data)
                recorder.see_contacts(data)
                if k % stride == 0:
                    _sample(recorder, data, float(time[k - 1]), commanded[k - 1], kept)
    return _rollout(scene, trajectory, recorder, solver_warnings(data))


def play_kinematic(trajectory: BimanualTrajectory, robot: RobotSpec) -> Rollout:
    """The command itself as a rollout: no physics, every pose exactly as asked.

    Its tips, gaps and overlaps say what the command means; it is the upper bound of
    what `play` can reach.

    Raises:
        SimulationError: The trajectory is not for this robot.
    """
    scene = trajectory_scene(trajectory, robot)
    model, data = scene.model, mujoco.MjData(scene.model)
    time = np.arange(_sample_count(trajectory)) / RECORD_RATE
    ctrl, commanded = controls(scene, trajectory, time)
    recorder = Recorder(scene, trajectory.asked_contacts.pairs)
    for index, now in enumerate(time):
        set_state(scene, data, trajectory, float(now))
        data.ctrl[:] = ctrl[index]
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_collision(model, data)
        recorder.see_contacts(data)
        recorder.record(data, now, commanded[index])
    return _rollout(scene, trajectory, recorder, {})


def _sample_count(trajectory: BimanualTrajectory) -> int:
    """Samples at `RECORD_RATE` that cover the trajectory, both ends included."""
    return int(np.ceil(trajectory.duration * RECORD_RATE - 1e-6)) + 1


@lru_cache(maxsize=8)
def _scene(robot: RobotSpec, sides: tuple[str, ...]) -> Scene:
    # A RobotSpec hashes by identity, so an edited robot gets a scene of its own.
    return build_scene(robot, sides)


def trajectory_scene(trajectory: BimanualTrajectory, robot: RobotSpec) -> Scene:
    """The scene with the hands the trajectory moves.

    Raises:
        SimulationError: Another robot, or joints that this robot does not have.
    """
    if trajectory.robot != robot.name:
        raise SimulationError(
            f"trajectory [robot]: made for {trajectory.robot!r}, not for "
            f"{robot.name!r}. Fix: retarget the motion to {robot.name}."
        )
    sides = tuple(side for side in SIDES if trajectory.hands[side] is not None)
    for side in sides:
        wanted = robot.hands[side].joint_names if side in robot.hands else ()
        _same_joints(
            f"the {side} hand", trajectory.hands[side].joint_names, wanted, robot
        )
    for group, wanted in robot.groups.items():
        part = trajectory.groups.get(group)
        found = part.joint_names if part is not None else ()
        _same_joints(f"the group {group}", found, wanted, robot)
    return _scene(robot, sides)


def _same_joints(
    what: str, found: tuple[str, ...], wanted: tuple[str, ...], robot: RobotSpec
) -> None:
    if found == wanted:
        return
    odd = sorted(set(found) ^ set(wanted)) or list(found)
    raise SimulationError(
        f"trajectory [joint_names]: {what} of {robot.name} has other joints or another "
        f"order ({', '.join(odd[:4])}). Fix: retarget again."
    )


def controls(
    scene: Scene, trajectory: BimanualTrajectory, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Controls of the servos at the given times.

    Args:
        scene: The scene.
        trajectory: Its commands.
        time: (N,) [s].

    Returns:
        (N, nu) controls and (N, J) commanded joint positions [rad].
    """
    ctrl = np.zeros((len(time), scene.model.nu))
    commanded = []
    for chain, where in scene.parts:
        position, velocity = commanded_joints(scene, trajectory, chain, time)
        commanded.append(position)
        actuated = chain.actuated_index
        ctrl[:, where.position_ctrl] = position[:, actuated]
        ctrl[:, where.velocity_ctrl] = velocity[:, actuated]
    if scene.body is not None:
        return ctrl, np.concatenate(commanded, axis=1)
    pose, rate = trajectory.sample_base(time)
    for side, hand in scene.hands.items():
        k = SIDES.index(side)
        ctrl[:, hand.base_position_ctrl] = pose[:, k, 4:]
        ctrl[:, hand.base_velocity_ctrl] = rate[:, k, 4:]
        quaternion = pose[:, k, :4]
        spin = angular_velocity(quaternion, rate[:, k, :4])
        ctrl[:, hand.base_quaternion_ctrl] = quaternion_product(
            rotation_quaternion(hand.orientation_lead * spin), quaternion
        )
    return ctrl, np.concatenate(commanded, axis=1)


def commanded_joints(
    scene: Scene, trajectory: BimanualTrajectory, chain: HandSpec, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(N, n) positions and velocities asked of one chain's joints [rad, rad/s].

    A hand that the trajectory does not move rests.
    """
    if chain.side in SIDES:
        part = trajectory.hands[chain.side]
        if part is None:
            rest = np.broadcast_to(chain.rest_pose, (len(time), len(chain.rest_pose)))
            return rest, np.zeros(rest.shape)
        return part.sample(time)
    groups = [trajectory.groups[group] for group in scene.robot.groups]
    sampled = [group.sample(time) for group in groups]
    position, velocity = (np.concatenate(x, axis=1) for x in zip(*sampled))
    return position, velocity


def set_state(
    scene: Scene, data: mujoco.MjData, trajectory: BimanualTrajectory, time: float
) -> None:
    """Put the model exactly into the commanded pose, joints at their commanded speed."""
    data.qvel[:] = 0.0
    for chain, where in scene.parts:
        position, velocity = commanded_joints(
            scene, trajectory, chain, np.array([time])
        )
        data.qpos[where.qpos], data.qvel[where.dof] = position[0], velocity[0]
    if scene.body is not None:
        return
    pose, rate = trajectory.sample_base(time)
    for side, hand in scene.hands.items():
        k = SIDES.index(side)
        data.qpos[hand.base_qpos[:3]] = pose[k, 4:]
        data.qpos[hand.base_qpos[3:]] = pose[k, :4]
        data.qvel[hand.base_dof[:3]] = rate[k, 4:]


def solver_warnings(data: mujoco.MjData) -> dict[str, int]:
    """Warnings that MuJoCo raised since the data were made, by name."""
    counts = {
        kind.name.removeprefix("mjWARN_").lower(): int(data.warning[int(kind)].number)
        for kind in mujoco.mjtWarning.__members__.values()
        if int(kind) < int(mujoco.mjtWarning.mjNWARNING)
    }
    return {name: count for name, count in counts.items() if count}


def quaternion_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product of (..., 4) wxyz quaternions."""
    aw, av, bw, bv = a[..., :1], a[..., 1:], b[..., :1], b[..., 1:]
    return np.concatenate(
        [
            aw * bw - (av * bv).sum(-1, keepdims=True),
            aw * bv + bw * av + np.cross(av, bv),
        ],
        -1,
    )


def rotation_quaternion(rotvec: np.ndarray) -> np.ndarray:
    """(..., 3) rotation vectors [rad] → (..., 4) wxyz."""
    angle = np.linalg.norm(rotvec, axis=-1, keepdims=True)
    # sin(x/2)/x by sinc, which is finite at zero.
    return np.concatenate(
        [np.cos(angle / 2), 0.5 * np.sinc(angle / (2 * np.pi)) * rotvec], -1
    )


def angular_velocity(quaternion: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """World angular velocity [rad/s] of (..., 4) unit wxyz with time derivative `rate`."""
    conjugate = quaternion * np.array([1.0, -1.0, -1.0, -1.0])
    return 2 * quaternion_product(rate, conjugate)[..., 1:]


@contextmanager
def warnings_logged() -> Iterator[None]:
    """Send MuJoCo's warnings to the log; by itself it writes a file where it runs.

    They are counted in the rollout in any case.
    """
    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda text: LOG.debug("%s", text))
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(before)


def _sample(
    recorder: Recorder,
    data: mujoco.MjData,
    time: float,
    commanded: np.ndarray,
    kept: deque[tuple[np.ndarray, ...]],
) -> None:
    """Record the state after a step, if it still is one; remember it for a dump."""
    scene = recorder.scene
    _guard(scene, data, time, kept)
    kept.append((data.qpos.copy(), data.qvel.copy(), data.ctrl.copy()))
    # Poses after the step, not those the step began with.
    mujoco.mj_kinematics(scene.model, data)
    recorder.record(data, time, commanded)


def _guard(
    scene: Scene,
    data: mujoco.MjData,
    time: float,
    kept: deque[tuple[np.ndarray, ...]],
) -> None:
    """Raise if the state or a control is no number, or a joint is absurdly fast."""
    bad = ~np.isfinite(data.qvel) | (np.abs(data.qvel) > TOP_SPEED)
    if not bad.any() and all(np.isfinite(x).all() for x in (data.qpos, data.ctrl)):
        return
    dof = int(np.flatnonzero(bad)[0]) if bad.any() else 0
    name = scene.model.joint(int(scene.model.dof_jntid[dof])).name
    past = [*kept, (data.qpos.copy(), data.qvel.copy(), data.ctrl.copy())]
    qpos, qvel, ctrl = (np.stack(column) for column in zip(*past))
    times = time - np.arange(len(past))[::-1] / RECORD_RATE
    states = {"time": times, "qpos": qpos, "qvel": qvel, "ctrl": ctrl}
    folder = Path(tempfile.mkdtemp(prefix="handx-unstable-"))
    dump = npz.save(folder / "last_states.npz", 1, states)
    raise UnstableSimulation(float(time), name, states, dump)


def _rollout(
    scene: Scene,
    trajectory: BimanualTrajectory,
    recorder: Recorder,
    warnings: dict[str, int],
) -> Rollout:
    return Rollout(
        robot=scene.robot.name,
        trajectory_sha256=trajectory.sha256(),
        joint_names=scene.joint_names,
        contacts=recorder.contacts(),
        warnings=warnings,
        **recorder.arrays(),
    )
