"""Which data set each clip of a HandX release came from.

The release says so beside its archives, in one of two forms:

- `handx_to_dataset_source_release.json` (on the hub): split → key → name of the data set,
  "in the order of the full merged dataset", ARCTIC and H2O included.
- `source_metadata.json` (of the merging script): split → key → an object with
  `source_dataset`, `source_key`, `source_sequence_id`, `frame_start`, `frame_end` and
  `license`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handx_gen.errors import InputError
from training.data.sources import files

NAMES = ("handx_to_dataset_source_release.json", "source_metadata.json")
MAX_BYTES = 128 << 20
"""Of such a file; the hub's names a hundred thousand clips."""

WITHHELD = ("arctic", "h2o")
"""Sources that the release lists but does not hold."""


@dataclass(frozen=True)
class Origin:
    """Where one clip comes from.

    Attributes:
        source: Data set, in lower case.
        sequence: Its recording there; "" if the release does not say.
        frames: First and last frame in that recording, where it says.
        licence: Of that data set.
    """

    source: str
    sequence: str = ""
    frames: tuple[int, int] | None = None
    licence: str = ""


def origins(archive: Path, split: str, keys: Sequence[str]) -> dict[str, Origin]:
    """Key → origin, as far as the release says it; empty if it says nothing.

    The list may hold clips that the archive lacks. Its keys are used as they are if none
    of the archive's clips would come from a withheld source; otherwise they count in
    the merged order, and the archive's clips are the others of the list, in its order.
    Where neither fits, nothing is said rather than something wrong.

    Args:
        archive: The `.npz`; the list is looked for beside it and one folder up.
        split: "train" or "test".
        keys: Of the archive's clips, in its order.

    Raises:
        InputError: The list is damaged.
    """
    path = next(
        (
            folder / name
            for folder in (archive.parent, archive.parent.parent)
            for name in NAMES
            if (folder / name).is_file()
        ),
        None,
    )
    if path is None:
        return {}
    listed = _listed(path, split)
    named = {key: listed[key] for key in keys if key in listed}
    lent = {key for key, origin in listed.items() if origin.source in WITHHELD}
    if len(named) == len(keys) and not lent & {k for k in keys if k.isdigit()}:
        return named
    if len(named) == len(keys) == len(listed):
        return named  # a merged archive: ARCTIC and H2O are in it
    held = [origin for key, origin in listed.items() if key not in lent]
    return dict(zip(keys, held)) if len(held) == len(keys) else {}


def _listed(path: Path, split: str) -> dict[str, Origin]:
    """The list of one split, in order of its keys where they are numbers."""
    held = files.parse_json(path, files.read_text(path, MAX_BYTES))
    if not isinstance(held, dict) or not isinstance(held.get(split, {}), dict):
        raise InputError(
            path, split, "not an object of clips by split", "fetch it again"
        )
    entries = held.get(split, {})
    return {
        key: _origin(path, key, entries[key]) for key in sorted(entries, key=_number)
    }


def _number(key: str) -> tuple[bool, int, str]:
    return not key.isdigit(), int(key) if key.isdigit() else 0, key


def _origin(path: Path, key: str, entry: Any) -> Origin:
    """One entry, of either form."""
    from training.data.sources import SOURCES  # they list this package

    about = entry if isinstance(entry, dict) else {"source_dataset": entry}
    source = about.get("source_dataset")
    if not isinstance(source, str) or not source.strip():
        raise InputError(path, key, "names no source", "fetch it again")
    source = source.strip().lower()
    bounds = [about.get(name) for name in ("frame_start", "frame_end")]
    whole = all(isinstance(bound, int) for bound in bounds)
    return Origin(
        source,
        str(about.get("source_sequence_id") or about.get("source_key") or ""),
        (int(bounds[0]), int(bounds[1])) if whole else None,  # type: ignore[arg-type]
        str(
            about.get("license")
            or (SOURCES[source].licence if source in SOURCES else "")
        ),
    )
