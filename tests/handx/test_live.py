"""Words while the hands move: knots, look-ahead, engine, and the worker process."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handx.cli.live import read_script
from handx.live.dry_run import dry_player
from handx.live.engine import FRAMES, LEAD, LiveEngine
from handx.live.rows import Row, commands_of, way_between
from handx.live.source import LiveSource
from handx.streaming.chunk import Chunk
from handx.streaming.live_feed import EngineGone
from handx.streaming.states import State
from handx_gen.errors import InputError
from retarget.spline import hermite, spline_extrema
from robots import load_robot
from sim.ahead import STRAY_FACTOR, LookAhead
from sim.thresholds import THRESHOLDS, Thresholds

SPACING = 1 / 30
AT_ORIGIN = np.array([1.0, 0, 0, 0, 0, 0, 0])


def rows_of(positions):
    return [Row({"left": q}, {"left": AT_ORIGIN}) for q in positions]


def tame(seed, count, lower, upper, speed, pull):
    """Frames that keep position, velocity and acceleration limits, and can stop in time."""
    rng = np.random.default_rng(seed)
    q, v = (lower + upper) / 2, np.zeros(len(lower))
    frames = [q, q]
    for _ in range(count):
        change = rng.uniform(-1, 1, len(q)) * pull * SPACING
        wanted = np.clip(v + change, -speed, speed)
        for side, room in ((1, upper - q), (-1, q - lower)):
            most = 2 * room / (SPACING + np.sqrt(SPACING**2 + 2 * room / pull))
            wanted = np.where(side * wanted > most, side * most, wanted)
        v = np.clip(wanted, v - pull * SPACING, v + pull * SPACING)
        q = np.clip(q + v * SPACING, lower, upper)
        frames.append(q)
    return np.array(frames)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 40))
def test_knots_keep_the_limits_that_the_frames_keep(seed, count):
    lower, upper = np.array([-0.3, 0.0, -2.0]), np.array([0.3, 1.6, 2.0])
    speed, pull = np.array([2.0, 2.0, 4.0]), np.array([40.0, 20.0, 80.0])
    frames = tame(seed, count, lower, upper, speed, pull)
    knots = commands_of(rows_of(frames), 0.0, SPACING)
    q, v = knots.positions["left"], knots.velocities["left"]
    low, high, fast = spline_extrema(knots.time, q, v)
    assert (low >= lower - 1e-12).all()
    assert (high <= upper + 1e-12).all()
    assert (fast <= np.abs(np.diff(frames, axis=0)).max(0) / SPACING + 1e-9).all()
    # Acceleration, by differences of velocities far inside each cubic.
    inside = knots.time[:-1, None] + SPACING * np.array([[0.2, 0.8]])
    _, rates = hermite(knots.time, q, v, inside.ravel())
    turn = np.diff(rates.reshape(len(inside), 2, -1), axis=1)[:, 0] / (0.6 * SPACING)
    most = np.abs(np.diff(frames, 2, axis=0)).max(0) / SPACING**2
    assert (np.abs(turn) <= most + 1e-6).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_a_way_to_rest_keeps_every_limit_and_arrives(seed):
    lower, upper = np.array([-0.3, 0.0]), np.array([0.3, 1.6])
    speed, pull = np.array([2.0, 2.0]), np.array([40.0, 20.0])
    frames = tame(seed, 12, lower, upper, speed, pull)
    before, last = rows_of(frames[-2:])
    rng = np.random.default_rng(seed)
    goal = np.concatenate([AT_ORIGIN[:4], rng.uniform(-0.2, 0.2, 3)])
    end = Row({"left": rng.uniform(lower, upper)}, {"left": goal})
    limits = {"left": np.array([lower, upper, speed, pull])}
    way = way_between(before, last, end, limits, SPACING)
    every = np.array([r.positions["left"] for r in [before, last, *way]])
    assert (every >= lower - 1e-9).all()
    assert (every <= upper + 1e-9).all()
    moved = np.abs(np.diff(every, axis=0)) / SPACING
    started = moved[0]
    assert (moved <= np.maximum(speed, started) + 1e-9).all()
    assert (np.abs(np.diff(every, 2, axis=0)) / SPACING**2 <= pull + 1e-6).all()
    np.testing.assert_array_equal(every[-1], every[-2])
    np.testing.assert_array_equal(way[-1].base["left"], goal)


def test_a_chunk_survives_json():
    chunk = Chunk(
        np.array([0.1, 0.2]), np.ones((2, 3)), np.zeros((2, 3)), "clap", {4: 0.2}, 1e-3
    )
    back = Chunk.from_json(chunk.to_json(), 3)
    for name in ("time", "positions", "velocities"):
        np.testing.assert_array_equal(getattr(back, name), getattr(chunk, name))
    assert (back.text, back.begins, back.tip_error) == ("clap", {4: 0.2}, 1e-3)
    empty = Chunk.from_json(
        Chunk(np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)), problem="no").to_json(),
        3,
    )
    assert empty.positions.shape == (0, 3)
    assert empty.problem == "no"


@pytest.fixture(scope="module")
def shadow():
    return load_robot("shadow")


@pytest.fixture
def engine(shadow):
    engine = LiveEngine(shadow, model="program")
    yield engine
    engine.close()


def played(engine, chunks):
    made = [engine.chunk() for _ in range(chunks)]
    return made, [np.concatenate([getattr(c, n) for c in made])
                  for n in ("time", "positions", "velocities")]  # fmt: skip


def test_words_reach_the_commands_in_time_and_inside_all_limits(shadow, engine):
    played(engine, 2)
    heard = (2 * FRAMES + 1) * SPACING
    request = engine.say("make a fist with the left hand")
    made, (time_, q, v) = played(engine, 40)
    assert not any(c.problem for c in made)
    begins = {k: at for c in made for k, at in c.begins.items()}
    assert 0 < begins[request] - heard <= (LEAD + 1) * SPACING
    np.testing.assert_allclose(np.diff(time_), SPACING, atol=1e-9)
    limits = {
        name: (a, b, s, p)
        for hand in shadow.hands.values()
        for name, a, b, s, p in zip(
            hand.wire_names, hand.lower, hand.upper, hand.velocity_limit,
            hand.acceleration_limit,
        )
    }  # fmt: skip
    lower, upper, speed, pull = np.array([limits[n] for n in engine.joint_names]).T
    low, high, fast = spline_extrema(time_, q, v)
    assert (low >= lower - 1e-9).all()
    assert (high <= upper + 1e-9).all()
    assert (fast <= speed + 1e-9).all()
    assert (np.abs(np.diff(v, axis=0)) / SPACING <= pull * (1 + 1e-6)).all()
    joint = engine.joint_names.index("lh_MFJ3")
    assert q[:, joint].max() > 1.0  # the fist was really made
    assert np.abs(q[:, engine.joint_names.index("rh_MFJ3")]).max() < 0.6


def test_the_same_words_at_the_same_frames_give_the_same_bytes(shadow):
    taken = []
    for _ in range(2):
        engine = LiveEngine(shadow, model="program", seed=3)
        played(engine, 3)
        engine.say("clap twice")
        taken.append(played(engine, 30)[1])
        engine.close()
    for a, b in zip(*taken):
        assert a.tobytes() == b.tobytes()


def test_what_physics_refuses_is_not_sent_and_the_hands_go_to_rest(engine):
    engine.say("make a fist with both hands")
    _, (time_, q, _) = played(engine, 12)
    strict = Thresholds(tip_tracking_mm=1e-6)
    engine._ahead.thresholds = strict
    really = engine._ahead.check
    calls = []

    def once(commands, excused):
        if calls:
            engine._ahead.thresholds = THRESHOLDS
        calls.append(commands)
        return really(commands, excused)

    engine._ahead.check = once
    chunk = engine.chunk()
    assert "off its path" in chunk.problem
    assert len(calls) == 2  # refused, then the way to rest
    joined = np.vstack([q[-1:], chunk.positions])
    assert np.abs(np.diff(joined, axis=0)).max() <= 4.0 * SPACING
    assert chunk.time[0] - time_[-1] == pytest.approx(SPACING)
    after = engine.chunk()
    assert not after.problem
    assert after.time[0] - chunk.time[-1] == pytest.approx(SPACING)
    assert np.abs(after.positions[0] - chunk.positions[-1]).max() < 0.04


def test_lagging_fingers_may_catch_up_on_the_way_to_rest(engine):
    engine.say("make a fist with both hands")
    made, _ = played(engine, 12)
    lag = made[-1].tip_error
    assert lag > 1e-3  # in the midst of it
    engine._ahead.thresholds = Thresholds(
        tip_tracking_mm=0.5 * lag * 1e3 / STRAY_FACTOR
    )
    chunk = engine.chunk()
    assert "off its path" in chunk.problem
    assert len(chunk.time) > 2  # the way to rest, though it begins as far off
    assert not engine.chunk().problem


def test_hands_that_cannot_even_go_to_rest_stand_for_good(engine):
    engine.say("make a fist with both hands")
    played(engine, 12)
    engine._ahead.thresholds = Thresholds(tip_tracking_mm=1e-6)
    chunk = engine.chunk()
    assert len(chunk.time) == 0
    assert "on the way to rest" in chunk.problem
    engine._ahead.thresholds = THRESHOLDS
    assert len(engine.chunk().time) == 0


def test_look_ahead_sees_hands_that_meet_and_forgets_what_it_refused(shadow, engine):
    rows = list(engine._last)
    ahead = LookAhead(shadow, commands_of(rows, 0.0, SPACING), THRESHOLDS)
    start = rows[0]

    def towards(way):
        steps = [Row(start.positions, {**start.base, "left": start.base["left"] + s * way})
                 for s in np.linspace(0, 1, 31)]  # fmt: skip
        return commands_of([start, *steps], 0.0, SPACING)

    between = start.base["right"] - start.base["left"]
    between[:4] = 0.0
    refused = ahead.check(towards(between))
    assert refused.problem
    still = ahead.check(commands_of([start] * 8, 0.0, SPACING))
    assert not still.problem
    fresh = LookAhead(shadow, commands_of(rows, 0.0, SPACING), THRESHOLDS)
    again = fresh.check(commands_of([start] * 8, 0.0, SPACING))
    assert again.tip_error == pytest.approx(still.tip_error, abs=1e-9)


def run(source, robot, seconds, act=lambda player, at: None):
    """Play a source on hands that follow exactly; returns the player and its result."""
    player, hear = dry_player(source.wait(), robot, 0.16)
    stop = threading.Event()
    player.play()
    began = time.monotonic()

    def poll():
        hear()
        source.pump(player)
        at = time.monotonic() - began
        act(player, at)
        if at > seconds:
            stop.set()

    return player, player.run(stop, poll=poll)


def test_a_worker_process_moves_hands_refuses_nonsense_and_may_die(shadow):
    with LiveSource(shadow, model="program") as source:
        said, killed = [], []

        def act(player, at):
            if not said and player.state is State.PLAYING:
                said.append(source.say("make a fist with the left hand"))
                said.append(source.say("play the piano"))
            if said and said[0].delay is not None and said[1].refused and not killed:
                killed.append(os.kill(source.link.process.pid, signal.SIGKILL))

        player, result = run(source, shadow, 60, act)
        assert said[0].delay > 0
        assert "piano" in said[1].refused
        assert player.state is State.HOLD
        assert "killed by signal 9" in result.reason
        assert not player.outlet.active.velocities[-1].any()


def test_a_worker_that_cannot_start_says_why(shadow):
    with LiveSource(shadow, model="no-such-model") as source:
        with pytest.raises(EngineGone, match="no-such-model"):
            source.wait()


@pytest.mark.parametrize(
    ("text", "word"),
    [("clap twice", "line 1"), ("1 clap\n-2 wave", "line 2"), ("", "no request"),
     ("nan clap", "line 1"), ("3", "line 1")],
)  # fmt: skip
def test_scripts_are_checked(tmp_path, text, word):
    file = tmp_path / "s.txt"
    file.write_text(text)
    with pytest.raises(InputError, match=word):
        read_script(file)


def test_a_script_is_read_in_order(tmp_path):
    file = tmp_path / "s.txt"
    file.write_text("# a show\n4.5 wave\n\n1 clap twice\n")
    assert read_script(file) == [(1.0, "clap twice"), (4.5, "wave")]


class Typed:
    """A keyboard: lines, then silence."""

    def __init__(self):
        self.read, self.write = os.pipe()

    def __iter__(self):
        return iter(os.fdopen(self.read))

    def say(self, line):
        os.write(self.write, f"{line}\n".encode())


def test_after_a_fault_the_hands_hold_until_they_are_told_to_go_on(
    tmp_path, monkeypatch, capsys
):
    from handx.cli.live import Live
    from handx.streaming.player import Player

    keyboard = Typed()
    monkeypatch.setattr("sys.stdin", keyboard)
    ticks, held = [], []
    tick = Player.tick

    def ticked(player):
        ticks.append(player.state)
        if player.state is State.PLAYING and not held:
            held.append(player)
            player.hold("a fault for the test")
            keyboard.say("/resume")  # has no place here, and says so
            threading.Timer(1.5, keyboard.say, ["/go"]).start()  # when they stand
        elif held and player.state is State.PLAYING:
            keyboard.say("/quit")
        return tick(player)

    monkeypatch.setattr(Player, "tick", ticked)
    code = Live(dry_run=True, model="program", out=tmp_path / "out").execute()
    assert code == 0
    said = capsys.readouterr().out
    assert "holding: a fault for the test" in said
    assert "cannot resume while hold" in said
    assert ticks.count(State.APPROACH) > 2
    assert (tmp_path / "out" / "live.json").exists()
