"""Which ROS nodes on Fast DDS does `handx stream` meet on this machine?

In network namespaces that look like a machine with one network, Fast DDS is set up as
rmw_fastrtps does it. `make test-fastdds`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.handx.test_isolation import UNSHARE, why_not

pytestmark = pytest.mark.fastdds

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("reach_namespaces.py")
ORDERS = ("they were first", "they came back", "they came late")
MEET = {
    # (Fast DDS's reach, ours): whether they meet
    ("subnet", "loopback"): True,  # both as they are without any setting
    ("localhost", "loopback"): True,
    ("localhost_only", "loopback"): True,
    ("subnet", "network"): True,
    ("localhost", "network"): False,
    ("localhost_only", "network"): False,
}


@pytest.fixture(scope="module")
def met(program):
    """(reach of Fast DDS, our own) → what came of it; all at once, each on its own."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    running = {
        (reach, how): subprocess.Popen(
            [*UNSHARE, "--mount", sys.executable, SCRIPT, program, reach, str(domain),
             how],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for domain, (reach, how) in zip(range(90, 102, 2), MEET)
    }  # fmt: skip
    try:
        said = {case: p.communicate(timeout=240) for case, p in running.items()}
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    for case, process in running.items():
        assert process.returncode == 0, (case, said[case][1])
    return {case: json.loads(output) for case, (output, _) in said.items()}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("case", MEET, ids="-".join)
def test_they_meet(met, case, order):
    assert met[case][order] == {"we": MEET[case], "they": MEET[case]}
