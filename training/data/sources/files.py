"""Reading foreign text files: bounded in size, and every failure names the file."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from handx_gen.errors import InputError

MAX_TEXT = 1 << 30
"""Largest text file that is read [bytes]; an hour of HoloAssist has 0.5 GB."""

MAX_LINE = 1 << 24
"""Longest line [characters]."""

MAX_NUMBER = 1e15
"""Largest number that anything stands for; time since 1970 in milliseconds is 2e12."""


@contextlib.contextmanager
def _opened(path: Path, limit: int) -> Iterator[TextIO]:
    """A text file, of which any failure on the way becomes an `InputError`."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise InputError(path, "", f"{size} bytes, more than {limit}", "split it")
        with open(path, encoding="utf-8-sig") as stream:
            yield stream
    except OSError as error:
        raise InputError(path, "", f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(
            path, "", f"not a text file ({error.reason} at byte {error.start})",
            "fetch it again",
        ) from error  # fmt: skip


def read_text(path: Path, limit: int = MAX_TEXT) -> str:
    """The text of a file.

    Raises:
        InputError: Missing, unreadable, empty, larger than `limit` bytes or not UTF-8.
    """
    with _opened(path, limit) as stream:
        text = stream.read()
    if not text.strip():
        raise InputError(path, "", "empty file", "fetch it again, or leave it out")
    return text


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of every line that is not blank; one line in memory.

    Raises:
        InputError: As `read_text`, or a line is too long.
    """
    number, empty = 0, True
    with _opened(path, MAX_TEXT) as stream:
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise InputError(
                    path, f"line {number}", f"more than {MAX_LINE} characters"
                )
            if line.strip():
                empty = False
                yield number, line.rstrip("\n")
    if empty:
        raise InputError(path, "", "empty file", "fetch it again, or leave it out")


def parse_json(path: Path, text: str, field: str = "") -> Any:
    """JSON without NaN, infinities or nesting beyond reason.

    Raises:
        InputError: The text is damaged.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(
            path, field, f"damaged or truncated JSON ({error})", "fetch it again"
        ) from error


def _no_constant(name: str) -> None:
    raise ValueError(f"the value {name}")


def read_json(path: Path) -> Any:
    """A JSON file. Raises `InputError` as `read_text` and `parse_json` do."""
    return parse_json(path, read_text(path))


def read_jsonl(path: Path) -> Iterator[tuple[str, Any]]:
    """Place ("line N") and value of every line of a JSON-lines file.

    Raises:
        InputError: As `read_text` and `parse_json`.
    """
    for number, line in read_lines(path):
        yield f"line {number}", parse_json(path, line, f"line {number}")


def numbers(path: Path, field: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """`values` as finite float64 numbers of `shape`; -1 stands for any size.

    Raises:
        InputError: Not numbers, another shape, NaN, infinity or absurdly large.
    """
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "fiubO":  # text and times would be converted
            raise InputError(path, field, f"holds {given.dtype}, expected numbers")
        array = given.astype(float)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(path, field, f"not an array of numbers ({error})") from error
    fits = array.ndim == len(shape) and all(
        want in (-1, have) for want, have in zip(shape, array.shape)
    )
    if not fits:
        raise InputError(path, field, f"shape {array.shape}, expected {shape}")
    if not np.isfinite(array).all():
        raise InputError(path, field, "NaN or infinity", "export the file again")
    if np.abs(array).max(initial=0.0) > MAX_NUMBER:
        raise InputError(path, field, "numbers beyond all reason", "fetch it again")
    return array


def record(path: Path, field: str, value: Any, *keys: str) -> dict[str, Any]:
    """`value` if it is a JSON object with `keys`.

    Raises:
        InputError: It is not.
    """
    if not isinstance(value, dict):
        raise InputError(path, field, f"{type(value).__name__}, expected an object")
    for key in keys:
        if key not in value:
            raise InputError(path, f"{field}.{key}".lstrip("."), "missing")
    return value


def rotation(path: Path, field: str, quaternion_wxyz: Any) -> np.ndarray:
    """(3, 3) rotation of a unit quaternion (w, x, y, z).

    Raises:
        InputError: Not four finite numbers, or not of unit length.
    """
    q = numbers(path, field, quaternion_wxyz, (4,))
    norm = float(np.linalg.norm(q))
    if abs(norm - 1) > 1e-2:
        raise InputError(path, field, f"a quaternion of length {norm:.3g}")
    w, x, y, z = q / norm
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def rigid(path: Path, field: str, values: np.ndarray) -> np.ndarray:
    """(4, 4) rigid transform from 16 numbers, row by row.

    Raises:
        InputError: Not finite, not a rotation with a translation.
    """
    T = numbers(path, field, values.ravel(), (16,)).reshape(4, 4)
    turn = T[:3, :3]
    if (
        np.abs(turn @ turn.T - np.eye(3)).max() > 1e-2
        or np.linalg.det(turn) < 0
        or np.abs(T[3] - [0, 0, 0, 1]).max() > 1e-3
    ):
        raise InputError(path, field, "not a rigid transform", "check the row order")
    return T


def below(path: Path, *patterns: str) -> list[Path]:
    """Paths below a folder that match any of the patterns, sorted, none twice."""
    found = {match for pattern in patterns for match in path.glob(pattern)}
    return sorted(found)
