"""Both hands of a robot as one MuJoCo model, built from their URDFs with `MjSpec`.

A hand without an arm hangs on a driven wrist (`sim.wrist`). A robot with a body stands
with its root fixed and carries its hands: waist and arms are links with mass, motors
with limited torque and capsules that collide.

Choices that a reader should know:

- Collision shapes are the capsules and boxes of the `HandSpec` (`solids`), which
  retargeting keeps apart; the URDF's own are dropped, its visuals are kept for pictures.
- Gravity acts and is compensated, as an arm's controller does for its payload. On an arm
  the motors do it, out of their own effort limit, hands included; the fingers' own weight,
  and a hand on a driven wrist, are compensated for nothing.
- Coupled (mimic) joints are equality constraints; they have no motor.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.skeleton import FINGERS, SIDES
from robots.body import Body
from robots.hand import HandSpec
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.exclusions import touching_links
from sim.links import (
    ARMATURE,
    JOINT_GROUP,
    LINK_GROUP,
    JointAddresses,
    add_joints,
    joint_addresses,
    load_links,
)
from sim.solids import SOLID_GROUP
from sim.stage import add_stage
from sim.wrist import (
    WRIST_FORCE,
    WRIST_FREQUENCY,
    WRIST_TORQUE,
    add_wrist,
    add_wrist_servos,
    no_wrist,
    scale_wrist_gains,
    wrist_addresses,
)

TIMESTEP = 0.001
"""Physics step [s]."""

BODY = "body"
"""The `side` of a robot's body, and with "_" the prefix of its names."""

__all__ = [
    "ARMATURE",
    "BODY",
    "JOINT_GROUP",
    "LINK_GROUP",
    "SOLID_GROUP",
    "TIMESTEP",
    "WRIST_FORCE",
    "WRIST_FREQUENCY",
    "WRIST_TORQUE",
    "HandAddresses",
    "JointAddresses",
    "Scene",
    "build_scene",
    "scene_spec",
]


@dataclass(frozen=True, eq=False)
class HandAddresses(JointAddresses):
    """Where one hand lives in the MuJoCo arrays.

    The arrays about the base are empty where an arm carries the hand.

    Attributes:
        base_body: Body of the URDF root.
        base_qpos, base_dof: (7,), (6,) slides then ball (quaternion wxyz).
        base_position_ctrl, base_velocity_ctrl: (3,), (3,) [m], [m/s].
        base_quaternion_ctrl: (4,) orientation target wxyz.
        base_force: (6,) outputs in `actuator_force`: 3 [N], 3 [N·m].
        tip_bodies: (5,) body whose origin is the fingertip, −1 where there is none.
        point_geoms: "index_tip", …, "palm" → ids of the solids that carry it.
        orientation_lead: Time by which the orientation target runs ahead [s].
    """

    base_body: int
    base_qpos: np.ndarray
    base_dof: np.ndarray
    base_position_ctrl: np.ndarray
    base_velocity_ctrl: np.ndarray
    base_quaternion_ctrl: np.ndarray
    base_force: np.ndarray
    tip_bodies: np.ndarray
    point_geoms: Mapping[str, tuple[int, ...]]
    orientation_lead: float


@dataclass(frozen=True, eq=False)
class Scene:
    """A compiled model of one or two hands, and of the body that carries them.

    Attributes:
        model: The MuJoCo model.
        robot: What it was built from.
        sides: The hands in it, "left" before "right".
        hands: Side → addresses.
        geom_side: (ngeom,) 0 left, 1 right, −1 neither.
        body: Addresses of waist and arms; None for hands on driven wrists.
    """

    model: mujoco.MjModel
    robot: RobotSpec
    sides: tuple[str, ...]
    hands: Mapping[str, HandAddresses]
    geom_side: np.ndarray
    body: JointAddresses | None = None

    @property
    def parts(self) -> tuple[tuple[HandSpec, JointAddresses], ...]:
        """Description and addresses of every chain of joints: hands, then the body."""
        hands = [(self.robot.hands[side], self.hands[side]) for side in self.sides]
        if self.body is None or self.robot.body is None:
            return tuple(hands)
        return (*hands, (self.robot.body.chain, self.body))

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Wire names of all measured joints, in the order of `parts`."""
        return tuple(name for chain, _ in self.parts for name in chain.wire_names)


def build_scene(robot: RobotSpec, sides: tuple[str, ...] = SIDES) -> Scene:
    """Compile the scene of a robot's hands.

    Args:
        robot: The robot.
        sides: The hands wanted; a robot with arms always has both on.
    """
    model = scene_spec(robot, sides).compile()
    sides = _present(robot, sides)
    hands = {side: _addresses(model, robot, side) for side in sides}
    arms = joint_addresses(model, robot.body.chain) if robot.body else None
    return Scene(model, robot, sides, hands, _geom_sides(model), arms)


def _present(robot: RobotSpec, sides: tuple[str, ...]) -> tuple[str, ...]:
    """The hands in the scene, "left" before "right"."""
    return tuple(
        side
        for side in SIDES
        if side in robot.hands and (side in sides or robot.body is not None)
    )


def scene_spec(robot: RobotSpec, sides: tuple[str, ...] = SIDES) -> mujoco.MjSpec:
    """The same, before it is compiled."""
    spec = mujoco.MjSpec()
    spec.modelname = robot.name
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # A reset would hide a break-down; the caller must see it.
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    # Guards against links without inertia in a URDF; real figures are far above.
    spec.compiler.boundmass, spec.compiler.boundinertia = 1e-4, 1e-8
    spec.compiler.balanceinertia = True
    body = robot.body
    sides = _present(robot, sides)
    if body is not None:
        _add_body(spec, body)
    for side in sides:
        base = _mount(spec, body, side) if body else add_wrist(spec, side)
        child = load_links(robot.hands[side])
        spec.attach(child, frame=base.add_frame(), prefix=f"{side}_")
        add_joints(spec, robot.hands[side])
        if body is None:
            add_wrist_servos(spec, side)
    if body is None:
        scale_wrist_gains(spec, robot, sides)
    for first, second in touching_links(spec, chains(robot, sides)):
        spec.add_exclude(name=f"{first}|{second}", bodyname1=first, bodyname2=second)
    add_stage(spec)
    return spec


def chains(robot: RobotSpec, sides: tuple[str, ...]) -> tuple[HandSpec, ...]:
    """The hands in the scene, then the body if there is one."""
    hands = tuple(robot.hands[side] for side in sides)
    return hands if robot.body is None else (*hands, robot.body.chain)


def _add_body(spec: mujoco.MjSpec, body: Body) -> None:
    """Stand the body on its root, which is fixed."""
    root = spec.worldbody.add_frame(pos=[0, 0, body.root_height])
    spec.attach(load_links(body.chain), frame=root, prefix=f"{BODY}_")
    add_joints(spec, body.chain, body.armature)


def _mount(spec: mujoco.MjSpec, body: Body, side: str) -> mujoco.MjsBody:
    """The body "<side>_base", screwed on an arm: the URDF root's frame, without mass."""
    mount = body.mounts[side]
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, mount.T_link_base[:3, :3].flatten())
    link = spec.body(f"{BODY}_{mount.link}")
    return link.add_body(
        name=f"{side}_base", pos=mount.T_link_base[:3, 3], quat=quaternion, gravcomp=1.0
    )


def _geom_sides(model: mujoco.MjModel) -> np.ndarray:
    """(ngeom,) 0 left, 1 right, −1 neither."""
    names = [model.body(int(body)).name for body in model.geom_bodyid]
    return np.array(
        [
            next((i for i, s in enumerate(SIDES) if name.startswith(f"{s}_")), -1)
            for name in names
        ]
    )


def _addresses(model: mujoco.MjModel, robot: RobotSpec, side: str) -> HandAddresses:
    """Look every index of one hand up by name."""
    hand = robot.hands[side]
    joints = joint_addresses(model, hand)
    wrist = wrist_addresses(model, side) if robot.body is None else no_wrist()
    tips = np.full(len(FINGERS), -1)
    for name, finger in hand.fingers.items():
        tips[FINGERS.index(name)] = model.body(f"{side}_{finger.tip_link}").id
    return HandAddresses(
        **vars(joints),
        base_body=model.body(f"{side}_base").id,
        base_qpos=wrist.qpos,
        base_dof=wrist.dof,
        base_position_ctrl=wrist.position_ctrl,
        base_velocity_ctrl=wrist.velocity_ctrl,
        base_quaternion_ctrl=wrist.quaternion_ctrl,
        base_force=wrist.force,
        tip_bodies=tips,
        point_geoms=_point_geoms(model, hand),
        # An orientation servo damps absolute motion; running the target ahead by
        # kv / kp = 2 / ω cancels the lag that this would cost.
        orientation_lead=2 / WRIST_FREQUENCY,
    )


def _point_geoms(model: mujoco.MjModel, hand: HandSpec) -> dict[str, tuple[int, ...]]:
    """Solids rigidly attached to each fingertip and to the palm."""

    def carried(link: str) -> tuple[int, ...]:
        weld = model.body_weldid[model.body(f"{hand.side}_{link}").id]
        return tuple(
            g
            for g in range(model.ngeom)
            if model.geom_contype[g]
            and model.body_weldid[model.geom_bodyid[g]] == weld
            and model.body(int(model.geom_bodyid[g])).name.startswith(f"{hand.side}_")
        )

    points = {
        f"{name}_tip": carried(finger.tip_link) for name, finger in hand.fingers.items()
    }
    return {**points, "palm": carried(hand.palm_link)}
