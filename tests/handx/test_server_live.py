"""Live sessions of `handx serve`: real workers, players that go away, and refusals."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from handx.live.dry_run import dry_player
from handx.server import live
from handx.server.jobs import JobBook
from handx.streaming.engine_client import EngineClient, EngineError
from handx.streaming.live_feed import EngineGone, LiveFeed
from handx.streaming.live_link import BUFFER, EngineLink
from handx.streaming.states import State
from robots import load_robot
from tests.handx.asking import TOKEN, answering, ask, validate

PROGRAM = {"robot": "inspire", "model": "program"}


@pytest.fixture(scope="module")
def inspire():
    return load_robot("inspire")


@pytest.fixture
def server(tmp_path):
    with answering(JobBook(tmp_path / "jobs", 3)) as made:
        yield made


@pytest.fixture
def client(server):
    return EngineClient(f"http://127.0.0.1:{server.server_port}", TOKEN)


def until(condition, seconds=120):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)


def ended(server):
    return server.live.session().state == "ended"


def play(feed, robot, act, seconds=60):
    """Play a feed on hands that follow exactly, until `act` says so."""
    player, hear = dry_player(feed.wait(), robot, 0.16)
    player.play()
    stop = threading.Event()
    ends = time.monotonic() + seconds

    def poll():
        hear()
        feed.pump(player)
        if act(player) or time.monotonic() > ends:
            stop.set()

    return player, player.run(stop, poll=poll)


def test_words_move_hands_through_http_until_the_engine_dies(server, client, inspire):
    path = "/v1/live"
    with LiveFeed(inspire, EngineLink(client, **PROGRAM), buffer=BUFFER) as feed:
        first = feed.say("make a fist with the left hand")  # waits until it is ready
        second = feed.say("play the piano")
        feed.wait()
        assert ask(server, "GET", path)[1]["state"] == "ready"
        status, body = ask(server, "POST", path, PROGRAM)
        assert status == 409
        assert "runs already" in body["error"]["message"]
        closed, killed = [], []

        def act(player):
            here = dict(zip(feed.path.joint_names, player.outlet.active.positions[0]))
            closed.append(max(here.values()))
            if first.delay is not None and closed[-1] > 1.0 and not killed:
                child = server.live.session()._child
                killed.append(os.kill(child.process.pid, signal.SIGKILL))
            return False

        player, result = play(feed, inspire, act)
    assert "piano" in second.refused
    assert first.delay > 0
    assert killed
    assert player.state is State.HOLD
    assert "killed by signal 9" in result.reason
    assert not player.outlet.active.velocities[-1].any()
    assert ask(server, "GET", path)[1]["state"] == "ended"
    # What was kept can be read again, from any place, and follows the schema.
    lines = list(client.live_lines())
    for line in lines:
        validate(line, {"$ref": "#/components/schemas/LiveLine"})
    kinds = [line["kind"] for line in lines]
    assert kinds.index("ready") < kinds.index("chunk")
    assert (kinds.count("said"), kinds.count("refused")) == (1, 1)
    assert kinds[-1] == "failed"
    times = np.concatenate([x["time"] for x in lines if x["kind"] == "chunk"])
    assert (np.diff(times) > 0).all()
    assert ask(server, "POST", f"{path}/say", {"text": "clap"})[0] == 409


def test_a_session_is_asked_for_in_words_and_ends_when_nobody_plays(
    server, client, monkeypatch
):
    assert ask(server, "GET", "/v1/live")[0] == 409
    assert ask(server, "DELETE", "/v1/live")[0] == 409
    assert ask(server, "POST", "/v1/live/rest")[0] == 409
    assert ask(server, "GET", "/v1/live/chunks")[0] == 409
    for method, path in (("POST", "/v1/live"), ("POST", "/v1/live/say"),
                         ("GET", "/v1/live/chunks"), ("DELETE", "/v1/live")):  # fmt: skip
        assert ask(server, method, path, token="wrong")[0] == 401
        assert ask(server, method, path, Origin="https://evil.example")[0] == 403
    for body, field in (
        ({"robot": "/etc"}, "robot"), ({"model": "x"}, "model"), ({"seed": -1}, "seed"),
        ({"text": "clap"}, "text"), ([], ""),
    ):  # fmt: skip
        status, refusal = ask(server, "POST", "/v1/live", body)
        assert (status, refusal["error"]["field"]) == (400, field)
    with pytest.raises(EngineError, match="no live session"):
        next(client.live_lines())
    assert ask(server, "POST", "/v1/live", PROGRAM)[0] == 201
    assert ask(server, "POST", "/v1/live/say", {"text": "clap"})[0] == 409  # not yet
    session = server.live.session()
    lines = client.live_lines()
    while next(lines)["kind"] != "ready":
        pass
    for path, body in (
        ("say", {"text": " "}), ("say", {"text": 3}), ("say", {}),
        ("say", {"text": "clap", "then": 1}), ("until", {}),
        ("until", {"time": "x"}), ("until", {"time": 1e9}), ("until", {"at": 1}),
    ):  # fmt: skip
        status, refusal = ask(server, "POST", f"/v1/live/{path}", body)
        assert status == 400, (path, body)
        assert refusal["error"]["message"]
    assert ask(server, "POST", "/v1/live/until", {"time": 0.2})[0] == 202
    assert ask(server, "POST", "/v1/live/rest")[0] == 202
    while next(lines)["kind"] != "chunk":
        pass
    monkeypatch.setattr(live, "IDLE_SECONDS", 0.5)
    until(lambda: ended(server), 10)
    assert "nobody" in server.live.session().why
    assert session._child.process.wait(10) is not None
    assert list(lines)[-1]["kind"] == "failed"


def test_a_player_that_leaves_while_it_is_prepared_leaves_nothing(
    server, client, inspire, monkeypatch
):
    with LiveFeed(inspire, EngineLink(client, **PROGRAM)):
        until(lambda: ask(server, "GET", "/v1/live")[0] == 200)
    until(lambda: ended(server), 10)
    assert ask(server, "POST", "/v1/live", PROGRAM)[0] == 201
    # And this one is never listened to.
    monkeypatch.setattr(live, "IDLE_SECONDS", 1.0)
    until(lambda: ended(server), 10)


def test_a_reader_that_missed_lines_is_told(server, client):
    session = server.live.start("inspire", "program", 0)
    try:
        for k in range(live.KEPT + 5):
            session._note({"kind": "log", "message": str(k)})
        status, body = ask(server, "GET", "/v1/live/chunks?after=2")
        assert status == 409
        assert "missed" in body["error"]["message"]
    finally:
        session.end("")


def test_an_engine_that_is_not_there_or_refuses_is_said(server, client, inspire):
    nobody = EngineClient("http://127.0.0.1:9", TOKEN)
    for source, word in (
        (EngineLink(nobody, "inspire"), "no answer"),
        (EngineLink(client, "inspire", "no-such-model"), "no-such-model"),
    ):
        with LiveFeed(inspire, source) as feed:
            with pytest.raises(EngineGone, match=word):
                feed.wait()
