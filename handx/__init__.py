"""HandX: text in, two dexterous robot hands moving out, checked by physics first.

`handx.run("touch the thumb to each fingertip")` does it all; `handx.pipeline` is the one
file that knows every stage.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handx.pipeline import RunResult, run

__version__ = "0.1.0"

_LAZY = {"run": "handx.pipeline", "RunResult": "handx.pipeline"}

__all__ = ["RunResult", "__version__", "run"]


def __getattr__(name: str) -> object:
    """Import the heavy names on first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module 'handx' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
