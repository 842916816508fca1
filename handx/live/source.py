"""`LiveSource`: a `LiveFeed` from a worker process of its own."""

from typing import Any

from handx.child import Child, WorkerDied
from handx.streaming.live_feed import LiveFeed
from robots.robot import RobotSpec


class WorkerLink(Child):
    """The worker process of one session."""

    def __init__(self, robot: str, model: str, seed: int, device: str) -> None:
        super().__init__("handx.live.worker", (robot, model, str(seed), device))

    def send(self, message: Any) -> None:
        """Say something; that it is gone shows in `lines`."""
        try:
            super().send(message)
        except WorkerDied:
            pass


class LiveSource(LiveFeed):
    """Use it in a `with` block; call `pump` once per tick of the player.

    Args:
        robot: The robot.
        model, seed, device: As for `LiveEngine`.
        margin: Kept from the position limits [rad].
    """

    def __init__(
        self,
        robot: RobotSpec,
        model: str = "auto",
        seed: int = 0,
        device: str = "cpu",
        margin: float = 0.0,
    ) -> None:
        super().__init__(robot, WorkerLink(robot.name, model, seed, device), margin)
        self.model = model
