"""What a client may ask for, checked field by field before it is queued."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from handx_gen.errors import InputError
from handx_gen.planning.plan_file import plan_from_json, plan_to_json
from handx_gen.prompt import Plan

MAX_SAMPLES = 16
"""Most motions drawn for one job; a longer search belongs on the command line."""


@dataclass(frozen=True)
class JobRequest:
    """A motion to be made.

    Attributes:
        plan: What the hands should do.
        text: The one sentence it was made from; empty where a plan was given.
        robot: A name of `handx robots`, never a folder.
        model: "auto", "program" or a shipped network, never a folder.
        seed: Same seed, same motion.
        seconds: How long the motion lasts [s]; None leaves it to the model.
        samples: Motions to draw; the best is kept.
        video: Whether `video.mp4` is drawn too.
    """

    plan: Plan
    text: str = ""
    robot: str = "shadow"
    model: str = "auto"
    seed: int = 0
    seconds: float | None = None
    samples: int = 1
    video: bool = False

    @classmethod
    def from_json(
        cls, body: object, robots: tuple[str, ...], models: tuple[str, ...]
    ) -> "JobRequest":
        """Check and read a request.

        Args:
            body: Parsed JSON.
            robots: Robots that may be asked for.
            models: Models that may be asked for.

        Raises:
            InputError: Names the field and what would do.
        """
        body = _fields(body, tuple(cls.__dataclass_fields__))
        if ("text" in body) == ("plan" in body):
            raise InputError("request", "text", "give either text or plan", "")
        seconds = _number(body, "seconds")
        text = ""
        if "text" in body:
            text = _typed(body, "text", "", str)
            plan = Plan.from_text(text, seconds)
        else:
            plan = plan_from_json(body["plan"], "plan")
            if seconds is not None:
                raise InputError(
                    "request", "seconds", "given beside plan", "set them in the plan"
                )
        samples = _typed(body, "samples", 1, int)
        if not 1 <= samples <= MAX_SAMPLES:
            raise InputError(
                "request", "samples", f"{samples}", f"give 1 to {MAX_SAMPLES}"
            )
        return cls(
            plan,
            text,
            _choice(body, "robot", "shadow", robots),
            _choice(body, "model", "auto", models),
            _seed(body),
            seconds,
            samples,
            _typed(body, "video", False, bool),
        )

    def to_json(self) -> dict[str, Any]:
        """The request with every default filled in, as `from_json` takes it."""
        body = asdict(self) | {"plan": plan_to_json(self.plan)}
        if self.text:
            del body["plan"]
        else:
            del body["text"]
        return body


@dataclass(frozen=True)
class LiveRequest:
    """A live session to begin.

    Attributes:
        robot, model, seed: As for `JobRequest`.
    """

    robot: str = "shadow"
    model: str = "auto"
    seed: int = 0

    @classmethod
    def from_json(
        cls, body: object, robots: tuple[str, ...], models: tuple[str, ...]
    ) -> "LiveRequest":
        """Check and read a request; as `JobRequest.from_json`."""
        fields = _fields(body, tuple(cls.__dataclass_fields__))
        return cls(
            _choice(fields, "robot", "shadow", robots),
            _choice(fields, "model", "auto", models),
            _seed(fields),
        )


def live_words(body: object) -> dict[str, Any]:
    """A line for the live worker, from `text`, `then` and `id`.

    Raises:
        InputError: Names the field and what would do.
    """
    fields = _fields(body, ("text", "then", "id"))
    text = _typed(fields, "text", "", str).strip()
    if not text:
        raise InputError("request", "text", "empty", "say what the hands should do")
    kind = "then" if _typed(fields, "then", False, bool) else "say"
    return {"kind": kind, "text": text, "id": _typed(fields, "id", 0, int)}


def live_until(body: object) -> float:
    """The path time [s] up to which chunks are wanted, from `time`.

    Raises:
        InputError: Names the field and what would do.
    """
    until = _number(_fields(body, ("time",)), "time")
    if until is None:
        raise InputError("request", "time", "missing", "a number of seconds")
    return until


def _fields(body: object, known: tuple[str, ...]) -> Mapping[str, Any]:
    """The body, if it is an object with no other fields."""
    if not isinstance(body, Mapping):
        raise InputError("request", "", "not an object", "send a JSON object")
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise InputError(
            "request", str(unknown[0])[:40], "unknown", f"use {', '.join(known)}"
        )
    return body


def _seed(body: Mapping[str, Any]) -> int:
    seed = _typed(body, "seed", 0, int)
    if not 0 <= seed < 2**31:
        raise InputError("request", "seed", f"{seed}", "give 0 to 2147483647")
    return seed


def _typed(body: Mapping[str, Any], field: str, default: Any, kind: type) -> Any:
    value = body.get(field, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(
            "request", field, f"{type(value).__name__}, not {kind.__name__}"
        )
    return value


def _number(body: Mapping[str, Any], field: str) -> float | None:
    value = body.get(field)
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value):
        raise InputError("request", field, "not a number", "a number of seconds")
    return float(value)


def _choice(
    body: Mapping[str, Any], field: str, default: str, choices: tuple[str, ...]
) -> str:
    value = _typed(body, field, default, str)
    if value not in choices:
        raise InputError(
            "request", field, f"{value[:40]!r} is not known", "one of "
            + ", ".join(choices),
        )  # fmt: skip
    return value
