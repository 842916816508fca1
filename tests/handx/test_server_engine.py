"""`handx serve` with its engine: real jobs, called off, crashed, and ended.

Those that need a warm worker are slow: it loads the weights and compiles.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handx.server.service import service
from handx.streaming.engine_client import EngineClient
from retarget.trajectory import BimanualTrajectory
from robots import load_robot
from sim import SimReport, verify_report

ROOT = Path(__file__).resolve().parents[2]
FIST = {
    "text": "make a fist with the left hand",
    "model": "program",
    "robot": "inspire",
}
PATIENCE = 240


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """A folder for tokens that no other server uses."""
    folder = tmp_path_factory.mktemp("runtime")
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    yield folder
    os.environ.pop("XDG_RUNTIME_DIR")
    if before is not None:
        os.environ["XDG_RUNTIME_DIR"] = before


@pytest.fixture(scope="module")
def running(runtime):
    with service(0) as found:
        yield found


@pytest.fixture
def client(running):
    return EngineClient(running.url)


def until(condition, seconds=PATIENCE):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_request_becomes_a_checked_trajectory(client, tmp_path):
    job = client.submit(FIST)
    events = list(client.events(job))
    kinds = [e["kind"] for e in events]
    assert (kinds[0], kinds[-1]) == ("queued", "finished")
    stages = [e["stage"] for e in events if e["kind"] == "stage"]
    assert stages == ["generate", "retarget", "validate", "record"]
    found = client.job(job)
    result = found["result"]
    assert found["fraction"] == 1.0
    assert result["passed"] is True
    assert {v["answer"] for v in result["verdicts"].values()} == {"yes"}
    for file in result["files"]:
        path = client.fetch(job, file["name"], tmp_path)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
        assert path.stat().st_size == file["bytes"]
    # What arrived is a result like any other: bound to its report by hashes.
    trajectory = BimanualTrajectory.load(tmp_path / "trajectory.npz")
    report = SimReport.load(tmp_path / "report.json")
    verify_report(report, trajectory, load_robot("inspire"))
    assert trajectory.duration == pytest.approx(result["duration"])


@pytest.mark.slow
def test_an_answer_says_what_cannot_be_done(client):
    job = client.submit({**FIST, "text": "play the violin"})
    (last,) = list(client.events(job))[-1:]
    found = client.job(job)
    if last["kind"] == "failed":
        assert "Fix:" in found["error"]
    else:
        assert found["result"]["passed"] is False


@pytest.mark.slow
def test_a_job_is_called_off_between_stages(client, running):
    engine = running.engine
    restarts = engine.restarts
    first, second = client.submit(FIST), client.submit(FIST)
    for event in client.events(first):
        if event["kind"] == "stage":
            break
    began = time.monotonic()
    assert client.cancel(second)["state"] == "cancelled"  # it never began
    assert client.cancel(first)["state"] == "cancelled"
    assert list(client.events(first))[-1]["kind"] == "cancelled"
    assert time.monotonic() - began < 2
    # The engine stops at the end of that stage and is warm for the next.
    third = client.submit(FIST)
    assert list(client.events(third))[-1]["kind"] == "finished"
    assert engine.restarts == restarts
    assert [e["kind"] for e in client.events(second)] == ["queued", "cancelled"]
    folder = engine.book.folder
    assert not [j for j in (first, second) if (folder / j).exists()]


@pytest.mark.slow
def test_a_crash_fails_one_job_in_words_and_the_server_lives(client, running):
    engine = running.engine
    job = client.submit(FIST)
    for event in client.events(job):
        if event["kind"] == "stage":
            os.kill(engine._process.process.pid, signal.SIGSEGV)
            break
    assert list(client.events(job))[-1]["kind"] == "failed"
    assert "killed by signal 11 during 'generate'" in client.job(job)["error"]
    assert client.health()["engine"] in ("starting", "busy")
    # Another worker takes what comes next.
    after = client.submit(FIST)
    assert list(client.events(after))[-1]["kind"] == "finished"
    assert client.health()["restarts"] >= 1


def test_a_worker_goes_with_its_parent(runtime):
    code = (
        "import os, time\n"
        "from handx.server.service import service\n"
        "with service(0) as s:\n"
        "    while s.engine._process is None: time.sleep(0.01)\n"
        "    print(s.engine._process.process.pid, flush=True)\n"
        "    time.sleep(0.5)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
        check=False, timeout=60,
    )  # fmt: skip
    child = int(done.stdout)
    until(lambda: not Path(f"/proc/{child}").exists() or _is_zombie(child), 30)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_cleanly(tmp_path, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "handx", "serve", "--port", "0"], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    try:
        until(lambda: list(tmp_path.glob("handx/serve-*.token")))
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert "127.0.0.1" in out
    assert err == ""
    assert list(tmp_path.glob("handx/*")) == []
