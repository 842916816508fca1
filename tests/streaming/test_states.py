"""The table of states, as it is and as it is drawn."""

import re
from pathlib import Path

import pytest

from handx.streaming.errors import StreamError
from handx.streaming.states import MOVING, TRANSITIONS, Event, State, after

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "streaming.md"


def test_the_drawing_is_the_table():
    drawn = re.findall(r"^ +(\w+) --> (\w+): (.+)$", DOCUMENT.read_text(), re.MULTILINE)
    arrows = {(State[a], Event(label)): State[b] for a, b, label in drawn}
    said_in_words = {Event.ESTOP, Event.DISABLE}
    assert arrows == {
        key: target
        for key, target in TRANSITIONS.items()
        if key[1] not in said_in_words
    }


def test_from_everywhere_there_is_a_stop():
    for state in State:
        assert after(state, Event.ESTOP) is State.ESTOP
        if state is not State.ESTOP:
            assert after(state, Event.DISABLE) is State.DISARMED
    for state in MOVING:
        assert after(state, Event.HOLD) is State.HOLD


def test_an_emergency_stop_ends_by_a_reset_only():
    ways = [
        target for (state, _), target in TRANSITIONS.items() if state is State.ESTOP
    ]
    assert set(ways) == {State.ESTOP, State.DISARMED}
    for event in (Event.ARM, Event.PLAY, Event.RESUME, Event.HOLD, Event.DISABLE):
        with pytest.raises(StreamError, match="while estop"):
            after(State.ESTOP, event)


def test_motion_begins_with_arming_and_an_approach():
    """No way into motion but arm, play, approach."""
    into = {key for key, target in TRANSITIONS.items()
            if target in MOVING and key[0] not in MOVING}  # fmt: skip
    assert into == {(State.READY, Event.PLAY)}
    assert TRANSITIONS[State.READY, Event.PLAY] is State.APPROACH
