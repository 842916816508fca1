"""The wheel in fresh environments: numpy is all that the base package needs.

Needs a package registry: `make test-install`.
"""

import glob
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = [pytest.mark.network, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
LIST = "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
USE = Path(__file__).with_name("base_install_probe.py")


def interpreter(version: str) -> str | None:
    """A working Python of this version, or None."""
    pyenv = os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))
    candidates = [
        shutil.which(f"python{version}"),
        *sorted(glob.glob(f"{pyenv}/versions/{version}.*/bin/python{version}")),
    ]
    for candidate in candidates:
        if candidate:
            # A version manager's shim may stand there and start nothing.
            done = subprocess.run(
                [candidate, "-c", "import ensurepip, venv"],
                check=False,
                capture_output=True,
            )
            if done.returncode == 0:
                return candidate
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.parametrize("version", VERSIONS)
def test_base_install(version: str, wheel: Path, tmp_path: Path) -> None:
    found = interpreter(version)
    if found is None:
        pytest.skip(f"no Python {version} on this machine")
    subprocess.run([found, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-qq"]
    subprocess.run([*pip, "install", wheel], check=True, cwd=tmp_path)

    listed = subprocess.run(
        [python, "-c", LIST], check=True, capture_output=True, text=True
    ).stdout
    installed = set(listed.lower().split())
    expected = {"handx", "numpy"} | ({"tomli"} if version == "3.10" else set())
    assert installed - {"pip", "setuptools"} == expected

    done = subprocess.run(
        [python, "-W", "error", USE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_command_without_its_extra_says_which(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    bin_folder = tmp_path / "venv" / "bin"
    subprocess.run([bin_folder / "pip", "install", "-qq", wheel], check=True)
    done = subprocess.run(
        [bin_folder / "handx", "robots"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'handx[" in done.stderr
    assert len(done.stderr.splitlines()) == 1
