"""The HTTP side: routes, limits and refusals."""

import json
import logging
import re
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from handx import __version__
from handx.server.access import authorised, foreign
from handx.server.engine import Engine
from handx.server.jobs import FILES, Job, JobBook, QueueFull
from handx.server.live import LiveDesk, NoSession
from handx.server.requests import JobRequest, LiveRequest, live_until, live_words
from handx.server.schema import openapi
from handx_gen.errors import InputError

LOG = logging.getLogger(__name__)

MAX_BODY = 64 << 10
"""Largest body of a request [bytes]."""

MAX_CONNECTIONS = 32
"""Connections at a time; event streams keep theirs open."""

PATIENCE = 10.0
"""A client may be silent in the middle of a request for so long [s]."""

HEARTBEAT = 5.0
"""An event stream says at least something this often [s]."""

PRESENCE = 1.0
"""A live stream says something this often [s], and so notices a reader that has gone."""

BLOCK = 1 << 16

_JOB_PATH = re.compile(r"/v1/jobs/([0-9a-f]{32})(?:/(events)|/files/([a-z_.0-9]+))?")


class Refusal(Exception):
    """An answer that is not a success.

    Args:
        status: HTTP status.
        message: Why, in words.
        field: Which field of the request, or "".
    """

    def __init__(self, status: int, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.field = status, message, field


class Server(ThreadingHTTPServer):
    """HTTP on the loopback.

    Args:
        port: 0 takes a free one.
        book: The jobs.
        engine: What runs them.
        robots: Robots that may be asked for.
        models: Models that may be asked for.

    Attributes:
        token: What a client must show.
        ending: Set when event streams should close.
        live: Gives out live sessions.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        port: int,
        book: JobBook,
        engine: Engine,
        robots: tuple[str, ...],
        models: tuple[str, ...],
    ) -> None:
        self.book, self.engine = book, engine
        self.token = ""  # authorises nobody until it is set
        self.robots, self.models = robots, models
        self.ending = threading.Event()
        self.live = LiveDesk(engine.device)
        self._room = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(("127.0.0.1", port), Handler)

    def server_close(self) -> None:
        """As the base class; a live session ends too."""
        self.live.close()
        super().server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, if there is room for one."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As the base class, then make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else is a bug of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            LOG.exception("a request was not answered")


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    server_version = f"handx/{__version__}"
    sys_version = ""

    @property
    def service(self) -> Server:
        """The server that this request came to."""
        assert isinstance(self.server, Server)
        return self.server

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not logged: their text is the user's business."""

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """What the base class refuses (a wrong method, a broken head), as JSON."""
        self.close_connection = True
        body = {"error": {"message": message or HTTPStatus(code).phrase, "field": ""}}
        self._json(code, body)

    def do_GET(self) -> None:
        """Read something."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Ask for a motion."""
        self._answer(self._post)

    def do_DELETE(self) -> None:
        """Call a job off."""
        self._answer(self._delete)

    def _answer(self, act: Callable[[str], None]) -> None:
        # One request per connection: a body that was refused is never read as the next.
        self.close_connection = True
        try:
            why = foreign(self.headers, self.service.server_port)
            if why:
                raise Refusal(403, why)
            path = urlsplit(self.path).path
            if path not in ("/v1/health", "/v1/openapi.json") and not authorised(
                self.headers, self.service.token
            ):
                raise Refusal(401, "the token is missing or wrong")
            act(path)
        except NoSession as error:
            self._refuse(Refusal(409, str(error)))
        except InputError as error:
            self._refuse(Refusal(400, str(error), error.field))
        except Refusal as refusal:
            self._refuse(refusal)
        except (TimeoutError, ConnectionError):
            pass  # nobody is there to be told

    def _refuse(self, refusal: Refusal) -> None:
        body = {"error": {"message": refusal.message, "field": refusal.field}}
        self._json(refusal.status, body)

    def _get(self, path: str) -> None:
        server = self.service
        if path == "/v1/health":
            self._json(200, self._health())
        elif path == "/v1/openapi.json":
            self._json(200, openapi())
        elif path == "/v1/choices":
            choices = {"robots": list(server.robots), "models": list(server.models)}
            self._json(200, choices)
        elif path == "/v1/jobs":
            self._json(200, {"jobs": [job.to_json() for job in server.book.all()]})
        elif path == "/v1/live":
            self._json(200, server.live.session().to_json())
        elif path == "/v1/live/chunks":
            self._chunks()
        else:
            job, what, name = self._job(path)
            if what == "events":
                self._events(job)
            elif name:
                self._file(job, name)
            else:
                self._json(200, job.to_json())

    def _post(self, path: str) -> None:
        server = self.service
        if path == "/v1/jobs":
            request = JobRequest.from_json(self._body(), server.robots, server.models)
            try:
                job = server.book.add(request)
            except QueueFull as error:
                raise Refusal(429, str(error)) from error
            self._json(201, job.to_json())
        elif path == "/v1/live":
            wish = LiveRequest.from_json(self._body(), server.robots, server.models)
            session = server.live.start(wish.robot, wish.model, wish.seed)
            self._json(201, session.to_json())
        else:
            self._tell_live(path)

    def _tell_live(self, path: str) -> None:
        """Pass a wish on to the live session; what becomes of it is told by its stream."""
        session = self.service.live.session
        if path == "/v1/live/say":
            line = live_words(self._body())
            session().send(line)
        elif path == "/v1/live/until":
            until = live_until(self._body())
            session().want(until)
        elif path == "/v1/live/rest":
            session().send({"kind": "stop"})
        else:
            raise Refusal(404, "no such path")
        self._json(202, session().to_json())

    def _delete(self, path: str) -> None:
        if path == "/v1/live":
            session = self.service.live.session()
            session.end("called off")
            self._json(202, session.to_json())
            return
        job, what, name = self._job(path)
        if what or name:
            raise Refusal(404, "no such path")
        if not job.ended:
            self.service.engine.cancel(job)
        self._json(202, job.to_json())

    def _job(self, path: str) -> tuple[Job, str, str]:
        """The job a path speaks of, and what of it. Ids are looked up, never joined."""
        match = _JOB_PATH.fullmatch(path)
        job = self.service.book.get(match[1]) if match else None
        if match is None or job is None:
            raise Refusal(404, "no such job or path")
        return job, match[2] or "", match[3] or ""

    def _body(self) -> object:
        length = self.headers.get("Content-Length") or ""
        if not length.isascii() or not length.isdigit() or len(length) > 12:
            raise Refusal(400, "a body with a Content-Length is needed")
        if int(length) > MAX_BODY:
            raise Refusal(413, f"the body has {int(length)} bytes, at most {MAX_BODY}")
        if self.headers.get_content_type() != "application/json":
            raise Refusal(415, "send application/json")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "the body is not JSON") from error

    def _health(self) -> dict[str, Any]:
        engine, book = self.service.engine, self.service.book
        return {
            "version": __version__,
            "engine": engine.status,
            "waiting": book.waiting(),
            "queue_limit": book.queue_limit,
            "warm_seconds": engine.warm_seconds,
            "restarts": engine.restarts,
            "note": engine.note,
        }

    def _events(self, job: Job) -> None:
        """Everything that happens to a job, as server-sent events."""
        number = self._seen()
        self._head(200, "text/event-stream", None)
        while not self.service.ending.is_set():
            events = self.service.book.events_after(job, number, HEARTBEAT)
            for event in events:
                number = event["number"]
                self._event(event, number)
            if not events:
                if job.ended:
                    return
                self.wfile.write(b": nothing new\n\n")

    def _seen(self) -> int:
        """Number of the last event that the client has."""
        query = parse_qs(urlsplit(self.path).query)
        text = self.headers.get("Last-Event-ID") or query.get("after", ["0"])[0]
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise Refusal(400, "not the number of an event", "after")
        return int(text)

    def _chunks(self) -> None:
        """What the live worker says, as server-sent events; signs of life have no id."""
        session, number, beats = self.service.live.session(), self._seen(), 0
        lines, _ = session.after(number, beats, 0.0)
        self._head(200, "text/event-stream", None)
        while not self.service.ending.is_set():
            if session.state == "preparing":  # nothing can be asked for yet
                session.present()
            for number, line in lines:
                self._event(line, number)
            if not lines and session.state == "ended":
                self._event({"kind": "failed", "message": session.why})
                return
            try:
                lines, alive = session.after(number, beats, PRESENCE)
            except NoSession as error:
                self._event({"kind": "failed", "message": str(error)})
                return
            if alive != beats:
                beats = alive
                self._event({"kind": "alive"})
            elif not lines:
                self.wfile.write(b": nothing new\n\n")

    def _event(self, event: dict[str, Any], number: int = 0) -> None:
        """One server-sent event; those without a number cannot be asked for again."""
        head = f"id: {number}\n" if number else ""
        line = json.dumps(event, ensure_ascii=False)
        self.wfile.write(f"{head}data: {line}\n\n".encode())

    def _file(self, job: Job, name: str) -> None:
        if name not in FILES or job.state != "finished":
            raise Refusal(404, "no such file (yet)")
        try:
            stream = open(job.folder / name, "rb")
        except FileNotFoundError:
            raise Refusal(404, "this job has no such file") from None
        with stream:
            stream.seek(0, 2)
            self._head(200, "application/octet-stream", stream.tell())
            stream.seek(0)
            while block := stream.read(BLOCK):
                self.wfile.write(block)

    def _json(self, status: int, body: object) -> None:
        data = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        self._head(status, "application/json", len(data))
        self.wfile.write(data)

    def _head(self, status: int, kind: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if status == 429:
            self.send_header("Retry-After", "5")
        self.end_headers()
