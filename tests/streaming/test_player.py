"""The player against controllers that do what they are told, on a clock of the test."""

import importlib.util
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from handx.streaming import (
    JointLimits,
    MotionPath,
    Player,
    State,
    StreamError,
    Supervision,
    SystemClock,
    clear,
    served_controllers,
    violations,
)
from handx.streaming.encoders import to_nanoseconds
from handx.streaming.errors import ClockSet
from robots import load_robot

SPEC = importlib.util.spec_from_file_location(
    "controller", Path(__file__).with_name("controller.py")
)
model = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(model)

MS = 1_000_000


@pytest.fixture(scope="module")
def robot():
    """One robot: nothing here depends on which; test_humanoid has arms and couplings."""
    return load_robot("shadow")


@pytest.fixture(scope="module")
def moves(robot, make):
    trajectory = make[0](robot)
    return clear(trajectory, robot, make[1](trajectory, robot))


class Stage:
    """A player, its controllers and the hand on the clock."""

    def __init__(self, moves, robot, away=0.05, clock=None, **options):
        self.robot = robot
        self.served = served_controllers(moves.joint_names, robot)
        joints = [joint for c in self.served for joint in c.joints]
        self.limits = JointLimits.of(robot, joints)
        self.path = MotionPath.of(moves, self.limits)
        self.clock = clock or model.Clock()
        start = dict(zip(joints, np.clip(
            self.path.sample(0)[0] + away, self.limits.lower, self.limits.upper
        )))  # fmt: skip
        self.world = model.World(robot, self.clock, start, self.served)
        self.player = Player(self.path, robot, self.world, self.clock, **options)
        self.world.feed(self.player)
        self.player.arm()
        self.began = self.clock.now()

    def go(self, until=None, seconds=60.0, feed=True):
        """Tick with feedback until a state, a moment, or for so long."""
        ends = self.clock.now() + round(seconds * 1e9)
        while self.clock.now() < ends:
            self.clock.time += round(self.player.period * 1e9)
            if feed:
                self.world.feed(self.player)
            status = self.player.tick()
            if until is not None and status.state is until:
                return status
            if callable(until) and not isinstance(until, State) and until(status):
                return status
        return self.player.status()

    def halfway(self):
        """Play into the middle of the motion."""
        self.player.play()
        self.go(State.PLAYING)
        quarter = self.path.end / 4  # where it is fastest
        self.go(lambda status: status.path_time >= quarter)
        assert self.world.speed() > 0.05

    def at_rest(self):
        """Let a second pass; nothing may move any more, nothing may have broken a limit."""
        before = len(self.world.sent)
        self.go(seconds=1.0)
        assert self.world.speed() == 0
        self.world.check_limits(self.limits)
        return len(self.world.sent) - before


@pytest.fixture
def stage(moves, robot):
    return Stage(moves, robot)


def knots(message):
    """Absolute times [ns] → positions, velocities."""
    stamp = to_nanoseconds(message["header"]["stamp"])
    return {
        stamp + to_nanoseconds(p["time_from_start"]): (p["positions"], p["velocities"])
        for p in message["points"]
    }


def test_a_valid_trajectory_passes_bit_equal_and_ends_on_time(stage, moves):
    stage.player.play()
    stage.go(State.PLAYING)
    # The clock of the path starts one period later.
    zero = stage.clock.now() + round(stage.player.period * 1e9)
    stage.go(State.READY)
    assert stage.player.reason == ""
    for controller in stage.served:
        topic = f"/{controller.name}/{controller.topic}"
        columns = [moves.joint_names.index(joint) for joint in controller.joints]
        got = {}
        for when, name, message in stage.world.sent:
            if name == topic and when >= zero - 20 * MS:
                got |= knots(message)
        for k, seconds in enumerate(moves.time_from_start):
            moment = zero + round(seconds * 1e9)
            near = [t for t in got if abs(t - moment) <= 2]
            assert near, f"knot {k} never left"
            places = [got[t] for t in near]
            wanted = moves.positions[k, columns], moves.velocities[k, columns]
            assert any(
                np.array_equal(p, wanted[0]) and np.array_equal(v, wanted[1])
                for p, v in places
            )
        last = max(knots(stage.world.sent[-1][2]))
        assert abs(last - zero - round(moves.duration * 1e9)) <= 2
    assert stage.at_rest() == 0


def test_every_message_is_one_that_the_controller_takes(stage):
    stage.halfway()
    joints = {f"/{c.name}/{c.topic}": c.joints for c in stage.served}
    assert {topic for _, topic, _ in stage.world.sent} == set(joints)
    for when, topic, message in stage.world.sent:
        assert violations(message, joints[topic], when) == []


def test_all_controllers_get_the_same_stamp_and_times(stage):
    stage.halfway()
    by_moment = {}
    for when, _, message in stage.world.sent:
        by_moment.setdefault(when, []).append(list(knots(message)))
    for times in by_moment.values():
        assert len(times) == len(stage.served)
        assert all(t == times[0] for t in times)


def test_losing_the_stream_is_a_smooth_stop(stage):
    """The publisher is killed mid-motion: nothing more is sent."""
    stage.halfway()
    stage.clock.time += 3_000 * MS
    assert stage.world.speed() == 0
    stage.world.check_limits(stage.limits)
    ends = [c.knots[0][-1] for c in stage.world.controllers.values()]
    assert max(ends) < stage.clock.now() - 2_500 * MS


@pytest.mark.parametrize("stall", [0.1, 0.2, 0.5, 3.0])
def test_a_stall_ends_in_hold_and_a_short_one_is_bridged(stage, stall):
    stage.halfway()
    stage.clock.time += round(stall * 1e9)
    stage.world.feed(stage.player)
    status = stage.player.tick()
    if stall < 0.15:
        assert status.state is State.PLAYING
        stage.go(State.READY)
        assert stage.player.reason == ""
    else:
        assert status.state is State.HOLD
        assert "too late" in status.reason
        assert stage.at_rest() == 0, "a message after a stall would jump"
    stage.world.check_limits(stage.limits)


@pytest.mark.parametrize("seconds", [0.5, -0.5, 30.0])
def test_a_clock_that_is_set_ends_in_hold(moves, robot, seconds):
    class Settable(model.Clock):
        jump = 0

        def now(self):
            if self.jump:
                step, self.jump = self.jump, 0
                self.time += step
                raise ClockSet(step / 1e9)
            return self.time

    stage = Stage(moves, robot, clock=Settable())
    stage.halfway()
    stage.clock.jump = round(seconds * 1e9)
    status = stage.player.tick()
    assert status.state is State.HOLD
    assert "clock was set" in status.reason
    # The settling message needs no clock: its stamp is 0.
    for _, _, message in stage.world.sent[-len(stage.served) :]:
        assert to_nanoseconds(message["header"]["stamp"]) == 0
        assert len(message["points"]) == 1
    stage.go(seconds=2.0)
    assert stage.world.speed() == 0


def test_feedback_that_stops_ends_in_hold(stage):
    stage.halfway()
    status = stage.go(State.HOLD, seconds=1.0, feed=False)
    assert status.state is State.HOLD
    assert "old" in status.reason
    stage.at_rest()


def test_repeated_and_reordered_feedback_counts_once(stage):
    """A driver that repeats its last message is as good as a silent one."""
    stage.halfway()
    names, places, efforts = stage.world.state()
    stamp = stage.clock.now()
    for _ in range(30):
        stage.clock.time += 20 * MS
        stage.player.on_joint_state(names, places, efforts, stamp)
        stage.player.on_joint_state(names, [9.9] * len(names), efforts, stamp - 5 * MS)
        if stage.player.tick().state is State.HOLD:
            break
    assert stage.player.state is State.HOLD
    assert "old" in stage.player.reason
    assert (np.abs(stage.player.feedback.position) < 9).all()
    stage.at_rest()


def test_shuffled_feedback_does_not_disturb(stage):
    """Each message twice, and every other one late."""
    stage.player.play()
    kept = []
    while stage.player.state in (State.APPROACH, State.PLAYING):
        stage.clock.time += 20 * MS
        kept.append((*stage.world.state(), stage.clock.now()))
        for message in (kept[-1], kept[-1], kept[max(0, len(kept) - 4)]):
            stage.player.on_joint_state(*message)
        stage.player.tick()
    assert stage.player.state is State.READY, stage.player.reason
    stage.world.check_limits(stage.limits)


def test_a_hand_that_does_not_follow_ends_in_hold(moves, robot):
    stage = Stage(moves, robot, supervision=Supervision(follow_tolerance=0.05))
    stage.halfway()
    names, places, _ = stage.world.state()
    stage.world.stuck = dict(zip(names, places))
    begin = stage.clock.now()
    status = stage.go(State.HOLD, seconds=5.0)
    assert "does not follow" in status.reason
    assert stage.clock.now() - begin < 1_000 * MS
    stage.at_rest()


def test_a_controller_that_goes_away_stops_all(stage):
    stage.halfway()
    stage.world.gone = ["/left_hand_controller/joint_trajectory"]
    status = stage.go(State.HOLD, seconds=0.1)
    assert "nobody listens on /left_hand_controller" in status.reason
    stage.at_rest()


def test_one_controller_that_aborts_stops_all(stage):
    stage.halfway()
    stage.player.hold("left_hand_controller aborted its goal")
    assert stage.player.state is State.HOLD
    assert len({w for w, _, _ in stage.world.sent[-len(stage.served) :]}) == 1
    stage.at_rest()


def test_a_joint_that_pushes_for_long_backs_off_and_holds(moves, robot):
    """Commanded on, measured back: the hold is where the joint really is."""
    stage = Stage(moves, robot, supervision=Supervision(effort_seconds=0.2,
                                                        follow_tolerance=0.5))  # fmt: skip
    stage.halfway()
    joint = stage.served[0].joints[3]
    names, places, _ = stage.world.state()
    here = places[names.index(joint)] - 0.1
    stage.world.stuck = {joint: here}
    index = stage.limits.names.index(joint)
    stage.world.effort = {joint: 0.95 * stage.limits.effort[index]}
    status = stage.go(State.HOLD, seconds=2.0)
    assert "pushes" in status.reason
    assert joint in status.reason
    stage.at_rest()
    controller = next(iter(stage.world.controllers.values()))
    told = controller.reference(stage.clock.now())[0][controller.joints.index(joint)]
    assert told == pytest.approx(
        np.clip(here, stage.limits.lower[index], stage.limits.upper[index]), abs=1e-6
    )


def test_a_joint_that_pushes_while_paused_backs_off_too(moves, robot):
    stage = Stage(moves, robot, supervision=Supervision(follow_tolerance=0.5))
    stage.halfway()
    stage.player.pause()
    stage.go(seconds=0.5)
    joint = stage.served[1].joints[2]
    names, places, _ = stage.world.state()
    here = places[names.index(joint)] - 0.05
    stage.world.stuck = {joint: here}
    index = stage.limits.names.index(joint)
    stage.world.effort = {joint: stage.limits.effort[index]}
    assert stage.go(State.HOLD, seconds=2.0).state is State.HOLD
    stage.at_rest()
    controller = list(stage.world.controllers.values())[1]
    told = controller.reference(stage.clock.now())[0][controller.joints.index(joint)]
    lower, upper = stage.limits.lower[index], stage.limits.upper[index]
    assert told == pytest.approx(np.clip(here, lower, upper), abs=1e-6)


def test_a_short_push_is_let_pass(stage):
    stage.player.play()
    joint = stage.served[0].joints[0]
    index = stage.limits.names.index(joint)
    for k in range(400):
        stage.world.effort = {joint: stage.limits.effort[index] * (k % 20 < 10)}
        stage.go(seconds=0.02)
        if stage.player.state is State.READY:
            break
    assert stage.player.state is State.READY, stage.player.reason


def test_a_silent_source_ends_in_hold(moves, robot):
    stage = Stage(moves, robot, supervision=Supervision(deadman=0.25))
    stage.player.play()
    for _ in range(20):
        stage.player.alive()
        stage.go(seconds=0.02)
    assert stage.player.state is State.APPROACH
    status = stage.go(State.HOLD, seconds=0.4)
    assert "silent" in status.reason


def test_a_publisher_that_fails_ends_in_hold(stage):
    stage.halfway()
    stage.world.broken = "network gone"
    status = stage.go(State.HOLD, seconds=0.1)
    assert "network gone" in status.reason
    stage.world.broken = None
    assert stage.at_rest() == 0


def test_pause_and_resume_stay_on_the_path(stage, moves):
    stage.halfway()
    stage.player.pause()
    stage.go(seconds=1.0)
    assert stage.world.speed() == 0
    place = stage.player.status().path_time
    sent = len(stage.world.sent)
    stage.go(seconds=1.0)
    assert len(stage.world.sent) == sent
    stage.player.resume()
    assert stage.go(State.READY).reason == ""
    assert stage.player.status().path_time > place
    stage.at_rest()
    for controller in stage.world.controllers.values():
        columns = [moves.joint_names.index(joint) for joint in controller.joints]
        np.testing.assert_array_equal(
            controller.knots[1][-1], moves.positions[-1, columns]
        )


def test_slower_is_slower_on_the_same_path(stage, moves):
    stage.player.speed(0.5)
    stage.player.play()
    stage.go(State.PLAYING)
    begin = stage.clock.now()
    assert stage.go(State.READY).reason == ""
    taken = (stage.clock.now() - begin) / 1e9
    assert taken == pytest.approx(2 * moves.duration, rel=0.1)
    stage.at_rest()


def test_emergency_stop_is_latched(stage):
    stage.halfway()
    stage.player.estop("button")
    stage.at_rest()
    for forbidden in (stage.player.arm, stage.player.play, stage.player.resume):
        with pytest.raises(StreamError, match="while estop"):
            forbidden()
    stage.player.hold()
    assert stage.player.state is State.ESTOP
    stage.player.reset_estop()
    assert stage.player.state is State.DISARMED
    with pytest.raises(StreamError, match="while disarmed"):
        stage.player.play()


def test_after_a_hold_it_goes_on_only_when_armed_again(stage):
    stage.halfway()
    stage.player.hold("asked")
    stage.at_rest()
    with pytest.raises(StreamError, match="while hold"):
        stage.player.play()
    place = stage.player.status().path_time
    stage.player.arm()
    stage.player.play()
    assert stage.go(State.PLAYING).state is State.PLAYING
    stage.go(seconds=0.06)
    assert stage.player.status().path_time >= place - 1e-9
    assert stage.go(State.READY).reason == ""
    stage.at_rest()


def test_disabled_sends_nothing_more(stage):
    stage.halfway()
    stage.player.disable()
    assert stage.player.state is State.DISARMED
    assert stage.at_rest() == 0


def test_no_state_no_arming(moves, robot):
    stage = Stage(moves, robot)
    player = Player(stage.path, robot, stage.world, stage.clock)
    with pytest.raises(StreamError, match=r"no state of .* was heard"):
        player.arm()
    names, places, efforts = stage.world.state()
    player.on_joint_state(names[1:], places[1:], efforts[1:], stage.clock.now())
    with pytest.raises(StreamError, match=f"no state of {names[0]}"):
        player.arm()
    stage.world.feed(player, stage.clock.now() - 300 * MS)
    with pytest.raises(StreamError, match=r"0\.30 s old"):
        player.arm()
    nan = [float("nan")] * len(names)
    player.on_joint_state(names, nan, efforts, stage.clock.now())
    with pytest.raises(StreamError, match="old"):
        player.arm()
    assert stage.world.sent == []


def test_a_hand_far_outside_its_limits_is_not_moved(moves, robot):
    stage = Stage(moves, robot)
    names, places, efforts = stage.world.state()
    places[2] = 9.0
    stage.clock.time += MS
    stage.player.on_joint_state(names, places, efforts, stage.clock.now())
    with pytest.raises(StreamError, match=f"{names[2]} is measured .* outside"):
        stage.player.play()


def test_the_approach_is_gentle_and_within_limits(moves, robot):
    stage = Stage(moves, robot, away=0.9)
    stage.player.play()
    stage.go(lambda status: status.fraction > 0.8)
    assert stage.player.state is State.APPROACH
    stage.world.check_limits(stage.limits)
    fastest = max(c.extremes()[2].max() for c in stage.world.controllers.values())
    assert fastest <= 0.81


def test_run_plays_to_the_end_and_stops_on_request(moves, robot):
    stage = Stage(moves, robot)
    stage.player.play()
    done = stage.player.run(poll=lambda: stage.world.feed(stage.player))
    assert done.completed
    assert done.messages == len(stage.world.sent)
    other = Stage(moves, robot)
    other.player.play()
    stop = threading.Event()

    def watch(status):
        if status.path_time > 0.4 and status.state is State.PLAYING:
            stop.set()

    done = other.player.run(stop, watch, lambda: other.world.feed(other.player))
    assert not done.completed
    assert done.reason == "stopped on request"
    other.at_rest()


@pytest.mark.parametrize("step", [-0.5, 0.5])
def test_a_system_clock_that_is_set_says_so_once(monkeypatch, step):
    clock = SystemClock()
    assert abs(clock.now() - time.time_ns()) < 1e9
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + round(step * 1e9))
    with pytest.raises(ClockSet, match=r"set by -?0\.50 s"):
        clock.now()
    clock.now()


@pytest.mark.parametrize("rate", [0, 5, 1000, float("nan")])
def test_a_senseless_rate_is_refused(stage, rate):
    with pytest.raises(StreamError, match="--rate"):
        Player(stage.path, stage.robot, stage.world, stage.clock, rate=rate)


@pytest.mark.parametrize("horizon", [0, 0.05, 2, float("nan")])
def test_a_senseless_horizon_is_refused(stage, horizon):
    with pytest.raises(StreamError, match="--horizon"):
        Player(stage.path, stage.robot, stage.world, stage.clock, horizon=horizon)
