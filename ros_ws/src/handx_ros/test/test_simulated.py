"""Acceptance on real ROS 2: text to simulated hands, without ros2_control.

Run where Jazzy (or newer) is sourced, this workspace is built, and the command `handx` is
in the path or named by HANDX:

    python3 -m pytest ros_ws/src/handx_ros/test

or, on a machine without ROS, by `make test-rclpy`. Everything is started as plain
processes here; launch files are the business of test_launch.py.
"""

import signal

import pytest
from acceptance import Client, curl
from action_msgs.msg import GoalStatus
from handx_interfaces.action import GenerateMotion, PlayMotion
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from processes import PATIENT, ROBOT, TEXT
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from robots import load_robot

pytestmark = pytest.mark.usefixtures("simulated")


@pytest.fixture(autouse=True)
def armed(client):
    """What one test has stopped does not stop the next."""
    client.free()


def test_from_text_to_moving_hands(client: Client):
    before = len(client.states)
    goal = GenerateMotion.Goal(text=TEXT, model="program", play=True)
    status, result = client.result(client.ask(client.generate, goal))
    assert status == GoalStatus.STATUS_SUCCEEDED, result.message
    assert result.passed
    assert result.played
    assert result.text_verdict == result.hand_verdict == result.physics_verdict == "yes"
    stages = [f.stage for f in client.feedback]
    for stage in ("generate", "retarget", "validate", "play"):
        assert stage in stages
    moved = [state for _, state in client.states[before:]]
    values = [curl(state, "left") for state in moved]
    assert max(values) - min(values) > 0.5


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_a_motion_is_played(client, motion, transport):
    goal = PlayMotion.Goal(motion_id=motion, transport=transport)
    status, result = client.result(client.ask(client.play, goal))
    assert status == GoalStatus.STATUS_SUCCEEDED, result.message
    assert result.completed
    phases = [f.phase for f in client.feedback]
    assert "play" in phases


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_preemption(client, motion, transport):
    first = client.playing(motion, transport)
    goal = PlayMotion.Goal(motion_id=motion, transport=transport)
    second = client.ask(client.play, goal)
    status, result = client.result(first)
    assert status == GoalStatus.STATUS_ABORTED
    assert "newer" in result.message
    status, result = client.result(second)
    assert status == GoalStatus.STATUS_SUCCEEDED, result.message


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_cancel(client, motion, transport):
    handle = client.playing(motion, transport)
    client.until(handle.cancel_goal_async().done)
    status, _ = client.result(handle)
    assert status == GoalStatus.STATUS_CANCELED
    client.assert_at_rest()


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_emergency_stop(client, motion, transport):
    handle = client.playing(motion, transport)
    assert client.call(SetBool, "/streamer/estop", data=True).success
    status, _ = client.result(handle)
    assert status == GoalStatus.STATUS_ABORTED
    client.assert_at_rest()
    client.until(lambda: client.stopped is True)
    client.until(lambda: client.status.state == "estop")
    assert not client.call(Trigger, "/streamer/rearm").success
    assert not client.ask(client.play, PlayMotion.Goal(motion_id=motion)).accepted
    client.free()
    goal = PlayMotion.Goal(motion_id=motion, transport=transport)
    assert client.result(client.ask(client.play, goal))[1].completed


def test_hold_and_rearm(client, motion):
    handle = client.playing(motion, "topic")
    assert client.call(Trigger, "/streamer/hold").success
    assert client.result(handle)[0] == GoalStatus.STATUS_ABORTED
    client.assert_at_rest()
    assert not client.ask(client.play, PlayMotion.Goal(motion_id=motion)).accepted
    client.free()


def test_a_request_is_called_off(client):
    goal = GenerateMotion.Goal(text="clap twice", model="program", samples=8)
    handle = client.ask(client.generate, goal)
    client.until(lambda: client.feedback)
    client.until(handle.cancel_goal_async().done)
    assert client.result(handle)[0] == GoalStatus.STATUS_CANCELED


def test_a_controller_follows_cancels_and_refuses(client):
    controller = load_robot(ROBOT).controllers[0]
    count, place = len(controller.joints), client.states[-1][1]
    here = [place[joint] for joint in controller.joints]
    there = [0.5 * q for q in here]
    still, moving = [0.0] * count, [0.1] * count
    # A controller takes nothing that would not end at rest.
    assert not client.follow(controller, [here, there], [still, moving], 1.0).accepted
    handle = client.follow(controller, [here, there], [still, still], 1.0)
    status, result = client.result(handle)
    assert status == GoalStatus.STATUS_SUCCEEDED, result.error_string
    assert list(client.feedback[-1].joint_names) == list(controller.joints)
    handle = client.follow(controller, [there, here], [still, still], 20.0)
    client.until(lambda: client.feedback)
    client.until(handle.cancel_goal_async().done)
    assert client.result(handle)[0] == GoalStatus.STATUS_CANCELED
    client.assert_at_rest()


def test_parameters_tell_what_they_are_and_keep_their_ranges(client):
    answer = client.call(
        DescribeParameters, "/streamer/describe_parameters", names=["horizon"]
    )
    (found,) = answer.descriptors
    assert found.read_only
    assert found.description
    assert found.floating_point_range[0].to_value == 1.0

    def change(name: str, **value: object) -> list:
        given = Parameter(name=name, value=ParameterValue(**value))
        return client.call(
            SetParameters, "/streamer/set_parameters", parameters=[given]
        ).results

    double, text = ParameterType.PARAMETER_DOUBLE, ParameterType.PARAMETER_STRING
    assert not change("horizon", type=double, double_value=0.2)[0].successful
    assert not change("goal_time", type=double, double_value=2.0)[0].successful
    assert change("transport", type=text, string_value="topic")[0].successful
    (refused,) = change("transport", type=text, string_value="pigeon")
    assert not refused.successful
    assert "pigeon" in refused.reason


def test_words_move_the_hands_while_they_move(simulated, client):
    say = client.create_publisher(String, "/streamer/say", 10)
    client.until(say.get_subscription_count)
    say.publish(String(data="make a fist with the left hand"))
    left = curl(client.states[-1][1], "left")
    client.until(lambda: abs(curl(client.states[-1][1], "left") - left) > 0.5, 120)
    right = curl(client.states[-1][1], "right")
    say.publish(String(data="make a fist with the right hand"))
    client.until(lambda: abs(curl(client.states[-1][1], "right") - right) > 0.3, 60)
    assert client.status.state == "play", simulated.log("streamer")
    assert client.call(Trigger, "/streamer/rest").success
    assert client.call(Trigger, "/streamer/hold").success
    client.assert_at_rest()
    client.free()


def test_lifecycle(client, motion):
    def change(number: int) -> bool:
        transition = Transition(id=number)
        return client.call(
            ChangeState, "/streamer/change_state", transition=transition
        ).success

    def state() -> str:
        return client.call(GetState, "/streamer/get_state").current_state.label

    goal = PlayMotion.Goal(motion_id=motion)
    assert state() == "active"
    handle = client.playing(motion, "topic")
    assert change(Transition.TRANSITION_DEACTIVATE)
    assert client.result(handle)[0] == GoalStatus.STATUS_ABORTED
    client.assert_at_rest()
    assert state() == "inactive"
    assert not client.ask(client.play, goal).accepted
    # Twice round: what cleaning up leaves behind would answer beside what comes anew.
    for _ in range(2):
        assert change(Transition.TRANSITION_CLEANUP)
        client.until(lambda: not client.play.server_is_ready())
        assert change(Transition.TRANSITION_CONFIGURE)
        assert change(Transition.TRANSITION_ACTIVATE)
        assert state() == "active"
        assert client.result(client.ask(client.play, goal))[1].completed
        assert change(Transition.TRANSITION_DEACTIVATE)
    assert change(Transition.TRANSITION_ACTIVATE)
    client.free()


@pytest.mark.parametrize("transport", ["topic", "action"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_hands_come_to_rest_before_the_streamer_ends(
    simulated, client, motion, number, transport
):
    simulated.start_node(
        "streamer", "second", robot=ROBOT, autostart=True,
        motions_folder=simulated.folder / "motions", **PATIENT,
    )  # fmt: skip
    handle = client.playing(motion, transport, client.player("/second/play"))
    answer = handle.get_result_async()
    client.rest(0.2)
    process = simulated.running.pop("second")
    process.send_signal(number)
    # Its last words: that the motion ended, and how.
    client.until(answer.done, 5)
    assert answer.result().status == GoalStatus.STATUS_ABORTED
    client.until(lambda: process.poll() is not None, 5)
    assert process.returncode == 0, simulated.log("second")
    assert "Traceback" not in simulated.log("second")
    client.assert_at_rest()
