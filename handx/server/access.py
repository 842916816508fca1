"""Who may ask: this machine alone, no web page, and with the token."""

import hmac
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from handx_gen.errors import InputError

_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})")


def foreign(headers: Mapping[str, str], port: int) -> str:
    """Why a request does not come from a program on this machine, or "".

    A page whose name was rebound to 127.0.0.1 sends its own name as Host; a page of
    another site that posts here sends its Origin. Programs send no Origin at all.

    Args:
        headers: Of the request.
        port: On which it came in.
    """
    if not _is_ours(headers.get("Host") or "", port):
        return "the Host header does not name this machine's loopback"
    origin = headers.get("Origin")
    if origin is not None and not (
        origin.startswith("http://") and _is_ours(origin.removeprefix("http://"), port)
    ):
        return "a web page of another site may not ask"
    if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return "a web page of another site may not ask"
    return ""


def _is_ours(host: str, port: int) -> bool:
    match = _HOST.fullmatch(host)
    return match is not None and int(match[2]) == port


def authorised(headers: Mapping[str, str], token: str) -> bool:
    """Whether a request carries the token."""
    kind, _, given = (headers.get("Authorization") or "").partition(" ")
    # Bytes, because compare_digest takes no text outside ASCII.
    same = hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
    return kind == "Bearer" and same and bool(token)


def write_token(path: Path) -> str:
    """Make a token and leave it where this user's programs find it.

    Raises:
        InputError: It cannot be written there.
    """
    token = secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A file of a server that was killed; a link there is removed, not followed.
        with suppress(FileNotFoundError):
            path.unlink()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(
            path, "token", f"cannot be written ({error.strerror})",
            "set XDG_RUNTIME_DIR to a folder of yours",
        ) from error  # fmt: skip
    with os.fdopen(handle, "w") as stream:
        stream.write(token + "\n")
    return token
