"""The building blocks of success predicates, on made-up traces."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handx_gen.skeleton import SIDES
from sim.playback import RECORD_RATE
from sim.skills.anatomy import Anatomy
from sim.skills.conditions import Condition, Measure, bent, since_start, touch
from sim.skills.goals import (
    at_end,
    at_start,
    both,
    count,
    falls,
    hold,
    in_order,
    main_plane,
    never,
    rises,
    spells,
    stays,
    swings,
    turns,
)
from sim.skills.trace import Trace


def trace(samples: int, contacts: list[tuple] = ()) -> Trace:
    """Nothing but time, and contacts (sample, geom, geom, facing, facing, force).

    Geom 0 is the left index tip, 1 the left body, 2 the right index tip, 3 the right body.
    """
    parts = {
        f"{side}.{part}": np.arange(4) == 2 * k + n
        for k, side in enumerate(SIDES)
        for n, part in enumerate(("index_tip", "body"))
    }
    rows = np.array(contacts, float).reshape(-1, 6)
    points = np.zeros((samples, 2, 5, 3))
    return Trace(
        Anatomy({}, parts, np.array([0, 0, 1, 1])), np.arange(samples) / RECORD_RATE,
        np.tile(np.eye(4), (samples, 2, 1, 1)), points, points, points,
        rows[:, 0].astype(int), rows[:, 1:3].astype(int), rows[:, 3:5], rows[:, 5],
        np.zeros((len(rows), 3)),
    )  # fmt: skip


def when(*spans: tuple[int, int]) -> Condition:
    """Holds during half-open sample ranges."""

    def holds(t: Trace) -> np.ndarray:
        index = np.arange(len(t))
        return np.any([(index >= a) & (index < b) for a, b in spans], axis=0)

    return Condition("it", holds)


def level(values: list[float]) -> Measure:
    return Measure(
        "level", lambda t: np.interp(np.arange(len(t)), *zip(*enumerate(values)))
    )


@given(
    st.lists(st.tuples(st.integers(9, 40), st.integers(4, 40)), min_size=1, max_size=6)
)
def test_counting_is_exact(gaps_and_lengths: list[tuple[int, int]]) -> None:
    spans, at = [], 0
    for gap, length in gaps_and_lengths:
        spans.append((at + gap, at + gap + length))
        at += gap + length
    seen, found = trace(at + 10), len(spans)
    assert count(when(*spans), found).judge(seen).success
    assert not count(when(*spans), found + 1).judge(seen).success
    assert found == 1 or not count(when(*spans), found - 1).judge(seen).success


def test_rattles_are_joined_and_brushes_dropped() -> None:
    seen = trace(200)
    assert spells(when((50, 60), (64, 70), (100, 102)), seen) == [(50, 70)]


def test_what_holds_from_the_beginning_was_not_done() -> None:
    seen = trace(100)
    for goal in (
        hold(when((0, 100))),
        count(when((0, 50)), 1),
        in_order(when((0, 100))),
    ):
        assert not goal.judge(seen).success
        assert goal.judge(seen).reason


def test_hold_asks_for_its_time() -> None:
    seen = trace(100)
    assert hold(when((20, 40)), 0.2).judge(seen).success
    judged = hold(when((20, 30)), 0.2).judge(seen)
    assert not judged.success
    assert judged.progress == pytest.approx(0.5)


def test_order_matters() -> None:
    seen, first, second = trace(100), when((10, 30)), when((20, 40))
    assert in_order(first, second).judge(seen).success
    assert not in_order(second, first).judge(seen).success


def test_ends_and_never() -> None:
    seen = trace(100)
    assert at_start(when((0, 1))).judge(seen).success
    assert not at_start(when((1, 100))).judge(seen).success
    assert at_end(when((90, 100))).judge(seen).success
    assert not at_end(when((80, 90))).judge(seen).success
    assert never(when((10, 12))).judge(seen).success
    assert not never(when((10, 20))).judge(seen).success


def test_rises_and_falls_are_told_apart() -> None:
    seen, up = trace(100), level([0.0] * 20 + [1.0] * 80)
    assert rises(up, 0.9).judge(seen).success
    assert not falls(up, 0.1).judge(seen).success
    assert not rises(up, 0.9, when((30, 60))).judge(seen).success


def test_swings_and_stays() -> None:
    seen = trace(100)
    wave = Measure("wave", lambda t: np.sin(np.arange(len(t)) / 10))
    assert swings(wave, 1.0, 2, when((5, 95))).judge(seen).success
    assert not swings(wave, 1.0, 2, when((5, 30))).judge(seen).success
    assert not stays(wave, 0.5, when((5, 95))).judge(seen).success
    assert stays(wave, 0.5, when((5, 8))).judge(seen).success


@pytest.mark.parametrize(("rounds", "works"), [(0.5, False), (1.0, True), (2.0, False)])
def test_a_circle_is_one_round(rounds: float, works: bool) -> None:
    def point(t: Trace) -> np.ndarray:
        angle = np.linspace(0, 2 * np.pi * rounds, len(t))
        return np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1) * 0.05

    goal = turns(main_plane(point), 290, 0.015, "it")
    assert goal.judge(trace(200)).success == works


def test_there_and_back_is_no_circle() -> None:
    def point(t: Trace) -> np.ndarray:
        angle = np.linspace(0, 2 * np.pi, len(t))
        return np.stack([np.cos(angle), 0.1 * np.sin(angle), 0 * angle], 1) * 0.05

    assert not turns(main_plane(point), 290, 0.001, "it").judge(trace(200)).success


def test_both_is_no_success_before_all_are() -> None:
    seen = trace(100)
    judged = both(hold(when((10, 40))), hold(when((0, 0)))).judge(seen)
    assert 0 < judged.progress < 1
    assert "it" in judged.reason


def test_touch_knows_sides_parts_and_force() -> None:
    on_palm = (5, 1, 2, -0.9, 0.0, 0.4)
    on_back = (6, 3, 0, 0.9, 0.0, 0.0)
    seen = trace(10, [on_palm, on_back])
    assert np.flatnonzero(touch("right.index_tip", "left.palm").holds(seen)) == [5]
    assert np.flatnonzero(touch("right.back", "left.index_tip").holds(seen)) == [6]
    assert not touch("right.index_tip", "left.back").holds(seen).any()
    assert not touch("right.index_tip", "left.palm", 0.5).holds(seen).any()
    assert touch("right.index_tip", "left.palm", 0.3).holds(seen)[5]
    assert not touch("right.pinky_tip", "left.palm").holds(seen).any()


def test_conditions_combine() -> None:
    seen, a, b = trace(10), when((2, 6)), when((4, 8))
    assert np.array_equal((a & b).holds(seen), when((4, 6)).holds(seen))
    assert np.array_equal((a | b).holds(seen), when((2, 8)).holds(seen))
    assert np.array_equal((~a).holds(seen), ~a.holds(seen))
    assert (since_start(level([1.0, 3.0])) > 1.5).holds(trace(2)).tolist() == [
        False,
        True,
    ]


def test_a_finger_curls_towards_the_palm() -> None:
    angles = np.radians([0.0, 90.0, 200.0])
    tips = np.zeros((3, 2, 5, 3))
    tips[:, 0, 1:] = np.stack([0 * angles, np.cos(angles), -np.sin(angles)], 1)[:, None]
    seen = replace(trace(3), tips=tips)
    assert np.allclose(seen.curl[:, 0, 1], [0, 90, 200])
    assert bent("left").holds(seen).tolist() == [False, False, True]
