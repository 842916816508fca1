"""The one place that reads foreign pickles: numpy arrays in plain containers, no more.

A pickle is a program. This reader refuses every global but the handful that numpy's own
arrays and scalars need, and replaces those by narrow functions of its own, whose
results are counted against a budget and which a pickle cannot alter. Arrays of Python
objects, in which data sets keep their dictionaries, are allowed only to `load_npy` and
`load_npz`, by the same rules. Other classes come through only where a caller names them
to `load_arrays`, and then as a `StandIn`: their state, none of their code.
"""

import math
import pickle
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from handx_gen.errors import InputError

MAX_BYTES = 1 << 30
"""Larger files, archive entries and contents are refused [bytes]."""

MAX_ARCHIVE_BYTES = 64 << 30
"""Larger archives are refused, although one entry at a time is read [bytes]."""

MAX_RATIO = 200
"""Motion shrinks 2 to 10 times; an archive that grows more than this is a bomb."""

_CONVERT = "convert it to plain arrays where it was made"


class _Foreign(np.ndarray):
    """An array that may hold objects: its state is checked before numpy may allocate.

    For arrays of numbers numpy itself compares the content with the shape first.
    """

    def __setstate__(self, state: Any) -> None:  # pyright: ignore
        _, shape, dtype, _, content = state
        if not isinstance(dtype, np.dtype) or not isinstance(content, (bytes, list)):
            raise pickle.UnpicklingError("an array in an unknown form")
        if not all(isinstance(size, int) and size >= 0 for size in shape):
            raise pickle.UnpicklingError(f"an array of shape {shape}")
        cells = math.prod(shape)
        held = len(content) if dtype.hasobject else len(content) / dtype.itemsize
        if cells != held or dtype.hasobject != isinstance(content, list):
            raise pickle.UnpicklingError(f"shape {shape} with content for {held} cells")
        super().__setstate__(state)


class StandIn:
    """What a pickle holds of an object whose class is not loaded: its state.

    Attributes:
        kind: (module, name) of the class in the pickle.
        state: The object's attributes.
    """

    __slots__ = ("state",)
    kind: tuple[str, str]

    # On the class itself, instead of on an object, this fails for want of an argument:
    # a pickle cannot alter it.
    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError(f"a {'.'.join(self.kind)} in an unknown form")
        self.state = state


class _Maker:
    """A function that a pickle may call but not alter: it takes no state."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        return self._make(*args)

    def __setstate__(self, state: object) -> NoReturn:
        raise pickle.UnpicklingError("it tries to alter an allowed function")


class _ArrayUnpickler(pickle.Unpickler):
    """Knows only the globals that arrays need.

    Args:
        stream: The pickle.
        objects: Whether arrays may hold Python objects.
        kinds: (module, name) of classes that come as a `StandIn`.
    """

    def __init__(
        self, stream: BinaryIO, objects: bool, kinds: Iterable[tuple[str, str]] = ()
    ) -> None:
        # Python 2 wrote text and arrays as strings of bytes: latin1 keeps every byte.
        super().__init__(stream, encoding="latin1" if kinds else "ASCII")
        self._objects, self._budget = objects, MAX_BYTES
        self._allowed = {
            ("numpy", "ndarray"): _Maker(self._no_call),
            ("numpy", "dtype"): _Maker(self._dtype),
            ("_codecs", "encode"): _Maker(self._encode),
            # Old protocols write an empty string of bytes as the call `bytes()`.
            ("builtins", "bytes"): _Maker(lambda: b""),
            ("__builtin__", "bytes"): _Maker(lambda: b""),
        }
        for package in ("numpy.core", "numpy._core"):
            array, numeric = f"{package}.multiarray", f"{package}.numeric"
            self._allowed[array, "_reconstruct"] = _Maker(self._empty)
            self._allowed[array, "scalar"] = _Maker(self._scalar)
            self._allowed[numeric, "_frombuffer"] = _Maker(self._from_buffer)
        if kinds:
            self._allow_stand_ins(kinds)

    def _allow_stand_ins(self, kinds: Iterable[tuple[str, str]]) -> None:
        classes: set[Any] = set()
        for kind in kinds:
            made = type("StandIn", (StandIn,), {"kind": kind, "__slots__": ()})
            self._allowed[kind] = made
            classes.add(made)

        def reconstruct(made: Any, base: object, state: object) -> Any:
            if not isinstance(made, type) or made not in classes:
                raise pickle.UnpicklingError("it reconstructs something unknown")
            return made()

        for module in ("copy_reg", "copyreg"):
            self._allowed[module, "_reconstructor"] = _Maker(reconstruct)
        for module in ("__builtin__", "builtins"):
            self._allowed[module, "object"] = _Maker(self._no_call)
            # Nodes keep book in sets of names, which nobody reads.
            self._allowed[module, "set"] = _Maker(lambda items=(): None)

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        try:
            return self._allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None

    def _spend(self, count: int) -> None:
        # A call in a pickle takes a few bytes, what it makes may be a million times that.
        self._budget -= count + 64
        if self._budget < 0:
            raise pickle.UnpicklingError(f"it grows beyond {MAX_BYTES} bytes")

    def _no_call(self, *args: object) -> NoReturn:
        raise pickle.UnpicklingError("it calls numpy.ndarray")

    def _empty(self, kind: object, shape: object, code: object) -> np.ndarray:
        """What numpy's `_reconstruct` makes; its state, with the data, is set after."""
        self._spend(0)
        empty = np.empty(0, np.uint8)
        return empty.view(_Foreign) if self._objects else empty

    def _from_buffer(
        self, data: bytes, dtype: np.dtype, shape: tuple[int, ...], order: str
    ) -> np.ndarray:
        self._spend(0)
        array = np.frombuffer(data, dtype)
        return array.reshape(shape, order="F" if order == "F" else "C")

    def _scalar(self, dtype: np.dtype, data: bytes) -> Any:
        self._spend(0)
        return np.frombuffer(data, dtype)[0]

    def _dtype(self, code: str, align: bool = False, copy: bool = False) -> np.dtype:
        dtype = np.dtype(str(code), align=bool(align), copy=True)
        if dtype.hasobject and not (self._objects and dtype == np.dtype(object)):
            raise pickle.UnpicklingError("an array of Python objects")
        self._spend(dtype.itemsize)
        return dtype

    def _encode(self, text: str, encoding: str) -> bytes:
        if encoding != "latin1":
            raise pickle.UnpicklingError(f"encoding {encoding!r}")
        self._spend(len(text))
        return text.encode("latin1")


def load_arrays(path: str | Path, kinds: Iterable[tuple[str, str]] = ()) -> Any:
    """Read a pickle of numpy arrays, numbers and strings in lists, tuples and dicts.

    Args:
        path: The file.
        kinds: (module, name) of further classes, whose objects come as `StandIn`.

    Returns:
        The object; arrays are numeric.

    Raises:
        InputError: Missing, too large, damaged, or the pickle asks for anything that is
            not on the list of allowed globals.
    """
    with _opened(path) as stream:
        return _unpickled(stream, path, "", objects=False, kinds=kinds)


def load_npy(path: str | Path) -> Any:
    """Read a `.npy`, also one that holds Python objects, without `allow_pickle`.

    Args:
        path: The file.

    Returns:
        The array; the object itself where the array is 0-d of objects, as
        `numpy.save(dictionary)` writes it.

    Raises:
        InputError: As `load_arrays`, and if the file is no `.npy`.
    """
    with _opened(path) as stream:
        return _npy(stream, path, "", Path(path).stat().st_size)


def load_npz(path: str | Path) -> Iterator[tuple[str, Any]]:
    """Read the entries of an `.npz` one after the other, as `load_npy` does each.

    Args:
        path: The file.

    Yields:
        Name of the entry and its content, in the order of the file.

    Raises:
        InputError: As `load_npy`; an entry or the archive would grow beyond bounds.
    """
    try:
        with _opened(path, MAX_ARCHIVE_BYTES) as file, zipfile.ZipFile(file) as archive:
            for entry in _checked_entries(archive, path):
                name = entry.filename.removesuffix(".npy")
                with archive.open(entry) as stream:
                    yield name, _npy(stream, path, name, entry.file_size)  # pyright: ignore
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError,
        RuntimeError, OSError, ValueError,
    ) as error:  # fmt: skip
        raise InputError(
            path, "", f"not a readable .npz ({error})", "fetch the file again"
        ) from error


def npz_names(path: str | Path) -> list[str]:
    """Names of the entries of an `.npz`, of which nothing is expanded.

    Raises:
        InputError: The file is no zip, or would grow beyond bounds.
    """
    try:
        with _opened(path, MAX_ARCHIVE_BYTES) as file, zipfile.ZipFile(file) as archive:
            entries = _checked_entries(archive, path)
            return [entry.filename.removesuffix(".npy") for entry in entries]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise InputError(
            path, "", f"not a readable .npz ({error})", "fetch the file again"
        ) from error


def _checked_entries(
    archive: zipfile.ZipFile, path: str | Path
) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    size = sum(entry.file_size for entry in entries)
    packed = Path(path).stat().st_size  # overlapping entries share it: count it once
    if size > MAX_ARCHIVE_BYTES or size > MAX_RATIO * max(packed, 1 << 16):
        raise InputError(
            path, "", f"{packed} bytes would expand to {size}",
            "fetch the file again; a real one expands about 10 times at most",
        )  # fmt: skip
    return entries


def _opened(path: str | Path, limit: int | None = None) -> BinaryIO:
    path = Path(path)
    limit = MAX_BYTES if limit is None else limit
    try:
        if path.stat().st_size > limit:
            size = path.stat().st_size
            raise InputError(path, "", f"{size} bytes, more than {limit}", "split it")
        return open(path, "rb")
    except FileNotFoundError:
        raise InputError(path, "", "no such file", "check the path") from None
    except OSError as error:
        raise InputError(path, "", f"cannot be read ({error.strerror})") from error


def _npy(stream: BinaryIO, path: str | Path, field: str, size: int) -> Any:
    if size > MAX_BYTES:
        raise InputError(
            path, field, f"{size} bytes, more than {MAX_BYTES}", "split it"
        )
    form = np.lib.format
    try:
        version = form.read_magic(stream)
        header = {
            (1, 0): form.read_array_header_1_0,
            (2, 0): form.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = header(stream)
    except (ValueError, KeyError, EOFError, SyntaxError, TypeError) as error:
        raise InputError(
            path, field, f"not a .npy array ({error})", "fetch the file again"
        ) from error
    if dtype.hasobject:
        content = _unpickled(stream, path, field, objects=True)
        if not isinstance(content, np.ndarray) or content.dtype != dtype:
            raise InputError(path, field, "its pickle holds no array", _CONVERT)
        return content.item() if content.ndim == 0 else content.view(np.ndarray)
    declared = math.prod(shape) * dtype.itemsize
    data = stream.read(min(declared, size))
    if len(data) != declared:
        raise InputError(
            path, field, f"truncated: shape {shape} needs {declared} bytes, found "
            f"{len(data)}", "fetch the file again",
        )  # fmt: skip
    array = np.frombuffer(data, dtype)
    return array.reshape(shape, order="F" if fortran else "C").copy()


def _unpickled(
    stream: BinaryIO,
    path: str | Path,
    field: str,
    objects: bool,
    kinds: Iterable[tuple[str, str]] = (),
) -> Any:
    try:
        return _ArrayUnpickler(stream, objects, kinds).load()
    except zipfile.BadZipFile:
        raise
    except Exception as error:  # a damaged pickle raises nearly anything
        raise InputError(
            path, field, f"refused as a pickle of plain arrays ({error})", _CONVERT
        ) from error
