"""A data set's folder: replaced as a whole, and its files."""

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handx.export.episode import Feature
from handx_gen.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

TASK_INDEX = "task"
"""Column of meta/tasks.parquet that is its pandas index: the tasks' words."""


@contextlib.contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """A copy of the data set `out` to write into; it takes `out`'s place if all goes well.

    The copy is made of hard links: files may be added and replaced in it, never changed.

    Raises:
        InputError: `out` is a file, or a folder with something else in it, cannot be
            written to, or the disk is full.
    """
    fine = not out.exists() or (out / "meta/info.json").is_file()
    if out.exists() and not fine and (out.is_file() or any(out.iterdir())):
        raise InputError(
            out, "--out", "exists and is no LeRobot data set", "choose another folder"
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(
            out.parent, "--out", f"cannot write here ({error.strerror})",
            "choose a folder that you may write to with --out",
        ) from error  # fmt: skip
    try:
        new, old = holder / "new", holder / "old"
        if out.exists():
            shutil.copytree(out, new, copy_function=os.link)
        else:
            new.mkdir()
        yield new
        if out.exists():
            out.rename(old)
        try:
            new.rename(out)
        except BaseException:
            if old.exists():
                old.rename(out)
            raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise
        raise InputError(
            out, "--out", f"cannot be written ({os.strerror(error.errno)})",
            "make room there, or choose another place",
        ) from error  # fmt: skip
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def table(columns: Mapping[str, Feature]) -> "pa.Table":
    """Frames as a table: a feature of one number is a number, others nested lists."""
    import pyarrow as pa

    return pa.table({name: _array(f.values) for name, f in columns.items()})


def _array(values: np.ndarray) -> "pa.Array":
    import pyarrow as pa

    shape = values.shape[1:]
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    if shape == (1,):
        return flat
    for size in shape[::-1]:
        offsets = np.arange(0, len(flat) + 1, size, dtype=np.int32)
        flat = pa.ListArray.from_arrays(pa.array(offsets), flat)
    return flat


def write(path: Path, tables: Sequence["pa.Table"]) -> None:
    """A new Parquet file of one row group per table: any episode is read alone."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, tables[0].schema, compression="snappy") as writer:
        for part in tables:
            writer.write_table(part)


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A new Parquet file from rows of plain values."""
    import pyarrow as pa

    write(path, [pa.Table.from_pylist(list(rows))])


def write_tasks(path: Path, tasks: Sequence[str]) -> None:
    """meta/tasks.parquet: words → number, the words marked as pandas' index."""
    import pyarrow as pa

    numbers = pa.array(range(len(tasks)), pa.int64())
    found = pa.table({"task_index": numbers, TASK_INDEX: pa.array(tasks, pa.string())})
    note = {
        "index_columns": [TASK_INDEX],
        "column_indexes": [],
        "columns": [
            _column("task_index", "int64"),
            _column(TASK_INDEX, "unicode", "object"),
        ],
        "pandas_version": "2.2.0",
    }
    found = found.replace_schema_metadata({"pandas": json.dumps(note)})
    path.unlink(
        missing_ok=True
    )  # a link to the old data set's file must not be changed
    write(path, [found])


def _column(name: str, kind: str, numpy: str | None = None) -> dict[str, Any]:
    """What pandas wants to know of a column."""
    return {
        "name": name, "field_name": name, "pandas_type": kind,
        "numpy_type": numpy or kind, "metadata": None,
    }  # fmt: skip


def write_json(path: Path, body: Mapping[str, Any]) -> None:
    """A JSON file in place of the one that is linked there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    text = json.dumps(body, indent=4, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
