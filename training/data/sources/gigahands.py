"""GigaHands: keypoints in the world as one JSON array per video frame and hand.

`hand_poses/p<pid>-<scene>/keypoints_3d/<seq>/{left,right}.jsonl`; a row is 21 × (x, y,
z, confidence), all zero where nothing was processed, and `chosen_frames_*.json` beside
it lists the frames with a valid hand. (Facts: Kristen-Z/GigaHands and readers of it.)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from training.data.raw import RawMotion
from training.data.sources import files, orders, recording
from training.data.sources.source import Source

FPS = 30.0
KEYPOINTS = "keypoints_3d"
ANNOTATIONS = "annotations_v2.jsonl"
SKIPPED = ("None", "Buggy")
MAX_FRAMES = 1_000_000


def find(path: Path) -> list[Path]:
    """Sequence folders below `path`."""
    depths = ("", "*/", f"{KEYPOINTS}/*/", f"*/{KEYPOINTS}/*/", f"*/*/{KEYPOINTS}/*/")
    rows = files.below(path, *(f"{d}{side}.jsonl" for d in depths for side in SIDES))
    return sorted({row.parent for row in rows})


def sniff(path: Path) -> bool:
    """Whether there are sequence folders with rows of keypoints."""
    return path.is_dir() and bool(find(path))


def read(path: Path) -> Iterator[RawMotion]:
    """The motion of one sequence folder.

    Raises:
        InputError: A file is damaged, or its rows fit no list of frames.
    """
    chosen = {side: _chosen(path / f"chosen_frames_{side}.json") for side in SIDES}
    rows = {side: _rows(path / f"{side}.jsonl") for side in SIDES}
    frames = {
        side: frames_of_rows(
            path / f"{side}.jsonl", len(rows[side]), chosen[side], _union(chosen)
        )
        for side in SIDES
    }
    count = 1 + max(int(of.max(initial=-1)) for of in frames.values())
    joints = np.full((count, 2, 21, 3), np.nan)
    confidence = np.zeros((count, 2))
    counts = {}
    for k, side in enumerate(SIDES):
        seen = rows[side].any((1, 2))
        valid = seen.copy()
        if chosen[side] is not None:
            valid &= np.isin(frames[side], chosen[side])
        at = frames[side][valid]
        joints[at, k] = orders.to_handx(rows[side][valid][..., :3], orders.MEDIAPIPE)
        confidence[at, k] = rows[side][valid][..., 3].mean(-1)
        counts[f"not_processed_{side}"] = int((~seen).sum())
        counts[f"not_chosen_{side}"] = int((seen & ~valid).sum())
    scene = path.parent.parent.name if path.parent.name == KEYPOINTS else ""
    yield recording.motion(
        path, "gigahands", f"{scene or path.parent.name}/{path.name}",
        np.arange(count) / FPS, joints, confidence,
        counts={why: n for why, n in counts.items() if n}, group=scene.split("-")[0],
        licence=SOURCE.licence, details={"captions": _captions(path, scene)},
    )  # fmt: skip


def frames_of_rows(
    file: Path, count: int, chosen: np.ndarray | None, union: np.ndarray | None
) -> np.ndarray:
    """Which video frame each of `count` rows belongs to.

    Keypoints have a row per video frame up to the last chosen one; parameter files have
    one per frame of the sorted union of both hands' chosen frames, so that row k is not
    frame k; some have one per chosen frame of the hand. The number of rows tells.

    Args:
        file: For the message.
        count: Number of rows.
        chosen: Sorted frames in which this hand is valid; None if there is no list.
        union: Sorted frames in which either hand is.

    Returns:
        (count,) frame numbers, increasing.

    Raises:
        InputError: The number of rows fits none of these.
    """
    if count == 0 or chosen is None or union is None or count > union.max(initial=-1):
        return np.arange(count)
    if count == chosen.max(initial=-1) + 1:
        return np.arange(count)
    for listed in (union, chosen):
        if count == len(listed):
            return listed
    raise InputError(
        file, "", f"{count} rows for {len(chosen)} chosen frames up to frame "
        f"{chosen.max(initial=-1)} ({len(union)} with the other hand's)",
        "truncated? fetch it again",
    )  # fmt: skip


def _union(chosen: dict[str, np.ndarray | None]) -> np.ndarray | None:
    lists = [frames for frames in chosen.values() if frames is not None]
    return np.unique(np.concatenate(lists)) if lists else None


def _chosen(file: Path) -> np.ndarray | None:
    if not file.exists():
        return None
    frames = files.numbers(file, "", files.read_json(file), (-1,))
    whole = frames.astype(int)
    if (whole != frames).any() or (np.diff(whole) <= 0).any() or (whole < 0).any():
        raise InputError(
            file, "", "not a sorted list of frame numbers", "fetch it again"
        )
    if whole.max(initial=0) > MAX_FRAMES:
        raise InputError(file, "", f"frame {whole.max()} of a 30 fps video")
    return whole


def _rows(file: Path) -> np.ndarray:
    """(N, 21, 4) rows of a hand; none if the hand has no file or an empty one."""
    if not file.exists() or file.stat().st_size == 0:
        return np.zeros((0, 21, 4))
    rows = [
        files.numbers(file, field, value, (21, 4))
        for field, value in files.read_jsonl(file)
    ]
    return np.array(rows)


def _captions(path: Path, scene: str) -> tuple[dict[str, Any], ...]:
    """Descriptions of parts of the sequence: first and last frame, sentences."""
    parents = list(path.absolute().parents)[:5]
    file = next((p / ANNOTATIONS for p in parents if (p / ANNOTATIONS).exists()), None)
    if file is None:
        return ()
    found = []
    for field, value in files.read_jsonl(file):
        row = files.record(file, field, value, "scene", "sequence")
        sequence = row["sequence"]
        sequence = sequence[0] if isinstance(sequence, list) and sequence else sequence
        if (row["scene"], str(sequence)) != (scene, path.name):
            continue
        if str(row.get("clarify_annotation")) in SKIPPED:
            continue
        first, last = row.get("start_frame_id", 0), row.get("end_frame_id", -1)
        sentences = row.get("rewritten_annotation") or [row.get("clarify_annotation")]
        found.append({"first": first, "last": last, "sentences": sentences})
    return tuple(found)


SOURCE = Source(
    name="gigahands",
    title="GigaHands",
    open=read,
    find=find,
    sniff=sniff,
    notes="Give hand_poses, one p<pid>-<scene> folder, or one folder of keypoints_3d.",
)
