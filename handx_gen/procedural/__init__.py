"""Text → motion by primitives: exact baseline, teacher, and a mode users get."""

from importlib import import_module
from typing import Any

_EXPORTS = {
    "perform": "performance",
    "perform_program": "performance",
    "read": "reader",
    "synthesize": "sample",
    "Program": "timeline",
    "Step": "timeline",
    "PRIMITIVES": "vocabulary",
}
__all__ = list(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
