"""Whatever comes in, what leaves keeps every declared limit, and it is not nothing."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from handx.streaming import JointLimits, MotionPath, Player, QueueFull, State
from handx_gen.errors import HandxError, InputError
from retarget.errors import LimitViolation
from robots import load_robot

SPEC = importlib.util.spec_from_file_location(
    "controller", Path(__file__).with_name("controller.py")
)
model = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(model)

SOME = settings(
    max_examples=6, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip


@pytest.fixture(scope="module")
def robot():
    """Twelve commanded joints, limits of every joint different."""
    return load_robot("inspire")


def setup(robot):
    joints = [joint for c in robot.controllers for joint in c.joints]
    return joints, JointLimits.of(robot, joints)


def wild(limits, seed, count, spacing, size, smooth):
    """Positions inside the limits with any velocities: smooth, jerky, or nonsense."""
    rng = np.random.default_rng(seed)
    middle, reach = (limits.lower + limits.upper) / 2, (limits.upper - limits.lower) / 2
    time = np.cumsum(rng.uniform(0.5, 1.5, count) * spacing)
    if smooth:
        phase = rng.uniform(0, 6, len(middle))
        pace = rng.uniform(0.5, 3, len(middle))
        wave = np.sin(pace * time[:, None] + phase)
        q = middle + 0.9 * size * reach * wave
        v = 0.9 * size * reach * pace * np.cos(pace * time[:, None] + phase)
    else:
        q = middle + 0.8 * size * reach * rng.uniform(-1, 1, (count, len(middle)))
        q = middle + np.clip(spacing * 20, 0.05, 1) * (q - middle)
        v = rng.uniform(-1, 1, q.shape) * limits.velocity * rng.choice([0, 0.02, 0.3])
    return time, q, v


class Scene:
    """A robot wherever it happens to be, and a player on an open path."""

    def __init__(self, robot, seed, capacity=None):
        self.rng = np.random.default_rng(seed)
        self.joints, self.limits = setup(robot)
        self.clock = model.Clock()
        share = self.rng.uniform(0, 1, len(self.joints))
        place = self.limits.lower + share * (self.limits.upper - self.limits.lower)
        self.world = model.World(
            robot, self.clock, dict(zip(self.joints, place)), robot.controllers
        )
        self.path = MotionPath(self.limits, capacity)
        self.player = Player(self.path, robot, self.world, self.clock)
        self.world.feed(self.player)
        self.player.arm()

    def tick(self, feed=True):
        """One period, a little early or late."""
        self.clock.time += round(self.rng.uniform(0.8, 1.6) * 2e7)
        if feed:
            self.world.feed(self.player)
        return self.player.tick()

    def finish(self):
        """Let everything come to rest."""
        for _ in range(40):
            self.tick()
        self.world.check_limits(self.limits)


@SOME
@given(
    seed=st.integers(0, 2**31), count=st.integers(4, 60), size=st.floats(0.05, 1.0),
    spacing=st.sampled_from([0.004, 0.01, 0.033, 0.1]), smooth=st.booleans(),
)  # fmt: skip
def test_any_chunks_any_time_keep_every_limit(
    robot, seed, count, size, spacing, smooth
):
    """Chunks come when they like; the queue runs dry and fills again."""
    scene = Scene(robot, seed)
    time, q, v = wild(scene.limits, seed, count, spacing, size, smooth)
    cuts = sorted({0, count, *scene.rng.integers(2, count + 1, 3).tolist()})
    chunks = [slice(a, b) for a, b in zip(cuts, cuts[1:]) if b - a > (0 if a else 1)]
    try:
        scene.path.append(time[chunks[0]], q[chunks[0]], v[chunks[0]])
    except HandxError:
        assume(False)  # a limit or a jump: refused as a whole, and rightly
    scene.player.play()
    waiting = chunks[1:]
    for step in range(300):
        status = scene.tick()
        assert status.state is not State.HOLD, status.reason
        if waiting and scene.rng.random() < 0.1:
            part = waiting.pop(0)
            try:
                scene.path.append(time[part], q[part], v[part])
            except HandxError:
                waiting.clear()
        if step > 100 and not waiting and scene.world.speed() == 0:
            break
    scene.finish()


@SOME
@given(
    seed=st.integers(0, 2**31),
    event=st.sampled_from(["pause", "hold", "estop", "silence", "kill", "slow", "stall"]),
    when=st.integers(3, 120), smooth=st.booleans(), size=st.floats(0.1, 1.0),
)  # fmt: skip
def test_any_interruption_ends_at_rest_within_limits(
    robot, seed, event, when, smooth, size
):
    scene = Scene(robot, seed)
    time, q, v = wild(scene.limits, seed, 80, 0.03, size, smooth)
    try:
        scene.path.append(time, q, v)
    except HandxError:
        assume(False)
    scene.player.play()
    # Also during the approach.
    for _ in range(when if seed % 2 else when + 250):
        scene.tick()
    if event == "slow":
        scene.player.speed(0.2)
    elif event == "stall":
        scene.clock.time += round(scene.rng.uniform(0.05, 0.8) * 1e9)
    elif event in ("pause", "hold", "estop"):
        if event != "pause" or scene.player.state in (State.PLAYING, State.APPROACH):
            getattr(scene.player, event)()
    for _ in range(60):
        if event == "kill":
            scene.clock.time += 20_000_000
        else:
            scene.tick(feed=event != "silence")
    if event not in ("slow",):
        if event != "stall" or scene.player.state is State.HOLD:
            assert scene.world.speed() == 0
    scene.world.check_limits(scene.limits)


@SOME
@given(seed=st.integers(0, 2**31))
def test_motion_within_the_limits_is_played_at_full_speed(robot, seed):
    """A guard that slows everything down would keep the limits too."""
    scene = Scene(robot, seed)
    time, q, v = wild(scene.limits, seed, 60, 0.03, 0.05, True)
    scene.path.append(time, q, v)
    assert scene.path.grid is not None
    assume(scene.path.grid.cell_ceiling.min() == 1)
    scene.player.play()
    rates = []
    for _ in range(600):
        status = scene.tick()
        if status.state is State.PLAYING and 0.3 < status.path_time - time[0] < 0.9:
            rates.append(status.rate)
        if len(rates) > 15:
            break
    assert rates
    assert min(rates) > 0.999


def test_a_queue_that_runs_dry_brakes_and_goes_on_when_there_is_more(robot):
    scene = Scene(robot, 3)
    time, q, v = wild(scene.limits, 3, 120, 0.02, 0.3, True)
    scene.path.append(time[:40], q[:40], v[:40])
    scene.player.play()
    while scene.player.status().state is not State.PLAYING:
        scene.tick()
    for _ in range(100):
        scene.tick()
    assert scene.world.speed() == 0
    assert scene.player.state is State.PLAYING
    assert scene.player.status().path_time == pytest.approx(time[39], abs=1e-6)
    scene.path.append(time[40:], q[40:], v[40:])
    for _ in range(10):
        scene.tick()
    assert scene.world.speed() > 0
    scene.path.close()
    for _ in range(200):
        scene.tick()
    assert scene.world.speed() == 0
    scene.world.check_limits(scene.limits)


def test_what_is_not_promised_yet_can_be_replaced(robot):
    """Other motion from a moment on: no jump, and the old end is never reached."""
    scene = Scene(robot, 5)
    time, q, v = wild(scene.limits, 5, 150, 0.02, 0.3, True)
    scene.path.append(time, q, v)
    scene.player.play()
    while scene.player.status().path_time < time[0] + 0.5:
        scene.tick()
    start = scene.path.committed + 0.02
    with pytest.raises(HandxError, match="promised"):
        scene.path.replace(scene.path.committed - 0.01, time[-1:], q[:1], v[:1] * 0)
    rest = (scene.limits.lower + scene.limits.upper) / 2
    other = start + np.array([0.6, 1.0])
    scene.path.replace(start, other, np.array([rest, rest]), np.zeros((2, len(rest))))
    scene.path.close()
    for _ in range(300):
        if scene.tick().state is State.READY:
            break
    assert scene.player.state is State.READY, scene.player.reason
    for controller in scene.world.controllers.values():
        index = [scene.limits.names.index(joint) for joint in controller.joints]
        np.testing.assert_allclose(
            controller.reference(scene.clock.now())[0], rest[index], atol=1e-9
        )
    scene.world.check_limits(scene.limits)


def test_the_queue_is_bounded(robot):
    scene = Scene(robot, 7, capacity=1.0)
    time, q, v = wild(scene.limits, 7, 200, 0.02, 0.3, True)
    scene.path.append(time[:40], q[:40], v[:40])
    with pytest.raises(QueueFull, match="at most 1 s"):
        scene.path.append(time[40:], q[40:], v[40:])
    scene.player.play()
    taken, fed = 40, 0
    for _ in range(1200):
        scene.tick()
        try:
            scene.path.append(time[taken : taken + 4], q[taken : taken + 4],
                              v[taken : taken + 4])  # fmt: skip
            taken, fed = taken + 4, fed + 1
        except QueueFull:
            pass
        if taken >= 200:
            break
    assert taken == 200
    assert len(scene.path.grid.s) < 250, "what was played long ago is forgotten"
    scene.finish()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t, q, v: (t, q[:, :-1], v), "positions"),
        (lambda t, q, v: (t, q, v * np.nan), "NaN"),
        (lambda t, q, v: (t[::-1], q, v), "increase"),
        (lambda t, q, v: (t * 1e-4, q, v), "1 ms"),
        (lambda t, q, v: (t[:1], q[:1], v[:1]), "two knots"),
    ],
)
def test_chunks_that_cannot_be_meant_are_refused(robot, change, words):
    _, limits = setup(robot)
    path = MotionPath(limits)
    with pytest.raises(InputError, match=words):
        path.append(*change(*wild(limits, 1, 20, 0.02, 0.2, True)))
    assert path.grid is None


def test_a_chunk_outside_the_limits_is_refused_and_the_path_stays(robot):
    _, limits = setup(robot)
    path = MotionPath(limits)
    time, q, v = wild(limits, 1, 20, 0.02, 0.2, True)
    path.append(time[:10], q[:10], v[:10])
    before = path.grid
    q[12, 3] = limits.upper[3] + 0.01
    with pytest.raises(LimitViolation, match=limits.names[3]):
        path.append(time[10:], q[10:], v[10:])
    assert path.grid is before


def test_a_margin_is_kept_and_far_from_it_nothing_changes(robot):
    joints, limits = setup(robot)
    near = JointLimits.of(robot, joints, margin=0.02)
    time = np.linspace(0, 4, 200)
    swing = (1 - np.cos(np.pi * time / 2)) / 2
    reach = limits.upper - limits.lower
    q = limits.lower + swing[:, None] * reach
    v = (np.sin(np.pi * time / 2) * np.pi / 4)[:, None] * reach
    path = MotionPath(near)
    path.append(time, q, v)
    knots = path.grid.positions[np.isin(path.grid.s, time)]
    assert (knots >= limits.lower + 0.02 - 1e-12).all()
    assert (knots <= limits.upper - 0.02 + 1e-12).all()
    far = (q > limits.lower + 0.04) & (q < limits.upper - 0.04)
    np.testing.assert_array_equal(knots[far], q[far])
    with pytest.raises(InputError, match="--margin"):
        JointLimits.of(robot, joints, margin=0.5)
