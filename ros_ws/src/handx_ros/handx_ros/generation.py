"""One motion being made by the engine, watched from a thread of its own."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handx.streaming.engine_client import EngineClient, EngineError
from handx.streaming.errors import StreamError
from handx_ros.motions import FILES, Motions

RECONNECTIONS = 3
"""How often a broken event stream is taken up again."""


@dataclass(frozen=True)
class Progress:
    """How far it is.

    Attributes:
        stage: "queued", "generate", "retarget", "validate", "record".
        fraction: 0 to 1.
        elapsed: [s].
    """

    stage: str
    fraction: float
    elapsed: float


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        state: "finished", "failed" or "cancelled".
        motion_id: Where it lies; empty unless finished.
        passed: All three verdicts say yes.
        verdicts: "text", "hand", "physics" → answer.
        reasons: Of the verdicts that are not a yes.
        duration: [s].
        message: Why it failed, or a warning.
    """

    state: str
    motion_id: str = ""
    passed: bool = False
    verdicts: Mapping[str, str] | None = None
    reasons: tuple[str, ...] = ()
    duration: float = 0.0
    message: str = ""


def job_request(
    text: str, robot: str, model: str, seed: int, seconds: float, samples: int
) -> dict[str, Any]:
    """The engine's request from a goal's fields; zero and empty mean the default."""
    request: dict[str, Any] = {"text": text, "robot": robot, "seed": int(seed)}
    if model:
        request["model"] = model
    if seconds:
        request["seconds"] = float(seconds)
    if samples > 1:
        request["samples"] = int(samples)
    return request


class Generation:
    """A job at the engine.

    Its callbacks are called from its own thread, `done` exactly once and last.

    Args:
        client: The engine.
        motions: Where the result goes.
        request: From `job_request`.
        progress: Told at every stage.
        done: Told how it ended.
    """

    def __init__(
        self,
        client: EngineClient,
        motions: Motions,
        request: Mapping[str, Any],
        progress: Callable[[Progress], None],
        done: Callable[[Outcome], None],
    ) -> None:
        self.client, self.motions, self.request = client, motions, request
        self._progress, self._done = progress, done
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._job = ""
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def cancel(self) -> None:
        """Call it off; returns at once, `done` hears when it is off."""
        self._cancelled.set()
        with self._lock:
            job = self._job
        if job:
            threading.Thread(target=self._call_off, args=(job,), daemon=True).start()

    def _call_off(self, job: str) -> None:
        try:
            self.client.cancel(job)
        except EngineError:  # the event stream says what has become of it
            pass

    def _run(self) -> None:
        try:
            outcome = self._watch()
        except StreamError as error:
            state = "cancelled" if self._cancelled.is_set() else "failed"
            outcome = Outcome(state, message=str(error))
        except Exception as error:  # whatever it is, the goal must come to an end
            outcome = Outcome("failed", message=f"{type(error).__name__}: {error}")
        self._done(outcome)

    def _watch(self) -> Outcome:
        with self._lock:
            # Either cancel() sees the job, or this sees that it was called.
            if self._cancelled.is_set():
                return Outcome("cancelled", message="called off before it began")
            job = self._job = self.client.submit(self.request)
        last = self._follow(job)
        found = self.client.job(job)
        if last != "finished":
            return Outcome(last, message=str(found["error"]))
        return self._collect(job, found["result"])

    def _follow(self, job: str) -> str:
        """Pass on the job's events; returns the kind of the last."""
        number, broken = 0, 0
        while True:
            try:
                for event in self.client.events(job, number):
                    number = int(event["number"])
                    if event["kind"] in ("finished", "failed", "cancelled"):
                        return str(event["kind"])
                    elapsed = time.monotonic() - self._began
                    stage = str(event["stage"] or "queued")
                    self._progress(Progress(stage, float(event["fraction"]), elapsed))
                raise EngineError("the engine was ended")
            except EngineError as error:
                broken += 1
                if error.status or broken > RECONNECTIONS:
                    raise
                time.sleep(0.2 * broken)

    def _collect(self, job: str, result: Mapping[str, Any]) -> Outcome:
        """Fetch what the streamer needs; nothing half-fetched is left."""
        folder = self.motions.create(job)
        try:
            for name in FILES:
                self.client.fetch(job, name, folder)
        except BaseException:
            self.motions.discard(job)
            raise
        verdicts = {name: v["answer"] for name, v in result["verdicts"].items()}
        reasons = tuple(
            f"{name}: {reason}"
            for name, verdict in result["verdicts"].items()
            if verdict["answer"] != "yes"
            for reason in verdict["reasons"]
        )
        return Outcome(
            "finished", job, bool(result["passed"]), verdicts, reasons,
            float(result["duration"]), str(result["warning"]),
        )  # fmt: skip
