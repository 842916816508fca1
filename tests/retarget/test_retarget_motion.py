"""The whole road: limits always, errors small where reachable, honest where not."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import robots
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import JOINT, SIDES, mirror
from retarget import RetargetError, RetargetOptions, RetargetReport, retarget_motion
from retarget.configuration import hand_model
from retarget.contacts import hand_points
from tests.retarget.robot_as_human import human_like, motion_of, standing

OWN_CLOCK = RetargetOptions(max_stretch=1.0)


def curl(model, count: int, top: float) -> np.ndarray:
    """(T, m) the four fingers bend and straighten once, softly; `top` [rad]."""
    names = [model.spec.actuated[i] for i in model.free]
    bending = np.array(
        [model.upper[k] > 1.2 and "thumb" not in n and n[0] != "T"
         for k, n in enumerate(names)]
    )  # fmt: skip
    t = np.linspace(0, 2 * np.pi, count)[:, None]
    return model.rest + bending * top * (1 - np.cos(t)) / 2


def robot_motion(robot, sides, count=60, top=0.8, fps=30.0) -> BimanualMotion:
    """A motion this robot's own hands have made: its retargeting should be exact."""
    hands = {}
    for side in sides:
        model = hand_model(robot.hands[side])
        hands[side] = human_like(model, curl(model, count, top))
    return motion_of(hands, {side: standing(count, side) for side in sides}, fps)


def check_limits(robot, trajectory) -> None:
    for side, hand in trajectory.hands.items():
        if hand is not None:
            spec = robot.hands[side]
            hand.check_limits(spec.lower, spec.upper, spec.velocity_limit)
            assert hand.joint_names == spec.joint_names


@pytest.mark.parametrize("name", ["shadow", "inspire"])
def test_a_motion_of_the_robots_own_hands_comes_back(name, request):
    robot = request.getfixturevalue(name)
    trajectory, report = retarget_motion(robot_motion(robot, SIDES), robot)
    check_limits(robot, trajectory)
    assert report.scale == pytest.approx(1, abs=0.02)
    assert report.tip_error_mm < 1.0
    assert report.unsolved == ()
    assert report.stretch < 1.2


def test_a_still_hand_stays_still(shadow):
    motion = robot_motion(shadow, SIDES, count=20, top=0.0)
    trajectory, report = retarget_motion(motion, shadow)
    for side in SIDES:
        hand = trajectory.hands[side]
        assert np.ptp(hand.positions, axis=0).max() < 1e-4
        assert np.abs(hand.velocities).max() < 1e-3
    assert np.ptp(trajectory.T_world_base, axis=0).max() < 1e-5
    assert report.stretch == 1
    assert not trajectory.saturated.any()


def noise_motion(seed: int, frames: int, jump: float, fps: float) -> BimanualMotion:
    """Hands whose joints jitter and jump at random."""
    rng = np.random.default_rng(seed)
    joints = 0.1 * rng.normal(size=(1, 2, 21, 3)) + [[[[-0.2, 0, 0]], [[0.2, 0, 0]]]]
    walk = np.cumsum(rng.normal(scale=jump, size=(frames, 2, 1, 3)), axis=0)
    jitter = rng.normal(scale=jump, size=(frames, 2, 21, 3))
    return BimanualMotion(np.clip(joints + walk + jitter, -5, 5), fps)


@given(
    st.integers(0, 10_000),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.003, 0.05, 0.5]),
    st.sampled_from([10.0, 30.0, 120.0]),
    st.sampled_from(["shadow", "inspire"]),
    st.booleans(),
)
@settings(max_examples=15)
def test_limits_hold_whatever_comes_in(seed, frames, jump, fps, name, stretch):
    robot = ROBOTS[name]
    motion = noise_motion(seed, frames, jump, fps)
    options = RetargetOptions(max_stretch=3 if stretch else 1, iterations=6)
    trajectory, report = retarget_motion(motion, robot, options)
    check_limits(robot, trajectory)  # NaN is refused by the types themselves
    assert report.position_violations == report.velocity_violations == 0
    assert report.wrist_speed <= options.wrist_speed * 1.01
    assert report.wrist_turn_rate <= options.wrist_turn_rate * 1.01
    assert 1 <= report.stretch <= options.max_stretch
    for hand in trajectory.hands.values():
        np.testing.assert_array_equal(hand.velocities[[0, -1]], 0)


ROBOTS = {name: robots.load_robot(name) for name in ("shadow", "inspire")}


def test_mirrored_hands_get_mirrored_commands(shadow):
    model = hand_model(shadow.hands["right"])
    right = human_like(model, curl(model, 30, 0.9))
    pair = np.stack([right, right], 1)
    pair[..., 0] += 0.2
    pair[:, 0] = mirror(pair)[:, 0]
    # One hand lags, or the test could not tell left from right.
    pair[5:, 0] = pair[:-5, 0]
    motion = BimanualMotion(pair)
    there, _ = retarget_motion(motion, shadow, OWN_CLOCK)
    back, _ = retarget_motion(BimanualMotion(mirror(pair)), shadow, OWN_CLOCK)
    for side, other in zip(SIDES, SIDES[::-1]):
        np.testing.assert_allclose(
            there.hands[side].positions, back.hands[other].positions, atol=2e-3
        )
    flip = np.array([1, -1, 1])
    np.testing.assert_allclose(
        there.T_world_base[:, 0, 4:], back.T_world_base[:, 1, 4:] * flip, atol=1e-4
    )


def test_the_same_motion_gives_the_same_bytes(shadow):
    motion = noise_motion(3, 15, 0.01, 30.0)
    first, _ = retarget_motion(motion, shadow)
    again, _ = retarget_motion(motion, robots.load_robot("shadow"))
    assert first.sha256() == again.sha256()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ["shadow", "inspire"])
def test_one_hand_alone_works(name, side, request):
    robot = request.getfixturevalue(name)
    trajectory, report = retarget_motion(robot_motion(robot, (side,)), robot)
    other = SIDES[1 - SIDES.index(side)]
    assert trajectory.hands[other] is None
    check_limits(robot, trajectory)
    assert report.tip_error_mm < 1.0
    assert all(other not in pair for pair in trajectory.asked_contacts.pairs)
    assert report.inter_hand.recall is None


def test_one_hand_moves_the_same_with_or_without_a_distant_other(shadow):
    both = robot_motion(shadow, SIDES)
    alone = dataclasses.replace(both, present=np.array([False, True]))
    with_other, _ = retarget_motion(both, shadow, OWN_CLOCK)
    without, _ = retarget_motion(alone, shadow, OWN_CLOCK)
    np.testing.assert_allclose(
        with_other.hands["right"].positions, without.hands["right"].positions, atol=0.02
    )


def test_what_cannot_be_reached_is_reported(shadow):
    """A finger longer than any robot's: its tip error and its frames are told."""
    motion = robot_motion(shadow, ("right",), count=30, top=0.3)
    joints = motion.joints.copy()
    joints[12:18, 1, JOINT["index_tip"]] += [0, 0.15, 0.1]
    far = BimanualMotion(joints, motion.fps, motion.present)
    _, report = retarget_motion(far, shadow)
    assert set(range(13, 17)) <= set(report.unsolved)
    assert not {0, 29} & set(report.unsolved)
    fingers = report.finger_error_mm["right"]
    assert fingers["index"] > 5 * fingers["ring"]


def test_a_motion_too_fast_for_the_robot_is_stretched_and_says_so(shadow):
    motion = robot_motion(shadow, SIDES, count=30, top=1.2)  # up and down in 1 s
    slow, report = retarget_motion(motion, shadow)
    assert 1.1 < report.stretch <= RetargetOptions().max_stretch
    needed = report.stretch * motion.duration
    assert needed <= slow.duration <= needed + 0.4  # soft start and end
    assert report.tip_error_mm < 5
    fast, rushed = retarget_motion(motion, shadow, OWN_CLOCK)
    assert rushed.stretch == 1
    assert rushed.tip_error_mm > 1.1 * report.tip_error_mm
    assert rushed.saturated_fraction > 0.2
    assert fast.duration < slow.duration


def test_a_slow_wave_is_followed_closely_in_time(shadow):
    """Zero lag: shifting the targets by a frame either way makes the error larger."""
    motion = robot_motion(shadow, ("right",), count=90, top=1.0)
    trajectory, report = retarget_motion(motion, shadow)
    tips, _ = hand_points(
        shadow,
        "right",
        trajectory.hands["right"].positions,
        trajectory.T_world_base[:, 1],
    )
    target = trajectory.tip_targets[:, 1]
    shift = round(1 / motion.fps * report.stretch * len(tips) / trajectory.duration)

    def error(lag: int) -> float:
        a, b = tips[max(lag, 0) : len(tips) + min(lag, 0)], target[max(-lag, 0) :]
        return float(np.linalg.norm(a - b[: len(a)], axis=-1).mean())

    assert error(0) < 1e-3
    assert error(0) < min(error(shift), error(-shift))


def test_it_starts_and_ends_softly_where_the_motion_does_not(shadow):
    whole = robot_motion(shadow, ("right",), count=90, top=1.0)
    middle = BimanualMotion(whole.joints[30:60], whole.fps, whole.present)
    trajectory, _ = retarget_motion(middle, shadow)
    hand = trajectory.hands["right"]
    acceleration = np.abs(np.diff(hand.velocities, axis=0)).max(1) / np.diff(
        hand.time_from_start
    )
    assert acceleration.max() < 60
    assert trajectory.source_time[0] == 0
    assert trajectory.source_time[-1] == pytest.approx(middle.duration)


@pytest.mark.parametrize("fps", [20.0, 111.0])
def test_the_result_hardly_depends_on_the_frame_rate(shadow, fps):
    reference, _ = retarget_motion(
        robot_motion(shadow, ("right",), 61), shadow, OWN_CLOCK
    )
    count = round(2 * fps) + 1
    other = robot_motion(shadow, ("right",), count, fps=(count - 1) / 2)
    resampled, _ = retarget_motion(other, shadow, OWN_CLOCK)
    t = np.linspace(0, 2, 50)
    np.testing.assert_allclose(
        reference.hands["right"].sample(t)[0], resampled.hands["right"].sample(t)[0],
        atol=0.06,
    )  # fmt: skip


def test_asked_contacts_are_the_humans_at_the_samples_times(shadow):
    motion = robot_motion(shadow, SIDES)
    trajectory, _ = retarget_motion(motion, shadow)
    assert len(trajectory.asked_contacts.pairs) == 44
    assert len(trajectory.asked_contacts) == len(trajectory.source_time)


def test_a_missing_side_and_bad_options_are_named(shadow):
    motion = robot_motion(shadow, SIDES, count=5)
    one_armed = dataclasses.replace(shadow, hands={"right": shadow.hands["right"]})
    with pytest.raises(RetargetError, match="no left hand"):
        retarget_motion(motion, one_armed)
    with pytest.raises(RetargetError, match="max_stretch"):
        RetargetOptions(max_stretch=0.5)
    with pytest.raises(RetargetError, match="iterations"):
        RetargetOptions(iterations=0)
    with pytest.raises(RetargetError, match="rate"):
        RetargetOptions(rate=0)
    collapsed = BimanualMotion(np.zeros((4, 2, 21, 3)))
    with pytest.raises(RetargetError, match="palm"):
        retarget_motion(collapsed, shadow)


def test_the_report_survives_its_file(tmp_path, inspire):
    _, report = retarget_motion(robot_motion(inspire, SIDES, count=10), inspire)
    read = RetargetReport.load(report.save(tmp_path / "retarget.json"))
    assert read == report
    assert any("stretch" in label for label, _ in read.rows())
