"""`Plan` ↔ JSON: what a planner proposes, a person edits, and a generator reads."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handx_gen import npz
from handx_gen.errors import InputError
from handx_gen.prompt import Plan, Prompt, Segment

WORDS = ("sentence", "left", "right", "relation")
MAX_SEGMENTS = 64
MAX_BYTES = 1 << 20


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON: `{"segments": [{"sentence": …, "seconds": …}, …]}`.

    A segment holds either a `sentence` or the triple `left`, `right`, `relation`;
    `seconds` null leaves the length to the model.
    """
    segments = []
    for segment in plan.segments:
        prompt = segment.prompt
        words = {name: getattr(prompt, name) for name in WORDS if getattr(prompt, name)}
        segments.append({**words, "seconds": segment.seconds})
    return {"segments": segments}


def plan_from_json(value: object, where: object = "plan") -> Plan:
    """Check and read what `plan_to_json` gives, however it was edited.

    Raises:
        InputError: Another shape; names the segment and the field.
    """
    if not isinstance(value, Mapping) or set(value) != {"segments"}:
        raise InputError(where, "", "not an object with `segments` alone")
    segments = value["segments"]
    if not isinstance(segments, list) or not 1 <= len(segments) <= MAX_SEGMENTS:
        raise InputError(where, "segments", f"not a list of 1 to {MAX_SEGMENTS}")
    return Plan(
        tuple(_segment(s, f"{where}, segment {n}") for n, s in enumerate(segments, 1))
    )


def _segment(value: object, where: str) -> Segment:
    if not isinstance(value, Mapping):
        raise InputError(where, "", "not an object")
    unknown = sorted(set(value) - {*WORDS, "seconds"})
    if unknown:
        raise InputError(
            where, unknown[0], "unknown", f"use {', '.join(WORDS)} and seconds"
        )
    words = {name: value.get(name, "") for name in WORDS}
    for name, text in words.items():
        if not isinstance(text, str):
            raise InputError(where, name, f"{type(text).__name__}, not text")
    if words["sentence"] and any(words[name] for name in WORDS[1:]):
        raise InputError(
            where,
            "sentence",
            "given beside left, right or relation",
            "give one of them",
        )
    seconds = value.get("seconds")
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is not None and not number:
        raise InputError(where, "seconds", f"{seconds!r}", "a number, or null")
    try:
        return Segment(Prompt(**words), None if seconds is None else float(seconds))
    except InputError as error:
        raise InputError(where, error.field, error.problem, error.fix) from error


def save_plan(plan: Plan, path: str | Path) -> None:
    """Write a plan, atomically."""
    text = json.dumps(plan_to_json(plan), indent=2, ensure_ascii=False)
    npz.write_text(Path(path), text + "\n")


def load_plan(path: str | Path) -> Plan:
    """Read a plan.

    Raises:
        InputError: The file cannot be read, or holds no plan.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(path, "", f"larger than {MAX_BYTES} bytes", "no plan is")
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(path, "", f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise InputError(path, "", f"is not JSON ({error})") from error
    return plan_from_json(value, path)
