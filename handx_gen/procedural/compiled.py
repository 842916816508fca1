"""The reader that the templates themselves make: a clause said by them is read in full.

Each template becomes one regular expression with a group per slot. A clause that fits it
from end to end gives back the step with all its parameters, and nothing is left over
that could change its meaning. Compiled once, on first use.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from handx_gen.procedural.inflection import participle, third
from handx_gen.procedural.slots import SLOTS, Fields
from handx_gen.procedural.templates import TEMPLATES, Template, templates
from handx_gen.procedural.timeline import Step
from handx_gen.procedural.vocabulary import PRIMITIVES
from handx_gen.skeleton import FINGERS

_ITS = r"(?:its|their|the|your|his|her)"
_TOKEN = re.compile(r"\{(\w+)\}|\(([^()]*)\)|<([^<>]*)>|([^{}()<>]+)")


@dataclass(frozen=True)
class Pattern:
    """A template, ready to be matched."""

    template: Template
    expression: re.Pattern[str]
    slots: tuple[str, ...]

    def read(self, clause: str) -> Step | None:
        """The step that `clause` says with this template, if it does."""
        found = self.expression.fullmatch(clause)
        if not found:
            return None
        fields: Fields = {}
        for words, slot in zip(found.groups(), self.slots, strict=True):
            said = SLOTS[slot].read((words or "").rstrip() if words else "")
            if said is None or any(fields.get(k, v) != v for k, v in said.items()):
                return None
            fields |= said
        for name, value in self.template.fixed:
            if fields.get(name, value) != value:
                return None
            fields[name] = value
        return _step(self.template.primitive, fields)


def read_clause(clause: str) -> list[Step]:
    """Every different step that a template makes of a clause.

    Args:
        clause: Lower case, single spaces, no punctuation at its ends.

    Returns:
        None, one, or, if the words are ambiguous, several.
    """
    words = set(re.findall(r"[a-z]+", clause))
    steps: list[Step] = []
    index, always = _index()
    for word in words & index.keys():
        for pattern in index[word]:
            if (step := pattern.read(clause)) and step not in steps:
                steps.append(step)
    for pattern in always:
        if (step := pattern.read(clause)) and step not in steps:
            steps.append(step)
    return steps


@cache
def verb_forms() -> dict[str, str]:
    """Inflected verb → its base, for every verb that a template begins with."""
    forms: dict[str, str] = {}
    for verb in {
        v
        for p in patterns()
        for v in p.template.verbs
        if p.template.kind in ("command", "bare")
    }:
        forms |= {third(verb): verb, participle(verb): verb}
    return {form: verb for form, verb in forms.items() if form != verb}


@cache
def patterns() -> tuple[Pattern, ...]:
    """All templates, compiled."""
    return tuple(_compile(t) for key in TEMPLATES for t in templates(key))


@cache
def _index() -> tuple[dict[str, list[Pattern]], list[Pattern]]:
    """Patterns by the rarest word that they cannot do without; those without one."""
    plain = [_plain_words(p.template.text) for p in patterns()]
    often: dict[str, int] = defaultdict(int)
    for words in plain:
        for word in words:
            often[word] += 1
    index: dict[str, list[Pattern]] = defaultdict(list)
    always: list[Pattern] = []
    for pattern, words in zip(patterns(), plain, strict=True):
        if words:
            index[min(sorted(words), key=lambda w: often[w])].append(pattern)
            continue
        first = re.search(r"[(<]([^()<>]*)[)>]", pattern.template.text)
        if not first:
            always.append(pattern)
            continue
        agreeing = pattern.template.text[first.start()] == "<"
        for choice in first.group(1).split("|"):
            word = re.findall(r"[a-z]+", choice)
            if not word:
                always.append(pattern)
                break
            for form in (
                {word[0], third(word[0]), participle(word[0])} if agreeing else word[:1]
            ):
                index[form].append(pattern)
    return dict(index), always


def _plain_words(text: str) -> set[str]:
    bare = re.sub(r"\{\w+\}|\([^()]*\)|<[^<>]*>", " ; ", text)
    return set(re.findall(r"(?<![\w'-])[a-z]+(?![\w'-])", bare))


def _compile(template: Template) -> Pattern:
    parts, slots = [], []
    for slot, either, agreeing, plain in _TOKEN.findall(template.text):
        if slot:
            if slot not in SLOTS:
                raise AssertionError(f"template {template.text!r}: no slot {slot!r}")
            parts.append(f"({SLOTS[slot].pattern})")
            slots.append(slot)
        elif either:
            parts.append("(?:" + "|".join(map(_literal, either.split("|"))) + ")")
        elif agreeing == "its":
            parts.append(_ITS)
        elif agreeing:
            forms = [
                f for v in agreeing.split("|") for f in (v, third(v), participle(v))
            ]
            parts.append("(?:" + "|".join(map(_literal, forms)) + ")")
        else:
            parts.append(_literal(plain))
    return Pattern(template, re.compile("".join(parts)), tuple(slots))


def _literal(words: str) -> str:
    return re.escape(words.lower()).replace(r"\ ", " ")


@cache
def _bare(primitive: str) -> dict[str, Any]:
    """Parameters of a primitive that no draw changes: they need not be said."""
    entry = PRIMITIVES[primitive]
    step = Step(primitive, "both")
    if entry.draw is None:
        return {}
    rng = np.random.default_rng(0)
    drawn = [entry.draw(step, rng) for _ in range(24)]
    names = ("hand", "fingers", "other_finger", "direction", "count")
    values = {n: {getattr(d, n) for d in drawn} for n in names}
    return {n: v.pop() for n, v in values.items() if len(v) == 1}


_IN_ORDER = ("pinch", "touch", "poke", "wave", "unroll", "drum")
"""Primitives whose fingers are said in the order in which they act."""


def _step(primitive: str, fields: Fields) -> Step:
    fields = {"hand": "both", **_bare(primitive), **fields}
    step = Step(primitive, **fields)
    if primitive not in _IN_ORDER:
        step = replace(step, fingers=tuple(sorted(step.fingers, key=FINGERS.index)))
    return step
