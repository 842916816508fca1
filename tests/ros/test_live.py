"""A streamer that takes words: real chunks and physics, hands and clock in memory."""

from queue import SimpleQueue
from typing import ClassVar

import pytest

from handx.live.engine import LiveEngine
from handx.live.worker import BEAT, Worker
from robots import load_robot


class LinkInMemory:
    """The engine at once and in order, in the place of `handx serve`."""

    made: ClassVar[list["LinkInMemory"]] = []

    def __init__(self, client, robot, model):
        self.lines = SimpleQueue()
        self.engine = LiveEngine(load_robot(robot), model)
        self.silent = self.ended = False
        self.reached = -1.0
        self.made.append(self)
        # The very lines that a worker says.
        self.worker = Worker(None)
        self.worker.tell = lambda kind, **line: self.lines.put({"kind": kind, **line})
        self.worker.engine = self.engine
        self.worker.tell(
            "ready", joint_names=self.engine.joint_names, fps=30, model=model, seconds=0
        )

    def send(self, message):
        if self.silent or self.ended:
            return
        if message["kind"] == "stop":
            self.engine.stop()
        elif message["kind"] != "until":
            self.worker._ask(message)
        while message["kind"] == "until" and self.reached < message["time"]:
            chunk = self.engine.chunk()
            self.reached = float(chunk.time[-1])
            self.worker.tell("chunk", **chunk.to_json())

    def beat(self):
        """What a worker does while nothing is wanted of it."""
        if not self.silent:
            self.worker.tell("alive")

    def die(self):
        self.silent = True
        self.lines.put(None)

    def epitaph(self):
        return "no answer from the engine"

    def end(self):
        if not self.ended:
            self.ended = True
            self.engine.close()


@pytest.fixture
def hands(hand):
    """What the simulated hand node moves."""
    return hand._hands


@pytest.fixture
def streamer(graph, hands, monkeypatch, tmp_path):
    from handx_ros import live_topics
    from handx_ros.streamer_node import StreamerNode

    monkeypatch.setattr(live_topics, "EngineLink", LinkInMemory)
    monkeypatch.setattr(LinkInMemory, "made", [])
    node = StreamerNode(parameter_overrides={
        "robot": "inspire", "motions_folder": str(tmp_path), "live": True,
        "live_model": "program",
    })  # fmt: skip
    node.trigger_configure()
    node.trigger_activate()
    node.create_timer(BEAT, lambda: [link.beat() for link in LinkInMemory.made])
    yield node
    for link in LinkInMemory.made:
        link.end()


def say(graph, text):
    from std_msgs.msg import String

    for topic, kind, callback in list(graph.subscriptions):
        if topic == "/streamer/say":
            assert kind is String
            callback(String(data=text))


def call(name, **fields):
    import fake_ros

    return fake_ros.call(name, **fields)


def state(graph):
    found = graph.messages("/streamer/status")
    return found[-1].state if found else ""


def warned(graph, word):
    return any(word in entry[1] for entry in graph.log)


def bent(hands, side):
    """How far the middle finger of a hand is closed, 0 to 1."""
    name = next(n for n in hands.commanded_names
                if n.lower().startswith(side[0]) and "middle" in n.lower())  # fmt: skip
    lower, upper, *_ = hands.limits[name]
    return (hands.positions[name] - lower) / (upper - lower)


def moving(graph, hands, text="make a fist with the left hand"):
    say(graph, text)
    graph.spin(until=lambda: state(graph) == "play" and bent(hands, "left") > 0.6)


def test_words_move_hands_that_move_and_rest_ends_that(graph, hands, streamer):
    moving(graph, hands)
    right = bent(hands, "right")
    say(graph, "make a fist with the right hand")
    graph.spin(until=lambda: bent(hands, "right") > right + 0.4)
    assert state(graph) == "play"
    assert len(LinkInMemory.made) == 1  # the same session all along
    say(graph, "play the piano")
    graph.spin(0.2)
    assert warned(graph, "piano")
    assert call("/streamer/rest").success
    graph.spin(1.5)
    stands = dict(hands.positions)
    graph.spin(0.5)
    assert hands.positions == pytest.approx(stands, abs=1e-3)
    assert state(graph) == "play"
    assert graph.messages("/streamer/status")[-1].motion_id == "live"
    hands.assert_gentle()


@pytest.mark.parametrize("how", ["gone", "silent"])
def test_without_the_engine_the_hands_hold_until_rearmed(graph, hands, streamer, how):
    moving(graph, hands)
    link = LinkInMemory.made[0]
    if how == "gone":
        link.die()
    else:
        link.silent = True
    graph.spin(until=lambda: state(graph) == "fault")
    assert warned(graph, "no answer" if how == "gone" else "silent for 2 s")
    graph.spin(0.5)
    stands = dict(hands.positions)
    graph.spin(0.3)
    assert hands.positions == stands
    hands.assert_gentle()
    assert link.ended
    say(graph, "open both hands")
    assert warned(graph, "not said: holding")
    assert call("/streamer/rearm").success
    moving(graph, hands)
    assert len(LinkInMemory.made) == 2
    hands.assert_gentle()


def test_hold_ends_the_session_and_nothing_is_said_meanwhile(graph, hands, streamer):
    assert not call("/streamer/rest").success
    moving(graph, hands)
    assert call("/streamer/hold").success
    graph.spin(0.5)
    assert (state(graph), LinkInMemory.made[0].ended) == ("hold", True)
    hands.assert_gentle()
    assert call("/streamer/rearm").success
    streamer.trigger_deactivate()
    say(graph, "clap twice")
    assert warned(graph, "not said: not active")
    assert len(LinkInMemory.made) == 1


def test_an_engine_that_cannot_be_reached_moves_nothing(
    graph, hands, streamer, monkeypatch
):
    def dead(*given):
        link = LinkInMemory(*given)
        link.lines = SimpleQueue()
        link.die()
        return link

    from handx_ros import live_topics

    monkeypatch.setattr(live_topics, "EngineLink", dead)
    before = dict(hands.positions)
    say(graph, "clap twice")
    graph.spin(0.5)
    assert warned(graph, "live ended: no answer")
    assert state(graph) == "idle"
    assert hands.positions == before


def test_words_are_taken_only_where_they_were_asked_for(graph, tmp_path):
    from handx_ros.streamer_node import StreamerNode

    node = StreamerNode(parameter_overrides={"motions_folder": str(tmp_path)})
    node.trigger_configure()
    assert "/streamer/rest" not in graph.services
    assert "/streamer/say" not in [topic for topic, *_ in graph.subscriptions]
    assert node._descriptors["live"].read_only
    assert node.set_parameter("live", True) == "read-only"
    node.trigger_cleanup()


def test_a_live_streamer_withdraws_all_it_opened(graph, streamer):
    streamer.trigger_deactivate()
    graph.spin(0.1)
    streamer.trigger_cleanup()
    assert not [name for name in graph.services if name.startswith("/streamer")]
    assert not [t for t, *_ in graph.subscriptions if t.startswith("/streamer")]
