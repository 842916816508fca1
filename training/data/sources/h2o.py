"""H2O: one text file per frame and camera, brought into the world by `cam_pose`.

`subject1/h1/0/cam4/hand_pose/000000.txt` holds 128 numbers: flag and 21 joints of the
left hand, then of the right, in metres in the frame of the camera, which for `cam4` sits
on the moving head. Flag 0 says that a hand was not annotated: its numbers mean nothing.
(Facts: taeinkwon/h2odataset.)
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from handx_gen.errors import InputError
from training.data.raw import RawMotion
from training.data.sources import files, orders, recording
from training.data.sources.source import Source

FPS = 30.0
CAMERAS = ("cam4", "cam0", "cam1", "cam2", "cam3")
VALUES = 128
MAX_FILE = 1 << 16
SPLITS = {
    "val": {("subject3", scene) for scene in ("k2", "o1", "o2")},
    "train": {("subject3", scene) for scene in ("h1", "h2", "k1")},
}


def find(path: Path) -> list[Path]:
    """Sequence folders below `path`; every camera of one shows the same motion."""
    while path.name in (*CAMERAS, "hand_pose"):
        path = path.parent
    found = []
    for depth in ("", "*/", "*/*/", "*/*/*/"):
        cameras = files.below(path, f"{depth}cam[0-4]/hand_pose")
        found += [folder.parent.parent for folder in cameras]
    return sorted(set(found), key=_place)


def sniff(path: Path) -> bool:
    """Whether there is a camera folder with hand poses."""
    return bool(find(path))


def read(path: Path) -> Iterator[RawMotion]:
    """The motion of one sequence, in the world's frame.

    Raises:
        InputError: A file of a frame is damaged, or no camera has poses.
    """
    camera = next(
        (path / c for c in CAMERAS if (path / c / "hand_pose").is_dir()), path
    )
    frames = _numbered(camera / "hand_pose")
    places = _numbered(camera / "cam_pose")
    if not places:
        raise InputError(
            camera / "cam_pose", "", "no camera poses, and this camera moves",
            "fetch H2O's cam_pose folders too",
        )  # fmt: skip
    indices = np.array(sorted(frames))
    joints = np.full((len(indices), 2, 21, 3), np.nan)
    counts = {"without_camera_pose": 0, "numbers_left_out": 0}
    for row, index in enumerate(indices):
        if index not in places:
            counts["without_camera_pose"] += 1
            continue
        T_world_camera = files.rigid(
            places[index], "", _values(places[index], 16, "camera pose")
        )
        values = _values(frames[index], VALUES, "hand poses").reshape(2, 64)
        if not np.isin(values[:, 0], (0, 1)).all():
            raise InputError(frames[index], "flag", f"{values[:, 0]}, expected 0 or 1")
        for side in np.flatnonzero(values[:, 0]):
            field = ("left", "right")[side]
            local = files.numbers(
                frames[index], field, values[side, 1:].reshape(21, 3), (21, 3)
            )
            world = local @ T_world_camera[:3, :3].T + T_world_camera[:3, 3]
            joints[row, side] = orders.to_handx(world, orders.MEDIAPIPE)
    counts["numbers_left_out"] = int(indices[-1] - indices[0] + 1 - len(indices))
    subject, scene, take = path.absolute().parts[-3:]
    split = "test" if subject == "subject4" else "train"
    for name, members in SPLITS.items():
        split = name if (subject, scene) in members else split
    yield recording.motion(
        camera / "hand_pose", "h2o", f"{subject}/{scene}/{take}", indices / FPS, joints,
        counts={why: n for why, n in counts.items() if n}, group=subject,
        licence=SOURCE.licence, details={"split": split, "camera": camera.name},
    )  # fmt: skip


def _place(path: Path) -> tuple[str, ...]:
    """Subject, scene and take, the take with its number first so that 10 follows 9."""
    parts = path.absolute().parts[-3:]
    return (*parts[:-1], parts[-1].zfill(4)) if parts[-1].isdigit() else parts


def _numbered(folder: Path) -> dict[int, Path]:
    """Frame number → file."""
    if not folder.is_dir():
        return {}
    return {int(f.stem): f for f in sorted(folder.glob("*.txt")) if f.stem.isdigit()}


def _values(file: Path, count: int, what: str) -> np.ndarray:
    text = files.read_text(file, MAX_FILE).split()
    try:
        values = np.array(text, dtype=float)
    except ValueError as error:
        raise InputError(
            file, "", f"not numbers ({error})", "fetch it again"
        ) from error
    if len(values) != count:
        raise InputError(
            file, "", f"{len(values)} numbers, {what} have {count}", "fetch it again"
        )
    return values


SOURCE = Source(
    name="h2o",
    title="H2O",
    open=read,
    find=find,
    sniff=sniff,
    licence="H2O's own terms (accepted on download)",
    notes="Give the folder of subject1 … subject4, or one sequence; hand_pose and "
    "cam_pose of one camera are enough.",
)
