"""A node without ROS, as `handx stream` is one on Cyclone DDS, among nodes of rclpy."""

import pytest
from acceptance import LATCHED
from processes import ROBOT
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from std_msgs.msg import Bool, String
from trajectory_msgs.msg import JointTrajectory

from robots import load_robot

COMMANDS, TYPE = (
    "/left_hand_controller/joint_trajectory",
    "trajectory_msgs/msg/JointTrajectory",
)
HASH = "RIHS01_179b33eba59d676f6d967ac71fe35e7ca2f64b2f3928f4a018cec115e213796e"


@pytest.fixture
def stream(simulated, client, motion):
    """`handx stream`, which has no ROS, playing that motion; and what controllers hear."""
    heard: list[JointTrajectory] = []
    listening = client.create_subscription(JointTrajectory, COMMANDS, heard.append, 10)
    process = simulated.start_engine(
        "stream", "stream", f"{simulated.folder}/motions/{motion}/trajectory.npz",
        "--wait", "60", "--horizon", "1.0",
    )  # fmt: skip
    yield process, heard
    if process.poll() is None:
        simulated.end("stream")
    client.destroy_subscription(listening)


def test_a_stream_without_ros_is_a_node_like_any_other(simulated, client, stream):
    process, heard = stream
    client.until(lambda: heard or process.poll() is not None, 60)
    assert heard, simulated.log("stream")
    assert ("handx_stream", "/") in client.get_node_names_and_namespaces()
    assert (COMMANDS, [TYPE]) in client.get_topic_names_and_types()
    (writer,) = (
        found for found in client.get_publishers_info_by_topic(COMMANDS)
        if found.node_name == "handx_stream"
    )  # fmt: skip
    readers = client.get_subscriptions_info_by_topic(COMMANDS)
    hashes = {str(found.topic_type_hash) for found in (writer, *readers)}
    assert hashes == {HASH}
    assert writer.topic_type == TYPE
    assert writer.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    assert writer.qos_profile.durability == DurabilityPolicy.VOLATILE
    (reader,) = (
        found for found in client.get_subscriptions_info_by_topic("/joint_states")
        if found.node_name == "handx_stream"
    )  # fmt: skip
    (states,) = client.get_publishers_info_by_topic("/joint_states")
    assert str(reader.topic_type_hash) == str(states.topic_type_hash)
    client.until(lambda: process.poll() is not None, 60)
    # It played to the end, so it heard the joint states of rclpy all the time.
    assert process.returncode == 0, simulated.log("stream")
    left = load_robot(ROBOT).controllers[0].joints
    assert {tuple(message.joint_names) for message in heard} == {tuple(left)}
    client.assert_at_rest()
    place = client.states[-1][1]
    for joint, q in zip(left, heard[-1].points[-1].positions):
        assert place[joint] == pytest.approx(q, abs=0.1), joint


def test_a_stop_from_rclpy_stops_a_stream_without_ros(simulated, client, stream):
    process, _ = stream
    told: list[str] = []
    client.create_subscription(
        String,
        "/handx_stream/status",
        lambda message: told.append(message.data),
        LATCHED,
    )
    stop = client.create_publisher(Bool, "/handx_stream/estop", 10)
    client.until(lambda: any('"playing"' in text for text in told), 60)
    stop.publish(Bool(data=True))
    client.until(lambda: process.poll() is not None, 20)
    assert process.returncode == 2, simulated.log("stream")
    assert '"estop"' in told[-1]
    client.assert_at_rest()
