"""Recordings → store: cleaned in parallel, written in order, resumed where it stopped."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from handx_gen.errors import InputError
from training.data.corpus import Store
from training.data.fetch import origin_of
from training.data.parallel import ordered_map
from training.data.raw import RawMotion
from training.data.rows import as_rows, digest_of, without_known
from training.data.windows import Cut

BATCH_SAMPLES = 20_000
"""Samples per shard (10 MB of joints): what a stopped import has to do again."""

BATCH_BYTES = 32 << 20
"""Files up to this size are read where they are cleaned, together up to this size;
larger ones are read once, in this process, and handed on in pieces."""

BATCH_PARTS = 64


@dataclass(frozen=True)
class Task:
    """Recordings to clean, read already or still in their files.

    Attributes:
        recordings: Those that were read.
        source: Name of the source of `parts`.
        parts: (file or folder, stamp) that hold the others.
        fps: Rate of files without time stamps [Hz], if the user gave one.
        refused: Files that were found unreadable on the way, one line each.
        finished: Stamp of a file that ends with these recordings → digests of all its
            recordings.
    """

    recordings: tuple[RawMotion, ...] = ()
    source: str = ""
    parts: tuple[tuple[Path, str], ...] = ()
    fps: float | None = None
    refused: tuple[str, ...] = ()
    finished: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of a task: entries for the ledger, rows of clips, files by fate."""

    entries: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    refused: tuple[str, ...]
    finished: dict[str, list[str]]


@dataclass
class Tally:
    """What an import did.

    Attributes:
        recordings, empty: Recordings met, and those that gave no clip.
        before: Recordings that were in the store already; they are counted here too.
        again: Recordings that were met twice in this run; counted once elsewhere.
        samples, kept: Samples met and samples in clips.
        clips, one_handed: Clips, and how many of them have one hand.
        dropped: Reason → samples.
        reader: What the reader itself dropped or merged, reason → samples.
        notes: Complaint about a whole hand → recordings.
        refused: Files that cannot be read, one line each.
    """

    recordings: int = 0
    empty: int = 0
    before: int = 0
    again: int = 0
    samples: int = 0
    kept: int = 0
    clips: int = 0
    one_handed: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    reader: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    @property
    def kept_share(self) -> float:
        """Samples in clips over samples met."""
        return self.kept / self.samples if self.samples else 0.0

    def add(self, entry: dict[str, Any]) -> None:
        """Count one entry of the ledger."""
        self.recordings += 1
        self.empty += not entry["clips"]
        self.samples += entry["samples"]
        self.kept += entry["kept"]
        self.clips += len(entry["clips"])
        self.one_handed += entry["one_handed"]
        self.dropped.update(entry["dropped"])
        self.reader.update(entry["reader"])
        self.notes.update(entry["notes"])


Report = Callable[[Tally], None]


def import_source(
    source: str,
    path: Path,
    folder: Path,
    how: Cut | None = None,
    fps: float | None = None,
    workers: int = 1,
    ray: bool = False,
    report: Report = lambda tally: None,
) -> Tally:
    """Clean a source's files into the store at `folder`.

    What the store has already is left alone. The store comes out the same, row by row,
    for any number of workers, with and without Ray, and after any interruption.

    Args:
        source: Name of the format.
        path: File or folder.
        folder: The store; made if need be.
        how: How clips are cut.
        fps: Rate of files without time stamps [Hz], instead of the format's own.
        workers, ray: See `ordered_map`.
        report: Called after every shard.

    Raises:
        InputError: Unknown source, nothing to read, or a store of another cut.
    """
    from training.data.sources import SOURCES

    if source not in SOURCES:
        raise InputError(
            "SOURCE", "", f"unknown source {source!r}", f"choose of {sorted(SOURCES)}"
        )
    parts = SOURCES[source].recordings(path)
    if len(parts) == 1:  # a single bad file is met before anything is written
        next(SOURCES[source].read(parts[0], fps), None)
    how = how or Cut()
    store = Store.create(folder, how)

    def tasks(done: dict[str, Any], tally: Tally) -> Iterator[Task]:
        finished = {
            stamp: digests
            for stamp, digests in store.finished().items()
            if done.keys() >= set(digests)  # no page of the ledger was removed
        }
        waiting: list[tuple[Path, str]] = []
        size = 0
        for part in parts:
            stamp, more = _stamp(source, path, part, fps)
            if stamp in finished:
                for digest in finished[stamp]:
                    tally.before += 1
                    tally.add(done[digest])
                continue
            full = size + more > BATCH_BYTES or len(waiting) == BATCH_PARTS
            if waiting and full:
                yield Task(source=source, parts=tuple(waiting), fps=fps)
                waiting, size = [], 0
            if more > BATCH_BYTES:
                yield from _streamed(
                    SOURCES[source].read(part, fps), done, tally, stamp
                )
            else:
                waiting.append((part, stamp))
                size += more
        if waiting:
            yield Task(source=source, parts=tuple(waiting), fps=fps)

    return _import(tasks, store, how, workers, ray, origin_of(path), report)


def import_recordings(
    recordings: Iterable[RawMotion],
    store: Store,
    how: Cut,
    workers: int = 1,
    ray: bool = False,
    report: Report = lambda tally: None,
) -> Tally:
    """Clean recordings that are at hand into a store; as `import_source`."""

    def tasks(done: dict[str, Any], tally: Tally) -> Iterator[Task]:
        return _streamed(iter(recordings), done, tally, "")

    return _import(tasks, store, how, workers, ray, {}, report)


def _import(
    tasks: Callable[[dict[str, Any], Tally], Iterator[Task]],
    store: Store,
    how: Cut,
    workers: int,
    ray: bool,
    origin: dict[str, Any],
    report: Report,
) -> Tally:
    """Run the tasks and write their outcomes in order."""
    tally = Tally()
    with store.writing():
        known = store.recordings()
        done = {entry["digest"]: entry for entry in known}
        clips = {name for entry in known for name in entry["clips"]}
        met: set[str] = set()
        work = partial(process, how=how, origin=origin)
        for outcome in ordered_map(work, tasks(done, tally), workers, ray):
            tally.refused += outcome.refused
            entries = []
            for entry in outcome.entries:
                if entry["digest"] in done:  # its file was touched, or moved
                    tally.before += 1
                    tally.add(done[entry["digest"]])
                elif entry["digest"] in met:  # the same file lies there twice
                    tally.again += 1
                else:
                    met.add(entry["digest"])
                    entries.append(entry)
            new = {entry["digest"] for entry in entries}
            rows = [row for row in outcome.rows if row["recording"] in new]
            entries, rows = without_known(entries, rows, clips)
            if entries or outcome.finished:
                store.append(entries, rows, outcome.finished)
            for entry in entries:
                tally.add(entry)
            report(tally)
    return tally


def _streamed(
    recordings: Iterator[RawMotion], done: dict[str, Any], tally: Tally, stamp: str
) -> Iterator[Task]:
    """Tasks of about `BATCH_SAMPLES` samples; known recordings are only counted.

    Args:
        recordings: Of one file, in its order.
        done: Digest → entry of what the store has.
        tally: Where known recordings are counted.
        stamp: Of the file; "" if it is none.
    """
    batch: list[RawMotion] = []
    digests: list[str] = []
    samples = 0
    try:
        for raw in recordings:
            digests.append(digest_of(raw))
            entry = done.get(digests[-1])
            if entry is not None:
                tally.before += 1
                tally.add(entry)
                continue
            batch.append(raw)
            samples += len(raw.time)
            if samples >= BATCH_SAMPLES:
                yield Task(tuple(batch))
                batch, samples = [], 0
    except InputError as error:
        yield Task(tuple(batch), refused=(str(error),))
        return
    if batch or stamp:
        yield Task(tuple(batch), finished={stamp: digests} if stamp else {})


def process(task: Task, how: Cut, origin: dict[str, Any]) -> Outcome:
    """Read, clean and cut; runs in any process, with the same result everywhere.

    Args:
        task: The recordings.
        how: How clips are cut.
        origin: What is known of the folder: revision, licence where a recording states
            none, …
    """
    outcome = Outcome([], [], task.refused, dict(task.finished))
    refused: list[str] = []
    for raw in task.recordings:
        _add(outcome, *as_rows(raw, how, origin))
    for path, stamp in task.parts:
        from training.data.sources import SOURCES

        first = len(outcome.entries)
        try:
            for raw in SOURCES[task.source].read(path, task.fps):
                _add(outcome, *as_rows(raw, how, origin))
        except InputError as error:  # one bad file spoils no other
            refused.append(str(error))
        else:
            outcome.finished[stamp] = [e["digest"] for e in outcome.entries[first:]]
    return replace(outcome, refused=(*task.refused, *refused))


def _stamp(source: str, root: Path, part: Path, fps: float | None) -> tuple[str, int]:
    """A mark of a file or folder that changes with it, and its size [bytes]."""
    files = sorted(part.rglob("*")) if part.is_dir() else [part]
    digest = hashlib.sha256(f"{source}\0{fps}".encode())
    size = 0
    for file in files:
        if file.is_file():
            status = file.stat()
            size += status.st_size
            name = file.relative_to(root) if file != root else Path(file.name)
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16], size


def _add(outcome: Outcome, entry: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Put a recording's entry and rows into `outcome`."""
    outcome.entries.append(entry)
    outcome.rows.extend(rows)
