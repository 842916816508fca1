"""`simulate`: one trajectory on many perturbed robots at once, by `mujoco.rollout`.

The physics runs in MuJoCo's own threads; every rollout depends on its own inputs alone,
so the number of threads changes nothing in the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.perturbation import NOMINAL, Perturbation
from sim.playback import (
    RECORD_RATE,
    SETTLE_TIME,
    TOP_SPEED,
    controls,
    set_state,
    trajectory_scene,
    warnings_logged,
)
from sim.scene import TIMESTEP, Scene

BLOCK = 500
"""Physics steps that are rolled out together; it bounds the memory. A multiple of those
between two records."""

REST = 0.2
"""The last command is held this long after a trajectory [s]."""

_FULL = mujoco.mjtState.mjSTATE_FULLPHYSICS
_CTRL = mujoco.mjtState.mjSTATE_CTRL
_PUSHED = int(_CTRL) | int(mujoco.mjtState.mjSTATE_XFRC_APPLIED)


@dataclass(frozen=True, eq=False)
class BatchResult:
    """What happened in K rollouts of one trajectory.

    Attributes:
        scene: What was simulated.
        models: The K models.
        time: (S,) [s], at `RECORD_RATE`.
        qpos, qvel, ctrl: (K, S, nq), (K, S, nv), (K, S, nu).
        broken: (K,) the time from which on the state was NaN or absurdly fast [s],
            infinity where it never was. States from then on repeat the last good one.
    """

    scene: Scene
    models: tuple[mujoco.MjModel, ...]
    time: np.ndarray
    qpos: np.ndarray
    qvel: np.ndarray
    ctrl: np.ndarray
    broken: np.ndarray


def simulate(
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    perturbations: Sequence[Perturbation] = (NOMINAL,),
    threads: int = 1,
    scene: Scene | None = None,
) -> BatchResult:
    """Roll a trajectory out on K robots, each perturbed in its own way.

    Args:
        trajectory: What to do.
        robot: The robot it was made for.
        perturbations: K of them.
        threads: Of MuJoCo; the result is the same for any number.
        scene: What to simulate it in; the trajectory's own scene by default.

    Raises:
        SimulationError: The trajectory is not for this robot.
    """
    from mujoco import rollout

    scene = scene or trajectory_scene(trajectory, robot)
    models = tuple(one.model(scene.model) for one in perturbations)
    count, stride = len(models), round(1 / (RECORD_RATE * TIMESTEP))
    settle = round(SETTLE_TIME / TIMESTEP)
    steps = int(np.ceil((trajectory.duration + REST) * RECORD_RATE)) * stride
    data = mujoco.MjData(scene.model)
    set_state(scene, data, trajectory, 0.0)
    data.qvel[:] = 0.0
    size = mujoco.mj_stateSize(scene.model, _FULL)
    start = np.empty(size)
    mujoco.mj_getState(scene.model, data, start, _FULL)
    state = np.tile(start, (count, 1))
    pushed = any(np.any(one.push) for one in perturbations)
    recorded, sent = [], []
    workers = threads if threads > 1 else 0
    with warnings_logged(), rollout.Rollout(nthread=workers) as pool:
        datas = [mujoco.MjData(scene.model) for _ in range(max(threads, 1))]
        # Before time zero the hands settle into the first pose.
        for begin in (-settle, *range(0, steps, BLOCK)):
            length = settle if begin < 0 else min(BLOCK, steps - begin)
            ctrl = _commands(scene, trajectory, perturbations, begin, length)
            inputs, spec = ctrl, int(_CTRL)
            if pushed:
                spans = [p.forces(scene, steps, begin, length) for p in perturbations]
                pushes = np.reshape(spans, (count, length, -1))
                inputs, spec = np.concatenate([ctrl, pushes], axis=2), _PUSHED
            path = np.empty((count, length, size))
            pool.rollout(
                list(models), datas, state, inputs, control_spec=spec, state=path
            )
            state = path[:, -1]
            kept = slice(-1, None) if begin < 0 else slice(stride - 1, None, stride)
            recorded.append(path[:, kept])
            sent.append(ctrl[:, kept])
    return _result(scene, models, np.concatenate(recorded, 1), np.concatenate(sent, 1))


def _commands(
    scene: Scene,
    trajectory: BimanualTrajectory,
    perturbations: Sequence[Perturbation],
    begin: int,
    length: int,
) -> np.ndarray:
    """(K, length, nu) controls of the physics steps from `begin` on, latency included.

    A servo is asked for where it should be at the end of the step.
    """
    late = max(round(p.latency / TIMESTEP) for p in perturbations)
    time = np.arange(begin - late + 1, begin + length + 1) * TIMESTEP
    rows, _ = controls(scene, trajectory, time)
    return np.stack(
        [
            rows[late - shift : late - shift + length]
            for shift in (round(p.latency / TIMESTEP) for p in perturbations)
        ]
    )


def _result(
    scene: Scene,
    models: tuple[mujoco.MjModel, ...],
    states: np.ndarray,
    ctrl: np.ndarray,
) -> BatchResult:
    """Split the states up, and find where they stopped making sense."""
    nq, nv = scene.model.nq, scene.model.nv
    time = np.arange(states.shape[1]) / RECORD_RATE
    qpos, qvel = (
        states[..., 1 : 1 + nq].copy(),
        states[..., 1 + nq : 1 + nq + nv].copy(),
    )
    bad = ~np.isfinite(states).all(-1) | (np.abs(qvel) > TOP_SPEED).any(-1)
    # MuJoCo stops a rollout at a warning: its clock stands still.
    bad[:, 1:] |= np.diff(states[..., 0], axis=1) < 0.5 / RECORD_RATE
    broken = np.full(len(states), np.inf)
    for k in np.flatnonzero(bad.any(1)):
        first = int(bad[k].argmax())
        broken[k] = time[first]
        good = max(first - 1, 0)
        qpos[k, first:], qvel[k, first:] = qpos[k, good], 0.0
    return BatchResult(scene, models, time, qpos, qvel, ctrl, broken)
