"""What the streamer decides: which motion may move the hands, when, and when not.

One performance at a time; a newer motion brakes the older one first. Hold and emergency
stop are latched until re-armed or reset. No ROS in here: the node gives it a clock, a
publisher, a sender of goals and joint states, and calls `tick`.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handx.streaming.clock import Clock
from handx.streaming.errors import StreamError
from handx.streaming.guard import clear
from handx.streaming.live_feed import LiveFeed
from handx.streaming.motion_path import MotionPath
from handx_gen.errors import HandxError
from handx_ros.live_performance import LIVE, LivePerformance
from handx_ros.motions import Motions
from handx_ros.performance import (
    ActionPerformance,
    Commands,
    Done,
    Ended,
    GoalSender,
    Settings,
    TopicPerformance,
    commanded_path,
)
from retarget.trajectory import BimanualTrajectory
from robots.errors import RobotError
from robots.robot import RobotSpec
from sim.report import SimReport

NEWER = "a newer motion took its place"


@dataclass(frozen=True)
class Snapshot:
    """Where the streamer stands.

    Attributes:
        state: "idle", "approach", "play", "hold", "fault" or "estop".
        motion_id: What is performed, or was last.
        fraction: Of the phase.
        message: Why it holds.
    """

    state: str
    motion_id: str
    fraction: float
    message: str


@dataclass
class _Request:
    """A motion that somebody wants performed."""

    motion_id: str
    transport: str
    done: Done
    path: MotionPath | None = None
    feed: LiveFeed | None = None
    problem: str = ""
    over: bool = False
    heard: int = 0

    def end(self, ended: Ended) -> None:
        """Tell its asker once."""
        if not self.over:
            self.over = True
            if self.feed is not None:
                self.feed.link.end()
            self.done(ended)

    def ready(self) -> bool:
        """Whether it can begin, or cannot any more."""
        if self.feed is not None:
            self.feed.poll()
            self.problem = self.feed.gone
            return self.feed.ready or bool(self.problem)
        return bool(self.path or self.problem)


class Streamer:
    """Moves the hands of one robot.

    Args:
        robot: The robot.
        motions: Where motions lie.
        clock: The controllers' clock.
        publisher: Of trajectories.
        sender: Of goals.
        settings: How motions are performed.
        connect: Begins a live session; None where words are not taken.

    Every method may be called from any thread.
    """

    def __init__(
        self,
        robot: RobotSpec,
        motions: Motions,
        clock: Clock,
        publisher: Commands,
        sender: GoalSender,
        settings: Settings,
        connect: Callable[[], LiveFeed] | None = None,
    ) -> None:
        self.connect = connect
        self.robot, self.motions, self.clock = robot, motions, clock
        self.publisher, self.sender, self.settings = publisher, sender, settings
        self._lock = threading.RLock()
        self._now: TopicPerformance | ActionPerformance | None = None
        self._request: _Request | None = None
        self._next: _Request | None = None
        self._hold = ""
        self._fault = ""
        self._stopped = False

    def refuses(self, motion_id: str) -> str:
        """Why no motion, or not this one, may be asked for now; or ""."""
        why = self._latched()
        if why:
            return why
        try:
            self.motions.found(motion_id)
        except StreamError as error:
            return str(error)
        return ""

    def _latched(self) -> str:
        """What must be undone before anything may move, or ""."""
        with self._lock:
            if self._stopped:
                return "emergency stop: reset it with ~/estop"
            if self._hold:
                return f"holding ({self._hold}): re-arm with ~/rearm"
        return ""

    def perform(self, motion_id: str, transport: str, done: Done) -> None:
        """Perform a motion as soon as the hands are free; returns at once.

        Args:
            motion_id: Which.
            transport: "topic" or "action".
            done: Told how it ended, from `tick` or from whoever holds.
        """
        request = _Request(motion_id, transport, done)
        self._queue(request)
        # Reading and judging a trajectory takes a while; nobody's callback waits for it.
        threading.Thread(target=self._load, args=(request,), daemon=True).start()

    def say(self, text: str, done: Done) -> str:
        """Have the hands do this now, in the session that runs or in a new one.

        Args:
            text: What they should do.
            done: Told how a session that this begins ended.

        Returns:
            Why not, or "". What the engine makes of the text is told by `news`.
        """
        with self._lock:
            why = self._latched()
            if why or self.connect is None:
                return why or "this streamer takes no words"
            feed = self._feed()
            if feed is None:
                feed = self.connect()
                self._queue(_Request(LIVE, "topic", done, feed=feed))
            feed.say(text)
            return ""

    def rest(self) -> str:
        """Bring hands that words move to rest; returns why not, or ""."""
        with self._lock:
            feed = self._feed()
            if feed is None:
                return "nothing is done live"
            feed.rest()
            return ""

    def news(self) -> list[str]:
        """What could not be done live, since the last call."""
        with self._lock:
            request = self._request
            if request is None or request.feed is None:
                return []
            words = request.feed.words
            refused = [w.refused for w in words if w.refused]
            fresh, request.heard = refused[request.heard :], len(refused)
            return [*fresh, *request.feed.news()]

    def _feed(self) -> LiveFeed | None:
        """The one that begins, or else the one that moves the hands."""
        if self._next is not None:
            return self._next.feed
        if self._request is None or self._request.over:
            return None
        return self._request.feed

    def _queue(self, request: _Request) -> None:
        """What was waiting is over; what moves brakes."""
        with self._lock:
            waiting, self._next = self._next, request
            if waiting is not None:
                waiting.end(Ended(False, NEWER, 0.0))
            if self._now is not None and self._now.ended is None:
                self._now.hold(NEWER)

    def call_off(self, done: Done) -> None:
        """Stop the motion that was asked for with this `done`; the hands brake."""
        with self._lock:
            if self._next is not None and self._next.done == done:
                waiting, self._next = self._next, None
                waiting.end(Ended(False, "cancelled", 0.0))
            elif self._request is not None and self._request.done == done:
                if self._now is not None:
                    self._now.hold("cancelled")

    def hold(self, why: str) -> None:
        """Stop everything and stay, until re-armed."""
        with self._lock:
            self._hold = self._hold or why
            if self._now is not None and self._now.ended is None:
                self._now.hold(why)
            if self._next is not None:
                waiting, self._next = self._next, None
                waiting.end(Ended(False, why, 0.0))

    def rearm(self) -> str:
        """Let motions move the hands again; returns why not, or ""."""
        with self._lock:
            if self._stopped:
                return "emergency stop: reset it with ~/estop first"
            if not self.at_rest():
                return "the hands are not yet at rest"
            self._hold = self._fault = ""
            return ""

    def estop(self, on: bool) -> None:
        """Latch the emergency stop, or unlatch it; then the hands hold until re-armed."""
        with self._lock:
            if on:
                self._stopped = True
                self.hold("emergency stop")
            elif self._stopped:
                self._stopped = False

    def at_rest(self) -> bool:
        """Whether nothing moves, as far as was sent."""
        with self._lock:
            return self._now is None or self._now.at_rest

    def on_joint_state(
        self,
        names: Sequence[str],
        position: Sequence[float],
        effort: Sequence[float],
        stamp: int,
    ) -> None:
        """Take in a measured state."""
        with self._lock:
            if self._now is not None:
                self._now.on_joint_state(names, position, effort, stamp)

    def tick(self) -> Snapshot:
        """One period: renew what is sent, tell who asked, begin what waits."""
        with self._lock:
            if self._now is not None:
                self._now.tick()
                ended, request = self._now.ended, self._request
                if ended is not None and request is not None and not request.over:
                    # What stopped by itself, and not on anyone's wish, is a fault.
                    wished = ended.message in ("cancelled", NEWER, self._hold)
                    if not ended.completed and not wished:
                        self._fault = ended.message
                        self._hold = self._hold or ended.message
                    request.end(ended)
            self._begin()
            return self._snapshot()

    def _begin(self) -> None:
        request = self._next
        if request is None or not request.ready():
            return
        if self._now is not None and not self._now.at_rest:
            return
        self._next = None
        try:
            self._now = self._performance(request)
        except StreamError as error:
            request.end(Ended(False, str(error), 0.0))
            return
        self._request = request

    def _performance(self, request: _Request) -> TopicPerformance | ActionPerformance:
        """Begin what was asked for.

        Raises:
            StreamError: It cannot be.
        """
        clock, settings, path = self.clock, self.settings, request.path
        if request.feed is not None and not request.problem:
            return LivePerformance(request.feed, self.publisher, clock, settings)
        if path is None:
            raise StreamError(request.problem)
        if request.transport == "action":
            return ActionPerformance(path, self.robot, self.sender, clock, settings)
        return TopicPerformance(path, self.robot, self.publisher, clock, settings)

    def _load(self, request: _Request) -> None:
        """Read and judge a motion; only an unedited PASS for this robot gets a path."""
        try:
            folder = self.motions.found(request.motion_id)
            trajectory = BimanualTrajectory.load(folder / "trajectory.npz")
            report = SimReport.load(folder / "report.json")
            cleared = clear(trajectory, self.robot, report, where=request.motion_id)
            request.path = commanded_path(cleared, self.robot, self.settings.margin)
        except (HandxError, RobotError) as error:
            request.problem = str(error)
        except Exception as error:  # whatever it is, the asker must hear of it
            request.problem = f"{type(error).__name__}: {error}"

    def _snapshot(self) -> Snapshot:
        motion = self._request.motion_id if self._request is not None else ""
        fraction, state = 0.0, "idle"
        if self._now is not None and self._now.ended is None:
            fraction, state = self._now.fraction, self._now.phase
        message = ""
        if self._stopped:
            state, message = "estop", self._hold
        elif self._hold:
            state, message = ("fault" if self._fault else "hold"), self._hold
        return Snapshot(state, motion, fraction, message)
