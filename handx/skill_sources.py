"""Where the motions of skill trials come from: rules, a network, files."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from handx.skill_trials import FILE, REFERENCE, STATIC, TrialGroup
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


def rule_groups(
    robots: Sequence[RobotSpec],
    skills: Sequence[Skill],
    judges: Sequence[Skill],
    count: int,
    seed: int,
    perturbed: int,
    spread: Spread,
) -> Iterator[TrialGroup]:
    """References and their static poses: `count` bodies and wordings per skill.

    Args:
        robots, skills: What is tried, all with all.
        judges: Judge every motion; empty: its own skill alone.
        count: Motions per skill.
        seed: The first body's; each motion has one of its own.
        perturbed, spread: Of the perturbed robots.
    """
    for robot in robots:
        for skill in skills:
            prompts, seeds = _wordings(skill, count, seed)
            names = tuple(judge.name for judge in judges or (skill,))
            for source in (REFERENCE, STATIC):
                again = perturbed if source == REFERENCE else 0
                yield TrialGroup(
                    robot.name, robot.sha256, source, skill.name, prompts, seeds, names,
                    perturbed=again, spread=spread if again else Spread(),
                )  # fmt: skip


def network_groups(
    robots: Sequence[RobotSpec],
    skills: Sequence[Skill],
    judges: Sequence[Skill],
    count: int,
    seed: int,
    model: str,
) -> Iterator[TrialGroup]:
    """The same wordings for a network, whose motions `NetworkMotions` draws.

    Raises:
        InputError: There is no such network.
    """
    origin = weights_sha256(model)
    for skill in skills:
        prompts, seeds = _wordings(skill, count, seed)
        names = tuple(judge.name for judge in judges or (skill,))
        for robot in robots:
            yield TrialGroup(
                robot.name,
                robot.sha256,
                model,
                skill.name,
                prompts,
                seeds,
                names,
                origin,
            )


class NetworkMotions:
    """Draws a network's motions for groups that need them, once for all robots.

    Args:
        model: A shipped name or a checkpoint's folder.
        device: Where it runs.
    """

    def __init__(self, model: str, device: str) -> None:
        self.model, self.device = model, device
        self._drawn: dict[tuple[tuple[str, ...], tuple[int, ...]], TrialGroup] = {}

    def __call__(self, group: TrialGroup) -> TrialGroup:
        """The group with its motions, if they are to be this network's."""
        if group.source != self.model:
            return group
        key = group.prompts, group.seeds
        if key not in self._drawn:
            self._drawn = {key: self._draw(group)}  # skills come one after another
        motions = self._drawn[key]
        return replace(group, joints=motions.joints, fps=motions.fps)

    def _draw(self, group: TrialGroup) -> TrialGroup:
        from handx_gen.generator import load_generator
        from handx_gen.prompt import Plan

        generator = load_generator(self.model, self.device)
        drawn: dict[tuple[str, int], BimanualMotion] = {}
        wordings = list(zip(group.prompts, group.seeds))
        for prompt in dict.fromkeys(group.prompts):
            seeds = [seed for text, seed in wordings if text == prompt]
            motions = generator.motions(Plan.from_text(prompt), seeds)
            drawn |= {(prompt, seed): one for seed, one in zip(seeds, motions)}
        joints = tuple(drawn[wording].joints for wording in wordings)
        return replace(group, joints=joints, fps=drawn[wordings[0]].fps)


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


def file_groups(
    robots: Sequence[RobotSpec],
    skills: Sequence[Skill],
    motions: dict[str, BimanualMotion],
    perturbed: int,
    spread: Spread,
) -> Iterator[TrialGroup]:
    """Motions from files, each judged by all the skills."""
    names = tuple(skill.name for skill in skills)
    for robot in robots:
        for name, motion in motions.items():
            origin = hashlib.sha256(motion.joints.astype("<f4").tobytes()).hexdigest()
            yield TrialGroup(
                robot.name, robot.sha256, FILE, name, (name,), (0,), names, origin,
                perturbed, spread if perturbed else Spread(), (motion.joints,), motion.fps,
            )  # fmt: skip


def _wordings(
    skill: Skill, count: int, seed: int
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Prompts in turn, and a seed for each motion."""
    prompts = tuple(skill.prompts[i % len(skill.prompts)] for i in range(count))
    return prompts, tuple(range(seed, seed + count))
