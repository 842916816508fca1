"""`retarget_motion`: two human hands in, two robot hands out.

place → calibrate → targets and contact goals → solve the clip → stretch time → solve
again with the velocity limits → B-spline inside all limits → trajectory and report.
"""

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from handx_gen.kinematics.contacts import contact_track, split_pair
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import FINGERS, SIDES
from retarget.assess import assess
from retarget.calibration import calibrate_both
from retarget.configuration import hand_model
from retarget.contacts import available_pairs
from retarget.costs.collision import state_overlaps
from retarget.costs.contact import ContactGoals, contact_goals
from retarget.errors import RetargetError
from retarget.hand_state import WRIST
from retarget.knots import Plan, make_trajectory
from retarget.objective import Deviations, HandProblem, Objective
from retarget.placement import HEIGHT, place
from retarget.report import RetargetReport
from retarget.retime import RAMP, SLOW, Retiming, choose_stretch
from retarget.separation import back_off
from retarget.solve import solve_frames
from retarget.targets import HandTargets, hand_targets
from retarget.trajectory import BimanualTrajectory
from retarget.trajectory_solve import SMALL_STEP, solve_trajectory
from robots.capability import read_capability
from robots.robot import RobotSpec

CENTRE = np.array([0.0, 0.0, HEIGHT])
"""The motion is scaled to robot size about this point [m]."""


ROUGH, FINE = 1e-2, 1e-3
"""Relative gain at which the first pass, which only measures speeds, and the last stop."""


@dataclass(frozen=True)
class RetargetOptions:
    """Choices of the user.

    Attributes:
        max_stretch: Time is stretched by at most this factor.
        tolerated: Fraction of frames that may hit a velocity limit before time is
            stretched further.
        rate: Knots per second of the trajectory [Hz].
        solve_rate: A faster recording is solved at this rate [Hz].
        wrist_speed: Limit of the wrist's linear velocity [m/s].
        wrist_turn_rate: Limit of its angular velocity [rad/s].
        deviations: Costs.
        iterations: Gauss–Newton steps of each of the two passes, at most.
    """

    max_stretch: float = 3.0
    tolerated: float = 0.1
    rate: float = 100.0
    solve_rate: float = 60.0
    wrist_speed: float = 1.0
    wrist_turn_rate: float = 6.0
    deviations: Deviations = field(default_factory=Deviations)
    iterations: int = 40

    def __post_init__(self) -> None:
        for name in ("rate", "solve_rate", "wrist_speed", "wrist_turn_rate"):
            if not getattr(self, name) > 0:
                raise RetargetError(f"options [{name}]: must be positive")
        if not self.max_stretch >= 1:
            raise RetargetError("options [max_stretch]: must be at least 1")


def retarget_motion(
    motion: BimanualMotion, robot: RobotSpec, options: RetargetOptions | None = None
) -> tuple[BimanualTrajectory, RetargetReport]:
    """Put a motion on a robot.

    Args:
        motion: Two hands, or one; canonical frame.
        robot: A robot with a hand for every present side.
        options: See `RetargetOptions`.

    Returns:
        The trajectory, which keeps every position and velocity limit of the robot's
        description between knots too and starts and ends at rest; and the report.

    Raises:
        RetargetError: The robot lacks a side or shares no finger, the motion has no
            usable hand.
    """
    options = options or RetargetOptions()
    seconds, began = {}, clock.perf_counter()

    def lap(stage: str) -> None:
        nonlocal began
        now = clock.perf_counter()
        seconds[stage], began = now - began, now

    sides = [side for side, here in zip(SIDES, motion.present) if here]
    missing = [side for side in sides if side not in robot.hands]
    if missing:
        raise RetargetError(f"robot {robot.name!r} has no {missing[0]} hand")
    models = {side: hand_model(robot.hands[side]) for side in sides}
    joints, fps = _frames(motion, options.solve_rate)
    calibrations = calibrate_both(
        models, {side: joints[:, SIDES.index(side)] for side in sides}
    )
    lap("calibrate")

    scale = calibrations[sides[0]].scale
    sized = (joints - CENTRE) * scale + CENTRE
    targets = {
        side: hand_targets(
            models[side], calibrations[side], sized[:, SIDES.index(side)], fps
        )
        for side in sides
    }
    human = contact_track(joints, motion.present)
    capability = read_capability(robot)
    goals = contact_goals(
        human,
        available_pairs(robot, sides),
        scale,
        capability.floors if capability else {},
    )
    problems = {side: target.problem for side, target in targets.items()}
    z, converged, stretch = _solve(problems, goals, fps, options)
    lap("solve")

    plan = Plan(
        robot, models, problems, z, fps, _retiming(problems, z, fps, stretch, options),
        options.rate, options.wrist_speed, options.wrist_turn_rate,
    )  # fmt: skip
    hands, bases, source_time, saturated = make_trajectory(plan)
    tips = _tip_targets(targets, source_time, fps)
    asked = contact_track(motion.joints, motion.present).at(motion.time, source_time)
    trajectory = BimanualTrajectory(
        robot.name, robot.sha256, hands, bases, source_time, asked, tips, saturated,
        provenance={
            **motion.provenance,
            "stretch": stretch,
            "scale": scale,
            "calibration": {
                side: {"rotation": c.rotation.tolist(), "offset": c.offset.tolist()}
                for side, c in calibrations.items()
            },
        },
    )  # fmt: skip
    for side, hand in trajectory.hands.items():
        if hand is not None:
            spec = robot.hands[side]
            hand.check_limits(spec.lower, spec.upper, spec.velocity_limit)
    lap("limits")
    report = assess(
        robot, trajectory, calibrations, stretch, len(joints), fps, converged, seconds
    )
    return trajectory, report


def _frames(motion: BimanualMotion, solve_rate: float) -> tuple[np.ndarray, float]:
    """Joints in world at the rate they are solved at, and that rate."""
    joints = place(motion)
    if motion.fps <= solve_rate * 1.01 or len(motion) < 3:
        return joints, motion.fps
    count = int(np.ceil(motion.duration * solve_rate)) + 1
    query = np.linspace(0.0, motion.duration, count)
    place_in = np.clip(query * motion.fps, 0, len(motion) - 1)
    low = np.minimum(place_in.astype(int), len(motion) - 2)
    part = (place_in - low)[:, None, None, None]
    return (1 - part) * joints[low] + part * joints[low + 1], (
        count - 1
    ) / motion.duration


def _groups(
    problems: Mapping[str, HandProblem],
    goals: ContactGoals,
    start: dict[str, np.ndarray],
) -> list[tuple[str, ...]]:
    """Hands that must be solved together: those that come near each other."""
    sides = tuple(problems)
    if len(sides) == 1:
        return [sides]
    joined = any(a[0] != b[0] for a, b in map(split_pair, goals.pairs))
    if not joined:
        both = Objective(problems, goals, Deviations())
        z = np.concatenate([start[side] for side in sides], 1)
        near = state_overlaps(both.states(z), margin=0.02)
        joined = any(met.side_a != met.side_b and len(met.frame) for met in near)
    return [sides] if joined else [(side,) for side in sides]


def _solve(
    problems: Mapping[str, HandProblem],
    goals: ContactGoals,
    fps: float,
    options: RetargetOptions,
) -> tuple[dict[str, np.ndarray], np.ndarray, float]:
    """Variables of each hand, which frames converged, and the stretch."""
    start = {}
    for side, problem in problems.items():
        alone = Objective({side: problem}, goals, options.deviations, coupled=False)
        rest = np.tile(alone.rest, (alone.frames, 1))
        start[side] = solve_frames(alone, rest, 10)[0]
    groups = []
    for sides in _groups(problems, goals, start):
        inside = [
            k
            for k, pair in enumerate(goals.pairs)
            if all(side in sides for side, _ in split_pair(pair))
        ]
        part = ContactGoals(
            tuple(goals.pairs[k] for k in inside),
            goals.gap[:, inside],
            goals.weight[:, inside],
        )
        objective = Objective({s: problems[s] for s in sides}, part, options.deviations)
        z = np.concatenate([start[side] for side in sides], 1)
        if len(sides) == 2:
            z = back_off(objective, z)
        groups.append((objective, z, _nominal_bend(objective)))

    def run(z_of: list[np.ndarray], stretch: float, tolerance: float) -> list:
        return [
            solve_trajectory(
                objective, z, 1 / fps, stretch, bend, options.iterations, tolerance
            )
            for (objective, _, bend), z in zip(groups, z_of)
        ]

    def split(solutions: list) -> dict[str, np.ndarray]:
        return {
            side: solution.z[:, objective.columns[side]]
            for (objective, _, _), solution in zip(groups, solutions)
            for side in objective.hands
        }

    free = run([z for _, z, _ in groups], np.inf, ROUGH)
    ratio = _speed_ratio(problems, split(free), fps, options)
    stretch = choose_stretch(ratio, options.max_stretch, options.tolerated)
    final = run([solution.z for solution in free], stretch, FINE)
    last_step = np.max([solution.last_step for solution in final], axis=0)
    return split(final), last_step < SMALL_STEP, stretch


def _nominal_bend(objective: Objective) -> np.ndarray:
    """Second differences of the nominal wrist in the objective's columns, (T−2, N)."""
    bend = np.zeros((max(objective.frames - 2, 0), objective.size))
    for side, hand in objective.hands.items():
        shift = objective.columns[side].stop - WRIST
        bend[:, shift : shift + 3] = np.diff(hand.nominal.wrist, 2, axis=0)
    return bend


def _wrist_path(problem: HandProblem, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions [m] and rotations of the wrist with its correction."""
    from retarget.rotations import exp

    return (
        problem.nominal.wrist + z[:, -WRIST:-3],
        exp(z[:, -3:]) @ problem.nominal.rotation,
    )


def _speed_ratio(
    problems: Mapping[str, HandProblem],
    z: Mapping[str, np.ndarray],
    fps: float,
    options: RetargetOptions,
) -> np.ndarray:
    """(T−1,) largest velocity over its limit between frames, human clock."""
    ratios = []
    for side, problem in problems.items():
        count = len(problem.model.free)
        speed = np.abs(np.diff(z[side][:, :count], axis=0)) * fps
        ratios.append((speed / problem.model.velocity_limit).max(1))
        wrist, rotation = _wrist_path(problem, z[side])
        ratios.append(
            np.linalg.norm(np.diff(wrist, axis=0), axis=1) * fps / options.wrist_speed
        )
        turn = rotation[1:] @ rotation[:-1].swapaxes(1, 2)
        angle = np.arccos(np.clip((np.trace(turn, axis1=1, axis2=2) - 1) / 2, -1, 1))
        ratios.append(angle * fps / options.wrist_turn_rate)
    return np.max(ratios, axis=0)


def _retiming(
    problems: Mapping[str, HandProblem],
    z: Mapping[str, np.ndarray],
    fps: float,
    stretch: float,
    options: RetargetOptions,
) -> Retiming:
    """The clock map, with a ramp at an end that is in motion."""
    human = (len(next(iter(z.values()))) - 1) / fps
    ratio = _speed_ratio(problems, z, fps, options) / stretch
    ramp = min(RAMP, human * stretch)

    def needed(end: np.ndarray) -> float:
        return ramp if len(end) and end.max() > SLOW else 0.0

    return Retiming(stretch, needed(ratio[:1]), needed(ratio[-1:]), human)


def _tip_targets(
    targets: Mapping[str, HandTargets], source_time: np.ndarray, fps: float
) -> np.ndarray:
    """(T, 2, 5, 3) fingertip targets at the trajectory's samples [m]."""
    tips = np.zeros((len(source_time), 2, 5, 3))
    for side, target in targets.items():
        for finger, path in target.tips.items():
            time = np.arange(len(path)) / fps
            for axis in range(3):
                tips[:, SIDES.index(side), FINGERS.index(finger), axis] = np.interp(
                    source_time, time, path[:, axis]
                )
    return tips
