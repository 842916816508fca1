"""Measures a finished trajectory against what was asked, from its own samples."""

from collections.abc import Mapping

import numpy as np

from handx_gen.kinematics.contacts import ContactTrack, runs, split_pair
from handx_gen.skeleton import FINGERS, SIDES
from retarget.calibration import Calibration
from retarget.capsules import capsule_set, find_overlaps
from retarget.configuration import hand_model
from retarget.contacts import available_pairs, contact_points, track
from retarget.figures import further_figures
from retarget.report import (
    ContactFigures,
    ContactScore,
    RetargetReport,
    contact_score,
)
from retarget.rotations import matrix_from_quaternion
from retarget.trajectory import BimanualTrajectory
from robots.capability import read_capability
from robots.robot import RobotSpec

UNSOLVED_MM = 30.0
OVERLAP_PERIOD, DEEP = 0.03, 0.001
"""Overlaps are looked for this often [s]; those beyond this count [m]."""
SATURATED_FRAMES, SATURATED_MM = 3, 20.0
"""Saturation for more than this many human frames in a row makes those of them unsolved
in which a fingertip is more than this off [mm], human size."""


def assess(
    robot: RobotSpec,
    trajectory: BimanualTrajectory,
    calibrations: Mapping[str, Calibration],
    stretch: float,
    fps: float,
    converged: np.ndarray,
    seconds: Mapping[str, float],
) -> RetargetReport:
    """The report of a trajectory.

    Args:
        robot: Its robot.
        trajectory: The result.
        calibrations: side → calibration.
        stretch: Factor of time.
        fps: Rate of the human motion [Hz].
        converged: (F,) bool for each of its frames.
        seconds: Computing time by stage.
    """
    sides = [side for side, hand in trajectory.hands.items() if hand is not None]
    scale = calibrations[sides[0]].scale
    points = {
        side: contact_points(
            robot.hands[side],
            trajectory.hands[side].positions,
            trajectory.T_world_base[:, SIDES.index(side)],
        )
        for side in sides
    }
    errors = {
        side: {
            finger: np.linalg.norm(
                tip
                - trajectory.tip_targets[:, SIDES.index(side), FINGERS.index(finger)],
                axis=1,
            )
            for finger, tip in points[side].tips.items()
        }
        for side in sides
    }
    every = (
        np.concatenate([e for hand in errors.values() for e in hand.values()]) * 1000
    )
    worst = np.max([e for hand in errors.values() for e in hand.values()], axis=0)
    pinch, inter, figures, made = _contacts(robot, trajectory, points)
    depth, fraction = _penetration(robot, trajectory, sides)
    excess, speed_ratio = _limits(robot, trajectory)
    wrist_speed, turn_rate = _wrist_rates(robot, trajectory, sides)
    return RetargetReport(
        robot=robot.name,
        frames=len(converged),
        stretch=stretch,
        scale=scale,
        tip_error_mm=float(every.mean()),
        tip_error_p95_mm=float(np.percentile(every, 95)),
        tip_error_human_mm=float(every.mean() / scale),
        tip_error_human_p95_mm=float(np.percentile(every, 95) / scale),
        finger_error_mm={
            side: {f: float(e.mean() * 1000) for f, e in hand.items()}
            for side, hand in errors.items()
        },
        calibration_residual_mm={
            side: c.residual * 1000 for side, c in calibrations.items()
        },
        pinch=pinch,
        inter_hand=inter,
        contacts=figures,
        position_violations=excess[0],
        velocity_violations=excess[1],
        top_speed_ratio=speed_ratio,
        wrist_speed=wrist_speed,
        wrist_turn_rate=turn_rate,
        jerk_rms=_jerk(trajectory, sides),
        penetration_mm=depth,
        unsolved=_unsolved(trajectory, worst / scale, fps, converged),
        saturated_fraction=float(trajectory.saturated.any(1).mean()),
        seconds=dict(seconds),
        unsolved_bound_mm=UNSOLVED_MM,
        penetrating_fraction=fraction,
        further=further_figures(robot, trajectory, points, made),
    )


def _contacts(
    robot: RobotSpec, trajectory: BimanualTrajectory, points: Mapping
) -> tuple[ContactScore, ContactScore, tuple[ContactFigures, ...], ContactTrack]:
    asked = trajectory.asked_contacts
    pairs = tuple(
        pair for pair in available_pairs(robot, tuple(points)) if pair in asked.pairs
    )
    human, made = asked.select(pairs), track(points, pairs)
    capability = read_capability(robot)
    floors = capability.floors if capability else {}
    scores = []
    for inter in (False, True):
        keep = [
            k
            for k, pair in enumerate(pairs)
            if (split_pair(pair)[0][0] != split_pair(pair)[1][0]) is inter
        ]
        scores.append(
            contact_score(
                human.mask[:, keep], human.gap[:, keep], made.mask[:, keep],
                made.gap[:, keep], tuple(pairs[k] for k in keep), floors,
            )
        )  # fmt: skip
    figures = []
    for k, pair in enumerate(pairs):
        on = human.mask[:, k]
        if on.any():
            gap = np.abs(made.gap[on, k]) * 1000
            figures.append(
                ContactFigures(
                    pair, int(on.sum()), int(made.mask[on, k].sum()),
                    float(gap.mean()), float(gap.min()),
                    floors[pair] * 1000 if pair in floors else None,
                )
            )  # fmt: skip
    return scores[0], scores[1], tuple(figures), made


def _limits(
    robot: RobotSpec, trajectory: BimanualTrajectory
) -> tuple[tuple[int, int], float]:
    """Violations of position and velocity on the splines, and the top speed ratio."""
    position = velocity = 0
    ratio = 0.0
    for side, hand in trajectory.hands.items():
        if hand is None:
            continue
        spec = robot.hands[side]
        lowest, highest, speed = hand.extrema()
        position += int(
            ((lowest < spec.lower - 1e-9) | (highest > spec.upper + 1e-9)).sum()
        )
        velocity += int((speed > spec.velocity_limit + 1e-6).sum())
        ratio = max(ratio, float((speed / spec.velocity_limit).max()))
    return (position, velocity), ratio


def _wrist_rates(
    robot: RobotSpec, trajectory: BimanualTrajectory, sides: list[str]
) -> tuple[float, float]:
    """Largest linear [m/s] and angular [rad/s] velocity of a wrist."""
    time = np.arange(0.0, trajectory.duration, 0.005)
    poses, rates = trajectory.sample_base(time)
    linear = turn = 0.0
    for side in sides:
        index = SIDES.index(side)
        offset = hand_model(robot.hands[side]).T_base_hand[:3, 3]
        wrist = (
            poses[:, index, 4:] + matrix_from_quaternion(poses[:, index, :4]) @ offset
        )
        if len(wrist) > 1:
            step = np.linalg.norm(np.diff(wrist, axis=0), axis=1)
            linear = max(linear, float(step.max() / 0.005))
        turn = max(turn, float(2 * np.linalg.norm(rates[:, index, :4], axis=1).max()))
    return linear, turn


def _jerk(trajectory: BimanualTrajectory, sides: list[str]) -> float:
    """RMS third derivative of the joints; constant on each cubic segment [rad/s³]."""
    total = []
    for side in sides:
        hand = trajectory.hands[side]
        h = np.diff(hand.time_from_start)[:, None]
        p, v = hand.positions, hand.velocities
        jerk = 6 * (2 * (p[:-1] - p[1:]) + h * (v[:-1] + v[1:])) / h**3
        total.append(jerk.ravel())
    return float(np.sqrt(np.mean(np.concatenate(total) ** 2)))


def _penetration(
    robot: RobotSpec, trajectory: BimanualTrajectory, sides: list[str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Deepest overlap of shapes within a hand and between hands [mm], and how often.

    The second is the fraction of samples with an overlap of more than 1 mm.
    """
    count, duration = len(trajectory.time_from_start), trajectory.duration
    stride = max(1, int(OVERLAP_PERIOD * count / duration))
    hands = {}
    for side in sides:
        spec = robot.hands[side]
        capsules = capsule_set(spec)
        pose = hand_model(spec).forward_all(trajectory.hands[side].positions[::stride])
        base = trajectory.T_world_base[::stride, SIDES.index(side)]
        rotation = matrix_from_quaternion(base[:, :4])
        hands[side] = (spec, capsules.placed(pose, rotation, base[:, 4:]))
    depth = {"self": 0.0, "inter": 0.0}
    samples = len(next(iter(hands.values()))[1].start)
    deep = {kind: np.zeros(samples, bool) for kind in depth}
    for met in find_overlaps(hands, 0.0):
        kind = "self" if met.side_a == met.side_b else "inter"
        deepest = 1000 * float(-met.distance.min(initial=0.0))
        depth[kind] = max(depth[kind], deepest)
        deep[kind][met.frame[met.distance < -DEEP]] = True
    often = {kind: float(mask.mean()) for kind, mask in deep.items()}
    return depth, often


def _unsolved(
    trajectory: BimanualTrajectory,
    worst: np.ndarray,
    fps: float,
    converged: np.ndarray,
) -> tuple[int, ...]:
    """Human frames that are unsolved; `worst` (T,) largest tip error, human size [m]."""
    frames = len(converged)
    nearest = np.clip(np.rint(trajectory.source_time * fps).astype(int), 0, frames - 1)
    bad = ~converged
    bad[nearest[worst * 1000 > UNSOLVED_MM]] = True
    slow = np.zeros(frames, bool)
    slow[nearest[trajectory.saturated.any(1)]] = True
    off = np.zeros(frames, bool)
    off[nearest[worst * 1000 > SATURATED_MM]] = True
    for start, stop in runs(slow):
        if stop - start > SATURATED_FRAMES:
            bad[start:stop] |= off[start:stop]
    return tuple(int(k) for k in np.flatnonzero(bad))
