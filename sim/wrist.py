"""A wrist driven in space: what moves a hand that no arm carries.

Three slides and a ball joint at the URDF's root, moved by servos of limited force and
torque, like an arm that is strong but not infinitely so. The orientation servo works on
the rotation group itself, so that prayer and crossed poses have no gimbal lock.
"""

from dataclasses import dataclass

import numpy as np

from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.links import POSITION_AND_VELOCITY, controls, outputs

WRIST_FORCE = 150.0
"""Largest force of a wrist along each axis [N]; about what a 10 kg class arm gives."""

WRIST_TORQUE = 15.0
"""Largest torque of a wrist, by its norm [N·m]."""

WRIST_FREQUENCY = 80.0
"""Natural frequency of the wrist servos [rad/s], critically damped."""

MOUNT_MASS = 0.3
"""Mass of the flange that carries each hand [kg]; keeps light hands well conditioned."""

MOUNT_INERTIA = 4e-4
"""Its rotational inertia about each axis [kg·m²]."""

SLIDES, BALL = ("base_x", "base_y", "base_z"), "base_rotation"


@dataclass(frozen=True, eq=False)
class WristAddresses:
    """Where one driven wrist lives in the MuJoCo arrays; all empty on an arm.

    Attributes:
        qpos, dof: (7,), (6,) slides then ball (quaternion wxyz).
        position_ctrl, velocity_ctrl: (3,), (3,) [m], [m/s].
        quaternion_ctrl: (4,) orientation target wxyz.
        force: (6,) outputs in `actuator_force`: 3 [N], 3 [N·m].
    """

    qpos: np.ndarray
    dof: np.ndarray
    position_ctrl: np.ndarray
    velocity_ctrl: np.ndarray
    quaternion_ctrl: np.ndarray
    force: np.ndarray


def add_wrist(spec: mujoco.MjSpec, side: str) -> mujoco.MjsBody:
    """The body "<side>_base" with the joints "<side>_base_x", "_y", "_z", "_rotation".

    At zero they put the URDF's root frame on the world frame.
    """
    base = spec.worldbody.add_body(name=f"{side}_base", gravcomp=1.0)
    for name, axis in zip(SLIDES, np.eye(3)):
        base.add_joint(
            name=f"{side}_{name}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=axis
        )
    base.add_joint(name=f"{side}_{BALL}", type=mujoco.mjtJoint.mjJNT_BALL)
    base.explicitinertial = True
    base.mass, base.inertia = MOUNT_MASS, np.full(3, MOUNT_INERTIA)
    return base


def add_wrist_servos(spec: mujoco.MjSpec, side: str) -> None:
    """Servos of the driven wrist; gains are set once the hand's inertia is known."""
    for name in (f"{side}_{slide}" for slide in SLIDES):
        servo = spec.add_actuator(
            name=name, trntype=mujoco.mjtTrn.mjTRN_JOINT, target=name,
            forcelimited=True, forcerange=[-WRIST_FORCE, WRIST_FORCE],
        )  # fmt: skip
        servo.set_to_pid(kp=1.0, kv=1.0, ctrlspec=POSITION_AND_VELOCITY)
    # The range of an orientation servo bounds the norm of its torque.
    servo = spec.add_actuator(
        name=f"{side}_{BALL}", trntype=mujoco.mjtTrn.mjTRN_JOINT,
        target=f"{side}_{BALL}",
        forcelimited=True, forcerange=[0, WRIST_TORQUE],
    )  # fmt: skip
    servo.set_to_orientation(
        kp=1.0, kv=1.0, ctrlspec=int(mujoco.mjtCtrlChart.mjCHART_QUAT)
    )


def scale_wrist_gains(
    spec: mujoco.MjSpec, robot: RobotSpec, sides: tuple[str, ...]
) -> None:
    """Set kp = M ω², kv = 2 M ω for each hand's own mass and largest inertia."""
    model = spec.copy().compile()
    data = mujoco.MjData(model)
    for side in sides:
        hand = robot.hands[side]
        for name, angle in zip(hand.joint_names, hand.rest_pose):
            data.joint(f"{side}_{name}").qpos[0] = angle
    mujoco.mj_forward(model, data)
    inertia = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, inertia)
    for side in sides:
        for name in (*SLIDES, BALL):
            dof = int(model.joint(f"{side}_{name}").dofadr[0])
            size = 3 if name == BALL else 1
            block = inertia[dof : dof + size, dof : dof + size]
            moved = float(np.linalg.eigvalsh(block)[-1])
            kp, kv = moved * WRIST_FREQUENCY**2, 2 * moved * WRIST_FREQUENCY
            servo = spec.actuator(f"{side}_{name}")
            if name == BALL:
                servo.set_to_orientation(
                    kp=kp, kv=kv, ctrlspec=int(mujoco.mjtCtrlChart.mjCHART_QUAT)
                )
            else:
                servo.set_to_pid(kp=kp, kv=kv, ctrlspec=POSITION_AND_VELOCITY)


def wrist_addresses(model: mujoco.MjModel, side: str) -> WristAddresses:
    """Look the indices of one driven wrist up by name."""
    slides = [model.joint(f"{side}_{slide}") for slide in SLIDES]
    ball = model.joint(f"{side}_{BALL}")
    servos = np.array([controls(model, f"{side}_{slide}") for slide in SLIDES])
    return WristAddresses(
        qpos=np.array(
            [*(s.qposadr[0] for s in slides), *(ball.qposadr[0] + np.arange(4))]
        ),
        dof=np.array(
            [*(s.dofadr[0] for s in slides), *(ball.dofadr[0] + np.arange(3))]
        ),
        position_ctrl=servos[:, 0],
        velocity_ctrl=servos[:, 1],
        quaternion_ctrl=controls(model, f"{side}_{BALL}"),
        force=np.concatenate(
            [outputs(model, f"{side}_{name}") for name in (*SLIDES, BALL)]
        ),
    )


def no_wrist() -> WristAddresses:
    """Of a hand that an arm carries: nothing."""
    return WristAddresses(*(np.zeros(0, int) for _ in range(6)))
