"""Best of N: every drawn motion goes all the way, and the table says so."""

import json
from dataclasses import replace

import pytest

from handx import files, pipeline
from handx.candidates import Candidate, best

GOOD = Candidate(0, "m", "yes", "yes", "yes", 1.0, 1.0, 0, 1.0, 1.2)


@pytest.mark.parametrize(
    "worse",
    [
        {"text": "no", "f1": 0.5},
        {"physics": "no", "checks_failed": 1},
        {"hand": "no"},
        {"contacts_kept": 0.8},
        {"stretch": 2.0},
    ],
)
def test_the_better_one_is_chosen_wherever_it_stands(worse):
    other = replace(GOOD, **worse)
    assert best([other, GOOD]) == 1
    assert best([GOOD, other]) == 0


def test_of_equals_the_first_is_chosen():
    assert best([GOOD, replace(GOOD, sample=1)]) == 0


def test_the_second_reader_takes_no_part_in_the_choice():
    assert best([replace(GOOD, second_f1=0.0), GOOD]) == 0


def test_the_text_comes_before_the_robot():
    does_it = replace(GOOD, hand="no", physics="no", checks_failed=2)
    assert best([replace(GOOD, text="no", f1=0.4), does_it]) == 1


def test_a_run_tries_every_sample_and_says_what_one_would_have_given(tmp_path):
    out = tmp_path / "out"
    result = pipeline.run("make a fist", out=out, model="program", samples=2)
    assert [c.sample for c in result.candidates] == [0, 1]
    table = json.loads((out / files.CANDIDATES).read_text())
    assert table["chosen"] == best(result.candidates)
    assert len(table["candidates"]) == 2
    assert result.passed
    pipeline.run("make a fist", out=out, model="program")
    assert not (out / files.CANDIDATES).exists()
