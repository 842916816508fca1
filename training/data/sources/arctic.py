"""ARCTIC: `*.mano.npy`, pickled dictionaries of MANO parameters at 30 fps.

Per hand `rot` (T, 3), `pose` (T, 45) axis-angle, `trans` (T, 3) [m] and `shape` (10,).
ARCTIC's own code builds smplx with `flat_hand_mean=False` and the model files as they are:
`pose` is an offset from MANO's mean. The HandX paper read it as an offset from the flat
hand, with other tip vertices; `arctic-as-paper` repeats that. (zc-alexfan/arctic)
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import InputError
from handx_gen.mano import PAPER_TIP_VERTICES, TIP_VERTICES, ManoHand, joints, require
from handx_gen.mano_file import load_mano
from handx_gen.safe_pickle import load_npy
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import files, recording
from training.data.sources.source import Source

ENDING = ".mano.npy"


def find(path: Path) -> list[Path]:
    """The `*.mano.npy` files below `path`.

    Raises:
        InputError: No MANO model is at hand.
        MissingExtra: torch or smplx is not installed.
    """
    if path.is_file():
        found = [path] if path.name.endswith(ENDING) else []
    else:
        found = files.below(path, f"**/*{ENDING}")
    if found:
        require()
    return found


def sniff(path: Path) -> bool:
    """Whether there is a `*.mano.npy`, at the depths where the download has them."""
    if path.is_file():
        return path.name.endswith(ENDING)
    depths = (f"{'*/' * depth}*{ENDING}" for depth in range(6))
    return any(True for depth in depths for _ in path.glob(depth))


def read(path: Path, fps: float, as_paper: bool = False) -> Iterator[RawMotion]:
    """The motion of one file.

    Args:
        path: The file.
        fps: Its rate [Hz].
        as_paper: Take poses and tips as the HandX paper did.

    Raises:
        InputError: Damaged or hostile.
    """
    held = files.record(path, "", load_npy(path), *SIDES)
    found: dict[str, np.ndarray] = {}
    for side in SIDES:
        # The published left model's error is part of how ARCTIC was made: not mended.
        model = load_mano(side, mended=False)
        values = _hand(path, side, held[side])
        hand = ManoHand(
            side,
            values["shape"],
            values["rot"],
            model.pose(values["pose"], flat_hand_mean=as_paper),
            values["trans"],
        )
        tips = PAPER_TIP_VERTICES if as_paper else TIP_VERTICES
        found[side] = joints(hand, model, tips)
    if len(found["left"]) != len(found["right"]):
        counts = " and ".join(str(len(hand)) for hand in found.values())
        raise InputError(path, "rot", f"{counts} frames of the left and right hand")
    both = np.stack([found[side] for side in SIDES], 1)
    name = recording.loose_name(path)  # "s01/box_grab_01"
    yield recording.motion(
        path, "arctic-as-paper" if as_paper else "arctic", name,
        recording.steady(len(both), fps, path), both,
        group=name.split("/")[0], licence=SOURCE.licence,
        details={"flat_hand_mean": as_paper},
    )  # fmt: skip


def _hand(path: Path, side: str, value: Any) -> dict[str, np.ndarray]:
    value = files.record(path, side, value, "rot", "pose", "trans", "shape")
    widths = {"rot": 3, "pose": 45, "trans": 3}
    found = {
        name: files.numbers(path, f"{side}.{name}", value[name], (-1, width))
        for name, width in widths.items()
    }
    lengths = {name: len(array) for name, array in found.items()}
    frames = lengths["rot"]
    if frames == 0 or set(lengths.values()) != {frames}:
        raise InputError(path, side, f"rows {lengths}", "fetch the file again")
    # The format's description says one shape per frame, the files have one in all.
    shape = (frames, 10) if np.ndim(value["shape"]) == 2 else (10,)
    found["shape"] = files.numbers(path, f"{side}.shape", value["shape"], shape)
    return found


SOURCE = Source(
    name="arctic",
    title="ARCTIC",
    open=read,
    find=find,
    sniff=sniff,
    licence="ARCTIC dataset licence (non-commercial, no redistribution)",
    clock=False,
    notes="Give a *.mano.npy or a folder of them (raw_seqs); needs the extra mano and the "
    "MANO model files in the folder that HANDX_MANO names. Subject s03 has no ground "
    "truth. arctic-as-paper repeats the HandX paper's reading of the finger poses.",
)

AS_PAPER = replace(
    SOURCE,
    name="arctic-as-paper",
    title="ARCTIC, as the HandX paper read it",
    open=partial(read, as_paper=True),
    sniff=lambda path: False,  # chosen on purpose or not at all
)
