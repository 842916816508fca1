"""`LiveSource`: the worker process, its chunks on a path, and how long words take.

It imports nothing heavy: whoever plays the path stays alive and in time whatever the worker
does.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from handx.live.chunk import Chunk
from handx.streaming.feedback import Supervision
from handx.streaming.limits import JointLimits
from handx.streaming.motion_path import MotionPath
from handx.streaming.player import Player
from handx_gen.errors import HandxError
from robots.robot import RobotSpec

BUFFER = 0.12
"""Path wanted beyond what is promised to the controllers [s]: a chunk, and what it takes."""

CAPACITY = 4.0
"""Most path that may wait [s]; only a way to rest is longer than a chunk."""

SUPERVISION = Supervision(deadman=2.0)
"""The worker says something twenty times a second, but not while it waits for a drawing."""

READY_SECONDS = 300.0
"""Longest time until the worker is ready [s]."""


class EngineGone(HandxError):
    """The worker did not come up, or is gone."""


@dataclass
class Words:
    """What became of one request.

    Attributes:
        text: What was said.
        said: When, on the steady clock [s].
        request: Its number; 0 until the engine has it.
        begins: Path time from which the hands follow it [s]; None until known.
        delay: From saying it to the first command that follows it [s]; None until sent.
        refused: Why it cannot be done, or "".
    """

    text: str
    said: float
    request: int = 0
    begins: float | None = None
    delay: float | None = None
    refused: str = ""


class LiveSource:
    """Use it in a `with` block; call `pump` once per tick of the player.

    Args:
        robot: The robot.
        model, seed, device: As for `LiveEngine`.
        margin: Kept from the position limits [rad].

    Attributes:
        words: Everything that was said.
        chunks: How many came.
        problems: What physics did not let through, in words.
        text: What the path does at its end; "" while the hands rest.
        stands: Whether nothing can be let through any more.
        gone: Whether the worker is gone.
        cpu: Processor time of all chunks [s].
    """

    def __init__(
        self,
        robot: RobotSpec,
        model: str = "auto",
        seed: int = 0,
        device: str = "cpu",
        margin: float = 0.0,
    ) -> None:
        self.robot, self.margin = robot, margin
        self.words: list[Words] = []
        self.problems: list[str] = []
        self.chunks, self.cpu, self.text = 0, 0.0, ""
        self.stands = self.gone = False
        self._fresh: list[str] = []
        self.path: MotionPath | None = None
        self.model = model
        self._told = -1.0
        # Where this very code lies comes first, whatever the folder it is started in.
        home = str(Path(__file__).resolve().parents[2])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "handx.live.worker", robot.name, model,
             str(seed), device],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle
        )  # fmt: skip
        self._lines: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> "LiveSource":
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()

    def wait(self, log: Callable[[str], None] = lambda message: None) -> MotionPath:
        """The path, when the worker is ready and its first chunks are on it.

        Args:
            log: Told what is being prepared.

        Raises:
            EngineGone: It does not come up.
        """
        ends = time.monotonic() + READY_SECONDS
        while self.path is None or self.path.end <= 0:
            try:
                line = self._lines.get(timeout=max(0.0, ends - time.monotonic()))
            except Empty:
                raise EngineGone(f"not ready after {READY_SECONDS:.0f} s") from None
            if line is None:
                raise EngineGone(self._epitaph())
            if line["kind"] == "failed":
                raise EngineGone(line["message"])
            if line["kind"] == "log":
                log(line["message"])
            elif line["kind"] == "ready":
                names = line["joint_names"]
                self.model = line["model"]
                limits = JointLimits.of(self.robot, names, self.margin)
                self.path = MotionPath(limits, CAPACITY)
                self._send(kind="until", time=BUFFER)
            else:
                self._take(line)
        return self.path

    def say(self, text: str) -> Words:
        """Do this now."""
        return self._ask("say", text)

    def then(self, text: str) -> Words:
        """Do this when all that was asked before is done."""
        return self._ask("then", text)

    def rest(self) -> None:
        """Come to rest."""
        self._send(kind="stop")

    @property
    def settled(self) -> bool:
        """Whether all that was said is done or refused, and the hands rest."""
        known = all(w.refused or w.delay is not None for w in self.words)
        return self.stands or (known and not self.text)

    def news(self) -> list[str]:
        """Problems since the last call."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def pump(self, player: Player) -> None:
        """Put what came on the path, ask for more, and note what is on its way."""
        heard = False
        while True:
            try:
                line = self._lines.get_nowait()
            except Empty:
                break
            if line is None:
                self.gone = True
                player.hold(self._epitaph())
                return
            heard = True
            self._take(line)
        if heard:
            player.alive()
        assert self.path is not None
        committed = self.path.committed
        if committed + BUFFER > self._told:
            self._told = committed + BUFFER
            self._send(kind="until", time=self._told)
        now = time.monotonic()
        for words in self.words:
            if words.delay is None and words.begins is not None:
                if committed >= words.begins:
                    words.delay = now - words.said

    def _ask(self, kind: str, text: str) -> Words:
        words = Words(text, time.monotonic())
        self.words.append(words)
        self._send(kind=kind, text=text, id=len(self.words) - 1)
        return words

    def _take(self, line: dict[str, Any]) -> None:
        if line["kind"] == "said":
            self.words[line["id"]].request = line["request"]
        elif line["kind"] == "refused":
            self.words[line["id"]].refused = line["message"]
        elif line["kind"] == "chunk":
            self._append(line)

    def _append(self, line: dict[str, Any]) -> None:
        path = self.path
        assert path is not None
        chunk = Chunk.from_json(line, len(path.joint_names))
        self.chunks, self.cpu = self.chunks + 1, self.cpu + chunk.cpu
        if chunk.problem and chunk.problem not in self.problems[-1:]:
            self.problems.append(chunk.problem)
            self._fresh.append(chunk.problem)
        self.stands = bool(chunk.problem) and not len(chunk.time)
        if len(chunk.time):
            path.append(chunk.time, chunk.positions, chunk.velocities)
            self.text = chunk.text
        for words in self.words:
            if words.request in chunk.begins:
                words.begins = chunk.begins[words.request]

    def _listen(self) -> None:
        for line in self._child.stdout or ():
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _send(self, **line: Any) -> None:
        try:
            self._child.stdin.write(json.dumps(line) + "\n")
            self._child.stdin.flush()
        except (OSError, ValueError):
            pass  # it is gone: `pump` hears that, and the player holds

    def _epitaph(self) -> str:
        code = self._child.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"exited with {code}"
        return f"the engine's process {how}"
