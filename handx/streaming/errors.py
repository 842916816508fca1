"""Why something did not leave."""

from handx_gen.errors import HandxError


class StreamError(HandxError):
    """A trajectory or message that may not be sent."""


class NotPassed(StreamError):
    """The trajectory is sound, but its report does not say PASS."""
