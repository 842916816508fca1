"""What `--repair` tries: in order, only where it can help, kept only if it is better."""

import json
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handx import files, pipeline
from handx.correction import Fault, correct, shifted
from handx.reading import read, text_verdict
from handx.repair import repair, save, slowed, thickened, tightened
from retarget.errors import LimitViolation
from robots import load_robot

TOUCH = "touch the left index finger to the right index finger"


@pytest.fixture(scope="module")
def robot():
    return load_robot("inspire")


@pytest.fixture(scope="module")
def reading():
    return read(TOUCH, None)


@pytest.fixture(scope="module")
def good(robot, reading):
    motion, found = pipeline.generate(reading, "program", 0)
    return pipeline.attempt(motion, found, reading, robot, lambda _: nullcontext(), {})


@pytest.fixture(scope="module")
def apart(good, robot, reading):
    """The same with the wrists 12 mm apart: kinematics is content, the touch is missed."""
    base = good.trajectory.T_world_base.copy()
    base[:, 0, 5] += 0.006
    base[:, 1, 5] -= 0.006
    path = replace(good.trajectory, T_world_base=base)
    verdict = text_verdict(good.text, reading)
    rollout, report = pipeline.validate(path, robot, verdict, good.retarget_report)
    return replace(good, trajectory=path, rollout=rollout, report=report)


def test_what_passes_is_left_alone(good, reading, robot) -> None:
    assert good.report.passed
    after, steps = repair(good, reading, robot)
    assert after is good
    assert steps == ()


def test_a_missed_contact_is_mended_and_every_step_told(
    apart, reading, robot, tmp_path
) -> None:
    failed = [c.name for c in apart.report.checks if c.passed is False]
    assert failed == ["contact recall"]
    after, steps = repair(apart, reading, robot, "program")
    assert after.report.passed
    assert [step.what for step in steps] == [
        "slow down ×1.3", "slow down ×2", "re-solve with tighter limits",
    ]  # fmt: skip
    assert [step.outcome for step in steps] == ["no better"] * 2 + ["kept"]
    save(steps, apart, after, tmp_path / files.REPAIR)
    told = json.loads((tmp_path / files.REPAIR).read_text())
    assert (told["passed_before"], told["passed_after"]) == (False, True)
    assert [step["what"] for step in told["steps"]] == [step.what for step in steps]


def test_sampling_alone_closes_the_contact_within_all_limits(apart, robot) -> None:
    path, said = correct(apart.trajectory, robot, apart.rollout, apart.report)
    assert len(said) == 1
    _, report = pipeline.validate(path, robot, apart.report.verdicts["text"])
    recall = next(c for c in report.checks if c.name == "contact recall")
    assert recall.value == 1
    assert report.verdicts["physics"].answer == "yes"
    again, _ = correct(apart.trajectory, robot, apart.rollout, apart.report, threads=2)
    assert again.sha256() == path.sha256()


def test_a_motion_that_is_not_what_was_asked_is_not_slowed_down(
    apart, reading, robot
) -> None:
    other = read("make a fist with both hands", None)
    found = pipeline.match(apart.motion, other.requested)
    assert found.answer == "no"
    verdict = text_verdict(found, other)
    report = replace(apart.report, verdicts={**apart.report.verdicts, "text": verdict})
    wrong = replace(apart, text=found, report=report)
    after, steps = repair(wrong, other, robot, "program")
    assert [step.outcome for step in steps[:3]] == ["does not apply"] * 3
    assert steps[3].what == "another sample 1"
    assert steps[3].outcome == "kept"
    assert after.report.passed


def test_what_is_out_of_reach_is_not_tried(robot) -> None:
    asked = read("touch the thumb to the pinky with the right hand", None)
    motion, found = pipeline.generate(asked, "program", 0)
    first = pipeline.attempt(motion, found, asked, robot, lambda _: nullcontext(), {})
    after, steps = repair(first, asked, robot, "program")
    assert after is first
    assert {step.outcome for step in steps} == {"does not apply"}
    assert all("reach" in step.detail for step in steps)


def test_slower_is_the_same_path(good) -> None:
    twice = slowed(good.trajectory, 2.0)
    time = np.linspace(0, good.trajectory.duration, 50)
    for side, part in good.trajectory.hands.items():
        position, velocity = part.sample(time)
        there, half = twice.hands[side].sample(2 * time)
        np.testing.assert_allclose(there, position, atol=1e-12)
        np.testing.assert_allclose(half, velocity / 2, atol=1e-9)


def test_cautious_robots_are_inside_the_robot_and_are_called_like_it() -> None:
    for name in ("inspire", "leap"):
        robot = load_robot(name)
        tight, thick = tightened(robot), thickened(robot)
        assert tight.sha256 == thick.sha256 == robot.sha256
        for side, hand in robot.hands.items():
            index = hand.actuated_index
            assert (tight.hands[side].lower[index] > hand.lower[index]).all()
            assert (tight.hands[side].upper[index] < hand.upper[index]).all()
            assert (tight.hands[side].velocity_limit < hand.velocity_limit).all()
            tips = {finger.links[-1] for finger in hand.fingers.values()}
            thicker = thick.hands[side].solids
            for before, after in zip(hand.solids, thicker, strict=True):
                assert (after.radius > before.radius) is (before.link not in tips)


@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    start=st.floats(0.0, 4.0), length=st.floats(0.0, 1.0), size=st.floats(0.0, 5.0),
    seed=st.integers(0, 2**31 - 1),
)  # fmt: skip
def test_no_offset_however_large_leaves_a_limit(
    good, robot, start, length, size, seed
) -> None:
    fault = Fault(
        start, start + length,
        {side: tuple(hand.actuated) for side, hand in robot.hands.items()}, True, "",
    )  # fmt: skip
    count = sum(len(hand.actuated) for hand in robot.hands.values()) + 3
    offsets = size * np.random.default_rng(seed).standard_normal(count)
    offsets[-3:] *= 1e-3
    try:
        path = shifted(good.trajectory, robot, fault, offsets)
    except LimitViolation:
        return
    for side, part in path.hands.items():
        hand = robot.hands[side]
        part.check_limits(hand.lower, hand.upper, hand.velocity_limit)
        assert not part.velocities[[0, -1]].any()


def test_the_command_says_what_it_tried(handx, tmp_path) -> None:
    done = handx(
        "run", "touch the thumb to the pinky with the right hand", "--robot", "inspire",
        "--model", "program", "--repair", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.code == 1
    assert "does not apply" in done.out
    assert (tmp_path / "out" / files.REPAIR).exists()
