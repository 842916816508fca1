"""`Child`: one of our modules as a process that is spoken to in JSON lines."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from handx_gen.errors import HandxError


class WorkerDied(HandxError):
    """The process that computes is gone."""


class Child:
    """A process and the lines it says.

    Args:
        module: What it runs, e.g. "handx.live.worker".
        arguments: Of its command line.
        folder: Where it runs; None for where this process does.

    Attributes:
        lines: What it said; None at the end.
    """

    def __init__(
        self, module: str, arguments: tuple[str, ...], folder: Path | None = None
    ) -> None:
        # Where this very code lies comes first, whatever the folder it is started in.
        home = str(Path(__file__).resolve().parents[1])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            encoding="utf-8",
            # Ctrl-C in the terminal is the parent's to handle.
            start_new_session=True,
        )
        self.lines: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something to it.

        Raises:
            WorkerDied: Nobody is there to hear it.
        """
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except (OSError, ValueError) as error:
            raise WorkerDied(self.epitaph()) from error

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Its next line, or None after `seconds` of silence.

        Raises:
            WorkerDied: It will not say anything any more.
        """
        try:
            line = self.lines.get(timeout=seconds)
        except Empty:
            return None
        if line is None:
            raise WorkerDied(self.epitaph())
        return line

    def end(self) -> None:
        """End the process, now."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was still in the pipe has nowhere to go
                    pass

    def epitaph(self) -> str:
        """How it ended, in words."""
        code = self.process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"exited with {code}"
        return f"the engine's process {how}"
