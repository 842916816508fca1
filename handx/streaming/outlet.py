"""`Outlet`: what was promised to the controllers, and how the promise is renewed.

Between the player, which decides, and the transport. A new horizon begins with points of
the one before, passes `HorizonGuard`, then the controllers' own rules, and leaves for all
controllers with one stamp.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from handx.streaming.controller_rules import violations
from handx.streaming.encoders import (
    Message,
    joint_trajectory_message,
    setpoint_message,
    topic,
)
from handx.streaming.errors import StreamError
from handx.streaming.guard import HorizonGuard
from handx.streaming.horizon import (
    NANOSECONDS,
    Horizon,
    plan,
    rest_to_rest,
    standing,
)
from handx.streaming.motion_path import MotionPath
from handx.streaming.time_scaling import SHARE
from robots.robot import ControllerSpec

SHARES = (SHARE, 0.7, 0.4, 0.2)
"""Shares of the acceleration limits that changing the clock's rate may use, tried in
turn."""

REMEMBERED = 1.0
"""Seconds of a growing path that are kept after they were played [s]."""


class Publisher(Protocol):
    """Where messages go: DDS, rclpy, a test."""

    def publish(self, topic: str, message: Message) -> None:
        """Send one message, as nested dictionaries, to a ROS topic."""
        ...

    def unheard(self) -> list[str]:
        """Topics that nobody listens to (any more)."""
        ...


class Outlet:
    """Keeps the controllers supplied with horizons along one path.

    Args:
        path: What is played first.
        controllers: Who gets messages.
        publisher: Through what.
        period: Between two horizons [ns].

    Attributes:
        path: What is played now.
        active: What the controllers do, as far as was sent.
        messages: How many were sent.
    """

    def __init__(
        self,
        path: MotionPath,
        controllers: Sequence[ControllerSpec],
        publisher: Publisher,
        period: int,
    ) -> None:
        self.path, self.controllers, self.publisher = path, controllers, publisher
        self.period = period
        self.limits = path.limits
        self.guard = HorizonGuard(path.limits)
        # Long over: nothing of it is ever sent.
        self.active = standing(-(2**62), np.zeros(len(path.joint_names)), 0.0)
        self.messages = 0
        self._reach: np.ndarray | None = None
        self._not_before = 0

    def begin(
        self,
        path: MotionPath,
        start: Horizon,
        reach: np.ndarray | None = None,
        not_before: int = 0,
    ) -> None:
        """Play another path from now on.

        Args:
            path: The path.
            start: One point at rest where it begins; the controllers stand there.
            reach: (n,) a measured position that may lie outside the limits [rad].
            not_before: The first point sent lies not before this [ns].
        """
        self.path, self.active = path, start
        self._reach, self._not_before = reach, not_before

    def extend(self, now: int, goal: float, seconds: float) -> None:
        """Send the next horizon, if there is anything to do.

        Args:
            now: [ns].
            goal: rate² wanted of the path's clock; 0 pauses.
            seconds: How far ahead braking begins, counted from now [s].

        Raises:
            HandxError: It was refused on its way out; nothing was sent.
        """
        kept = self._kept(now)
        done = goal == 0 or kept.s[-1] >= self.path.end
        if done and len(kept.time) == 1 and not kept.velocities.any():
            # Standing, or about to: nothing is missing, so nothing can come too late.
            self.active = replace(self.active, brakes=self.active.end)
            return
        ahead = max(0.0, seconds - (kept.end - now) / NANOSECONDS)
        self._send(self._planned(kept, goal, ahead), now)

    def brake(self, now: int, retreat: np.ndarray | None = None) -> None:
        """Brake along the path at once, unless the controllers are braking already.

        Args:
            now: [ns].
            retreat: (n,) where to go after braking [rad]: to where the joints really are,
                which takes the strain off them.

        Raises:
            HandxError: It was refused on its way out; what was sent before still brakes.
        """
        active = self.active
        braking = active.brakes < min(now, active.end)
        if braking or (now > active.end and retreat is None):
            return
        kept = self._kept(now)
        halt = self._planned(kept, 0.0, 0.0)
        if retreat is not None:
            halt = halt.joined(self._move(halt, retreat))
        self._send(halt, now)

    def _planned(self, kept: Horizon, goal: float, ahead: float) -> Horizon:
        """What is kept and how it goes on.

        On a rough path the cubic through the points may need more than the path does;
        then the clock changes more gently.
        """
        found = kept
        for share in SHARES:
            found = kept.joined(plan(self.path, kept, goal, ahead, self.limits, share))
            if not self.guard.strained(found):
                break
        return found

    def _move(self, halt: Horizon, place: np.ndarray) -> Horizon:
        """From the end of `halt` gently to a place inside the limits."""
        place = np.clip(place, self.limits.lower, self.limits.upper)
        seconds, move = rest_to_rest(halt.positions[-1], place, self.limits)
        steps = int(np.ceil(seconds * NANOSECONDS / self.period))
        time = np.linspace(0, seconds, 1 + steps)
        q, v = move.sample(time)
        v[-1] = 0
        moments = halt.end + np.round(time * NANOSECONDS).astype(np.int64)
        still = np.zeros(len(time))
        return Horizon(moments, still + halt.s[-1], still, q, v, int(moments[-1]))

    def clock_set(self, seconds: float, settle: bool) -> None:
        """The clock was set forwards by so much: what was sent means something else.

        Args:
            seconds: [s].
            settle: Lead the controllers to where the last horizon ends, from wherever they
                are now, by a message without a stamp.
        """
        self.active = self.active.shifted(round(seconds * NANOSECONDS))
        if not settle:
            return
        goal = self.active.positions[-1]
        duration, _ = rest_to_rest(self.active.positions[0], goal, self.limits)
        target = standing(round(duration * NANOSECONDS), goal, 0.0)
        for controller in self._streamed(True):
            self._publish(controller, self._encode(controller, target, 0))

    def setpoints(self, now: int) -> None:
        """Feed the controllers that take one setpoint at a time, until all stands."""
        if now > self.active.end + self.period:
            return
        position, velocity = self.active.sample(now)
        for controller in self._streamed(False):
            self._publish(
                controller,
                setpoint_message(
                    controller, self.limits.names, position, velocity, now
                ),
            )

    def _kept(self, now: int) -> Horizon:
        """What is promised and stays: the points from about now to one period ahead."""
        active = self.active
        ahead = now + self.period
        if active.end < ahead:
            w = float(active.w[-1]) if len(active.time) == 1 else 0.0
            return standing(ahead, active.positions[-1], float(active.s[-1]), w)
        last = int(np.searchsorted(active.time, ahead))
        # The point before now stays too: between it and the next one is where they are.
        first = max(int(np.searchsorted(active.time, now, side="right")) - 1, 0)
        keep = slice(first, last + 1)
        return Horizon(
            active.time[keep], active.s[keep], active.w[keep], active.positions[keep],
            active.velocities[keep], int(active.time[last]),
        )  # fmt: skip

    def _send(self, horizon: Horizon, now: int) -> None:
        """Check and publish one horizon to every controller, with one stamp."""
        self.guard.check(horizon, self.active, self._reach)
        first = int(np.searchsorted(horizon.time, max(now + 1, self._not_before)))
        sent = horizon.part(min(first, len(horizon.time) - 1))
        messages = []
        for controller in self._streamed(True):
            message = self._encode(controller, sent, now)
            broken = violations(message, controller.joints, now)
            if broken:
                raise StreamError(f"{controller.name} would refuse: {broken[0]}")
            messages.append((controller, message))
        for controller, message in messages:
            self._publish(controller, message)
        self.active = horizon
        self.path.committed = float(horizon.s.max())
        if not self.path.closed:
            self.path.forget(float(horizon.s[0]) - REMEMBERED)

    def _streamed(self, whole: bool) -> list[ControllerSpec]:
        """Controllers that take a horizon, or those that take one setpoint at a time."""
        return [
            controller
            for controller in self.controllers
            if (controller.interface == "joint_trajectory") is whole
        ]

    def _encode(self, controller: ControllerSpec, sent: Horizon, stamp: int) -> Message:
        return joint_trajectory_message(
            controller, self.limits.names, sent.time - stamp, sent.positions,
            sent.velocities, stamp,
        )  # fmt: skip

    def _publish(self, controller: ControllerSpec, message: Message) -> None:
        self.publisher.publish(topic(controller), message)
        self.messages += 1
