"""Interface files parse, package files agree, and nothing heavy is imported."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rosbags.typesys import get_types_from_msg

import handx

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "ros_ws" / "src"
PACKAGES = sorted(p.parent for p in SOURCES.glob("*/package.xml"))
INTERFACES = sorted((SOURCES / "handx_interfaces").glob("*/*.*"))
NODES = sorted((SOURCES / "handx_ros" / "handx_ros").glob("*_node.py"))
LOGIC = [
    p for p in sorted((SOURCES / "handx_ros" / "handx_ros").glob("*.py"))
    if p not in NODES and p.stem not in (
        "spinning", "declaring", "live_topics", "__init__",
    )
]  # fmt: skip
ALLOWED = {
    "rclpy", "handx", "robots", "retarget", "sim", "handx_gen", "handx_ros",
    "handx_description", "handx_interfaces", "numpy",
    # message packages
    "control_msgs", "diagnostic_msgs", "rcl_interfaces", "sensor_msgs", "std_msgs",
    "std_srvs", "trajectory_msgs",
}  # fmt: skip
BLOCKED = ("torch", "mujoco", "pinocchio", "numba", "scipy", "rclpy", "cyclonedds",
           "rosbags", "tyro", "rich", "transformers")  # fmt: skip


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", INTERFACES, ids=lambda p: p.name)
def test_interface_files_parse(path):
    parts = path.read_text().split("---\n")
    assert len(parts) == {".msg": 1, ".srv": 2, ".action": 3}[path.suffix]
    for number, part in enumerate(parts):
        name = f"handx_interfaces/msg/{path.stem}{number}"
        fields = get_types_from_msg(part, name)[name][1]
        assert fields
        for line in part.splitlines():
            if line.strip() and not line.lstrip().startswith("#") and "=" not in line:
                assert "#" in line or path.suffix == ".msg", f"{line}: say what it is"


def test_every_interface_is_built():
    text = (SOURCES / "handx_interfaces" / "CMakeLists.txt").read_text()
    listed = set(re.findall(r'"((?:action|msg|srv)/[^"]+)"', text))
    there = {str(p.relative_to(SOURCES / "handx_interfaces")) for p in INTERFACES}
    assert listed == there


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_package_files_agree(package):
    tree = ElementTree.parse(package / "package.xml").getroot()
    assert tree.get("format") == "3"
    assert tree.findtext("name") == package.name
    assert tree.findtext("version") == handx.__version__
    kind = tree.findtext("export/build_type")
    assert (kind == "ament_python") == (package / "setup.py").exists()
    if kind == "ament_python":
        setup = (package / "setup.py").read_text()
        assert f'version="{handx.__version__}"' in setup
        assert (package / "resource" / package.name).read_text() == ""
        config = (package / "setup.cfg").read_text()
        assert config.count(f"$base/lib/{package.name}") == 2


def test_dependencies_are_declared():
    for package in PACKAGES:
        tree = ElementTree.parse(package / "package.xml").getroot()
        declared = {e.text for e in tree if e.tag.endswith("depend")}
        used = set()
        for path in package.rglob("*.py"):
            if path.name != "setup.py" and "test" not in path.parent.name:
                used |= imports(path)
        ours = {p.name for p in PACKAGES}
        wanted = {
            name for name in used
            if name.endswith("_msgs") or name in (
                "rclpy", "rcl_interfaces", "std_srvs", "launch", "launch_ros",
                "ament_index_python", *(ours - {package.name}),
            )
        }  # fmt: skip
        assert wanted <= declared, f"{package.name}: {wanted - declared}"


@pytest.mark.parametrize("path", NODES, ids=lambda p: p.stem)
def test_nodes_import_messages_and_little_else(path):
    compile(path.read_text(), str(path), "exec")
    assert not imports(path) - ALLOWED - set(sys.stdlib_module_names)


PROBE = """
import importlib, importlib.abc, sys

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is not on a ROS machine's engine side")

BLOCKED = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Block())
for name in sys.argv[2:]:
    importlib.import_module(name)
print(sorted({m.split(".")[0] for m in sys.modules} & BLOCKED))
"""


def test_logic_needs_numpy_alone():
    modules = [f"handx_ros.{path.stem}" for path in LOGIC]
    modules += ["handx_description.description", "handx_bringup.controllers"]
    paths = [
        ROOT,
        *(SOURCES / p for p in ("handx_ros", "handx_description", "handx_bringup")),
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, ",".join(BLOCKED), *modules],
        capture_output=True, text=True, check=False, cwd="/",
        env={"PYTHONPATH": ":".join(map(str, paths))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    assert len(modules) > 9


def test_the_probe_sees_a_heavy_import():
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "torch", "torch"], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode != 0


def test_callbacks_do_not_sleep():
    # A callback that sleeps, waits or reads the network holds up its whole group.
    for path in NODES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert not called.endswith((".sleep", ".join", ".wait", "spin_once")), (
                    f"{path.name}:{node.lineno} {called}"
                )


def test_timers_and_groups_are_named():
    for path in NODES:
        text = path.read_text()
        for call in ("create_timer(", "create_service(", "create_subscription("):
            for after in text.split(call)[1:]:
                assert "callback_group=" in after[:260], f"{path.name}: {call}"
