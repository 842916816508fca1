"""Servo gains by a small identification on the simulated robot.

A natural frequency ω and a damping ratio ζ are tried for all joints of a hand, or of the
body, at once: each joint's gains follow from them and from the inertia that it moves
(kp = I ω², kv = 2 ζ I ω). Every try is measured twice, without contacts: a chirp of all
joints together (tracking, saturation) and a step (overshoot). Gains that are good enough
stay; else the softest good ones are taken, because stiff servos press hard and a finger
that slips snaps back.
"""

from dataclasses import dataclass, replace

import numpy as np

from robots.hand import Gains, HandSpec
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.links import JointAddresses
from sim.scene import BODY, TIMESTEP, Scene, build_scene

FREQUENCIES = (20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0)
"""Natural frequencies that are tried [rad/s], softest first."""

DAMPING_RATIOS = (1.0, 1.5, 2.0)

CHIRP = (0.2, 2.0)
"""First and last frequency of the chirp [Hz]."""

CHIRP_TIME, STEP_TIME = 4.0, 0.5
"""How long each test lasts [s]."""

SWING, ARM_SWING = 0.3, 0.1
"""Amplitude of the chirp as a share of half a joint's range, of an arm's in [rad], …"""

USED_SPEED, USED_ACCELERATION = 0.5, 0.25
"""… smaller where it would take more than these shares of the joint's limits."""

STEP = 0.05
"""Size of the step [rad]."""

LARGEST_ERROR, LARGEST_ARM_ERROR = 0.0025, 0.005
"""Root mean square error of the chirp that is good enough, worst joint [rad]: 0.25 mm at
the end of a 0.1 m finger, 2.5 mm at the end of an arm."""

LARGEST_OVERSHOOT = 0.05
"""Of the step."""


@dataclass(frozen=True)
class Trial:
    """What one choice of gains came to.

    Attributes:
        frequency, damping: ω [rad/s] and ζ.
        error: (m,) root mean square chirp error of each driven joint [rad].
        overshoot: Largest, as a share of the step.
        saturated: Largest share of time that a motor was at its limit in the chirp.
        bound: Largest error that is good enough [rad].
    """

    frequency: float
    damping: float
    error: np.ndarray
    overshoot: float
    saturated: float
    bound: float

    @property
    def good(self) -> bool:
        """Whether it tracks well enough, without oscillation or saturation."""
        return (
            float(self.error.max()) <= self.bound
            and self.overshoot <= LARGEST_OVERSHOOT
            and self.saturated == 0.0
        )


def identify(robot: RobotSpec, side: str) -> tuple[Gains, Trial, Trial]:
    """The gains that a chain's identification asks for.

    Those it has if they are good; else the softest good ones, of equally soft ones the
    best tracking; where none is good, the best tracking of the well damped.

    Args:
        robot: The robot.
        side: "left", "right" or "body".

    Returns:
        The gains, the trial of those that the chain has, and the trial of those returned.
    """
    now = try_gains(robot, side)
    if now.good:
        chain = next(chain for chain in robot.chains if chain.side == side)
        return chain.gains, now, now
    inertia = moved_inertia(robot, side)
    trials = []
    for frequency in FREQUENCIES:
        for damping in DAMPING_RATIOS:
            gains = designed(inertia, frequency, damping)
            changed = _with_gains(robot, side, gains)
            trials.append(try_gains(changed, side, frequency, damping))
        if any(trial.good for trial in trials):
            break
    damped = [trial for trial in trials if trial.overshoot <= LARGEST_OVERSHOOT]
    best = min(
        [trial for trial in trials if trial.good] or damped or trials,
        key=lambda trial: trial.error.max(),
    )
    return designed(inertia, best.frequency, best.damping), now, best


def try_gains(
    robot: RobotSpec, side: str, frequency: float = 0.0, damping: float = 0.0
) -> Trial:
    """Chirp and step with the gains that a robot's description has."""
    scene = build_scene(robot, (side,) if side != BODY else ("left", "right"))
    scene.model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
    error, saturated = _chirp(scene, side)
    bound = LARGEST_ARM_ERROR if side == BODY else LARGEST_ERROR
    return Trial(frequency, damping, error, _overshoot(scene, side), saturated, bound)


def designed(inertia: np.ndarray, frequency: float, damping: float) -> Gains:
    """Gains kp = I ω², kv = 2 ζ I ω, to two significant digits."""
    source = (
        f"ours, identified on the simulated robot with hands: {frequency:g} rad/s and "
        f"damping ratio {damping:g} for the inertia moved, the softest of those tried that "
        "track a chirp well enough (benchmarks/servo_gains.py)"
    )
    return Gains(
        _two_digits(inertia * frequency**2),
        _two_digits(2 * damping * inertia * frequency),
        source,
    )


def moved_inertia(robot: RobotSpec, side: str) -> np.ndarray:
    """(m,) inertia each driven joint of a chain moves [kg·m²].

    At rest for a hand; for arms, whose inertia changes, the larger of arms at rest and
    stretched to the front. Rotors and coupled joints are included: I = diag(Mᵀ F M) with
    the mimic map M and the mass matrix F.
    """
    scene = build_scene(robot, (side,) if side != BODY else ("left", "right"))
    chain, where = _part(scene, side)
    model, data = scene.model, mujoco.MjData(scene.model)
    matrix, _ = chain.expansion
    found = []
    for pose in _poses(chain):
        for other, there in scene.parts:
            data.qpos[there.qpos] = other.rest_pose
        data.qpos[where.qpos] = pose
        mujoco.mj_forward(model, data)
        full = np.zeros((model.nv, model.nv))
        mujoco.mj_fullM(model, data, full)
        found.append(np.diag(matrix.T @ full[np.ix_(where.dof, where.dof)] @ matrix))
    return np.max(found, axis=0)


def _poses(chain: HandSpec) -> list[np.ndarray]:
    if chain.side != BODY:
        return [chain.rest_pose]
    front = chain.rest_pose.copy()
    for i, name in enumerate(chain.joint_names):
        if "shoulder_pitch" in name:
            front[i] = max(-1.0, chain.lower[i])
    return [chain.rest_pose, front]


def _chirp(scene: Scene, side: str) -> tuple[np.ndarray, float]:
    """(m,) root mean square error [rad], and largest share of time in saturation."""
    chain, _ = _part(scene, side)
    index = chain.actuated_index
    lower, upper = chain.lower[index], chain.upper[index]
    middle, amplitude = (lower + upper) / 2, SWING * (upper - lower) / 2
    top = 2 * np.pi * CHIRP[1]
    amplitude = np.minimum(amplitude, USED_SPEED * chain.velocity_limit[index] / top)
    amplitude = np.minimum(
        amplitude, USED_ACCELERATION * chain.acceleration_limit[index] / top**2
    )
    if scene.robot.body is not None and chain.side == BODY:
        held = {j for g in scene.robot.body.locked for j in scene.robot.groups[g]}
        moves = [name not in held for name in chain.actuated]
        amplitude = np.minimum(amplitude, ARM_SWING) * moves
    time = np.arange(1, round(CHIRP_TIME / TIMESTEP) + 1)[:, None] * TIMESTEP
    rate = (CHIRP[1] - CHIRP[0]) / CHIRP_TIME
    angle = 2 * np.pi * (CHIRP[0] * time + rate * time**2 / 2)
    # Neighbours move against each other: every joint also feels the others' motion.
    angle = angle + np.pi * np.arange(len(index)) / 2
    grown = np.minimum(time / 0.5, 1.0)
    wanted = middle + grown * amplitude * np.sin(angle)
    speed = np.gradient(wanted, TIMESTEP, axis=0)
    measured, force = _play(scene, side, wanted, speed)
    limit = chain.effort_limit[index]
    saturated = (np.abs(force) > 0.99 * limit).mean(0).max()
    return np.sqrt(((measured - wanted) ** 2).mean(0)), float(saturated)


def _overshoot(scene: Scene, side: str) -> float:
    """How far the worst joint swings past a step, as a share of it."""
    chain, _ = _part(scene, side)
    index = chain.actuated_index
    middle = (chain.lower[index] + chain.upper[index]) / 2
    steps = round(STEP_TIME / TIMESTEP)
    worst = 0.0
    for joint in range(len(index)):
        wanted = np.tile(middle, (steps, 1))
        wanted[20:, joint] += STEP
        measured, _ = _play(scene, side, wanted, np.zeros_like(wanted))
        past = float((measured[:, joint] - middle[joint]).max()) / STEP - 1
        worst = max(worst, past)
    return worst


def _play(
    scene: Scene, side: str, wanted: np.ndarray, speed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Measured positions and torques (T, m) of the driven joints of one chain."""
    model, data = scene.model, mujoco.MjData(scene.model)
    chain, where = _part(scene, side)
    index = chain.actuated_index
    for other, there in scene.parts:
        data.qpos[there.qpos] = other.rest_pose
        data.ctrl[there.position_ctrl] = other.rest_pose[other.actuated_index]
    data.qpos[where.qpos] = chain.expand(wanted[0])
    for hand in scene.hands.values():
        data.ctrl[hand.base_quaternion_ctrl[:1]] = 1.0
    measured, force = np.zeros_like(wanted), np.zeros_like(wanted)
    for k in range(len(wanted)):
        data.ctrl[where.position_ctrl] = wanted[k]
        data.ctrl[where.velocity_ctrl] = speed[k]
        mujoco.mj_step(model, data)
        measured[k] = data.qpos[where.qpos[index]]
        force[k] = data.qfrc_actuator[where.dof[index]]
    return measured, force


def _part(scene: Scene, side: str) -> tuple[HandSpec, JointAddresses]:
    return next(part for part in scene.parts if part[0].side == side)


def _with_gains(robot: RobotSpec, side: str, gains: Gains) -> RobotSpec:
    """The robot with other gains on one chain."""
    if side == BODY:
        assert robot.body is not None
        chain = replace(robot.body.chain, gains=gains)
        return replace(robot, body=replace(robot.body, chain=chain))
    return replace(
        robot, hands={**robot.hands, side: replace(robot.hands[side], gains=gains)}
    )


def _two_digits(values: np.ndarray) -> np.ndarray:
    return np.array([float(f"{value:.2g}") for value in values])
