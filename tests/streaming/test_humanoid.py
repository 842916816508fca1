"""Arms, waist and hands as one motion on six controllers; and controllers of setpoints."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handx.streaming import (
    JointLimits,
    MotionPath,
    Player,
    State,
    clear,
    served_controllers,
)
from retarget.errors import LimitViolation
from retarget.trajectory import JointTrajectory
from robots import load_robot

SPEC = importlib.util.spec_from_file_location(
    "controller", Path(__file__).with_name("controller.py")
)
model = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(model)


@pytest.fixture(scope="module", params=["g1-inspire", "g1-dex3"])
def robot(request):
    return load_robot(request.param)


@pytest.fixture(scope="module")
def motion(robot, make):
    """Hands as always; every joint of waist and arms swings out and back."""
    hands = make[0](robot)
    time = hands.time_from_start
    swing, rate = np.sin(np.pi * time) ** 2, np.pi * np.sin(2 * np.pi * time)
    chain = robot.body.chain
    groups = {}
    for name, joints in robot.groups.items():
        index = [chain.joint_names.index(joint) for joint in joints]
        rest = chain.rest_pose[index]
        reach = np.minimum(chain.upper[index] - rest, 0.5)
        groups[name] = JointTrajectory(
            joints, rest + swing[:, None] * reach, rate[:, None] * reach, time
        )
    return replace(hands, groups=groups)


class Body:
    def __init__(self, robot, moves):
        self.served = served_controllers(moves.joint_names, robot)
        joints = [joint for c in self.served for joint in c.joints]
        self.limits = JointLimits.of(robot, joints)
        self.path, self.clock = MotionPath.of(moves, self.limits), model.Clock()
        start = dict(zip(joints, self.path.sample(0)[0]))
        self.world = model.World(robot, self.clock, start, self.served)
        self.player = Player(self.path, robot, self.world, self.clock)
        self.world.feed(self.player)
        self.player.arm()
        self.player.play()

    def tick(self):
        self.clock.time += 20_000_000
        self.world.feed(self.player)
        return self.player.tick()


def test_arms_and_hands_start_at_one_stamp_and_end_together(robot, motion, make):
    body = Body(robot, clear(motion, robot, make[1](motion, robot)))
    assert len(body.served) == len(robot.groups) + 2
    while body.player.state in (State.APPROACH, State.PLAYING):
        body.tick()
    assert body.player.state is State.READY, body.player.reason
    by_moment = {}
    for when, name, message in body.world.sent:
        stamp = message["header"]["stamp"]
        times = [tuple(p["time_from_start"].values()) for p in message["points"]]
        by_moment.setdefault(when, {})[name] = (tuple(stamp.values()), times)
    for sent in by_moment.values():
        assert len(sent) == len(body.served)
        first, *others = sent.values()
        assert all(other == first for other in others)
    body.world.check_limits(body.limits)


def test_one_arm_that_does_not_follow_stops_everything(robot, motion, make):
    body = Body(robot, clear(motion, robot, make[1](motion, robot)))
    while body.player.status().path_time < 0.15:
        body.tick()
    names, places, _ = body.world.state()
    joint = "left_elbow_joint"
    body.world.stuck = {joint: places[names.index(joint)]}
    for _ in range(60):
        body.tick()
    assert body.player.state is State.HOLD
    assert f"{joint} does not follow" in body.player.reason
    assert body.world.speed() == 0
    body.world.check_limits(body.limits)


@pytest.mark.parametrize("quantity", ["position", "velocity"])
def test_limits_of_arms_are_never_skipped(robot, motion, make, quantity):
    part = motion.groups["right_arm"]
    chain = robot.body.chain
    j = 3
    index = chain.joint_names.index(part.joint_names[j])
    places, rates = part.positions.copy(), part.velocities.copy()
    if quantity == "position":
        places[:, j] = chain.upper[index] + 0.01
    else:
        rates[5, j] = 1.5 * chain.velocity_limit[index]
    broken = replace(
        motion, groups={**motion.groups, "right_arm": replace(
            part, positions=places, velocities=rates)},
    )  # fmt: skip
    with pytest.raises(LimitViolation, match=part.joint_names[j]):
        clear(broken, robot, make[1](broken, robot), force=True)


@pytest.mark.parametrize("interface", ["joint_state", "float64_multi_array"])
def test_controllers_of_setpoints_are_fed_every_tick_until_all_stands(make, interface):
    """Wuji, LEAP (by name) and Allegro (by order): no horizon, so braking is played."""
    shadow = load_robot("shadow")
    robot = replace(
        shadow,
        controllers=tuple(
            replace(c, interface=interface, topic=f"/hand_{k}/commands")
            for k, c in enumerate(shadow.controllers)
        ),
    )
    motion = make[0](shadow)
    moves = clear(motion, shadow, make[1](motion, shadow))
    joints = [joint for c in robot.controllers for joint in c.joints]
    limits = JointLimits.of(robot, joints)
    clock, sent = model.Clock(), []
    place = {joint: 0.0 for joint in joints}
    first = dict(zip(moves.joint_names, moves.positions[0]))
    place.update({joint: first[joint] for joint in joints})

    class Wire:
        def publish(self, topic, message):
            side = int(topic[6])
            order = robot.controllers[side].joints
            values = message["data"] if "data" in message else message["position"]
            assert "name" not in message or message["name"] == list(order)
            place.update(zip(order, values))
            sent.append((clock.now(), topic, values))

        def unheard(self):
            return []

    player = Player(MotionPath.of(moves, limits), robot, Wire(), clock, rate=100)

    def tick():
        clock.time += 10_000_000
        player.on_joint_state(joints, [place[j] for j in joints], [], clock.now())
        return player.tick()

    player.on_joint_state(joints, [place[j] for j in joints], [], clock.now())
    player.arm()
    player.play()
    while player.status().path_time < 0.4:
        tick()
    player.hold()
    for _ in range(60):
        tick()
    mine = [(t, np.array(v)) for t, topic, v in sent if topic.startswith("/hand_0")]
    times, values = np.array([t for t, _ in mine]), np.array([v for _, v in mine])
    assert (np.diff(times) == 10_000_000).all(), "no period without a setpoint"
    rates = np.diff(values, axis=0) / 0.01
    index = [limits.names.index(joint) for joint in robot.controllers[0].joints]
    assert (np.abs(rates) <= limits.velocity[index] * 1.01).all()
    assert (
        np.abs(np.diff(rates, axis=0)) / 0.01 <= limits.acceleration[index] * 1.1
    ).all()
    assert np.abs(rates[-1]).max() < 0.02, "the last step is the rest of the braking"
    assert clock.now() - times[-1] > 200_000_000, "it still sends after all stands"
