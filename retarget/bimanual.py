"""`retarget_motion`: two human hands in, two robot hands out.

place → calibrate → targets and contact goals → solve the clip → stretch time → solve
again, finer and with the velocity limits → B-spline inside all limits → trajectory and
report.
"""

import time as clock
from dataclasses import replace

import numpy as np

from handx_gen.kinematics.contacts import contact_track
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import SIDES
from retarget.accelerations import check_accelerations
from retarget.arms import with_arms
from retarget.assess import assess
from retarget.bimanual_solve import (
    SolvedClip,
    missed_depth,
    solve_clip,
    start_frames,
)
from retarget.calibration import calibrate_both
from retarget.clip import Clip, make_clip, placed_frames
from retarget.configuration import hand_model
from retarget.errors import RetargetError
from retarget.knots import Plan, make_trajectory
from retarget.options import RetargetOptions
from retarget.report import RetargetReport
from retarget.retime import Retiming, soft_ends, stretch_of_speeds
from retarget.speeds import needed_stretch, speed_ratio
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec

ROUGH, FINE = 1e-2, 1e-3
"""Relative gain at which the first pass, which only measures speeds, and the last stop."""
SPEEDING = 0.02
"""Share of frames that may be too fast after the last pass; else it is run once more."""
CORRECTIONS = 1
FRAME_PERIOD, FRAME_PERIOD_BOXES = 1 / 24, 1 / 48
"""Solved frames are at most this far apart on the robot's clock [s]: between frames that
are further apart a finger could pass through another unseen. Boxes, which have edges, are
left on the wrong side sooner than capsules."""
ITERATIONS, ITERATIONS_BOXES = 40, 80
MISSED = 0.002
"""Where boxes pass deeper than this [m] through each other between frames, the clip is
solved once more with twice the frames."""


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
        RetargetError: The robot lacks a side, or the motion has no usable hand.
    """
    options = options or RetargetOptions()
    laps = [("", clock.perf_counter())]
    sides = [side for side, here in zip(SIDES, motion.present) if here]
    missing = [side for side in sides if side not in robot.hands]
    if missing:
        raise RetargetError(f"robot {robot.name!r} has no {missing[0]} hand")
    models = {side: hand_model(robot.hands[side]) for side in sides}
    joints, _ = placed_frames(motion, options.solve_rate)
    calibrations = calibrate_both(
        models, {side: joints[:, SIDES.index(side)] for side in sides}
    )
    laps.append(("calibrate", clock.perf_counter()))

    clip = make_clip(
        motion, robot, models, calibrations, options.solve_rate, options.floors
    )
    clip, solved, stretch = _solve(clip, options)
    laps.append(("solve", clock.perf_counter()))

    trajectory = _trajectory(motion, clip, solved, stretch, options)
    laps.append(("limits", clock.perf_counter()))
    arms = None
    if robot.body is not None:
        trajectory, arms = with_arms(trajectory, robot, options.acceleration_limits)
        laps.append(("arms", clock.perf_counter()))
    frame = np.rint(motion.time * clip.fps).astype(int)
    converged = solved.converged[np.minimum(frame, len(clip) - 1)]
    seconds = {name: b - a for (_, a), (name, b) in zip(laps, laps[1:])}
    report = assess(
        robot, trajectory, calibrations, stretch, motion.fps, converged, seconds
    )
    return trajectory, replace(report, arms=arms)


def _solve(clip: Clip, options: RetargetOptions) -> tuple[Clip, SolvedClip, float]:
    """The clip as it was solved last, its solution, and the stretch."""
    deviations = options.deviations
    boxes = any(model.spec.boxes for model in clip.models.values())
    period = FRAME_PERIOD_BOXES if boxes else FRAME_PERIOD
    most = options.iterations or (ITERATIONS_BOXES if boxes else ITERATIONS)
    start = start_frames(clip, deviations)
    solved = solve_clip(clip, start, deviations, np.inf, most, ROUGH)
    stretch = needed_stretch(clip.problems, solved.z, clip.fps, options)
    for _ in range(1 + CORRECTIONS):
        factor = int(np.ceil(stretch / (clip.fps * period) - 1e-6))
        finer = clip.finer(max(factor, 1))
        start = _read_at(solved.z, clip.time, finer.time)
        clip = finer
        solved = solve_clip(
            clip, start, deviations, stretch, most, FINE, options.acceleration_limits
        )
        # With the limits in force, most of the speeding is gone; what is left needs time.
        ratio = speed_ratio(clip.problems, solved.z, clip.fps, options)
        needed = stretch_of_speeds(ratio, options.max_stretch, SPEEDING)
        if needed <= stretch * 1.03:
            break
        stretch = needed
    if boxes and missed_depth(clip, solved.z, deviations) > MISSED:
        finer = clip.finer(2)
        start = _read_at(solved.z, clip.time, finer.time)
        clip = finer
        solved = solve_clip(
            clip, start, deviations, stretch, most, FINE, options.acceleration_limits
        )
    return clip, solved, stretch


def _read_at(
    z: dict[str, np.ndarray], known: np.ndarray, wanted: np.ndarray
) -> dict[str, np.ndarray]:
    """Variables at other times, linearly."""
    return {
        side: np.stack([np.interp(wanted, known, column) for column in value.T], 1)
        for side, value in z.items()
    }


def _trajectory(
    motion: BimanualMotion,
    clip: Clip,
    solved: SolvedClip,
    stretch: float,
    options: RetargetOptions,
) -> BimanualTrajectory:
    """The trajectory of a solved clip, checked against every limit."""
    ratio = speed_ratio(clip.problems, solved.z, clip.fps, options) / stretch
    ends = soft_ends(ratio, stretch, float(clip.time[-1]))
    retiming = Retiming(stretch, *ends, float(clip.time[-1]))
    hands, bases, source_time, saturated = make_trajectory(
        Plan(
            clip.models, clip.problems, solved.z, clip.fps, retiming, options.rate,
            options.wrist_speed, options.wrist_turn_rate, options.acceleration_limits,
        )
    )  # fmt: skip
    human = contact_track(motion.joints, motion.present)
    trajectory = BimanualTrajectory(
        clip.robot.name,
        clip.robot.sha256,
        hands,
        bases,
        source_time,
        human.at(motion.time, source_time),
        clip.tip_targets(source_time),
        saturated,
        provenance={
            **motion.provenance,
            "stretch": stretch,
            "calibration": {
                side: {
                    "scale": c.scale,
                    "rotation": c.rotation.tolist(),
                    "offset": c.offset.tolist(),
                }
                for side, c in clip.calibrations.items()
            },
        },
    )
    for side, hand in trajectory.hands.items():
        if hand is not None:
            spec = clip.robot.hands[side]
            hand.check_limits(spec.lower, spec.upper, spec.velocity_limit)
            if options.acceleration_limits:
                check_accelerations(hand, spec.acceleration_limit)
    return trajectory
