"""Descriptions, controller parameters and launch files of every shipped robot."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pinocchio as pin
import pytest
import yaml

from robots import load_robot, robot_names
from robots.errors import RobotError
from robots.registry import SHIPPED

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "ros_ws" / "src"
BRINGUP = SOURCES / "handx_bringup"
ROBOTS = sorted(p.parent.name for p in SHIPPED.glob("*/hand.toml"))


@pytest.fixture
def launch():
    import fake_launch

    fake_launch.install({p.name: str(p) for p in SOURCES.iterdir()})
    return fake_launch.run


def commanded(robot):
    return {joint for c in robot.controllers for joint in c.joints}


def test_every_shipped_robot_has_parameters():
    assert sorted(p.stem for p in (BRINGUP / "config").glob("*.yaml")) == ROBOTS
    assert set(ROBOTS) <= set(robot_names())


@pytest.mark.parametrize("name", ROBOTS)
def test_committed_parameters_are_those_of_the_robots_data(name):
    from handx_bringup.controllers import controllers_yaml

    robot = load_robot(SHIPPED / name)
    text = (BRINGUP / "config" / f"{name}.yaml").read_text()
    assert text == controllers_yaml(robot)
    found = yaml.safe_load(text)
    for controller in robot.controllers:
        own = found[controller.name]["ros__parameters"]
        assert own["joints"] == list(controller.joints)
        assert own["type"].endswith("/JointTrajectoryController")
        assert own["interpolate_from_desired_state"] is True
        assert own["allow_nonzero_velocity_at_trajectory_end"] is False
        goals = {k for k, v in own["constraints"].items() if isinstance(v, dict)}
        assert goals == set(controller.joints)


@pytest.mark.parametrize("name", ROBOTS)
def test_the_description_is_the_robot(name):
    from handx_description.description import describe

    robot = load_robot(name)
    tree = ElementTree.fromstring(describe(robot, "mock"))
    joints = {j.get("name"): j for j in tree.findall("joint")}
    chains = [*robot.hands.values(), *([robot.body.chain] if robot.body else [])]
    for chain in chains:
        for wire, lower, upper in zip(chain.wire_names, chain.lower, chain.upper):
            limit = joints[wire].find("limit")
            assert float(limit.get("lower")) == pytest.approx(lower, abs=1e-8)
            assert float(limit.get("upper")) == pytest.approx(upper, abs=1e-8)
    tag = tree.find("ros2_control")
    driven = {j.get("name") for j in tag.findall("joint")}
    assert driven == commanded(robot)
    assert tag.findtext("hardware/plugin") == "mock_components/GenericSystem"
    for joint in tag.findall("joint"):
        value = float(joint.find("state_interface[@name='position']/param").text)
        low, high = (float(p.text) for p in joint.findall("command_interface/param"))
        assert low <= value <= high


@pytest.mark.parametrize("name", ["shadow", "inspire", "g1-inspire"])
def test_the_description_moves_as_the_hand_does(name):
    """Fingertips of the whole URDF equal those of the hand's own, at random poses."""
    from handx_description.description import describe

    robot = load_robot(name)
    whole = pin.buildModelFromXML(describe(robot))
    rng = np.random.default_rng(0)
    q = pin.neutral(whole)
    own_q = {}
    for side, hand in robot.hands.items():
        own_q[side] = hand.expand(
            rng.uniform(hand.lower, hand.upper)[hand.actuated_index]
        )
        for wire, value in zip(hand.wire_names, own_q[side]):
            q[whole.joints[whole.getJointId(wire)].idx_q] = value
    data = whole.createData()
    pin.framesForwardKinematics(whole, data, q)
    for side, hand in robot.hands.items():
        model = pin.buildModelFromUrdf(str(hand.urdf))
        own, state = model.createData(), pin.neutral(model)
        for joint, value in zip(hand.joint_names, own_q[side]):
            state[model.joints[model.getJointId(joint)].idx_q] = value
        pin.framesForwardKinematics(model, own, state)
        palm = data.oMf[whole.getFrameId(f"{side}_{hand.palm_link}")]
        own_palm = own.oMf[model.getFrameId(hand.palm_link)]
        for finger in hand.fingers.values():
            tip = data.oMf[whole.getFrameId(f"{side}_{finger.tip_link}")]
            own_tip = own.oMf[model.getFrameId(finger.tip_link)]
            here = palm.inverse() * tip
            there = own_palm.inverse() * own_tip
            assert np.abs(here.homogeneous - there.homogeneous).max() < 1e-9


@pytest.mark.parametrize("name", ["shadow", "inspire", "leap", "allegro", "dex3"])
def test_hands_without_arms_stand_upright(name):
    from handx_description.description import describe

    robot = load_robot(name)
    model = pin.buildModelFromXML(describe(robot))
    data = model.createData()
    pin.framesForwardKinematics(model, data, pin.neutral(model))
    for side, hand in robot.hands.items():
        palm = data.oMf[model.getFrameId(f"{side}_{hand.palm_link}")]
        frame = palm.homogeneous @ hand.T_palm_hand
        assert frame[:3, 1] == pytest.approx([0, 0, 1], abs=1e-6)  # fingers up
        assert frame[:3, 2] == pytest.approx([-1, 0, 0], abs=1e-6)  # backs behind
        assert np.sign(frame[1, 3]) == (1 if side == "left" else -1)


def test_hands_with_arms_hang_where_they_are_mounted():
    from handx_description.description import describe

    robot = load_robot("g1-inspire")
    model = pin.buildModelFromXML(describe(robot))
    data = model.createData()
    pin.framesForwardKinematics(model, data, pin.neutral(model))
    for side, mount in robot.body.mounts.items():
        root = pin.buildModelFromUrdf(str(robot.hands[side].urdf)).frames[1].name
        link = data.oMf[model.getFrameId(mount.link)]
        base = data.oMf[model.getFrameId(f"{side}_{root}")]
        found = (link.inverse() * base).homogeneous
        assert np.abs(found - mount.T_link_base).max() < 1e-6


def test_unknown_hardware_is_refused():
    from handx_description.description import describe

    robot = load_robot("dex3")
    for hardware, model in (("steam", ""), ("mujoco", ""), ("mock", "model.xml")):
        with pytest.raises(RobotError):
            describe(robot, hardware, model)


@pytest.mark.parametrize("name", ROBOTS)
@pytest.mark.parametrize("hardware", ["mock", "topic", "mujoco"])
def test_a_robot_is_brought_up(launch, name, hardware):
    model = "hands.xml" if hardware == "mujoco" else ""
    nodes = launch(
        BRINGUP / "launch" / "robot.launch.py", robot=name, hardware=hardware,
        mujoco_model=model,
    )  # fmt: skip
    manager = next(n for n in nodes if n.executable == "ros2_control_node")
    assert Path(manager.parameters[0]).is_file()
    assert manager.parameters[1]["use_sim_time"] is (hardware == "mujoco")
    spawner = next(n for n in nodes if n.executable == "spawner")
    robot = load_robot(name)
    assert set(spawner.arguments) >= {c.name for c in robot.controllers}
    state = next(n for n in nodes if n.executable == "robot_state_publisher")
    description = state.parameters[0]["robot_description"]
    text = ElementTree.fromstring(description).find("ros2_control/hardware")
    names = {p.get("name"): p.text for p in text.findall("param")}
    if hardware == "topic":
        hand = next(n for n in nodes if n.executable == "simulated_hand")
        remapped = dict(hand.remappings)
        assert names["joint_commands_topic"] == remapped["joint_commands"]
        assert names["joint_states_topic"] == remapped["joint_states"]
        assert hand.parameters[0]["controllers"] is False
    elif hardware == "mujoco":
        assert names["mujoco_model"] == "hands.xml"
        assert manager.package == "mujoco_ros2_control"


def test_the_hands_can_be_simulated_along_with_it(launch):
    found = launch(
        BRINGUP / "launch" / "robot.launch.py", hardware="topic", simulate="handx"
    )
    assert found[-1].cmd == ["handx", "simulate", "--robot", "shadow"]


def test_everything_in_one(launch, graph):
    found = launch(
        BRINGUP / "launch" / "simulated.launch.py", robot="inspire", handx="handx"
    )
    include = next(f for f in found if hasattr(f, "given"))
    inner = launch(Path(include.path), **include.given)
    commands = [f.cmd for f in (*found, *inner) if hasattr(f, "cmd")]
    assert ["handx", "serve"] in commands
    assert ["handx", "simulate", "--robot", "inspire"] in commands
    nodes = {n.executable: n for n in (*found, *inner) if hasattr(n, "executable")}
    assert {"generator", "streamer", "simulated_hand"} <= set(nodes)
    # What a launch file sets is what the node declares.
    from handx_ros import parameters

    tables = {
        "generator": parameters.GENERATOR, "streamer": parameters.STREAMER,
        "simulated_hand": parameters.SIMULATED_HAND,
    }  # fmt: skip
    for name, table in tables.items():
        given = {k: v for entry in nodes[name].parameters for k, v in entry.items()}
        declared = {row.name: type(row.default) for row in table} | {
            "use_sim_time": bool
        }
        for key, value in given.items():
            assert type(value) is declared[key], f"{name}: {key}"


def test_executables_are_entry_points(launch):
    setup = (SOURCES / "handx_ros" / "setup.py").read_text()
    for path in sorted(SOURCES.glob("*/launch/*.launch.py")):
        for node in launch(path):
            if getattr(node, "package", "") == "handx_ros":
                assert f'"{node.executable} = ' in setup


def test_looking_at_a_robot(launch):
    nodes = launch(SOURCES / "handx_description" / "launch" / "view.launch.py")
    names = {n.executable for n in nodes}
    assert names == {"rviz2", "robot_state_publisher", "joint_state_publisher_gui"}
    view = next(n for n in nodes if n.executable == "rviz2")
    assert yaml.safe_load(Path(view.arguments[1]).read_text())["Visualization Manager"]


@pytest.mark.parametrize("name", ["inspire", "g1-dex3"])
def test_mjcf_for_mujoco_ros2_control(name, tmp_path):
    import mujoco

    out = tmp_path / "hands.xml"
    subprocess.run(
        [sys.executable, ROOT / "tools" / "ros_mjcf.py", name, "--out", out], check=True,
        cwd=ROOT, capture_output=True, env={"PYTHONPATH": str(ROOT), "MUJOCO_GL": "disable"},
    )  # fmt: skip
    model = mujoco.MjModel.from_xml_path(str(out))
    data = mujoco.MjData(model)
    robot = load_robot(name)
    names = {model.actuator(i).name for i in range(model.nu)}
    assert names == commanded(robot)
    target = np.clip(0.1, *model.actuator_ctrlrange.T)
    data.ctrl[:] = target
    mujoco.mj_step(model, data, nstep=2000)
    for i in range(model.nu):
        joint = model.actuator_trnid[i, 0]
        assert data.qpos[model.jnt_qposadr[joint]] == pytest.approx(target[i], abs=0.02)
    assert sum(w.number for w in data.warning) == 0
