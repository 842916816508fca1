"""From solved frames to a trajectory: resampled, inside all limits, at rest at the ends."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.skeleton import SIDES
from retarget import limits
from retarget.accelerations import gentle_path
from retarget.clip import read_smoothly
from retarget.configuration import HandModel
from retarget.objective import HandProblem
from retarget.retime import Retiming
from retarget.rotations import matrix_from_quaternion, quaternion_from_matrix
from retarget.speeds import wrist_path
from retarget.trajectory import JointTrajectory, continuous_quaternions

HELD_JOINT, HELD_WRIST = 1e-3, 5e-4
"""A limit that moves a control point by more than this [rad, m] counts as saturation."""
AT_LIMIT = 0.97
"""So does a joint that moves at this share of its velocity limit."""
WRIST_RESERVE = 0.97
"""Base poses are interpolated component by component between knots and quaternions then
normalised, which speeds the wrist up a little."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Solved hands and how they are to be timed.

    Attributes:
        models, problems, z: side → hand, its problem, its variables (T, m + 6).
        fps: Rate of the solved frames, human clock [Hz].
        retiming: Robot clock → human clock.
        rate: Knots per second [Hz].
        wrist_speed, wrist_turn_rate: Limits of the wrist [m/s, rad/s].
        acceleration_limits: Whether the joints' acceleration limits hold.
    """

    models: Mapping[str, HandModel]
    problems: Mapping[str, HandProblem]
    z: Mapping[str, np.ndarray]
    fps: float
    retiming: Retiming
    rate: float
    wrist_speed: float
    wrist_turn_rate: float
    acceleration_limits: bool


def make_trajectory(
    plan: Plan,
) -> tuple[dict[str, JointTrajectory | None], np.ndarray, np.ndarray, np.ndarray]:
    """Knots of both hands.

    Returns:
        side → `JointTrajectory` or None; base poses (K, 2, 7) wxyz_xyz; human time of
        each knot (K,) [s]; saturated (K, 2) bool.
    """
    count = max(int(np.ceil(plan.retiming.duration * plan.rate)) + 1, 4)
    h = max(plan.retiming.duration, 3 / plan.rate) / (count - 1)
    source = plan.retiming.source_time(np.linspace(0.0, plan.retiming.duration, count))
    knots = count + 2
    time = np.arange(knots) * h
    hands: dict[str, JointTrajectory | None] = dict.fromkeys(SIDES)
    bases = np.zeros((knots, 2, 7))
    bases[..., 0] = 1.0
    saturated = np.zeros((knots, 2), bool)
    for side, z in plan.z.items():
        index = SIDES.index(side)
        model, problem = plan.models[side], plan.problems[side]
        free = len(model.free)
        angles, held = _joint_controls(
            model, limits.read_spline(z[:, :free], plan.fps, source), h,
            plan.acceleration_limits,
        )  # fmt: skip
        positions, velocities = limits.spline_knots(angles, h)
        expand = model.expand_matrix[:, model.free]
        hands[side] = JointTrajectory(
            model.spec.joint_names,
            np.clip(model.all_joints(positions), model.spec.lower, model.spec.upper),
            velocities @ expand.T,
            time,
        )
        bases[:, index], held_base = _bases(plan, problem, z, source, h)
        saturated[:, index] = np.pad(held | held_base, 1, mode="edge")
    return hands, bases, np.pad(source, 1, mode="edge"), saturated


def _joint_controls(
    model: HandModel, wanted: np.ndarray, h: float, accelerations: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Control points inside all limits, and where those of velocity moved them."""
    controls = limits.control_points(np.clip(wanted, model.lower, model.upper))
    controls = np.clip(controls, model.lower, model.upper)
    step = model.velocity_limit * h * (1 - limits.SPEED_MARGIN)
    slow = limits.slow_envelope(controls, step)
    if accelerations:
        bend = model.acceleration_limit * h**2
        slow = gentle_path(slow, model.lower, model.upper, step, bend)
    held = np.abs(slow - controls).max(1) > HELD_JOINT
    fast = (np.abs(np.diff(slow, axis=0)) > AT_LIMIT * step).any(1)
    held[1:] |= fast
    held[:-1] |= fast
    return slow, held


def _bases(
    plan: Plan, problem: HandProblem, z: np.ndarray, source: np.ndarray, h: float
) -> tuple[np.ndarray, np.ndarray]:
    """Poses (K + 2, 7) of the root link, and where a wrist limit moved them (K,)."""
    path, rotation = wrist_path(problem, z)
    wrist = read_smoothly(path, plan.fps, source)
    quaternions = quaternion_from_matrix(rotation)
    poses = np.concatenate([quaternions, np.zeros((len(z), 3))], 1)
    wxyz = read_smoothly(continuous_quaternions(poses)[:, :4], plan.fps, source)
    wxyz = wxyz / np.linalg.norm(wxyz, axis=1, keepdims=True)

    wrist = limits.control_points(wrist)
    slow_wrist = limits.slow_path(wrist, plan.wrist_speed * h * WRIST_RESERVE)
    # A unit quaternion moves by half the angle that the hand turns.
    turned = limits.control_points(wxyz)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    slow_turned = limits.slow_rotations(
        turned, 0.5 * plan.wrist_turn_rate * h * WRIST_RESERVE
    )
    held = np.abs(slow_wrist - wrist).max(1) > HELD_WRIST
    held |= np.abs(slow_turned - turned).max(1) > HELD_JOINT
    wrist = limits.spline_knots(slow_wrist, h)[0]
    wxyz = limits.spline_knots(slow_turned, h)[0]
    wxyz /= np.linalg.norm(wxyz, axis=1, keepdims=True)
    rotation = matrix_from_quaternion(wxyz)
    base = wrist - rotation @ problem.model.T_base_hand[:3, 3]
    return np.concatenate([wxyz, base], 1), held
