"""Several FollowJointTrajectory goals as one motion: all of them, or none.

Every goal carries the same start stamp, a little in the future. By then every controller
must have accepted; a refusal, an abort or a silence of one calls all others off.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MARGIN = 50_000_000
"""So long before the common start all must have accepted [ns]."""

OVERTIME = 5_000_000_000
"""So long after its end a controller may stay silent before it is given up [ns]."""


@dataclass
class _Member:
    """One controller's goal: "asked", "accepted", "succeeded" or "failed"."""

    state: str = "asked"
    cancel: Callable[[], None] | None = None

    @property
    def over(self) -> bool:
        return self.state in ("succeeded", "failed")


class GoalGroup:
    """What becomes of the goals; its methods may be called from any thread.

    Args:
        names: Controllers.
        start: Common start [ns].
        end: When the motion should be over [ns].
        done: Called once, with "" if all succeeded, else with why not.
    """

    def __init__(
        self,
        names: Sequence[str],
        start: int,
        end: int,
        done: Callable[[str], None],
    ) -> None:
        self.start, self.end = start, end
        self._members = {name: _Member() for name in names}
        self._done = done
        self._why = ""
        self._told = False
        self._lock = threading.RLock()

    @property
    def over(self) -> bool:
        """Whether every goal has ended."""
        with self._lock:
            return all(member.over for member in self._members.values())

    def accepted(self, name: str, cancel: Callable[[], None]) -> None:
        """A controller took its goal; `cancel` asks it to stop."""
        with self._lock:
            member = self._members[name]
            if member.over:
                # It was given up; what it took late must not move alone.
                cancel()
                return
            member.state, member.cancel = "accepted", cancel
            if self._why:
                cancel()

    def refused(self, name: str) -> None:
        """A controller did not take its goal."""
        self.ended(name, f"{name} refused the goal: see its log")

    def ended(self, name: str, problem: str = "") -> None:
        """A controller's goal has come to its end; `problem` is empty on success."""
        with self._lock:
            member = self._members[name]
            if member.over:
                return
            member.state = "failed" if problem else "succeeded"
            if problem:
                self.call_off(problem)
            self._look()

    def call_off(self, why: str) -> None:
        """Stop all that still move; the first reason counts."""
        with self._lock:
            first = not self._why
            self._why = self._why or why
            if first:
                for member in self._members.values():
                    if member.state == "accepted" and member.cancel is not None:
                        member.cancel()

    def check(self, now: int) -> None:
        """Look at the clock: nobody starts alone, and nobody is waited for for ever."""
        with self._lock:
            asked = [n for n, m in self._members.items() if m.state == "asked"]
            if asked and now > self.start - MARGIN:
                self.call_off(f"{asked[0]} did not answer in time")
                for name in asked:
                    self._members[name].state = "failed"
            if now > self.end + OVERTIME:
                for name, member in self._members.items():
                    if not member.over:
                        self.call_off(f"{name} has not said how its goal ended")
                        member.state = "failed"
            self._look()

    def _look(self) -> None:
        if self.over and not self._told:
            self._told = True
            self._done(self._why)
