"""Ask a language model until its captions are well-formed and true, or give up.

The same loop serves an HTTP endpoint and a local model: parse, check the form, check
against the events, and say to the model what was wrong.
"""

import json
import re
from collections.abc import Callable

from handx_gen.captions.facts import facts
from handx_gen.captions.prompt import INSTRUCTIONS, messages
from handx_gen.captions.schema import Caption, CaptionSet, read_levels
from handx_gen.captions.verify import verify
from handx_gen.endpoint import Answer
from handx_gen.errors import HandxError, InputError
from handx_gen.kinematics.timeline_events import Timeline

_JARGON = re.compile(
    r"_des\b|finger_flexing|_hand_events|frame_count|constant_des|[{}\[\]]"
)


class CaptionError(HandxError):
    """A clip for which no usable captions could be had."""


Complete = Callable[[list[dict[str, str]]], Answer]
"""Chat messages → answer. Transport errors are its own business."""


def parse(text: str) -> tuple[Caption, ...]:
    """Five captions from an answer, with or without a fence or words around the JSON.

    Raises:
        InputError: No JSON, cut off, another shape, or an echo of the question.
    """
    text = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)
    if INSTRUCTIONS[:60] in text or '"frame_count"' in text:
        raise InputError("answer", "", "repeats the question")
    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    if start < 0:
        raise InputError("answer", "", "holds no JSON")
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError as error:
        raise InputError("answer", "", f"broken or cut-off JSON ({error})") from error
    except RecursionError as error:
        raise InputError("answer", "", "JSON nested too deeply") from error
    levels = read_levels(value, "answer")
    for number, level in enumerate(levels, 1):
        for field, words in level.parts():
            if _JARGON.search(words):
                raise InputError("answer", f"level {number} {field}", "is not prose")
    return levels


def ask(
    complete: Complete, events: Timeline, source: str, tries: int = 3
) -> CaptionSet:
    """Captions of one clip from a model.

    Args:
        complete: Asks the model once.
        events: The event JSON.
        source: What to store as their source.
        tries: Questions at most; each after the first says what was wrong. Of several
            well-formed answers the one with the fewest false levels is kept.

    Raises:
        CaptionError: No answer was well-formed.
    """
    known = facts(events)
    talk = messages(events)
    best: CaptionSet | None = None
    problem = ""
    for _ in range(tries):
        answer = complete(talk)
        try:
            levels = parse(answer.text)
        except InputError as error:
            problem = str(error)
            talk = [*messages(events), _again(f"Your last answer was refused: {error}")]
            continue
        checks = [verify(level, known) for level in levels]
        found = CaptionSet(levels, source, tuple(c.passed for c in checks))
        if best is None or sum(found.verified) > sum(best.verified):
            best = found
        if all(found.verified):
            return found
        wrong = "\n".join(
            f"- object {number}: {reason}"
            for number, check in enumerate(checks, 1)
            for reason in check.reasons
        )
        talk = [
            *messages(events),
            {"role": "assistant", "content": answer.text},
            _again(f"These statements disagree with the events:\n{wrong}"),
        ]
    if best is None:
        raise CaptionError(f"no usable answer in {tries} tries; the last: {problem}")
    return best


def _again(problem: str) -> dict[str, str]:
    return {
        "role": "user",
        "content": f"{problem}\nAnswer again, with the whole corrected JSON object only.",
    }
