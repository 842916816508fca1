"""A robot as an MJCF file for `mujoco_ros2_control`, with a position servo per joint.

    python tools/ros_mjcf.py shadow --out shadow.xml
    ros2 launch handx_bringup robot.launch.py robot:=shadow hardware:=mujoco \
        mujoco_model:=$PWD/shadow.xml

The links are those of the URDF that handx_description makes; servos have the gains and
torques of the robot's hand.toml and the names of the joints they drive, coupled joints an
equality constraint. Adjacent links do not collide.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "ros_ws/src/handx_description"))

import numpy as np

from handx_description.description import describe
from robots import load_robot
from robots.hand import HandSpec
from sim.engine import mujoco
from sim.links import ARMATURE, COUPLING_SOLREF
from sim.scene import TIMESTEP


def mjcf(name: str) -> str:
    """The robot as MJCF text.

    Args:
        name: A name of `handx robots`.
    """
    robot = load_robot(name)
    spec = mujoco.MjSpec.from_string(describe(robot))
    spec.modelname = robot.name
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.compiler.boundmass, spec.compiler.boundinertia = 1e-4, 1e-8
    spec.compiler.balanceinertia = True
    for equality in list(spec.equalities):
        spec.delete(equality)
    for body in spec.bodies:
        body.gravcomp = 1.0
    for hand in robot.hands.values():
        driven = [joint not in hand.mimic for joint in hand.joint_names]
        _drive(spec, hand, ARMATURE * np.array(driven))
    if robot.body is not None:
        _drive(spec, robot.body.chain, robot.body.armature)
    spec.compile()
    return spec.to_xml()


def _drive(spec: mujoco.MjSpec, chain: HandSpec, armature: np.ndarray) -> None:
    """Servos, rotors (n,) [kg·m²] and couplings of one chain."""
    wire = chain.wire_prefix
    for joint, inertia in zip(chain.joint_names, armature):
        spec.joint(wire + joint).armature = float(inertia)
    for number, joint in enumerate(chain.actuated):
        index = chain.joint_names.index(joint)
        effort = float(chain.effort_limit[index])
        servo = spec.add_actuator(
            name=wire + joint, target=wire + joint, trntype=mujoco.mjtTrn.mjTRN_JOINT,
            forcelimited=True, forcerange=[-effort, effort], ctrllimited=True,
            ctrlrange=[float(chain.lower[index]), float(chain.upper[index])],
        )  # fmt: skip
        servo.set_to_position(
            kp=float(chain.gains.kp[number]), kv=float(chain.gains.kv[number])
        )
    for joint, law in chain.mimic.items():
        spec.add_equality(
            name=f"couple_{wire}{joint}", type=mujoco.mjtEq.mjEQ_JOINT,
            objtype=mujoco.mjtObj.mjOBJ_JOINT, name1=wire + joint,
            name2=wire + law.source, solref=COUPLING_SOLREF,
            data=[law.offset, law.multiplier] + [0.0] * 10,
        )  # fmt: skip


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("robot")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.write_text(mjcf(asked.robot), encoding="utf-8")
    print(asked.out)


if __name__ == "__main__":
    main()
