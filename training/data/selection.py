"""Clips of one store chosen into another: `handx data filter`.

A page of the old store becomes a page of the new one, written like an import's: data
first, then the page of the ledger. So a run that was stopped goes on where it was, and
clips that the new store has already are not added again.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from handx_gen.errors import InputError
from training.data.corpus import CAPTIONS, Store
from training.data.quality import Limits
from training.data.statistics import hands_touch
from training.data.windows import DUPLICATE, SPLITS, Cut, moves_enough

Range = tuple[float, float]
ANY: Range = (0.0, float("inf"))


@dataclass(frozen=True)
class Choice:
    """Which clips are taken; a clip must meet every condition.

    Attributes:
        splits, sources: Names of which its split and source are one; empty takes all.
            The source is also the data set that a collection took the clip from.
        hands: "both", "left" or "right": those that must be there.
        seconds: Shortest and longest duration [s].
        intensity: Range of the mean weighted joint speed of its hands [deg/s].
        paper: Whether it must pass the paper's filter of intensity.
        contact: Range of the share of frames in which the hands touch (the paper's rule).
            A clip of one hand has none.
        clean: Least share of its recording that was kept when it was imported.
        gravity: Whether its recording must have known gravity.
        captioned: Whether it must have a caption.
        text: Regular expression that one of its captions must match, in any case.

    Raises:
        InputError: An unknown split, an empty range, or a pattern that is none.
    """

    splits: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    hands: Literal["any", "both", "left", "right"] = "any"
    seconds: Range = ANY
    intensity: Range = ANY
    paper: bool = False
    contact: Range = ANY
    clean: float = 0.0
    gravity: bool = False
    captioned: bool = False
    text: str = ""

    def __post_init__(self) -> None:
        for split in self.splits:
            if split not in SPLITS:
                raise InputError("--split", "", f"{split!r}", f"choose of {SPLITS}")
        for name in ("seconds", "intensity", "contact"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:  # also false for NaN
                raise InputError(
                    f"--{name}", "", f"{low:g} to {high:g}",
                    "give the smaller bound first, and none below 0",
                )  # fmt: skip
        if not 0 <= self.clean <= 1:
            raise InputError("--clean", "", f"{self.clean:g}", "give a share, 0 to 1")
        try:
            re.compile(self.text)
        except re.error as error:
            raise InputError(
                "--text", "", f"{self.text!r} is no pattern ({error})",
                "escape signs such as ( and * with a backslash",
            ) from error  # fmt: skip

    def refusal(self, row: dict[str, Any], clean: float) -> str:
        """Why a clip is not taken: the first condition it fails, or "".

        Args:
            row: Its columns, `joints` as (frames, 2, 21, 3) [m].
            clean: Share of its recording that was kept.
        """
        if self.splits and row["split"] not in self.splits:
            return f"split {row['split']}"
        if self.sources and not {row["source"], original_of(row)} & {*self.sources}:
            return f"source {original_of(row) or row['source']}"
        present = np.array(row["present"], bool)
        wanted = {"any": (), "both": (0, 1), "left": (0,), "right": (1,)}[self.hands]
        if not all(present[side] for side in wanted):
            return "a hand is not there"
        if not _within(len(row["joints"]) / row["fps"], self.seconds):
            return "duration"
        if clean < self.clean:
            return "recording not clean enough"
        if self.gravity and not row["gravity_known"]:
            return "gravity not known"
        speed = np.array(row["intensity"])
        if not _within(float(speed[present].mean()), self.intensity):
            return "intensity"
        if self.paper and not moves_enough(speed):
            return "the paper's filter of intensity"
        texts = [text for name in CAPTIONS for text in row[name] if text]
        if self.captioned and not texts:
            return "no caption"
        if self.text and not any(
            re.search(self.text, text, re.IGNORECASE) for text in texts
        ):
            return "no caption with the text"
        if self.contact != ANY:
            share = hands_touch(row["joints"]).mean() if present.all() else 0.0
            if not _within(float(share), self.contact):
                return "contact"
        return ""


@dataclass
class Chosen:
    """What a filter did.

    Attributes:
        clips, kept: Clips met and clips in the new store.
        frames, kept_frames: The same in frames.
        before: Clips met by an earlier run; they are counted above too.
        dropped: Reason → clips.
    """

    clips: int = 0
    kept: int = 0
    frames: int = 0
    kept_frames: int = 0
    before: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, page: dict[str, Any], before: bool = False) -> None:
        """Count a page of the new ledger."""
        for entry in page["recordings"]:
            met = len(entry["clips"]) + sum(entry["refused"].values())
            self.clips += met
            self.before += met * before
            self.kept += len(entry["clips"])
            self.frames += entry["samples"]
            self.kept_frames += entry["kept"]
            self.dropped.update(entry["refused"])


def choose(
    old: Path,
    new: Path,
    choice: Choice,
    report: Callable[[Chosen], None] = lambda chosen: None,
) -> Chosen:
    """Copy the clips of a store that meet a choice into another store.

    Rows are copied as they are; only the ledger is new.

    Args:
        old: The store.
        new: The other; made if need be. It holds one choice of one store.
        choice: What is taken.
        report: Called after every shard.

    Raises:
        InputError: `old` is no store or has none of the sources, `new` is the same
            store or holds something else, or a shard is damaged.
    """
    store = Store(old)
    if new.exists() and new.resolve() == old.resolve():
        raise InputError(new, "--out", "is the store itself", "choose another folder")
    if choice.sources:
        rows = store.dataset().select_columns(["source", "provenance"])
        known = {name for row in rows for name in (row["source"], original_of(row))}
        unknown = sorted(set(choice.sources) - known)
        if unknown:
            raise InputError(
                "--source", "", f"no {', '.join(unknown)} in {old}",
                f"choose of {sorted(known - {''})}",
            )  # fmt: skip
    how = Cut(**{**store.cut, "limits": Limits(**store.cut["limits"])})
    asked = json.loads(json.dumps({"of": str(old.resolve()), **asdict(choice)}))
    target = Store.create(new, how, asked)
    chosen = Chosen()
    with target.writing():
        pages = target.ledger()
        done = {stamp: page for page in pages for stamp in page["finished"]}
        ids = {
            name for page in pages for e in page["recordings"] for name in e["clips"]
        }
        for page in store.ledger():
            stamp = _stamp(page)
            if stamp in done:
                chosen.add(done[stamp], before=True)
            else:
                entries, rows = _from_page(store, page, choice, ids)
                target.append(entries, rows, {stamp: [e["digest"] for e in entries]})
                chosen.add({"recordings": entries})
            report(chosen)
    return chosen


def _from_page(
    store: Store, page: dict[str, Any], choice: Choice, ids: set[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Entries and rows of the new store's page; `ids` grows by the clips taken."""
    taken: list[dict[str, Any]] = []
    entries = {
        entry["digest"]: {
            **entry, "samples": 0, "kept": 0, "dropped": {}, "refused": {},
            "clips": [], "one_handed": 0,
        }
        for entry in page["recordings"]
    }  # fmt: skip
    clean = {e["digest"]: e["kept"] / max(1, e["samples"]) for e in page["recordings"]}
    for row in store.rows(page["files"]):
        digest = json.loads(row["provenance"])["recording"]
        entry, frames = entries[digest], len(row["joints"])
        entry["samples"] += frames
        why = choice.refusal(row, clean[digest])
        why = why or (DUPLICATE if row["id"] in ids else "")
        if why:
            entry["refused"][why] = entry["refused"].get(why, 0) + 1
            entry["dropped"][why] = entry["dropped"].get(why, 0) + frames
            continue
        ids.add(row["id"])
        entry["kept"] += frames
        entry["clips"].append(row["id"])
        entry["one_handed"] += not all(row["present"])
        taken.append(row)
    return list(entries.values()), taken


def original_of(row: dict[str, Any]) -> str:
    """The data set from which a collection such as HandX took a clip, or ""."""
    return str(json.loads(row["provenance"])["details"].get("original", ""))


def _stamp(page: dict[str, Any]) -> str:
    """A mark of a page that changes with its shards."""
    files = sorted((name, about["sha256"]) for name, about in page["files"].items())
    entries = [entry["digest"] for entry in page["recordings"]]
    return hashlib.sha256(json.dumps([files, entries]).encode()).hexdigest()[:16]


def _within(value: float, bounds: Range) -> bool:
    return bounds[0] <= value <= bounds[1]
