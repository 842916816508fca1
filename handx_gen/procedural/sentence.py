"""A sentence of the grammar, read in full or not at all.

The sentence is cut at connectives in every way until all pieces are clauses that the
templates know (`compiled`). Around a clause the speaker ("please", "she …", "bending …")
and the modifiers ("slowly") are taken off first. Whatever does not come out without a
rest is left to the looser rules of `reader`, and to their doubts.
"""

import re
from dataclasses import replace
from functools import lru_cache

from handx_gen.procedural.compiled import read_clause, verb_forms
from handx_gen.procedural.idioms import spelled_out
from handx_gen.procedural.modifiers import take_anywhere, take_modifiers
from handx_gen.procedural.timeline import Step
from handx_gen.procedural.vocabulary import PRIMITIVES

_SEQUENCE = re.compile(
    r"(?:[,;.])? (?:and then|then finally|then|and after that|after that|afterwards|next|"
    r"followed by|and finally|finally|and last of all|and next)\b[,:]? ?|[.;!] "
)
_PARALLEL = re.compile(
    r"[,;]? (?:and at the same time|at the same time|meanwhile|while|as|and simultaneously|"
    r"and)\b,? "
)
_SPEAKER = re.compile(
    r"(?:please,?|can you|could you|would you|i want you to|i'd like you to|"
    r"i would like you to|now|you should|you|they|the person|"
    r"a person|someone|she|he|the man|the woman|first,?|firstly,?|now,?) "
)
KEPT = frozenset(
    ("shape", "bend", "extend", "spread", "close", "turn", "move", "pose", "half_bend")
)
"""Kinds of events after which a hand stays as it is, so that it can hold it."""


def tidy(text: str) -> str:
    """Lower case, single spaces, no punctuation at the ends."""
    text = " ".join(text.lower().replace("’", "'").split())
    return text.strip(" .!?,;")


def understand(text: str) -> list[list[Step]] | None:
    """The steps of a sentence: groups that follow one another; None if not all is known."""
    return _sequence(tidy(text))


def _sequence(text: str) -> list[list[Step]] | None:
    if (together := _parallel(text)) is not None:
        return [together]
    for cut in _SEQUENCE.finditer(text):
        first = _parallel(text[: cut.start()])
        if first is None:
            continue
        rest = _sequence(text[cut.end() :])
        if rest is not None:
            return [first, *rest]
    return None


@lru_cache(maxsize=4096)
def _parallel(text: str) -> list[Step] | None:
    if (step := clause(text)) is not None:
        return [step]
    for cut in re.finditer(", ", text) if text.startswith(("while ", "as ")) else ():
        first = _parallel(text[: cut.start()].partition(" ")[2])
        second = _parallel(text[cut.end() :])
        if first is not None and second is not None:
            return first + second
    for cut in _PARALLEL.finditer(text):
        first = clause(text[: cut.start()])
        if first is None:
            continue
        rest = _parallel(text[cut.end() :])
        if rest is not None:
            return [first, *rest]
    return None


def clause(text: str) -> Step | None:
    """The one step that a clause says, if it says one and nothing besides."""
    text = _without_speaker(text.strip(" ,;:"))
    for words, fields in ((text, {}), take_modifiers(text), take_anywhere(text)):
        found: list[Step] = []
        for form in _base_forms(_without_speaker(words)):
            found += [step for step in read_clause(form) if step not in found]
        if not found and (words := spelled_out(_without_speaker(words))):
            found = read_clause(words)
        if len(found) > 1:
            return None
        if found:
            step = replace(found[0], **fields)
            return step if allowed(step) else None
    return None


def allowed(step: Step) -> bool:
    """Whether the step can be done as fast, as long and as early as its fields say."""
    if not step.hold and not step.when:
        return True
    kinds = {event.kind for event in PRIMITIVES[step.primitive].requests(step)}
    if step.hold and (not kinds <= KEPT or step.count > 1):
        return False
    return not step.when or can_be_timed(step)


def can_be_timed(step: Step) -> bool:
    """Whether "early" and "late" mean something for it: short, and of a moment."""
    kinds = {event.kind for event in PRIMITIVES[step.primitive].requests(step)}
    return kinds <= KEPT - {"shape", "pose"} and step.count == 1 and not step.hold


def _without_speaker(text: str) -> str:
    while found := _SPEAKER.match(text):
        text = text[found.end() :]
    return re.sub(r",? please$", "", text)


def _base_forms(text: str) -> list[str]:
    """The clause, and the clause with its first verb uninflected."""
    first, _, rest = text.partition(" ")
    base = verb_forms().get(first)
    return [text, f"{base} {rest}".rstrip()] if base else [text]
