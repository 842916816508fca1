"""Captions for a whole store or folder: resumable, bounded, nothing lost or doubled.

Every finished clip is at once a line of a journal (or a file beside its motion), so that
a run that is stopped goes on where it was. A store's shards get their captions at the
end, one after the other, each written anew and then exchanged.
"""

import fcntl
import functools
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from handx_gen.captions import grammar
from handx_gen.captions.dialogue import CaptionError
from handx_gen.captions.llm import EndpointWriter
from handx_gen.captions.local import LocalWriter
from handx_gen.captions.schema import CaptionSet
from handx_gen.endpoint import Endpoint
from handx_gen.errors import InputError
from handx_gen.kinematics.timeline_events import timeline
from handx_gen.motion import BimanualMotion
from training.data.parallel import ordered_map

Task = tuple[str, BimanualMotion]
COUNTS = ("requests", "retries", "prompt_tokens", "completion_tokens", "cached")


@dataclass(frozen=True)
class Writing:
    """Who writes the captions.

    Attributes:
        backend: "grammar" needs nothing, "http" asks an endpoint, "local" a model here.
        endpoint: For "http".
        cache: Folder of answers by content, for "http".
        model, revision, device: For "local".
        seed: Varies the wording.
    """

    backend: Literal["grammar", "http", "local"] = "grammar"
    endpoint: Endpoint | None = None
    cache: Path | None = None
    model: str = ""
    revision: str | None = None
    device: str = "cpu"
    seed: int = 0

    @property
    def name(self) -> str:
        """What the captions' source begins with, and whose journal is gone on with."""
        if self.backend == "http":
            assert self.endpoint is not None
            return f"http:{self.endpoint.model}"
        if self.backend == "local":
            return f"local:{self.model.rstrip('/').split('/')[-1]}"
        return "grammar"


@dataclass(frozen=True)
class Outcome:
    """What became of one clip.

    Attributes:
        id: The clip.
        captions: Its captions, None if there are none.
        problem: Why not.
        replaced: Levels that the verifier refused and the grammar wrote instead.
        spent: Counts of `llm.Usage`, in the order of `COUNTS`.
    """

    id: str
    captions: CaptionSet | None
    problem: str = ""
    replaced: int = 0
    spent: tuple[int, ...] = (0,) * len(COUNTS)


@dataclass
class Tally:
    """What a run did.

    Attributes:
        before: Clips that had their captions already.
        written: Clips captioned in this run.
        failed: Id → why a clip has none; the next run tries again.
        replaced: Levels refused by the verifier, written by the grammar instead.
        unverified: Levels that stay although the verifier refuses them.
        spent: Sums of `COUNTS`.
    """

    before: int = 0
    written: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    replaced: int = 0
    unverified: int = 0
    spent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))


class Clips(Protocol):
    """Clips that want captions, and a place that keeps them."""

    def done(self, name: str) -> set[str]:
        """Ids that the writer `name` has captioned already."""
        ...

    def tasks(self) -> Iterator[Task]:
        """All clips: id and motion."""
        ...

    def keep(self, clip: str, name: str, captions: CaptionSet) -> None:
        """Keep one clip's captions, durably."""
        ...

    def finish(self, name: str) -> None:
        """Called once at the end."""
        ...

    def lock(self) -> Path:
        """File that one run at a time may hold."""
        ...


def annotate(
    clips: Clips,
    how: Writing,
    workers: int = 4,
    ray: bool = False,
    report: Callable[[Tally], object] = lambda tally: None,
) -> Tally:
    """Caption every clip that has none yet from this writer.

    Args:
        clips: The clips.
        how: Who writes.
        workers: Requests under way at once ("http"), else processes.
        ray: Spread the work over a Ray cluster.
        report: Called after every clip.

    Raises:
        InputError: Another run holds the lock; a model cannot be loaded.
        EndpointError: The endpoint refuses for good; what was done is kept.
    """
    tally = Tally()
    with _alone(clips.lock()):
        done = clips.done(how.name)
        tally.before = len(done)
        tasks = (task for task in clips.tasks() if task[0] not in done)
        try:
            for outcome in _outcomes(how, tasks, workers, ray):
                _count(tally, outcome)
                if outcome.captions is not None:
                    clips.keep(outcome.id, how.name, outcome.captions)
                report(tally)
        finally:
            clips.finish(how.name)
    return tally


def caption(how: Writing, task: Task) -> Outcome:
    """Caption one clip; levels that do not hold are written by the grammar instead."""
    clip, motion = task
    seed = how.seed + int(hashlib.sha256(clip.encode()).hexdigest()[:6], 16)
    spent = (0,) * len(COUNTS)
    try:
        events = timeline(motion)
        if how.backend == "grammar":
            found = grammar.write(events, seed)
        elif how.backend == "local":
            found = _local(how.model, how.revision, how.device).write(events, seed)
        else:
            assert how.endpoint is not None
            writer = EndpointWriter(how.endpoint, how.cache)
            try:
                found = writer.write(events, seed)
            finally:
                spent = tuple(getattr(writer.usage, name) for name in COUNTS)
    except CaptionError as error:
        return Outcome(clip, None, str(error), spent=spent)
    except InputError as error:
        if how.backend == "local" and error.where.startswith("--"):
            raise
        return Outcome(clip, None, str(error), spent=spent)
    if how.backend == "grammar" or all(found.verified):
        return Outcome(clip, found, spent=spent)
    own = grammar.write(events, seed)
    swap = [not old and new for old, new in zip(found.verified, own.verified)]
    mended = replace(
        found,
        levels=tuple(b if s else a for a, b, s in zip(found.levels, own.levels, swap)),
        verified=tuple(v or s for v, s in zip(found.verified, swap)),
        source=f"{found.source}+grammar" if any(swap) else found.source,
    )
    return Outcome(clip, mended, replaced=sum(swap), spent=spent)


@functools.lru_cache(maxsize=1)
def _local(model: str, revision: str | None, device: str) -> LocalWriter:
    return LocalWriter(model, revision, device)


def _count(tally: Tally, outcome: Outcome) -> None:
    for name, value in zip(COUNTS, outcome.spent):
        tally.spent[name] += value
    if outcome.captions is None:
        tally.failed[outcome.id] = outcome.problem
    else:
        tally.written += 1
        tally.replaced += outcome.replaced
        tally.unverified += sum(not ok for ok in outcome.captions.verified)


def _outcomes(
    how: Writing, tasks: Iterator[Task], workers: int, ray: bool
) -> Iterator[Outcome]:
    work = functools.partial(caption, how)
    if how.backend == "http" and not ray:
        return _over_threads(work, tasks, workers)
    # A model on this machine is loaded once, not once per process.
    return ordered_map(work, tasks, 1 if how.backend == "local" else workers, ray)


def _over_threads(
    work: Callable[[Task], Outcome], tasks: Iterator[Task], workers: int
) -> Iterator[Outcome]:
    """Outcomes as they come, at most `workers` under way: a slow one holds up no other."""
    pending: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for task in tasks:
                pending.add(pool.submit(work, task))
                if len(pending) >= workers:
                    ready, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from _results(ready, pending)
            while pending:
                ready, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from _results(ready, pending)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _results(
    ready: set[Future[Outcome]], pending: set[Future[Outcome]]
) -> Iterator[Outcome]:
    """Results of finished futures; an error comes after all that could be had."""
    failures = [f.exception() for f in ready if f.exception() is not None]
    yield from (f.result() for f in ready if f.exception() is None)
    if failures:
        last, _ = wait(pending)
        pending.clear()
        yield from (f.result() for f in last if f.exception() is None)
        assert failures[0] is not None
        raise failures[0]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                path.parent, "", "another run annotates this", "wait for it"
            ) from error
        yield


class Journal:
    """Captions by clip id, one JSON line each, as durable as the disk is.

    Args:
        path: The file; a line that was cut off by a crash is dropped.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, CaptionSet]:
        """All complete lines; the last one of an id counts."""
        if not self.path.exists():
            return {}
        whole = self.path.read_bytes()
        kept = whole[: whole.rfind(b"\n") + 1]
        if len(kept) < len(whole):
            with open(self.path, "r+b") as stream:
                stream.truncate(len(kept))
        found = {}
        for number, line in enumerate(kept.decode("utf-8").splitlines(), 1):
            try:
                entry = json.loads(line)
                found[entry["id"]] = CaptionSet.from_json(entry["captions"], self.path)
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    self.path, f"line {number}", f"damaged ({error})", "remove the line"
                ) from error
        return found

    def append(self, clip: str, captions: CaptionSet) -> None:
        """Add one line and wait until it is on the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(
            {"id": clip, "captions": captions.to_json()}, ensure_ascii=False
        )
        with open(self.path, "a", encoding="utf-8") as stream:
            stream.write(line + "\n")
            stream.flush()
            os.fsync(stream.fileno())


def file_name(writer: str) -> str:
    """A writer's name as a file name."""
    return re.sub(r"[^\w.+-]", "_", writer)
