"""Programs in words: a grammar that varies its wording by seed.

A clause is one template with its slots filled; around it stand the speaker ("please",
"the person …", "bending …"), how fast, and when. Clauses are joined in parallel or in
sequence. Held-out wording uses templates that training never sees, and other synonyms
for fingers, hands, numbers and connectives.
"""

import re

import numpy as np

from handx_gen.procedural.inflection import participle, third
from handx_gen.procedural.modifiers import MODIFIERS
from handx_gen.procedural.slots import SHAPES, SLOTS, Voice
from handx_gen.procedural.templates import (
    HELD_OUT,
    TEMPLATES,
    TRAIN,
    TURN_WORDING,
    WORDINGS,
    Template,
    keys,
    templates,
)
from handx_gen.procedural.timeline import Program, Step

__all__ = ["SHAPES", "TEMPLATES", "TURN_WORDING", "say", "say_branch", "say_step"]

MOODS = {
    "command": 0.62, "please": 0.08, "ask": 0.08, "person": 0.11, "participle": 0.11,
}  # fmt: skip
"""How a sentence speaks, and how often."""
PEOPLE = (("the person", "a person", "someone"), ("she", "he", "the man", "the woman"))
ASKING = (("can you", "could you", "i want you to"), ("would you", "you should"))
_KINDS = {"command": 6, "front": 2, "subject": 3, "bare": 0}
_PARALLEL = (
    (" and ", " and ", " and at the same time ", ", while ", " while ", " as ",
     "; at the same time, "),
    ("; meanwhile ", ", and simultaneously "),
)  # fmt: skip
_THEN = (
    (
        ", then ",
        " and then ",
        ", and after that ",
        "; next, ",
        ". then ",
        ", followed by ",
    ),
    (". afterwards, ", "; after that, "),
)
_LAST = ((", and finally ", ", then finally ", ". finally, "), (", and last of all ",))


def say(program: Program, rng: np.random.Generator, split: str = TRAIN) -> str:
    """One sentence for a program; wording (of `WORDINGS`) drawn with `rng`."""
    mood = str(rng.choice(list(MOODS), p=list(MOODS.values())))
    voice = Voice(rng, split == HELD_OUT, "their" if mood == "person" else "your")
    orders = sorted({step.order for step in program.steps})
    text, joiner = "", ""
    for k, order in enumerate(orders):
        steps = [s for s in program.steps if s.order == order]
        rng.shuffle(steps)  # type: ignore[arg-type]
        if k:
            last = k == len(orders) - 1 and k > 1
            joiner = voice.word(_LAST if last and rng.random() < 0.6 else _THEN)
        text += joiner
        for i, step in enumerate(steps):
            link = voice.word(_PARALLEL) if i else ""
            text += link + _clause(step, voice, split, mood, link or joiner)
    if len(orders) > 1 and rng.random() < 0.35:
        text = "first, " + text
    if rng.random() < 0.25:
        text = text[0].upper() + text[1:] + "."
    return text


def say_step(
    step: Step, rng: np.random.Generator, split: str = TRAIN, mood: str = "command"
) -> str:
    """One clause for one step."""
    voice = Voice(rng, split == HELD_OUT)
    return _clause(step, voice, split, mood, "")


def say_branch(step: Step, rng: np.random.Generator, split: str = TRAIN) -> str:
    """One clause for the branch of one hand, which need not name the hand."""
    voice = Voice(rng, split == HELD_OUT, "the")
    mood = voice.pick(("command", "command", "person", "participle"))
    return _clause(step, voice, split, mood, "", bare=rng.random() < 0.4)


def _clause(
    step: Step, voice: Voice, split: str, mood: str, joiner: str, bare: bool = False
) -> str:
    """A clause that may follow `joiner`."""
    template = _template(step, voice, split, mood, joiner, bare)
    text, verb = fill(template, step, voice)
    for modifier in MODIFIERS:
        if words := modifier.say(step, voice):
            text = modifier.place(text, words, voice, first=bool(verb) and not joiner)
    return _in_mood(text, verb, voice, mood, joiner)


def _template(
    step: Step, voice: Voice, split: str, mood: str, joiner: str, bare: bool
) -> Template:
    fitting = [
        t
        for key in keys(step)
        for t in templates(key)
        if t.split in WORDINGS[split] and says(t, step) and (t.kind == "bare") <= bare
    ]
    if not fitting:
        raise AssertionError(f"no {split} template says {step}")
    finite = joiner.strip(" ,") in ("while", "as")  # a sentence of its own follows
    weights = np.array([float(_KINDS[t.kind]) for t in fitting])
    if bare and any(t.kind == "bare" for t in fitting):
        weights = np.array([float(t.kind == "bare") for t in fitting])
    elif finite and any(t.kind == "subject" for t in fitting):
        weights *= [2.0 if t.kind == "subject" else 1.0 for t in fitting]
    return fitting[int(voice.rng.choice(len(fitting), p=weights / weights.sum()))]


def says(template: Template, step: Step) -> bool:
    """Whether a template can say a step, all of it."""
    if any(getattr(step, name) != value for name, value in template.fixed):
        return False
    return all(SLOTS[slot].fits(step) for slot in template.slots)


def fill(template: Template, step: Step, voice: Voice) -> tuple[str, str]:
    """A template with its alternatives drawn and its slots filled; and its verb."""
    one = step.hand != "both"
    first_hand = ""

    def either(match: re.Match[str]) -> str:
        return voice.pick(tuple(match.group(1).split("|")))

    def slot(match: re.Match[str]) -> str:
        nonlocal first_hand
        words = SLOTS[match.group(1)].say(step, voice)
        first_hand = first_hand or words
        return words

    def agree(match: re.Match[str]) -> str:
        singular = one or first_hand.startswith("each")
        if match.group(1) == "its":
            return "its" if singular else "their"
        verb = voice.pick(tuple(match.group(1).split("|")))
        return third(verb) if singular else verb

    text = re.sub(r"\(([^()]*)\)", either, template.text)
    verb = text.split(" ")[0].split("{")[0] if template.verbs else ""
    text = re.sub(r"\{(\w+)\}", slot, text)
    text = re.sub(r"<([^<>]*)>", agree, text)
    return " ".join(text.split()), verb


def _in_mood(text: str, verb: str, voice: Voice, mood: str, joiner: str) -> str:
    """A command turned into what the mood of the sentence, and the joiner, need."""
    joined = joiner.strip(" ,;")
    if not verb:
        return text
    if joined == "followed by":
        return _begin(text, verb, participle(verb))
    if joined in ("while", "as"):
        if mood == "participle" or (joined == "while" and voice.rng.random() < 0.4):
            return _begin(text, verb, participle(verb))
        if mood == "person":
            they = voice.rng.random() < 0.5
            return (
                "they " + text
                if they
                else "the person " + _begin(text, verb, third(verb))
            )
        return "you " + text
    if mood == "participle":
        return _begin(text, verb, participle(verb))
    if mood == "person":
        if joiner:
            return _begin(text, verb, third(verb))
        return f"{voice.word(PEOPLE)} " + _begin(text, verb, third(verb))
    if joiner:
        return text
    if mood == "please":
        return voice.pick(("please ", "please, ")) + text
    return f"{voice.word(ASKING)} {text}" if mood == "ask" else text


def _begin(text: str, verb: str, form: str) -> str:
    """The clause with the first occurrence of its verb in another form."""
    return re.sub(rf"\b{verb}\b", form, text, count=1)
