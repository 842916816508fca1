"""Links, joints and servos of one hand, or of a body, in the simulation's `MjSpec`.

A body is described like a hand without fingers, so both take the same road: every name
gets the prefix "left_", "right_" or "body_".
"""

from dataclasses import dataclass

import numpy as np

from robots.hand import Box, HandSpec
from sim.engine import mujoco
from sim.errors import SimulationError
from sim.solids import add_solids

ARMATURE = 1e-4
"""Reflected rotor inertia of a finger joint [kg·m²]: the order of a 10 g·cm² rotor
behind a 1:10 to 1:30 gear; without it the phalanges' own inertia is stiff to integrate."""

COUPLING_SOLREF = (0.002, 1.0)
"""The same for coupled joints: gears, twice the physics step."""

STOP_SOLREF = (0.003, 1.0)
"""The same for joint limits: mechanical stops."""

JOINT_BALL = 0.9
"""Radius of a joint's ball as a share of its link's thinnest capsule."""

LINK_GROUP, JOINT_GROUP = 2, 4
"""Geom groups: visuals of the URDF, balls that show the joints; `SOLID_GROUP` is a third."""

POSITION_AND_VELOCITY = int(mujoco.mjtCtrlInput.mjINPUT_POS) | int(
    mujoco.mjtCtrlInput.mjINPUT_VEL
)


@dataclass(frozen=True, eq=False)
class JointAddresses:
    """Where the joints of one hand, or of a body, live in the MuJoCo arrays.

    Attributes:
        qpos, dof: (n,) of the joints in canonical order.
        position_ctrl, velocity_ctrl, force: (m,) of the actuated joints.
    """

    qpos: np.ndarray
    dof: np.ndarray
    position_ctrl: np.ndarray
    velocity_ctrl: np.ndarray
    force: np.ndarray


def load_links(chain: HandSpec) -> mujoco.MjSpec:
    """The URDF of a hand or body with the capsules and boxes of its description.

    The URDF's own collision shapes are dropped, its visuals kept. Gravity is compensated
    on every link.

    Raises:
        SimulationError: MuJoCo cannot read the URDF.
    """
    try:
        child = mujoco.MjSpec.from_file(str(chain.urdf))
    except ValueError as error:
        problem = str(error).strip().splitlines()[0]
        raise SimulationError(
            f"{chain.urdf} [urdf]: MuJoCo cannot read it ({problem}). Fix: mend the file, "
            "or add the robot again (`handx robots add`)."
        ) from error
    for geom in list(child.geoms):
        if geom.contype or geom.conaffinity:
            child.delete(geom)
        else:
            geom.group, geom.density = LINK_GROUP, 0.0
    for equality in list(child.equalities):
        child.delete(equality)
    for body in child.bodies:
        body.gravcomp = 1.0
    add_solids(child, chain)
    _add_joint_balls(child, chain)
    return child


def _add_joint_balls(child: mujoco.MjSpec, chain: HandSpec) -> None:
    """Show each joint as a ball that does not collide, so that links look connected.

    Boxes leave no room between links, and need none.
    """
    radius: dict[str, float] = {}
    for capsule in chain.solids:
        if isinstance(capsule, Box):
            continue
        radius[capsule.link] = min(capsule.radius, radius.get(capsule.link, np.inf))
    for body in child.bodies:
        if body.joints and body.name in radius:
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                size=[JOINT_BALL * radius[body.name], 0, 0],
                pos=body.joints[0].pos, group=JOINT_GROUP, density=0.0,
                contype=0, conaffinity=0,
            )  # fmt: skip


def add_joints(
    spec: mujoco.MjSpec, chain: HandSpec, armature: np.ndarray | None = None
) -> None:
    """Limits, rotors, couplings and servos of the joints of an attached chain.

    Args:
        spec: The scene.
        chain: The hand or body.
        armature: (n,) reflected rotor inertias [kg·m²] of a body, whose motors then
            carry the weight that hangs on them: gravity compensation counts towards
            their effort limit. `ARMATURE`, and compensation for nothing, without it.
    """
    side = chain.side
    for i, name in enumerate(chain.joint_names):
        joint = spec.joint(f"{side}_{name}")
        joint.range, joint.solref_limit = [chain.lower[i], chain.upper[i]], STOP_SOLREF
        # A coupled joint has no motor of its own, and is bounded through its source,
        # whose box already allows for it.
        driven = name not in chain.mimic
        joint.limited = int(driven)
        joint.armature = ARMATURE if driven else 0.0
        joint.damping = [0.0] * len(np.atleast_1d(joint.damping))
        joint.frictionloss = 0.0
        if armature is not None:
            effort = float(chain.effort_limit[i])
            joint.armature, joint.actgravcomp = float(armature[i]), True
            joint.actfrclimited, joint.actfrcrange = True, [-effort, effort]
    for name, law in chain.mimic.items():
        spec.add_equality(
            name=f"{side}_couple_{name}", type=mujoco.mjtEq.mjEQ_JOINT,
            objtype=mujoco.mjtObj.mjOBJ_JOINT,
            name1=f"{side}_{name}", name2=f"{side}_{law.source}",
            data=[law.offset, law.multiplier] + [0.0] * 10, solref=COUPLING_SOLREF,
        )  # fmt: skip
    for i, name in enumerate(chain.actuated):
        effort = float(chain.effort_limit[chain.joint_names.index(name)])
        servo = spec.add_actuator(
            name=f"{side}_{name}", trntype=mujoco.mjtTrn.mjTRN_JOINT,
            target=f"{side}_{name}",
            forcelimited=True, forcerange=[-effort, effort],
        )  # fmt: skip
        servo.set_to_pid(
            kp=float(chain.gains.kp[i]), kv=float(chain.gains.kv[i]),
            ctrlspec=POSITION_AND_VELOCITY,
        )  # fmt: skip


def joint_addresses(model: mujoco.MjModel, chain: HandSpec) -> JointAddresses:
    """Look every index of one chain up by name."""
    joints = [model.joint(f"{chain.side}_{name}") for name in chain.joint_names]
    servos = np.array([controls(model, f"{chain.side}_{n}") for n in chain.actuated])
    return JointAddresses(
        qpos=np.array([joint.qposadr[0] for joint in joints]),
        dof=np.array([joint.dofadr[0] for joint in joints]),
        position_ctrl=servos[:, 0],
        velocity_ctrl=servos[:, 1],
        force=np.concatenate(
            [outputs(model, f"{chain.side}_{n}") for n in chain.actuated]
        ),
    )


def controls(model: mujoco.MjModel, name: str) -> np.ndarray:
    """Indices in `ctrl` of one actuator."""
    actuator = model.actuator(name).id
    start = int(model.actuator_ctrladr[actuator])
    return np.arange(start, start + int(model.actuator_ctrlnum[actuator]))


def outputs(model: mujoco.MjModel, name: str) -> np.ndarray:
    """Indices in `actuator_force` of one actuator."""
    actuator = model.actuator(name).id
    start = int(model.actuator_outadr[actuator])
    return np.arange(start, start + int(model.actuator_outnum[actuator]))
