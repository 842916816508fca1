"""Rollouts beside a bare loop of `mj_step`: how much of the physics' speed is left.

    OMP_NUM_THREADS=1 python benchmarks/rollouts.py [--robot shadow] [--repeats 5]

One core, one way after another in every repeat, by CPU time: physics steps per CPU-second
of a bare loop whose controls are ready beforehand, and of what does more than it. Ratios
are to the bare loop of the same repeat; medians are printed.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from handx_gen import perform
from retarget import retarget_motion
from robots import load_robot
from sim.batch import simulate
from sim.engine import mujoco
from sim.perturbation import Spread, draw
from sim.playback import controls, set_state, trajectory_scene
from sim.scene import TIMESTEP
from sim.skills.environment import make_environment
from sim.skills.pose_commands import SUBSTEPS
from sim.skills.score import skill_scene, traces

SKILL, REQUEST = "clap_twice", "clap twice"
ROBOTS = 8
SPREAD = Spread(mass=0.2, friction=0.3, gain=0.2, latency=0.02)
PUSHED = Spread(mass=0.2, friction=0.3, gain=0.2, latency=0.02, push=5.0)
Way = Callable[[], tuple[int, float]]


def ways(name: str) -> dict[str, Way]:
    """What is timed: name → function that gives physics steps and CPU seconds."""
    robot = load_robot(name)
    trajectory, _ = retarget_motion(perform(REQUEST), robot)
    scene = trajectory_scene(trajectory, robot)
    ready, _ = controls(
        scene, trajectory, np.arange(TIMESTEP, trajectory.duration, TIMESTEP)
    )
    environment = make_environment(SKILL, robot, trajectory.duration)
    actions = environment.task.commands.of_trajectory(trajectory)
    environment = make_environment(SKILL, robot, trajectory.duration, actions[0])

    def bare() -> tuple[int, float]:
        data = mujoco.MjData(scene.model)
        set_state(scene, data, trajectory, 0.0)
        begin = time.process_time()
        for row in ready:
            data.ctrl[:] = row
            mujoco.mj_step(scene.model, data)
        return len(ready), time.process_time() - begin

    def batch(spread: Spread, watched: bool = False) -> tuple[int, float]:
        begin = time.process_time()
        world = skill_scene(scene) if watched else scene
        result = simulate(trajectory, robot, draw(spread, 0, ROBOTS), scene=world)
        if watched:
            traces(result)
        spent = time.process_time() - begin
        # The settling before the first sample is physics as well.
        return ROBOTS * (len(result.time) * 10 + 290), spent

    def acted() -> tuple[int, float]:
        begin, steps = time.process_time(), 0
        step = environment.reset()
        while not step.last():
            step = environment.step(actions[min(steps, len(actions) - 1)])
            steps += 1
        return steps * SUBSTEPS, time.process_time() - begin

    return {
        "bare loop of mj_step": bare,
        "batch, states kept at 100 Hz": lambda: batch(Spread()),
        "batch, perturbed": lambda: batch(SPREAD),
        "batch, perturbed and pushed": lambda: batch(PUSHED),
        "batch, perturbed, contacts and poses seen": lambda: batch(SPREAD, True),
        "dm_env environment of a skill": acted,
    }


def main() -> None:
    """Time all ways in turn, several times over, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--robot", default="shadow")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    timed = ways(options.robot)
    speeds: dict[str, list[float]] = {name: [] for name in timed}
    for repeat in range(options.repeats + 1):
        for name, way in timed.items():
            steps, seconds = way()
            if repeat:  # the first round warms caches
                speeds[name].append(steps / seconds)
    bare = np.array(speeds["bare loop of mj_step"])
    print(f"{options.robot}: {'':38s} steps / CPU-second   of the bare loop")
    for name, found in speeds.items():
        ratio = np.median(np.array(found) / bare)
        print(f"  {name:44s} {np.median(found):12,.0f} {100 * ratio:17.0f} %")


if __name__ == "__main__":
    main()
