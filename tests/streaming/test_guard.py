"""What may not leave: edited, foreign, unvalidated, too far, too fast."""

from dataclasses import replace

import numpy as np
import pytest

from handx.streaming import JointLimits
from handx.streaming.errors import NotPassed, StreamError
from handx.streaming.guard import MAX_SECONDS, HorizonGuard, clear
from handx.streaming.horizon import Horizon
from handx_gen.errors import InputError
from retarget.errors import LimitViolation
from retarget.trajectory import JointTrajectory
from robots import load_robot


def with_hand(trajectory, side, **changes):
    """A copy with one hand's arrays replaced."""
    part = trajectory.hands[side]
    fields = {
        "joint_names": part.joint_names,
        "positions": part.positions,
        "velocities": part.velocities,
        "time_from_start": part.time_from_start,
    } | changes
    return replace(
        trajectory, hands={**trajectory.hands, side: JointTrajectory(**fields)}
    )


def test_a_passed_trajectory_leaves_with_every_joint_by_its_wire_name(
    trajectory, robot, make
):
    path = clear(trajectory, robot, make[1](trajectory, robot))
    wire = [n for side in ("left", "right") for n in robot.hands[side].wire_names]
    assert list(path.joint_names) == wire
    both = [trajectory.hands[side].positions for side in ("left", "right")]
    np.testing.assert_array_equal(path.positions, np.hstack(both))


def test_one_hand_alone_leaves_too(robot, make):
    one = make[0](robot, hands=("right",))
    path = clear(one, robot, make[1](one, robot))
    assert path.joint_names == robot.hands["right"].wire_names


def test_an_edited_trajectory_is_unvalidated(trajectory, robot, make):
    report = make[1](trajectory, robot)
    positions = trajectory.hands["left"].positions.copy()
    positions[5] += 1e-9
    edited = with_hand(trajectory, "left", positions=positions)
    for force in (False, True):
        with pytest.raises(InputError, match=r"hashes\.trajectory.*handx validate"):
            clear(edited, robot, report, force, "t.npz")


def test_loosened_thresholds_are_no_validation(trajectory, robot, make):
    report = make[1](trajectory, robot)
    loose = replace(report, thresholds={**report.thresholds, "tip_tracking_mm": 99.0})
    with pytest.raises(InputError, match=r"hashes\.thresholds"):
        clear(trajectory, robot, loose, force=True)


def test_without_a_report_nothing_leaves(trajectory, robot):
    with pytest.raises(InputError, match=r"t\.npz.*not validated.*handx validate"):
        clear(trajectory, robot, None, where="t.npz")


@pytest.mark.parametrize("answer", ["no", "can't tell"])
def test_a_verdict_that_is_no_yes_is_refused_and_force_skips_only_that(
    trajectory, robot, make, answer
):
    report = make[1](trajectory, robot, answer)
    with pytest.raises(NotPassed, match="not a PASS"):
        clear(trajectory, robot, report)
    assert len(clear(trajectory, robot, report, force=True)) == len(
        trajectory.time_from_start
    )


def test_force_never_skips_a_position_limit(trajectory, robot, make):
    hand = robot.hands["right"]
    joint = hand.actuated_index[0]
    positions = trajectory.hands["right"].positions.copy()
    positions[:, joint] += hand.upper[joint] - positions[:, joint].max() + 0.01
    bent = with_hand(trajectory, "right", positions=positions)
    for force in (False, True):
        with pytest.raises(LimitViolation, match=hand.joint_names[joint]):
            clear(bent, robot, make[1](bent, robot), force)


def test_force_never_skips_a_velocity_limit(trajectory, robot, make):
    time = trajectory.time_from_start
    fast = replace(
        trajectory,
        hands={
            side: JointTrajectory(
                part.joint_names, part.positions, part.velocities * 20, time / 20
            )
            for side, part in trajectory.hands.items()
        },
    )
    with pytest.raises(LimitViolation, match="velocity"):
        clear(fast, robot, make[1](fast, robot), force=True)


def test_a_limit_broken_only_between_the_knots_is_found(trajectory, robot, make):
    """Knots inside, spline outside: equal positions with opposite slopes bulge."""
    hand = robot.hands["left"]
    joint = hand.actuated_index[0]
    positions = trajectory.hands["left"].positions.copy()
    velocities = trajectory.hands["left"].velocities.copy()
    positions[:, joint] = hand.upper[joint] - 1e-3
    velocities[:, joint] = 0
    velocities[3:5, joint] = np.array([0.9, -0.9]) * hand.velocity_limit[joint]
    bulge = with_hand(trajectory, "left", positions=positions, velocities=velocities)
    with pytest.raises(LimitViolation, match=hand.joint_names[joint]):
        clear(bulge, robot, make[1](bulge, robot), force=True)


def test_another_robots_trajectory_is_refused(trajectory, robot, make):
    foreign = replace(trajectory, robot="other")
    with pytest.raises(InputError, match="made for 'other'"):
        clear(foreign, robot, make[1](foreign, robot))
    older = replace(trajectory, robot_sha256="0" * 64)
    with pytest.raises(InputError, match="robot_sha256"):
        clear(older, robot, make[1](older, robot))


def test_a_coupled_joint_off_its_law_is_refused(make):
    robot = load_robot("inspire")
    trajectory, hand = make[0](robot), robot.hands["left"]
    joint = hand.joint_names.index(next(iter(hand.mimic)))
    positions = trajectory.hands["left"].positions.copy()
    middle = (hand.lower[joint] + hand.upper[joint]) / 2
    positions[:, joint] = 0.99 * positions[:, joint] + 0.01 * middle
    off = with_hand(trajectory, "left", positions=positions)
    with pytest.raises(InputError, match="coupled"):
        clear(off, robot, make[1](off, robot), force=True)


def test_a_trajectory_of_hours_is_refused(robot, make):
    long = make[0](robot, seconds=MAX_SECONDS + 2, rate=1.0)
    with pytest.raises(InputError, match="split"):
        clear(long, robot, make[1](long, robot))


@pytest.fixture
def horizon(trajectory, robot, make):
    """The whole trajectory as one horizon, and the guard that should let it pass."""
    moves = clear(trajectory, robot, make[1](trajectory, robot))
    limits = JointLimits.of(robot, moves.joint_names)
    still = np.zeros(len(moves))
    found = Horizon(
        np.round(moves.time_from_start * 1e9).astype(np.int64), still, still,
        moves.positions.copy(), moves.velocities.copy(), 0,
    )  # fmt: skip
    return found, HorizonGuard(limits)


def test_a_cleared_trajectory_passes_the_last_look(horizon):
    found, guard = horizon
    guard.check(found, found.part(0))


def change(found, **arrays):
    return replace(found, **arrays)


def test_the_last_look_refuses_nan_wrong_sizes_time_and_motion_at_the_end(horizon):
    found, guard = horizon
    nan = found.positions.copy()
    nan[2, 1] = np.nan
    late = found.velocities.copy()
    late[-1, 0] = 0.1
    for broken, words in (
        (change(found, positions=nan), "NaN"),
        (change(found, velocities=found.velocities[:, :-1]), "values in every point"),
        (change(found, time=found.time[::-1]), "increase"),
        (change(found, velocities=late), "at rest"),
    ):
        with pytest.raises(StreamError, match=words):
            guard.check(broken, found)


def test_the_last_look_refuses_velocities_between_points(horizon):
    found, guard = horizon
    fast = found.velocities.copy()
    fast[3], fast[4] = 50.0, -50.0
    with pytest.raises(LimitViolation, match="velocity"):
        guard.check(change(found, velocities=fast), found)


def test_the_last_look_refuses_positions(horizon, robot):
    found, guard = horizon
    joint = robot.hands["left"].actuated_index[0]
    places = found.positions.copy()
    places[:, joint] = guard.limits.upper[joint] + 2e-4
    rates = found.velocities.copy()
    rates[:, joint] = 0
    outside = change(found, positions=places, velocities=rates)
    with pytest.raises(LimitViolation, match="position"):
        guard.check(outside, outside)
    # An approach may come back from where the joint was measured.
    guard.check(outside, outside, places[0])


def test_the_last_look_refuses_accelerations(horizon):
    """Half the velocity limit within 1 ms: far above any acceleration limit."""
    found, guard = horizon
    time = np.array([0, 1_000_000, 2_000_000])
    places = np.repeat(found.positions[:1], 3, axis=0)
    rates = np.zeros_like(places)
    rates[1] = 0.5 * guard.limits.velocity
    places[2] += 0.5e-3 * guard.limits.velocity
    places[1] += 0.25e-3 * guard.limits.velocity
    still = np.zeros(3)
    with pytest.raises(StreamError, match="acceleration"):
        guard.check(Horizon(time, still, still, places, rates, 0), found)


def test_the_last_look_refuses_a_jump(horizon):
    found, guard = horizon
    moved = change(found, positions=found.positions + 1e-3)
    with pytest.raises(StreamError, match="would jump by"):
        guard.check(moved, found)
