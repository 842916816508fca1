"""The process that draws, retargets and simulates; it speaks JSON lines.

In: `say`, `then`, `stop`, and `until`, the path time [s] up to which chunks are wanted.
Out: `log`, `ready`, `said` or `refused`, `chunk`, `alive`, `failed`. When stdin closes, the
one that hears the chunks is gone and the worker leaves.
"""

import json
import os
import sys
import threading
import time
from typing import IO, Any

BEAT = 0.05
"""While nothing is wanted, it says that it is there this often [s]."""

WARM_TEXT, WARM_CHUNKS = "clap twice", 40
"""Hands that meet: every kernel is compiled and every weight read."""


class Worker:
    """Drives one `LiveEngine`.

    Args:
        out: Where lines go.
    """

    def __init__(self, out: IO[str]) -> None:
        self.out = out
        self._lock = threading.Lock()
        self._wanted = threading.Condition()
        self._until = self._reached = -1.0
        self.engine: Any = None

    def tell(self, kind: str, **line: Any) -> None:
        """Send one line."""
        with self._lock:
            self.out.write(
                json.dumps({"kind": kind, **line}, ensure_ascii=False) + "\n"
            )
            self.out.flush()

    def prepare(self, robot: str, model: str, seed: int, device: str) -> None:
        """Load, compile, and begin."""
        from handx.live.engine import LiveEngine
        from robots import load_robot

        began = time.perf_counter()
        spec = load_robot(robot)
        self.tell("log", message="loading")
        warm = LiveEngine(spec, model, seed, device)
        self.tell("log", message="compiling")
        warm.say(WARM_TEXT)
        for _ in range(WARM_CHUNKS):
            warm.chunk()
        warm.close()
        self.engine = LiveEngine(spec, model, seed, device)
        self.tell(
            "ready", joint_names=self.engine.joint_names, fps=self.engine.fps,
            model=self.engine.model, seconds=time.perf_counter() - began,
        )  # fmt: skip

    def listen(self) -> None:
        """Do what is said until stdin closes."""
        for text in sys.stdin:
            line = json.loads(text)
            if line["kind"] == "until":
                with self._wanted:
                    self._until = line["time"]
                    self._wanted.notify()
            elif line["kind"] == "stop":
                self.engine.stop()
            else:
                self._ask(line)
        os._exit(0)  # nobody is there to hear, and a computation would not notice

    def _ask(self, line: dict[str, Any]) -> None:
        from handx_gen.errors import HandxError

        ask = self.engine.say if line["kind"] == "say" else self.engine.then
        try:
            request = ask(line["text"])
        except HandxError as error:
            self.tell("refused", id=line["id"], message=" ".join(str(error).split()))
        else:
            self.tell("said", id=line["id"], request=request)

    def work(self) -> None:
        """Make chunks as far as they are wanted, for ever."""
        while True:
            if not self._is_wanted():
                self.tell("alive")
                continue
            chunk = self.engine.chunk()
            if len(chunk.time):
                self._reached = float(chunk.time[-1])
            self.tell("chunk", **chunk.to_json())

    def _is_wanted(self) -> bool:
        """Wait a beat for a wish that goes beyond what was made."""
        with self._wanted:
            return self._wanted.wait_for(lambda: self._until > self._reached, BEAT)


def main() -> None:
    """Arguments: robot, model, seed, device."""
    from handx_gen.errors import HandxError
    from retarget.errors import RetargetError
    from robots.errors import RobotError

    # What libraries print must not end up between our lines.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(out)
    robot, model, seed, device = sys.argv[1:]
    try:
        worker.prepare(robot, model, int(seed), device)
    except (HandxError, RetargetError, RobotError) as error:
        worker.tell("failed", message=" ".join(str(error).split()))
        return
    threading.Thread(target=worker.listen, daemon=True).start()
    worker.work()


if __name__ == "__main__":
    main()
