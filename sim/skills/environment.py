"""A skill as a task to act in: dm_control's `rl.control.Environment`, dm_env's interface.

    environment = make_environment("clap_twice", load_robot("shadow"))
    step = environment.reset()
    while not step.last():
        step = environment.step(policy(step.observation))
    print(environment.task.judgement)

An action says where each hand's root and joints should be at the end of the control
step (`PoseCommands`); in between the targets move evenly, and no joint is asked to be
faster than it may be. The reward is the progress made since the last one, negative where
something was undone, and 1 more where the episode ends in success.
"""

# dm_control declares its tasks' methods as returning None.
# pyright: reportIncompatibleMethodOverride=false

from dataclasses import replace

import numpy as np
from dm_control import mujoco as dm_mujoco
from dm_control.mujoco import wrapper
from dm_control.rl import control
from dm_env import specs

from handx_gen.errors import InputError
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.perturbation import NOMINAL, Perturbation
from sim.playback import RECORD_RATE, TOP_SPEED, warnings_logged
from sim.scene import Scene, build_scene
from sim.skills import find_skill
from sim.skills.goals import Judgement
from sim.skills.pose_commands import SUBSTEPS, PoseCommands
from sim.skills.score import skill_scene
from sim.skills.skill import Skill
from sim.skills.trace import Watcher

JUDGED_EVERY = 5
"""Control steps from one judgement, and reward, to the next."""

EPISODE = 8.0
"""Length of an episode [s]."""


class HandsPhysics(dm_mujoco.Physics):
    """MuJoCo's physics with other servo targets at every physics step."""

    targets: np.ndarray
    """(steps, nu) controls of the coming physics steps."""
    pushes: np.ndarray | None = None
    """(steps, nbody, 6) forces [N] and torques [N·m] on bodies during them, or nothing."""

    def step(self, nstep: int = 1) -> None:
        """Advance by `nstep` physics steps, then bring derived quantities up to date."""
        model, data = self.model.ptr, self.data.ptr
        with warnings_logged():
            for k in range(nstep):
                data.ctrl[:] = self.targets[k]
                if self.pushes is not None:
                    data.xfrc_applied[:] = self.pushes[k]
                mujoco.mj_step(model, data)
            mujoco.mj_forward(model, data)


class SkillTask(control.Task):
    """What to do, and how far it was done.

    Args:
        skill: What to do.
        scene: Of `skill_scene`.
        seconds: Length of an episode.
        start: Pose in the beginning, as an action; None takes relaxed hands at rest.
        perturbation: Its latency delays actions, its push acts at its time.

    Attributes:
        judgement: Of the episode so far.
        commands: What actions mean.
    """

    def __init__(
        self,
        skill: Skill,
        scene: Scene,
        seconds: float = EPISODE,
        start: np.ndarray | None = None,
        perturbation: Perturbation = NOMINAL,
    ) -> None:
        self.skill, self.scene = skill, scene
        self.commands = PoseCommands(scene)
        self.judgement = Judgement(0.0, "not begun")
        self._steps = round(seconds * RECORD_RATE)
        self._start = self.commands.neutral if start is None else np.array(start, float)
        self._perturbation = perturbation
        self._reward, self._broken = 0.0, False

    def action_spec(self, physics: control.Physics) -> specs.BoundedArray:
        """What an action is: see `PoseCommands`."""
        low, high = self.commands.limits
        return specs.BoundedArray(low.shape, float, low, high, "pose")

    def initialize_episode(self, physics: HandsPhysics) -> None:
        """Put the hands into the start pose, at rest."""
        self.commands.write_state(physics.data.ptr, self._start)
        late = round(self._perturbation.latency * RECORD_RATE)
        self._sent, self._pose = [self._start] * late, self._start
        self._reward, self._broken = 0.0, False
        self.judgement = Judgement(0.0, "not begun")
        mujoco.mj_forward(physics.model.ptr, physics.data.ptr)
        self._watcher = Watcher(self.scene)
        self._watcher.see(physics.model.ptr, physics.data.ptr)

    def before_step(self, action: np.ndarray, physics: HandsPhysics) -> None:
        """Turn an action into the controls of the coming physics steps.

        Raises:
            InputError: The action has a wrong shape or is not finite.
        """
        action = np.asarray(action, float)
        if action.shape != self._start.shape or not np.isfinite(action).all():
            raise InputError(
                "action", "", f"shape {action.shape}, or NaN in it",
                f"give {len(self._start)} finite numbers, as action_spec() says",
            )  # fmt: skip
        self._sent.append(action)
        reached = self.commands.towards(self._pose, self._sent.pop(0))
        physics.targets = self.commands.controls(self._pose, reached)
        if np.any(self._perturbation.push):
            done = (len(self._watcher) - 1) * SUBSTEPS
            physics.pushes = self._perturbation.forces(
                self.scene, self._steps * SUBSTEPS, done, SUBSTEPS
            )
        self._pose = reached

    def after_step(self, physics: HandsPhysics) -> None:
        """Look at the new state; judge the episode now and then, and at its end."""
        data, before = physics.data.ptr, self.judgement.progress
        finite = np.isfinite(data.qpos).all() and np.isfinite(data.qvel).all()
        self._broken = not finite or float(np.abs(data.qvel).max()) > TOP_SPEED
        if self._broken:
            self.judgement = Judgement(0.0, "the simulation broke down")
        else:
            self._watcher.see(physics.model.ptr, data)
            if self._over or len(self._watcher) % JUDGED_EVERY == 1:
                self.judgement = self.skill.judge(self._watcher.trace())
        self._reward = self.judgement.progress - before
        if self._over and self.judgement.success:
            self._reward += 1.0

    @property
    def _over(self) -> bool:
        return self._broken or len(self._watcher) > self._steps

    def get_reward(self, physics: HandsPhysics) -> float:
        """Progress since the last judgement, and 1 for success at the end."""
        return self._reward

    def get_termination(self, physics: HandsPhysics) -> float | None:
        """The discount at the end, which the clock or a break-down brings; else None."""
        return 0.0 if self._over else None

    def get_observation(self, physics: HandsPhysics) -> dict[str, np.ndarray]:
        """Measured state: joints, speeds, efforts, and where roots and fingertips are."""
        data = physics.data
        found = {"time": np.array([data.time])}
        for chain, where in self.scene.parts:
            found |= {
                f"{chain.side}_joints": data.qpos[where.qpos].copy(),
                f"{chain.side}_speeds": data.qvel[where.dof].copy(),
                f"{chain.side}_efforts": data.actuator_force[where.force].copy(),
            }
        for side, hand in self.scene.hands.items():
            tips = hand.tip_bodies[hand.tip_bodies >= 0]
            root = np.concatenate(
                [data.xpos[hand.base_body], data.xquat[hand.base_body]]
            )
            found |= {f"{side}_root": root, f"{side}_tips": data.xpos[tips].ravel()}
        return found


def make_environment(
    skill: str | Skill,
    robot: RobotSpec,
    seconds: float = EPISODE,
    start: np.ndarray | None = None,
    perturbation: Perturbation = NOMINAL,
) -> control.Environment:
    """A skill on a robot as a dm_env environment at `RECORD_RATE` control steps a second.

    Args:
        skill: Its name, or one of your own.
        robot: The robot.
        seconds: Length of an episode.
        start: Pose in the beginning, as an action.
        perturbation: How the robot differs from its model.

    Raises:
        InputError: There is no such skill.
    """
    if isinstance(skill, str):
        skill = find_skill(skill)
    scene = skill_scene(build_scene(robot))
    scene = replace(scene, model=perturbation.model(scene.model))
    physics = HandsPhysics.from_model(wrapper.MjModel(scene.model))
    task = SkillTask(skill, scene, seconds, start, perturbation)
    return control.Environment(physics, task, n_sub_steps=SUBSTEPS)
