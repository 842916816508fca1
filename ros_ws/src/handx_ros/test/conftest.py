"""Engine, simulation, nodes and a client of them, for the acceptance tests.

Without rclpy nothing here is imported and every test is skipped.
"""

import importlib.util
import os
import tempfile
from pathlib import Path

import pytest

# A domain of its own, and on this machine alone, unless whoever starts the tests says so.
os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

collect_ignore_glob = [] if importlib.util.find_spec("rclpy") else ["test_*.py"]


@pytest.fixture(scope="session")
def simulated():
    """Engine, simulation and nodes, as plain processes; none may end in a traceback."""
    from processes import HANDX, PATIENT, ROBOT, simulated

    if not HANDX:
        pytest.fail(
            "the command handx is not in the path. Fix: set HANDX", pytrace=False
        )
    # A folder with a short name: a socket's path has 100 letters at most.
    with tempfile.TemporaryDirectory(prefix="handx-") as folder:
        made = simulated(
            Path(folder), HANDX, ROBOT, live=True, live_model="program", **PATIENT
        )
        try:
            yield made
            for name in ("streamer", "generator", "simulated_hand"):
                assert made.running[name].poll() is None, made.log(name)
                assert made.end(name) == 0, made.log(name)
                assert "Traceback" not in made.log(name), made.log(name)
        finally:
            made.end_all()


@pytest.fixture(scope="session")
def client(simulated):
    """A node that asks."""
    import rclpy
    from acceptance import Client

    rclpy.init()
    node = Client()
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture(scope="session")
def motion(client):
    """A motion that passed."""
    from processes import TEXT

    return client.motion(TEXT)
