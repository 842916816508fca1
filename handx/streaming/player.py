"""`Player`: sends a cleared trajectory in real time, always one brake away from rest.

A rolling horizon: every period a message per controller with an absolute stamp, the next
0.16 s of the path and a braking tail. If the stream dies, the hands brake along the
path by themselves. A stream that comes back later than that is not taken up again: the
hands are at rest somewhere behind, and the path would be a jump away.

Before the first message nothing is known about where the hands are, so they are led to
the start pose slowly enough for any pose within the limits.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from handx.streaming.controller_rules import violations
from handx.streaming.encoders import (
    NANOSECONDS,
    Message,
    joint_trajectory_message,
    served_controllers,
    topic,
)
from handx.streaming.errors import StreamError
from handx.streaming.guard import MessageGuard
from handx.streaming.horizon import Piece, brake_seconds, piece
from retarget.trajectory import JointTrajectory
from robots.robot import RobotSpec

RATE = 50.0
"""Messages per second and controller [Hz]."""

HORIZON = 0.16
"""Path sent ahead at full speed [s]; on loss of the stream the hands go on for this
long before they brake. Enough on one machine or a good network; 0.4 s over radio."""

LEAD_PERIODS = 1.0
"""The first point of a message lies this many periods ahead, so that it is not past
when it arrives; until then the controller goes on from where it is."""


CLOCK_STEP = 0.02
"""A clock that moves by more than this against a steady one was set [s]."""


class Publisher(Protocol):
    """Where messages go."""

    def publish(self, topic: str, message: Message) -> None:
        """Send one JointTrajectory message to a ROS topic."""
        ...

    def unheard(self) -> list[str]:
        """Topics that nobody listens to (any more)."""
        ...


class Clock(Protocol):
    """The robot's clock."""

    def now(self) -> int:
        """Time [ns], the same clock as the controller's."""
        ...

    def wait_until(self, moment: int, stop: threading.Event) -> None:
        """Sleep until `moment` [ns] or until `stop` is set."""
        ...


class SystemClock:
    """Wall-clock time, which is ROS time unless a simulation publishes `/clock`."""

    def __init__(self) -> None:
        self._wall, self._steady = time.time_ns(), time.monotonic_ns()

    def now(self) -> int:
        """Nanoseconds since the epoch.

        Raises:
            StreamError: The clock was set since the last call, so that stamps no longer
                mean what they meant.
        """
        wall, steady = time.time_ns(), time.monotonic_ns()
        step = (wall - self._wall) - (steady - self._steady)
        self._wall, self._steady = wall, steady
        if abs(step) > CLOCK_STEP * NANOSECONDS:
            raise StreamError(
                f"the system clock was set by {step / NANOSECONDS:.2f} s: stopped. "
                "Fix: stream again when the clock is settled"
            )
        return wall

    def wait_until(self, moment: int, stop: threading.Event) -> None:
        """Sleep until `moment` [ns] or until `stop` is set."""
        remaining = (moment - self.now()) / NANOSECONDS
        if remaining > 0:
            stop.wait(remaining)


@dataclass(frozen=True)
class PlayResult:
    """What was sent.

    Attributes:
        completed: Whether the last sample was sent.
        messages: Messages sent, all controllers together.
        seconds: How long it took, approach included [s].
        latest: By how much the latest message left after its time [s].
    """

    completed: bool
    messages: int
    seconds: float
    latest: float


class Player:
    """Plays one path on the controllers of one robot.

    Args:
        path: All joints by wire name, from `guard.clear`.
        robot: Its controllers and limits.
        publisher: Where messages go.
        clock: The controller's clock.
        rate: Messages per second and controller [Hz], 10 to 200.
        horizon: Path sent ahead at full speed [s], three periods to 1.

    Raises:
        StreamError: Rate or horizon is out of range, or a joint has no limits.
    """

    def __init__(
        self,
        path: JointTrajectory,
        robot: RobotSpec,
        publisher: Publisher,
        clock: Clock | None = None,
        rate: float = RATE,
        horizon: float = HORIZON,
    ) -> None:
        if not 10 <= rate <= 200:
            raise StreamError(f"--rate {rate:g} Hz. Fix: give 10 to 200")
        if not 3 / rate <= horizon <= 1:
            raise StreamError(f"--horizon {horizon:g} s. Fix: give {3 / rate:g} to 1")
        self.path, self.robot, self.publisher = path, robot, publisher
        self.horizon = horizon
        self.clock = clock or SystemClock()
        self.period = 1 / rate
        self.period_ns = round(NANOSECONDS / rate)
        self.controllers = served_controllers(path, robot)
        self.guard = MessageGuard(robot)
        self.brake = brake_seconds(
            path, _by_wire_name(robot, path, "acceleration_limit")
        )
        self.messages, self.latest = 0, 0.0

    @property
    def approach_seconds(self) -> float:
        """Time given to reach the start from anywhere inside the limits [s].

        A cubic from rest to rest has 1.5 times its mean speed in the middle, hence
        1.5 · range / velocity limit of the slowest joint.
        """
        span = _by_wire_name(self.robot, self.path, "upper") - _by_wire_name(
            self.robot, self.path, "lower"
        )
        speed = _by_wire_name(self.robot, self.path, "velocity_limit")
        return max(0.5, float((1.5 * span / speed).max()))

    def play(
        self,
        stop: threading.Event | None = None,
        on_status: Callable[[str, float], None] | None = None,
    ) -> PlayResult:
        """Lead the hands to the start, then play to the end or until `stop` is set.

        When stopped, or on any error, the hands brake along the path and hold. During
        the approach there is no path yet: they finish it and hold at the start.

        Args:
            stop: Set from outside (a signal handler) to end early.
            on_status: Called each period with "approach" or "play" and the fraction
                done.

        Raises:
            StreamError: A message was refused on its way out, a controller went away,
                or the stream fell behind; the hands brake.
        """
        stop = stop or threading.Event()
        status = on_status or (lambda phase, fraction: None)
        began = self.clock.now()
        approach = self.approach_seconds
        start, _ = self.path.sample(0.0)
        rest = (np.zeros(1), start[None], np.zeros_like(start)[None])
        self._send(rest, began, approach)
        begins = began + round(approach * NANOSECONDS)
        while self.clock.now() < begins and not stop.is_set():
            status("approach", 1 - (begins - self.clock.now()) / NANOSECONDS / approach)
            self.clock.wait_until(
                min(begins, self.clock.now() + round(0.1 * NANOSECONDS)), stop
            )
        if stop.is_set():
            return self._result(False, began)
        # At rest at the start, so the path may begin whenever this process is awake.
        return self._roll(self.clock.now(), began, stop, status)

    def _roll(
        self,
        begins: int,
        began: int,
        stop: threading.Event,
        status: Callable[[str, float], None],
    ) -> PlayResult:
        """Send the path period by period; `begins` is when path time 0 is [ns]."""
        lead = LEAD_PERIODS * self.period
        tick, sent = 0, begins
        try:
            while True:
                due = begins + tick * self.period_ns
                self.clock.wait_until(due, stop)
                now = self.clock.now()
                self._check_pace(now, sent)
                if stop.is_set():
                    self._hold(now, begins, sent)
                    return self._result(False, began)
                alone = self.publisher.unheard()
                if alone:
                    raise StreamError(f"nobody listens on {alone[0]} any more: stopped")
                self.latest = max(self.latest, (now - due) / NANOSECONDS)
                # Path time of the first point, from the clock and not from counting:
                # a late message skips ahead instead of letting the robot lag.
                at = (now - begins) / NANOSECONDS + lead
                self._send(piece(self.path, at, self.horizon, self.brake), now, lead)
                sent = now
                status("play", min(1.0, at / self.path.duration))
                if at >= self.path.duration:
                    break
                tick = (now - begins) // self.period_ns + 1
        except BaseException:
            self._hold(self.clock.now(), begins, sent)
            raise
        return self._result(True, began)

    def _check_pace(self, now: int, sent: int) -> None:
        """Refuse to go on where the controllers have begun to brake by themselves.

        Args:
            now: [ns].
            sent: When the last message left [ns].
        """
        behind = (now - sent) / NANOSECONDS
        if not 0 <= behind <= self.horizon:
            raise StreamError(
                f"the clock moved by {behind:.2f} s between two messages, so the hands "
                "have braked on their own. Fix: stream again from the start; a machine "
                "that stalls or sets its clock cannot stream"
            )

    def _hold(self, now: int, begins: int, sent: int) -> None:
        """Brake along the path at once, unless the controllers already do."""
        if 0 <= now - sent <= self.horizon * NANOSECONDS:
            lead = LEAD_PERIODS * self.period
            at = (now - begins) / NANOSECONDS + lead
            self._send(piece(self.path, at, 0.0, self.brake), now, lead)

    def _send(self, points: Piece, stamp: int, lead: float) -> None:
        """Publish one piece to every controller, its first point `lead` s ahead."""
        time_from_start, positions, velocities = points
        for controller in self.controllers:
            message = joint_trajectory_message(
                controller,
                self.path.joint_names,
                time_from_start + lead,
                positions,
                velocities,
                stamp,
            )
            self.guard.check(message)
            broken = violations(message, controller.joints, stamp)
            if broken:
                raise StreamError(f"{controller.name} would refuse: {broken[0]}")
            self.publisher.publish(topic(controller), message)
            self.messages += 1

    def _result(self, completed: bool, began: int) -> PlayResult:
        seconds = (self.clock.now() - began) / NANOSECONDS
        return PlayResult(completed, self.messages, seconds, self.latest)


def _by_wire_name(robot: RobotSpec, path: JointTrajectory, field: str) -> np.ndarray:
    """(n,) a `HandSpec` array in the order of the path's joints."""
    values = {
        name: value
        for hand in robot.hands.values()
        for name, value in zip(hand.wire_names, getattr(hand, field))
    }
    missing = [name for name in path.joint_names if name not in values]
    if missing:
        raise StreamError(f"{missing[0]}: no limits are known for this joint")
    return np.array([values[name] for name in path.joint_names])
