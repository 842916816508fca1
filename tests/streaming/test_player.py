"""The player on a clock that tests turn by hand."""

import threading
import time

import numpy as np
import pytest

from handx.streaming.controller_rules import violations
from handx.streaming.encoders import to_nanoseconds
from handx.streaming.errors import StreamError
from handx.streaming.guard import clear
from handx.streaming.player import Player, SystemClock
from retarget.trajectory import hermite


class HandClock:
    """Time passes only by waiting, plus `late` seconds each time."""

    def __init__(self, late=0.0):
        self.time, self.late = 1_700_000_000 * 10**9, late

    def now(self):
        return self.time

    def wait_until(self, moment, stop):
        self.time = max(self.time, moment) + round(self.late * 1e9)


class Log:
    """Keeps what was sent, when."""

    def __init__(self, clock, stop=None, fail_at=None, stop_at=None, gone_at=None,
                 jump_at=None, jump=0.0):  # fmt: skip
        self.clock, self.sent, self.stop = clock, [], stop
        self.fail_at, self.stop_at, self.gone_at = fail_at, stop_at, gone_at
        self.jump_at, self.jump = jump_at, jump

    def publish(self, topic, message):
        self.sent.append((self.clock.now(), topic, message))
        if self.fail_at is not None and len(self.sent) == self.fail_at:
            raise OSError("network gone")
        if self.stop_at is not None and len(self.sent) == self.stop_at:
            self.stop.set()
        if self.jump_at is not None and len(self.sent) == self.jump_at:
            self.clock.time += round(self.jump * 1e9)

    def unheard(self):
        gone = self.gone_at is not None and len(self.sent) >= self.gone_at
        return ["/left"] if gone else []


@pytest.fixture(scope="module")
def path(trajectory, robot, make):
    return clear(trajectory, robot, make[1](trajectory, robot))


def play(path, robot, late=0.0, **log):
    clock = HandClock(late)
    log = Log(clock, **log)
    player = Player(path, robot, log, clock)
    return player, player.play(log.stop), log


def points(message):
    """Absolute times [s], positions, velocities of a message's points."""
    stamp = to_nanoseconds(message["header"]["stamp"])
    rows = message["points"]
    moments = [(stamp + to_nanoseconds(p["time_from_start"])) / 1e9 for p in rows]
    return (
        np.array(moments),
        np.array([p["positions"] for p in rows]),
        np.array([p["velocities"] for p in rows]),
    )


@pytest.mark.parametrize("late", [0.0, 0.003])
def test_every_message_is_one_that_the_controller_takes(path, robot, late):
    _, result, log = play(path, robot, late)
    joints = {f"/{c.name}/{c.topic}": c.joints for c in robot.controllers}
    assert result.completed
    assert {topic for _, topic, _ in log.sent} == set(joints)
    for when, topic, message in log.sent:
        assert violations(message, joints[topic], when) == []


def test_a_controller_that_keeps_the_latest_message_follows_the_path(path, robot):
    """As a joint_trajectory_controller with interpolate_from_desired_state does it:
    each message replaces the last and is joined to where the reference is just then.
    """
    player, _, log = play(path, robot)
    controller = robot.controllers[0]
    columns = [path.joint_names.index(joint) for joint in controller.joints]
    name = f"/{controller.name}/{controller.topic}"
    mine = [(when / 1e9, m) for when, topic, m in log.sent if topic == name]
    zero = mine[0][0] + player.approach_seconds
    state = (path.positions[0, columns], np.zeros(len(columns)))
    for (when, message), (until, _) in zip(mine[1:], mine[2:], strict=False):
        moments, positions, velocities = points(message)
        knots = np.concatenate([[when], moments]) - zero
        query = np.linspace(when, until, 5) - zero
        reference, rate = hermite(
            knots,
            np.vstack([state[0], positions]),
            np.vstack([state[1], velocities]),
            query,
        )
        wanted = path.sample(query)[0][:, columns]
        np.testing.assert_allclose(reference, wanted, atol=5e-4)
        state = (reference[-1], rate[-1])


def test_the_approach_respects_velocity_limits_from_any_pose(path, robot):
    player, _, log = play(path, robot)
    first = log.sent[0][2]
    assert len(first["points"]) == 1
    seconds = to_nanoseconds(first["points"][0]["time_from_start"]) / 1e9
    for hand in robot.hands.values():
        peak = 1.5 * (hand.upper - hand.lower) / seconds
        assert (peak <= hand.velocity_limit + 1e-9).all()
    assert seconds == pytest.approx(player.approach_seconds)


def test_stopping_brakes_along_the_path_and_says_so(path, robot):
    stop = threading.Event()
    player, result, log = play(path, robot, stop_at=40, stop=stop)
    assert not result.completed
    last = points(log.sent[-1][2])
    assert np.abs(last[2][-1]).max() == 0
    # Over within one lead and one brake from now.
    assert (
        last[0][-1] <= log.sent[-1][0] / 1e9 + 1.5 * player.period + player.brake + 1e-6
    )


def test_stopping_during_the_approach_sends_nothing_more(path, robot):
    stop = threading.Event()
    stop.set()
    _, result, log = play(path, robot, stop=stop)
    assert not result.completed
    assert len(log.sent) == len(robot.controllers)


def test_an_error_brakes_before_it_is_passed_on(path, robot):
    clock = HandClock()
    log = Log(clock, fail_at=31)
    with pytest.raises(OSError, match="network gone"):
        Player(path, robot, log, clock).play()
    moments, _, velocities = points(log.sent[-1][2])
    assert len(log.sent) > 31
    assert np.abs(velocities[-1]).max() == 0
    assert moments[-1] - log.sent[-1][0] / 1e9 < 1.0


def test_a_late_process_skips_ahead_instead_of_lagging(path, robot):
    """10 ms late each time: the path still ends when it should."""
    player, result, log = play(path, robot, late=0.01)
    assert 0.009 < result.latest < 0.021
    begin = log.sent[0][0] / 1e9 + player.approach_seconds
    assert log.sent[-1][0] / 1e9 - begin < path.duration + 0.1


def test_a_controller_that_goes_away_stops_both_hands(path, robot):
    clock = HandClock()
    log = Log(clock, gone_at=30)
    with pytest.raises(StreamError, match="nobody listens on /left any more"):
        Player(path, robot, log, clock).play()
    last = log.sent[-len(robot.controllers) :]
    assert {topic for _, topic, _ in last} == {
        f"/{c.name}/{c.topic}" for c in robot.controllers
    }
    for _, _, message in last:
        moments, _, velocities = points(message)
        assert np.abs(velocities[-1]).max() == 0
        assert moments[-1] - last[0][0] / 1e9 < 1.0


@pytest.mark.parametrize("jump", [2.0, 0.2])
def test_a_stalled_stream_is_not_taken_up_again(path, robot, jump):
    """After the horizon the hands brake by themselves; any further message would jump."""
    clock = HandClock()
    at = 1 + 40 * len(robot.controllers)
    at -= at % len(robot.controllers)
    log = Log(clock, jump_at=at, jump=jump)
    with pytest.raises(StreamError, match="braked on their own"):
        Player(path, robot, log, clock).play()
    assert len(log.sent) == at


@pytest.mark.parametrize("step", [-0.5, 0.5])
def test_a_system_clock_that_is_set_stops_the_stream(monkeypatch, step):
    clock = SystemClock()
    assert abs(clock.now() - time.time_ns()) < 1e9
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + round(step * 1e9))
    with pytest.raises(StreamError, match="clock was set"):
        clock.now()


def test_a_short_stall_is_bridged_by_the_horizon(path, robot):
    clock = HandClock()
    log = Log(clock, jump_at=40, jump=0.1)
    assert Player(path, robot, log, clock).play().completed


@pytest.mark.parametrize("rate", [0, 5, 1000, float("nan")])
def test_a_senseless_rate_is_refused(path, robot, rate):
    with pytest.raises(StreamError, match="--rate"):
        Player(path, robot, Log(HandClock()), HandClock(), rate=rate)


@pytest.mark.parametrize("horizon", [0, 0.05, 2, float("nan")])
def test_a_senseless_horizon_is_refused(path, robot, horizon):
    with pytest.raises(StreamError, match="--horizon"):
        Player(path, robot, Log(HandClock()), HandClock(), horizon=horizon)
