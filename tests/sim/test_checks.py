"""Every check can fail, and a broken trajectory fails the check that names its fault."""

from dataclasses import replace

import numpy as np
import pytest

from handx_gen.kinematics.contacts import ContactTrack
from robots import RobotSpec
from sim.checks import command_excess, own_side_ratio, run_checks
from sim.contact_outcomes import contact_outcomes, precision, recall
from sim.geometry import in_base
from sim.negative_controls import CONTROLS, Control
from sim.playback import play, play_kinematic, rotation_quaternion
from sim.thresholds import THRESHOLDS, Thresholds
from sim.validation import unreachable_contacts

PINCH = "touch the thumb to the index finger with both hands"
TOUCHING = "touch the left index finger to the right index finger"
PINCHING = (
    "touch the thumb to the index finger with both hands, then to the middle finger"
)


def judge(trajectory, robot):
    """Name → passed of every check."""
    results = run_checks(
        play(trajectory, robot), play_kinematic(trajectory, robot), trajectory, robot,
        unreachable_contacts(trajectory, robot),
    )  # fmt: skip
    return {check.name: check.passed for check in results.checks}


@pytest.mark.parametrize("text", [TOUCHING, PINCHING])
def test_a_good_trajectory_passes_every_check(shadow, from_text, text: str) -> None:
    outcome = judge(from_text(text, shadow), shadow)
    assert all(passed is True for passed in outcome.values()), outcome


@pytest.mark.parametrize("control", CONTROLS.values(), ids=lambda c: c.name)
def test_a_negative_control_fails_its_own_check_and_no_other(
    shadow: RobotSpec, from_text, control: Control
) -> None:
    text = TOUCHING if control.needs == "contact between the hands" else PINCHING
    broken = control.breaks(from_text(text, shadow), shadow)
    failed = [name for name, passed in judge(broken, shadow).items() if passed is False]
    assert failed == [control.fails]


@pytest.mark.parametrize("control", CONTROLS.values(), ids=lambda c: c.name)
def test_on_arms_too_a_control_fails_its_own_check_and_no_other(
    g1: RobotSpec, from_text, control: Control
) -> None:
    text = TOUCHING if control.needs == "contact between the hands" else PINCH
    broken = control.breaks(from_text(text, g1), g1)
    failed = [name for name, passed in judge(broken, g1).items() if passed is False]
    assert failed == [control.fails]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["inspire", "allegro", "leap", "dex3", "g1-inspire"])
def test_every_other_robot_fails_each_control_by_its_own_check(name: str) -> None:
    from benchmarks.negative_controls import main

    assert main([name]) == 0


def test_controls_leave_the_original_alone(shadow, from_text) -> None:
    trajectory = from_text(PINCHING, shadow)
    before = trajectory.sha256()
    for control in CONTROLS.values():
        assert control.breaks(trajectory, shadow).sha256() != before
    assert trajectory.sha256() == before


def test_after_a_broken_command_physics_is_measured_but_not_judged(
    shadow, from_text
) -> None:
    trajectory = from_text(PINCHING, shadow)
    broken = CONTROLS["one joint 0.01 rad over its limit"].breaks(trajectory, shadow)
    results = run_checks(
        play(broken, shadow), play_kinematic(broken, shadow), broken, shadow, {}
    )
    checks = {check.name: check for check in results.checks}
    assert checks["tip tracking p95"].passed is None
    assert checks["tip tracking p95"].value is not None
    assert checks["solver warnings"].passed is True


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (lambda r: {"tips": r.tips + [0.02, 0, 0]}, "tip tracking p95"),
        (
            lambda r: {
                "T_world_base": r.T_world_base + [0, 0, 0, 0, 0.02, 0, 0],
                "tips": r.tips + [0.02, 0, 0],
            },
            "wrist position p95",
        ),
        (lambda r: {"penetration": r.penetration + [0.003, 0, 0]}, "penetration within a hand"),
        (
            lambda r: {"penetration": r.penetration + [0, 0.003, 0]},
            "penetration between the hands",
        ),
        (lambda r: {"joint_position": r.joint_position - 3}, "position limits, measured"),
        (lambda r: {"joint_velocity": r.joint_velocity + 9}, "velocity limits, measured"),
        (lambda r: {"warnings": {"badqacc": 1}}, "solver warnings"),
    ],
)  # fmt: skip
def test_each_physics_check_sees_its_fault(shadow, wander, fault, name: str) -> None:
    trajectory = wander(shadow)
    command = play_kinematic(trajectory, shadow)
    trajectory = replace(
        trajectory, tip_targets=resampled(command, trajectory.time_from_start)
    )
    good = run_checks(command, command, trajectory, shadow, {})
    assert all(check.passed is not False for check in good.checks)
    bad = run_checks(
        replace(command, **fault(command)), command, trajectory, shadow, {}
    )
    assert [check.name for check in bad.checks if check.passed is False] == [name]


def test_a_turned_wrist_is_seen_apart_from_its_fingers(shadow, wander) -> None:
    trajectory = wander(shadow)
    command = play_kinematic(trajectory, shadow)
    trajectory = replace(
        trajectory, tip_targets=resampled(command, trajectory.time_from_start)
    )
    angle = np.radians(8.0)
    turn = rotation_quaternion(np.array([0, 0, angle]))
    base, tips = command.T_world_base.copy(), command.tips.copy()
    from sim.playback import quaternion_product

    for k in range(2):
        local = in_base(base[:, k], tips[:, k])
        base[:, k, :4] = quaternion_product(turn, base[:, k, :4])
        back = base[:, k] * [1, -1, -1, -1, 0, 0, 0]
        tips[:, k] = in_base(back, local) + base[:, k, None, 4:]
    turned = replace(command, T_world_base=base, tips=tips)
    results = run_checks(turned, command, trajectory, shadow, {})
    failed = [check.name for check in results.checks if check.passed is False]
    assert failed == ["wrist rotation p95"]


def resampled(rollout, time: np.ndarray) -> np.ndarray:
    """Tips of a rollout at other times."""
    flat = rollout.tips.reshape(len(rollout.time), -1)
    columns = [np.interp(time, rollout.time, column) for column in flat.T]
    return np.stack(columns, 1).reshape(len(time), *rollout.tips.shape[1:])


def test_limits_are_found_between_the_knots(shadow, wander) -> None:
    trajectory = wander(shadow, reach=0.0)
    hand, part = shadow.hands["left"], trajectory.hands["left"]
    positions, velocities = part.positions.copy(), part.velocities.copy()
    positions[:, 3] = hand.upper[3]
    # Inside the box at every knot, but with speed towards the limit.
    velocities[50, 3] = 0.5
    edited = replace(part, positions=positions, velocities=velocities)
    trajectory = replace(trajectory, hands={**trajectory.hands, "left": edited})
    position, velocity = command_excess(trajectory, shadow)
    assert position > 1e-4
    assert velocity <= 0


def test_a_single_hand_has_no_other_side(shadow, wander) -> None:
    trajectory = wander(shadow, sides=("left",))
    command = play_kinematic(trajectory, shadow)
    assert own_side_ratio(command, trajectory, shadow) is None


# Contacts, on masks made by hand: 100 samples at 100 Hz.

PAIR = "left.index_tip|right.index_tip"


@pytest.fixture(scope="module")
def second(shadow, wander):
    """A rollout whose first second carries contacts made by hand."""
    return play_kinematic(wander(shadow), shadow)


def contact_case(whole, asked, measured):
    """A rollout and the asked track from two lists of (start, stop) samples."""

    def track(spans) -> ContactTrack:
        mask = np.zeros((100, 1), bool)
        for start, stop in spans:
            mask[start:stop] = True
        return ContactTrack((PAIR,), mask, np.where(mask, 0.0, 0.1))

    cut = {name: getattr(whole, name)[:100] for name in whole._ARRAYS}
    return replace(whole, **cut, contacts=track(measured)), track(asked)


@pytest.mark.parametrize(
    ("asked", "measured", "share"),
    [
        ([(20, 50)], [(20, 50)], 1.0),
        ([(20, 50)], [(28, 50)], 1.0),  # 80 ms late is within the tolerance
        ([(20, 50)], [(70, 95)], 0.0),  # half a second late is not
        ([(20, 50)], [], 0.0),
        ([(10, 30), (60, 90)], [(10, 30)], 0.5),
        ([(10, 30), (35, 60)], [(10, 60)], 1.0),  # a flicker does not split a contact
        ([(20, 60)], [(20, 35)], 0.0),  # let go after a third of the time
        ([], [(20, 50)], None),  # nothing asked: no score, and never 1
    ],
)
def test_recall(second, asked, measured, share) -> None:
    rollout, wanted = contact_case(second, asked, measured)
    assert recall(contact_outcomes(rollout, wanted, {}, THRESHOLDS)) == share


def test_an_unreachable_contact_is_listed_and_never_counted(second) -> None:
    rollout, wanted = contact_case(second, [(20, 50)], [(20, 50)])
    outcomes = contact_outcomes(rollout, wanted, {PAIR: 37.0}, THRESHOLDS)
    assert [o.missing_mm for o in outcomes] == [37.0]
    assert outcomes[0].kept is None
    assert recall(outcomes) is None


def test_onset_error_has_a_sign(second) -> None:
    rollout, wanted = contact_case(second, [(20, 50)], [(25, 50)])
    (outcome,) = contact_outcomes(rollout, wanted, {}, THRESHOLDS)
    assert outcome.onset_error_ms == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("asked", "measured", "share"),
    [
        ([(20, 50)], [(20, 50)], 1.0),
        ([(20, 50)], [(20, 50), (80, 90)], 0.5),
        ([], [(20, 50)], 0.0),
        ([(20, 50)], [], None),
    ],
)
def test_precision(second, asked, measured, share) -> None:
    rollout, wanted = contact_case(second, asked, measured)
    assert precision(rollout, wanted, THRESHOLDS) == share


def test_points_go_into_the_base_frame_and_lengths_stay() -> None:
    rng = np.random.default_rng(0)
    pose = np.hstack(
        [rotation_quaternion(rng.normal(size=(9, 3))), rng.normal(size=(9, 3))]
    )
    points = rng.normal(size=(9, 4, 3))
    local = in_base(pose, points)
    np.testing.assert_allclose(in_base(pose, pose[:, None, 4:]), 0, atol=1e-12)
    np.testing.assert_allclose(
        np.linalg.norm(local, axis=-1),
        np.linalg.norm(points - pose[:, None, 4:], axis=-1),
    )


def test_the_thresholds_asked_for_stand() -> None:
    bounds = Thresholds()
    assert bounds.tip_tracking_mm <= 10
    assert bounds.penetration_mm <= 2
    assert bounds.contact_recall >= 0.75
    assert bounds.solver_warnings == 0
    assert bounds.command_position_rad <= 1e-6
    assert bounds.sha256() != replace(bounds, tip_tracking_mm=11.0).sha256()
