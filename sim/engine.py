"""The one place that imports MuJoCo, after choosing how it may draw.

MuJoCo reads `MUJOCO_GL` when it is first imported and fails at import where the named
library is missing, so the choice has to come first and has to be certain.
"""

import ctypes
import os
import sys

GL_LIBRARIES = {"egl": "libEGL.so.1", "osmesa": "libOSMesa.so.8"}
"""`MUJOCO_GL` value → the library it loads. EGL also serves GPUs, so it comes first."""

GL_PACKAGES = "libegl1 libgl1-mesa-dri"
"""System package (Debian, Ubuntu) that gives pictures drawn by MuJoCo."""


def available_gl() -> str:
    """The first off-screen GL whose library loads, or "disable" where none does."""
    return next(filter(_loads, GL_LIBRARIES), "disable")


def _loads(backend: str) -> bool:
    try:
        ctypes.CDLL(GL_LIBRARIES[backend])
    except OSError:
        return False
    return True


if "mujoco" not in sys.modules and sys.platform.startswith("linux"):
    # glfw, MuJoCo's default, needs a display. A user's own choice is kept, unless its
    # library is missing: the import itself would fail.
    _chosen = os.environ.setdefault("MUJOCO_GL", available_gl())
    if _chosen in GL_LIBRARIES and not _loads(_chosen):
        os.environ["MUJOCO_GL"] = available_gl()

import mujoco  # noqa: E402 (MUJOCO_GL has to be chosen first)

__all__ = ["GL_PACKAGES", "available_gl", "mujoco"]
