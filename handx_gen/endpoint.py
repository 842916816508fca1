"""A chat with any OpenAI-compatible endpoint (vLLM, Ollama, llama.cpp, hosted ones).

Only the standard library. The key comes from an environment variable and is sent over
TLS or to this machine, nowhere else; redirects are not followed.
"""

import http.client
import ipaddress
import json
import os
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from handx_gen.errors import HandxError, InputError

RETRIED = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
MAX_ANSWER = 1 << 20
"""Longest answer that is read [bytes]."""
LONGEST_WAIT = 60.0
"""Longest pause between two attempts [s], whatever the server asks for."""

_PLAIN: set[str] = set()
"""Endpoints that know no `response_format`, found out once per process."""


class EndpointError(HandxError):
    """The endpoint refuses for good: no further question would fare better."""


class NoAnswer(HandxError):
    """No usable answer within the attempts."""


@dataclass(frozen=True)
class Answer:
    """What a model said, and the tokens it took.

    Attributes:
        text: The answer.
        prompt_tokens, completion_tokens: As counted by the model's side; 0 unknown.
    """

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Endpoint:
    """Where and how to ask.

    Attributes:
        url: Base address up to and including the version, e.g. http://127.0.0.1:8000/v1.
        model: Model name that the server knows.
        key_variable: Environment variable that holds the key; may be unset for a
            server on this machine.
        timeout: Longest time for one answer [s].
        attempts: Requests per question at most, refused and broken ones included.
        temperature: Of the sampling.
        max_tokens: Longest answer.
        price_in, price_out: Price per million tokens, in any currency, for the count.

    Raises:
        InputError: Not an http(s) address, plain http to another machine, or
            credentials inside the address.
    """

    url: str
    model: str
    key_variable: str = "HANDX_API_KEY"
    timeout: float = 120.0
    attempts: int = 6
    temperature: float = 0.7
    max_tokens: int = 3000
    price_in: float = 0.0
    price_out: float = 0.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                "--url", "", f"{self.url!r} is no http(s) address",
                "e.g. http://127.0.0.1:8000/v1",
            )  # fmt: skip
        if parts.username or parts.password or parts.query:
            raise InputError(
                "--url", "", "holds credentials or a query",
                f"put the key into ${self.key_variable}",
            )  # fmt: skip
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise InputError(
                "--url", "", f"plain http to {parts.hostname}",
                "use https; plain http is for this machine only",
            )  # fmt: skip

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost, in the currency of the prices."""
        return (
            prompt_tokens * self.price_in + completion_tokens * self.price_out
        ) / 1e6


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass
class Usage:
    """What has been spent so far; shared by threads."""

    requests: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **counts: int) -> None:
        """Add to the named counts."""
        with self.lock:
            for name, value in counts.items():
                setattr(self, name, getattr(self, name) + value)


class Chat:
    """Asks an endpoint; safe to share between threads.

    Args:
        endpoint: Where to ask.
        schema: JSON schema that answers should follow; an endpoint that knows no
            structured output is asked without, so check what comes back.
        name: What the schema is called.
        wait: Sleeps; tests pass their own.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        schema: dict[str, Any],
        name: str,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.endpoint, self.schema, self.name = endpoint, schema, name
        self.wait = wait
        self.usage = Usage()

    def complete(
        self, talk: list[dict[str, str]], seed: int, left: list[int]
    ) -> Answer:
        """One answer, whatever it says; refused and broken requests are repeated.

        Args:
            talk: Messages so far.
            seed: Of the sampling, where the endpoint knows one.
            left: One number: requests that may still be sent; counted down.

        Raises:
            NoAnswer: No attempt brought an answer.
            EndpointError: The endpoint refuses for good.
        """
        problem = "no attempt left"
        pause = 1.0
        while left[0] > 0:
            left[0] -= 1
            self.usage.add(requests=1)
            asked = 0.0
            try:
                status, headers, body = self._post(self._body(talk, seed))
                if status == 200:
                    return self._answer(body)
                problem = f"status {status}: {self._excerpt(body)}"
                if status in (400, 422) and self.endpoint.url not in _PLAIN:
                    _PLAIN.add(self.endpoint.url)
                    continue
                if status not in RETRIED:
                    raise EndpointError(f"{self.endpoint.url}: {problem}")
                asked = _retry_after(headers.get("Retry-After"))
            except (OSError, http.client.HTTPException, InputError) as error:
                problem = f"{type(error).__name__}: {error}"
            if left[0] > 0:
                self.usage.add(retries=1)
                self.wait(min(max(pause, asked), LONGEST_WAIT))
                pause *= 2
        raise NoAnswer(f"{self.endpoint.url}: {problem}")

    def _body(self, talk: list[dict[str, str]], seed: int) -> dict[str, Any]:
        e = self.endpoint
        body: dict[str, Any] = {
            "model": e.model, "messages": talk, "temperature": e.temperature,
            "max_tokens": e.max_tokens, "seed": seed, "stream": False,
        }  # fmt: skip
        if e.url not in _PLAIN:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": self.name,
                    "strict": True,
                    "schema": self.schema,
                },
            }
        return body

    def _post(self, body: dict[str, Any]) -> tuple[int, Any, bytes]:
        """One request; the whole of it within the time limit."""
        parts = urlsplit(self.endpoint.url)
        deadline = time.monotonic() + self.endpoint.timeout
        if parts.scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=self.endpoint.timeout,
                context=ssl.create_default_context(),
            )  # fmt: skip
        else:
            connection = http.client.HTTPConnection(
                parts.hostname or "", parts.port, timeout=self.endpoint.timeout
            )
        headers = {"Content-Type": "application/json", "User-Agent": "handx"}
        if key := os.environ.get(self.endpoint.key_variable):
            headers["Authorization"] = f"Bearer {key}"
        try:
            path = parts.path.rstrip("/") + "/chat/completions"
            connection.request("POST", path, json.dumps(body).encode(), headers)
            response = connection.getresponse()
            received = bytearray()
            while chunk := response.read1(1 << 16):
                received += chunk
                if len(received) > MAX_ANSWER:
                    raise InputError("answer", "", f"longer than {MAX_ANSWER} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError("the answer came too slowly")
            if response.length:  # announced, but the connection closed before
                raise http.client.IncompleteRead(bytes(received), response.length)
            return response.status, response.headers, bytes(received)
        finally:
            connection.close()

    def _answer(self, body: bytes) -> Answer:
        """The answer inside a response.

        Raises:
            InputError: It is no chat completion.
        """
        try:
            value = json.loads(body)
            text = value["choices"][0]["message"]["content"]
            usage = value.get("usage") or {}
            counts = [
                int(usage.get(f"{n}_tokens") or 0) for n in ("prompt", "completion")
            ]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise InputError("answer", "", f"no chat completion ({error!r})") from error
        self.usage.add(prompt_tokens=counts[0], completion_tokens=counts[1])
        if not isinstance(text, str):
            raise InputError("answer", "", "without text")
        return Answer(text, *counts)

    def _excerpt(self, body: bytes) -> str:
        """The start of an error's body, without the key should a server repeat it."""
        text = " ".join(body[:2000].decode("utf-8", "replace").split())
        if key := os.environ.get(self.endpoint.key_variable):
            text = text.replace(key, "***")
        return text[:200]


def _retry_after(value: str | None) -> float:
    """Seconds that a server asks to wait; 0 where it does not say it in seconds."""
    try:
        return max(0.0, float(value or 0))
    except ValueError:
        return 0.0
