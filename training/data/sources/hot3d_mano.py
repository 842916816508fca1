"""HOT3D sequences by their MANO poses, through a model file that the user supplies.

`pose` holds 15 principal components to which smplx adds the mean
(`flat_hand_mean=False`); `wrist_xform` holds smplx's `global_orient` and `transl`, so that
its translation is not the wrist. The left model's shape error is mended, as HOT3D's own
tools do. `hot3d` reads the same folders without MANO. (facebookresearch/hot3d)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import InputError
from handx_gen.mano import ManoHand, joints, require
from handx_gen.mano_file import SHAPES, load_mano
from handx_gen.mano_fit import axis_angle
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import files, hot3d, recording
from training.data.sources.source import Source

TRAJECTORY = "mano_hand_pose_trajectory.jsonl"
COMPONENTS = 15


def find(path: Path) -> list[Path]:
    """Sequence folders below `path`.

    Raises:
        InputError: No MANO model is at hand.
        MissingExtra: torch or smplx is not installed.
    """
    found = _sequences(path)
    if found:
        require()
    return found


def _sequences(path: Path) -> list[Path]:
    path = path.parent if path.name == TRAJECTORY else path
    found = files.below(path, TRAJECTORY, f"*/{TRAJECTORY}", f"*/*/{TRAJECTORY}")
    return [file.parent for file in found]


def sniff(path: Path) -> bool:
    """Whether there is a MANO trajectory."""
    return bool(_sequences(path))


def read(path: Path) -> Iterator[RawMotion]:
    """The motion of one sequence folder.

    Raises:
        InputError: A file is missing or damaged; no hand poses.
    """
    file = path / TRAJECTORY
    meta = hot3d.metadata(path)
    stamps, rows = hot3d.poses(file)
    masked = hot3d.masked_stamps(path / hot3d.MASK)
    both = np.full((len(rows), 2, 21, 3), np.nan)
    for k, side in enumerate(SIDES):
        seen = [n for n, row in enumerate(rows) if str(k) in row]
        seen = [n for n in seen if stamps[n] not in masked]
        if not seen:
            continue
        found = [_pose(file, f"row {n}, hand {k}", rows[n][str(k)]) for n in seen]
        turn, shift, bend, betas = (np.array(part) for part in zip(*found))
        model = load_mano(side)
        pose = model.pose(bend, flat_hand_mean=False)
        hand = ManoHand(side, betas, axis_angle(turn), pose, shift)
        both[seen, k] = joints(hand, model)
    yield recording.motion(
        file, "hot3d-mano", meta["name"], (stamps - stamps[0]) * 1e-9, both,
        same=hot3d.SAME_FRAME,
        counts={"masked": sum(int(s) in masked for s in stamps)} if masked else {},
        group=meta["group"], licence=SOURCE.licence,
        details={"headset": meta["headset"], "flat_hand_mean": False},
    )  # fmt: skip


def _pose(
    file: Path, field: str, pose: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    turn, shift = hot3d.wrist_transform(file, field, pose)
    files.record(file, field, pose, "pose", "betas")
    bend = files.numbers(file, f"{field}.pose", pose["pose"], (COMPONENTS,))
    betas = files.numbers(file, f"{field}.betas", pose["betas"], (SHAPES,))
    if np.abs(bend).max() > 50 or np.abs(betas).max() > 50:
        raise InputError(file, field, "pose or betas far beyond any hand")
    return turn, shift, bend, betas


SOURCE = Source(
    name="hot3d-mano",
    title="HOT3D (MANO poses)",
    open=read,
    find=find,
    sniff=sniff,
    licence="HOT3D dataset licence (accepted on download)",
    notes="Give a sequence folder or a folder of them; needs the extra mano and the MANO "
    "model files in the folder that HANDX_MANO names. hot3d needs neither.",
)
