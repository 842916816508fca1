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
        if not isinstance(body, Mapping):
            raise InputError("request", "", "not an object", "send a JSON object")
        unknown = sorted(set(body) - {*cls.__dataclass_fields__})
        if unknown:
            known = ", ".join(cls.__dataclass_fields__)
            raise InputError("request", str(unknown[0])[:40], "unknown", f"use {known}")
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
        seed = _typed(body, "seed", 0, int)
        if not 0 <= seed < 2**31:
            raise InputError("request", "seed", f"{seed}", "give 0 to 2147483647")
        return cls(
            plan,
            text,
            _choice(body, "robot", "shadow", robots),
            _choice(body, "model", "auto", models),
            seed,
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
