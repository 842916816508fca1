"""Simulated hands behind a local socket, in real time."""

import json
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from handx.simulated.hands import SimulatedHands, steps_in
from handx.streaming.hand_client import MAX_LINE
from handx_gen.errors import HandxError, InputError

LATE = 0.05
"""Simulated time is given up rather than caught up beyond this [s]."""


class _Driver:
    """The one program that drives the hands."""

    def __init__(self, connection: socket.socket, hands: SimulatedHands) -> None:
        self.connection, self.hands = connection, hands
        self.buffer = b""
        connection.setblocking(False)
        self.tell(
            robot=hands.robot.name,
            joints=hands.joint_names,
            commanded=hands.commanded_names,
        )

    def tell(self, **line: object) -> None:
        """Send a line; one that does not fit is left out, for a newer one will come.

        Raises:
            OSError: It is gone, or took half a line.
        """
        data = json.dumps(line).encode() + b"\n"
        try:
            sent = self.connection.send(data)
        except BlockingIOError:
            return
        if sent != len(data):
            raise OSError("it does not listen")

    def listen(self) -> None:
        """Carry out the commands that have come.

        Raises:
            OSError: It has hung up, or sends no lines.
        """
        try:
            data = self.connection.recv(MAX_LINE)
        except BlockingIOError:
            return
        if not data:
            raise OSError("hung up")
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        if len(self.buffer) > MAX_LINE:
            raise OSError("a line without end")
        for line in lines:
            try:
                self._obey(line)
            except HandxError as error:
                self.tell(refused=str(error))

    def _obey(self, line: bytes) -> None:
        try:
            body = json.loads(line)
            names = [str(name) for name in body["names"]]
            positions = [float(value) for value in body["positions"]]
            velocities = [float(value) for value in body.get("velocities", [])]
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise InputError(
                "command", "", f"not a command ({type(error).__name__})"
            ) from error
        self.hands.command(names, positions, velocities)


def serve_hands(
    hands: SimulatedHands,
    path: Path,
    stop: threading.Event,
    rate: float = 200.0,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Run the hands in real time until stopped.

    Args:
        hands: The hands.
        path: Socket to listen on, for this user alone.
        stop: Set from outside.
        rate: States per second [Hz].
        ready: Called once it listens.

    Raises:
        InputError: The socket cannot be made.
    """
    with _listening(path) as listener:
        ready()
        driver: _Driver | None = None
        simulated = time.monotonic()
        due = simulated
        while not stop.is_set():
            due = max(due + 1 / rate, time.monotonic())
            waiting = [listener, *([driver.connection] if driver else [])]
            while (left := due - time.monotonic()) > 0:
                for found in select.select(waiting, [], [], left)[0]:
                    if found is listener:
                        driver = _admitted(listener, driver, hands)
                    elif driver is not None:
                        driver = _heard(driver)
                    waiting = [listener, *([driver.connection] if driver else [])]
            now = time.monotonic()
            # Waking late must not become a burst of physics.
            simulated = max(simulated, now - LATE)
            steps = steps_in(now - simulated)
            hands.advance(steps)
            simulated += steps * 1e-3
            if driver is not None:
                driver = _told(driver, hands)


def _admitted(
    listener: socket.socket, driver: _Driver | None, hands: SimulatedHands
) -> _Driver | None:
    connection, _ = listener.accept()
    if driver is not None:
        connection.sendall(b'{"busy": "another program drives the hands"}\n')
        connection.close()
        return driver
    try:
        return _Driver(connection, hands)
    except OSError:  # it came and went
        connection.close()
        return None


def _heard(driver: _Driver) -> _Driver | None:
    try:
        driver.listen()
    except OSError:  # gone; the hands keep their targets
        driver.connection.close()
        return None
    return driver


def _told(driver: _Driver, hands: SimulatedHands) -> _Driver | None:
    state = hands.state()
    try:
        driver.tell(
            time=state.time,
            positions=state.positions.tolist(),
            velocities=state.velocities.tolist(),
            effort=state.effort.tolist(),
        )
    except OSError:  # gone; the hands keep their targets
        driver.connection.close()
        return None
    return driver


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    """A listening socket that only this user can reach, removed in the end."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_dead(path)
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(4)
    except OSError as error:
        listener.close()
        raise InputError(
            path, "--socket", f"cannot listen here ({error.strerror or error})",
            "choose another --socket",
        ) from error  # fmt: skip
    try:
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)


def _remove_dead(path: Path) -> None:
    """Remove a socket that a killed process left behind.

    Raises:
        OSError: Something listens there, or it is no socket.
    """
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise OSError("something listens here already")
    path.unlink()
