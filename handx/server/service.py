"""Everything `handx serve` is, put together and taken apart again."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from handx.server.access import write_token
from handx.server.engine import Engine
from handx.server.http import Server
from handx.server.jobs import QUEUE_LIMIT, JobBook
from handx.streaming.engine_client import token_path
from handx_gen.errors import InputError


@dataclass(frozen=True)
class Service:
    """A server that answers.

    Attributes:
        url: Where.
        token: What changes state must show.
        token_file: Where the token lies, readable by this user alone.
        engine: What computes.
    """

    url: str
    token: str
    token_file: Path
    engine: Engine


@contextmanager
def service(
    port: int, device: str = "cpu", queue_limit: int = QUEUE_LIMIT
) -> Iterator[Service]:
    """A running server; leaving the block ends it, its worker and its files.

    Args:
        port: On 127.0.0.1; 0 takes a free one.
        device: Where a network runs.
        queue_limit: Jobs that may wait.

    Raises:
        InputError: The port is taken, or the token cannot be written.
    """
    from handx_gen.generator import available_models
    from robots import robot_names

    folder = Path(tempfile.mkdtemp(prefix="handx-serve-"))  # mode 0700
    book = JobBook(folder, queue_limit)
    engine = Engine(book, device)
    models = ("auto", *available_models())
    try:
        server = _bound(port, book, engine, models, robot_names())
        place = token_path(server.server_port)
        try:
            server.token = write_token(place)
        except BaseException:
            server.server_close()
            raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    answering = threading.Thread(target=server.serve_forever, args=(0.1,))
    engine.start()
    answering.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield Service(url, server.token, place, engine)
    finally:
        server.ending.set()
        server.shutdown()
        answering.join()
        server.server_close()
        engine.stop()
        _remove_own(place, server.token)
        shutil.rmtree(folder, ignore_errors=True)


def _bound(
    port: int,
    book: JobBook,
    engine: Engine,
    models: tuple[str, ...],
    robots: tuple[str, ...],
) -> Server:
    try:
        return Server(port, book, engine, robots, models)
    except OSError as error:
        raise InputError(
            "--port", "", f"127.0.0.1:{port} cannot be used ({error.strerror})",
            "end what listens there, or choose another --port",
        ) from error  # fmt: skip


def _remove_own(place: Path, token: str) -> None:
    """Remove the token's file, unless another server has put its own there."""
    try:
        if place.read_text().strip() == token:
            place.unlink()
    except OSError:  # it is gone already
        pass
