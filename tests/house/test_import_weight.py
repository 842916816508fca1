"""Importing the packages must stay cheap: numpy, the standard library and our own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("robots", "handx_gen", "retarget", "sim", "training", "handx")
MOST_MODULES = 250
"""More modules than this on top of numpy's would be felt by whoever types a command."""

WORDS = (
    *(f"handx_gen.{m}" for m in ("errors", "skeleton", "npz", "motion", "prompt")),
    "handx_gen.hand_model",
    "retarget.errors",
    "retarget.trajectory",
    "sim.report",
    "sim.rollout",
)
PROBE = """
import sys
import numpy
before = set(sys.modules)
for name in sys.argv[1:]:
    __import__(name)
new = set(sys.modules) - before
print(len(new))
print(*sorted({name.split('.')[0] for name in new}))
"""


def imported(modules: list[str]) -> tuple[int, set[str]]:
    """How many modules importing `modules` adds to numpy's, and their packages."""
    command = [sys.executable, "-c", PROBE, *modules]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    out = done.stdout.splitlines()
    return int(out[0]), set(out[1].split())


def base_modules() -> list[str]:
    """All modules that must work where only numpy is installed."""
    found = list(WORDS)
    for folder in ("robots", "handx_gen/kinematics", "handx/streaming"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if file.stem == "__main__":
                continue  # runs a command when imported
            parts = file.relative_to(ROOT).with_suffix("").parts
            found.append(".".join(p for p in parts if p != "__init__"))
    return found


@pytest.mark.parametrize(
    "modules",
    [*([package] for package in PACKAGES), list(PACKAGES), base_modules()],
    ids=lambda m: m[0] if len(m) == 1 else f"{len(m)} modules",
)
def test_import_needs_numpy_only(modules: list[str]) -> None:
    count, packages = imported(modules)
    extra = packages - set(sys.stdlib_module_names) - {"numpy", *PACKAGES}
    assert not extra, f"importing {modules} pulls in {sorted(extra)}"
    assert count < MOST_MODULES


def test_the_probe_sees_a_heavy_import() -> None:
    _, packages = imported(["scipy.linalg"])
    assert "scipy" in packages
