"""A streamer that takes words from a real engine: `handx serve`'s session over HTTP.

The clock is real here, and so are the worker process, its chunks and physics; the hands
are in memory and ROS is the stand-in. `make test-ros` runs it alone, because on a machine
that is busy with other tests the hands slow down and hold, as they should.
"""

import os
import signal

import numpy as np
import pytest

from handx.server.jobs import JobBook
from tests.handx.asking import TOKEN, answering

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path):
    with answering(JobBook(tmp_path / "jobs", 3)) as made:
        yield made


@pytest.fixture
def streamer(graph, server, tmp_path):
    from handx_ros.streamer_node import StreamerNode

    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    node = StreamerNode(parameter_overrides={
        "robot": "inspire", "motions_folder": str(tmp_path), "live": True,
        "live_model": "program", "token_file": str(token),
        "engine_url": f"http://127.0.0.1:{server.server_port}",
    })  # fmt: skip
    node.trigger_configure()
    node.trigger_activate()
    graph.real_time = True
    yield node
    node.trigger_deactivate()
    graph.spin(0.1)
    node.trigger_cleanup()


def say(graph, text):
    from std_msgs.msg import String

    for topic, _, callback in list(graph.subscriptions):
        if topic == "/streamer/say":
            callback(String(data=text))


def state(graph):
    found = graph.messages("/streamer/status")
    return found[-1].state if found else ""


def bent(hands, side):
    """How far the middle finger of a hand is closed, 0 to 1."""
    name = next(n for n in hands.commanded_names
                if n.lower().startswith(side[0]) and "middle" in n.lower())  # fmt: skip
    lower, upper, *_ = hands.limits[name]
    return (hands.positions[name] - lower) / (upper - lower)


def stamped(graph, hands):
    """Every command that the hands get from now on, with its time [s]."""
    told, taken = [], hands.command

    def command(*given):
        taken(*given)
        told.append((graph.now / 1e9, hands.told[-1]))

    hands.command = command
    return told


def assert_gentle(told, limits):
    """No command left a limit, and none moved faster than a joint may."""
    for name in {name for _, command in told for name in command}:
        lower, upper, speed, _ = limits[name]
        own = [(at, command[name]) for at, command in told if name in command]
        times, q = np.array(own).T
        assert lower - 2e-4 <= q.min() <= q.max() <= upper + 2e-4, name
        allowed = 1.02 * speed * np.diff(times) + 1e-3
        assert (np.abs(np.diff(q)) <= allowed).all(), name


def test_words_reach_hands_through_http_until_the_engine_dies(
    graph, hand, server, streamer
):
    hands = hand._hands
    told = stamped(graph, hands)
    say(graph, "make a fist with the left hand")
    graph.spin(until=lambda: bent(hands, "left") > 0.6, patience=120)
    assert state(graph) == "play"
    right = bent(hands, "right")
    say(graph, "make a fist with the right hand")
    graph.spin(until=lambda: bent(hands, "right") > right + 0.4, patience=30)
    # The hands went on: nothing was prepared again for the second words.
    assert state(graph) == "play", graph.log
    os.kill(server.live.session()._child.process.pid, signal.SIGKILL)
    graph.spin(until=lambda: state(graph) == "fault", patience=30)
    assert any("killed by signal 9" in text for _, text in graph.log)
    graph.spin(0.5)
    stands = dict(hands.positions)
    graph.spin(0.3)
    assert hands.positions == stands
    assert_gentle(told, hands.limits)
