"""Prompts, segments and plans."""

import pytest

from handx_gen.errors import InputError
from handx_gen.prompt import MAX_CHARACTERS, Plan, Prompt, Segment


def test_white_space_is_no_content() -> None:
    assert Prompt(sentence="  clap \n twice ").sentence == "clap twice"


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="clap"):
        Plan.from_text(text)


def test_long_text_is_refused_by_field() -> None:
    Prompt(left="a" * MAX_CHARACTERS)
    with pytest.raises(InputError) as caught:
        Prompt(left="ok", relation="a" * (MAX_CHARACTERS + 1))
    assert caught.value.field == "relation"


def test_text_of_the_triple_names_its_parts() -> None:
    prompt = Prompt(left="stays still", relation="palms touch")
    assert prompt.text == "left: stays still; together: palms touch"


def test_plan_from_text() -> None:
    plan = Plan.from_text("make fists", 2.0)
    assert plan.text == "make fists"
    assert plan.segments[0].seconds == 2.0


def test_text_of_a_plan_keeps_the_order() -> None:
    plan = Plan(tuple(Segment(Prompt(sentence=s)) for s in ("one", "two")))
    assert plan.text.index("one") < plan.text.index("two")


@pytest.mark.parametrize("seconds", [0.0, -1.0, 61.0, float("nan"), float("inf")])
def test_impossible_length_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match="seconds"):
        Plan.from_text("wave", seconds)


def test_a_plan_needs_a_segment() -> None:
    with pytest.raises(InputError, match="segments"):
        Plan(())
