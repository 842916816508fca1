"""Nothing of ours is announced or accepted beyond the loopback unless asked for.

An intruder in another network namespace, with a cable to ours, tries to discover the DDS
node, to inject a joint state, and to reach `handx serve`. The same intruder gets in where
`network` is asked for, so the test can fail.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("isolation_namespaces.py")
UNSHARE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "-r"]


def why_not() -> str:
    """Why network namespaces cannot be made here, or ""."""
    missing = [w for w in ("ip", "unshare", "nsenter") if shutil.which(w) is None]
    if missing:
        return f"needs {missing[0]} (Debian: iproute2, util-linux)"
    probe = subprocess.run(
        [*UNSHARE, "ip", "link", "add", "here", "type", "veth", "peer", "name", "there"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return (
        f"no network namespaces here: {probe.stderr.strip()}"
        if probe.returncode
        else ""
    )


@pytest.fixture(scope="module")
def intruded():
    """What comes of an intrusion, with or without `network`."""
    reason = why_not()
    if reason:
        pytest.skip(reason)

    def run(mode: str) -> dict:
        done = subprocess.run(
            [*UNSHARE, sys.executable, SCRIPT, mode], capture_output=True, text=True,
            check=False, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_nobody_outside_discovers_or_injects(intruded):
    assert intruded("loopback") == {
        "participants": 0, "sees_our_topic": False, "heard_of": 0, "injected": 0,
        "engine_refused": True, "host_reached": True,
    }  # fmt: skip


def test_the_same_intruder_gets_in_where_the_network_is_asked_for(intruded):
    found = intruded("network")
    assert found["participants"] >= 1
    assert found["sees_our_topic"] is True
    assert found["heard_of"] >= 1
    assert found["injected"] >= 1
    assert found["engine_refused"] is True  # `handx serve` has no such option
