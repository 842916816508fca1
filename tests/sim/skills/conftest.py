"""References of skills, simulated once per session."""

from collections.abc import Callable

import pytest

from handx_gen.procedural.performance import perform
from retarget import retarget_motion
from retarget.trajectory import BimanualTrajectory
from robots import RobotSpec, load_robot
from sim.batch import simulate
from sim.playback import trajectory_scene
from sim.skills import SKILLS
from sim.skills.pressing import pressed
from sim.skills.score import skill_scene, traces
from sim.skills.trace import Trace

Reference = Callable[[str], BimanualTrajectory]
Seen = Callable[[BimanualTrajectory], Trace]


@pytest.fixture(scope="session")
def shadow() -> RobotSpec:
    return load_robot("shadow")


@pytest.fixture(scope="session")
def reference(shadow: RobotSpec) -> Reference:
    """Skill name → the trajectory of its scripted reference on Shadow."""
    made: dict[str, BimanualTrajectory] = {}

    def make(name: str) -> BimanualTrajectory:
        if name not in made:
            skill = SKILLS[name]
            trajectory, _ = retarget_motion(perform(skill.prompts[0], seed=1), shadow)
            if skill.press:
                trajectory = pressed(trajectory, shadow, skill.press)
            made[name] = trajectory
        return made[name]

    return make


@pytest.fixture(scope="session")
def seen(shadow: RobotSpec) -> Seen:
    """Trajectory → what the simulated Shadow hands did."""

    def look(trajectory: BimanualTrajectory) -> Trace:
        scene = skill_scene(trajectory_scene(trajectory, shadow))
        (trace,) = traces(simulate(trajectory, shadow, scene=scene))
        assert trace is not None
        return trace

    return look
