"""`Player`: plays a path on a robot's controllers, always one brake away from rest.

The one implementation behind `handx stream`, `handx live` and the ROS nodes. It knows no
transport: messages leave through a `Publisher`, time comes from a `Clock`, measured states
are handed to `on_joint_state`, and `tick` is called once per period, by `run` or by a
timer of a ROS node.
    player = Player(path, robot, publisher)
    player.on_joint_state(names, position, effort, stamp)   # whenever one is heard
    player.arm(); player.play()                             # refuses without fresh state
    player.tick()                                           # every `player.period`

Every period each controller gets a message with the same absolute stamp: the next 0.16 s
of the path and a braking tail. Its first points are those of the message before, so that
it makes no difference when exactly it arrives. If the stream dies, the hands brake along
the path by themselves; a stream that comes back later than that is not taken up again.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from handx.streaming.clock import Clock, SystemClock
from handx.streaming.encoders import served_controllers
from handx.streaming.errors import ClockSet, StreamError
from handx.streaming.feedback import Feedback, Supervision
from handx.streaming.horizon import NANOSECONDS, rest_to_rest, start_of
from handx.streaming.motion_path import MotionPath
from handx.streaming.outlet import Outlet, Publisher
from handx.streaming.states import MOVING, Event, State, after
from handx.streaming.status import PlayResult, Status
from handx_gen.errors import HandxError
from robots.robot import RobotSpec

RATE = 50.0
"""Messages per second and controller [Hz]."""

HORIZON = 0.16
"""Path sent ahead at full speed [s]; on loss of the stream the hands go on for this
long before they brake. Enough on one machine or a good network; 0.4 s over radio."""

BLEND_IN = 0.2
"""An approach begins this far ahead, at rest [s]: a controller leads its own reference,
which may be a little off the measured pose, there; and a late first message is no jump."""

ON_REQUEST = "stopped on request"
"""Why a run ended that was asked to."""

OUTSIDE = 0.1
"""A hand measured further outside its limits than this is not moved [rad]."""


class Player:
    """Plays a `MotionPath`.

    Args:
        path: Joints, limits and motion; closed, or growing while it is played.
        robot: Its controllers; each one's joints must be on the path wholly or not at all.
        publisher: Where messages go.
        clock: The controllers' clock.
        rate: Ticks per second [Hz], 10 to 500.
        horizon: Path sent ahead at full speed [s], three periods to 1.
        supervision: When to stop by itself.

    Every method may be called from any thread.

    Raises:
        StreamError: Rate or horizon is out of range, or no controller takes the joints.
    """

    def __init__(
        self,
        path: MotionPath,
        robot: RobotSpec,
        publisher: Publisher,
        clock: Clock | None = None,
        rate: float = RATE,
        horizon: float = HORIZON,
        supervision: Supervision | None = None,
    ) -> None:
        if not 10 <= rate <= 500:
            raise StreamError(f"--rate {rate:g} Hz. Fix: give 10 to 500")
        if not 3 / rate <= horizon <= 1:
            raise StreamError(f"--horizon {horizon:g} s. Fix: give {3 / rate:g} to 1")
        self.path, self.robot, self.publisher = path, robot, publisher
        self.clock = clock or SystemClock()
        self.horizon, self.period = horizon, 1 / rate
        self._period_ns = round(NANOSECONDS / rate)
        self.controllers = served_controllers(path.joint_names, robot)
        self.supervision = supervision or Supervision()
        self.feedback = Feedback(path.limits, self.supervision)
        self.outlet = Outlet(path, self.controllers, publisher, self._period_ns)
        self.state, self.reason = State.DISARMED, ""
        self._lock = threading.RLock()
        self._goal = 1.0
        self._alive = 0
        self._at = -np.inf

    def on_joint_state(
        self,
        names: Sequence[str],
        position: Sequence[float],
        effort: Sequence[float],
        stamp: int,
    ) -> None:
        """Take in one `sensor_msgs/msg/JointState`; late and repeated ones do not count.

        Args:
            names: Joints, in any order; others than the commanded are passed over.
            position: Same length [rad].
            effort: Same length [N·m], or empty.
            stamp: Of its header [ns]; 0 is taken as now.
        """
        with self._lock:
            self.feedback.update(names, position, effort, stamp, self._now())

    def alive(self) -> None:
        """Say that the source of the motion is there (see `Supervision.deadman`)."""
        with self._lock:
            self._alive = self._now()

    def arm(self) -> None:
        """Get ready to move, also after a hold.

        Raises:
            StreamError: There is no fresh state of every joint, or an emergency stop is
                latched.
        """
        with self._lock:
            target = after(self.state, Event.ARM)
            self._refuse_without_state(self._now())
            self.state, self.reason = target, ""

    def play(self, restart: bool = False) -> None:
        """Lead the hands to the path and play it.

        After a hold it goes on where it stopped.

        Args:
            restart: Begin the path anew.

        Raises:
            StreamError: Not armed, no fresh state, nothing to play, or a joint is measured
                too far outside its limits.
        """
        with self._lock:
            target = after(self.state, Event.PLAY)
            now = self._now()
            self._refuse_without_state(now)
            grid = self.path.grid
            if grid is None:
                raise StreamError("there is nothing to play yet")
            self._at = float(np.clip(self._at, grid.s[0], grid.s[-1]))
            if restart or (grid.closed and self._at == grid.s[-1]):
                self._at = float(grid.s[0])
            self._approach(now)
            self.state, self._alive = target, now
            self._extend(now)

    def pause(self) -> None:
        """Brake along the path and wait; during an approach: hold."""
        with self._lock:
            target = after(self.state, Event.PAUSE)
            if target is State.HOLD:
                self._stop(Event.HOLD, "paused during the approach")
            else:
                self.state = target

    def resume(self) -> None:
        """Go on after a pause.

        Raises:
            StreamError: It is not paused.
        """
        with self._lock:
            self.state = after(self.state, Event.RESUME)

    def speed(self, share: float) -> None:
        """Play at a share of the planned speed from now on, above 0 to 1."""
        with self._lock:
            if not 0.01 <= share <= 1:
                raise StreamError(f"speed {share:g}. Fix: give 0.01 to 1")
            self._goal = share**2

    def hold(self, reason: str = "asked to hold") -> None:
        """Brake along the path at once and stay there until `arm`.

        Also for faults that only the outside can see, e.g. a controller that aborted its
        goal: all controllers stop.
        """
        with self._lock:
            if self.state in (*MOVING, State.READY):
                self._stop(Event.HOLD, reason)

    def disable(self) -> None:
        """Brake and send nothing more. Taking torque off is the driver's own service."""
        with self._lock:
            self._stop(Event.DISABLE, "")

    def estop(self, reason: str = "emergency stop") -> None:
        """Brake at once and latch. This is software: the hardware's own stop is another."""
        with self._lock:
            self._stop(Event.ESTOP, reason)

    def reset_estop(self) -> None:
        """Unlatch; nothing moves until `arm` and `play`."""
        with self._lock:
            self.state, self.reason = after(self.state, Event.RESET), ""

    def tick(self) -> Status:
        """Look at the feedback, send the next horizon. Call it once per period."""
        with self._lock:
            try:
                now = self.clock.now()
            except ClockSet as error:
                self._clock_set(error)
                return self.status()
            if self.state in MOVING:
                self._move(now)
            self.outlet.setpoints(now)
            return self._status(now)

    def status(self) -> Status:
        """Where it stands."""
        with self._lock:
            return self._status(self._now())

    def run(
        self,
        stop: threading.Event | None = None,
        on_status: Callable[[Status], None] | None = None,
        poll: Callable[[], None] | None = None,
    ) -> PlayResult:
        """Tick until the path is played, or something stopped it, and all stands.

        Args:
            stop: Set from outside (a signal handler) to hold.
            on_status: Called after every tick.
            poll: Called before every tick, to take in what was heard.
        """
        stop = stop or threading.Event()
        began = due = self._now()
        latest = 0.0
        while True:
            self.clock.wait_until(due, stop if not stop.is_set() else threading.Event())
            if poll is not None:
                poll()
            if stop.is_set():
                self.hold(ON_REQUEST)
            status = self.tick()
            if on_status is not None:
                on_status(status)
            now = self._now()
            if self.state in MOVING:
                latest = max(latest, (now - due) / NANOSECONDS)
            elif now >= self.outlet.active.end:
                break
            due += self._period_ns * max(1, -((due - now) // self._period_ns))
        seconds = (now - began) / NANOSECONDS
        return PlayResult(
            self.state is State.READY,
            self.reason,
            self.outlet.messages,
            seconds,
            latest,
        )

    def _now(self) -> int:
        """The time, whatever was done to the clock; `tick` deals with that."""
        try:
            return self.clock.now()
        except ClockSet as error:
            self._clock_set(error)
            return self.clock.now()

    def _status(self, now: int) -> Status:
        active, grid = self.outlet.active, self.outlet.path.grid
        s = float(np.interp(now, active.time, active.s))
        rate = float(np.interp(now, active.time, np.sqrt(active.w)))
        fraction = 0.0
        if grid is not None and grid.closed:
            fraction = float(np.clip((s - grid.s[0]) / np.ptp(grid.s), 0, 1))
        if now >= active.end:
            rate = 0.0
        if self.outlet.path is not self.path:
            s = self._at
        return Status(self.state, self.reason, fraction, s, rate, self.path.queued)

    def _refuse_without_state(self, now: int) -> None:
        missing = self.feedback.missing(now)
        if missing:
            raise StreamError(
                f"{missing}. Fix: start the driver or joint_state_broadcaster that "
                "publishes /joint_states"
            )

    def _approach(self, now: int) -> None:
        """Prepare the move from where the hands are to the path."""
        limits, measured = self.path.limits, self.feedback.position.copy()
        gap = np.maximum(limits.lower - measured, measured - limits.upper)
        j = int(gap.argmax())
        if gap[j] > OUTSIDE + limits.margin:
            raise StreamError(
                f"{limits.names[j]} is measured {gap[j]:.2f} rad outside its limits. "
                "Fix: check its calibration, or move it by hand"
            )
        wide = replace(
            limits, lower=np.minimum(limits.lower, measured),
            upper=np.maximum(limits.upper, measured), margin=0.0,
        )  # fmt: skip
        _, move = rest_to_rest(measured, self.path.sample(self._at)[0], limits)
        way = MotionPath.of(move, wide)
        blended = now + round(BLEND_IN * NANOSECONDS)
        self.outlet.begin(way, start_of(way, blended, 0.0), measured, blended)
        self.path.committed = self._at
        self.feedback.forget_told()

    def _move(self, now: int) -> None:
        """One period of a state that moves."""
        active = self.outlet.active
        self.feedback.told(now, active.sample(now)[0])
        if active.brakes < min(now, active.end):
            behind = (now - active.brakes) / NANOSECONDS
            self._stop(
                Event.HOLD,
                f"the stream came {behind:.2f} s too late, so the hands have braked on "
                "their own",
            )
            return
        problem, retreat = self._problem(now)
        if problem:
            self._stop(Event.HOLD, problem, retreat)
            return
        if now >= active.end and active.s[-1] == self.outlet.path.end:
            if self.state is State.APPROACH:
                self.state = after(self.state, Event.ARRIVED)
                begins = start_of(self.path, now + self._period_ns, self._at)
                self.outlet.begin(self.path, begins)
            elif self.state is State.PLAYING and self.path.closed:
                self.state, self._at = after(self.state, Event.END), self.path.end
                return
        self._extend(now)

    def _problem(self, now: int) -> tuple[str, bool]:
        """Why the hands must not go on, or ""; and whether they should back off."""
        missing = self.feedback.missing(now)
        if missing:
            return missing, False
        alone = self.publisher.unheard()
        if alone:
            return f"nobody listens on {alone[0]} any more", False
        deadman = self.supervision.deadman
        if deadman is not None and now - self._alive > deadman * NANOSECONDS:
            return f"the source was silent for {deadman:g} s", False
        strained = self.feedback.strained(now)
        if strained:
            return strained, True
        return self.feedback.astray(), False

    def _extend(self, now: int) -> None:
        """Send the next horizon; on any trouble, hold."""
        goal = 0.0 if self.state is State.PAUSED else self._goal
        try:
            self.outlet.extend(now, goal, self.horizon)
        except (HandxError, OSError) as error:
            self._stop(Event.HOLD, str(error))

    def _stop(self, event: Event, reason: str, retreat: bool = False) -> None:
        """Leave the moving states, braking along the path unless that is under way."""
        was, self.state = self.state, after(self.state, event)
        self.reason = reason
        if was not in MOVING:
            return
        try:
            self.outlet.brake(self._now(), self.feedback.position if retreat else None)
        except (HandxError, OSError) as error:
            # The controllers brake by themselves at the end of what they have.
            self.reason += f" ({error})"
        self._note_place()

    def _clock_set(self, error: ClockSet) -> None:
        """Stamps mean something else now: hold, by a message that needs none."""
        self.feedback.forget()
        moving = self.state in MOVING
        self.outlet.clock_set(error.seconds, settle=moving)
        if moving:
            self.state, self.reason = after(self.state, Event.HOLD), str(error)
            self._note_place()

    def _note_place(self) -> None:
        """Remember where on the path it stopped, unless it was not there yet."""
        if self.outlet.path is self.path:
            self._at = float(self.outlet.active.s[-1])
