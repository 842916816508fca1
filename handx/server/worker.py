"""The process that computes: weights loaded once, one job after another.

It speaks JSON lines: jobs and cancellations come in on stdin, what happens goes out on
the stdout it was born with. When stdin closes, its parent is gone and it leaves.
"""

import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

WARM_TEXT = "clap twice"
"""Two hands that meet: every kernel is compiled."""


class Cancelled(BaseException):
    """The job was called off; raised where the next stage would begin."""


class Worker:
    """Runs jobs and tells about them.

    Args:
        out: Where lines go.
        device: Where a network runs.
    """

    def __init__(self, out: IO[str], device: str) -> None:
        self.out, self.device = out, device
        self.cancelled: set[str] = set()
        self._lock = threading.Lock()

    def tell(self, **line: Any) -> None:
        """Send one line to the parent."""
        with self._lock:
            self.out.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.out.flush()

    def warm_up(self) -> None:
        """Load the weights and compile the kernels by making a small motion.

        What is missing here (no torch, no text encoder) is a job's to complain about.
        """
        from handx import pipeline
        from handx_gen.errors import HandxError
        from handx_gen.generator import load_generator

        began = time.perf_counter()
        try:
            load_generator(device=self.device)
        except HandxError as error:
            self.tell(kind="log", message=str(error))
        with tempfile.TemporaryDirectory(prefix="handx-warm-") as folder:
            pipeline.run(
                WARM_TEXT, out=folder, model="auto", device=self.device, video=False
            )
        self.tell(kind="ready", seconds=time.perf_counter() - began)

    def do(self, job: str, request: Mapping[str, Any], folder: Path) -> None:
        """Run one job to its end and say how it ended."""
        from handx_gen.errors import HandxError
        from robots.errors import RobotError
        from sim.errors import SimulationError

        if job in self.cancelled:
            self.tell(kind="cancelled", job=job)
            return
        try:
            result = self._run(job, request, folder)
        except Cancelled:
            self.tell(kind="cancelled", job=job)
        except (HandxError, RobotError, SimulationError) as error:
            self.tell(kind="failed", job=job, message=" ".join(str(error).split()))
        except Exception as error:  # a bug of ours ends one job, not the engine
            message = f"{type(error).__name__}: {error}"
            self.tell(kind="failed", job=job, message=f"internal error: {message}")
        else:
            self.tell(kind="finished", job=job, result=result)

    def _run(
        self, job: str, request: Mapping[str, Any], folder: Path
    ) -> dict[str, Any]:
        from handx import pipeline
        from handx_gen.planning.plan_file import plan_from_json

        asked = request.get("text") or plan_from_json(request["plan"])

        @contextmanager
        def stage(name: str) -> Iterator[None]:
            if job in self.cancelled:
                raise Cancelled
            self.tell(kind="stage", job=job, stage=name)
            yield

        result = pipeline.run(
            asked, request["robot"], folder, request["model"], request["seed"],
            request["seconds"], request["samples"], self.device, stage,
            video=request["video"],
        )  # fmt: skip
        if job in self.cancelled:
            raise Cancelled
        report = result.report
        return {
            "passed": result.passed,
            "verdicts": {
                name: {"answer": verdict.answer, "reasons": list(verdict.reasons)}
                for name, verdict in report.verdicts.items()
            },
            "model": str(result.motion.provenance.get("model", "")),
            "warning": str(result.motion.provenance.get("warning", "")),
            "duration": result.trajectory.duration,
            "stretch": report.stretch,
            "seconds": result.seconds,
            "files": [_described(file) for file in sorted(folder.iterdir())],
        }


def _described(file: Path) -> dict[str, Any]:
    with open(file, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"name": file.name, "bytes": file.stat().st_size, "sha256": digest}


def main() -> None:
    """Read jobs until stdin closes."""
    # What libraries print must not end up between our lines.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(out, sys.argv[1])
    jobs: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if message["kind"] == "cancel":
                worker.cancelled.add(message["job"])
            else:
                jobs.put(message)
        os._exit(0)  # the parent is gone, and a computation would not notice

    threading.Thread(target=listen, daemon=True).start()
    worker.warm_up()
    while True:
        message = jobs.get()
        worker.do(message["job"], message["request"], Path(message["folder"]))


if __name__ == "__main__":
    main()
