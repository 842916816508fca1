"""The clock that stamps are taken from."""

import threading
import time
from typing import Protocol

from handx.streaming.errors import ClockSet
from handx.streaming.horizon import NANOSECONDS

CLOCK_STEP = 0.02
"""A clock that moves by more than this against a steady one was set [s]."""


class Clock(Protocol):
    """The controllers' clock. In a ROS node: the node's own clock."""

    def now(self) -> int:
        """Time [ns]. May raise `ClockSet`, once, when the clock was set."""
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
            ClockSet: The clock was set since the last call.
        """
        wall, steady = time.time_ns(), time.monotonic_ns()
        step = (wall - self._wall) - (steady - self._steady)
        self._wall, self._steady = wall, steady
        if abs(step) > CLOCK_STEP * NANOSECONDS:
            raise ClockSet(step / NANOSECONDS)
        return wall

    def wait_until(self, moment: int, stop: threading.Event) -> None:
        """Sleep until `moment` [ns] or until `stop` is set."""
        remaining = (moment - time.time_ns()) / NANOSECONDS
        if remaining > 0:
            # A clock set backwards must not make this sleep for hours.
            stop.wait(min(remaining, 1.0))
