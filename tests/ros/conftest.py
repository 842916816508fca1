"""The ROS packages' modules on the path, and a graph for nodes without ROS."""

import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "ros_ws" / "src"
OURS = ("handx_ros", "handx_bringup", "handx_description")
FAKED = ("rclpy", "handx_interfaces", "launch", "launch_ros", "ament_index_python")


@pytest.fixture(autouse=True)
def packages(monkeypatch):
    """`import handx_ros` works during a test, and leaves nothing behind."""
    for name in OURS:
        monkeypatch.syspath_prepend(str(SOURCES / name))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    yield
    for name in list(sys.modules):
        if name.split(".")[0] in (*OURS, *FAKED, "fake_ros") or name.endswith(
            (".msg", ".srv", ".action")
        ):
            del sys.modules[name]


@pytest.fixture
def graph(packages):
    """A new graph; the nodes' modules can be imported while it stands."""
    import fake_ros

    yield fake_ros.install()
    for task in fake_ros.GRAPH.tasks:
        task.close()


@pytest.fixture
def hand(graph, monkeypatch, tmp_path):
    """A simulated hand node with perfect hands."""
    from hands_in_memory import PerfectHands

    from handx_ros import simulated_hand_node

    monkeypatch.setattr(simulated_hand_node, "HandClient", PerfectHands)
    node = simulated_hand_node.SimulatedHandNode(parameter_overrides={
        "robot": "inspire", "socket": str(tmp_path / "hand-inspire.sock"),
    })  # fmt: skip
    node.trigger_configure()
    node.trigger_activate()
    graph.spin(0.05)
    return node
