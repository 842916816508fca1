"""Talking to `handx serve` with the standard library alone.

What a ROS machine uses to have a motion made: the engine, with its torch, pinocchio and
mujoco, runs in another process and is only ever spoken to over the loopback.
"""

import http.client
import ipaddress
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from handx.streaming.errors import StreamError

PORT = 7471
"""Where `handx serve` listens unless told otherwise."""

TIMEOUT = 15.0
"""Longest silence of the engine [s]; its event stream says something every five."""

MAX_JSON = 4 << 20
"""Largest answer that is read into memory [bytes]."""

_SAFE_NAME = re.compile(r"[a-z_]+\.(npz|json|mcap|mp4)")


class EngineError(StreamError):
    """The engine cannot be reached, or refused.

    Attributes:
        status: HTTP status, 0 where there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def token_path(port: int = PORT) -> Path:
    """Where a server on this machine leaves its token, readable by its user alone.

    `$XDG_RUNTIME_DIR` where there is one, else the user's state folder.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(runtime or state) / "handx" / f"serve-{port}.token"


class EngineClient:
    """One engine on the loopback.

    Every call opens a connection of its own, so that a client may be used from several
    threads.

    Args:
        url: "http://127.0.0.1:7471"; only the loopback is accepted, because the token
            would travel in the clear.
        token: What lets it change state; None reads it from a file at each call, so
            that a restarted server is found again.
        token_file: That file; by default the server's own.

    Raises:
        StreamError: Another scheme or another machine.
    """

    def __init__(
        self,
        url: str = f"http://127.0.0.1:{PORT}",
        token: str | None = None,
        token_file: str | Path | None = None,
    ) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            port = parts.port or PORT
        except ValueError as error:
            raise StreamError(f"{url!r}: {error}. Fix: give a port") from error
        if parts.scheme != "http" or not _is_loopback(host):
            raise StreamError(
                f"{url!r} is not on this machine's loopback. Fix: run the engine here, "
                "or bring its port here with ssh -L"
            )
        self.host, self.port, self._token = host, port, token
        self.token_file = Path(token_file) if token_file else token_path(port)

    def health(self) -> dict[str, Any]:
        """What the engine is doing."""
        return self._json("GET", "/v1/health")

    def submit(self, request: Mapping[str, Any]) -> str:
        """Ask for a motion; returns the job's id.

        Args:
            request: The fields of `JobRequest` in the schema: `text` or `plan`, `robot`,
                `model`, `seed`, `seconds`, `samples`.

        Raises:
            EngineError: Refused (a bad request, a full queue), or out of reach.
        """
        return str(self._json("POST", "/v1/jobs", request)["id"])

    def job(self, job: str) -> dict[str, Any]:
        """A job as it is now."""
        return self._json("GET", f"/v1/jobs/{job}")

    def cancel(self, job: str) -> dict[str, Any]:
        """Stop a job, waiting or running."""
        return self._json("DELETE", f"/v1/jobs/{job}")

    def events(self, job: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """What happens to a job, until it has ended.

        Args:
            job: Its id.
            after: Leave out events up to this number.

        Raises:
            EngineError: Unknown job, or the engine fell silent.
        """
        return self._events(f"/v1/jobs/{job}/events?after={after}")

    def begin_live(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a live session.

        Args:
            request: The fields of `LiveRequest` in the schema: `robot`, `model`, `seed`.

        Raises:
            EngineError: Refused (a bad request, another session), or out of reach.
        """
        return self._json("POST", "/v1/live", request)

    def tell_live(self, what: str, body: Mapping[str, Any] | None = None) -> None:
        """Tell the live session something.

        Args:
            what: "say", "rest" or "until".
            body: As the schema has it.

        Raises:
            EngineError: Refused, or out of reach.
        """
        self._json("POST", f"/v1/live/{what}", body)

    def live_lines(self) -> Iterator[dict[str, Any]]:
        """What the live session says, until it has ended.

        Raises:
            EngineError: There is none, or the engine fell silent.
        """
        return self._events("/v1/live/chunks")

    def end_live(self) -> None:
        """End the live session."""
        self._json("DELETE", "/v1/live")

    def _events(self, path: str) -> Iterator[dict[str, Any]]:
        """The data of server-sent events."""
        connection, answer = self._ask("GET", path)
        try:
            for line in _lines(answer):
                if line.startswith("data: "):
                    yield json.loads(line[6:])
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._silent(error) from error
        finally:
            connection.close()

    def fetch(self, job: str, name: str, folder: Path) -> Path:
        """Copy one of a job's files into `folder`.

        Raises:
            EngineError: There is no such file, or it did not arrive whole.
        """
        if not _SAFE_NAME.fullmatch(name):
            raise EngineError(f"{name!r} is no name of a result")
        connection, answer = self._ask("GET", f"/v1/jobs/{job}/files/{name}")
        target = folder / name
        partial = target.with_name(f".{name}.part")
        try:
            with open(partial, "wb") as stream:
                shutil.copyfileobj(answer, stream)
            if answer.length:
                raise EngineError(f"{name}: {answer.length} bytes are missing")
            partial.replace(target)
        except (OSError, http.client.HTTPException) as error:
            raise self._silent(error) from error
        finally:
            partial.unlink(missing_ok=True)
            connection.close()
        return target

    def token(self) -> str:
        """The token, from the constructor or the server's file.

        Raises:
            EngineError: There is no such file.
        """
        if self._token is not None:
            return self._token
        path = self.token_file
        try:
            return path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise EngineError(
                f"{path}: no token of `handx serve` ({type(error).__name__}). Fix: start "
                "it as this user, or give its token"
            ) from error

    def _json(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        connection, answer = self._ask(method, path, body)
        try:
            return json.loads(answer.read(MAX_JSON))
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._silent(error) from error
        finally:
            connection.close()

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """An answer whose status is a success, and its open connection."""
        headers = {"Accept": "*/*"}
        if path != "/v1/health":
            headers["Authorization"] = f"Bearer {self.token()}"
        data = None
        if body is not None:
            data = json.dumps(body, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            if answer.status < 300:
                return connection, answer
            text = answer.read(MAX_JSON)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._silent(error) from error
        connection.close()
        try:
            message = str(json.loads(text)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            message = f"status {answer.status}"
        raise EngineError(f"the engine refused: {message}", answer.status)

    def _silent(self, error: Exception) -> EngineError:
        return EngineError(
            f"no answer from the engine at {self.host}:{self.port} "
            f"({type(error).__name__}). Fix: start it with `handx serve`"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _lines(stream: http.client.HTTPResponse) -> Iterator[str]:
    """Decoded lines as they arrive, until the other side closes."""
    while raw := stream.readline(MAX_JSON):
        yield raw.decode().rstrip("\r\n")
