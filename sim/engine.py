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
    for backend, library in GL_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        return backend
    return "disable"


if "mujoco" not in sys.modules:
    # glfw, the default elsewhere, needs a display; a user's own choice is kept.
    if sys.platform.startswith("linux"):
        os.environ.setdefault("MUJOCO_GL", available_gl())

import mujoco  # noqa: E402 (MUJOCO_GL has to be chosen first)

__all__ = ["GL_PACKAGES", "available_gl", "mujoco"]
