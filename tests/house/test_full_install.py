"""The wheel with all extras, away from the repository, does what the README promises.

Takes minutes and a package registry: `make test-slow`.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[2]
TEXT = "touch the thumb to each fingertip in turn with both hands"


def test_the_demo_runs_from_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ROOT / "tools" / "install.py"
    spec = importlib.util.spec_from_file_location("install", path)
    assert spec is not None
    assert spec.loader is not None
    installer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(installer)

    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    subprocess.run([*command, "-o", tmp_path], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    environment = installer.Environment(tmp_path / "venv")
    environment.create()
    installer.install_torch(environment)
    environment.install("the wheel", "-c", "constraints.txt", f"{wheel}[all]")
    installer.install_encoder(environment)

    # Folders of our names lie where the command is typed; they are not ours.
    work = tmp_path / "work"
    for name in ("robots", "sim", "handx"):
        (work / name).mkdir(parents=True)
        (work / name / "__init__.py").write_text("raise RuntimeError('foreign')\n")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "handx", "run", TEXT, "--out", "out"],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((work / "out" / "report.json").read_text())
    assert report["passed"] is True
    assert {file.name for file in (work / "out").iterdir()} == {
        "motion.npz", "trajectory.npz", "retarget.json", "rollout.npz", "report.json",
        "trajectory.mcap", "video.mp4",
    }  # fmt: skip
