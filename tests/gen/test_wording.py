"""Every primitive is said in many ways, and read back as the same program."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from handx_gen.procedural import PRIMITIVES, Program, Step, read
from handx_gen.procedural.compiled import patterns
from handx_gen.procedural.inflection import participle, third
from handx_gen.procedural.modifiers import MODIFIERS
from handx_gen.procedural.programs import KINDS, sample_program
from handx_gen.procedural.reader import read_plan
from handx_gen.procedural.slots import DIRECTIONS, FINGER_NAMES, Voice
from handx_gen.procedural.templates import (
    HELD_OUT,
    TEMPLATES,
    TRAIN,
    TURN_WORDING,
    WORDINGS,
    keys,
    templates,
)
from handx_gen.procedural.templates_one_hand import ONE_HAND
from handx_gen.procedural.templates_two_hands import TWO_HANDS
from handx_gen.procedural.templates_varied import MORE, VARIED
from handx_gen.procedural.wording import _template, say, says
from handx_gen.prompt import Plan, Segment


def same(one: Program, two: Program) -> bool:
    """Whether two programs have the same steps, whatever order they are listed in."""
    return Counter(one.steps) == Counter(two.steps)


def drawn(name: str, seed: int) -> Step:
    """A random step of a primitive."""
    rng = np.random.default_rng([seed, len(name)])
    entry = PRIMITIVES[name]
    hands = ("both",) if entry.two_handed else ("left", "right", "both")
    step = Step(name, hands[int(rng.integers(len(hands)))])
    return entry.draw(step, rng) if entry.draw else step


def drawn_template(step: Step, seed: int, split: str):
    voice = Voice(np.random.default_rng(seed))
    return _template(step, voice, split, "command", "", bare=False)


@pytest.mark.parametrize("split", WORDINGS)
@pytest.mark.parametrize("name", PRIMITIVES)
def test_what_is_said_is_read_back_with_all_its_parameters(name, split):
    for seed in range(4):
        program = Program((drawn(name, seed),))
        text = say(program, np.random.default_rng(seed), split)
        back = read(text)
        assert not back.unread, text
        assert same(back, program), (text, back.steps)


@pytest.mark.parametrize("split", WORDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_whole_programs_are_read_back(kind, split):
    for seed in range(10):
        program = sample_program(np.random.default_rng([seed, 5]), kind)
        text = say(program, np.random.default_rng(seed), split)
        back = read(text)
        assert not back.unread, text
        assert same(back, program), (text, back.steps)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_both_splits_have_words_for_every_primitive_and_share_none(name):
    for seed in range(8):
        step = drawn(name, seed)
        by_split = {
            split: {t.text for k in keys(step) for t in templates(k)
                    if t.split == split and says(t, step)}
            for split in (TRAIN, HELD_OUT)
        }  # fmt: skip
        assert all(by_split.values()), (step, by_split)
        assert not by_split[TRAIN] & by_split[HELD_OUT]


def test_what_was_added_to_training_has_no_word_that_is_held_out():
    def words(texts):
        plain = (re.sub(r"\{\w+\}", " ", text.lower()) for text in texts)
        return {word for text in plain for word in re.findall("[a-z]+", text)}

    written = ONE_HAND | TWO_HANDS
    taught = words(t for entry in written.values() for t in entry[TRAIN])
    kept = words(t for entry in written.values() for t in entry[HELD_OUT])
    for table in (FINGER_NAMES, DIRECTIONS, *(m.words for m in MODIFIERS)):
        taught |= words(word for seen, _ in table.values() for word in seen)
        kept |= words(word for _, unseen in table.values() for word in unseen)
    for direction in TURN_WORDING.values():
        taught |= words(direction[:4])
        kept |= words(direction[4:6])
    kept -= taught
    assert len(kept) > 150
    forms = kept | {f(word) for word in kept for f in (third, participle)}
    added = words(t for entry in MORE.values() for t in entry)
    added |= words(t for direction in TURN_WORDING.values() for t in direction[6:])
    assert len(added - taught) > 40
    assert not (added - taught) & forms
    for key, texts in MORE.items():
        assert not set(texts) & {*TEMPLATES[key][TRAIN], *TEMPLATES[key][HELD_OUT]}


def test_only_training_sentences_are_varied():
    step = Step("move", "left", direction="up")
    assert MORE["move"]

    def kinds(split):
        return {t.split for k in range(40) for t in [drawn_template(step, k, split)]}

    assert kinds(VARIED) == {TRAIN, VARIED}
    assert kinds(TRAIN) == {TRAIN}
    assert kinds(HELD_OUT) == {HELD_OUT}


def test_a_sentence_has_one_meaning():
    meanings: dict[str, Counter[Step]] = {}
    for seed in range(400):
        program = sample_program(np.random.default_rng([seed, 6]))
        text = say(program, np.random.default_rng(seed), list(WORDINGS)[seed % 3])
        meaning = Counter(program.steps)
        assert meanings.setdefault(text.lower().rstrip("."), meaning) == meaning, text


def test_modifiers_are_said_and_read():
    for field, values in (("speed", (0.6, 1.6)), ("hold", (0.7,)),
                          ("when", ("early", "late"))):  # fmt: skip
        for value in values:
            step = replace(Step("bend", "left", ("index",)), **{field: value})
            for seed in range(10):
                text = say(Program((step,)), np.random.default_rng(seed))
                assert read(text).steps == (step,), text


def test_a_triple_says_the_program():
    from handx_gen.procedural.sample import synthesize

    for seed in range(12):
        clip = synthesize(seed)
        if len({s.order for s in clip.program.steps}) > 1:
            continue
        read_back = read_plan(Plan((Segment(clip.triple),)))
        assert not read_back.unread, clip.triple
        said = {replace(e, pace="", lasting=0.0) for e in read_back.requested.events}
        asked = {e for e in said if e.kind != "still"}
        assert asked >= {e for e in clip.requested.events if e.kind != "still"}


def test_every_slot_a_template_uses_exists():
    assert len(patterns()) > 200
