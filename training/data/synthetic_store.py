"""Synthetic clips into the store: made in parallel, written in order, resumed.

A row has the clip, captions of five levels from the events that were read back from it,
and in its provenance the teacher's own words: sentences, triple, program and requested
events. Seeds decide everything, so the store is the same, byte for byte, for any number
of workers and after any interruption.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.captions.grammar import write
from handx_gen.errors import InputError
from handx_gen.kinematics.timeline_events import timeline
from handx_gen.procedural.sample import FRAMES, SPLITS, SyntheticClip, synthesize
from training.data.corpus import CAPTIONS, Store, clip_id
from training.data.parallel import ordered_map
from training.data.windows import Cut, intensity

CHUNK = 100
"""Clips per shard: what a stopped run has to do again."""
SOURCE = "synthetic"
LICENCE = "Apache-2.0"


@dataclass
class Made:
    """What a run has made.

    Attributes:
        clips: Clips in the store, those of earlier runs included.
        before: Of these, made by earlier runs.
        primitives: Clips that have each primitive, of this run.
        verified: Captions of this run that the verifier passed, and all of them.
    """

    clips: int = 0
    before: int = 0
    primitives: Counter[str] = field(default_factory=Counter)
    verified: tuple[int, int] = (0, 0)


@cache
def fingerprint() -> str:
    """A hash of the code that decides what a seed gives: teacher and event reader."""
    import handx_gen

    digest = hashlib.sha256()
    root = Path(handx_gen.__file__).parent
    for folder in ("captions", "kinematics", "procedural"):
        for path in sorted((root / folder).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def synthesize_store(
    folder: Path,
    clips: int,
    seed: int = 0,
    split: str = "train",
    workers: int = 1,
    report: Callable[[Made], None] = lambda made: None,
) -> Made:
    """Make the clips of the seeds `seed` … `seed + clips − 1` that the store lacks.

    Args:
        folder: The store; made if need be.
        clips: How many seeds; a shard is written for every `CHUNK`.
        seed: The first seed.
        split: Of the teacher: one of `SPLITS`. Held-out ones go into the store's test
            split.
        workers: Processes.
        report: Called after every shard.

    Raises:
        InputError: The store holds clips of another teacher, or of recordings cut in
            another way.
    """
    if split not in SPLITS:
        raise InputError("--split", "", f"{split!r}", f"choose of {SPLITS}")
    if clips < 1 or seed < 0:
        raise InputError("--clips", "", f"{clips} from seed {seed}", "give 1 or more")
    store = Store.create(folder, Cut(FRAMES, 30.0))
    made = Made()
    with store.writing():
        _same_teacher(store)
        finished = store.finished()
        chunks = [
            (split, first, min(CHUNK, seed + clips - first), fingerprint())
            for first in range(seed, seed + clips, CHUNK)
        ]
        for chunk in chunks:
            if _stamp(chunk) in finished:
                made.before += chunk[2]
        made.clips = made.before
        todo = (chunk for chunk in chunks if _stamp(chunk) not in finished)
        for entry, rows in ordered_map(_make, todo, workers, False):
            store.append([entry], rows, {entry["digest"]: [entry["digest"]]})
            made.clips += len(rows)
            made.primitives.update(n for row in rows for n in _names(row))
            good, of = made.verified
            made.verified = (good + entry["reader"]["captions verified"],
                             of + entry["reader"]["captions"])  # fmt: skip
            report(made)
    return made


def _same_teacher(store: Store) -> None:
    for entry in store.recordings():
        teacher = str(entry["name"]).rpartition(" ")[2]
        if entry["source"] == SOURCE and teacher != fingerprint():
            raise InputError(
                store.folder, "--out",
                f"holds clips of another teacher ({teacher}, this is {fingerprint()})",
                "choose a new folder",
            )  # fmt: skip


Chunk = tuple[str, int, int, str]
"""Split, first seed, how many, and the teacher's fingerprint."""


def _name(chunk: Chunk) -> str:
    split, first, count, teacher = chunk
    return f"{split} {first}-{first + count - 1} by {teacher}"


def _stamp(chunk: Chunk) -> str:
    return hashlib.sha256(_name(chunk).encode()).hexdigest()[:16]


def _make(chunk: Chunk) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A chunk's entry in the ledger, and its rows."""
    split, first, count, teacher = chunk
    clips = (synthesize(first + k, split) for k in range(count))
    made = [row_of(clip, split, teacher) for clip in clips]
    rows = [row for row, _ in made]
    entry = {
        "source": SOURCE,
        "name": _name(chunk),
        "group": split,
        "digest": _stamp(chunk),
        "seconds": count * FRAMES / 30.0,
        "samples": count * FRAMES,
        "kept": count * FRAMES,
        "dropped": {},
        "reader": {
            "captions verified": sum(good for _, good in made),
            "captions": sum(len(row["left"]) for row in rows),
        },
        "notes": [],
        "clips": [row["id"] for row in rows],
        "one_handed": 0,
    }
    return entry, rows


def row_of(clip: SyntheticClip, split: str, teacher: str) -> tuple[dict[str, Any], int]:
    """A clip as a row of the store, and how many of its caption levels are verified."""
    captions = write(timeline(clip.motion), clip.seed)
    present = np.array([True, True])
    triple = {k: getattr(clip.triple, k) for k in ("left", "right", "relation")}
    provenance = {
        "model": "procedural teacher",
        "teacher": teacher,
        "teacher_split": split,
        "seed": clip.seed,
        "sentences": clip.sentences,
        "triple": triple,
        "program": [asdict(step) for step in clip.program.steps],
        "requested": [asdict(event) for event in clip.requested.events],
    }
    row = {
        "id": clip_id(clip.joints, 30.0, present),
        "joints": clip.joints.reshape(FRAMES, -1),
        "fps": 30.0,
        "present": [True, True],
        **{
            name: [getattr(level, name) for level in captions.levels]
            for name in CAPTIONS
        },
        "caption_scope": "clip",
        "source": SOURCE,
        "name": f"{split}/{clip.seed}",
        "group": split,
        "split": split if split in ("train", "val") else "test",
        "licence": LICENCE,
        "gravity_known": True,
        "start": 0.0,
        "intensity": intensity(clip.joints, 30.0).tolist(),
        "provenance": json.dumps(provenance, sort_keys=True),
    }
    return row, sum(captions.verified)


def stored_clips(store: Store, split: str) -> Iterator[dict[str, Any]]:
    """What a training run reads: joints, sentences, triple, program of each clip.

    Args:
        store: A store of synthetic clips.
        split: Of the teacher: one of `SPLITS`.
    """
    for clip in store.clips(split if split in ("train", "val") else "test"):
        told = clip.motion.provenance
        if told.get("teacher_split") == split:
            yield {"joints": clip.motion.joints, **told}


def _names(row: dict[str, Any]) -> set[str]:
    return {step["primitive"] for step in json.loads(row["provenance"])["program"]}
