"""How fast solved hands move, as a share of what they may."""

from collections.abc import Mapping

import numpy as np

from retarget.hand_state import WRIST
from retarget.objective import HandProblem
from retarget.options import RetargetOptions
from retarget.retime import OUTLIERS, stretch_of_paths, stretch_of_speeds
from retarget.rotations import exp


def wrist_path(problem: HandProblem, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (T, 3) [m] and root rotations (T, 3, 3) of a hand with corrections."""
    return (
        problem.nominal.wrist + z[:, -WRIST:-3],
        exp(z[:, -3:]) @ problem.nominal.rotation,
    )


def wrist_ratio(
    problems: Mapping[str, HandProblem],
    z: Mapping[str, np.ndarray],
    fps: float,
    options: RetargetOptions,
) -> np.ndarray:
    """(T−1,) largest wrist velocity over its limit between frames, human clock."""
    ratios = []
    for side, problem in problems.items():
        wrist, rotation = wrist_path(problem, z[side])
        speed = np.linalg.norm(np.diff(wrist, axis=0), axis=1) * fps
        turn = rotation[1:] @ rotation[:-1].swapaxes(1, 2)
        angle = np.arccos(np.clip((np.trace(turn, axis1=1, axis2=2) - 1) / 2, -1, 1))
        ratios += [speed / options.wrist_speed, angle * fps / options.wrist_turn_rate]
    return np.max(ratios, axis=0)


def speed_ratio(
    problems: Mapping[str, HandProblem],
    z: Mapping[str, np.ndarray],
    fps: float,
    options: RetargetOptions,
) -> np.ndarray:
    """(T−1,) largest velocity of joints and wrists over its limit, human clock."""
    ratios = [wrist_ratio(problems, z, fps, options)]
    for side, problem in problems.items():
        speed = np.abs(np.diff(z[side][:, : len(problem.model.free)], axis=0)) * fps
        ratios.append((speed / problem.model.velocity_limit).max(1))
    return np.max(ratios, axis=0)


def needed_stretch(
    problems: Mapping[str, HandProblem],
    z: Mapping[str, np.ndarray],
    fps: float,
    options: RetargetOptions,
) -> float:
    """The stretch at which hands solved without velocity limits can be followed."""
    paths = [
        (z[side][:, : len(problem.model.free)], problem.model.velocity_limit)
        for side, problem in problems.items()
    ]
    most = options.max_stretch
    ratio = wrist_ratio(problems, z, fps, options)
    return max(
        stretch_of_paths(paths, fps, most, options.tolerated),
        stretch_of_speeds(ratio, most, OUTLIERS),
    )
