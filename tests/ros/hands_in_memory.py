"""Simulated hands that go exactly where they are told: for tests in simulated time."""

import numpy as np

from handx.streaming.hand_client import JointReading
from robots import load_robot

PERIOD = 1 / 200
"""Of the simulated hand's states, and hence of its commands [s]."""


class PerfectHands:
    """Takes the place of `HandClient`; every state that is asked for is a new one."""

    def __init__(self, path):
        # The robot's name is in the socket's: hand-<robot>.sock.
        self.robot = path.stem.removeprefix("hand-")
        robot = load_robot(self.robot)
        chains = [*robot.hands.values(), *([robot.body.chain] if robot.body else [])]
        self.joint_names = tuple(n for c in chains for n in c.wire_names)
        self.commanded_names = tuple(
            c.wire_prefix + n for c in chains for n in c.actuated
        )
        self.limits = {
            n: (lo, hi, v, a)
            for c in chains
            for n, lo, hi, v, a in zip(
                c.wire_names, c.lower, c.upper, c.velocity_limit, c.acceleration_limit
            )
        }
        rest = {n: q for c in chains for n, q in zip(c.wire_names, c.rest_pose)}
        self.positions = {n: float(rest[n]) for n in self.joint_names}
        self.refusal = self.gone = ""
        self.frozen = self.stuck = False
        self.told = []
        self.effort = {}

    def latest(self):
        if self.frozen:
            return None
        return JointReading(
            0.0, [self.positions[n] for n in self.joint_names],
            [0.0] * len(self.joint_names),
            [self.effort.get(n, 0.0) for n in self.joint_names],
        )  # fmt: skip

    def command(self, names, positions, velocities=()):
        assert set(names) <= set(self.commanded_names)
        self.told.append(dict(zip(names, map(float, positions))))
        if not self.stuck:
            self.positions.update(self.told[-1])

    def assert_gentle(self, joints=None):
        """No command left a limit of position or speed, and none jumped."""
        told = {}
        for command in self.told:
            for name, value in command.items():
                told.setdefault(name, []).append(value)
        assert told
        for name in joints or told:
            lower, upper, speed, _ = self.limits[name]
            q = np.array(told[name])
            assert q.min() >= lower - 2e-4, name
            assert q.max() <= upper + 2e-4, name
            rate = np.abs(np.diff(q)) / PERIOD
            assert rate.max(initial=0) <= 1.02 * speed + 2e-3, name

    def close(self):
        self.gone = "hung up"
