"""Runs in processes of their own: killed, resumed, and two in place of one."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

SCRIPT = Path(__file__).with_name("small_run.py")


def start(
    data: Path, out: Path, steps: int, processes: int = 1, script: Path = SCRIPT
) -> subprocess.Popen:
    """The small run, as one process or under torchrun."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    words = [*launcher, str(processes)] if processes > 1 else []
    return subprocess.Popen(
        [sys.executable, *words, str(script), str(data), str(out), str(steps)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen) -> None:
    _, errors = process.communicate(timeout=250)
    assert process.returncode == 0, errors


def state(out: Path) -> dict:
    return torch.load(out / "state.pt", weights_only=True)


def test_killed_in_the_middle_it_goes_on_to_the_same_bits(data, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(start(data, whole, 14))
    process = start(data, killed, 14)
    deadline = time.monotonic() + 250
    while not (killed / "state.pt").is_file() or state(killed)["step"] < 4:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert 4 <= state(killed)["step"] < 14
    finish(start(data, killed, 14))
    a, b = state(whole), state(killed)
    assert a["step"] == b["step"] == 14
    for part in ("model", "average"):
        for name, value in a[part].items():
            assert torch.equal(value, b[part][name]), name
    moments = (s["optimizer"]["state"] for s in (a, b))
    for mine, other in zip(*(m.values() for m in moments)):
        assert torch.equal(mine["exp_avg_sq"], other["exp_avg_sq"])


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory):
    """The run of one process."""
    out = tmp_path_factory.mktemp("one") / "run"
    finish(start(data, out, 12))
    return out


WITHOUT = """
import runpy, sys
sys.modules["accelerate"] = None  # as if it were not installed
runpy.run_path({script!r}, run_name="__main__")
"""


@pytest.mark.parametrize("joined_by", ["accelerate", "torch"])
def test_two_processes_equal_one(data, alone, tmp_path, joined_by):
    script = SCRIPT
    if joined_by == "accelerate":
        pytest.importorskip("accelerate")
    else:
        script = tmp_path / "without.py"
        script.write_text(WITHOUT.format(script=str(SCRIPT)))
    out = tmp_path / "two"
    finish(start(data, out, 12, processes=2, script=script))
    assert json.loads((out / "train.json").read_text())["processes"] == 2
    losses = [
        json.loads((each / "log.jsonl").read_text().splitlines()[-1])["loss"]
        for each in (alone, out)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    a, b = state(alone)["model"], state(out)["model"]
    for name, value in a.items():
        torch.testing.assert_close(b[name], value, rtol=0, atol=2e-4)
    # Twelve steps from zero moved this layer much further than the two runs differ.
    assert a["out.weight"].abs().max() > 20 * 2e-4
