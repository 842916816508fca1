"""Every primitive is said in many ways, and read back as the same program."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from handx_gen.procedural import PRIMITIVES, Program, Step, read
from handx_gen.procedural.compiled import patterns
from handx_gen.procedural.programs import KINDS, sample_program
from handx_gen.procedural.reader import read_plan
from handx_gen.procedural.templates import HELD_OUT, SPLITS, TRAIN, keys, templates
from handx_gen.procedural.wording import say, says
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


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", PRIMITIVES)
def test_what_is_said_is_read_back_with_all_its_parameters(name, split):
    for seed in range(5):
        program = Program((drawn(name, seed),))
        text = say(program, np.random.default_rng(seed), split)
        back = read(text)
        assert not back.unread, text
        assert same(back, program), (text, back.steps)


@pytest.mark.parametrize("split", SPLITS)
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
            for split in SPLITS
        }  # fmt: skip
        assert all(by_split.values()), (step, by_split)
        assert not by_split[TRAIN] & by_split[HELD_OUT]


def test_a_sentence_has_one_meaning():
    meanings: dict[str, Counter[Step]] = {}
    for seed in range(400):
        program = sample_program(np.random.default_rng([seed, 6]))
        text = say(program, np.random.default_rng(seed), SPLITS[seed % 2])
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
