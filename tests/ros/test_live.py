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
def hand(graph, monkeypatch, tmp_path):
    """Perfect hands that were left somewhere else than where the engine begins."""
    from hands_in_memory import PerfectHands

    from handx_ros import simulated_hand_node

    monkeypatch.setattr(simulated_hand_node, "HandClient", PerfectHands)
    node = simulated_hand_node.SimulatedHandNode(parameter_overrides={
        "robot": "inspire", "socket": str(tmp_path / "hand-inspire.sock"),
    })  # fmt: skip
    node.trigger_configure()
    node.trigger_activate()
    graph.spin(0.05)
    return node._hands


@pytest.fixture
def streamer(graph, hand, monkeypatch, tmp_path):
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


def bent(hand, side):
    """How far the middle finger of a hand is closed, 0 to 1."""
    name = next(n for n in hand.commanded_names
                if n.lower().startswith(side[0]) and "middle" in n.lower())  # fmt: skip
    lower, upper, *_ = hand.limits[name]
    return (hand.positions[name] - lower) / (upper - lower)


def moving(graph, hand, text="make a fist with the left hand"):
    say(graph, text)
    graph.spin(until=lambda: state(graph) == "play" and bent(hand, "left") > 0.6)


def test_words_move_hands_that_move_and_rest_ends_that(graph, hand, streamer):
    moving(graph, hand)
    right = bent(hand, "right")
    say(graph, "make a fist with the right hand")
    graph.spin(until=lambda: bent(hand, "right") > right + 0.4)
    assert state(graph) == "play"
    assert len(LinkInMemory.made) == 1  # the same session all along
    say(graph, "play the piano")
    graph.spin(0.2)
    assert warned(graph, "piano")
    assert call("/streamer/rest").success
    graph.spin(1.5)
    stands = dict(hand.positions)
    graph.spin(0.5)
    assert hand.positions == pytest.approx(stands, abs=1e-3)
    assert state(graph) == "play"
    assert graph.messages("/streamer/status")[-1].motion_id == "live"
    hand.assert_gentle()


@pytest.mark.parametrize("how", ["gone", "silent"])
def test_without_the_engine_the_hands_hold_until_rearmed(graph, hand, streamer, how):
    moving(graph, hand)
    link = LinkInMemory.made[0]
    if how == "gone":
        link.die()
    else:
        link.silent = True
    graph.spin(until=lambda: state(graph) == "fault")
    assert warned(graph, "no answer" if how == "gone" else "silent for 2 s")
    graph.spin(0.5)
    stands = dict(hand.positions)
    graph.spin(0.3)
    assert hand.positions == stands
    hand.assert_gentle()
    assert link.ended
    say(graph, "open both hands")
    assert warned(graph, "not said: holding")
    assert call("/streamer/rearm").success
    moving(graph, hand)
    assert len(LinkInMemory.made) == 2
    hand.assert_gentle()


def test_hold_ends_the_session_and_nothing_is_said_meanwhile(graph, hand, streamer):
    assert not call("/streamer/rest").success
    moving(graph, hand)
    assert call("/streamer/hold").success
    graph.spin(0.5)
    assert (state(graph), LinkInMemory.made[0].ended) == ("hold", True)
    hand.assert_gentle()
    assert call("/streamer/rearm").success
    streamer.trigger_deactivate()
    say(graph, "clap twice")
    assert warned(graph, "not said: not active")
    assert len(LinkInMemory.made) == 1


def test_an_engine_that_cannot_be_reached_moves_nothing(
    graph, hand, streamer, monkeypatch
):
    def dead(*given):
        link = LinkInMemory(*given)
        link.lines = SimpleQueue()
        link.die()
        return link

    from handx_ros import live_topics

    monkeypatch.setattr(live_topics, "EngineLink", dead)
    before = dict(hand.positions)
    say(graph, "clap twice")
    graph.spin(0.5)
    assert warned(graph, "live ended: no answer")
    assert state(graph) == "idle"
    assert hand.positions == before


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
