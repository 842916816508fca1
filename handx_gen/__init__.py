"""Text → `BimanualMotion`: types and kinematics eagerly, heavy parts on first use."""

from importlib import import_module
from typing import Any

from handx_gen.errors import HandxError, InputError, MissingExtra
from handx_gen.motion import BimanualMotion
from handx_gen.prompt import Plan, Prompt, Segment

_LAZY = {
    "available_models": "handx_gen.generator",
    "contact_track": "handx_gen.kinematics.contacts",
    "generate": "handx_gen.generator",
    "match": "handx_gen.kinematics.requests",
    "perform": "handx_gen.procedural.performance",
    "read": "handx_gen.procedural.reader",
    "read_events": "handx_gen.kinematics.events",
}

__all__ = [
    "BimanualMotion",
    "HandxError",
    "InputError",
    "MissingExtra",
    "Plan",
    "Prompt",
    "Segment",
    "available_models",
    "contact_track",
    "generate",
    "match",
    "perform",
    "read",
    "read_events",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
