"""`EngineLink`: a live session of `handx serve`, for a `LiveFeed` that may never wait."""

import threading
import time
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any

from handx.streaming.engine_client import EngineClient, EngineError

BUFFER = 0.16
"""Path wanted beyond what is promised [s]: as for a child process, and a way through HTTP."""

STEP = 0.03
"""Credit is passed on in steps of so much path [s]: a request each would be too many."""

SIGN = 0.5
"""After so long [s] a credit is passed on however small it is: somebody plays."""


class EngineLink:
    """Begins a session at once; two threads of its own talk to the engine.

    Args:
        client: Of the engine.
        robot, model, seed: As for `LiveRequest` of its schema.

    Attributes:
        lines: What the session said; None at the end.
    """

    def __init__(
        self, client: EngineClient, robot: str, model: str = "auto", seed: int = 0
    ) -> None:
        self._client = client
        self._wish = {"robot": robot, "model": model, "seed": seed}
        self.lines: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._outbox: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._ready = threading.Event()
        self._over = threading.Event()
        self._begun = threading.Event()
        self._told, self._told_at = -1.0, 0.0
        self._why = ""
        threading.Thread(target=self._listen, name="live in", daemon=True).start()
        threading.Thread(target=self._speak, name="live out", daemon=True).start()

    def send(self, message: dict[str, Any]) -> None:
        """Say something; it waits here until the session is ready."""
        self._outbox.put(message)

    def epitaph(self) -> str:
        """How it ended, in words."""
        return self._why or "the live session has ended"

    def end(self) -> None:
        """Let the session go."""
        self._over.set()
        self._ready.set()
        self._outbox.put(None)

    def _listen(self) -> None:
        try:
            self._client.begin_live(self._wish)
            self._begun.set()
            for line in self._client.live_lines():
                if line["kind"] == "ready":
                    self._ready.set()
                self.lines.put(line)
                if self._over.is_set():
                    return  # the other thread ends the session
        except EngineError as error:
            self._why = self._why or str(error)
        self._begun.clear()  # what has ended by itself needs no ending
        self.lines.put(None)
        self.end()

    def _speak(self) -> None:
        self._ready.wait()
        try:
            while not self._over.is_set():
                lines = [self._outbox.get()]
                while not self._outbox.empty():
                    lines.append(self._outbox.get())
                self._pass_on([line for line in lines if line is not None])
        except EngineError as error:
            self._why = self._why or str(error)
            self.lines.put(None)
        if self._begun.is_set():
            try:
                self._client.end_live()
            except EngineError:
                pass  # it is gone, or will notice that nobody asks any more

    def _pass_on(self, lines: list[dict[str, Any]]) -> None:
        """Send every word, and of the credits the last."""
        until = -1.0
        for line in lines:
            if line["kind"] == "until":
                until = line["time"]
            elif line["kind"] == "stop":
                self._client.tell_live("rest")
            else:
                self._say(line)
        now = time.monotonic()
        enough = until >= self._told + STEP or now - self._told_at > SIGN
        if until >= self._told and enough:
            self._client.tell_live("until", {"time": until})
            self._told, self._told_at = until, now

    def _say(self, line: dict[str, Any]) -> None:
        then = line["kind"] == "then"
        body = {"text": line["text"], "id": line["id"], "then": then}
        try:
            self._client.tell_live("say", body)
        except EngineError as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            refused = {"kind": "refused", "id": line["id"], "message": str(error)}
            self.lines.put(refused)
