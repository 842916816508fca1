"""Who may import whom: one table, enforced over the syntax trees.

`docs/architecture.md` draws the same table as a picture.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

GEN_TYPES = tuple(
    f"handx_gen.{name}" for name in ("errors", "skeleton", "npz", "motion", "prompt")
)
GEN_WORDS = (*GEN_TYPES, "handx_gen.hand_model", "handx_gen.kinematics")
RETARGET_TYPES = tuple(
    f"retarget.{name}"
    for name in ("errors", "spline", "trajectory", "report", "arm_report")
)
SIM_TYPES = ("sim.report", "sim.rollout")
TRAINING_ONLY = {"accelerate", "datasets", "pyarrow", "ray"}
WIRE = {"cyclonedds", "rosbags", "mcap", "mcap_ros2"}

ROS_PACKAGES = {"handx_ros", "handx_bringup", "handx_description", "handx_interfaces"}
ROS_MESSAGES = {
    "action_msgs", "builtin_interfaces", "control_msgs", "diagnostic_msgs",
    "lifecycle_msgs", "rcl_interfaces", "sensor_msgs", "std_msgs", "std_srvs",
    "trajectory_msgs",
}  # fmt: skip

RULES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    # module prefix: (what of ours it may import, third-party packages beside numpy)
    "robots": (("robots",), {"tomli"}),
    **{name: (GEN_TYPES, set()) for name in GEN_TYPES},
    "handx_gen.hand_model": (GEN_WORDS, set()),
    "handx_gen.kinematics": (GEN_WORDS, {"numba"}),
    "handx_gen": (
        ("handx_gen",),
        {
            "torch", "transformers", "safetensors", "huggingface_hub", "diffusers",
            "vector_quantize_pytorch", "smplx",
        },
    ),
    "retarget": (
        ("retarget", "robots", *GEN_WORDS), {"pinocchio", "numba", "scipy", "threadpoolctl"},
    ),
    **{
        name: ((*RETARGET_TYPES, "robots", *GEN_WORDS), set())
        for name in RETARGET_TYPES
    },
    "sim": (
        ("sim", "robots", *RETARGET_TYPES, *GEN_WORDS),
        {"mujoco", "dm_control", "dm_env", "gymnasium", "av", "PIL"},  # PIL: no GL
    ),
    **{
        name: ((*SIM_TYPES, *RETARGET_TYPES, "robots", *GEN_WORDS), set())
        for name in SIM_TYPES
    },
    "training": (
        ("training", "handx_gen"), {"torch", "safetensors", "huggingface_hub", *TRAINING_ONLY},
    ),
    # What a ROS machine imports: the words, never the engine.
    "handx.streaming": (
        ("handx.streaming", "robots", *RETARGET_TYPES, *SIM_TYPES, *GEN_WORDS), WIRE,
    ),
    "handx": (
        ("handx", "sim", "retarget", "robots", "handx_gen", "training"),
        {"tyro", "rich", "viser", "mjviser", "PIL", "av", *WIRE},
    ),
    # A data set for imitation learning is Parquet, a page is viser's, a log Rerun's.
    "handx.export": (
        ("handx.export", "handx.files", "handx.reading", "sim", "retarget", "robots",
         "handx_gen"),
        {"mujoco", "viser", "mjviser", "trimesh", "pyarrow", "rerun"},
    ),
    "ros_ws": (
        ("ros_ws", "robots", *RETARGET_TYPES, *SIM_TYPES, "handx_gen.errors",
         "handx.streaming"),
        {
            "rclpy", "launch", "launch_ros", "launch_pytest", "launch_testing",
            "ament_index_python", "pytest", "setuptools", "acceptance",
            "processes",
            *ROS_PACKAGES, *ROS_MESSAGES,
        },
    ),
}  # fmt: skip
PACKAGES = ("robots", "handx_gen", "retarget", "sim", "training", "handx")


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    """Whether `module` is one of `prefixes` or inside one."""
    return any(module == p or module.startswith(f"{p}.") for p in prefixes)


def rule(module: str) -> tuple[tuple[str, ...], set[str]]:
    """The rule of the longest prefix that covers `module`."""
    return RULES[max((p for p in RULES if within(module, (p,))), key=len)]


def module_file(module: str) -> Path | None:
    """The file of one of our modules, or None."""
    path = ROOT.joinpath(*module.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.exists():
            return file
    return None


def origin(module: str, name: str) -> str:
    """The module that `from module import name` really takes `name` from.

    A package's `__init__` may re-export a type from one of its modules; a name that it
    does not import eagerly is a lazy one and counts as the package's own.
    """
    if module_file(f"{module}.{name}"):
        return f"{module}.{name}"
    file = module_file(module)
    if file is not None and file.name == "__init__.py":
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                if name in {a.asname or a.name for a in node.names}:
                    return origin(node.module, name)
    return module


def imports(source: str, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """(line, imported module) of every import in `source`, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                parts = parts[: len(parts) - node.level + is_package]
                base = ".".join([*parts, base] if base else parts)
            for alias in node.names:
                yield node.lineno, origin(base, alias.name)
        elif isinstance(node, ast.Call) and node.args:
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else ""
            name = called.id if isinstance(called, ast.Name) else name
            target = node.args[0]
            if name in ("import_module", "__import__") and isinstance(
                target, ast.Constant
            ):
                yield node.lineno, str(target.value)


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """What in `source` breaks the table, one line each."""
    ours, third = rule(module)
    found = []
    for line, imported in imports(source, module, is_package):
        top = imported.split(".")[0]
        if top in PACKAGES:
            # A package's __init__ may always name its own modules: it is the door.
            own_door = is_package and within(imported, (module,))
            if not (within(imported, ours) or own_door):
                found.append(f"{module}:{line} imports {imported}")
        elif top not in sys.stdlib_module_names and top not in third | {"numpy"}:
            found.append(f"{module}:{line} imports the package {top}")
    return found


def sources() -> list[tuple[str, Path]]:
    """(module name, file) of all library code."""
    found = []
    for package in (*PACKAGES, "ros_ws"):
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = list(file.relative_to(ROOT).with_suffix("").parts)
            found.append((".".join(p for p in parts if p != "__init__"), file))
    return found


def test_the_ros_workspace_is_under_the_rule() -> None:
    names = {module for module, _ in sources()}
    assert "ros_ws.src.handx_ros.handx_ros.streamer_node" in names
    assert "ros_ws.src.handx_bringup.launch.robot.launch" in names


def test_imports_follow_the_arrows() -> None:
    assert not [
        violation
        for module, file in sources()
        for violation in violations(
            file.read_text(), module, file.name == "__init__.py"
        )
    ]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("robots.hand", "import torch"),
        ("robots.hand", "from handx_gen import npz"),
        ("handx_gen.motion", "def f():\n    import torch"),
        ("handx_gen.motion", "from handx_gen.kinematics import contacts"),
        ("handx_gen.diffusion.sampler", "import robots"),
        ("retarget.solve", "from handx_gen import generate"),
        ("retarget.solve", "import sim.scene"),
        ("retarget.trajectory", "import pinocchio"),
        ("sim.scene", "from retarget import retarget"),
        ("sim.scene", "import importlib\nimportlib.import_module('torch')"),
        ("training.loop", "import retarget"),
        ("handx.streaming.player", "import handx.pipeline"),
        ("handx.streaming.player", "from .. import pipeline"),
        ("handx.pipeline", "import torch"),
        ("ros_ws.src.handx_ros.handx_ros.streamer", "import mujoco"),
        ("ros_ws.src.handx_ros.handx_ros.streamer", "def f():\n    import torch"),
        ("ros_ws.src.handx_ros.handx_ros.streamer", "import handx.pipeline"),
        ("ros_ws.src.handx_ros.handx_ros.streamer", "from sim import validate"),
        ("ros_ws.src.handx_ros.handx_ros.streamer", "from retarget import retarget"),
        ("handx.pipeline", "import pyarrow"),
        ("handx.export.lerobot", "import training"),
    ],
)
def test_the_checker_sees_a_wrong_import(module: str, source: str) -> None:
    assert violations(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("robots.hand", "import json, numpy as np"),
        ("handx_gen.motion", "from handx_gen import npz"),
        ("retarget.solve", "from handx_gen.motion import BimanualMotion"),
        ("retarget.solve", "import pinocchio as pin"),
        ("sim.scene", "from retarget.trajectory import BimanualTrajectory"),
        ("handx.streaming.player", "from cyclonedds.domain import DomainParticipant"),
        ("handx.pipeline", "def f():\n    from sim import validate"),
        ("ros_ws.src.handx_ros.handx_ros.streamer", "from sim.report import SimReport"),
        ("ros_ws.src.handx_ros.handx_ros.streamer", "from rclpy.node import Node"),
        ("handx.export.lerobot", "def f():\n    import pyarrow as pa"),
    ],
)
def test_the_checker_lets_right_imports_pass(module: str, source: str) -> None:
    assert not violations(source, module)
