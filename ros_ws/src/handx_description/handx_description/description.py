"""One URDF for a whole robot: both hands, arms if it has them, ros2_control tags.

    ros2 run handx_description describe shadow --hardware mock > shadow.urdf

Made anew from the robot's folder each time, so a robot that is added to HandX is at once
a robot in ROS. Joints have their names on the wire; the hands' links get "left_" and
"right_". Hands without arms stand upright a quarter of a metre left and right of "world",
palms forward.
"""

import argparse
import copy
import sys
from xml.etree import ElementTree

import numpy as np

from robots import load_robot
from robots.errors import RobotError
from robots.hand import HandSpec
from robots.robot import RobotSpec
from robots.rotations import from_rpy, to_rpy
from robots.urdf import parse_xml

HARDWARE = {
    "none": "",
    "mock": "mock_components/GenericSystem",
    "topic": "joint_state_topic_hardware_interface/JointStateTopicSystem",
    "mujoco": "mujoco_ros2_control/MujocoSystemInterface",
}
"""What moves the joints → plugin of ros2_control."""

COMMANDS_TOPIC, STATES_TOPIC = "/handx/joint_commands", "/handx/joint_states"
"""Between JointStateTopicSystem and whoever is the hand."""

APART, HEIGHT = 0.25, 1.0
"""Where hands without arms stand [m]."""

ROOT = "world"

Element = ElementTree.Element


def describe(robot: RobotSpec, hardware: str = "none", mujoco_model: str = "") -> str:
    """The robot's URDF.

    Args:
        robot: The robot.
        hardware: One of `HARDWARE`.
        mujoco_model: MJCF file for "mujoco".

    Raises:
        RobotError: Unknown hardware, "mujoco" without a model, or two links of one name.
    """
    if hardware not in HARDWARE:
        raise RobotError(
            "hardware", "", f"{hardware!r} is unknown", f"one of {', '.join(HARDWARE)}"
        )
    if (hardware == "mujoco") != bool(mujoco_model):
        raise RobotError(
            "mujoco_model", "", "goes with hardware mujoco, and only with it",
            "make one with `python tools/ros_mjcf.py`",
        )  # fmt: skip
    root = Element("robot", name=robot.name)
    ElementTree.SubElement(root, "link", name=ROOT)
    body = robot.body
    if body is not None:
        base = _add_links(root, body.chain, "")
        _fix(root, ROOT, base, (0.0, 0.0, body.root_height), (0.0, 0.0, 0.0))
    for side, hand in robot.hands.items():
        base = _add_links(root, hand, f"{side}_")
        if body is None:
            y = APART if side == "left" else -APART
            _fix(root, ROOT, base, (0.0, y, HEIGHT), to_rpy(_upright(hand)))
        else:
            mount = body.mounts[side]
            where = mount.T_link_base
            x, y, z = (float(value) for value in where[:3, 3])
            _fix(root, mount.link, base, (x, y, z), to_rpy(where[:3, :3]))
    names = [link.get("name", "") for link in root.iter("link")]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RobotError(robot.folder, "links", f"{twice[0]!r} twice", "rename one")
    if hardware != "none":
        root.append(_ros2_control(robot, hardware, mujoco_model))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_links(root: Element, chain: HandSpec, prefix: str) -> str:
    """Copy a chain's links and joints; returns the name of its root link."""
    source = parse_xml(chain.urdf)
    children = set()
    for link in source.findall("link"):
        own = copy.deepcopy(link)
        own.set("name", prefix + own.get("name", ""))
        # The descriptions hold collision shapes alone; they are what there is to see.
        for collision in own.findall("collision"):
            visual = copy.deepcopy(collision)
            visual.tag = "visual"
            own.append(visual)
        root.append(own)
    for joint in source.findall("joint"):
        own = copy.deepcopy(joint)
        name = own.get("name", "")
        moving = name in chain.joint_names
        own.set("name", (chain.wire_prefix if moving else prefix) + name)
        for end in ("parent", "child"):
            found = own.find(end)
            assert found is not None
            found.set("link", prefix + found.get("link", ""))
        child = own.find("child")
        assert child is not None
        children.add(child.get("link"))
        mimic = own.find("mimic")
        if mimic is not None:
            mimic.set("joint", chain.wire_prefix + mimic.get("joint", ""))
        if moving:
            _limit(own, chain, name)
        root.append(own)
    links = [prefix + link.get("name", "") for link in source.findall("link")]
    return next(name for name in links if name not in children)


def _upright(hand: HandSpec) -> np.ndarray:
    """(3, 3) the URDF's root in the world, so that fingers point up and palms forward.

    With every joint at zero; in the hand frame +y is along the fingers, +z out of the back.
    """
    joints = {
        joint.find("child").get("link", ""): joint
        for joint in parse_xml(hand.urdf).findall("joint")
    }
    rotation, link = hand.T_palm_hand[:3, :3], hand.palm_link
    while link in joints:
        origin, parent = joints[link].find("origin"), joints[link].find("parent")
        assert parent is not None
        if origin is not None:
            angles = [float(x) for x in origin.get("rpy", "0 0 0").split()]
            rotation = from_rpy(angles) @ rotation
        link = parent.get("link", "")
    upright = np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    return upright @ rotation.T


def _limit(joint: Element, chain: HandSpec, name: str) -> None:
    """State the limits that HandX enforces, which may be narrower than the vendor's."""
    index = chain.joint_names.index(name)
    limit = joint.find("limit")
    if limit is None:
        limit = ElementTree.SubElement(joint, "limit")
    for key, values in (
        ("lower", chain.lower),
        ("upper", chain.upper),
        ("velocity", chain.velocity_limit),
        ("effort", chain.effort_limit),
    ):
        limit.set(key, f"{float(values[index]):.9g}")


def _fix(
    root: Element,
    parent: str,
    child: str,
    xyz: tuple[float, float, float],
    rpy: tuple[float, float, float],
) -> None:
    joint = ElementTree.SubElement(root, "joint", name=f"{child}_mount", type="fixed")
    ElementTree.SubElement(joint, "parent", link=parent)
    ElementTree.SubElement(joint, "child", link=child)
    origin = {"xyz": xyz, "rpy": rpy}
    ElementTree.SubElement(
        joint,
        "origin",
        {k: " ".join(f"{x:.12g}" for x in v) for k, v in origin.items()},
    )


def _ros2_control(robot: RobotSpec, hardware: str, mujoco_model: str) -> Element:
    """The hardware tag: every actuated joint by position.

    Coupled joints are left out: JointStateTopicSystem would send their names without
    positions, and robot_state_publisher derives them from the URDF's mimic laws.
    """
    tag = Element("ros2_control", name=f"{robot.name}_hands", type="system")
    inside = ElementTree.SubElement(tag, "hardware")
    ElementTree.SubElement(inside, "plugin").text = HARDWARE[hardware]
    parameters = {
        "mock": {"calculate_dynamics": "true"},
        "topic": {
            "joint_commands_topic": COMMANDS_TOPIC,
            "joint_states_topic": STATES_TOPIC,
            # Commands are sent even where the hand is already there: a hand that is
            # pushed away must be told to come back.
            "trigger_joint_command_threshold": "-1",
        },
        "mujoco": {"mujoco_model": mujoco_model, "headless": "true"},
    }[hardware]
    for name, text in parameters.items():
        ElementTree.SubElement(inside, "param", name=name).text = text
    chains = list(robot.hands.values())
    if robot.body is not None:
        chains.append(robot.body.chain)
    for chain in chains:
        for joint in chain.actuated:
            index = chain.joint_names.index(joint)
            own = ElementTree.SubElement(tag, "joint", name=chain.wire_prefix + joint)
            command = ElementTree.SubElement(own, "command_interface", name="position")
            for key, value in (("min", chain.lower), ("max", chain.upper)):
                parameter = ElementTree.SubElement(command, "param", name=key)
                parameter.text = f"{float(value[index]):.9g}"
            state = ElementTree.SubElement(own, "state_interface", name="position")
            initial = ElementTree.SubElement(state, "param", name="initial_value")
            initial.text = f"{float(chain.rest_pose[index]):.9g}"
            ElementTree.SubElement(own, "state_interface", name="velocity")
    return tag


def main() -> None:
    """Write a robot's URDF to standard output."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("robot")
    parser.add_argument("--hardware", choices=HARDWARE, default="none")
    parser.add_argument("--mujoco-model", default="")
    asked = parser.parse_args()
    try:
        text = describe(load_robot(asked.robot), asked.hardware, asked.mujoco_model)
    except RobotError as error:
        sys.exit(f"describe: {error}")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
