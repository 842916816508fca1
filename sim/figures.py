"""Figures of a rollout in the groups of the literature: tracking, effort, contacts, smoothness.

They have no threshold; they stand beside the checks in the report, and the same function
measures the baselines. Each is None where there is nothing to measure.
"""

from collections.abc import Mapping

import numpy as np

from handx_gen.kinematics.contacts import ContactTrack
from handx_gen.skeleton import FINGERS, SIDES
from robots.robot import RobotSpec
from sim.contact_outcomes import ContactOutcome, f1, precision, recall
from sim.geometry import fingers, in_base, limits
from sim.rollout import Rollout
from sim.thresholds import Thresholds

LAG_RANGE = 0.2
"""Lags up to this are looked for [s]."""

JERK_WINDOW = 0.4
"""Length of the windows of the normalised jerk [s]."""

LEAST_PATH = 0.005
"""A fingertip that moves less than this in a window is at rest [m]."""

SATURATED = 0.99
"""Share of its limit from which a motor counts as saturated."""

Figures = dict[str, float | None]


def tracking(rollout: Rollout, command: Rollout, robot: RobotSpec) -> Figures:
    """Error of the tips in the world and finger by finger, of the joints, and the lag."""
    world: list[np.ndarray] = []
    found: Figures = {}
    per_finger: dict[str, float] = {}
    for k, side in enumerate(SIDES):
        if side not in robot.hands or not np.any(command.tips[:, k]):
            continue
        has = fingers(robot, side)
        apart = rollout.tips[:, k][:, has] - command.tips[:, k][:, has]
        world.append(np.linalg.norm(apart, axis=-1))
        local = [
            in_base(r.T_world_base[:, k], r.tips[:, k][:, has])
            for r in (rollout, command)
        ]
        error = np.linalg.norm(local[0] - local[1], axis=-1)
        for column, finger in enumerate(has):
            name = FINGERS[finger]
            worse = max(p95(error[:, column]), per_finger.get(name, 0.0))
            per_finger[name] = worse
    errors = np.concatenate(world, axis=1) if world else np.zeros((1, 1))
    found["tip error in the world p95 [mm]"] = 1e3 * p95(errors)
    for name, value in per_finger.items():
        found[f"tip tracking p95, {name} [mm]"] = 1e3 * value
    off = rollout.joint_position - command.joint_position
    found["joint error, root mean square [rad]"] = float(np.sqrt((off**2).mean()))
    found["lag [ms]"] = lag(rollout)
    return found


def lag(rollout: Rollout) -> float | None:
    """By how much the joints come after their commands [ms]; None if nothing moves.

    The shift at which the measured and the commanded speeds correlate best, between
    samples by a parabola.
    """
    if len(rollout.time) < 3:
        return None
    step = float(rollout.time[1] - rollout.time[0])
    wanted = np.gradient(rollout.commanded, step, axis=0)
    made = np.gradient(rollout.joint_position, step, axis=0)
    most = min(round(LAG_RANGE / step), len(wanted) - 1)
    if float((wanted**2).sum()) < 1e-9 or float((made**2).sum()) < 1e-9:
        return None
    shifts = np.arange(-most, most + 1)
    scores = np.array(
        [
            (
                made[max(k, 0) : len(made) + min(k, 0)]
                * wanted[max(-k, 0) : len(wanted) - max(k, 0)]
            ).sum()
            for k in shifts
        ]
    )
    best = int(scores.argmax())
    between = 0.0
    if 0 < best < len(scores) - 1:
        before, top, after = scores[best - 1 : best + 2]
        between = 0.5 * (before - after) / (before - 2 * top + after)
    return float((shifts[best] + between) * step * 1e3)


def effort(rollout: Rollout, robot: RobotSpec) -> Figures:
    """Torque used, saturation and mechanical energy, and what the driven wrists gave."""
    *_, most = limits(rollout, robot)
    used = np.abs(rollout.joint_effort) / most
    motor = np.any(rollout.joint_effort != 0, axis=0)
    step = float(np.diff(rollout.time).mean()) if len(rollout.time) > 1 else 0.0
    power = np.abs(rollout.joint_effort * rollout.joint_velocity).sum(1)
    found: Figures = {
        "effort / limit, mean": float(used[:, motor].mean()) if motor.any() else None,
        "effort / limit, largest": float(used.max(initial=0.0)),
        "effort saturated, share of time, worst joint": (
            float((used[:, motor] > SATURATED).mean(0).max()) if motor.any() else None
        ),
        "mechanical energy [J]": float(power.sum() * step),
    }
    if robot.body is None:
        force = np.abs(rollout.wrist_force[..., :3]).max(initial=0.0)
        torque = np.linalg.norm(rollout.wrist_force[..., 3:], axis=-1).max(initial=0.0)
        found["wrist force, largest [N]"] = float(force)
        found["wrist torque, largest [N·m]"] = float(torque)
    return found


def contacts(
    rollout: Rollout,
    asked: ContactTrack,
    outcomes: list[ContactOutcome],
    bounds: Thresholds,
) -> Figures:
    """Precision, F1, onset error and press depth of the asked contacts."""
    errors = [o.onset_error_ms for o in outcomes if o.onset_error_ms is not None]
    right = precision(rollout, asked, bounds)
    depth = press_depth(rollout, asked)
    return {
        "contact precision": right,
        "contact precision between hands": precision(
            rollout, asked, bounds, between_hands=True
        ),
        "contact F1": f1(right, recall(outcomes)),
        "contact onset error, median [ms]": (
            float(np.median(errors)) if errors else None
        ),
        "press depth, largest [mm]": None if depth is None else 1e3 * depth,
    }


def press_depth(rollout: Rollout, asked: ContactTrack) -> float | None:
    """Deepest overlap of two surfaces that were asked to touch [m]; None if none were."""
    columns = [rollout.contacts.pairs.index(pair) for pair in asked.pairs]
    gaps = rollout.contacts.gap[:, columns][asked.mask]
    return float(max(-gaps.min(), 0.0)) if gaps.size else None


def smoothness(rollout: Rollout, robot: RobotSpec) -> Figures:
    """Jerk of the tips: root mean square, and normalised over windows.

    The normalised jerk of a window of length T is T⁵ ∫ jerk² dt / path², which has no
    unit and is 720 for the smoothest move from rest to rest (Hogan 1984).
    """
    found: Figures = {
        "tip jerk, root mean square [m/s³]": None,
        "tip jerk, normalised, median": None,
    }
    if len(rollout.time) < 4:
        return found
    step = float(rollout.time[1] - rollout.time[0])
    tips = np.concatenate(
        [rollout.tips[:, SIDES.index(s)][:, fingers(robot, s)] for s in robot.hands],
        axis=1,
    )
    squared = ((np.diff(tips, n=3, axis=0) / step**3) ** 2).sum(-1)  # (T-3, tips)
    found["tip jerk, root mean square [m/s³]"] = float(np.sqrt(squared.mean()))
    travel = np.linalg.norm(np.diff(tips, axis=0), axis=-1)
    size = round(JERK_WINDOW / step)
    values = []
    for start in range(0, len(squared) - size + 1, size):
        path = travel[start : start + size].sum(0)
        moving = path > LEAST_PATH
        cost = squared[start : start + size].sum(0) * step
        values += list(JERK_WINDOW**5 * cost[moving] / path[moving] ** 2)
    if values:
        found["tip jerk, normalised, median"] = float(np.median(values))
    return found


def p95(values: np.ndarray) -> float:
    """95th percentile."""
    return float(np.percentile(values, 95))


def all_figures(
    rollout: Rollout,
    command: Rollout,
    robot: RobotSpec,
    asked: ContactTrack,
    outcomes: list[ContactOutcome],
    bounds: Thresholds,
) -> Mapping[str, float | None]:
    """Every figure of a rollout, name (with unit) → value.

    Args:
        rollout: What is measured.
        command: The command's own poses.
        robot: The robot.
        asked: The asked contacts at the rollout's samples.
        outcomes: What became of them.
        bounds: Coverage and time tolerance of contacts.
    """
    return {
        **tracking(rollout, command, robot),
        **contacts(rollout, asked, outcomes, bounds),
        **effort(rollout, robot),
        **smoothness(rollout, robot),
    }
