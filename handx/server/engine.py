"""`Engine`: keeps a worker process warm, hands it jobs, and outlives it."""

import shutil
import threading
import time
from typing import Literal

from handx.child import Child, WorkerDied
from handx.server.jobs import ENDED, Job, JobBook

CANCEL_GRACE = 3.0
"""The worker on a job that is called off may finish its stage for so long [s]. Stages
take one to three; starting again takes ten and more."""

JOB_SECONDS = 600.0
"""Longest time one job may take [s]."""

WARM_SECONDS = 300.0
"""Longest time until a new worker is ready [s]."""

TRIES = 3
"""A worker that dies this many times before it was ready is given up."""

Status = Literal["starting", "ready", "busy", "down"]


class Engine:
    """Runs the jobs of a book, one after another, in a process that stays warm.

    Args:
        book: Where jobs come from and are told about.
        device: Where a network runs.
    """

    def __init__(self, book: JobBook, device: str = "cpu") -> None:
        self.book, self.device = book, device
        self.status: Status = "starting"
        self.note = ""
        self.warm_seconds: float | None = None
        self.restarts = 0
        self._stop = threading.Event()
        self._process: Child | None = None
        self._thread = threading.Thread(target=self._serve, name="engine")

    def start(self) -> None:
        """Begin to warm up and to take jobs."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker; whatever was running is cancelled."""
        self._stop.set()
        self._thread.join()

    def cancel(self, job: Job) -> None:
        """Call a job off: it has ended at once; a worker on it stops where it can.

        The worker has `CANCEL_GRACE` to come to the end of its stage; then its process
        is ended, and another one warmed up.
        """
        self.book.end(job, "cancelled", "called off")

    def _serve(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                if self._process is None and not self._warm_up():
                    continue
                failures = 0
                self.status = "ready"
                job = self.book.next(0.2)
                if job is not None:
                    self.status = "busy"
                    self._run(job)
                else:
                    self._notice_death()
            except WorkerDied as error:
                failures += self.status == "starting"
                self._discard(str(error))
                if failures >= TRIES:
                    self._mourn(str(error))
        if self._process is not None:
            self._process.end()
        for job in self.book.all():
            self.book.end(job, "cancelled", "the engine was stopped")

    def _warm_up(self) -> bool:
        """Start a worker and wait for it; False if stopped meanwhile.

        Raises:
            WorkerDied: It did not live to be ready.
        """
        self.status = "starting"
        process = self._process = Child(
            "handx.server.worker", (self.device,), self.book.folder
        )
        ends = time.monotonic() + WARM_SECONDS
        while not self._stop.is_set():
            line = process.hear(0.2)
            if line is not None and line["kind"] == "ready":
                self.warm_seconds = line["seconds"]
                return True
            if line is not None and line["kind"] == "log":
                self.note = line["message"]
            if time.monotonic() > ends:
                raise WorkerDied(f"it was not ready after {WARM_SECONDS:.0f} s")
        return False

    def _notice_death(self) -> None:
        """A worker may die while it has nothing to do."""
        process = self._process
        if process is not None and process.process.poll() is not None:
            raise WorkerDied(process.epitaph())

    def _run(self, job: Job) -> None:
        """Give a job to the worker and pass on what it says, to the end."""
        process = self._process
        assert process is not None
        ends = time.monotonic() + JOB_SECONDS
        called_off = False
        stages = _stage_count(job)
        done = -1
        try:
            process.send({
                "kind": "job", "job": job.id, "request": job.request.to_json(),
                "folder": str(job.folder),
            })  # fmt: skip
            while not self._stop.is_set():
                line = process.hear(0.05)
                if line and line["kind"] == "stage":
                    done += 1
                    self.book.stage(job, line["stage"], done / stages)
                elif line and line["kind"] in ENDED:
                    self.book.end(
                        job, line["kind"], line.get("message", ""), line.get("result")
                    )
                    return
                if job.ended and not called_off:
                    called_off = True
                    ends = time.monotonic() + CANCEL_GRACE
                    process.send({"kind": "cancel", "job": job.id})
                if time.monotonic() > ends:
                    late = f"took longer than {JOB_SECONDS:.0f} s"
                    self.book.end(job, "failed", late)
                    self._discard(
                        "a job was called off in the middle of a long stage"
                        if called_off
                        else f"a job {late}"
                    )
                    return
        except WorkerDied as error:
            during = f" during {job.stage!r}" if job.stage else ""
            self.book.end(job, "failed", f"{error}{during}")
            raise
        finally:
            if job.state != "finished":
                # A worker that stopped late may have left some of its files.
                shutil.rmtree(job.folder, ignore_errors=True)

    def _discard(self, why: str) -> None:
        """End the worker; the next round of the loop warms up another."""
        if self._process is not None:
            self._process.end()
            self._process = None
        self.note, self.restarts = why, self.restarts + 1

    def _mourn(self, why: str) -> None:
        """No worker gets ready: fail what comes, in words, until stopped."""
        self.status = "down"
        while not self._stop.is_set():
            job = self.book.next(0.2)
            if job is not None:
                self.book.end(job, "failed", f"the engine does not start: {why}")


def _stage_count(job: Job) -> int:
    """How many stages its worker will announce, at most."""
    samples = job.request.samples
    tried = samples + 1 if samples > 1 else 1  # "auto" may add the procedural one
    return 2 + 2 * tried + job.request.video
