"""Further figures of a finished trajectory: direction, timing, spectrum, lag, coverage.

All are taken from the trajectory's own samples, on the robot's clock.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from handx_gen.kinematics.contacts import ContactTrack, runs
from handx_gen.skeleton import FINGERS, SIDES
from retarget.configuration import hand_model
from retarget.contacts import ContactPoints
from retarget.rotations import matrix_from_quaternion
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec

RATE = 100.0
"""Derivatives are taken at this rate [Hz]."""
SHAKING = 8.0
"""Faster movement than this [Hz] is no human intent."""
MOST_LAG = 0.3
"""Lags are looked for up to this [s]."""


def further_figures(
    robot: RobotSpec,
    trajectory: BimanualTrajectory,
    points: Mapping[str, ContactPoints],
    made: ContactTrack,
) -> dict[str, float | None]:
    """Figures by name; None where there is nothing to measure.

    Args:
        robot: The robot.
        trajectory: The commands.
        points: side → contact points at the trajectory's samples.
        made: Robot contacts, of pairs that `asked_contacts` has too.
    """
    sides = list(points)
    count = max(int(trajectory.duration * RATE) + 1, 4)
    time = np.linspace(0.0, trajectory.duration, count)
    step = time[1]
    paths, limits, low, high = [], [], [], []
    for side in sides:
        spec, hand = robot.hands[side], trajectory.hands[side]
        if hand is not None:
            index = spec.actuated_index
            paths.append(hand.sample(time)[0][:, index])
            limits.append(spec.acceleration_limit[index])
            low.append(spec.lower[index])
            high.append(spec.upper[index])
    path, limit = np.concatenate(paths, 1), np.concatenate(limits)
    acceleration = np.abs(np.diff(path, 2, axis=0)) / step**2
    room = np.concatenate(high) - np.concatenate(low)
    onset, release = contact_offsets(trajectory, made)
    return {
        "direction_cosine": _directions(robot, trajectory, points),
        "contact_on_offset_s": onset,
        "contact_off_offset_s": release,
        "top_speed": float(np.abs(np.diff(path, axis=0)).max() / step),
        "top_acceleration": float(acceleration.max(initial=0.0)),
        "fast_acceleration_fraction": float((acceleration > limit).mean()),
        "energy_above_8_hz": energy_above(path, step, SHAKING),
        "lag_s": _lag(trajectory, points),
        "coverage": float((np.ptp(path, axis=0) / np.maximum(room, 1e-9)).mean()),
    }


def _directions(
    robot: RobotSpec,
    trajectory: BimanualTrajectory,
    points: Mapping[str, ContactPoints],
) -> float:
    """Mean cosine between where a fingertip is from the wrist and where it should be."""
    found = []
    for side, own in points.items():
        index = SIDES.index(side)
        base = trajectory.T_world_base[:, index]
        place = hand_model(robot.hands[side]).T_base_hand[:3, 3]
        wrist = base[:, 4:] + matrix_from_quaternion(base[:, :4]) @ place
        for finger, tip in own.tips.items():
            a = tip - wrist
            b = trajectory.tip_targets[:, index, FINGERS.index(finger)] - wrist
            length = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
            found.append((a * b).sum(1) / np.maximum(length, 1e-12))
    return float(np.mean(found))


def contact_offsets(
    trajectory: BimanualTrajectory, made: ContactTrack
) -> tuple[float | None, float | None]:
    """Mean |time| between a human contact's start and end and the robot's [s].

    An asked contact that overlaps no robot contact is missed, which recall says.
    """
    asked, time = trajectory.asked_contacts, trajectory.time_from_start
    on, off = [], []
    for k, pair in enumerate(made.pairs):
        robot_runs = runs(made.mask[:, k])
        for start, stop in runs(asked.mask[:, asked.pairs.index(pair)]):
            met = [(a, b) for a, b in robot_runs if a < stop and b > start]
            if met:
                on.append(abs(time[met[0][0]] - time[start]))
                off.append(abs(time[met[-1][1] - 1] - time[stop - 1]))
    if not on:
        return None, None
    return float(np.mean(on)), float(np.mean(off))


def energy_above(path: np.ndarray, step: float, frequency: float) -> float:
    """Share of the velocity's energy above a frequency [Hz], of (K, n) samples."""
    velocity = np.diff(path, axis=0)
    power = (np.abs(np.fft.rfft(velocity, axis=0)) ** 2).sum(1)
    above = np.fft.rfftfreq(len(velocity), step) > frequency
    return float(power[above].sum() / max(power.sum(), 1e-30))


def _lag(
    trajectory: BimanualTrajectory, points: Mapping[str, ContactPoints]
) -> float | None:
    """How long the fingertips come after their targets [s]; None without movement."""
    tips, targets = [], []
    for side, own in points.items():
        for finger, tip in own.tips.items():
            tips.append(tip)
            target = trajectory.tip_targets[:, SIDES.index(side)]
            targets.append(target[:, FINGERS.index(finger)])
    found, wanted = np.concatenate(tips, 1), np.concatenate(targets, 1)
    step = trajectory.time_from_start[1]
    if np.ptp(wanted, axis=0).max() < 1e-3:
        return None
    return best_shift(found, wanted, min(int(MOST_LAG / step), len(found) // 4)) * step


def best_shift(late: np.ndarray, early: np.ndarray, most: int) -> int:
    """The shift in samples, at most `most`, at which (K, d) paths agree best."""

    def error(k: int) -> float:
        a = late[max(k, 0) : len(late) + min(k, 0)]
        b = early[max(-k, 0) : len(early) + min(-k, 0)]
        return float(((a - b) ** 2).mean())

    shifts: Sequence[int] = range(-most, most + 1)
    return min(shifts, key=lambda k: (error(k), abs(k)))
