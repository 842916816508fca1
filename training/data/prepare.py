"""A store of recordings made ready for training: shards with their texts encoded once.

    STORE/.training/<encoder>/train/shard_00000000 …

Each clip of two hands is taken with some of its captions, as triples: the first, then
evenly through its levels of detail. Every other one is turned to its mirror image, with
hands and words exchanged. What was done is said in `about.json`; the folder is made again
if the store has changed.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from handx_gen.errors import InputError
from handx_gen.kinematics.contacts import contact_track
from handx_gen.text import TextEncoder
from training.data.corpus import CAPTIONS, Store, StoredClip
from training.data.store import About, Shard, text_variant
from training.data.synthetic import encode_all
from training.data.words import swap_sides

CLIPS_PER_SHARD = 2_000


@dataclass(frozen=True)
class Prepared:
    """Shards that are ready.

    Attributes:
        folder: Of the shards.
        clips: Clips in them.
        left_out: Why other clips are not in them → how many.
    """

    folder: Path
    clips: int
    left_out: dict[str, int]


def wordings(clip: StoredClip, count: int) -> list[tuple[bool, list[str]]]:
    """Triples of a clip as (mirrored, texts by branch).

    Args:
        clip: With at least one caption.
        count: How many to take at most.
    """
    levels = max(len(clip.captions[name]) for name in CAPTIONS)
    chosen = np.linspace(0, levels - 1, min(count, levels)).round().astype(int)
    result = []
    for number, level in enumerate(chosen):
        left, right, relation = (
            captions[min(level, len(captions) - 1)] if captions else ""
            for captions in (clip.captions[name] for name in CAPTIONS)
        )
        # Which of them is mirrored differs from clip to clip, and is always the same.
        mirrored = (int(clip.id, 16) + number) % 2 == 1
        if mirrored:
            left, right, relation = map(swap_sides, (right, left, relation))
        result.append((mirrored, text_variant(left, right, relation)))
    return result


def _fingerprint(store: Store, encoder: str, split: str, count: int) -> str:
    files = [page["files"] for page in store.ledger()]
    content = json.dumps([files, encoder, split, count], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _usable(
    clips: Iterator[StoredClip], frames: int, left_out: Counter[str]
) -> Iterator[StoredClip]:
    for clip in clips:
        if not clip.motion.present.all():
            left_out["one hand only"] += 1
        elif len(clip.motion.joints) != frames:
            left_out[f"not {frames} frames"] += 1
        elif not any(clip.captions.values()):
            left_out["no caption"] += 1
        else:
            yield clip


def touching(clip: StoredClip) -> np.ndarray:
    """Which pairs touch, (T, P) bool."""
    return contact_track(clip.motion.joints).mask


def _shard(
    clips: list[StoredClip],
    encoder: TextEncoder,
    count: int,
    contacts: Callable[[StoredClip], np.ndarray],
) -> Shard:
    rows = [
        (number, mirrored, texts)
        for number, clip in enumerate(clips)
        for mirrored, texts in wordings(clip, count)
    ]
    distinct = sorted({text for *_, texts in rows for text in texts if text})
    index = {text: i for i, text in enumerate(distinct)} | {"": -1}
    states = encode_all(encoder, distinct)
    return Shard(
        np.stack([clip.motion.joints for clip in clips]),
        np.stack([contacts(clip) for clip in clips]),
        np.array([number for number, *_ in rows], np.int32),
        np.array([mirrored for _, mirrored, _ in rows]),
        np.array([[index[t] for t in texts] for *_, texts in rows], np.int32),
        np.concatenate(states),
        np.cumsum([0, *map(len, states)]).astype(np.int64),
        tuple(distinct),
        tuple(() for _ in clips),
    )


def prepare(
    store: Store,
    encoder: TextEncoder,
    split: str = "train",
    count: int = 2,
    report: Callable[[int], None] = lambda clips: None,
    contacts: Callable[[StoredClip], np.ndarray] = touching,
) -> Prepared:
    """Make the shards of a split, or find them made.

    Args:
        store: The store.
        encoder: Text encoder.
        split: One of the store's.
        count: Wordings of a clip, at most.
        report: Called with the number of clips done.
        contacts: Finds a clip's contacts.

    Raises:
        InputError: No clip of the split can be used.
    """
    name = encoder.name.replace("/", "_")
    folder = store.folder / ".training" / name / split
    stamp = _fingerprint(store, encoder.name, split, count)
    done = folder / "done.json"
    if done.exists():
        content = json.loads(done.read_text())
        if content["fingerprint"] == stamp:
            return Prepared(folder, content["clips"], content["left_out"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    frames, fps = int(store.cut["frames"]), float(store.cut["fps"])
    left_out: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    made = 0
    usable = _usable(store.clips(split), frames, left_out)
    while waiting := list(islice(usable, CLIPS_PER_SHARD)):
        _shard(waiting, encoder, count, contacts).save(folder, made)
        sources.update(clip.source for clip in waiting)
        made += len(waiting)
        report(made)
    if not made:
        why = ", ".join(f"{n} with {reason}" for reason, n in left_out.items())
        raise InputError(
            store.folder, split, f"no clip can be trained on ({why or 'it is empty'})",
            "write captions: handx annotate STORE",
        )  # fmt: skip
    named = ", ".join(f"{source} ({n} clips)" for source, n in sorted(sources.items()))
    About(f"recordings: {named}", encoder.name, fps).save(folder)
    content = {"fingerprint": stamp, "clips": made, "left_out": dict(left_out)}
    partial = folder / "done.partial"
    partial.write_text(json.dumps(content, indent=1) + "\n")
    partial.replace(done)
    return Prepared(folder, made, dict(left_out))
