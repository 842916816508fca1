"""Skills tried out: motions from several sources, on a robot, simulated and judged.

A *source* is who makes the motion: "reference" (the procedural mode, which knows the
request by rules and is no learned policy), a network by its name, or a file. The unit of
work, and of resuming, is a `TrialGroup`: some motions of one source on one robot.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen import npz
from handx_gen.errors import HandxError, InputError
from handx_gen.motion import BimanualMotion
from sim.perturbation import Spread

REFERENCE = "reference"
STATIC = "static pose"
"""The first pose of each reference, held: what no skill may be fooled by."""

FILE = "file"
"""A motion that the user gave."""

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class TrialGroup:
    """Motions of one source, to be tried on one robot.

    Attributes:
        robot: Its name.
        robot_sha256: Of its folder; other machines have to have the same.
        source: Who made the motions.
        label: What the motions are of: a skill's name, or a file's.
        prompts, seeds: One per motion.
        origin: sha256 of what the motions come from: a network's weights, a file's array.
        skills: Names of the skills that judge each motion.
        perturbed: Perturbed robots per motion.
        spread: How far those differ.
        joints: One (T, 2, 21, 3) [m] per motion; None where the worker draws it by rules,
            or where a network has not drawn it yet.
        fps: Of those [Hz].
    """

    robot: str
    robot_sha256: str
    source: str
    label: str
    prompts: tuple[str, ...]
    seeds: tuple[int, ...]
    skills: tuple[str, ...]
    origin: str = ""
    perturbed: int = 0
    spread: Spread = field(default_factory=Spread)
    joints: tuple[np.ndarray, ...] | None = None
    fps: float = 30.0

    @property
    def key(self) -> str:
        """What a result is filed under: changes with everything that it depends on."""
        about = asdict(replace(self, joints=None))
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[
            :16
        ]

    def file(self, folder: Path) -> Path:
        """Where the result lies."""
        name = "-".join((self.robot, self.label, self.source)).replace(" ", "-")
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        return folder / f"{safe}-{self.key}.json"


@dataclass(frozen=True)
class Row:
    """One motion judged by one skill.

    Attributes:
        robot, source, label, prompt, seed: Of the motion (`TrialGroup`).
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


def run_group(group: TrialGroup) -> list[dict[str, Any]]:
    """Try every motion of a group; rows as plain values, one per motion and skill.

    Raises:
        InputError: The robot's folder on this machine is another one.
    """
    from robots import load_robot

    robot = load_robot(group.robot)
    if robot.sha256 != group.robot_sha256:
        raise InputError(
            group.robot, "sha256", "this machine has another description of the robot",
            "install the same version of handx everywhere",
        )  # fmt: skip
    rows = []
    for number, (prompt, seed) in enumerate(zip(group.prompts, group.seeds)):
        scores = _scores(group, number, robot)
        for name in group.skills:
            judged = scores[name]
            rows.append(
                Row(
                    group.robot, group.source, group.label, prompt, seed, name,
                    judged.nominal.success, round(judged.nominal.progress, 4),
                    judged.nominal.reason, judged.perturbed, judged.trials,
                )
            )  # fmt: skip
    return [asdict(row) for row in rows]


def _scores(group: TrialGroup, number: int, robot: Any) -> dict[str, Any]:
    """Skill → score of one motion; a motion that cannot be put on the robot fails all."""
    from handx_gen.procedural.performance import perform
    from retarget import retarget_motion
    from sim.negative_controls import static_pose
    from sim.perturbation import draw
    from sim.skills import SKILLS, Judgement
    from sim.skills.pressing import pressed
    from sim.skills.score import Score, score

    skills = [SKILLS[name] for name in group.skills]
    prompt, seed = group.prompts[number], group.seeds[number]
    try:
        if group.joints is None:
            motion = perform(prompt, seed=seed)
        else:
            motion = BimanualMotion(group.joints[number], group.fps)
        trajectory, _ = retarget_motion(motion, robot)
        if group.source in (REFERENCE, STATIC) and SKILLS[group.label].press:
            trajectory = pressed(trajectory, robot, SKILLS[group.label].press)
        if group.source == STATIC:
            trajectory = static_pose(trajectory)
        others = draw(group.spread, seed, group.perturbed)
        return score(trajectory, robot, skills, others)
    except HandxError as error:
        failed = Score(Judgement(0.0, str(error)), 0, group.perturbed)
        return {skill.name: failed for skill in skills}


def run_trials(
    groups: Sequence[TrialGroup] | Iterator[TrialGroup],
    folder: Path,
    mapped: Callable[..., Iterator[list[dict[str, Any]]]],
    complete: Callable[[TrialGroup], TrialGroup] = lambda group: group,
    report: Callable[[int, int], None] = lambda fresh, before: None,
) -> list[Row]:
    """Run the groups that have no result yet; results are written one by one, whole.

    Args:
        groups: What to try.
        folder: Where results lie; those that are there are taken as they are.
        mapped: `map`, in order, over whatever workers there are.
        complete: Draws a group's motions in this process, where that is needed.
        report: Told how many groups were run, and how many were there before.

    Returns:
        All rows, in the order of the groups.
    """
    rows: dict[Path, list[Row]] = {}
    waiting: list[Path] = []
    before = 0

    def missing() -> Iterator[TrialGroup]:
        nonlocal before
        for group in groups:
            path = group.file(folder)
            known = _read(path)
            rows[path] = known or []
            if known is None:
                waiting.append(path)
                yield complete(group)
            else:
                before += 1
                report(fresh, before)

    fresh = 0
    for found in mapped(run_group, missing()):
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
