"""`~/say` and `~/rest`: words for a streamer whose hands move."""

from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import String
from std_srvs.srv import Trigger

from handx.streaming.engine_client import EngineClient
from handx.streaming.live_feed import LiveFeed
from handx.streaming.live_link import BUFFER, EngineLink
from handx_ros.performance import Ended
from handx_ros.streamer import Streamer
from robots.robot import RobotSpec


def connector(
    robot: RobotSpec, client: EngineClient, model: str, margin: float
) -> Callable[[], LiveFeed]:
    """What begins a session; it returns at once, the engine gets ready in threads."""
    return lambda: LiveFeed(
        robot, EngineLink(client, robot.name, model), margin, BUFFER
    )


class LiveTopics:
    """Glue between words on a topic and `Streamer`.

    Args:
        node: Whose topics they are.
        logic: What they are said to.
        active: Whether the node takes any now.
        group: Of the callbacks.
    """

    def __init__(
        self,
        node: LifecycleNode,
        logic: Streamer,
        active: Callable[[], bool],
        group: Any,
    ) -> None:
        self._node, self._logic, self._active = node, logic, active
        self._words = node.create_subscription(
            String, "~/say", self._say, 10, callback_group=group
        )
        self._service = node.create_service(
            Trigger, "~/rest", self._rest, callback_group=group
        )

    def tell(self) -> None:
        """Log what could not be done."""
        for problem in self._logic.news():
            self._node.get_logger().warning(f"live: {problem}")

    def destroy(self) -> None:
        """Take no more words."""
        self._node.destroy_subscription(self._words)
        self._node.destroy_service(self._service)

    def _say(self, message: Any) -> None:
        why = "not active"
        if self._active():
            why = self._logic.say(message.data, self._ended)
        if why:
            self._node.get_logger().warning(f"not said: {why}")

    def _rest(self, request: Any, response: Any) -> Any:
        why = self._logic.rest()
        response.success, response.message = not why, why or "coming to rest"
        return response

    def _ended(self, outcome: Ended) -> None:
        self._node.get_logger().warning(f"live ended: {outcome.message}")
