"""Text in, simulated hands moving: the three nodes with the real engine and real physics.

The nodes run on the graph without ROS; `handx serve` and `handx simulate` are the real
processes.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from handx.streaming.encoders import wire_trajectory
from handx.streaming.engine_client import EngineClient
from retarget.trajectory import BimanualTrajectory
from robots import load_robot

ROOT = Path(__file__).resolve().parents[2]
ROBOT = "inspire"


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """Both processes; gives the folder of their token and socket, and the engine's port."""
    runtime = tmp_path_factory.mktemp("runtime")
    environment = {
        **os.environ,
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONPATH": str(ROOT),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "handx", *words], env=environment, cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        for words in (("serve", "--port", "0"), ("simulate", "--robot", ROBOT))
    ]  # fmt: skip
    try:
        ends = time.monotonic() + 120
        while len(list(runtime.glob("handx/*"))) < 2:
            assert time.monotonic() < ends
            time.sleep(0.1)
        (token,) = runtime.glob("handx/serve-*.token")
        port = int(token.stem.removeprefix("serve-"))
        client = EngineClient(f"http://127.0.0.1:{port}", token_file=token)
        while client.health()["engine"] != "ready":
            assert time.monotonic() < ends + 120
            time.sleep(0.2)
        yield runtime, port
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["topic", "action"])
def test_from_text_to_moving_hands(graph, processes, tmp_path, transport):
    from handx_interfaces.action import GenerateMotion

    from handx_ros.generator_node import GeneratorNode
    from handx_ros.simulated_hand_node import SimulatedHandNode
    from handx_ros.streamer_node import StreamerNode

    runtime, port = processes
    motions = str(tmp_path / "motions")
    nodes = [
        SimulatedHandNode(parameter_overrides={
            "robot": ROBOT, "socket": str(runtime / "handx" / f"hand-{ROBOT}.sock"),
        }),
        StreamerNode(parameter_overrides={
            "robot": ROBOT, "motions_folder": motions, "transport": transport,
            # The test shares its cores with the engine and with other tests.
            "feedback_age": 1.0, "horizon": 0.4,
        }),
        GeneratorNode(parameter_overrides={
            "robot": ROBOT, "motions_folder": motions,
            "engine_url": f"http://127.0.0.1:{port}",
            "token_file": str(runtime / "handx" / f"serve-{port}.token"),
        }),
    ]  # fmt: skip
    graph.real_time = True
    graph.now = time.time_ns()
    for node in nodes:
        assert node.trigger_configure().name == "SUCCESS", graph.log
        node.trigger_activate()
    goal = GenerateMotion.Goal(
        text="make a fist with the left hand", model="program", play=True
    )
    handle = graph.servers["/generate_motion"].send(goal)
    graph.spin(until=handle.result.done, patience=120)
    result = handle.result.result().result
    assert (result.passed, result.played) == (True, True), result.message
    stages = [f.stage for f in handle.feedback]
    for stage in ("generate", "retarget", "validate", "play"):
        assert stage in stages
    fractions = [f.fraction for f in handle.feedback]
    assert fractions == sorted(fractions)
    # The physics followed: measured joints came by every pose of the fist.
    trajectory = BimanualTrajectory.load(
        Path(motions) / result.motion_id / "trajectory.npz"
    )
    path = wire_trajectory(trajectory, load_robot(ROBOT))
    measured = graph.messages("/joint_states")
    for name in ("L_index_proximal_joint", "L_pinky_proximal_joint"):
        wanted = path.positions[:, path.joint_names.index(name)]
        found = np.array([m.position[list(m.name).index(name)] for m in measured])
        assert found.max() == pytest.approx(wanted.max(), abs=0.06)
        assert abs(found[-1] - wanted[-1]) < 0.06
    for node in nodes:
        node.trigger_deactivate()
        node.trigger_cleanup()
