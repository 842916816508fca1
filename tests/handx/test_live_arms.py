"""Words to hands on arms: they meet, inside every limit, and arms that hit are refused."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handx.live.dry_run import dry_player
from handx.live.engine import FRAMES, LiveEngine
from handx.live.mirror import Mirror
from handx.live.rows import ARM_SPEED, Row, commands_of, way_between
from handx.streaming.encoders import topic
from handx.streaming.limits import JointLimits
from handx.streaming.live_feed import CAPACITY
from handx.streaming.motion_path import MotionPath
from handx_gen.live import MotionStream
from handx_gen.skeleton import SIDES
from retarget.calibration import calibrate_robot
from retarget.online import OnlineRetargeter
from retarget.spline import spline_extrema
from robots import load_robot
from sim.ahead import LookAhead, pose_of
from sim.engine import mujoco
from sim.scene import BODY
from sim.thresholds import THRESHOLDS, Thresholds, thresholds_of

SPACING = 1 / 30


@pytest.fixture(scope="module")
def robot():
    return load_robot("g1-inspire")


@pytest.fixture
def engine(robot):
    engine = LiveEngine(robot, model="program")
    yield engine
    engine.close()


def joined(chunks):
    return [np.concatenate([getattr(c, n) for c in chunks])
            for n in ("time", "positions", "velocities")]  # fmt: skip


def limits_of(robot, names):
    """(4, n) lower, upper, velocity and acceleration limits by wire name."""
    chains = (*robot.hands.values(), robot.body.chain)
    found = {
        name: row
        for c in chains
        for name, *row in zip(
            c.wire_names, c.lower, c.upper, c.velocity_limit, c.acceleration_limit
        )
    }
    return np.array([found[name] for name in names]).T


def keeps_limits(robot, engine, time, q, v):
    lower, upper, speed, pull = limits_of(robot, engine.joint_names)
    low, high, fast = spline_extrema(time, q, v)
    assert (low >= lower - 1e-9).all()
    assert (high <= upper + 1e-9).all()
    assert (fast <= speed + 1e-9).all()
    assert (np.abs(np.diff(v, axis=0)) / SPACING <= pull * (1 + 1e-6)).all()


class Watch:
    """Looks at the simulated hands whenever the look-ahead does."""

    def __init__(self, ahead):
        self.scene, self.data = ahead.scene, ahead._data
        self.palms, self.touch = [], []
        really = ahead._stray

        def look(commands, time):
            answer = really(commands, time)
            self.palms.append(self.between_palms())
            sides = np.sort(self.scene.geom_side[self.data.contact.geom], axis=1)
            self.touch.append(bool((sides == [0, 1]).all(1).any()))
            return answer

        ahead._stray = look

    def between_palms(self):
        """Smallest distance of the palms' surfaces [m]."""
        model, fromto = self.scene.model, np.zeros(6)
        left, right = (self.scene.hands[side].point_geoms["palm"] for side in SIDES)
        return min(
            mujoco.mj_geomDistance(model, self.data, a, b, 0.5, fromto)
            for a in left
            for b in right
        )


def test_clapping_brings_the_simulated_hands_together(robot, engine):
    watch = Watch(engine._ahead)
    chunks = [engine.chunk()]
    engine.say("clap twice")
    chunks += [engine.chunk() for _ in range(32)]
    assert not any(c.problem for c in chunks)
    assert watch.palms[0] > 0.15
    assert min(watch.palms) < 5e-3  # a contact, by the project's definition
    time, q, v = joined(chunks)
    keeps_limits(robot, engine, time, q, v)
    named = {joint for c in robot.controllers for joint in c.joints}
    assert set(engine.joint_names) == named
    column = [engine.joint_names.index(j) for j in robot.groups["waist"]]
    assert np.ptp(q[:, column]) == 0.0


def test_steepled_fingers_touch(engine):
    watch = Watch(engine._ahead)
    engine.say("steeple the fingers")
    assert not any(engine.chunk().problem for _ in range(30))
    assert any(watch.touch)


def test_the_same_words_give_the_same_bytes(robot):
    taken = []
    for _ in range(2):
        engine = LiveEngine(robot, model="program", seed=3)
        engine.say("clap twice")
        taken.append(joined([engine.chunk() for _ in range(12)]))
        engine.close()
    for a, b in zip(*taken):
        assert a.tobytes() == b.tobytes()


def test_arms_brake_and_come_to_rest_inside_their_limits(robot, engine):
    engine.say("clap twice")
    chunks = [engine.chunk() for _ in range(10)]
    really, asked = engine._ahead.check, []

    def refuse_once(commands, excused):
        strict = not asked
        engine._ahead.thresholds = (
            Thresholds(wrist_position_mm=1e-6) if strict else thresholds_of(robot)
        )
        asked.append(commands)
        return really(commands, excused)

    engine._ahead.check = refuse_once
    chunks.append(engine.chunk())
    assert "a wrist would be" in chunks[-1].problem
    assert len(asked) == 2  # refused, then the way to rest
    assert not chunks[-1].velocities[-1].any()
    engine.say("wave with the right hand")
    chunks += [engine.chunk() for _ in range(10)]
    assert not any(c.problem for c in chunks[-10:])
    keeps_limits(robot, engine, *joined(chunks))


def test_arms_that_would_hit_the_trunk_are_refused(robot, engine):
    last = engine._last[-1]
    still = commands_of([last] * 8, 0.0, SPACING)
    ahead = LookAhead(robot, still, THRESHOLDS)
    chain = robot.body.chain
    goal = last.positions[BODY].copy()
    for joint, angle in (("left_shoulder_roll_joint", -0.4),
                         ("left_shoulder_yaw_joint", 1.2)):  # fmt: skip
        goal[chain.joint_names.index(joint)] = angle
    rows = [
        Row({**last.positions, BODY: (1 - s) * last.positions[BODY] + s * goal}, {})
        for s in np.linspace(0, 1, 31)
    ]
    refused = ahead.check(commands_of(rows, 0.0, SPACING))
    assert refused.problem
    assert max(refused.penetration, refused.wrist_error) > 2e-3
    again = ahead.check(still)
    assert not again.problem
    fresh = LookAhead(robot, still, THRESHOLDS).check(still)
    assert again.wrist_error == pytest.approx(fresh.wrist_error, abs=1e-9)


def test_every_controller_of_the_robot_gets_one_motion_with_one_stamp(
    robot, engine, monkeypatch
):
    sent = []
    publish = Mirror.publish

    def heard(mirror, name, message):
        sent.append((name, message["header"]["stamp"]))
        publish(mirror, name, message)

    monkeypatch.setattr(Mirror, "publish", heard)
    path = MotionPath(JointLimits.of(robot, engine.joint_names, 0.0), CAPACITY)
    engine.say("clap twice")
    for _ in range(12):
        chunk = engine.chunk()
        path.append(chunk.time, chunk.positions, chunk.velocities)
    player, hear = dry_player(path, robot, 0.16)
    stop, ticks = threading.Event(), []

    def poll():
        hear()
        ticks.append(player.state)
        if len(ticks) > 8:
            stop.set()

    player.play()
    player.run(stop, poll=poll)
    topics = {topic(controller) for controller in robot.controllers}
    assert {name for name, _ in sent} == topics
    stamps = {}
    for name, stamp in sent:
        stamps.setdefault(tuple(stamp.items()), set()).add(name)
    assert len(stamps) > 3
    assert all(names == topics for names in stamps.values())


@settings(max_examples=30)
@given(st.integers(0, 2**31))
def test_a_way_to_rest_takes_arms_along(seed):
    rng = np.random.default_rng(seed)
    limits = np.array([[-1.0, -2.0], [1.0, 2.0], [10.0, 10.0], [160.0, 160.0]])
    begin, end = rng.uniform(-0.9, 0.9, 2), rng.uniform(limits[0], limits[1])
    speed = rng.uniform(-3.0, 3.0, 2)
    before, last = (Row({BODY: begin + k * speed * SPACING}, {}) for k in (-1, 0))
    way = way_between(before, last, Row({BODY: end}, {}), {BODY: limits}, SPACING)
    path = np.array([row.positions[BODY] for row in [before, last, *way]])
    rates = np.diff(path, axis=0) / SPACING
    assert (np.abs(np.diff(rates, axis=0)) / SPACING <= 160 + 1e-6).all()
    assert (np.abs(rates[2:]) <= ARM_SPEED + 1e-9).all()
    np.testing.assert_array_equal(path[-1], end)
    assert not rates[-1].any()


def test_hands_without_arms_are_sent_as_they_ever_were():
    robot = load_robot("inspire")
    engine = LiveEngine(robot, model="program")
    chunks = [engine.chunk() for _ in range(6)]
    engine.close()
    stream = MotionStream("program", lead=5)
    plain = OnlineRetargeter(
        robot, calibrations=calibrate_robot(robot), acceleration_limits=True
    )
    rows = []
    for _ in range(6 * FRAMES + 1):
        frame = next(stream)
        command = plain.step(frame.joints, frame.index * SPACING)
        base = {side: pose_of(T) for side, T in command.T_world_base.items()}
        rows.append(Row(command.positions, base))
    stream.close()
    knots = commands_of([rows[0], *rows], 0.0, SPACING)
    _, q, _ = joined(chunks)
    names = [n for side in SIDES for n in robot.hands[side].wire_names]
    whole = np.concatenate([knots.positions[side] for side in SIDES], axis=1)
    columns = [names.index(n) for n in engine.joint_names]
    assert whole[:, columns].tobytes() == q.tobytes()
    assert engine._ahead.scene.hands["left"].base_qpos.size == 7  # on driven wrists
