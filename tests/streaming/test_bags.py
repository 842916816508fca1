"""Recording from real DDS, and playing a recording through the guard."""

import importlib.util
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from handx.streaming import JointLimits, MotionPath, Player, State, clear, topic
from handx.streaming.bags import ROBOT, BagWriter, read_commands, robot_of
from handx.streaming.dds import DdsNode
from handx.streaming.encoders import ros_time, whole_trajectory_messages
from handx.streaming.recorder import ros_type
from handx.streaming.ros_messages import (
    JOINT_STATE,
    JOINT_TRAJECTORY,
    serialize,
    type_hash,
)
from handx_gen.errors import InputError

SPEC = importlib.util.spec_from_file_location(
    "controller", Path(__file__).with_name("controller.py")
)
model = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(model)


@pytest.fixture
def played(shadow, make, tmp_path):
    """A bag of a real stream of horizons, and the trajectory that was streamed."""
    motion = make[0](shadow)
    moves = clear(motion, shadow, make[1](motion, shadow))
    joints = [joint for c in shadow.controllers for joint in c.joints]
    limits = JointLimits.of(shadow, joints)
    path, clock = MotionPath.of(moves, limits), model.Clock()
    start = dict(zip(joints, path.sample(0)[0]))
    world = model.World(shadow, clock, start, shadow.controllers)
    player = Player(path, shadow, world, clock)
    world.feed(player)
    player.arm()
    player.play()
    player.run(poll=lambda: world.feed(player))
    with BagWriter(tmp_path / "bag", {ROBOT: "shadow"}) as bag:
        for when, name, message in world.sent:
            bag.write(
                name, JOINT_TRAJECTORY, when, serialize(JOINT_TRAJECTORY, message)
            )
    return tmp_path / "bag", moves


def test_a_recorded_stream_reads_back_as_the_path_it_was_made_of(played, shadow):
    bag, moves = played
    assert robot_of(bag) == "shadow"
    found = read_commands(bag, shadow)
    order = [moves.joint_names.index(joint) for joint in found.joint_names]
    # The approach comes first; the motion's own knots are there to the bit.
    zero = found.time[-1] - moves.duration
    for k, seconds in enumerate(moves.time_from_start):
        at = np.abs(found.time - zero - seconds).argmin()
        assert abs(found.time[at] - zero - seconds) < 1e-8
        np.testing.assert_array_equal(found.positions[at], moves.positions[k, order])
        np.testing.assert_array_equal(found.velocities[at], moves.velocities[k, order])


def test_a_replay_passes_the_guard_like_anything_else(played, shadow):
    found = read_commands(played[0], shadow)
    limits = JointLimits.of(shadow, found.joint_names)
    path = MotionPath(limits)
    path.append(found.time, found.positions, found.velocities)
    path.close()
    assert path.closed
    clock = model.Clock()
    start = dict(zip(found.joint_names, path.sample(0)[0] + 0.02))
    world = model.World(shadow, clock, start, shadow.controllers)
    player = Player(path, shadow, world, clock)
    world.feed(player)
    player.arm()
    player.play()
    done = player.run(poll=lambda: world.feed(player))
    assert done.completed, done.reason
    assert player.state is State.READY
    world.check_limits(limits)


def test_a_single_mcap_file_is_read_too(shadow, make, tmp_path):
    """As `handx run` leaves it: the whole motion as one message per controller."""
    from handx.streaming.mcap_file import write_mcap
    from handx_gen.kinematics.contacts import ContactTrack
    from sim.rollout import Rollout

    motion = make[0](shadow)
    names = [n for hand in shadow.hands.values() for n in hand.wire_names]
    zeros = np.zeros((2, len(names)))
    rollout = Rollout(
        "shadow", motion.sha256(), tuple(names), np.array([0.0, 0.1]), zeros, zeros,
        zeros, zeros, zeros, zeros, zeros, zeros, np.zeros((2, 2, 7)), np.zeros((2, 2, 5, 3)),
        ContactTrack((), np.zeros((2, 0), bool), np.zeros((2, 0))), np.zeros((2, 2)),
    )  # fmt: skip
    path = write_mcap(tmp_path / "trajectory.mcap", motion, shadow, rollout)
    assert robot_of(path) == "shadow"
    found = read_commands(path, shadow)
    moves = clear(motion, shadow, make[1](motion, shadow))
    order = [moves.joint_names.index(joint) for joint in found.joint_names]
    np.testing.assert_array_equal(found.positions, moves.positions[:, order])
    np.testing.assert_allclose(found.time, moves.time_from_start, atol=1e-9)


def test_what_is_no_recording_is_said(shadow, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.mcap").write_bytes(b"no mcap at all")
    for name in ("missing", "empty", "x.mcap"):
        with pytest.raises(InputError, match=name):
            read_commands(tmp_path / name, shadow)
    with BagWriter(tmp_path / "other") as bag:
        state = {"header": {"stamp": ros_time(1), "frame_id": ""}, "name": ["a"],
                 "position": [0.0], "velocity": [], "effort": []}  # fmt: skip
        bag.write("/joint_states", JOINT_STATE, 1, serialize(JOINT_STATE, state))
    with pytest.raises(InputError, match="no commands for shadow"):
        read_commands(tmp_path / "other", shadow)
    with pytest.raises(InputError, match="exists already"):
        BagWriter(tmp_path / "other")


def test_the_command_records_what_is_said_and_two_readers_agree(
    shadow, make, domain, tmp_path
):
    """Reliable, latched and best-effort writers; stopped by Ctrl-C."""
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory
    from rosbags.highlevel import AnyReader

    out = tmp_path / "bag"
    process = subprocess.Popen(
        [sys.executable, "-m", "handx", "record", "--out", str(out), "--domain",
         str(domain), "--robot", "shadow"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    motion = make[0](shadow)
    messages = whole_trajectory_messages(motion, shadow, 10**18)
    text = {"data": json.dumps({"state": "test"})}
    try:
        with DdsNode(
            dict.fromkeys(messages, JOINT_TRAJECTORY),
            {"/status": "std_msgs/msg/String"}, domain=domain,
        ) as node:  # fmt: skip
            node.publish("/status", text)
            assert node.wait_for_readers(30) == [], process.poll()
            for name, message in messages.items():
                node.publish(name, message)
            time.sleep(1.0)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "/status" in output
    with AnyReader([out]) as reader:
        assert {c.topic: c.msgtype for c in reader.connections} == {
            **dict.fromkeys(messages, JOINT_TRAJECTORY), "/status": "std_msgs/msg/String",
        }  # fmt: skip
        for connection, _, data in reader.messages():
            if connection.topic in messages:
                assert bytes(data) == serialize(
                    JOINT_TRAJECTORY, messages[connection.topic]
                )
    assert type_hash(JOINT_TRAJECTORY) in (out / "metadata.yaml").read_text()
    (file,) = out.glob("*.mcap")
    with open(file, "rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == "ros2"
        decoded = {
            item.channel.topic: item.decoded_message
            for item in reader.iter_decoded_messages()
        }
    assert decoded["/status"].data == text["data"]
    for name, message in messages.items():
        got = [list(point.positions) for point in decoded[name].points]
        assert got == [point["positions"] for point in message["points"]]


def test_a_recording_of_silence_leaves_no_bag(domain, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "handx", "record", "--out", str(tmp_path / "bag"),
         "--domain", str(domain), "--seconds", "0.3"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "nothing was heard" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_replay_needs_force_and_then_a_listener(played, domain, force):
    done = subprocess.run(
        [sys.executable, "-m", "handx", "stream", "--from", str(played[0]), *force,
         "--domain", str(domain), "--wait", "0.2"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert ("nobody listens" if force else "carries no verdict") in done.stderr


def test_type_names_go_back_and_forth():
    assert ros_type("trajectory_msgs::msg::dds_::JointTrajectory_") == JOINT_TRAJECTORY
    assert ros_type("ParticipantEntities") == "ParticipantEntities"


def test_topics_may_stand_for_themselves(shadow):
    from dataclasses import replace

    controller = replace(shadow.controllers[0], topic="/hand_0/joint_commands")
    assert topic(controller) == "/hand_0/joint_commands"
