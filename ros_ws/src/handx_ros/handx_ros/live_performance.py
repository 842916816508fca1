"""Words while the hands move: the same stream, of a path that grows.

The engine at the other end of a `Link` draws and simulates; here its chunks are played as
any motion is. It may be slow or gone: then the hands slow down, or hold.
"""

from handx.streaming.clock import Clock
from handx.streaming.live_feed import DEADMAN, LiveFeed
from handx_ros.performance import Commands, Settings, TopicPerformance

LIVE = "live"
"""The name of the motion that words make."""


class LivePerformance(TopicPerformance):
    """Moves the hands as it is told to, without end.

    Args:
        feed: Ready; it is let go when the hands stop.
        publisher, clock, settings: As for `TopicPerformance`.
    """

    def __init__(
        self, feed: LiveFeed, publisher: Commands, clock: Clock, settings: Settings
    ) -> None:
        assert feed.path is not None
        self._feed = feed
        super().__init__(feed.path, feed.robot, publisher, clock, settings, DEADMAN)

    @property
    def fraction(self) -> float:
        """Nothing of what has no end is ever done."""
        return 0.0

    def tick(self) -> None:
        """One period."""
        if self.ended is None:
            self._feed.pump(self._player)
            if self._feed.stands:
                self.hold(self._feed.problems[-1])
        super().tick()

    def _end(self, completed: bool, message: str) -> None:
        super()._end(completed, message)
        self._feed.link.end()
