"""Servo gains from a hand's own inertia: one natural frequency and damping for all joints.

With position and velocity set points an overdamped servo has no lag at constant speed;
the damping keeps a finger that slips off a contact from snapping back at more than a few
times its error per second (kp / kv = ω / 2ζ).
"""

import numpy as np

from robots.hand import Gains
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.scene import ARMATURE, build_scene

FREQUENCY = 80.0
"""Natural frequency ω [rad/s]."""

DAMPING_RATIO = 2.0
"""Damping ratio ζ."""


def reflected_inertia(robot: RobotSpec, side: str) -> np.ndarray:
    """(m,) inertia each actuated joint moves in the rest pose [kg·m²].

    The rotor and all coupled joints are included: I = diag(Mᵀ F M) with the mimic map M
    and the mass matrix F.
    """
    scene = build_scene(robot, (side,))
    model, data = scene.model, mujoco.MjData(scene.model)
    hand, where = robot.hands[side], scene.hands[side]
    data.qpos[where.qpos] = hand.rest_pose
    mujoco.mj_forward(model, data)
    full = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, full)
    matrix, _ = hand.expansion
    return np.diag(matrix.T @ full[np.ix_(where.dof, where.dof)] @ matrix)


def design_gains(robot: RobotSpec, side: str) -> Gains:
    """Gains kp = I ω², kv = 2 ζ I ω, to two significant digits."""
    inertia = reflected_inertia(robot, side)
    kp = inertia * FREQUENCY**2
    kv = 2 * DAMPING_RATIO * inertia * FREQUENCY
    source = (
        f"ours: {FREQUENCY:g} rad/s and damping ratio {DAMPING_RATIO:g} for the inertia "
        f"moved in the rest pose, with a rotor of {ARMATURE:g} kg·m² "
        "(benchmarks/servo_gains.py)"
    )
    return Gains(_two_digits(kp), _two_digits(kv), source)


def _two_digits(values: np.ndarray) -> np.ndarray:
    return np.array([float(f"{value:.2g}") for value in values])
