"""HOT3D sequences by their UmeTrack poses: full joints without MANO.

One folder per sequence with `umetrack_hand_pose_trajectory.jsonl` and the user's hand
profile; `hot3d_mano` reads the MANO poses of the same folders. Facts of the format:
facebookresearch/hot3d. Aria sequences hold two rows per frame, less than 0.1 ms apart,
one per camera clock: they are merged.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import InputError
from training.data.raw import RawMotion
from training.data.sources import files, recording
from training.data.sources.source import Source
from training.data.sources.umetrack import HINGES, UmeTrackHand

TRAJECTORY = "umetrack_hand_pose_trajectory.jsonl"
PROFILE = "umetrack_hand_user_profile.json"
MASK = "masks/mask_hand_pose_available.csv"
SAME_FRAME = 0.005
"""Rows closer than this are one frame on two camera clocks [s]."""


def find(path: Path) -> list[Path]:
    """Sequence folders below `path`."""
    path = path.parent if path.name == TRAJECTORY else path
    found = files.below(path, TRAJECTORY, f"*/{TRAJECTORY}", f"*/*/{TRAJECTORY}")
    return [file.parent for file in found]


def sniff(path: Path) -> bool:
    """Whether there is a UmeTrack trajectory."""
    return bool(find(path))


def read(path: Path) -> Iterator[RawMotion]:
    """The motion of one sequence folder.

    Raises:
        InputError: A file is missing or damaged; no hand poses.
    """
    file = path / TRAJECTORY
    meta = metadata(path)
    hand = UmeTrackHand.load(path / PROFILE)
    stamps, rows = poses(file)
    masked = masked_stamps(path / MASK)
    joints = np.full((len(rows), 2, 21, 3), np.nan)
    confidence = np.zeros((len(rows), 2))
    for side in range(2):
        seen = [k for k, row in enumerate(rows) if str(side) in row]
        seen = [k for k in seen if stamps[k] not in masked]
        if not seen:
            continue
        found = [_pose(file, f"row {k}, hand {side}", rows[k][str(side)]) for k in seen]
        angles, turn, shift, sure = (np.array(part) for part in zip(*found))
        if side:  # the profile is a left hand; its mirror image is the right one
            turn = turn * [-1, 1, 1]
        local = hand.joints(angles)
        joints[seen, side] = np.einsum("tab,tjb->tja", turn, local) + shift[:, None]
        confidence[seen, side] = sure
    yield recording.motion(
        file, "hot3d", meta["name"], stamps * 1e-9 - stamps[0] * 1e-9, joints, confidence,
        same=SAME_FRAME,
        counts={"masked": sum(int(s) in masked for s in stamps)} if masked else {},
        group=meta["group"], licence=SOURCE.licence,
        details={"headset": meta["headset"], "thumb_cmc": "centre of the metacarpal's "
                 "hinge in the UmeTrack model"},
    )  # fmt: skip


def poses(file: Path) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Time stamps, (T,) int64 [ns], and hands of every row, "0" left and "1" right.

    Raises:
        InputError: Empty, as for test participants without ground truth, or damaged.
    """
    if file.exists() and file.stat().st_size == 0:
        raise InputError(
            file, "", "empty: this sequence has no hand poses",
            "test participants have none; leave it out",
        )  # fmt: skip
    stamps, rows = [], []
    for field, value in files.read_jsonl(file):
        row = files.record(file, field, value, "timestamp_ns", "hand_poses")
        if not isinstance(row["timestamp_ns"], int) or abs(row["timestamp_ns"]) > 2**62:
            raise InputError(file, f"{field}.timestamp_ns", "not a whole number of ns")
        stamps.append(row["timestamp_ns"])
        rows.append(files.record(file, f"{field}.hand_poses", row["hand_poses"]))
    return np.array(stamps, dtype=np.int64), rows


def metadata(path: Path) -> dict[str, str]:
    """The "name", "group" (participant) and "headset" of a sequence folder.

    Raises:
        InputError: `metadata.json` is there and damaged.
    """
    file = path / "metadata.json"
    held = files.record(file, "", files.read_json(file)) if file.exists() else {}
    name = str(held.get("recording_name", path.absolute().name))
    return {
        "name": name,
        "group": str(held.get("participant_id", name.split("_", maxsplit=1)[0])),
        "headset": str(held.get("headset", "")),
    }


def masked_stamps(file: Path) -> set[int]:
    """Time stamps [ns] at which the publisher says that no hand pose is available."""
    masked: set[int] = set()
    if not file.exists():
        return masked
    lines = files.read_lines(file)
    next(lines)
    for number, line in lines:
        cells = line.split(",")
        if len(cells) != 3 or not cells[0].isdigit():
            raise InputError(file, f"line {number}", "not time stamp, stream, mask")
        if cells[2].strip().lower() == "false":
            masked.add(int(cells[0]))
    return masked


def wrist_transform(file: Path, field: str, pose: Any) -> tuple[np.ndarray, np.ndarray]:
    """(3, 3) rotation and (3,) translation [m] of a hand's `wrist_xform`.

    Raises:
        InputError: It is missing or no transform.
    """
    pose = files.record(file, field, pose, "wrist_xform")
    place = files.record(file, field, pose["wrist_xform"], "t_xyz", "q_wxyz")
    turn = files.rotation(file, f"{field}.q_wxyz", place["q_wxyz"])
    return turn, files.numbers(file, f"{field}.t_xyz", place["t_xyz"], (3,))


def _pose(
    file: Path, field: str, pose: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    turn, shift = wrist_transform(file, field, pose)
    files.record(file, field, pose, "joint_angles")
    angles = files.numbers(file, f"{field}.joint_angles", pose["joint_angles"], (-1,))
    if len(angles) not in (HINGES - 2, HINGES):
        raise InputError(file, f"{field}.joint_angles", f"{len(angles)}, expected 22")
    if np.abs(angles).max() > 2 * np.pi:
        raise InputError(
            file, f"{field}.joint_angles", f"{np.abs(angles).max():.3g} rad: degrees?"
        )
    padded = np.zeros(HINGES)
    padded[: HINGES - 2] = angles[: HINGES - 2]  # the wrist's are in wrist_xform
    sure = files.numbers(
        file, f"{field}.hand_confidence", pose.get("hand_confidence", 1.0), ()
    )
    return padded, turn, shift, float(sure)


SOURCE = Source(
    name="hot3d",
    title="HOT3D (UmeTrack poses)",
    open=read,
    find=find,
    sniff=sniff,
    licence="HOT3D dataset licence (accepted on download)",
    notes="Give a sequence folder or a folder of them; no MANO model is needed. The "
    "UmeTrack landmarks lack the thumb's CMC, which the profile's hinge gives.",
)
