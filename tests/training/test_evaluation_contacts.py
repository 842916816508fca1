"""Contacts at their time and swapped hands: on the teacher's own clips, moved and mirrored."""

import numpy as np
import pytest

from handx_gen.procedural import Program, Step, perform
from handx_gen.skeleton import mirror
from training.evaluation.contacts import ONSET, contact_f1, contact_scores
from training.evaluation.protocol import Item, swapped
from training.evaluation.score import Estimate, mean_jerk
from training.evaluation.swaps import exchanged_words, swap_rate

TOUCH = "touch the left index finger to the right ring finger"
PINCH = "touch the thumb to the middle finger of the left hand twice"


def clip(text: str) -> np.ndarray:
    return perform(text, seed=1, seconds=2.0).joints


def item(text: str, step: Step) -> Item:
    return Item(text, Program((step,)).requested, clip(text))


@pytest.fixture(scope="module")
def touch() -> Item:
    return item(TOUCH, Step("touch", "both", ("index",), "ring"))


@pytest.fixture(scope="module")
def pinch() -> Item:
    return item(PINCH, Step("pinch", "left", ("middle",), count=2))


def later(motion: np.ndarray, frames: int) -> np.ndarray:
    """The motion begun `frames` later, its first pose held until then."""
    return np.concatenate([np.repeat(motion[:1], frames, 0), motion])[: len(motion)]


def test_the_clip_itself_makes_every_contact_at_its_time(touch, pinch):
    for asked in (touch, pinch):
        assert contact_f1(asked.reference, asked) == (1.0, 1.0)


def test_a_late_contact_is_one_at_another_time(touch):
    assert contact_f1(later(touch.reference, round(ONSET * 30) - 1), touch) == (1, 1)
    assert contact_f1(later(touch.reference, 25), touch) == (0.0, 1.0)


def test_a_contact_of_other_fingers_is_missing_and_wrong(touch):
    other = clip("touch the left middle finger to the right ring finger")
    assert contact_f1(other, touch) == (0.0, 0.0)


def test_one_of_two_pinches_is_two_thirds(pinch):
    once = clip("touch the thumb to the middle finger of the left hand")
    at_any_time = contact_scores([once], [pinch])["at any time"]
    assert at_any_time.mean == pytest.approx(2 / 3)


def test_items_without_contacts_or_without_a_clip_are_left_out(touch):
    bend = item("bend the left index finger", Step("bend", "left", ("index",)))
    unseen = Item(touch.sentence, touch.requested)
    motions = [touch.reference, None, bend.reference, touch.reference]
    scores = contact_scores(motions, [touch, touch, bend, unseen])
    assert scores["at its time"].count == 2  # done, and refused
    assert scores["at its time"].mean == 0.5
    assert contact_scores([], [])["at any time"].mean is None


def test_mirrored_motions_are_swaps_and_true_ones_are_not(touch, pinch):
    items = [touch, pinch]
    true = [i.reference for i in items]
    clap = item("clap", Step("clap", "both"))
    assert swap_rate([*true, clap.reference], [*items, clap]) == (0, 2)
    assert swap_rate([mirror(m) for m in true], items) == (2, 2)
    assert swap_rate([None, None], items) == (0, 2)


def test_a_model_that_does_not_listen_keeps_sides(touch, pinch):
    items = [touch, pinch]

    def deaf(sentences, seed):
        return [i.reference for i in items]

    def listening(sentences, seed):
        assert list(sentences) == [swapped(i).sentence for i in items]
        return [mirror(i.reference) for i in items]

    assert exchanged_words(deaf, items, 0)["kept sides"].mean == 1
    row = exchanged_words(listening, items, 0)
    assert row["kept sides"].mean == 0
    assert row["exchanged"].mean == 1


def test_an_interval_of_a_share_is_not_empty_at_its_ends():
    none, half = Estimate.of_share(0, 100), Estimate.of_share(50, 100)
    assert none.low == 0
    assert none.high == pytest.approx(0.037, abs=0.001)
    assert half.low == pytest.approx(0.404, abs=0.001)
    assert half.high == pytest.approx(0.596, abs=0.001)
    assert str(Estimate.of_share(0, 0)) == "n/a"


def test_jerk_scales_with_the_motion(pinch):
    one, two = mean_jerk([pinch.reference]), mean_jerk([2 * pinch.reference])
    assert two == pytest.approx(2 * one)
    assert mean_jerk([]) == 0
