"""Both hands of a robot as one MuJoCo model, built from their URDFs with `MjSpec`.

Each hand hangs on a driven wrist: three slides and a ball joint at the URDF's root,
moved by servos of limited force and torque, like an arm that is strong but not
infinitely so. The orientation servo works on the rotation group itself, so that prayer
and crossed poses have no gimbal lock.

Choices that a reader should know:

- Collision shapes are the capsules of the `HandSpec`; the URDF's own are dropped, its
  visuals are kept for pictures.
- Gravity acts and is compensated on every link, as an arm's controller does for its
  payload; what the servos spend is motion and contact.
- Coupled (mimic) joints are equality constraints; they have no motor.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.skeleton import FINGERS, SIDES
from robots.hand import Capsule, HandSpec
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.exclusions import touching_links
from sim.stage import add_stage

TIMESTEP = 0.001
"""Physics step [s]."""

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

ARMATURE = 1e-4
"""Reflected rotor inertia of a finger joint [kg·m²]: the order of a 10 g·cm² rotor
behind a 1:10 to 1:30 gear; without it the phalanges' own inertia is stiff to integrate."""

CONTACT_SOLREF = (0.003, 1.0)
"""Time constant [s] and damping ratio of contacts: metal and hard rubber, three times
the physics step, so that pressing hands overlap by tenths of a millimetre."""

COUPLING_SOLREF = (0.002, 1.0)
"""The same for coupled joints: gears, twice the physics step."""

STOP_SOLREF = (0.003, 1.0)
"""The same for joint limits: mechanical stops."""

FRICTION = (0.8, 0.005, 0.0001)
"""Sliding, torsional and rolling friction of rubber on rubber or plastic."""

JOINT_BALL = 0.9
"""Radius of a joint's ball as a share of its link's thinnest capsule."""

LINK_GROUP, CAPSULE_GROUP, JOINT_GROUP = 2, 3, 4
"""Geom groups: visuals of the URDF, collision capsules, balls that show the joints."""


@dataclass(frozen=True, eq=False)
class HandAddresses:
    """Where one hand lives in the MuJoCo arrays.

    Attributes:
        base_body: Body of the URDF root.
        base_qpos, base_dof: (7,), (6,) slides then ball (quaternion wxyz).
        base_position_ctrl, base_velocity_ctrl: (3,), (3,) [m], [m/s].
        base_quaternion_ctrl: (4,) orientation target wxyz.
        base_force: (6,) outputs in `actuator_force`: 3 [N], 3 [N·m].
        qpos, dof: (n,) of the joints in canonical order.
        position_ctrl, velocity_ctrl, force: (m,) of the actuated joints.
        tip_bodies: (5,) body whose origin is the fingertip, −1 where there is none.
        point_geoms: "index_tip", …, "palm" → ids of the capsules that carry it.
        orientation_lead: Time by which the orientation target runs ahead [s].
    """

    base_body: int
    base_qpos: np.ndarray
    base_dof: np.ndarray
    base_position_ctrl: np.ndarray
    base_velocity_ctrl: np.ndarray
    base_quaternion_ctrl: np.ndarray
    base_force: np.ndarray
    qpos: np.ndarray
    dof: np.ndarray
    position_ctrl: np.ndarray
    velocity_ctrl: np.ndarray
    force: np.ndarray
    tip_bodies: np.ndarray
    point_geoms: Mapping[str, tuple[int, ...]]
    orientation_lead: float


@dataclass(frozen=True, eq=False)
class Scene:
    """A compiled model of one or two hands.

    Attributes:
        model: The MuJoCo model.
        robot: What it was built from.
        sides: The hands in it, "left" before "right".
        hands: Side → addresses.
        geom_side: (ngeom,) 0 left, 1 right, −1 neither.
    """

    model: mujoco.MjModel
    robot: RobotSpec
    sides: tuple[str, ...]
    hands: Mapping[str, HandAddresses]
    geom_side: np.ndarray


def build_scene(robot: RobotSpec, sides: tuple[str, ...] = SIDES) -> Scene:
    """Compile the scene of a robot's hands.

    Args:
        robot: The robot.
        sides: The hands wanted.
    """
    spec = mujoco.MjSpec()
    spec.modelname = robot.name
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # A reset would hide a break-down; the caller must see it.
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    # Guards against links without inertia in a URDF; real figures are far above.
    spec.compiler.boundmass, spec.compiler.boundinertia = 1e-4, 1e-8
    spec.compiler.balanceinertia = True
    sides = tuple(side for side in SIDES if side in sides)
    for side in sides:
        _add_hand(spec, robot.hands[side])
    _scale_wrist_gains(spec, robot, sides)
    for side in sides:
        for first, second in touching_links(spec, robot.hands[side], sides):
            spec.add_exclude(
                name=f"{first}|{second}", bodyname1=first, bodyname2=second
            )
    add_stage(spec)
    model = spec.compile()
    hands = {side: _addresses(model, robot.hands[side]) for side in sides}
    return Scene(model, robot, sides, hands, _geom_sides(model))


def _add_hand(spec: mujoco.MjSpec, hand: HandSpec) -> None:
    """Hang one hand on its wrist; every name gets the prefix "left_" or "right_".

    The body "<side>_base" carries the joints "<side>_base_x", "_y", "_z" and
    "_rotation"; at zero they put the URDF's root frame on the world frame.
    """
    side = hand.side
    base = spec.worldbody.add_body(name=f"{side}_base", gravcomp=1.0)
    for name, axis in zip("xyz", np.eye(3)):
        base.add_joint(
            name=f"{side}_base_{name}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=axis
        )
    base.add_joint(name=f"{side}_base_rotation", type=mujoco.mjtJoint.mjJNT_BALL)
    base.explicitinertial = True
    base.mass, base.inertia = MOUNT_MASS, np.full(3, MOUNT_INERTIA)

    child = mujoco.MjSpec.from_file(str(hand.urdf))
    for geom in list(child.geoms):
        if geom.contype or geom.conaffinity:
            child.delete(geom)
        else:
            geom.group, geom.density = LINK_GROUP, 0.0
    for equality in list(child.equalities):
        child.delete(equality)
    for body in child.bodies:
        body.gravcomp = 1.0
    for index, capsule in enumerate(hand.capsules):
        _add_capsule(child, capsule, index)
    _add_joint_balls(child, hand)
    spec.attach(child, frame=base.add_frame(), prefix=f"{side}_")
    _add_joints(spec, hand)
    _add_wrist_servos(spec, side)


def _geom_sides(model: mujoco.MjModel) -> np.ndarray:
    """(ngeom,) 0 left, 1 right, −1 neither."""
    names = [model.body(int(body)).name for body in model.geom_bodyid]
    return np.array(
        [
            next((i for i, s in enumerate(SIDES) if name.startswith(f"{s}_")), -1)
            for name in names
        ]
    )


def _add_capsule(child: mujoco.MjSpec, capsule: Capsule, index: int) -> None:
    """Put one collision capsule on its link (a sphere where both ends coincide)."""
    sphere = np.allclose(capsule.a, capsule.b, atol=1e-9)
    geom = child.body(capsule.link).add_geom(
        name=f"capsule_{index}_{capsule.link}",
        type=mujoco.mjtGeom.mjGEOM_SPHERE if sphere else mujoco.mjtGeom.mjGEOM_CAPSULE,
        size=[capsule.radius, 0, 0],
        group=CAPSULE_GROUP,
        density=0.0,
        friction=FRICTION,
        solref=CONTACT_SOLREF,
        solimp=[0.95, 0.99, 0.0005, 0.5, 2],
        rgba=[0.6, 0.6, 0.65, 1],
    )
    if sphere:
        geom.pos = capsule.a
    else:
        geom.fromto = [*capsule.a, *capsule.b]


def _add_joint_balls(child: mujoco.MjSpec, hand: HandSpec) -> None:
    """Show each joint as a ball that does not collide, so that links look connected."""
    radius: dict[str, float] = {}
    for capsule in hand.capsules:
        radius[capsule.link] = min(capsule.radius, radius.get(capsule.link, np.inf))
    for body in child.bodies:
        if body.joints and body.name in radius:
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                size=[JOINT_BALL * radius[body.name], 0, 0],
                pos=body.joints[0].pos, group=JOINT_GROUP, density=0.0,
                contype=0, conaffinity=0,
            )  # fmt: skip


def _add_joints(spec: mujoco.MjSpec, hand: HandSpec) -> None:
    """Limits, rotors, couplings and servos of the hand's joints."""
    side = hand.side
    for name, low, high in zip(hand.joint_names, hand.lower, hand.upper):
        joint = spec.joint(f"{side}_{name}")
        joint.range, joint.solref_limit = [low, high], STOP_SOLREF
        # A coupled joint has no motor of its own, and is bounded through its source,
        # whose box already allows for it.
        joint.armature = 0.0 if name in hand.mimic else ARMATURE
        joint.limited = int(name not in hand.mimic)
        joint.damping, joint.frictionloss = (
            [0.0] * len(np.atleast_1d(joint.damping)),
            0.0,
        )
    for name, law in hand.mimic.items():
        spec.add_equality(
            name=f"{side}_couple_{name}", type=mujoco.mjtEq.mjEQ_JOINT,
            objtype=mujoco.mjtObj.mjOBJ_JOINT,
            name1=f"{side}_{name}", name2=f"{side}_{law.source}",
            data=[law.offset, law.multiplier] + [0.0] * 10, solref=COUPLING_SOLREF,
        )  # fmt: skip
    for i, name in enumerate(hand.actuated):
        effort = float(hand.effort_limit[hand.joint_names.index(name)])
        servo = spec.add_actuator(
            name=f"{side}_{name}", trntype=mujoco.mjtTrn.mjTRN_JOINT,
            target=f"{side}_{name}",
            forcelimited=True, forcerange=[-effort, effort],
        )  # fmt: skip
        servo.set_to_pid(
            kp=float(hand.gains.kp[i]), kv=float(hand.gains.kv[i]),
            ctrlspec=POSITION_AND_VELOCITY,
        )  # fmt: skip


POSITION_AND_VELOCITY = int(mujoco.mjtCtrlInput.mjINPUT_POS) | int(
    mujoco.mjtCtrlInput.mjINPUT_VEL
)


def _add_wrist_servos(spec: mujoco.MjSpec, side: str) -> None:
    """Servos of the driven wrist; gains are set once the hand's inertia is known."""
    for name in (f"{side}_base_{axis}" for axis in "xyz"):
        servo = spec.add_actuator(
            name=name, trntype=mujoco.mjtTrn.mjTRN_JOINT, target=name,
            forcelimited=True, forcerange=[-WRIST_FORCE, WRIST_FORCE],
        )  # fmt: skip
        servo.set_to_pid(kp=1.0, kv=1.0, ctrlspec=POSITION_AND_VELOCITY)
    # The range of an orientation servo bounds the norm of its torque.
    servo = spec.add_actuator(
        name=f"{side}_base_rotation", trntype=mujoco.mjtTrn.mjTRN_JOINT,
        target=f"{side}_base_rotation",
        forcelimited=True, forcerange=[0, WRIST_TORQUE],
    )  # fmt: skip
    servo.set_to_orientation(
        kp=1.0, kv=1.0, ctrlspec=int(mujoco.mjtCtrlChart.mjCHART_QUAT)
    )


def _scale_wrist_gains(
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
        for name in ("base_x", "base_y", "base_z", "base_rotation"):
            dof = int(model.joint(f"{side}_{name}").dofadr[0])
            size = 3 if name == "base_rotation" else 1
            block = inertia[dof : dof + size, dof : dof + size]
            moved = float(np.linalg.eigvalsh(block)[-1])
            kp, kv = moved * WRIST_FREQUENCY**2, 2 * moved * WRIST_FREQUENCY
            servo = spec.actuator(f"{side}_{name}")
            if name == "base_rotation":
                servo.set_to_orientation(
                    kp=kp, kv=kv, ctrlspec=int(mujoco.mjtCtrlChart.mjCHART_QUAT)
                )
            else:
                servo.set_to_pid(kp=kp, kv=kv, ctrlspec=POSITION_AND_VELOCITY)


def _addresses(model: mujoco.MjModel, hand: HandSpec) -> HandAddresses:
    """Look every index of one hand up by name."""

    def joint(name: str) -> mujoco.MjModel:
        return model.joint(f"{hand.side}_{name}")

    def controls(name: str) -> np.ndarray:
        actuator = model.actuator(f"{hand.side}_{name}").id
        start = int(model.actuator_ctrladr[actuator])
        return np.arange(start, start + int(model.actuator_ctrlnum[actuator]))

    def outputs(name: str) -> np.ndarray:
        actuator = model.actuator(f"{hand.side}_{name}").id
        start = int(model.actuator_outadr[actuator])
        return np.arange(start, start + int(model.actuator_outnum[actuator]))

    slides = ("base_x", "base_y", "base_z")
    ball = joint("base_rotation")
    servos = np.array([controls(name) for name in hand.actuated])  # (m, 2)
    wrist = np.array([controls(name) for name in slides])  # (3, 2)
    tips = np.full(len(FINGERS), -1)
    for name, finger in hand.fingers.items():
        tips[FINGERS.index(name)] = model.body(f"{hand.side}_{finger.tip_link}").id
    return HandAddresses(
        base_body=model.body(f"{hand.side}_base").id,
        base_qpos=np.concatenate(
            [[joint(s).qposadr[0] for s in slides], ball.qposadr[0] + np.arange(4)]
        ).astype(int),
        base_dof=np.concatenate(
            [[joint(s).dofadr[0] for s in slides], ball.dofadr[0] + np.arange(3)]
        ).astype(int),
        base_position_ctrl=wrist[:, 0],
        base_velocity_ctrl=wrist[:, 1],
        base_quaternion_ctrl=controls("base_rotation"),
        base_force=np.concatenate([outputs(s) for s in (*slides, "base_rotation")]),
        qpos=np.array([joint(n).qposadr[0] for n in hand.joint_names]),
        dof=np.array([joint(n).dofadr[0] for n in hand.joint_names]),
        position_ctrl=servos[:, 0],
        velocity_ctrl=servos[:, 1],
        force=np.concatenate([outputs(name) for name in hand.actuated]),
        tip_bodies=tips,
        point_geoms=_point_geoms(model, hand),
        # An orientation servo damps absolute motion; running the target ahead by
        # kv / kp = 2 / ω cancels the lag that this would cost.
        orientation_lead=2 / WRIST_FREQUENCY,
    )


def _point_geoms(model: mujoco.MjModel, hand: HandSpec) -> dict[str, tuple[int, ...]]:
    """Capsules rigidly attached to each fingertip and to the palm."""

    def carried(link: str) -> tuple[int, ...]:
        weld = model.body_weldid[model.body(f"{hand.side}_{link}").id]
        return tuple(
            g
            for g in range(model.ngeom)
            if model.geom_contype[g] and model.body_weldid[model.geom_bodyid[g]] == weld
        )

    points = {
        f"{name}_tip": carried(finger.tip_link) for name, finger in hand.fingers.items()
    }
    return {**points, "palm": carried(hand.palm_link)}
