"""Skills tried out: motions from several sources, on a robot, simulated and judged.

A *source* is who makes the motion: "reference" (the procedural mode, which knows the
request by rules and is no learned policy), a network by its name, or a file. The unit of
work, and of resuming, is a `Trial`: one motion on one robot.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handx_gen import npz
from handx_gen.errors import HandxError, InputError
from handx_gen.motion import BimanualMotion
from robots.robot import RobotSpec
from sim.perturbation import Spread

if TYPE_CHECKING:
    from sim.skills.score import Score

REFERENCE = "reference"
STATIC = "static pose"
"""The first pose of each reference, held: what no skill may be fooled by."""

FILE = "file"
"""A motion that the user gave."""

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class Trial:
    """One motion, to be tried on one robot.

    Attributes:
        robot: Its name.
        robot_sha256: Of its folder; other machines have to have the same.
        source: Who made the motion.
        label: What the motion is of: a skill's name, or a file's.
        prompt, seed: What it was asked for with.
        skills: Names of the skills that judge it.
        origin: sha256 of what it comes from: a network's weights, a file's array.
        perturbed: Perturbed robots that try it as well.
        spread: How far those differ.
        joints: (T, 2, 21, 3) [m]; None where the worker draws it by rules, or where a
            network has not drawn it yet.
        fps: Of those [Hz].
    """

    robot: str
    robot_sha256: str
    source: str
    label: str
    prompt: str
    seed: int
    skills: tuple[str, ...]
    origin: str = ""
    perturbed: int = 0
    spread: Spread = field(default_factory=Spread)
    joints: np.ndarray | None = None
    fps: float = 30.0

    @property
    def key(self) -> str:
        """What a result is filed under: changes with everything that it depends on."""
        about = json.dumps(asdict(replace(self, joints=None)), sort_keys=True)
        return hashlib.sha256(about.encode()).hexdigest()[:16]

    def file(self, folder: Path) -> Path:
        """Where the result lies."""
        name = f"{self.robot}-{self.label}-{self.source}-{self.seed}"
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        return folder / f"{safe}-{self.key}.json"


@dataclass(frozen=True)
class Row:
    """One motion judged by one skill.

    Attributes:
        robot, source, label, prompt, seed: Of the motion (`Trial`).
        skill: The judge.
        success, progress, reason: On the robot as it is described.
        perturbed, trials: Successes on perturbed robots, and how many there were.
    """

    robot: str
    source: str
    label: str
    prompt: str
    seed: int
    skill: str
    success: bool
    progress: float
    reason: str
    perturbed: int
    trials: int


def run_trial(trial: Trial) -> list[dict[str, Any]]:
    """Try a motion; rows as plain values, one per skill. A reference's pose is also held.

    Raises:
        InputError: The robot's folder on this machine is another one.
    """
    from robots import load_robot

    robot = load_robot(trial.robot)
    if robot.sha256 != trial.robot_sha256:
        raise InputError(
            trial.robot, "sha256", "this machine has another description of the robot",
            "install the same version of handx everywhere",
        )  # fmt: skip
    rows = []
    for source, scores in _scores(trial, robot).items():
        for name, judged in scores.items():
            rows.append(
                Row(
                    trial.robot, source, trial.label, trial.prompt, trial.seed, name,
                    judged.nominal.success, round(judged.nominal.progress, 4),
                    judged.nominal.reason, judged.perturbed, judged.trials,
                )
            )  # fmt: skip
    return [asdict(row) for row in rows]


def _scores(trial: Trial, robot: "RobotSpec") -> "dict[str, dict[str, Score]]":
    """Source → skill → score; a motion that cannot be put on the robot fails all."""
    from handx_gen.procedural.performance import perform
    from retarget import retarget_motion
    from sim.negative_controls import static_pose
    from sim.perturbation import draw
    from sim.skills import SKILLS, Judgement
    from sim.skills.pressing import pressed
    from sim.skills.score import Score, score

    skills = [SKILLS[name] for name in trial.skills]
    try:
        if trial.joints is None:
            motion = perform(trial.prompt, seed=trial.seed)
        else:
            motion = BimanualMotion(trial.joints, trial.fps)
        trajectory, _ = retarget_motion(motion, robot)
        others = draw(trial.spread, trial.seed, trial.perturbed)
        if trial.source != REFERENCE:
            return {trial.source: score(trajectory, robot, skills, others)}
        press = SKILLS[trial.label].press
        trajectory = pressed(trajectory, robot, press) if press else trajectory
        return {
            REFERENCE: score(trajectory, robot, skills, others),
            STATIC: score(static_pose(trajectory), robot, skills),
        }
    except HandxError as error:
        failed = Score(Judgement(0.0, str(error)), 0, trial.perturbed)
        return {trial.source: {skill.name: failed for skill in skills}}


def run_trials(
    trials: Sequence[Trial],
    folder: Path,
    mapped: Callable[..., Iterator[list[dict[str, Any]]]],
    complete: Callable[[Trial], Trial] = lambda trial: trial,
    report: Callable[[int, int], None] = lambda fresh, before: None,
) -> list[Row]:
    """Make the trials that have no result yet; results are written one by one, whole.

    Args:
        trials: What to try.
        folder: Where results lie; those that are there are taken as they are.
        mapped: `map`, in order, over whatever workers there are.
        complete: Draws a trial's motion in this process, where that is needed.
        report: Told how many trials were made, and how many were there before.

    Returns:
        All rows, in the order of the trials.
    """
    rows: dict[Path, list[Row]] = {}
    waiting: list[Path] = []
    before = 0

    def missing() -> Iterator[Trial]:
        nonlocal before
        for trial in trials:
            path = trial.file(folder)
            known = _read(path)
            rows[path] = known or []
            if known is None:
                waiting.append(path)
                yield complete(trial)
            else:
                before += 1
                report(fresh, before)

    fresh = 0
    for found in mapped(run_trial, missing()):
        path = waiting.pop(0)
        npz.write_text(path, json.dumps({"schema": SCHEMA, "rows": found}, indent=1))
        rows[path] = [Row(**row) for row in found]
        fresh += 1
        report(fresh, before)
    return [row for one in rows.values() for row in one]


def _read(path: Path) -> list[Row] | None:
    """The rows of a result; None where there is none.

    Raises:
        InputError: The file is there and is no result.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["schema"] == SCHEMA:
            return [Row(**row) for row in found["rows"]]
        problem = f"schema {found['schema']}, not {SCHEMA}"
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"no result of a trial ({error!r})"
    raise InputError(path, "", problem, "remove it: the trial is then made again")
