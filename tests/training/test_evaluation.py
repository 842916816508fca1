import json

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.kinematics.requests import RequestedEvent, RequestedEvents
from training.evaluation.protocol import Item, free_items, one_sided, swapped
from training.evaluation.score import Estimate, score


def item(sentence: str, **fields) -> Item:
    return Item(sentence, RequestedEvents((RequestedEvent(**fields),), sentence))


def test_exchanging_sides_changes_words_and_events_together():
    asked = item("the left index bends", kind="bend", hand="left", fingers=("index",))
    other = swapped(asked)
    assert other.sentence == "the right index bends"
    assert other.requested.events[0].hand == "right"
    assert swapped(other).requested.events == asked.requested.events
    assert one_sided(asked)


def test_a_touch_exchanges_its_fingers_and_a_clap_stays():
    touch = item(
        "left thumb to right ring", kind="touch", hand="both",
        fingers=("thumb",), other_fingers=("ring",),
    )  # fmt: skip
    event = swapped(touch).requested.events[0]
    assert (event.fingers, event.other_fingers) == (("ring",), ("thumb",))
    assert not one_sided(item("clap", kind="palms", hand="both"))
    moved = swapped(item("x", kind="move", hand="right", direction="left"))
    assert moved.requested.events[0].direction == "right"


def test_a_refusal_scores_zero_and_a_still_motion_does_not_bend():
    still = np.random.default_rng(0).normal(0, 0.1, (1, 2, 21, 3)).repeat(30, 0)
    bend = item("bend it", kind="bend", hand="left", fingers=("index",)).requested
    scores = score([None, still.astype(np.float32)], [bend, bend])
    assert scores.f1.mean == 0
    assert scores.kinds == {"bend": (0.0, 2)}
    assert scores.jerk == 0


def test_interval_holds_the_mean_and_narrows_with_more_items():
    few, many = (Estimate.of([0.0, 1.0] * n) for n in (5, 200))
    assert few.low <= few.mean <= few.high
    assert many.high - many.low < few.high - few.low
    assert str(Estimate.of([])) == "n/a"


def test_free_sentences_are_read_and_mistakes_are_named(tmp_path):
    path = tmp_path / "free.json"
    step = {"primitive": "bend", "hand": "left", "fingers": ["index"]}
    path.write_text(json.dumps([{"sentence": "bend", "steps": [step]}]))
    assert free_items(path)[0].requested.events[0].fingers == ("index",)
    path.write_text(json.dumps([{"sentence": "fly", "steps": [{"wings": 2}]}]))
    with pytest.raises(InputError, match=r"free.json.*wings"):
        free_items(path)
    with pytest.raises(InputError, match="cannot be read"):
        free_items(tmp_path / "none.json")


def test_the_committed_free_sentences_are_sixty_and_all_ask_for_something():
    items = free_items()
    assert len({i.sentence for i in items}) == len(items) == 60
    assert all(i.requested.events for i in items)
