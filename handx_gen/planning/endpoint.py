"""Planning by a language model behind an OpenAI-compatible endpoint.

The model only proposes words; what comes back is checked for form, and every segment is
read by the rules, so that a person sees which of them the system knows.
"""

import json
from typing import Any

from handx_gen.endpoint import Chat, NoAnswer
from handx_gen.errors import InputError
from handx_gen.planning.plan_file import MAX_SEGMENTS, plan_from_json
from handx_gen.planning.rules import Proposal
from handx_gen.procedural.reader import read
from handx_gen.procedural.vocabulary import PRIMITIVES
from handx_gen.prompt import Plan

TRIES = 3

_SEGMENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sentence": {"type": "string"},
        "seconds": {"type": ["number", "null"]},
    },
    "required": ["sentence", "seconds"],
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"segments": {"type": "array", "items": _SEGMENT, "minItems": 1}},
    "required": ["segments"],
    "additionalProperties": False,
}
"""JSON schema of an answer; what a plan file may hold beside it is for people."""


def instructions() -> str:
    """What the model is told: its task, the form of the answer, the vocabulary."""
    known = "\n".join(
        f"- {p.title}: {'; '.join(p.examples)}" for p in PRIMITIVES.values()
    )
    return f"""Two human hands are to act out a request. Break the request down into
segments that happen one after the other. Each segment is one plain English sentence of
what the hands do, in words as close as you can to the known movements below; name left,
right or both, the fingers, and how often. What happens at the same time belongs into one
sentence, joined by "while". Leave out everything that hands cannot show. Use at most
{MAX_SEGMENTS} segments; `seconds` is the length of a segment, or null where none was asked
for. If the request has nothing to do with hands, give one segment that repeats it.

Answer with one JSON object, {{"segments": [{{"sentence": "...", "seconds": null}}]}}.

Known movements:
{known}"""


def plan_by_endpoint(chat: Chat, text: str, seed: int = 0) -> Proposal:
    """Ask a model for a plan.

    Args:
        chat: Made with `SCHEMA`.
        text: The request.
        seed: Of the model's sampling, where it knows one.

    Raises:
        InputError: The request is empty.
        NoAnswer: No well-formed plan came back.
        EndpointError: The endpoint refuses for good.
    """
    request = Plan.from_text(text).text
    opening = [
        {"role": "system", "content": instructions()},
        {"role": "user", "content": json.dumps({"request": request})},
    ]
    talk = list(opening)
    left = [chat.endpoint.attempts]
    problem = ""
    for _ in range(TRIES):
        answer = chat.complete(talk, seed, left)
        try:
            plan = plan_from_json(_object(answer.text), "answer")
        except InputError as error:
            problem = str(error)
            again = f"Refused: {problem}. Answer again with the JSON object only."
            talk = [*opening, {"role": "user", "content": again}]
            continue
        return _judged(plan)
    raise NoAnswer(f"{chat.endpoint.url}: no usable plan; the last: {problem}")


def _object(text: str) -> object:
    """The JSON object inside an answer, with or without a fence or words around it."""
    start, stop = text.find("{"), text.rfind("}")
    if start < 0 or stop < start:
        raise InputError("answer", "", "holds no JSON object")
    try:
        return json.loads(text[start : stop + 1])
    except (ValueError, RecursionError) as error:
        raise InputError("answer", "", f"is not JSON ({error})") from error


def _judged(plan: Plan) -> Proposal:
    """The plan with what the rules cannot read in it."""
    programs = [read(segment.prompt.text) for segment in plan.segments]
    unread = [word for program in programs for word in program.unread]
    nearest = next((p.nearest for p in programs if p.unread or not p.steps), "")
    return Proposal(plan, tuple(dict.fromkeys(unread)), nearest)
