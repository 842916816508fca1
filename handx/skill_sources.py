"""Where the motions of skill trials come from: rules, a network, files."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from handx.skill_trials import FILE, REFERENCE, Trial
from handx_gen.errors import InputError
from handx_gen.motion import BimanualMotion
from robots.robot import RobotSpec
from sim.perturbation import Spread
from sim.skills.skill import Skill


def load_motion(path: Path, fps: float) -> BimanualMotion:
    """A motion.npz, or a bare (T, 2, 21, 3) array in an .npy, in metres.

    Args:
        path: The file.
        fps: Of a bare array [Hz].

    Raises:
        InputError: It is neither.
    """
    if path.suffix != ".npy":
        return BimanualMotion.load(path)
    try:
        joints = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            path, "", f"not a plain array ({error})", "save it with numpy.save"
        ) from error
    return BimanualMotion(joints, fps, provenance={"file": str(path)})


def reference_trials(
    robots: Sequence[RobotSpec],
    skills: Sequence[Skill],
    judges: Sequence[Skill],
    count: int,
    seed: int,
    perturbed: int,
    spread: Spread,
) -> Iterator[Trial]:
    """Scripted references: wordings in turn, each on the hands of somebody else.

    Args:
        robots, skills: What is tried, all with all.
        judges: Judge every motion; empty: its own skill alone.
        count: Motions per skill.
        seed: Of the first motion.
        perturbed, spread: Of the perturbed robots.
    """
    for robot in robots:
        for skill in skills:
            for prompt, number in _wordings(skill, count, seed):
                yield Trial(
                    robot.name, robot.sha256, REFERENCE, skill.name, prompt, number,
                    _names(judges or (skill,)), perturbed=perturbed,
                    spread=spread if perturbed else Spread(),
                )  # fmt: skip


def network_trials(
    robots: Sequence[RobotSpec],
    skills: Sequence[Skill],
    judges: Sequence[Skill],
    count: int,
    seed: int,
    model: str,
) -> Iterator[Trial]:
    """The same wordings for a network, whose motions `NetworkMotions` draws.

    Raises:
        InputError: There is no such network.
    """
    origin = weights_sha256(model)
    for skill in skills:
        for prompt, number in _wordings(skill, count, seed):
            for robot in robots:
                yield Trial(
                    robot.name, robot.sha256, model, skill.name, prompt, number,
                    _names(judges or (skill,)), origin,
                )  # fmt: skip


class NetworkMotions:
    """Draws a network's motions for trials that need them, once for all robots.

    Args:
        model: A shipped name or a checkpoint's folder.
        device: Where it runs.
    """

    def __init__(self, model: str, device: str) -> None:
        self.model, self.device = model, device
        self._last: tuple[str, int, BimanualMotion] | None = None

    def __call__(self, trial: Trial) -> Trial:
        """The trial with its motion, if that is to be this network's."""
        if trial.source != self.model:
            return trial
        if self._last is None or self._last[:2] != (trial.prompt, trial.seed):
            from handx_gen.generator import load_generator
            from handx_gen.prompt import Plan

            generator = load_generator(self.model, self.device)
            motion = generator.motion(Plan.from_text(trial.prompt), trial.seed)
            self._last = trial.prompt, trial.seed, motion
        return replace(trial, joints=self._last[2].joints, fps=self._last[2].fps)


def weights_sha256(model: str) -> str:
    """Hash of a network's weights, by its shipped name or its folder.

    Raises:
        InputError: There is no such network.
    """
    from handx_gen.generator import ASSETS, available_models

    folder = ASSETS / model if model in available_models() else Path(model)
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        choices = ", ".join(name for name in available_models() if name != "program")
        raise InputError(
            "--model", "", f"{model!r} is no network",
            f"one of {choices}, none, or the folder of a checkpoint",
        )  # fmt: skip
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def file_trials(
    robots: Sequence[RobotSpec],
    skills: Sequence[Skill],
    motions: dict[str, BimanualMotion],
    perturbed: int,
    spread: Spread,
) -> Iterator[Trial]:
    """Motions from files, each judged by all the skills."""
    for robot in robots:
        for name, motion in motions.items():
            origin = hashlib.sha256(motion.joints.astype("<f4").tobytes()).hexdigest()
            yield Trial(
                robot.name, robot.sha256, FILE, name, name, 0, _names(skills), origin,
                perturbed, spread if perturbed else Spread(), motion.joints, motion.fps,
            )  # fmt: skip


def _names(skills: Sequence[Skill]) -> tuple[str, ...]:
    return tuple(skill.name for skill in skills)


def _wordings(skill: Skill, count: int, seed: int) -> Iterator[tuple[str, int]]:
    """`count` prompts, each with a seed of its own."""
    for number in range(count):
        yield skill.prompts[number % len(skill.prompts)], seed + number
