"""The simulated hand: a controller's behaviour, and hardware under ros2_control."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def bring_up(graph, monkeypatch, tmp_path):
    from hands_in_memory import PerfectHands

    from handx_ros import simulated_hand_node

    monkeypatch.setattr(simulated_hand_node, "HandClient", PerfectHands)

    def make(**parameters):
        node = simulated_hand_node.SimulatedHandNode(parameter_overrides={
            "robot": "inspire", "socket": str(tmp_path / "hand-inspire.sock"),
            **parameters,
        })  # fmt: skip
        node.trigger_configure()
        node.trigger_activate()
        graph.spin(0.05)
        return node

    return make


def fields(joints, goal, seconds, start=None, stamp=0, steps=1):
    """A trajectory message as a dictionary: from rest to rest."""
    start = goal if start is None else start
    points = []
    for k in range(1, steps + 1):
        s = k / steps
        ease = 3 * s**2 - 2 * s**3
        rate = 6 * s * (1 - s) / seconds
        moment = round(seconds * s * 1e9)
        points.append({
            "positions": [a + (b - a) * ease for a, b in zip(start, goal)],
            "velocities": [(b - a) * rate for a, b in zip(start, goal)],
            "accelerations": [], "effort": [],
            "time_from_start": {"sec": moment // 10**9, "nanosec": moment % 10**9},
        })  # fmt: skip
    return {
        "header": {
            "stamp": {"sec": stamp // 10**9, "nanosec": stamp % 10**9}, "frame_id": "",
        },
        "joint_names": list(joints), "points": points,
    }  # fmt: skip


def message(given):
    from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

    from handx_ros.messages import filled

    return filled(JointTrajectory(), given, {"points": JointTrajectoryPoint})


def left(node):
    return next(s for s in node._served if s.logic.joints[0].startswith("L_"))


def send(graph, given, late=1.0):
    from control_msgs.action import FollowJointTrajectory

    goal = FollowJointTrajectory.Goal(trajectory=message(given))
    goal.goal_time_tolerance.sec = int(late)
    return graph.servers["/left_hand_controller/follow_joint_trajectory"].send(goal)


def test_states_are_published_once_each_and_stop_with_the_hands(graph, bring_up):
    node = bring_up()
    graph.spin(0.5)
    count = len(graph.messages("/joint_states"))
    assert 90 <= count <= 120
    state = graph.messages("/joint_states")[-1]
    assert set(state.name) == set(node._hands.joint_names)
    stamps = [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec
              for m in graph.messages("/joint_states")]  # fmt: skip
    assert stamps == sorted(set(stamps))
    node._hands.frozen = True
    graph.spin(0.5)
    assert len(graph.messages("/joint_states")) == count


def test_a_goal_is_followed_and_succeeds(graph, bring_up):
    node = bring_up()
    joints = left(node).logic.joints
    goal = [node._hands.positions[j] + 0.2 for j in joints]
    handle = send(graph, fields(joints, goal, 0.5))
    graph.spin(until=handle.result.done)
    assert handle.state == "succeeded"
    assert [node._hands.positions[j] for j in joints] == pytest.approx(goal)
    assert handle.feedback
    error = handle.feedback[-1].error.positions
    assert np.abs(error).max() < 0.05


def test_a_goal_that_is_not_reached_is_aborted(graph, bring_up):
    node = bring_up()
    node._hands.stuck = True
    joints = left(node).logic.joints
    goal = [node._hands.positions[j] + 0.2 for j in joints]
    handle = send(graph, fields(joints, goal, 0.5))
    graph.spin(until=handle.result.done)
    result = handle.result.result().result
    assert (handle.state, result.error_code) == ("aborted", -5)
    assert "from its goal" in result.error_string


def test_a_cancelled_goal_stops_where_it_is(graph, bring_up):
    node = bring_up()
    joints = left(node).logic.joints
    goal = [node._hands.positions[j] + 0.4 for j in joints]
    handle = send(graph, fields(joints, goal, 1.0))
    graph.spin(0.5)
    graph.servers["/left_hand_controller/follow_joint_trajectory"].cancel(handle)
    graph.spin(until=handle.result.done)
    assert handle.state == "canceled"
    before = dict(node._hands.positions)
    graph.spin(0.5)
    assert node._hands.positions == before


def test_a_newer_goal_and_a_topic_replace_an_older_goal(graph, bring_up):
    node = bring_up()
    joints = left(node).logic.joints
    goal = [node._hands.positions[j] + 0.2 for j in joints]
    first = send(graph, fields(joints, goal, 1.0))
    graph.spin(0.2)
    second = send(graph, fields(joints, goal, 1.0))
    graph.spin(until=first.result.done)
    assert first.state == "aborted"
    topic = "/left_hand_controller/joint_trajectory"
    callback = next(c for t, _, c in graph.subscriptions if t == topic)
    callback(message(fields(joints, goal, 0.4)))
    graph.spin(until=second.result.done)
    assert second.state == "aborted"
    graph.spin(0.6)
    assert [node._hands.positions[j] for j in joints] == pytest.approx(goal)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f: f | {"joint_names": []},
        lambda f: f | {"joint_names": ["nobody", *f["joint_names"][1:]]},
        lambda f: f | {"points": []},
        lambda f: f | {"header": {"stamp": {"sec": 1, "nanosec": 0}, "frame_id": ""}},
        lambda f: f | {"points": [{**f["points"][0], "velocities": [1.0] * 6}]},
        lambda f: f | {"points": [{**f["points"][0], "positions": [0.1]}]},
        lambda f: f | {"points": [{**f["points"][0],
                                   "positions": [float("nan")] * 6}]},
    ],
)  # fmt: skip
def test_what_a_controller_would_refuse_is_refused(graph, bring_up, wrong):
    node = bring_up()
    joints = left(node).logic.joints
    bad = wrong(fields(joints, [0.3] * len(joints), 1.0))
    before = dict(node._hands.positions)
    assert send(graph, bad) is None
    topic = "/left_hand_controller/joint_trajectory"
    callback = next(c for t, _, c in graph.subscriptions if t == topic)
    callback(message(bad))
    graph.spin(1.2)
    assert node._hands.positions == before
    assert any("refused" in text for _, text in graph.log)


def test_as_hardware_it_takes_joint_commands(graph, bring_up):
    from sensor_msgs.msg import JointState

    node = bring_up(controllers=False)
    assert not graph.servers
    command = next(c for t, _, c in graph.subscriptions if t == "/joint_commands")
    names = list(node._hands.commanded_names)
    # As JointStateTopicSystem does: names of joints that it does not command follow.
    command(JointState(name=[*names, "passive"], position=[0.2] * len(names)))
    graph.spin(0.1)
    assert all(node._hands.positions[n] == 0.2 for n in names)
    before = dict(node._hands.positions)
    command(JointState(name=names))
    command(JointState(name=names, position=[float("nan")] * len(names)))
    graph.spin(0.1)
    assert node._hands.positions == before


def test_without_a_simulation_it_is_not_configured(graph, tmp_path):
    from handx_ros.simulated_hand_node import SimulatedHandNode

    node = SimulatedHandNode(parameter_overrides={"socket": str(tmp_path / "none")})
    assert node.trigger_configure().name == "FAILURE"
    assert "handx simulate" in graph.log[-1][1]


def test_another_robots_hands_are_refused(graph, monkeypatch, tmp_path):
    from hands_in_memory import PerfectHands

    from handx_ros import simulated_hand_node

    monkeypatch.setattr(simulated_hand_node, "HandClient", PerfectHands)
    node = simulated_hand_node.SimulatedHandNode(parameter_overrides={
        "robot": "shadow", "socket": str(tmp_path / "hand-inspire.sock"),
    })  # fmt: skip
    assert node.trigger_configure().name == "FAILURE"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 0.5), st.floats(-1, 1), st.floats(0.05, 1.0),
                  st.integers(1, 8)),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_whatever_replaces_what_nothing_jumps(steps):
    """Trajectories that begin at rest or in motion follow one another without a step."""
    from handx_ros.controller import SimulatedController

    controller = SimulatedController(["a"], 0.05)
    controller.see({"a": 0.0})
    now = 10**9
    for wait, goal, seconds, count in steps:
        q, v = controller.desired(now)
        given = fields(["a"], [goal], seconds, start=[float(q[0])], steps=count)
        assert controller.take(given, now) == []
        # It takes over exactly where it was, and as fast.
        after_q, after_v = controller.desired(now)
        assert after_q[0] == pytest.approx(q[0], abs=1e-12)
        assert after_v[0] == pytest.approx(v[0], abs=1e-9)
        # Between, position and velocity are of one curve.
        for share in (0.1, 0.35, 0.8):
            at, h = now + round(share * seconds * 1e9), 1000
            low, high = controller.desired(at - h)[0], controller.desired(at + h)[0]
            slope = (high[0] - low[0]) / (2e-9 * h)
            speed = max(abs(controller.desired(at + k * h)[1][0]) for k in (-1, 0, 1))
            assert abs(slope) <= speed + 1e-2
        now += round(wait * 1e9)
    assert controller.desired(now + 10**10)[0][0] == pytest.approx(steps[-1][1])
