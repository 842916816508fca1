"""`LiveFeed`: chunks from an engine on a path, what was said, and how long words take.

The engine is at the other end of a `Link`: a child process, or `handx serve`. Nothing here
waits for it, so whoever plays the path stays alive and in time whatever the engine does.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from handx.streaming.chunk import Chunk
from handx.streaming.errors import StreamError
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

DEADMAN = 2.0
"""Longest silence of the engine [s]: it says something twenty times a second, but not
while it waits for a drawing."""

SUPERVISION = Supervision(deadman=DEADMAN)

READY_SECONDS = 300.0
"""Longest time until the engine is ready [s]."""

REMIND = 1.0
"""What is wanted is said again this often [s], as a sign that somebody plays."""


class EngineGone(StreamError):
    """The engine did not come up, or is gone."""


class Link(Protocol):
    """A way to an engine; none of its methods waits for long."""

    lines: SimpleQueue[dict[str, Any] | None]
    """What the engine said; None at the end."""

    def send(self, message: dict[str, Any]) -> None:
        """Say something; that the engine is gone shows in `lines`."""
        ...

    def epitaph(self) -> str:
        """How it ended, in words."""
        ...

    def end(self) -> None:
        """Let the engine go."""
        ...


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


class LiveFeed:
    """Use it in a `with` block; call `pump` once per tick of the player.

    Args:
        robot: The robot.
        link: To its engine.
        margin: Kept from the position limits [rad].
        buffer: Path wanted beyond what is promised [s].

    Attributes:
        path: None until the engine is ready.
        note: What the engine is preparing.
        gone: How the engine ended, or "".
        words: Everything that was said.
        chunks: How many came.
        problems: What physics did not let through, in words.
        text: What the path does at its end; "" while the hands rest.
        stands: Whether nothing can be let through any more.
        cpu: Processor time of all chunks [s].
    """

    def __init__(
        self, robot: RobotSpec, link: Link, margin: float = 0.0, buffer: float = BUFFER
    ) -> None:
        self.robot, self.link, self.margin, self.buffer = robot, link, margin, buffer
        self.words: list[Words] = []
        self.problems: list[str] = []
        self.chunks, self.cpu, self.text = 0, 0.0, ""
        self.stands = False
        self.path: MotionPath | None = None
        self.model = self.note = self.gone = ""
        self._fresh: list[str] = []
        self._told, self._told_at = -1.0, 0.0

    def __enter__(self) -> "LiveFeed":
        return self

    def __exit__(self, *_: object) -> None:
        self.link.end()

    @property
    def ready(self) -> bool:
        """Whether there is a path to play."""
        return self.path is not None and self.path.end > 0

    def wait(self, log: Callable[[str], None] = lambda message: None) -> MotionPath:
        """The path, when the engine is ready and its first chunks are on it.

        Args:
            log: Told what is being prepared.

        Raises:
            EngineGone: It does not come up.
        """
        ends = time.monotonic() + READY_SECONDS
        while not self.ready:
            try:
                line = self.link.lines.get(timeout=max(0.0, ends - time.monotonic()))
            except Empty:
                raise EngineGone(f"not ready after {READY_SECONDS:.0f} s") from None
            self._take(line)
            if self.gone:
                raise EngineGone(self.gone)
            if line is not None and line["kind"] == "log":
                log(self.note)
        assert self.path is not None
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

    def poll(self) -> bool:
        """Take in what came; whether there was anything."""
        heard = False
        while not self.gone:
            try:
                self._take(self.link.lines.get_nowait())
            except Empty:
                break
            heard = True
        return heard

    def pump(self, player: Player) -> None:
        """Put what came on the path, ask for more, and note what is on its way."""
        if self.poll():
            player.alive()
        if self.gone:
            player.hold(self.gone)
            return
        assert self.path is not None
        committed, now = self.path.committed, time.monotonic()
        wanted = max(self._told, committed + self.buffer)
        if wanted > self._told or now - self._told_at > REMIND:
            self._want(wanted)
        for words in self.words:
            if words.delay is None and words.begins is not None:
                if committed >= words.begins:
                    words.delay = now - words.said

    def _want(self, until: float) -> None:
        self._told, self._told_at = until, time.monotonic()
        self._send(kind="until", time=until)

    def _ask(self, kind: str, text: str) -> Words:
        words = Words(text, time.monotonic())
        self.words.append(words)
        self._send(kind=kind, text=text, id=len(self.words) - 1)
        return words

    def _take(self, line: dict[str, Any] | None) -> None:
        kind = "" if line is None else line["kind"]
        if line is None:
            self.gone = self.link.epitaph()
        elif kind == "failed":
            self.gone = line["message"]
        elif kind == "log":
            self.note = line["message"]
        elif kind == "ready":
            self.model = line["model"]
            limits = JointLimits.of(self.robot, line["joint_names"], self.margin)
            self.path = MotionPath(limits, CAPACITY)
            self._want(self.buffer)
        elif kind == "said":
            self.words[line["id"]].request = line["request"]
        elif kind == "refused":
            self.words[line["id"]].refused = line["message"]
        elif kind == "chunk":
            try:
                self._append(line)
            except HandxError as error:  # e.g. it does not begin where the path ends
                self.gone = f"the engine's motion cannot be played: {error}"

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

    def _send(self, **line: Any) -> None:
        self.link.send(line)
