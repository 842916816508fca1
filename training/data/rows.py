"""A recording, cut into clips, as rows of the store and an entry of its ledger."""

import hashlib
import json
from typing import Any

import numpy as np

from training.data.corpus import CAPTIONS, clip_id
from training.data.fetch import UNSTATED
from training.data.raw import RawMotion
from training.data.windows import DUPLICATE, SPLITS, Clip, Cut, cut, split_of


def as_rows(
    raw: RawMotion, how: Cut, origin: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Clean and cut a recording.

    Args:
        raw: The recording.
        how: How clips are cut.
        origin: What `fetch.origin_of` knows of its folder; goes into the provenance.

    Returns:
        Its entry in the ledger, and one row per clip: the columns of `corpus.schema`,
        and the `recording` and `samples` that `without_known` needs.
    """
    result = cut(raw, how)
    digest = digest_of(raw)
    rows = [_row(raw, clip, how, digest, origin) for clip in result.clips]
    entry = {
        "source": raw.source,
        "name": raw.name,
        "group": raw.group or raw.name,
        "digest": digest,
        "seconds": float(raw.time[-1] - raw.time[0]),
        "samples": result.samples,
        "kept": sum(clip.samples for clip in result.clips),
        "dropped": result.dropped,
        "reader": {str(k): int(v) for k, v in raw.counts.items()},
        "notes": list(result.notes),
        "clips": [row["id"] for row in rows],
        "one_handed": sum(not all(clip.present) for clip in result.clips),
    }
    return entry, rows


def digest_of(raw: RawMotion) -> str:
    """A hash of everything in a recording that a clip depends on."""
    digest = hashlib.sha256(f"{raw.source}\0{raw.name}\0{raw.group}".encode())
    for array in (raw.time, raw.joints, raw.confidence):
        digest.update(np.ascontiguousarray(array).tobytes())
    text = {key: list(raw.text[key]) for key in sorted(raw.text)}
    digest.update(json.dumps([raw.up, raw.licence, text], default=_plain).encode())
    return digest.hexdigest()[:16]


def without_known(
    entries: list[dict[str, Any]], rows: list[dict[str, Any]], known: set[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Drop clips whose content is `known`, and say so in the entries; `known` grows."""
    fresh: list[dict[str, Any]] = []
    by_id = {}
    for row in rows:
        if row["id"] in known:
            by_id.setdefault(row["recording"], []).append(row)
        else:
            known.add(row["id"])
            fresh.append(row)
    changed = []
    for entry in entries:
        twice = by_id.get(entry["digest"], [])
        samples = sum(row["samples"] for row in twice)
        if twice:
            dropped = dict(entry["dropped"])
            if samples:
                dropped[DUPLICATE] = dropped.get(DUPLICATE, 0) + samples
            gone = {row["id"] for row in twice}
            fresh_here = [r["id"] for r in fresh if r["recording"] == entry["digest"]]
            entry = {
                **entry,
                "kept": entry["kept"] - samples,
                "dropped": dropped,
                "clips": [
                    c for c in entry["clips"] if c not in gone or c in fresh_here
                ],
            }
        changed.append(entry)
    return changed, fresh


def _row(
    raw: RawMotion, clip: Clip, how: Cut, digest: str, origin: dict[str, Any]
) -> dict[str, Any]:
    """The columns of a clip, and what `without_known` needs besides."""
    group = raw.group or raw.name
    official = raw.details.get("split")
    texts = {name: [str(t) for t in raw.text.get(name, ())] for name in CAPTIONS}
    length = float(raw.time[-1] - raw.time[0])
    # A caption of a whole recording need not be true of every window of it.
    scope = "clip" if length < (how.frames + 1) / how.fps else "recording"
    rate = 1 / float(np.median(np.diff(raw.time))) if len(raw.time) > 1 else 0.0
    provenance = {
        **origin,
        "details": dict(raw.details),
        "source_licence": raw.licence,
        "recording": digest,
        "recorded_at_hz": round(rate, 3),
        "rotation": clip.rotation.round(9).tolist(),
        "origin": clip.origin.round(6).tolist(),
    }
    return {
        "id": clip_id(clip.joints, how.fps, clip.present),
        "joints": clip.joints.reshape(len(clip.joints), -1),
        "fps": how.fps,
        "present": clip.present.tolist(),
        **texts,
        "caption_scope": scope if any(texts.values()) else "",
        "source": raw.source,
        "name": raw.name,
        "group": group,
        "split": official if official in SPLITS else split_of(raw.source, group),
        "licence": _licence(raw, origin),
        "gravity_known": raw.up is not None,
        "start": clip.start,
        "intensity": clip.intensity.tolist(),
        "provenance": json.dumps(provenance, sort_keys=True, default=_plain),
        "recording": digest,
        "samples": clip.samples,
    }


def _licence(raw: RawMotion, origin: dict[str, Any]) -> str:
    """What a fetched repository states, being about these very files, or the source.

    A clip that came into the repository from another data set is under both.
    """
    stated = str(origin.get("licence", UNSTATED))
    if stated == UNSTATED:
        return raw.licence
    original = raw.details.get("original")
    taken = original and original != raw.source
    return f"{stated}; {original}: {raw.licence}" if taken else stated


def _plain(value: Any) -> Any:
    """Numpy values and others as JSON."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
