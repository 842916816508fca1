"""`handx doctor`: what is installed, and what is missing for what."""

import importlib.metadata
import os
import platform
import sys
from dataclasses import dataclass

STAGE_PACKAGES = {
    "base": ("numpy",),
    "cli": ("tyro", "rich"),
    "gen": ("torch", "transformers", "safetensors"),
    "retarget": ("pin", "numba", "scipy"),
    "sim": ("mujoco", "dm-control", "av"),
    "stream": ("cyclonedds", "rosbags", "mcap", "mcap-ros2-support"),
}
"""Extra → the packages it needs, by their names on the index."""


def version(package: str) -> str | None:
    """Installed version of a package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@dataclass(frozen=True)
class Doctor:
    """What is installed, what is missing, and what gives it.

    Exit code 0 if text → checked robot motion can run here, 1 if a stage lacks a
    package.

      handx doctor
    """

    def execute(self) -> int:
        """Print the table."""
        from handx import __version__
        from handx.cli import console

        rows: list[tuple[str, object]] = [
            ("handx", __version__),
            ("python", f"{platform.python_version()} ({sys.executable})"),
            ("machine", f"{platform.platform()}, {os.cpu_count()} cores"),
        ]
        complete = True
        for extra, packages in STAGE_PACKAGES.items():
            found = {package: version(package) for package in packages}
            missing = [package for package, number in found.items() if number is None]
            complete &= not missing
            text = ", ".join(f"{p} {v}" for p, v in found.items() if v is not None)
            if missing:
                text += (
                    f"  missing: {', '.join(missing)} → pip install 'handx[{extra}]'"
                )
            rows.append((extra, text.strip()))
        rows += [
            ("rendering", self._rendering()),
            ("text encoder", self._text_encoder()),
            ("models", self._models()),
            ("robots", self._robots()),
            ("ROS_DOMAIN_ID", os.environ.get("ROS_DOMAIN_ID", "not set (0)")),
        ]
        console.console().print(console.facts("doctor", rows))
        return 0 if complete else 1

    @staticmethod
    def _rendering() -> str:
        try:
            from sim.engine import GL_PACKAGES, available_gl
        except ImportError:
            return "no MuJoCo → pip install 'handx[sim]'"
        found, chosen = available_gl(), os.environ.get("MUJOCO_GL", "")
        if found == "disable":
            return f"videos are drawn without GL → apt install {GL_PACKAGES}"
        return f"{found} is there, MUJOCO_GL is {chosen or 'not set'}"

    @staticmethod
    def _text_encoder() -> str:
        from handx_gen.errors import HandxError
        from handx_gen.text.files import minilm_folder

        try:
            return f"MiniLM, checked ({minilm_folder()})"
        except HandxError as error:
            return f"none, so requests are read by rules: {error}"

    @staticmethod
    def _models() -> str:
        from handx_gen.generator import available_models

        return ", ".join(str(model) for model in available_models())

    @staticmethod
    def _robots() -> str:
        from robots.registry import robot_names

        return ", ".join(robot_names())
