"""Jobs, what has happened to them, and how many may wait."""

import shutil
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from handx.server.requests import JobRequest
from handx_gen.errors import HandxError

State = Literal["queued", "running", "finished", "failed", "cancelled"]
ENDED = ("finished", "failed", "cancelled")

QUEUE_LIMIT = 8
"""Jobs that may wait."""

KEPT = 32
"""Ended jobs whose files are kept; older ones are forgotten."""

FILES = (
    "motion.npz", "trajectory.npz", "retarget.json", "rollout.npz", "report.json",
    "trajectory.mcap", "video.mp4", "candidates.json", "repair.json",
)  # fmt: skip
"""Names that a result may have; nothing else can be asked for."""


class QueueFull(HandxError):
    """Too many jobs wait."""


@dataclass(eq=False)
class Job:
    """One request on its way; changed only by its `JobBook`, under its lock.

    Attributes:
        id: 32 hexadecimal digits.
        request: What was asked.
        folder: Where its files go.
        created: Seconds since the epoch.
        state: Where it is.
        stage: What is being done ("generate", …).
        fraction: Of its stages that are done, 0 to 1.
        events: Everything that happened, numbered from 1.
        error: Why it failed, in words.
        result: What came out: verdicts, times, files.
    """

    id: str
    request: JobRequest
    folder: Path
    created: float
    state: State = "queued"
    stage: str = ""
    fraction: float = 0.0
    events: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    result: Mapping[str, Any] | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in ENDED

    def to_json(self) -> dict[str, Any]:
        """The job as the API shows it."""
        return {
            "id": self.id,
            "state": self.state,
            "stage": self.stage,
            "fraction": self.fraction,
            "created": self.created,
            "request": self.request.to_json(),
            "error": self.error,
            "result": self.result,
        }


class JobBook:
    """All jobs, in order; safe to use from any thread.

    Args:
        folder: Private folder for the files of the jobs.
        queue_limit: Jobs that may wait.
    """

    def __init__(self, folder: Path, queue_limit: int = QUEUE_LIMIT) -> None:
        self.folder, self.queue_limit = folder, queue_limit
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._changed = threading.Condition()

    def add(self, request: JobRequest) -> Job:
        """Queue a request.

        Raises:
            QueueFull: Too many jobs wait.
        """
        with self._changed:
            if len(self._queue) >= self.queue_limit:
                raise QueueFull(
                    f"{len(self._queue)} jobs wait already. Fix: ask again later"
                )
            name = uuid.uuid4().hex
            job = Job(name, request, self.folder / name, time.time())
            self._jobs[name] = job
            self._queue.append(job)
            self._note(job, "queued", f"{len(self._queue)} in the queue")
            self._forget()
            return job

    def get(self, name: str) -> Job | None:
        """A job by its id."""
        with self._changed:
            return self._jobs.get(name)

    def all(self) -> list[Job]:
        """Every job that is remembered, oldest first."""
        with self._changed:
            return list(self._jobs.values())

    def waiting(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return len(self._queue)

    def next(self, seconds: float) -> Job | None:
        """Take the next job, waiting for one up to `seconds`; it runs from now on."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue, seconds)
            if not self._queue:
                return None
            job = self._queue.popleft()
            job.state = "running"
            self._note(job, "running", "")
            return job

    def stage(self, job: Job, stage: str, fraction: float) -> None:
        """A stage of a running job begins."""
        with self._changed:
            if not job.ended:
                job.stage = stage
                job.fraction = max(job.fraction, min(1.0, fraction))
                self._note(job, "stage", stage)

    def end(
        self,
        job: Job,
        state: State,
        error: str = "",
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """A job has ended; what comes later is ignored."""
        with self._changed:
            if job.ended:
                return
            if job in self._queue:
                self._queue.remove(job)
            job.state, job.error, job.result = state, error, result
            if state == "finished":
                job.fraction = 1.0
            else:
                shutil.rmtree(job.folder, ignore_errors=True)
            self._note(job, state, error)

    def events_after(self, job: Job, number: int, seconds: float) -> list[dict]:
        """Events past `number`, waiting for one up to `seconds`."""
        with self._changed:
            self._changed.wait_for(
                lambda: len(job.events) > number or job.ended, seconds
            )
            return job.events[number:]

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait until `done` holds, looking again whenever a job changes."""
        with self._changed:
            return self._changed.wait_for(done, seconds)

    def _note(self, job: Job, kind: str, message: str) -> None:
        job.events.append({
            "number": len(job.events) + 1, "kind": kind, "stage": job.stage,
            "fraction": job.fraction, "time": time.time(), "message": message,
        })  # fmt: skip
        self._changed.notify_all()

    def _forget(self) -> None:
        """Drop the oldest ended jobs and their files."""
        ended = [job for job in self._jobs.values() if job.ended]
        for job in ended[: max(0, len(ended) - KEPT)]:
            del self._jobs[job.id]
            shutil.rmtree(job.folder, ignore_errors=True)
