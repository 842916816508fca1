"""Streamer and simulated hand together, in simulated time: what moves, and what stops it.

The hands go exactly where they are told, so what is checked is what they are told.
"""

import json
import shutil
import signal
import uuid

import numpy as np
import pytest

from handx import pipeline
from handx.streaming.controller_rules import violations
from robots import load_robot

FLOAT_EPSILON = np.finfo(np.float32).eps
"""A joint_trajectory_controller calls more than this motion at the end [rad/s]."""


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A motion of both hands that passed, for Inspire."""
    folder = tmp_path_factory.mktemp("motion")
    result = pipeline.run("clap once", "inspire", folder, model="program", video=False)
    assert result.passed
    return folder


@pytest.fixture
def motions(tmp_path):
    return tmp_path / "motions"


@pytest.fixture
def motion(made, motions):
    """The id of that motion, where the streamer looks for it."""
    name = uuid.uuid4().hex
    (motions / name).mkdir(parents=True)
    for file in ("trajectory.npz", "report.json"):
        shutil.copy(made / file, motions / name)
    return name


@pytest.fixture
def streamer(graph, motions):
    from handx_ros.streamer_node import StreamerNode

    node = StreamerNode(parameter_overrides={
        "robot": "inspire", "motions_folder": str(motions),
    })  # fmt: skip
    node.trigger_configure()
    node.trigger_activate()
    return node


def play(graph, motion, transport="topic"):
    from handx_interfaces.action import PlayMotion

    goal = PlayMotion.Goal(motion_id=motion, transport=transport)
    return graph.servers["/streamer/play"].send(goal)


def finish(graph, handle, patience=60):
    graph.spin(until=handle.result.done, patience=patience)
    return handle.result.result().result


def running(graph, handle, seconds=0.5):
    """Let it get into the middle of its motion."""
    graph.spin(until=lambda: any(f.phase == "play" for f in handle.feedback))
    graph.spin(seconds)
    assert not handle.result.done()


def moves(graph, motion, transport="topic"):
    """Whether a new goal gets the hands moving."""
    handle = play(graph, motion, transport)
    if handle is None:
        return False
    running(graph, handle, 0.05)
    return True


def call(name, **fields):
    import fake_ros

    return fake_ros.call(name, **fields)


def at_rest(graph, hands, seconds=0.3):
    graph.spin(seconds)
    before = dict(hands.positions)
    graph.spin(0.3)
    return before == hands.positions


def end_of(folder):
    """Wire name → where the trajectory ends."""
    from handx.streaming.encoders import wire_trajectory
    from retarget.trajectory import BimanualTrajectory

    found = wire_trajectory(
        BimanualTrajectory.load(folder / "trajectory.npz"), load_robot("inspire")
    )
    return dict(zip(found.joint_names, found.positions[-1]))


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_a_motion_is_played_to_its_end(graph, hand, streamer, motion, made, transport):
    handle = play(graph, motion, transport)
    result = finish(graph, handle)
    assert (handle.state, result.completed, result.message) == ("succeeded", True, "")
    hands = hand._hands
    hands.assert_gentle()
    for name, goal in end_of(made).items():
        if name in hands.commanded_names:
            assert hands.positions[name] == pytest.approx(goal, abs=1e-4), name
    phases = [f.phase for f in handle.feedback]
    assert phases == sorted(phases)  # approach, then play
    assert {"approach", "play"} == set(phases)
    assert result.seconds > 1


def test_every_message_obeys_the_controllers_rules(graph, hand, streamer, motion):
    from handx_ros.messages import trajectory_fields

    handle = play(graph, motion)
    finish(graph, handle)
    robot = load_robot("inspire")
    stamps = {}
    for controller in robot.controllers:
        topic = f"/{controller.name}/joint_trajectory"
        sent = graph.messages(topic)
        assert len(sent) > 50
        for message in sent:
            fields = trajectory_fields(message)
            stamp = fields["header"]["stamp"]
            now = stamp["sec"] * 10**9 + stamp["nanosec"]
            assert violations(fields, controller.joints, now) == []
            assert np.abs(message.points[-1].velocities).max() < FLOAT_EPSILON
        stamps[topic] = [trajectory_fields(m)["header"]["stamp"] for m in sent]
    first, second = stamps.values()
    assert first == second  # both hands on one clock


def test_goals_of_one_motion_have_one_start(graph, hand, streamer, motion, monkeypatch):
    sent = []
    for controller in load_robot("inspire").controllers:
        server = graph.servers[f"/{controller.name}/follow_joint_trajectory"]
        monkeypatch.setattr(
            server,
            "judge",
            lambda goal, real=server.judge: sent.append(goal) or real(goal),
        )
    finish(graph, play(graph, motion, "action"))
    assert len(sent) == 2
    left, right = (g.trajectory.header.stamp for g in sent)
    assert (left.sec, left.nanosec) == (right.sec, right.nanosec) != (0, 0)
    assert all(g.goal_time_tolerance.sec == 1 for g in sent)
    for goal in sent:
        assert np.abs(goal.trajectory.points[-1].velocities).max() < FLOAT_EPSILON


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_a_newer_motion_takes_over_gently(graph, hand, streamer, motion, transport):
    first = play(graph, motion, transport)
    running(graph, first)
    second = play(graph, motion, transport)
    result = finish(graph, first)
    assert first.state == "aborted"
    assert "newer" in result.message
    assert finish(graph, second).completed
    if transport == "topic":  # goals are cancelled, and stop as the controller stops
        hand._hands.assert_gentle()


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_cancel(graph, hand, streamer, motion, transport):
    handle = play(graph, motion, transport)
    running(graph, handle)
    graph.servers["/streamer/play"].cancel(handle)
    result = finish(graph, handle)
    assert (handle.state, result.completed) == ("canceled", False)
    assert at_rest(graph, hand._hands)
    # Nothing is latched by a wish: the next goal moves.
    assert moves(graph, motion, transport)


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_hold_and_rearm(graph, hand, streamer, motion, transport):
    handle = play(graph, motion, transport)
    running(graph, handle)
    assert call("/streamer/hold").success
    assert not finish(graph, handle).completed
    assert handle.state == "aborted"
    assert at_rest(graph, hand._hands)
    if transport == "topic":
        hand._hands.assert_gentle()
    assert graph.messages("/streamer/status")[-1].state == "hold"
    assert play(graph, motion, transport) is None
    assert "rearm" in graph.log[-1][1]
    assert call("/streamer/rearm").success
    assert moves(graph, motion, transport)


def test_rearm_waits_for_rest(graph, hand, streamer, motion):
    handle = play(graph, motion)
    running(graph, handle)
    call("/streamer/hold")
    answer = call("/streamer/rearm")
    assert not answer.success
    assert "rest" in answer.message


def test_estop_is_latched(graph, hand, streamer, motion):
    handle = play(graph, motion)
    running(graph, handle)
    assert call("/streamer/estop", data=True).success
    assert graph.messages("/streamer/estopped")[-1].data is True
    finish(graph, handle)
    assert at_rest(graph, hand._hands)
    hand._hands.assert_gentle()
    assert graph.messages("/streamer/status")[-1].state == "estop"
    assert not call("/streamer/rearm").success
    assert play(graph, motion) is None
    call("/streamer/estop", data=False)
    assert graph.messages("/streamer/estopped")[-1].data is False
    assert play(graph, motion) is None, "reset alone moves nothing"
    assert call("/streamer/rearm").success
    assert moves(graph, motion)


@pytest.mark.parametrize("transport", ["topic", "action"])
@pytest.mark.parametrize("fault", ["silent", "stuck", "strained"])
def test_faults_hold_and_say_why(graph, hand, streamer, motion, transport, fault):
    handle = play(graph, motion, transport)
    running(graph, handle, 0.3)
    hands = hand._hands
    if fault == "silent":
        hands.frozen = True
    elif fault == "stuck":
        hands.stuck = True
    else:
        hands.effort = dict.fromkeys(hands.joint_names, 1e3)
    graph.spin(until=handle.result.done, patience=20)
    result = handle.result.result().result
    words = {"silent": "old", "stuck": "follow", "strained": "pushes"}[fault]
    assert words in result.message
    assert handle.state == "aborted"
    status = graph.messages("/streamer/status")[-1]
    assert (status.state, status.message) == ("fault", result.message)
    report = graph.messages("/diagnostics")[-1].status[0]
    assert report.level == b"\2"
    assert play(graph, motion, transport) is None
    if transport == "topic":
        hands.assert_gentle()


def test_one_controller_that_refuses_stops_all(graph, hand, streamer, motion):
    import fake_ros

    right = graph.servers["/right_hand_controller/follow_joint_trajectory"]
    right.judge = lambda goal: fake_ros.GoalResponse.REJECT
    before = dict(hand._hands.positions)
    result = finish(graph, play(graph, motion, "action"))
    assert "right_hand_controller refused" in result.message
    graph.spin(1.0)
    assert hand._hands.positions == before, "nobody starts alone"


def test_one_controller_that_does_not_answer_stops_all(graph, hand, streamer, motion):
    import fake_ros

    right = graph.servers["/right_hand_controller/follow_joint_trajectory"]
    pending = []

    async def silent(sent, goal, feedback):
        pending.append((sent, goal, feedback))

    streamer._logic.sender._clients["right_hand_controller"]._send = silent
    before = dict(hand._hands.positions)
    result = finish(graph, play(graph, motion, "action"))
    assert "right_hand_controller did not answer in time" in result.message
    # What it accepts too late is cancelled, and moves nothing but that.
    ((sent, goal, feedback),) = pending
    late = right.send(goal, feedback)
    sent.set_result(fake_ros.ClientGoalHandle(late))
    if late is not None:
        graph.spin(until=late.result.done)
        assert late.state == "canceled"
    graph.spin(1.0)
    for name, q in hand._hands.positions.items():
        assert q == pytest.approx(before[name], abs=1e-3)


def test_one_controller_that_aborts_stops_all(graph, hand, streamer, motion):
    from handx_ros.controller import Verdict

    handle = play(graph, motion, "action")
    running(graph, handle)
    right = next(s for s in hand._served if s.logic.joints[0].startswith("R_"))
    right._fail(Verdict(-4, "a finger is blocked"))
    result = finish(graph, handle)
    assert "right_hand_controller gave up (-4): a finger is blocked" in result.message
    assert at_rest(graph, hand._hands, 0.05), "the other hand stopped as well"


def test_without_controllers_it_says_what_to_start(graph, streamer, motion):
    handle = play(graph, motion, "action")
    result = finish(graph, handle)
    assert "no state of" in result.message
    assert handle.state == "aborted"


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_controllers_that_are_discovered_late_are_waited_for(
    graph, streamer, motion, request, transport
):
    graph.discovery = 1.0
    graph.spin(1.0)  # the streamer hears the hands as soon as they speak
    request.getfixturevalue("hand")
    result = finish(graph, play(graph, motion, transport))
    assert result.completed, result.message


@pytest.mark.parametrize("transport", ["topic", "action"])
def test_controllers_that_never_come_are_named(
    graph, streamer, motion, request, transport
):
    graph.spin(1.0)
    request.getfixturevalue("hand")
    graph.discovery = 60.0
    graph.born = {key: -(10**12) for key in graph.born}
    from fake_ros import GRAPH

    for served in request.getfixturevalue("hand")._served:
        GRAPH.begin(id(served.subscription))
        GRAPH.begin(served.server.name)
    result = finish(graph, play(graph, motion, transport))
    assert not result.completed
    assert "left_hand_controller" in result.message
    assert "start the controllers" in result.message


def test_a_motion_that_is_not_a_pass_of_this_robot_does_not_move(
    graph, hand, streamer, motion, motions
):
    before = dict(hand._hands.positions)
    report = motions / motion / "report.json"
    good = report.read_text()
    failed = json.loads(good)
    failed["passed"] = False
    failed["verdicts"]["text"]["answer"] = "no"
    report.write_text(json.dumps(failed))
    assert "not a PASS" in finish(graph, play(graph, motion)).message

    edited = json.loads(good)
    edited["hashes"]["trajectory"] = "0" * 64
    report.write_text(json.dumps(edited))
    assert "edited" in finish(graph, play(graph, motion)).message

    (motions / motion / "trajectory.npz").write_bytes(b"not an archive")
    report.write_text(good)
    assert "trajectory" in finish(graph, play(graph, motion)).message
    assert hand._hands.positions == before
    assert graph.messages("/streamer/status")[-1].state != "play"


@pytest.mark.parametrize(
    "name", ["", "x", "../../etc", "0" * 31, "0" * 32, "A" * 32, "0" * 31 + "/"]
)
def test_an_id_is_never_a_path(graph, streamer, name):
    assert play(graph, name) is None


def test_an_unknown_transport_is_refused(graph, streamer, motion):
    assert play(graph, motion, "telepathy") is None
    assert streamer.set_parameter("transport", "telepathy") != ""
    assert streamer.set_parameter("transport", "action") == ""


def test_deactivating_holds(graph, hand, streamer, motion):
    handle = play(graph, motion)
    running(graph, handle)
    streamer.trigger_deactivate()
    finish(graph, handle)
    assert at_rest(graph, hand._hands)
    hand._hands.assert_gentle()
    assert play(graph, motion) is None
    streamer.trigger_activate()
    assert play(graph, motion) is None, "re-arm first"
    call("/streamer/rearm")
    assert moves(graph, motion)


def test_ending_the_node_holds_first(graph, hand, streamer, motion):
    handle = play(graph, motion)
    running(graph, handle)
    streamer.hold("the node ends")
    assert not streamer.is_at_rest()
    graph.spin(until=streamer.is_at_rest)
    assert handle.result.done()
    streamer.trigger_deactivate()
    streamer.trigger_cleanup()
    assert not [s for s in graph.servers if s.startswith("/streamer")]
    assert not graph.services


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_holds_before_the_node_ends(graph, hand, motions, motion, number):
    from handx_ros.spinning import live
    from handx_ros.streamer_node import StreamerNode

    made = []

    def make():
        made.append(StreamerNode(parameter_overrides={
            "robot": "inspire", "motions_folder": str(motions), "autostart": True,
        }))  # fmt: skip
        return made[0]

    def interrupt():
        if not made or made[0].state != "active":
            return
        if not made[0]._goals:
            made.append(play(graph, motion))
        elif any(f.phase == "play" for f in made[1].feedback):
            signal.raise_signal(number)

    import fake_ros

    graph.timers.append(fake_ros.Timer(0.05, interrupt))
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        live(make)
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    node, handle = made[0], made[1]
    assert node.destroyed
    assert node.is_at_rest()
    assert handle.result.result().result.message == "the node ends"
    assert at_rest(graph, hand._hands)
    hand._hands.assert_gentle()


def test_a_node_that_cannot_start_ends_so_that_it_is_started_again(graph, tmp_path):
    from handx_ros.simulated_hand_node import SimulatedHandNode
    from handx_ros.spinning import live

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            live(lambda: SimulatedHandNode(parameter_overrides={
                "socket": str(tmp_path / "none"), "autostart": True,
            }))  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    assert ended.value.code == 1


def test_the_hand_goes_on_braking_if_the_streamer_dies(graph, hand, streamer, motion):
    handle = play(graph, motion)
    running(graph, handle)
    for _, timer in [e for e in streamer._entities if hasattr(e[1], "period")]:
        timer.cancel()  # as if it were killed
    graph.spin(1.0)
    assert at_rest(graph, hand._hands)
    hand._hands.assert_gentle()


@pytest.mark.slow
def test_arms_and_hands_are_one_motion(graph, monkeypatch, motions, tmp_path):
    from hands_in_memory import PerfectHands

    from handx_ros import simulated_hand_node
    from handx_ros.streamer_node import StreamerNode

    folder = motions / ("a" * 32)
    folder.mkdir(parents=True)
    result = pipeline.run(
        "clap once", "g1-inspire", tmp_path / "run", model="program", video=False
    )
    for file in ("trajectory.npz", "report.json"):
        shutil.copy(tmp_path / "run" / file, folder)
    monkeypatch.setattr(simulated_hand_node, "HandClient", PerfectHands)
    hand = simulated_hand_node.SimulatedHandNode(parameter_overrides={
        "robot": "g1-inspire", "socket": str(tmp_path / "hand-g1-inspire.sock"),
    })  # fmt: skip
    streamer = StreamerNode(parameter_overrides={
        "robot": "g1-inspire", "motions_folder": str(motions), "transport": "action",
    })  # fmt: skip
    for node in (hand, streamer):
        node.trigger_configure()
        node.trigger_activate()
    handle = play(graph, "a" * 32, "")
    answer = finish(graph, handle)
    if not result.passed:
        assert "not a PASS" in answer.message
        return
    assert answer.completed
    names = {n for command in hand._hands.told for n in command}
    assert {"left_elbow_joint", "right_wrist_yaw_joint"} <= names
    hand._hands.assert_gentle()
