"""The live session of `handx serve`: one worker, what it said, and whether anyone plays."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from handx.child import Child, WorkerDied
from handx_gen.errors import HandxError, InputError

IDLE_SECONDS = 5.0
"""A session that nobody asks for more is ended after so long [s]."""

AHEAD = 4.0
"""Furthest beyond what was made that may be asked for [s]."""

KEPT = 256
"""Lines kept for a reader that comes back; far more than `AHEAD` seconds of them."""

TICK = 0.1
"""How often a silent worker is looked at [s]."""


class NoSession(HandxError):
    """There is no session, it is not ready yet, or another one runs."""


class LiveSession:
    """One worker of `handx.live` and its lines, numbered from 1.

    Args:
        robot, model, seed, device: As for `LiveEngine`.

    Attributes:
        state: "preparing", "ready" or "ended".
        why: Why it ended, or "".
    """

    def __init__(self, robot: str, model: str, seed: int, device: str) -> None:
        self.robot, self.model, self.seed = robot, model, seed
        self.state, self.why = "preparing", ""
        self._lines: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT)
        self._count, self._beats, self._reached = 0, 0, 0.0
        self._heard = time.monotonic()
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._child = Child("handx.live.worker", (robot, model, str(seed), device))
        threading.Thread(target=self._listen, name="live", daemon=True).start()

    def to_json(self) -> dict[str, Any]:
        """How it stands."""
        return {
            "robot": self.robot, "model": self.model, "seed": self.seed,
            "state": self.state, "why": self.why,
        }  # fmt: skip

    def send(self, line: Mapping[str, Any]) -> None:
        """Say something to the worker.

        Raises:
            NoSession: It is not ready, or gone.
        """
        if self.state != "ready":
            raise NoSession(f"the live session is {self.state}. {self.why}".strip())
        self.present()
        try:
            with self._sending:
                self._child.send(line)
        except WorkerDied as error:
            raise NoSession(str(error)) from error

    def want(self, until: float) -> None:
        """Ask for chunks up to a path time [s].

        Raises:
            InputError: Further than `AHEAD` beyond what there is.
            NoSession: As for `send`.
        """
        if until > self._reached + AHEAD:
            raise InputError(
                "request", "time", f"{until:g} s, made is {self._reached:g} s",
                f"ask for {AHEAD:g} s more at most",
            )  # fmt: skip
        self.send({"kind": "until", "time": until})

    def present(self) -> None:
        """Note that somebody is there."""
        self._heard = time.monotonic()

    def after(
        self, number: int, beats: int, seconds: float
    ) -> tuple[list[tuple[int, dict[str, Any]]], int]:
        """Lines after one, once there are any, the worker gave a sign of life, or it is over.

        Args:
            number: Of the last line that was seen.
            beats: Signs of life that were seen.
            seconds: Longest wait [s].

        Returns:
            Numbered lines, and how many signs of life there were.

        Raises:
            NoSession: Lines in between are not kept any more.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._count > number or self._beats != beats
                or self.state == "ended", seconds,
            )  # fmt: skip
            lines = [line for line in self._lines if line[0] > number]
            if self._count > number and (not lines or lines[0][0] > number + 1):
                raise NoSession("lines were missed: they were read too slowly")
            return lines, self._beats

    def end(self, why: str) -> None:
        """End the worker, if that has not happened."""
        with self._changed:
            if self.state == "ended":
                return
            self.state, self.why = "ended", why
            self._changed.notify_all()
        self._child.end()

    def _listen(self) -> None:
        try:
            while self.state != "ended":
                line = self._child.hear(TICK)
                if line is not None:
                    self._note(line)
                if time.monotonic() - self._heard > IDLE_SECONDS:
                    self.end(f"nobody asked for more for {IDLE_SECONDS:g} s")
        except WorkerDied as error:
            self.end(str(error))

    def _note(self, line: dict[str, Any]) -> None:
        with self._changed:
            if line["kind"] == "alive":
                self._beats += 1
            else:
                self._count += 1
                self._lines.append((self._count, line))
            if line["kind"] == "ready":
                self.state = "ready" if self.state == "preparing" else self.state
                self._heard = time.monotonic()
            elif line["kind"] == "chunk" and line["time"]:
                self._reached = line["time"][-1]
            self._changed.notify_all()


class LiveDesk:
    """Gives out one session at a time.

    Args:
        device: Where a network runs.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self._session: LiveSession | None = None
        self._lock = threading.Lock()

    def start(self, robot: str, model: str, seed: int) -> LiveSession:
        """A new session.

        Raises:
            NoSession: One runs already.
        """
        with self._lock:
            if self._session is not None and self._session.state != "ended":
                raise NoSession(
                    "a live session runs already. Fix: end it, or wait: it ends "
                    f"{IDLE_SECONDS:g} s after its player has gone"
                )
            self._session = LiveSession(robot, model, seed, self.device)
            return self._session

    def session(self) -> LiveSession:
        """The one that runs, or ran last.

        Raises:
            NoSession: There was none.
        """
        if self._session is None:
            raise NoSession("no live session. Fix: begin one with POST /v1/live")
        return self._session

    def close(self) -> None:
        """End what runs."""
        with self._lock:
            if self._session is not None:
                self._session.end("the server was stopped")
