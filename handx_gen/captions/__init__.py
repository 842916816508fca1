"""Events → words: five levels of captions, written and checked."""

from importlib import import_module
from typing import Any

_EXPORTS = {
    "Caption": "schema",
    "CaptionSet": "schema",
    "Verification": "verify",
    "write": "grammar",
    "Endpoint": "llm",
    "EndpointWriter": "llm",
    "LocalWriter": "local",
}
__all__ = list(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
