"""A motion being performed, in one of two ways; no ROS in here.

`TopicPerformance` renews a rolling horizon on each controller's topic (the `Player` of
`handx.streaming`). `ActionPerformance` gives each controller one FollowJointTrajectory goal
with the same start stamp. Both begin by leading the hands from where they are measured,
stop by themselves when something is wrong, and are moved by `tick`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from handx.streaming.clock import Clock
from handx.streaming.encoders import (
    joint_trajectory_message,
    served_controllers,
    topic,
)
from handx.streaming.errors import StreamError
from handx.streaming.feedback import Feedback, Supervision
from handx.streaming.guard import HorizonGuard
from handx.streaming.horizon import (
    NANOSECONDS,
    Horizon,
    plan,
    rest_to_rest,
    standing,
    start_of,
)
from handx.streaming.limits import JointLimits
from handx.streaming.motion_path import MotionPath
from handx.streaming.outlet import Publisher
from handx.streaming.player import Player
from handx.streaming.states import MOVING, State
from handx_gen.errors import HandxError
from handx_ros.goal_group import GoalGroup
from retarget.trajectory import JointTrajectory
from robots.robot import RobotSpec

PATIENCE = 6.0
"""How long the first fresh state of every joint, and whoever is to take commands, are
waited for [s]: to nodes that have just started, Fast DDS speaks again after 3 s."""

SETTLE = 0.5
"""So long controllers that had to be waited for are left alone then [s]: Fast DDS loses
the answer of an action server to a client that it has not discovered itself yet."""

WHOLE = 1e6
"""A horizon of so many seconds is the whole path."""


@dataclass(frozen=True)
class Ended:
    """How a performance ended.

    Attributes:
        completed: Played to its end.
        message: Why not.
        seconds: How long it took [s].
    """

    completed: bool
    message: str
    seconds: float


@dataclass(frozen=True)
class Settings:
    """How motions are performed.

    Attributes:
        rate: Messages per second and controller [Hz].
        horizon: Path sent ahead [s].
        margin: Distance kept from position limits [rad].
        stale: Older joint states are none [s].
        start_delay: From sending goals to their common start [s].
        goal_time: How late a controller may be at the end [s].
    """

    rate: float = 50.0
    horizon: float = 0.16
    margin: float = 0.0
    stale: float = 0.2
    start_delay: float = 0.3
    goal_time: float = 1.0


def commanded_path(
    trajectory: JointTrajectory, robot: RobotSpec, margin: float
) -> MotionPath:
    """The joints of a cleared trajectory that controllers take, as a closed path."""
    controllers = served_controllers(trajectory.joint_names, robot)
    names = tuple(joint for c in controllers for joint in c.joints)
    return MotionPath.of(trajectory, JointLimits.of(robot, names, margin))


class Commands(Publisher, Protocol):
    """Where messages go, and who is there to take them."""

    def heard(self, topic: str) -> bool:
        """Whether anybody listens to a topic, used or not."""
        ...


class TopicPerformance:
    """A motion as a stream.

    Args:
        path: From `commanded_path`.
        robot: Its controllers.
        publisher: Where messages go.
        clock: The controllers' clock.
        settings: How.
        deadman: Longest silence of what the path comes from [s]; None where it is known.
    """

    def __init__(
        self,
        path: MotionPath,
        robot: RobotSpec,
        publisher: Commands,
        clock: Clock,
        settings: Settings,
        deadman: float | None = None,
    ) -> None:
        self._publisher = publisher
        self._clock, self._began = clock, clock.now()
        supervision = Supervision(stale=settings.stale, deadman=deadman)
        self._player = Player(
            path, robot, publisher, clock, settings.rate, settings.horizon, supervision
        )
        self.ended: Ended | None = None

    @property
    def phase(self) -> str:
        """One of "approach", "play" and "hold"."""
        state = self._player.state
        if state in (State.DISARMED, State.APPROACH):
            return "hold" if self.ended else "approach"
        return "play" if state in (*MOVING, State.READY) else "hold"

    @property
    def fraction(self) -> float:
        """Done of the phase."""
        return self._player.status().fraction

    @property
    def at_rest(self) -> bool:
        """Whether the hands stand, as far as was sent."""
        return self._clock.now() >= self._player.outlet.active.end

    def on_joint_state(
        self,
        names: Sequence[str],
        position: Sequence[float],
        effort: Sequence[float],
        stamp: int,
    ) -> None:
        """Take in a measured state."""
        self._player.on_joint_state(names, position, effort, stamp)

    def tick(self) -> None:
        """One period."""
        player = self._player
        if self.ended is None and player.state is State.DISARMED:
            self._begin()
        status = player.tick()
        if self.ended is None and status.state is State.READY and self.at_rest:
            self._end(True, "")
        elif self.ended is None and status.state in (State.HOLD, State.ESTOP):
            self._end(False, status.reason)

    def hold(self, why: str) -> None:
        """Brake along the path and stay."""
        self._player.hold(why)
        self._end(False, why)

    def _begin(self) -> None:
        now = self._clock.now()
        late = now - self._began > PATIENCE * NANOSECONDS
        topics = [topic(c) for c in self._player.outlet.controllers]
        deaf = [name for name in topics if not self._publisher.heard(name)]
        if (self._player.feedback.missing(now) or deaf) and not late:
            return
        if deaf:
            self._end(False, f"nobody listens on {deaf[0]}. Fix: start the controllers")
            return
        try:
            self._player.arm()
            self._player.play()
        except StreamError as error:
            self._end(False, str(error))

    def _end(self, completed: bool, message: str) -> None:
        if self.ended is None:
            seconds = (self._clock.now() - self._began) / NANOSECONDS
            self.ended = Ended(completed, message, seconds)


class GoalSender(Protocol):
    """Sends FollowJointTrajectory goals; its callbacks may come from any thread."""

    def ready(self, controller: str) -> bool:
        """Whether the controller's action server is there."""
        ...

    def send(
        self,
        controller: str,
        trajectory: Mapping[str, Any],
        goal_time: float,
        group: GoalGroup,
    ) -> None:
        """Send one goal and report what becomes of it to the group."""
        ...


class ActionPerformance:
    """A motion as one goal per controller.

    Args:
        path: From `commanded_path`.
        robot: Its controllers.
        sender: Where goals go.
        clock: The controllers' clock.
        settings: How.

    Raises:
        StreamError: A controller takes no trajectories.
    """

    def __init__(
        self,
        path: MotionPath,
        robot: RobotSpec,
        sender: GoalSender,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._path, self._sender, self._settings = path, sender, settings
        self._clock, self._began = clock, clock.now()
        self._controllers = served_controllers(path.joint_names, robot)
        for controller in self._controllers:
            if controller.interface != "joint_trajectory":
                raise StreamError(
                    f"{controller.name} takes no FollowJointTrajectory goals. Fix: set "
                    "transport to topic"
                )
        self._feedback = Feedback(path.limits, Supervision(stale=settings.stale))
        self._group: GoalGroup | None = None
        self._sent: Horizon | None = None
        self._waited = self._arrives = 0
        self._off = ""
        self.ended: Ended | None = None

    @property
    def phase(self) -> str:
        """One of "approach", "play" and "hold"."""
        if self._off or self.ended:
            return "hold"
        return (
            "play" if self._sent and self._clock.now() > self._arrives else "approach"
        )

    @property
    def fraction(self) -> float:
        """Done of the phase."""
        if self._sent is None:
            return 0.0
        now, begins = self._clock.now(), int(self._sent.time[0])
        first, last = begins, self._arrives
        if now > self._arrives:
            first, last = self._arrives, self._sent.end
        return min(1.0, max(0.0, (now - first) / max(1, last - first)))

    @property
    def at_rest(self) -> bool:
        """Whether no controller follows a goal any more."""
        return self._group is None or self._group.over

    def on_joint_state(
        self,
        names: Sequence[str],
        position: Sequence[float],
        effort: Sequence[float],
        stamp: int,
    ) -> None:
        """Take in a measured state."""
        now = self._clock.now()
        self._feedback.update(names, position, effort, stamp, now)

    def tick(self) -> None:
        """Look at the clock and at the hands."""
        now = self._clock.now()
        if self.ended is not None and self._group is None:
            return
        if self._group is None or self._sent is None:
            self._begin(now)
            return
        self._group.check(now)
        if self.ended is None and now > self._sent.time[0]:
            self._feedback.told(now, self._sent.sample(now)[0])
            wrong = (
                self._feedback.missing(now)
                or self._feedback.strained(now)
                or self._feedback.astray()
            )
            if wrong:
                self.hold(wrong)

    def hold(self, why: str) -> None:
        """Cancel every goal; each controller then stops as it is set up to."""
        self._off = self._off or why
        if self._group is None:
            self._end(why)
        else:
            self._group.call_off(why)

    def _begin(self, now: int) -> None:
        missing = self._feedback.missing(now)
        absent = [c.name for c in self._controllers if not self._sender.ready(c.name)]
        if missing or absent:
            self._waited = now
            if now - self._began < PATIENCE * NANOSECONDS:
                return
        elif self._waited and now - self._waited < SETTLE * NANOSECONDS:
            return
        if missing or absent:
            self._end(
                missing
                or f"no action /{absent[0]}/follow_joint_trajectory. Fix: start "
                "the controllers, or set transport to topic"
            )
            return
        begins = now + round(self._settings.start_delay * NANOSECONDS)
        try:
            self._sent = sent = self._whole(begins)
        except HandxError as error:
            self._end(str(error))
            return
        names = [controller.name for controller in self._controllers]
        self._group = group = GoalGroup(names, begins, sent.end, self._end)
        for controller in self._controllers:
            # The stamp is now and the first point, at the common start, where the hands
            # are: a controller that has accepted alone waits there and moves nothing.
            message = joint_trajectory_message(
                controller, self._path.joint_names, sent.time - now, sent.positions,
                sent.velocities, now,
            )  # fmt: skip
            self._sender.send(controller.name, message, self._settings.goal_time, group)

    def _whole(self, begins: int) -> Horizon:
        """From where the hands are measured to the end of the path, inside all limits.

        Raises:
            HandxError: It would break a limit.
        """
        limits, measured = self._path.limits, self._feedback.position.copy()
        wide = replace(
            limits,
            lower=limits.lower.clip(max=measured),
            upper=limits.upper.clip(min=measured),
            margin=0.0,
        )
        start, _ = self._path.sample(0.0)
        _, move = rest_to_rest(measured, start, limits)
        way = MotionPath.of(move, wide)
        first = plan(way, start_of(way, begins, 0.0), 1.0, WHOLE, limits)
        self._arrives = first.end
        path_start = start_of(self._path, first.end, 0.0)
        whole = first.joined(plan(self._path, path_start, 1.0, WHOLE, limits))
        # The controller's own bound is the smallest float, not a small number.
        whole.velocities[-1] = 0.0
        HorizonGuard(limits).check(whole, standing(begins, measured, 0.0), measured)
        return whole

    def _end(self, why: str) -> None:
        if self.ended is None:
            seconds = (self._clock.now() - self._began) / NANOSECONDS
            self.ended = Ended(not why, why, seconds)


Done = Callable[[Ended], None]
