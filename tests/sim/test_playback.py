"""Playing a trajectory: faithful, repeatable, and loud when something breaks."""

from dataclasses import replace

import numpy as np
import pytest

from handx_gen.kinematics.contacts import ContactTrack
from retarget.trajectory import continuous_quaternions
from robots import RobotSpec
from sim.checks import angle_between, measured_quantities
from sim.errors import SimulationError, UnstableSimulation
from sim.playback import (
    RECORD_RATE,
    angular_velocity,
    play,
    play_kinematic,
    quaternion_product,
    rotation_quaternion,
)
from sim.rollout import Rollout
from sim.thresholds import THRESHOLDS


def test_a_slow_motion_is_tracked_well_within_the_thresholds(robot, wander) -> None:
    trajectory = wander(robot, seed=1)
    rollout, command = play(trajectory, robot), play_kinematic(trajectory, robot)
    found = measured_quantities(rollout, command, robot)
    assert found["tip tracking p95 [mm]"] < 0.5 * THRESHOLDS.tip_tracking_mm
    assert found["wrist position p95 [mm]"] < 0.2 * THRESHOLDS.wrist_position_mm
    assert found["wrist rotation p95 [deg]"] < 0.2 * THRESHOLDS.wrist_rotation_deg
    assert rollout.warnings == {}


def test_the_same_trajectory_gives_the_same_rollout_to_the_bit(robot, wander) -> None:
    trajectory = wander(robot, seed=2)
    first, second = play(trajectory, robot), play(trajectory, robot)
    for name in ("qpos", "qvel", "joint_effort", "tips", "penetration"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_both_ways_of_playing_share_one_clock(robot, wander) -> None:
    trajectory = wander(robot)
    rollout, command = play(trajectory, robot), play_kinematic(trajectory, robot)
    np.testing.assert_allclose(rollout.time, command.time, atol=1e-12)
    np.testing.assert_allclose(np.diff(rollout.time), 1 / RECORD_RATE)
    assert rollout.time[0] == 0
    assert rollout.time[-1] >= trajectory.duration - 1e-6


def test_the_kinematic_rollout_is_the_spline(robot, wander) -> None:
    trajectory = wander(robot, seed=3)
    command = play_kinematic(trajectory, robot)
    position, velocity = zip(
        *(trajectory.hands[side].sample(command.time) for side in ("left", "right"))
    )
    np.testing.assert_allclose(command.joint_position, np.hstack(position), atol=1e-12)
    np.testing.assert_allclose(command.joint_velocity, np.hstack(velocity), atol=1e-12)
    np.testing.assert_allclose(command.commanded, np.hstack(position), atol=1e-12)


def test_a_wrist_follows_a_whole_turn(robot: RobotSpec, wander) -> None:
    """No parametrisation of the wrist may lock: each hand turns by 300° about an odd axis."""
    trajectory = wander(robot, reach=0.05, seconds=3.0)
    turn = 1 - np.cos(np.pi * trajectory.time_from_start / trajectory.duration)
    base = trajectory.T_world_base.copy()
    for k, axis in enumerate(([0.3, 0.9, 0.2], [-0.6, 0.5, 0.6])):
        axis = np.array(axis) / np.linalg.norm(axis)
        base[:, k, :4] = rotation_quaternion(np.radians(150) * turn[:, None] * axis)
    trajectory = replace(trajectory, T_world_base=continuous_quaternions(base))
    rollout, command = play(trajectory, robot), play_kinematic(trajectory, robot)
    for k in range(2):
        error = angle_between(
            rollout.T_world_base[:, k, :4], command.T_world_base[:, k, :4]
        )
        assert np.degrees(error.max()) < 1.0


def test_one_hand_plays_alone(shadow: RobotSpec, wander) -> None:
    trajectory = wander(shadow, sides=("right",))
    rollout = play(trajectory, shadow)
    assert rollout.joint_names == shadow.hands["right"].wire_names
    assert not rollout.tips[:, 0].any()
    np.testing.assert_array_equal(
        rollout.T_world_base[:, 0],
        np.tile([1.0, 0, 0, 0, 0, 0, 0], (len(rollout.time), 1)),
    )


def test_contacts_and_gaps_are_those_of_the_surfaces(
    shadow: RobotSpec, from_text
) -> None:
    trajectory = from_text(
        "touch the thumb to the index finger with the right hand", shadow
    )
    rollout = play(trajectory, shadow)
    pair = "right.thumb_tip|right.index_tip"
    column = rollout.contacts.pairs.index(pair)
    gap = rollout.contacts.gap[:, column]
    assert gap.min() < 0.001
    assert gap.max() > 0.02
    np.testing.assert_array_equal(rollout.contacts.mask[:, column], gap <= 0.005)


def test_penetration_is_seen_in_the_command_and_resisted_in_physics(
    robot, wander
) -> None:
    trajectory = wander(robot, reach=0.0)
    base = trajectory.T_world_base.copy()
    closer = np.sin(np.pi * trajectory.time_from_start / trajectory.duration) ** 2
    base[:, 0, 4:], base[:, 1, 4:] = (0, 0.25, 1), (0, -0.25, 1)
    base[..., 5] *= (1 - 0.97 * closer)[:, None]
    trajectory = replace(trajectory, T_world_base=base)
    command = play_kinematic(trajectory, robot).penetration.max(0)
    rollout = play(trajectory, robot).penetration.max(0)
    assert command[1] > 0.005
    assert rollout[1] < 0.5 * command[1]


def test_a_broken_state_is_reported_with_the_states_before_it(
    shadow: RobotSpec, wander
) -> None:
    left = shadow.hands["left"]
    # Servos far too stiff for the physics step.
    stiff = replace(left.gains, kp=1e7 * left.gains.kp, kv=0 * left.gains.kv)
    wild = replace(left, gains=stiff, effort_limit=1e9 * left.effort_limit)
    robot = replace(shadow, hands={**shadow.hands, "left": wild})
    with pytest.raises(UnstableSimulation) as caught:
        play(wander(robot), robot)
    assert caught.value.coordinate.startswith("left_")
    with np.load(caught.value.dump) as dump:
        assert dump["qpos"].shape[0] == dump["time"].shape[0] >= 1
        assert (np.diff(dump["time"]) > 0).all()
    assert str(caught.value.dump) in str(caught.value)


def test_a_control_that_is_no_number_is_reported(
    shadow: RobotSpec, wander, monkeypatch, tmp_path
) -> None:
    import sim.playback

    real = sim.playback.controls

    trajectory = wander(shadow)

    def poisoned(scene, played, time):
        ctrl, commanded = real(scene, played, time)
        ctrl[time > trajectory.duration / 2, 5] = np.nan
        return ctrl, commanded

    monkeypatch.setattr(sim.playback, "controls", poisoned)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnstableSimulation) as caught:
        play(trajectory, shadow)
    assert caught.value.time == pytest.approx(trajectory.duration / 2, abs=0.02)
    with np.load(caught.value.dump) as dump:
        assert np.isfinite(dump["qpos"]).all()
        assert np.isfinite(dump["ctrl"][:-1]).all()
    assert not list(tmp_path.iterdir())  # MuJoCo's own log file stays unwritten


def test_a_trajectory_of_another_robot_is_refused(shadow: RobotSpec, wander) -> None:
    trajectory = replace(wander(shadow), robot="inspire")
    with pytest.raises(SimulationError, match="retarget the motion to shadow"):
        play(trajectory, shadow)


def test_joints_in_another_order_are_refused(shadow: RobotSpec, wander) -> None:
    trajectory = wander(shadow)
    left = trajectory.hands["left"]
    odd = replace(left, joint_names=left.joint_names[::-1])
    trajectory = replace(trajectory, hands={**trajectory.hands, "left": odd})
    with pytest.raises(SimulationError, match="other joints or another order"):
        play_kinematic(trajectory, shadow)


def test_a_rollout_survives_its_file(shadow: RobotSpec, wander, tmp_path) -> None:
    rollout = play(wander(shadow), shadow)
    loaded = Rollout.load(rollout.save(tmp_path / "rollout.npz"))
    assert loaded.joint_names == rollout.joint_names
    assert loaded.trajectory_sha256 == rollout.trajectory_sha256
    assert isinstance(loaded.contacts, ContactTrack)
    for name in Rollout._ARRAYS:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(rollout, name))


def test_angular_velocity_inverts_the_rotation_quaternion() -> None:
    rng = np.random.default_rng(0)
    spin, start = (
        rng.normal(size=(20, 3)),
        rotation_quaternion(rng.normal(size=(20, 3))),
    )
    step = 1e-6
    ahead = quaternion_product(rotation_quaternion(step * spin), start)
    behind = quaternion_product(rotation_quaternion(-step * spin), start)
    rate = (ahead - behind) / (2 * step)
    np.testing.assert_allclose(angular_velocity(start, rate), spin, atol=1e-8)
