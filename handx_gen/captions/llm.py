"""Captions from an OpenAI-compatible endpoint, kept by content."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from handx_gen import npz
from handx_gen.captions.dialogue import CaptionError, ask
from handx_gen.captions.prompt import PROMPT_VERSION, messages
from handx_gen.captions.schema import CaptionSet, json_schema
from handx_gen.endpoint import Chat, Endpoint, NoAnswer, Usage
from handx_gen.errors import HandxError
from handx_gen.kinematics.timeline_events import Timeline


class EndpointWriter:
    """Writes captions through an endpoint; safe to share between threads.

    Args:
        endpoint: Where to ask.
        cache: Folder of answers by content; None keeps none.
        wait: Sleeps; tests pass their own.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        cache: Path | None = None,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.endpoint, self.cache = endpoint, cache
        self.chat = Chat(endpoint, json_schema(), "captions", wait)
        self.source = f"http:{endpoint.model}"

    @property
    def usage(self) -> Usage:
        """What has been spent so far."""
        return self.chat.usage

    def write(self, events: Timeline, seed: int = 0) -> CaptionSet:
        """Captions of one clip; from the cache where the same was asked before.

        Raises:
            CaptionError: No usable answer within the attempts.
            EndpointError: The endpoint refuses for good.
        """
        key = self._key(events, seed)
        path = self.cache / key[:2] / f"{key}.json" if self.cache else None
        if path is not None and path.exists():
            try:
                found = CaptionSet.from_json(json.loads(path.read_text("utf-8")), path)
            except (ValueError, HandxError):
                path.unlink(missing_ok=True)  # a damaged entry is asked for again
            else:
                self.chat.usage.add(cached=1)
                return found
        left = [self.endpoint.attempts]
        try:
            found = ask(
                lambda talk: self.chat.complete(talk, seed, left), events, self.source
            )
        except NoAnswer as error:
            raise CaptionError(str(error)) from error
        if path is not None:
            npz.write_text(path, json.dumps(found.to_json(), ensure_ascii=False))
        return found

    def _key(self, events: Timeline, seed: int) -> str:
        asked = {
            "prompt": PROMPT_VERSION, "messages": messages(events), "seed": seed,
            "model": self.endpoint.model, "temperature": self.endpoint.temperature,
        }  # fmt: skip
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
