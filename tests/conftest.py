"""What every test needs: quiet threads, no network, no display, and the shared data."""

import ctypes.util
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent


def _offscreen_backend() -> str:
    """MuJoCo's off-screen back-end that this machine has a library for."""
    for backend, library in (("egl", "EGL"), ("osmesa", "OSMesa")):
        if ctypes.util.find_library(library):
            return backend
    return "disabled"


# Set before numpy, torch, mujoco or dm_control are imported: they read these once.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MUJOCO_GL", _offscreen_backend())
os.environ["HF_HUB_OFFLINE"] = "1"
# DDS domains of each test process's own, or parallel tests would hear one another.
# Domains above 101 would use ports of Linux's ephemeral range.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8
os.environ["ROS_DOMAIN_ID"] = str(1 + WORKER)
DOMAINS = itertools.cycle(range(10 + 11 * WORKER, 20 + 11 * WORKER))

# Random examples that a red run can be repeated with; a busy machine is no failure.
settings.register_profile("house", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("house")


@pytest.fixture
def domain() -> int:
    """A DDS domain that no other test uses now, nor did lately; nobody uses the next."""
    return next(DOMAINS)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Recorded hands and vendor robot files, which are not part of the repository.

    Found where HANDX_SHARED points or at `../shared`; a test that asks for them is
    skipped where they are absent, and has a sibling that runs on the project's data.
    """
    named = os.environ.get("HANDX_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no recordings or vendor files at {folder} (set HANDX_SHARED)")
    return folder
