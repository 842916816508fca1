"""Thousands of rollouts in a folder: by whatever workers there are, and resumable.

The unit of work is a `Chunk`: some perturbations of one trajectory. Its file depends on
the trajectory, the robot, the spread and the seed alone, so any number of workers on any
number of machines write the same bytes; a file is whole or not there.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.batch import BatchResult, simulate
from sim.engine import mujoco
from sim.perturbation import Spread, draw
from sim.playback import set_state

SCHEMA = 1
CHUNK = 16
"""Rollouts of a chunk."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some rollouts of one trajectory.

    Attributes:
        trajectory: What is played.
        robot_sha256: Of the robot's folder; every machine has to have the same.
        number: Position of the trajectory in the list.
        first, count: Which perturbations.
        spread, seed: How those are drawn.
    """

    trajectory: BimanualTrajectory
    robot_sha256: str
    number: int
    first: int
    count: int
    spread: Spread
    seed: int

    @property
    def name(self) -> str:
        """Of its file; changes with everything that the content depends on."""
        spread = "-".join(f"{value:g}" for value in asdict(self.spread).values())
        sha = f"{self.trajectory.sha256()[:8]}-{self.robot_sha256[:8]}"
        return (
            f"{self.number:03d}-{sha}-{spread}-s{self.seed}-"
            f"{self.first:06d}-{self.count}.npz"
        )


@dataclass(frozen=True)
class Outcome:
    """What became of a chunk.

    Attributes:
        number: Of the trajectory.
        broken: Rollouts whose simulation broke down.
        tip_error: (count,) 95th percentile of the distance between measured and commanded
            fingertips [m]; infinite for a broken one.
    """

    number: int
    broken: int
    tip_error: np.ndarray


def chunks(
    trajectories: Sequence[BimanualTrajectory],
    robot: RobotSpec,
    count: int,
    spread: Spread,
    seed: int,
) -> Iterator[Chunk]:
    """`count` rollouts of each trajectory, in chunks."""
    for number, trajectory in enumerate(trajectories):
        for first in range(0, count, CHUNK):
            size = min(CHUNK, count - first)
            yield Chunk(trajectory, robot.sha256, number, first, size, spread, seed)


def run_chunk(chunk: Chunk) -> tuple[dict[str, np.ndarray], str]:
    """Simulate a chunk; arrays for its file, and the perturbations as JSON.

    Raises:
        InputError: The robot's folder on this machine is another one.
        SimulationError: The trajectory is not for its robot.
    """
    from robots import load_robot

    robot = load_robot(chunk.trajectory.robot)
    if robot.sha256 != chunk.robot_sha256:
        raise InputError(
            robot.name, "sha256", "this machine has another description of the robot",
            "install the same version of handx everywhere",
        )  # fmt: skip
    drawn = draw(chunk.spread, chunk.seed + chunk.number, chunk.count, chunk.first)
    result = simulate(chunk.trajectory, robot, drawn)
    arrays = {
        "time": result.time,
        "qpos": result.qpos,
        "qvel": result.qvel,
        "broken": result.broken,
        "tip_error": tip_errors(result, chunk.trajectory),
    }
    return arrays, json.dumps([asdict(one) for one in drawn])


def tip_errors(result: BatchResult, trajectory: BimanualTrajectory) -> np.ndarray:
    """(K,) 95th percentile of the distance from commanded fingertips, in world [m]."""
    model, data = result.scene.model, mujoco.MjData(result.scene.model)
    bodies = np.concatenate([h.tip_bodies for h in result.scene.hands.values()])
    bodies = bodies[bodies >= 0]
    wanted = np.empty((len(result.time), len(bodies), 3))
    for k, time in enumerate(result.time):
        set_state(result.scene, data, trajectory, float(time))
        mujoco.mj_kinematics(model, data)
        wanted[k] = data.xpos[bodies]
    errors = np.full(len(result.qpos), np.inf)
    for k in np.flatnonzero(np.isinf(result.broken)):
        made = np.empty_like(wanted)
        for s, qpos in enumerate(result.qpos[k]):
            data.qpos[:] = qpos
            mujoco.mj_kinematics(model, data)
            made[s] = data.xpos[bodies]
        errors[k] = np.percentile(np.linalg.norm(made - wanted, axis=-1), 95)
    return errors


def run_store(
    work: Sequence[Chunk],
    folder: Path,
    mapped: Callable[..., Iterator[tuple[dict[str, np.ndarray], str]]],
    report: Callable[[int, int], None] = lambda fresh, before: None,
) -> list[Outcome]:
    """Run the chunks that have no file yet, and say what became of all of them.

    Args:
        work: The chunks.
        folder: Where the files lie.
        mapped: `map`, in order, over whatever workers there are.
        report: Told how many chunks were run, and how many were there before.

    Raises:
        InputError: A file that is there is damaged.
    """
    missing = [chunk for chunk in work if not (folder / chunk.name).is_file()]
    before = len(work) - len(missing)
    report(0, before)
    for fresh, (arrays, drawn) in enumerate(mapped(run_chunk, iter(missing)), 1):
        chunk = missing[fresh - 1]
        text = {
            "robot": chunk.trajectory.robot,
            "trajectory_sha256": chunk.trajectory.sha256(),
            "perturbations": json.loads(drawn),
        }
        npz.save(folder / chunk.name, SCHEMA, arrays, text)
        report(fresh, before)
    return [_outcome(chunk, folder) for chunk in work]


def _outcome(chunk: Chunk, folder: Path) -> Outcome:
    reader = npz.Reader(folder / chunk.name, "rollouts", SCHEMA)
    broken = reader.array("broken", 1)
    return Outcome(
        chunk.number, int(np.isfinite(broken).sum()), reader.array("tip_error", 1)
    )
