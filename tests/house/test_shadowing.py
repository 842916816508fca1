"""The command works from a folder that holds other people's `sim/` and `robots/`."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).parent / "handx"
PACKAGES = ("robots", "handx_gen", "retarget", "sim", "training", "handx")


@pytest.fixture
def foreign_folder(tmp_path: Path) -> Path:
    """A folder with packages of our names that refuse to be imported."""
    for name in PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('foreign')\n")
    (tmp_path / "sim" / "report.py").write_text("raise RuntimeError('foreign')\n")
    return tmp_path


@pytest.mark.parametrize(
    "arguments", [["--help"], ["robots"], ["vocabulary"]], ids=lambda a: a[0]
)
def test_command_ignores_the_working_folder(
    foreign_folder: Path, arguments: list[str]
) -> None:
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=foreign_folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "shadow" in done.stdout or "thumb" in done.stdout


def test_the_foreign_folder_would_be_seen(foreign_folder: Path) -> None:
    # `python -c` puts the working folder first: the trap is a real one.
    done = subprocess.run(
        [sys.executable, "-c", "import sim"],
        cwd=foreign_folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "foreign" in done.stderr
