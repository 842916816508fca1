"""HandX's own files: `.npz` with one pickled dictionary per two-second clip.

Keys "0", "1", …; each entry holds `motion` (60, 2, 21, 3) [m] in HandX order and five
captions each for left, right and their relation. The pickles go through the allow-list
of `handx_gen.safe_pickle`, one clip at a time. The files store neither rate (30 fps) nor
the sequence that a clip was cut from: neighbours in the file with bones of one length and
of one source are taken for one group, so that a split does not part them. Which data set
a clip comes from is taken from the release's list, where it is there (`handx_origin`).
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen import safe_pickle
from handx_gen.errors import InputError
from handx_gen.skeleton import bone_lengths
from training.data.raw import RawMotion
from training.data.sources import files, recording
from training.data.sources.handx_origin import Origin, origins
from training.data.sources.source import Source

CAPTIONS = {
    "left": "left_annotation",
    "right": "right_annotation",
    "relation": "interaction_annotation",
}
PATTERN = "*can_pos*.npz"
_KEY = re.compile(r"\d+|(arctic|h2o)_\w+")
"""Of a clip; those that the release's merging script adds name their source."""

SAME_BONES = 0.01
"""Mean relative difference of bones up to which neighbours are one performer."""


def find(path: Path) -> list[Path]:
    """The archives in a folder, the MANO ones aside."""
    return [path] if path.is_file() else files.below(path, PATTERN, f"*/{PATTERN}")


def sniff(path: Path) -> bool:
    """Whether a file's entries are numbered, or a folder holds such archives."""
    if path.is_dir():
        return bool(find(path))
    try:
        names = safe_pickle.npz_names(path) if path.suffix == ".npz" else []
    except InputError:
        return False
    return bool(names) and all(_KEY.fullmatch(name) for name in names)


def read(path: Path, fps: float = 30.0) -> Iterator[RawMotion]:
    """The clips of one archive, in its order.

    Raises:
        InputError: The archive is damaged or holds no clips; or, after all good clips
            were handed out, how many were refused and why the first was.
    """
    split = path.stem.split("_")[0]
    group = clips = 0
    bones: np.ndarray | None = None
    known = origins(path, split, safe_pickle.npz_names(path))
    last = ""
    refused: list[tuple[str, InputError]] = []
    for key, clip in safe_pickle.load_npz(path):
        clips += 1
        try:
            joints = _joints(path, key, clip)
            own = np.median(bone_lengths(joints), axis=0)
            origin = known.get(key, Origin("", licence=SOURCE.licence))
            if bones is not None and origin.source != last:
                group += 1
            elif bones is not None:
                # A missing hand has no bones; hands present in both are compared.
                change = np.abs(own - bones) / bones
                change = change[np.isfinite(change)]
                group += int(not len(change) or change.mean() > SAME_BONES)
            bones, last = own, origin.source
            take = f"{origin.source}/{origin.sequence}" if origin.sequence else ""
            raw = recording.motion(
                path, "handx", f"{split}/{key}",
                recording.steady(len(joints), fps, path), joints,
                group=f"{split}/{take or group}", text=_captions(path, key, clip),
                up=(0.0, 0.0, 1.0), licence=origin.licence or SOURCE.licence,
                counts={} if origin.source else {"clips of unnamed origin": 1},
                details={
                    "split": split, "key": key, "fps": "nominal", **_told(origin),
                },
            )  # fmt: skip
        except InputError as error:
            refused.append((key, error))
            continue
        yield raw
    if not clips:
        raise InputError(path, "", "an archive without clips", "fetch it again")
    if refused:
        key, first = refused[0]
        raise InputError(
            path, first.field or key, f"{len(refused)} of {clips} clips refused, the "
            f"first, clip {key}: {first.problem}", first.fix,
        )  # fmt: skip


def _told(origin: Origin) -> dict[str, Any]:
    """What is known of a clip's origin, for its provenance."""
    told = {
        "original": origin.source, "original_sequence": origin.sequence,
        "original_frames": origin.frames,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}


def _joints(path: Path, key: str, clip: Any) -> np.ndarray:
    """(T, 2, 21, 3), NaN for an absent hand."""
    if not isinstance(clip, dict) or "motion" not in clip:
        held = sorted(map(str, clip))[:6] if isinstance(clip, dict) else type(clip)
        fix = "give *_can_pos_all_wotextfeat.npz"
        if isinstance(clip, dict) and "left_pose" in clip:
            fix += ", the joints that belong to these MANO parameters"
        raise InputError(path, key, f"no `motion` in it but {held}", fix)
    joints = files.numbers(path, f"{key}.motion", clip["motion"], (-1, 2, 21, 3)).copy()
    if not len(joints):
        raise InputError(path, f"{key}.motion", "no frames")
    absent = ~joints.any((0, 2, 3))
    joints[:, absent] = np.nan
    return joints


def _captions(path: Path, key: str, clip: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    text = {}
    for ours, theirs in CAPTIONS.items():
        values = clip.get(theirs, ())
        values = values.tolist() if isinstance(values, np.ndarray) else values
        values = [values] if isinstance(values, str) else values
        if not isinstance(values, Sequence) or not all(
            isinstance(value, str) for value in values
        ):
            raise InputError(path, f"{key}.{theirs}", "not a list of strings")
        if len(values):
            text[ours] = tuple(str(value) for value in values)
    return text


SOURCE = Source(
    name="handx",
    title="HandX",
    open=read,
    find=find,
    sniff=sniff,
    licence="per source: see LICENSE and THIRD_PARTY_NOTICES.md of the HandX release",
    clock=False,
    notes="Give *_can_pos_all_wotextfeat.npz or their folder. ARCTIC and H2O motion is "
    "not in the release: import those from their own downloads.",
)
