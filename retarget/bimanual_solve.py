"""Solves a clip: hands that come near each other together, others each for itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import split_pair
from retarget.clip import Clip
from retarget.costs.collision import state_overlaps
from retarget.costs.contact import ContactGoals
from retarget.hand_state import WRIST
from retarget.objective import Deviations, Objective
from retarget.separation import back_off
from retarget.solve import solve_frames
from retarget.trajectory_solve import SMALL_STEP, Solution, solve_trajectory

Variables = dict[str, np.ndarray]
"""side → (T, m + 6) joints and wrist correction."""

START_STEPS = 10
NEAR = 0.02
"""Hands whose capsules come closer than this [m] are solved together."""


@dataclass(frozen=True, eq=False)
class SolvedClip:
    """Variables of each hand, and (T,) bool whether a frame's last step was small."""

    z: Variables
    converged: np.ndarray


def start_frames(clip: Clip, deviations: Deviations) -> Variables:
    """Every frame of every hand for itself, from rest: the start of the real solve."""
    start = {}
    for side, problem in clip.problems.items():
        alone = Objective({side: problem}, clip.goals, deviations, coupled=False)
        rest = np.tile(alone.rest, (alone.frames, 1))
        start[side] = solve_frames(alone, rest, START_STEPS)[0]
    if len(start) == 2:
        objective = _objective(clip, tuple(start), deviations)
        both = back_off(objective, np.concatenate(list(start.values()), 1))
        start = {side: both[:, columns] for side, columns in objective.columns.items()}
    return start


def solve_clip(
    clip: Clip,
    start: Variables,
    deviations: Deviations,
    stretch: float,
    iterations: int,
    tolerance: float,
    accelerations: bool = False,
) -> SolvedClip:
    """Solve the whole clip.

    Args:
        clip: What to do.
        start: Where to begin.
        deviations: Costs.
        stretch: Factor by which the robot takes longer; infinity lifts the velocity
            limits.
        iterations: Gauss–Newton steps, at most.
        tolerance: Relative gain at which to stop.
        accelerations: Whether acceleration limits hold, too.
    """
    solutions: dict[str, tuple[Objective, Solution]] = {}
    for sides in _groups(clip, start, deviations):
        objective = _objective(clip, sides, deviations)
        z = np.concatenate([start[side] for side in sides], 1)
        solution = solve_trajectory(
            objective, z, 1 / clip.fps, stretch, _nominal_bend(objective),
            iterations, tolerance, accelerations,
        )  # fmt: skip
        solutions |= dict.fromkeys(sides, (objective, solution))
    last_step = np.max([s.last_step for _, s in solutions.values()], axis=0)
    return SolvedClip(
        {side: s.z[:, o.columns[side]] for side, (o, s) in solutions.items()},
        last_step < SMALL_STEP,
    )


def missed_depth(clip: Clip, z: Variables, deviations: Deviations) -> float:
    """Deepest overlap half way between frames beyond what both frames have [m].

    Args:
        clip: What was solved.
        z: Its variables.
        deviations: Costs.
    """
    if len(clip) < 2:
        return 0.0
    half_way = {
        side: np.stack([v[:-1], (v[:-1] + v[1:]) / 2], 1).reshape(-1, v.shape[1])
        for side, v in z.items()
    }
    objective = _objective(clip.finer(2), tuple(z), deviations)
    states = objective.states(
        np.concatenate(
            [np.concatenate([half_way[side], z[side][-1:]]) for side in z], axis=1
        )
    )
    depth = np.zeros(objective.frames)
    for met in state_overlaps(states, 0.0):
        np.maximum.at(depth, met.frame, -met.distance)
    seen = np.maximum(depth[:-1:2], depth[2::2])
    return float((depth[1::2] - seen).max())


def _groups(
    clip: Clip, start: Mapping[str, np.ndarray], deviations: Deviations
) -> list[tuple[str, ...]]:
    """Hands that must be solved together."""
    sides = tuple(start)
    if len(sides) == 1:
        return [sides]
    joined = any(a[0] != b[0] for a, b in map(split_pair, clip.goals.pairs))
    if not joined:
        states = _objective(clip, sides, deviations).states(
            np.concatenate([start[side] for side in sides], 1)
        )
        near = state_overlaps(states, NEAR, within=False)
        joined = any(len(met.frame) for met in near)
    return [sides] if joined else [(side,) for side in sides]


def _objective(clip: Clip, sides: tuple[str, ...], deviations: Deviations) -> Objective:
    """The costs of these hands, with the contacts among them."""
    inside = [
        k
        for k, pair in enumerate(clip.goals.pairs)
        if all(side in sides for side, _ in split_pair(pair))
    ]
    goals = ContactGoals(
        tuple(clip.goals.pairs[k] for k in inside),
        clip.goals.gap[:, inside],
        clip.goals.weight[:, inside],
    )
    problems = clip.problems
    return Objective({side: problems[side] for side in sides}, goals, deviations)


def _nominal_bend(objective: Objective) -> np.ndarray:
    """Second differences of the nominal wrist in the objective's columns, (T−2, N)."""
    bend = np.zeros((max(objective.frames - 2, 0), objective.size))
    for side, hand in objective.hands.items():
        shift = objective.columns[side].stop - WRIST
        bend[:, shift : shift + 3] = np.diff(hand.nominal.wrist, 2, axis=0)
    return bend
