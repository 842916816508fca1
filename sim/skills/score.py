"""Trajectories scored by skills: simulated, perturbed if wanted, seen and judged."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.batch import BatchResult, simulate
from sim.engine import mujoco
from sim.perturbation import NOMINAL, Perturbation
from sim.playback import trajectory_scene
from sim.scene import Scene
from sim.skills.goals import Judgement
from sim.skills.skill import Skill
from sim.skills.trace import Trace, Watcher, measuring


def skill_scene(scene: Scene) -> Scene:
    """The same scene, able to report near contacts."""
    return replace(scene, model=measuring(copy.copy(scene.model)))


def traces(result: BatchResult) -> list[Trace | None]:
    """A trace per rollout; None for one that broke down."""
    found: list[Trace | None] = []
    for k, model in enumerate(result.models):
        if np.isfinite(result.broken[k]):
            found.append(None)
            continue
        watcher, data = Watcher(result.scene), mujoco.MjData(model)
        for qpos, qvel, ctrl in zip(result.qpos[k], result.qvel[k], result.ctrl[k]):
            data.qpos[:], data.qvel[:], data.ctrl[:] = qpos, qvel, ctrl
            mujoco.mj_forward(model, data)
            watcher.see(model, data)
        found.append(watcher.trace())
    return found


@dataclass(frozen=True)
class Score:
    """What skills say of one trajectory.

    Attributes:
        nominal: Of the robot as it is described.
        perturbed: Successes among the perturbed ones.
        trials: How many of these there were.
    """

    nominal: Judgement
    perturbed: int
    trials: int


def score(
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    skills: Iterable[Skill],
    perturbations: Sequence[Perturbation] = (),
) -> dict[str, Score]:
    """Simulate a trajectory and judge it by skills.

    Args:
        trajectory: What to do.
        robot: The robot it was made for.
        skills: What it is judged by.
        perturbations: Robots on which it is tried again.

    Returns:
        Skill name → score.

    Raises:
        SimulationError: The trajectory is not for this robot.
    """
    scene = skill_scene(trajectory_scene(trajectory, robot))
    seen = traces(simulate(trajectory, robot, (NOMINAL, *perturbations), scene=scene))
    found = {}
    for skill in skills:
        nominal, *others = (
            Judgement(0.0, "the simulation broke down") if t is None else skill.judge(t)
            for t in seen
        )
        kept = sum(judgement.success for judgement in others)
        found[skill.name] = Score(nominal, kept, len(others))
    return found
