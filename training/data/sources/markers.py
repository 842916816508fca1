"""Optical motion capture: 25 surface markers per hand in a `.csv` of Motive.

Markers sit on the wrist, on the back of the four metacarpals, and per finger on MCP, PIP
and DIP (thumb: CMC, MCP and IP) and the middle of the nail. Names are `<side>_<site>`,
for example `left_index_pip`, also after a prefix and a colon; other markers are left
out. Where joints lie below the markers is the business of `marker_joints`.

The file is the one that Motive exports: a line of properties (frame rate, units), rows
of marker names, then frame, time and X, Y, Z of each marker, empty where it was hidden.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import files, marker_joints, recording
from training.data.sources.source import Source

UNITS = {"meters": 1.0, "centimeters": 1e-2, "millimeters": 1e-3}
AXES = ("x", "y", "z")
TIMES = ("time (seconds)", "time")


def find(path: Path) -> list[Path]:
    """Exports in a folder."""
    return (
        [path] if path.is_file() else [f for f in files.below(path, "*.csv") if _is(f)]
    )


def sniff(path: Path) -> bool:
    """Whether it is an export of Motive, or a folder with some."""
    return bool(find(path)) if path.is_dir() else _is(path)


def _is(path: Path) -> bool:
    try:
        with open(path, encoding="utf-8-sig") as stream:
            return path.suffix == ".csv" and stream.read(14) == "Format Version"
    except (OSError, UnicodeDecodeError):
        return False


def read(path: Path) -> Iterator[RawMotion]:
    """The motion of one export.

    Raises:
        InputError: Damaged, of unknown units, or a hand lacks markers.
    """
    names, time, points, units = _table(path)
    joints = np.full((len(time), 2, 21, 3), np.nan)
    counts: dict[str, int] = {}
    details: dict[str, object] = {"units": units}
    for k, side in enumerate(SIDES):
        columns = {
            site: names.index(f"{side}_{site}")
            for site in marker_joints.SITES
            if f"{side}_{site}" in names
        }
        if not columns:
            continue
        lacking = sorted(set(marker_joints.SITES) - set(columns))
        if lacking:
            raise InputError(
                path, f"{side} hand", f"{len(lacking)} of 25 markers have no column: "
                f"{', '.join(lacking[:4])}", f"name them {side}_<site>",
            )  # fmt: skip
        marks = points[:, [columns[site] for site in marker_joints.SITES]]
        hidden = np.isnan(marks).any((1, 2))
        if hidden.any():
            counts[f"hidden_markers_{side}"] = int(hidden.sum())
        _check_metres(path, side, marks)
        joints[:, k], lengths = marker_joints.joint_centres(marks, side)
        details[f"wrist_to_knuckles_{side}"] = [round(float(x), 4) for x in lengths]
    if np.isnan(joints).all():
        raise InputError(
            path, "", f"no marker of a hand among {sorted(names)[:6]}",
            "name them <side>_<site>, for example left_index_pip",
        )  # fmt: skip
    yield recording.motion(
        path, "markers", recording.loose_name(path), time, joints, counts=counts,
        up=(0.0, 1.0, 0.0), group=recording.loose_name(path), details=details,
    )  # fmt: skip


def _check_metres(path: Path, side: str, marks: np.ndarray) -> None:
    """Depths below the skin are lengths: the units must be right before they are used."""
    wrist, knuckle = (
        marks[:, marker_joints.SITES.index(site)] for site in ("wrist", "middle_mcp")
    )
    size = float(np.nanmedian(np.linalg.norm(knuckle - wrist, axis=-1)))
    if not 0.045 <= size <= 0.15:
        raise InputError(
            path, f"{side} hand", f"wrist to middle knuckle measures {size:.3g} m after "
            "conversion from the stated units", "check Length Units in the first line",
        )  # fmt: skip


def _table(path: Path) -> tuple[list[str], np.ndarray, np.ndarray, str]:
    """Marker names, time (T,) [s], points (T, M, 3) [m] with NaN, and the file's units."""
    rows = csv.reader(line for _, line in files.read_lines(path))
    try:
        first = [cell.strip() for cell in next(rows)]
        properties = dict(zip(first[::2], first[1::2]))
        units = properties.get("Length Units", "").lower()
        if first[0] != "Format Version" or units not in UNITS:
            raise InputError(
                path, "Length Units", f"{units!r}, expected one of {sorted(UNITS)}",
                "export with header information from Motive",
            )  # fmt: skip
        labels: list[str] = []
        for cells in rows:
            head = [cell.strip().lower() for cell in cells]
            if len(cells) > 2 and head[1] == "name":
                labels = [cell.strip() for cell in cells]
            if len(cells) > 2 and head[0] == "frame" and head[1] in TIMES:
                break
        else:
            raise InputError(path, "", "no row that starts with Frame, Time (Seconds)")
        names, columns = _columns(path, labels, head)
        values = [
            _row(path, number, len(head), cells) for number, cells in enumerate(rows)
        ]
    except csv.Error as error:
        raise InputError(path, "", f"not a table ({error})") from error
    if not values:
        raise InputError(path, "", "no rows below the header", "export it again")
    table = np.array(values)
    return names, table[:, 1], table[:, columns] * UNITS[units], units


def _columns(
    path: Path, labels: list[str], head: list[str]
) -> tuple[list[str], np.ndarray]:
    """Markers with X, Y and Z beside one another, and (M, 3) their columns."""
    if len(labels) != len(head):
        raise InputError(path, "Name", f"{len(labels)} names for {len(head)} columns")
    at: dict[str, list[int]] = {}
    for start in range(2, len(head) - 2):
        label = labels[start]
        if (
            tuple(head[start : start + 3]) == AXES
            and len({*labels[start : start + 3]}) == 1
        ):
            at[label.split(":")[-1].lower()] = [start, start + 1, start + 2]
    if not at:
        raise InputError(path, "", "no marker with columns X, Y, Z", "export markers")
    return list(at), np.array(list(at.values()))


def _row(path: Path, number: int, width: int, cells: list[str]) -> list[float]:
    if len(cells) != width:
        raise InputError(
            path, f"frame row {number}", f"{len(cells)} of {width} cells", "truncated?"
        )
    try:
        return [float(cell) if cell.strip() else np.nan for cell in cells]
    except ValueError as error:
        raise InputError(path, f"frame row {number}", f"no number ({error})") from error


SOURCE = Source(
    name="markers",
    title="Optical markers, 25 per hand (Motive .csv)",
    open=read,
    find=find,
    sniff=sniff,
    fps=None,
    notes="Give a .csv export with markers named <side>_<site>; Motive's default y-up.",
)
