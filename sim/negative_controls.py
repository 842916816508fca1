"""Trajectories broken in one named way each: every check must be seen to fail once.

Each function takes a good trajectory and returns a broken copy; `CONTROLS` says which
check it has to fail, and no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from handx_gen.kinematics.contacts import ContactTrack
from handx_gen.skeleton import SIDES
from retarget.trajectory import BimanualTrajectory, JointTrajectory
from robots.robot import RobotSpec

SPEED_FACTOR = 0.2
"""Time is multiplied by this."""

CLOSER = 0.020
"""The wrists come this much closer [m]."""

SHIFT = 0.5
"""Contacts are asked this much later [s]."""

OVER_LIMIT = 0.01
"""A joint goes this far beyond its limit [rad]."""


@dataclass(frozen=True)
class Control:
    """A negative control.

    Attributes:
        name: What is broken.
        breaks: Trajectory and robot → broken trajectory.
        fails: Name of the only check that it fails.
        needs: What the clip has to hold for the control to bite: "" or the kind of
            contact, "contact" or "contact between the hands".
    """

    name: str
    breaks: Callable[[BimanualTrajectory, RobotSpec], BimanualTrajectory]
    fails: str
    needs: str = ""


def static_pose(
    trajectory: BimanualTrajectory, robot: RobotSpec | None = None
) -> BimanualTrajectory:
    """The first pose, held."""
    hands = {side: part and held(part) for side, part in trajectory.hands.items()}
    base = np.broadcast_to(trajectory.T_world_base[:1], trajectory.T_world_base.shape)
    groups = {name: held(part) for name, part in trajectory.groups.items()}
    return replace(trajectory, hands=hands, T_world_base=base, groups=groups)


def held(part: JointTrajectory) -> JointTrajectory:
    """The first pose of some joints, held."""
    return replace(
        part,
        positions=np.broadcast_to(part.positions[:1], part.positions.shape),
        velocities=np.zeros_like(part.velocities),
    )


def one_hand_frozen(
    trajectory: BimanualTrajectory, robot: RobotSpec
) -> BimanualTrajectory:
    """The fingers of the hand that moves them most stay as they begin."""
    moved = {
        side: float(np.ptp(part.positions, axis=0).max())
        for side, part in trajectory.hands.items()
        if part is not None
    }
    side = max(moved, key=lambda name: moved[name])
    part = trajectory.hands[side]
    assert part is not None
    return replace(trajectory, hands={**trajectory.hands, side: held(part)})


def hands_swapped(
    trajectory: BimanualTrajectory, robot: RobotSpec
) -> BimanualTrajectory:
    """The left hand does and is where the right one should, and the other way round.

    Hands whose joints or limits differ, or that hang on arms, cannot do that; there what
    is asked is exchanged in place of what is done.
    """
    left, right = (trajectory.hands[side] for side in SIDES)
    if left is None or right is None:
        return trajectory
    specs = [robot.hands[side] for side in SIDES]
    alike = len(specs[0].lower) == len(specs[1].lower) and all(
        np.allclose(getattr(specs[0], name), getattr(specs[1], name))
        for name in ("lower", "upper")
    )
    if robot.body is not None or not alike:
        return replace(trajectory, tip_targets=trajectory.tip_targets[:, ::-1])
    hands = {
        "left": replace(right, joint_names=left.joint_names),
        "right": replace(left, joint_names=right.joint_names),
    }
    base = trajectory.T_world_base[:, ::-1]
    return replace(trajectory, hands=hands, T_world_base=base)


def too_fast(trajectory: BimanualTrajectory, robot: RobotSpec) -> BimanualTrajectory:
    """Everything in a fifth of the time."""

    def hurried(part: JointTrajectory) -> JointTrajectory:
        return replace(
            part,
            velocities=part.velocities / SPEED_FACTOR,
            time_from_start=part.time_from_start * SPEED_FACTOR,
        )

    return replace(
        trajectory,
        hands={side: part and hurried(part) for side, part in trajectory.hands.items()},
        groups={name: hurried(part) for name, part in trajectory.groups.items()},
    )


def wrists_closer(
    trajectory: BimanualTrajectory, robot: RobotSpec
) -> BimanualTrajectory:
    """Both wrists moved by half of `CLOSER` along the line between the targets' middles.

    The line is that of the moment at which the hands are nearest. Arms do it by the
    smallest constant change of their joints that moves their hands so at that moment.
    """
    middles = trajectory.tip_targets.mean(2)  # (T, 2, 3)
    apart = middles[:, 1] - middles[:, 0]
    nearest = int(np.linalg.norm(apart, axis=-1).argmin())
    line = apart[nearest] / np.linalg.norm(apart[nearest])
    if robot.body is not None:
        return _arms_closer(trajectory, robot, line, nearest)
    base = trajectory.T_world_base.copy()
    base[:, 0, 4:] += CLOSER / 2 * line
    base[:, 1, 4:] -= CLOSER / 2 * line
    return replace(trajectory, T_world_base=base)


def _arms_closer(
    trajectory: BimanualTrajectory, robot: RobotSpec, line: np.ndarray, index: int
) -> BimanualTrajectory:
    from sim.engine import mujoco
    from sim.playback import set_state, trajectory_scene

    scene = trajectory_scene(trajectory, robot)
    data = mujoco.MjData(scene.model)
    set_state(scene, data, trajectory, float(trajectory.time_from_start[index]))
    mujoco.mj_kinematics(scene.model, data)
    mujoco.mj_comPos(scene.model, data)
    groups = dict(trajectory.groups)
    for side, sign in zip(SIDES, (1.0, -1.0)):
        jacobian = np.zeros((3, scene.model.nv))
        body = scene.hands[side].base_body
        mujoco.mj_jacBody(scene.model, data, jacobian, None, body)
        name = next(n for n in groups if n.startswith(side))
        part = groups[name]
        joints = [scene.model.joint(f"body_{j}") for j in part.joint_names]
        box = np.array([joint.range for joint in joints])
        lowest, highest, _ = part.extrema()
        jacobian = jacobian[:, [joint.dofadr[0] for joint in joints]]
        free, change = np.ones(len(joints), bool), np.zeros(len(joints))
        for _ in joints:
            # Joints that would leave their limits stay as they are.
            change = np.linalg.pinv(jacobian * free) @ (sign * CLOSER / 2 * line)
            beyond = (lowest.min(0) + change < box[:, 0]) | (
                highest.max(0) + change > box[:, 1]
            )
            if not (beyond & free).any():
                break
            free &= ~beyond
        groups[name] = replace(part, positions=part.positions + change * free)
    return replace(trajectory, groups=groups)


def contacts_shifted(
    trajectory: BimanualTrajectory, robot: RobotSpec
) -> BimanualTrajectory:
    """The same contacts asked for half a second later, round the end to the start."""
    asked, time = trajectory.asked_contacts, trajectory.time_from_start
    steps = round(SHIFT / float(np.median(np.diff(time))))
    moved = ContactTrack(
        asked.pairs, np.roll(asked.mask, steps, 0), np.roll(asked.gap, steps, 0)
    )
    return replace(trajectory, asked_contacts=moved)


def joint_over_limit(
    trajectory: BimanualTrajectory, robot: RobotSpec
) -> BimanualTrajectory:
    """The joint nearest to a limit, shifted to `OVER_LIMIT` beyond it.

    Only joints that no other is coupled to are taken, so that the couplings hold.
    """
    best: tuple[float, float, str, int] | None = None
    for side, part in trajectory.hands.items():
        if part is None:
            continue
        hand = robot.hands[side]
        lowest, highest, _ = part.extrema()
        coupled = {law.source for law in hand.mimic.values()} | set(hand.mimic)
        for j, name in enumerate(hand.joint_names):
            if name in coupled:
                continue
            up = float(hand.upper[j] + OVER_LIMIT - highest[:, j].max())
            down = float(hand.lower[j] - OVER_LIMIT - lowest[:, j].min())
            for shift in (up, down):
                if best is None or abs(shift) < best[0]:
                    best = (abs(shift), shift, side, j)
    if best is None:
        return trajectory
    _, shift, side, j = best
    part = trajectory.hands[side]
    positions = part.positions.copy()
    positions[:, j] += shift
    hands = {**trajectory.hands, side: replace(part, positions=positions)}
    return replace(trajectory, hands=hands)


CONTROLS: Mapping[str, Control] = {
    control.name: control
    for control in (
        Control("static pose", static_pose, "motion followed"),
        Control("hands swapped", hands_swapped, "hands on their own side"),
        Control("time × 0.2", too_fast, "velocity limits, command"),
        Control(
            "wrists 20 mm closer", wrists_closer, "penetration, command",
            "contact between the hands",
        ),
        Control(
            "contacts shifted by 0.5 s", contacts_shifted, "contact recall", "contact"
        ),
        Control(
            "one joint 0.01 rad over its limit", joint_over_limit,
            "position limits, command",
        ),
        Control("one hand frozen", one_hand_frozen, "motion followed"),
    )
}  # fmt: skip
"""Name → control."""
