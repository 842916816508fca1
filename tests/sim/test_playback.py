"""Playing a trajectory: faithful, repeatable, and loud when something breaks."""

from dataclasses import replace

import numpy as np
import pytest

from handx_gen.kinematics.contacts import ContactTrack
from retarget.trajectory import continuous_quaternions
from robots import RobotSpec
from sim.checks import measured_quantities
from sim.engine import mujoco
from sim.errors import SimulationError, UnstableSimulation
from sim.geometry import angle_between
from sim.playback import (
    RECORD_RATE,
    angular_velocity,
    play,
    play_kinematic,
    quaternion_product,
    rotation_quaternion,
    set_state,
    trajectory_scene,
)
from sim.rollout import Rollout
from sim.thresholds import THRESHOLDS

CLAP = "clap twice"


def test_a_slow_motion_is_tracked_well_within_the_thresholds(robot, wander) -> None:
    trajectory = wander(robot, seed=1)
    rollout, command = play(trajectory, robot), play_kinematic(trajectory, robot)
    found = measured_quantities(rollout, command, robot)
    assert found["tip tracking p95"] < 0.5 * THRESHOLDS.tip_tracking_mm
    assert found["wrist position p95"] < 0.2 * THRESHOLDS.wrist_position_mm
    assert found["wrist rotation p95"] < 0.2 * THRESHOLDS.wrist_rotation_deg
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


def test_arms_follow_and_repeat_to_the_bit(g1: RobotSpec, wander) -> None:
    trajectory = wander(g1, seed=1)
    rollout, command = play(trajectory, g1), play_kinematic(trajectory, g1)
    found = measured_quantities(rollout, command, g1)
    assert found["tip tracking p95"] < 0.5 * THRESHOLDS.tip_tracking_mm
    assert found["wrist position p95"] < 0.5 * THRESHOLDS.wrist_position_mm
    assert rollout.warnings == {}
    assert rollout.joint_names[-17:] == g1.body.chain.wire_names
    # The arms' motors carry a weight, nothing drives the wrists in space.
    assert np.abs(rollout.joint_effort[:, -17:]).max() > 0.5
    assert not rollout.wrist_force.any()
    again = play(trajectory, g1)
    for name in ("qpos", "qvel", "joint_effort"):
        np.testing.assert_array_equal(getattr(rollout, name), getattr(again, name))


def test_arms_put_the_hands_where_retargeting_says(g1: RobotSpec, from_text) -> None:
    trajectory = from_text(CLAP, g1)
    command = play_kinematic(trajectory, g1)
    at, _ = trajectory.sample_base(command.time)
    # Between knots two interpolants differ: of joints and of poses.
    assert np.abs(command.T_world_base[..., 4:] - at[..., 4:]).max() < 1e-4
    scene = trajectory_scene(trajectory, g1)
    data = mujoco.MjData(scene.model)
    for k in range(0, len(trajectory.time_from_start), 20):
        set_state(scene, data, trajectory, float(trajectory.time_from_start[k]))
        mujoco.mj_kinematics(scene.model, data)
        for i, hand in enumerate(scene.hands.values()):
            np.testing.assert_allclose(
                data.xpos[hand.base_body], trajectory.T_world_base[k, i, 4:], atol=1e-9
            )


def test_the_hand_that_is_not_asked_rests_on_its_arm(g1: RobotSpec, wander) -> None:
    rollout = play(wander(g1, sides=("right",)), g1)
    left = [rollout.joint_names.index(n) for n in g1.hands["left"].wire_names]
    still = rollout.joint_position[:, left] - g1.hands["left"].rest_pose
    assert np.abs(still).max() < 0.01


def test_a_trajectory_without_its_arms_is_refused(g1: RobotSpec, wander) -> None:
    bare = replace(wander(g1), groups={})
    with pytest.raises(SimulationError, match=r"the group waist.*Fix: retarget"):
        play(bare, g1)


def test_mirrored_input_gives_the_mirrored_result(shadow: RobotSpec, wander) -> None:
    """Left and right exchanged, world mirrored in x: everything measured is mirrored."""
    trajectory = wander(shadow, seed=5, reach=0.4)
    mirrored = mirror(trajectory)
    there, here = play(trajectory, shadow), play(mirrored, shadow)
    flip = np.array([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(here.tips[:, ::-1] * flip, there.tips, atol=1e-6)
    half = here.joint_position.shape[1] // 2
    np.testing.assert_allclose(
        np.roll(here.joint_position, half, axis=1), there.joint_position, atol=1e-6
    )


def mirror(trajectory):
    """Shadow's left URDF is its right one mirrored in x, with joints that turn alike."""
    left, right = (trajectory.hands[side] for side in ("left", "right"))
    base = trajectory.T_world_base[:, ::-1].copy()
    base[..., [2, 3, 4]] *= -1  # y, z of the quaternion and x of the place
    return replace(
        trajectory,
        hands={
            "left": replace(right, joint_names=left.joint_names),
            "right": replace(left, joint_names=right.joint_names),
        },
        T_world_base=base,
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
