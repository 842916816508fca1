"""Why something did not leave."""

from handx_gen.errors import HandxError


class StreamError(HandxError):
    """A trajectory or message that may not be sent."""


class NotPassed(StreamError):
    """The trajectory is sound, but its report does not say PASS."""


class QueueFull(StreamError):
    """As much motion waits to be played as may wait; nothing was lost, try later."""


class ClockSet(StreamError):
    """The clock was set while streaming, so that stamps no longer mean what they did.

    Attributes:
        seconds: By how much, forwards if positive [s].
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"the system clock was set by {seconds:.2f} s: stopped. "
            "Fix: stream again when the clock is settled"
        )
