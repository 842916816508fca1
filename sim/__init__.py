"""Physics: both hands simulated, checked against written thresholds, and drawn.

The types are light; whatever needs MuJoCo is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sim.errors import EditedArtefact, SimulationError, UnstableSimulation
from sim.report import Check, SimReport, Verdict
from sim.rollout import Rollout

if TYPE_CHECKING:
    from sim.playback import play, play_kinematic
    from sim.render import render_strip, render_video
    from sim.scene import build_scene
    from sim.validation import validate, verify_report

_LAZY = {
    "build_scene": "sim.scene",
    "play": "sim.playback",
    "play_kinematic": "sim.playback",
    "render_strip": "sim.render",
    "render_video": "sim.render",
    "validate": "sim.validation",
    "verify_report": "sim.validation",
}

__all__ = [
    "Check",
    "EditedArtefact",
    "Rollout",
    "SimReport",
    "SimulationError",
    "UnstableSimulation",
    "Verdict",
    "build_scene",
    "play",
    "play_kinematic",
    "render_strip",
    "render_video",
    "validate",
    "verify_report",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
