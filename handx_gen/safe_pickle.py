"""The one place that reads foreign pickles: numpy arrays in plain containers, no more.

A pickle is a program. This reader refuses every global but the handful that numpy's own
arrays and scalars need, and replaces those that could allocate or call at will by
narrow functions of its own.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import InputError

MAX_BYTES = 1 << 30
"""Larger files are refused [bytes]."""


class _ArrayType:
    """Stands for `numpy.ndarray`, which a pickle names but must not call."""


def _empty_array(kind: object, shape: object, code: object) -> np.ndarray:
    """What numpy's `_reconstruct` makes; its state, with the data, is set afterwards."""
    return np.empty(0, np.uint8)


def _from_buffer(
    data: bytes, dtype: np.dtype, shape: tuple[int, ...], order: str
) -> np.ndarray:
    return np.frombuffer(data, dtype).reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: np.dtype, data: bytes) -> Any:
    return np.frombuffer(data, dtype)[0]


def _dtype(code: str, align: bool = False, copy: bool = False) -> np.dtype:
    dtype = np.dtype(str(code), align=bool(align), copy=True)
    if dtype.hasobject:
        raise pickle.UnpicklingError("an array of Python objects")
    return dtype


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """Old protocols write an empty string of bytes as the call `bytes()`."""
    return b""


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _encode,
    ("builtins", "bytes"): _no_bytes,
    ("__builtin__", "bytes"): _no_bytes,
}
for _package in ("numpy.core", "numpy._core"):
    _ALLOWED[f"{_package}.multiarray", "_reconstruct"] = _empty_array
    _ALLOWED[f"{_package}.multiarray", "scalar"] = _scalar
    _ALLOWED[f"{_package}.numeric", "_frombuffer"] = _from_buffer


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def load_arrays(path: str | Path) -> Any:
    """Read a pickle of numpy arrays, numbers and strings in lists, tuples and dicts.

    Args:
        path: The file.

    Returns:
        The object; arrays are numeric.

    Raises:
        InputError: Missing, too large, damaged, or the pickle asks for anything that is
            not on the list of allowed globals.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(path, "", f"{size} bytes", "split the file")
        with open(path, "rb") as stream:
            return _ArrayUnpickler(stream).load()
    except FileNotFoundError:
        raise InputError(path, "", "no such file", "give a pickle of arrays") from None
    except InputError:
        raise
    except Exception as error:  # a damaged pickle raises nearly anything
        raise InputError(
            path, "", f"refused as a pickle of plain arrays ({error})",
            "convert it to .npz where it was made",
        ) from error  # fmt: skip
