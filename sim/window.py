"""A stretch of a rollout in which other commands are tried, by `mujoco.rollout`.

Every candidate starts from the state that was measured at the begin of the stretch, so
that a second of a long motion can be tried many times for little.
"""

from collections.abc import Sequence

import numpy as np

from handx_gen.kinematics.contacts import CONTACT_GAP
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.measure import Recorder
from sim.playback import RECORD_RATE, controls, set_state, trajectory_scene
from sim.rollout import Rollout
from sim.scene import TIMESTEP
from sim.thresholds import thresholds_of

AIM = 0.7
"""Bounds are aimed at with this share, gaps with this share of what counts as contact."""

FAR_GAP = 0.02
"""An asked contact that is further open than this costs no more [m]."""

RADIANS, SPEED = 100.0, 10.0
"""What a radian beyond a limit, and a speed of twice its limit, cost beside 1 mm."""

BROKEN = 1e6
"""Cost of a candidate that breaks the simulation."""

_FULL = int(mujoco.mjtState.mjSTATE_FULLPHYSICS)
_STRIDE = round(1 / (RECORD_RATE * TIMESTEP))


class Window:
    """Samples `start` to `stop` of a rollout, to be tried with other commands.

    Args:
        rollout: What was measured.
        trajectory: What was commanded, with the contacts that were asked for.
        robot: The robot.
        start, stop: First and last sample of the rollout.
        threads: Of MuJoCo; the result is the same for any number.
    """

    def __init__(
        self,
        rollout: Rollout,
        trajectory: BimanualTrajectory,
        robot: RobotSpec,
        start: int,
        stop: int,
        threads: int = 1,
    ) -> None:
        self.scene = trajectory_scene(trajectory, robot)
        self.robot, self.bounds = robot, thresholds_of(robot)
        model = self.scene.model
        self._data = [mujoco.MjData(model) for _ in range(threads)]
        self._start = np.zeros(mujoco.mj_stateSize(model, _FULL))
        data = self._data[0]
        data.time = rollout.time[start]
        data.qpos[:], data.qvel[:] = rollout.qpos[start], rollout.qvel[start]
        mujoco.mj_getState(model, data, self._start, _FULL)
        self._samples = rollout.time[start + 1 : stop + 1]
        steps = (stop - start) * _STRIDE
        self._time = rollout.time[start] + np.arange(1, steps + 1) * TIMESTEP
        asked = trajectory.asked_contacts
        asked = asked.at(trajectory.time_from_start, self._samples)
        wanted = asked.mask.any(0)
        self._pairs = tuple(p for p, w in zip(asked.pairs, wanted) if w)
        self._asked = asked.mask[:, wanted]

    def costs(self, candidates: Sequence[BimanualTrajectory]) -> np.ndarray:
        """(K,) what each candidate's stretch costs; 0 is within all bounds."""
        from mujoco import rollout

        model = self.scene.model
        commands = [controls(self.scene, c, self._time)[0] for c in candidates]
        start = np.tile(self._start, (len(candidates), 1))
        states, _ = rollout.rollout(
            model, self._data, start, np.stack(commands), persistent_pool=True
        )
        kept = np.asarray(states)[:, _STRIDE - 1 :: _STRIDE]
        return np.array(
            [self._cost(trail) + self._depth(c) for trail, c in zip(kept, candidates)]
        )

    def _depth(self, candidate: BimanualTrajectory) -> float:
        """Of overlaps that the command itself asks for, beyond the bound [mm]."""
        scene, data = self.scene, self._data[0]
        recorder = Recorder(scene, ())
        for time in self._samples:
            set_state(scene, data, candidate, float(time))
            mujoco.mj_kinematics(scene.model, data)
            mujoco.mj_comPos(scene.model, data)
            mujoco.mj_collision(scene.model, data)
            recorder.see_contacts(data)
        deep = 1e3 * recorder.overlap - AIM * self.bounds.command_penetration_mm
        return float(np.maximum(deep, 0.0).sum())

    def _cost(self, states: np.ndarray) -> float:
        """Of states (S, nstate) at the rollout's samples."""
        if not np.isfinite(states).all():
            return BROKEN
        scene, data = self.scene, self._data[0]
        recorder = Recorder(scene, self._pairs)
        nothing = np.zeros(len(scene.joint_names))
        for time, state in zip(self._samples, states):
            mujoco.mj_setState(scene.model, data, state, _FULL)
            mujoco.mj_kinematics(scene.model, data)
            mujoco.mj_comPos(scene.model, data)
            mujoco.mj_collision(scene.model, data)
            recorder.see_contacts(data)
            recorder.record(data, float(time), nothing)
        found, bounds = recorder.arrays(), self.bounds
        cost = 0.0
        if self._pairs:
            gap = recorder.contacts().gap - AIM * CONTACT_GAP
            open_by = 1e3 * np.clip(gap, 0.0, FAR_GAP)
            cost += float((open_by * self._asked).sum(0) @ (1 / self._asked.sum(0)))
        deep = 1e3 * found["penetration"].max(0) - AIM * bounds.penetration_mm
        cost += float(np.maximum(deep, 0.0).sum())
        lower, upper, speed = (
            np.concatenate([getattr(chain, name) for chain, _ in scene.parts])
            for name in ("lower", "upper", "velocity_limit")
        )
        position = found["joint_position"]
        beyond = np.maximum(lower - position, position - upper).max(0)
        beyond = np.maximum(beyond - AIM * bounds.measured_position_rad, 0.0)
        cost += RADIANS * float(beyond.sum())
        ratio = np.percentile(np.abs(found["joint_velocity"]) / speed, 99, axis=0)
        return cost + SPEED * float(np.maximum(ratio - 1.0, 0.0).sum())
