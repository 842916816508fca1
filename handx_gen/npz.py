"""Arrays on disk without pickle, written atomically, read with suspicion.

Every artefact of the pipeline is one `.npz` whose first entry is `schema_version`.
Text travels as JSON in a 0-d unicode array. A file is foreign input: its declared
size is checked before anything is expanded.
"""

import contextlib
import errno
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import InputError

MAX_BYTES = 2 << 30
"""Largest expanded size that is read [bytes]; a guard against decompression bombs."""


_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
"""What a write fails with where there is no more room."""


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary name beside `path`, moved onto it only if the block succeeds.

    Raises:
        InputError: The folder does not exist and cannot be made, or is not writable; or
            the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent
        )
    except OSError as error:
        raise InputError(
            path.parent, "", f"cannot write here ({error.strerror})",
            "choose a folder that you may write to with --out",
        ) from error  # fmt: skip
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes the file private; a result is as readable as its folder says.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise InputError(
            path, "", f"cannot be written ({os.strerror(error.errno)})",
            "make room there, or choose another place",
        ) from error  # fmt: skip
    finally:
        temporary.unlink(missing_ok=True)


def save(
    path: str | Path,
    schema_version: int,
    arrays: Mapping[str, np.ndarray | float],
    text: Mapping[str, Any] | None = None,
) -> Path:
    """Write arrays, and `text` values as JSON, to `path` (write, then rename).

    The same content gives the same bytes: the zip's time stamps are constant.
    """
    packed: dict[str, Any] = {"schema_version": np.int64(schema_version), **arrays}
    for name, value in (text or {}).items():
        packed[name] = np.array(json.dumps(value, sort_keys=True))
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, **packed)
    return Path(path)


class Reader:
    """An open `.npz`, handing out its arrays one by one or refusing the file.

    Args:
        path: The file.
        kind: What it should be ("motion", …), for messages.
        schema_version: Newest version this code understands.

    Raises:
        InputError: Missing, unreadable, too large, pickled, or a newer schema.
    """

    def __init__(self, path: str | Path, kind: str, schema_version: int) -> None:
        self.path, self.kind = Path(path), kind
        try:
            with zipfile.ZipFile(self.path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
        except FileNotFoundError:
            raise InputError(path, "", "no such file", f"give a {kind} .npz") from None
        except (zipfile.BadZipFile, OSError) as error:
            raise InputError(
                path, "", f"not a readable .npz ({error})", f"give a {kind} .npz"
            ) from error
        if size > MAX_BYTES:
            raise InputError(
                path, "", f"would expand to {size} bytes", "split the file"
            )
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                self.arrays = {name: archive[name] for name in archive.files}
        except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
            raise InputError(
                path, "", f"not a plain array file ({error})", f"write the {kind} again"
            ) from error
        for name, value in self.arrays.items():
            if not isinstance(value, np.ndarray):  # an entry that is no .npy at all
                raise InputError(
                    path, name, "not a plain array", f"write the {kind} again"
                )
        version = self.arrays.get("schema_version", np.int64(1))
        if version.shape != () or version.dtype.kind not in "iu":
            raise InputError(path, "schema_version", "not a whole number")
        if version > schema_version:
            raise InputError(
                path, "schema_version", f"{version}, newer than {schema_version}",
                "update handx",
            )  # fmt: skip

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def array(self, name: str, ndim: int | None = None) -> np.ndarray:
        """The array `name`, of `ndim` axes if given.

        Raises:
            InputError: It is missing or has another number of axes.
        """
        if name not in self.arrays:
            raise InputError(
                self.path, name, "missing", f"a {self.kind} file has this array; it holds "
                f"{sorted(self.arrays)}",
            )  # fmt: skip
        value = self.arrays[name]
        if ndim is not None and value.ndim != ndim:
            raise InputError(
                self.path,
                name,
                f"shape {value.shape}, expected {ndim} axes",
                f"write the {self.kind} again",
            )
        return value

    def json(self, name: str, default: Any = None) -> Any:
        """The JSON value stored under `name`, or `default` where there is none.

        Raises:
            InputError: The text is not JSON.
        """
        if name not in self.arrays:
            return default
        try:
            return json.loads(str(self.arrays[name]))
        except json.JSONDecodeError as error:
            raise InputError(
                self.path, name, f"not JSON ({error})", f"write the {self.kind} again"
            ) from error


def write_text(path: str | Path, text: str) -> Path:
    """Write a text file atomically (UTF-8)."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def frozen(array: np.ndarray, dtype: np.typing.DTypeLike) -> np.ndarray:
    """A read-only copy of `array` with `dtype`."""
    copy = np.array(array, dtype=dtype)
    copy.setflags(write=False)
    return copy
