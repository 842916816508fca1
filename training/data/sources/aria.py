"""Project Aria's machine perception service: `hand_tracking_results.csv`, v1 and v2.

One row per frame: time in microseconds, and per hand a confidence (−1: not seen, all
coordinates then 0) and 21 UmeTrack landmarks in metres, in the frame of the glasses,
which move with the head. The thumb's CMC is not among them and is estimated.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import estimates, files, orders, recording
from training.data.sources.source import Source

TIME = "tracking_timestamp_us"
PATTERN = "hand_tracking_results*.csv"
SAME = 0.005


def find(path: Path) -> list[Path]:
    """Result files below a folder."""
    if path.is_file():
        return [path]
    return files.below(path, *(f"{'*/' * depth}{PATTERN}" for depth in range(4)))


def sniff(path: Path) -> bool:
    """Whether a file's header names Aria's clock, or a folder holds such files."""
    if path.is_dir():
        return bool(find(path))
    try:
        with open(path, encoding="utf-8") as stream:
            return path.suffix == ".csv" and "_landmark_0_device" in stream.readline(
                1 << 16
            )
    except (OSError, UnicodeDecodeError):
        return False


def read(path: Path) -> Iterator[RawMotion]:
    """The motion of one result file.

    Raises:
        InputError: A column is missing, a row damaged, or no hand is seen.
    """
    try:
        values, columns = _values(path)
    except csv.Error as error:
        raise InputError(
            path, "", f"not a table ({error})", "fetch it again"
        ) from error
    table = files.numbers(path, "rows", values, (-1, columns))
    hands = table[:, 1:].reshape(len(table), 2, -1)
    confidence, marks = hands[..., 0], hands[..., 1:].reshape(len(table), 2, -1, 3)
    marks = np.where((confidence < 0)[..., None, None], np.nan, marks)
    joints = orders.to_handx(marks, orders.UMETRACK)
    folder = path.absolute().parent
    if folder.name == "hand_tracking":  # <recording>/mps/hand_tracking/
        folder = folder.parent.parent if folder.parent.name == "mps" else folder.parent
    yield recording.motion(
        path, "aria", f"{folder.name}/{path.stem}", (table[:, 0] - table[0, 0]) * 1e-6,
        estimates.fill_thumb_cmc(joints), np.maximum(confidence, 0), same=SAME,
        group=folder.name,
        details={"thumb_cmc": "estimated", "frame": "device, moves with the head"},
    )  # fmt: skip


def _values(path: Path) -> tuple[list[list[float]], int]:
    """The wanted cells of every row, and how many there are in each."""
    rows = csv.reader(line for _, line in files.read_lines(path))
    header = [cell.strip() for cell in next(rows)]
    columns = {name: index for index, name in enumerate(header)}
    wanted = [TIME]
    for side in SIDES:
        wanted.append(f"{side}_tracking_confidence")
        wanted += [
            f"t{axis}_{side}_landmark_{mark}_device"
            for mark in range(len(orders.UMETRACK))
            for axis in "xyz"
        ]
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise InputError(
            path, missing[0], f"{len(missing)} columns are missing",
            "give hand_tracking_results.csv, not wrist_and_palm_poses.csv",
        )  # fmt: skip
    values = []
    for number, cells in enumerate(rows, 2):
        if len(cells) != len(header):
            raise InputError(
                path,
                f"row {number}",
                f"{len(cells)} of {len(header)} cells",
                "truncated?",
            )
        try:
            values.append([float(cells[columns[name]]) for name in wanted])
        except ValueError as error:
            raise InputError(path, f"row {number}", f"no number ({error})") from error
    if not values:
        raise InputError(path, "", "no rows below the header", "fetch it again")
    return values, len(wanted)


SOURCE = Source(
    name="aria",
    title="Project Aria MPS hand tracking",
    open=read,
    find=find,
    sniff=sniff,
    fps=None,
    notes="Give hand_tracking_results.csv or a folder. Wrist paths contain the motion of "
    "the head; the thumb's CMC is estimated.",
)
