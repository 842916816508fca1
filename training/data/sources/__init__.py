"""Readers of recorded hand motion: every format, one contract (`RawMotion`).

A format is a file of this folder that defines `SOURCE`; nothing else lists it.
"""

import functools
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handx_gen.errors import InputError

if TYPE_CHECKING:
    from training.data.raw import RawMotion
    from training.data.sources.source import Source

    SOURCES: dict[str, "Source"]

__all__ = ["SOURCES", "read_source", "sniff_source"]


def __getattr__(name: str) -> Any:
    if name == "SOURCES":
        return _sources()
    raise AttributeError(name)


@functools.cache
def _sources() -> dict[str, "Source"]:
    found = {}
    for module in pkgutil.iter_modules(__path__):
        source = getattr(
            importlib.import_module(f"{__name__}.{module.name}"), "SOURCE", None
        )
        if source is not None:
            found[source.name] = source
    return found


def read_source(
    name: str, path: str | Path, fps: float | None = None
) -> Iterator["RawMotion"]:
    """The motions of a file or folder in a named format.

    Args:
        name: A key of `SOURCES`.
        path: The file or folder.
        fps: Rate [Hz] of files without time stamps.

    Yields:
        The motions, in a fixed order.

    Raises:
        InputError: No such format, or a file of it that cannot be used.
    """
    sources = _sources()
    if name not in sources:
        raise InputError(
            "source", "", f"unknown format {name!r}", f"choose of {sorted(sources)}"
        )
    yield from sources[name].read(path, fps)


def sniff_source(path: str | Path) -> list[str]:
    """Names of the formats that a file or folder looks like.

    Raises:
        InputError: No such path.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(path, "", "no such file or folder", "check the path")
    return [name for name, s in _sources().items() if s.sniff(path)]
