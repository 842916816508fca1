"""A rollout as MJCF: a scene that any MuJoCo loads, with its moments as keyframes.

MuJoCo's own writer rounds to six digits, which is a hundredth of a millimetre at a
metre's height; the numbers that place things are therefore written anew, in full.
"""

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.film import rollout_scene, scene_colours
from sim.rollout import Rollout
from sim.scene import Scene, scene_spec

SCENE = "scene.xml"


def write_mjcf(rollout: Rollout, robot: RobotSpec, folder: Path, rate: float) -> int:
    """Write scene.xml, and what it refers to, into `folder`.

    A keyframe holds time, positions, velocities and controls as they were measured, so
    that a reader can look at it or simulate on from it.

    Args:
        rollout: What happened.
        robot: Its robot.
        folder: An empty folder.
        rate: Keyframes per second [Hz].

    Returns:
        How many keyframes there are.

    Raises:
        SimulationError: The rollout's state is not one of this robot.
        InputError: A rate that is not positive, or a mesh that is not there.
    """
    if not 0 < rate <= 1000:
        raise InputError(
            "--rate", "", f"{rate:g}", "give keyframes per second, to 1000"
        )
    scene = rollout_scene(rollout, robot)
    spec = scene_spec(robot, scene.sides)
    spec.modelname = f"handx {robot.name}"
    for body in spec.bodies:
        if body.explicitinertial and np.isnan(body.ipos).any():
            # The writer drops an inertia whose place was left to the compiler.
            body.ipos, body.iquat = np.zeros(3), [1.0, 0, 0, 0]
    model = spec.compile()
    root = ET.fromstring(spec.to_xml())
    _write_numbers(root, model)
    _write_colours(root, scene)
    _copy_meshes(root, robot, folder)
    count = _add_keyframes(root, rollout, rate)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    npz.write_text(folder / SCENE, text + "\n")
    return count


def _numbers(values: np.ndarray) -> str:
    """Shortest text that gives back the same doubles."""
    return " ".join(repr(float(value)) for value in np.ravel(values))


def _geoms(root: ET.Element, model: mujoco.MjModel) -> list[ET.Element]:
    """The geoms' elements in the model's order: body by body, depth first."""
    found = [
        geom
        for body in root.iter()
        if body.tag in ("worldbody", "body")
        for geom in body.findall("geom")
    ]
    assert len(found) == model.ngeom, "a geom hides in a <frame>"
    return found


def _write_numbers(root: ET.Element, model: mujoco.MjModel) -> None:
    """Positions, rotations, sizes and axes in full."""
    for element in root.iter("frame"):
        # Where a frame stood is part of what is written into the bodies below it.
        for name in set(element.attrib) - {"name", "childclass"}:
            del element.attrib[name]
    for element in root.iter("body"):
        body = model.body(element.attrib["name"]).id
        element.set("pos", _numbers(model.body_pos[body]))
        element.set("quat", _numbers(model.body_quat[body]))
        for inertial in element.findall("inertial"):
            inertial.attrib.clear()
            inertial.set("pos", _numbers(model.body_ipos[body]))
            inertial.set("quat", _numbers(model.body_iquat[body]))
            inertial.set("mass", _numbers(model.body_mass[body]))
            inertial.set("diaginertia", _numbers(model.body_inertia[body]))
    for compiler in root.iter("compiler"):
        # The bounds have done their work; again they would give mere frames a mass.
        compiler.attrib.pop("boundmass", None)
        compiler.attrib.pop("boundinertia", None)
    worldbody = root.find("worldbody")
    assert worldbody is not None
    for element in worldbody.iter("joint"):
        joint = model.joint(element.attrib["name"]).id
        element.set("pos", _numbers(model.jnt_pos[joint]))
        if model.jnt_type[joint] != mujoco.mjtJoint.mjJNT_BALL:
            element.set("axis", _numbers(model.jnt_axis[joint]))
        if "range" in element.attrib:
            element.set("range", _numbers(model.jnt_range[joint]))
    for geom, element in enumerate(_geoms(root, model)):
        # A mesh's place in the model is that of its own inertia's axes, not the file's.
        if element.get("type") != "mesh":
            element.set("pos", _numbers(model.geom_pos[geom]))
            element.set("quat", _numbers(model.geom_quat[geom]))
            element.set("size", _numbers(model.geom_size[geom]))


def _write_colours(root: ET.Element, scene: Scene) -> None:
    """The colours of the house, which say which hand is which."""
    colours = scene_colours(scene)
    for geom, element in enumerate(_geoms(root, scene.model)):
        if element.get("name") != "floor":
            element.attrib.pop("material", None)
            element.set("rgba", " ".join(f"{c:.3g}" for c in (*colours[geom], 1.0)))


def _copy_meshes(root: ET.Element, robot: RobotSpec, folder: Path) -> None:
    """Put every mesh beside the scene, under a name of its own."""
    for index, element in enumerate(root.iter("mesh")):
        if "file" not in element.attrib:
            continue
        name = element.attrib["file"]
        places = [hand.urdf.parent / name for hand in robot.hands.values()]
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            raise InputError(
                places[0], "mesh", "no such file", "mend the robot's folder"
            )
        name = f"mesh_{index}_{file.name}"
        with npz.atomic_path(folder / name) as temporary:
            shutil.copyfile(file, temporary)
        element.set("file", name)


def _add_keyframes(root: ET.Element, rollout: Rollout, rate: float) -> int:
    """One keyframe per 1 / rate seconds, at the nearest sample."""
    times = np.arange(int(float(rollout.time[-1]) * rate + 1e-6) + 1) / rate
    samples = np.unique(np.abs(rollout.time[None] - times[:, None]).argmin(1))
    frames = ET.SubElement(root, "keyframe")
    for sample in samples.tolist():
        time = float(rollout.time[sample])
        ET.SubElement(
            frames, "key", name=f"t={time:.3f}", time=repr(time),
            qpos=_numbers(rollout.qpos[sample]), qvel=_numbers(rollout.qvel[sample]),
            ctrl=_numbers(rollout.ctrl[sample]),
        )  # fmt: skip
    return len(samples)
