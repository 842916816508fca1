"""`trajectory.mcap` read back by the tools that others use."""

from dataclasses import replace

import mcap.reader as mcap_reader
import mcap_ros2.decoder as mcap_ros2
import numpy as np
import pytest

from handx.streaming.mcap_file import write_mcap
from handx_gen.errors import InputError
from sim.rollout import Rollout


@pytest.fixture(scope="module")
def rollout(trajectory, robot):
    """Measured state with numbers that have no short decimal form."""
    rng = np.random.default_rng(5)
    names = tuple(
        name for side in ("left", "right") for name in robot.hands[side].wire_names
    )
    steps, joints = 40, len(names)
    values = {
        field: rng.normal(size=(steps, joints))
        for field in ("joint_position", "joint_velocity", "joint_effort", "commanded")
    }
    return Rollout(
        robot=robot.name,
        trajectory_sha256=trajectory.sha256(),
        joint_names=names,
        time=np.arange(steps) * 0.01,
        qpos=rng.normal(size=(steps, 3)),
        qvel=rng.normal(size=(steps, 3)),
        wrist_force=rng.normal(size=(steps, 2, 6)),
        ctrl=rng.normal(size=(steps, 3)),
        T_world_base=rng.normal(size=(steps, 2, 7)),
        tips=rng.normal(size=(steps, 2, 5, 3)),
        contacts=replace(
            trajectory.asked_contacts,
            mask=np.zeros((steps, 0)),
            gap=np.zeros((steps, 0)),
        ),
        penetration=np.zeros((steps, 3)),
        **values,
    )


@pytest.fixture(scope="module")
def decoded(trajectory, robot, rollout, tmp_path_factory):
    path = write_mcap(
        tmp_path_factory.mktemp("mcap") / "trajectory.mcap", trajectory, robot, rollout
    )
    with open(path, "rb") as stream:
        reader = mcap_reader.make_reader(
            stream, decoder_factories=[mcap_ros2.DecoderFactory()]
        )
        return (
            reader.get_summary(),
            reader.get_header(),
            list(reader.iter_decoded_messages()),
        )


def test_it_is_a_ros2_recording(decoded, robot):
    summary, header, _ = decoded
    assert header.profile == "ros2"
    assert {c.message_encoding for c in summary.channels.values()} == {"cdr"}
    assert {s.encoding for s in summary.schemas.values()} == {"ros2msg"}
    topics = {
        c.topic: summary.schemas[c.schema_id].name for c in summary.channels.values()
    }
    wanted = {f"/{c.name}/{c.topic}": "trajectory_msgs/msg/JointTrajectory"
              for c in robot.controllers}  # fmt: skip
    assert topics == wanted | {"/joint_states": "sensor_msgs/msg/JointState"}


def test_measured_state_comes_back_bit_for_bit(decoded, rollout):
    states = [
        m.decoded_message for m in decoded[2] if m.channel.topic == "/joint_states"
    ]
    assert len(states) == len(rollout.time)
    for k, state in enumerate(states):
        assert tuple(state.name) == rollout.joint_names
        stamp = state.header.stamp
        assert stamp.sec * 10**9 + stamp.nanosec == round(rollout.time[k] * 1e9)
        for field in ("position", "velocity", "effort"):
            np.testing.assert_array_equal(
                np.array(getattr(state, field)), getattr(rollout, f"joint_{field}")[k]
            )


def test_commands_come_back_bit_for_bit(decoded, trajectory, robot):
    seen = 0
    for item in decoded[2]:
        if item.channel.topic == "/joint_states":
            continue
        seen += 1
        message = item.decoded_message
        for side, hand in robot.hands.items():
            part = trajectory.hands[side]
            for j, name in enumerate(hand.wire_names):
                if name not in message.joint_names:
                    continue
                column = list(message.joint_names).index(name)
                sent = np.array([p.positions[column] for p in message.points])
                np.testing.assert_array_equal(sent, part.positions[:, j])
                rate = np.array([p.velocities[column] for p in message.points])
                np.testing.assert_array_equal(rate, part.velocities[:, j])
        time = [p.time_from_start.sec + p.time_from_start.nanosec / 1e9
                for p in message.points]  # fmt: skip
        np.testing.assert_allclose(time, trajectory.time_from_start, atol=1e-9)
    assert seen == len(robot.controllers)


def test_a_rollout_of_another_trajectory_is_refused(
    trajectory, robot, rollout, tmp_path
):
    other = replace(rollout, trajectory_sha256="0" * 64)
    with pytest.raises(InputError, match="another trajectory"):
        write_mcap(tmp_path / "trajectory.mcap", trajectory, robot, other)
    assert list(tmp_path.iterdir()) == []
