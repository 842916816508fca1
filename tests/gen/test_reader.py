"""Free text beside the templates: idioms, speeds, durations, and an honest no."""

import pytest

from handx_gen.kinematics.requests import match
from handx_gen.procedural import Step, perform, read
from handx_gen.procedural.compiled import read_clause
from handx_gen.procedural.idioms import IDIOMS
from handx_gen.procedural.reader import TWO_TIPS

GIVEN = {
    "hand": "the left hand", "times": " twice", "number": "three", "side": "left",
    "way": "up",
}  # fmt: skip


@pytest.mark.parametrize("words", sorted({words for _, words in IDIOMS}))
def test_every_idiom_stands_for_words_that_the_vocabulary_has(words):
    assert len(read_clause(words.format_map(GIVEN))) == 1


@pytest.mark.parametrize(
    ("text", "step"),
    [("thumbs down", Step("thumb_down", "both")),
     ("wave", Step("goodbye", "both")),
     ("wave goodbye with the left hand twice", Step("goodbye", "left", count=2)),
     ("make a fist twice with the right hand", Step("pump", "right", count=2)),
     ("fist twice", Step("pump", "both", count=2)),
     ("stop sign with the right hand", Step("stop", "right")),
     ("number four with the left hand", Step("number", "left", count=4)),
     ("palms up", Step("turn", "both", direction="palm_up")),
     ("I'd like you to wiggle your fingers", Step("flutter", "both")),
     ("raise both hands quickly", Step("move", "both", direction="up", speed=1.6)),
     ("slowly bend the left ring finger", Step("bend", "left", ("ring",), speed=0.6)),
     ("curl slowly the left ring finger", Step("bend", "left", ("ring",), speed=0.6)),
     ("hold a fist for 3 seconds", Step("shape", "both", hold=3.0)),
     ("make a fist with the left hand for two seconds", Step("shape", "left", hold=2.0)),
     ("your right index finger touches your left palm", Step("poke", "right", ("index",)))],
)  # fmt: skip
def test_short_and_loose_requests_are_read(text, step):
    program = read(text)
    assert program.steps == (step,)
    assert program.requested.understood, program.requested.unread
    assert match(perform(text), program.requested).answer == "yes"


def test_while_in_front_joins_two_clauses():
    program = read("while the left hand makes a fist, the right hand points")
    assert {s.hand: s.fingers for s in program.steps} == {
        "left": (),
        "right": ("index",),
    }
    assert not program.unread


@pytest.mark.parametrize(
    "text",
    ["touch the left index to the left middle finger",
     "touch the index and middle fingertips of the right hand together",
     "tap the left index and left ring together"],
)  # fmt: skip
def test_two_fingertips_of_one_hand_are_said_to_be_out_of_reach(text):
    program = read(text)
    assert TWO_TIPS in program.unread
    assert not program.steps


@pytest.mark.parametrize(
    "text",
    ["clap slowly", "press the palms together for 3 seconds", "slowly clap twice",
     "move the left hand up for two seconds", "point left", "high five", "wave the flag",
     "thumbs sideways", "thumbs down with one hand", "make a fist for a long time",
     "bend the left index finger very very slowly", "number nine", "number six",
     "palms up and down at once", "wave with the left foot"],
)  # fmt: skip
def test_what_cannot_be_checked_or_done_is_not_passed_over(text):
    assert not read(text).requested.understood


@pytest.mark.parametrize(("asked", "done", "answer"), [
    ("bend the left index finger slowly", "bend the left index finger slowly", "yes"),
    ("bend the left index finger slowly", "bend the left index finger quickly", "no"),
    ("bend the left index finger slowly", "bend the left index finger", "no"),
    ("move the right hand up quickly", "move the right hand up", "no"),
    ("move the right hand up", "move the right hand up slowly", "yes"),
    ("make a fist with the left hand for 3 seconds", "make a fist with the left hand", "no"),
    ("bend the left thumb at the start", "bend the left thumb at the end", "no"),
])  # fmt: skip
def test_speed_duration_and_time_are_looked_for_in_the_motion(asked, done, answer):
    motion = perform(done, seconds=2.0 if "start" in asked else None)
    assert match(motion, read(asked).requested).answer == answer
