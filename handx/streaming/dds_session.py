"""A player on DDS: commands out, `/joint_states` and the emergency stop in, status out."""

import threading
from types import TracebackType
from typing import Any

from handx.streaming.dds import DdsNode
from handx.streaming.encoders import MESSAGE_TYPES, topic
from handx.streaming.errors import StreamError
from handx.streaming.horizon import NANOSECONDS
from handx.streaming.motion_path import MotionPath
from handx.streaming.player import Player
from handx.streaming.ros_messages import BOOL, DIAGNOSTICS, JOINT_STATE, STRING
from handx.streaming.status import Status, diagnostics_message, status_message
from robots.robot import RobotSpec

JOINT_STATES = "/joint_states"
DIAGNOSTICS_TOPIC = "/diagnostics"
STATUS_PERIOD, DIAGNOSTICS_PERIOD = NANOSECONDS // 10, NANOSECONDS
"""How often the status and the diagnostics leave [ns]; a change of state leaves at once."""
POLL = 0.02
"""How often is looked while waiting [s]."""


class DdsSession:
    """A `Player` with a node of its own; use it in a `with` block.

    Topics beside those of the controllers: reads `/joint_states` and `/<node>/estop`
    (std_msgs/Bool; true stops and latches, false does nothing), writes `/<node>/status`
    (std_msgs/String, JSON) and `/diagnostics`.

    Args:
        path: What is played.
        robot: On what.
        domain, node, network, distro: As for `DdsNode`.
        options: For `Player`: rate, horizon, supervision.

    Attributes:
        player: The player.
        node: The node.
    """

    def __init__(
        self,
        path: MotionPath,
        robot: RobotSpec,
        domain: int = 0,
        node: str = "handx_stream",
        network: bool = False,
        distro: str = "jazzy",
        **options: Any,
    ) -> None:
        # The player first: a senseless option must not open a socket.
        self.player = Player(path, robot, self, **options)
        self._name = node
        self._status, self._estop = f"/{node}/status", f"/{node}/estop"
        self.topics = {
            topic(controller): MESSAGE_TYPES[controller.interface]
            for controller in self.player.controllers
        }
        self.node = DdsNode(
            self.topics,
            {self._status: STRING, DIAGNOSTICS_TOPIC: DIAGNOSTICS},
            {JOINT_STATES: JOINT_STATE, self._estop: BOOL},
            domain, node, network, distro,
        )  # fmt: skip
        self.node.listen(self._estop, BOOL, reliable=True, transient=True, depth=1)
        self._told: Status | None = None
        self._status_due = self._diagnostics_due = 0

    def __enter__(self) -> "DdsSession":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.player.hold("the node shuts down")
        self.tell(self.player.status())
        self.node.__exit__(kind, error, trace)

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """The player's way out."""
        self.node.publish(topic, message)

    def unheard(self) -> list[str]:
        """Command topics that nobody listens to (any more)."""
        return self.node.unheard()

    def poll(self) -> None:
        """Take in what was heard; call it before every `player.tick()`."""
        for message in self.node.take(JOINT_STATES):
            self.player.on_joint_state(
                message.name,
                message.position,
                message.effort,
                message.header.stamp.sec * NANOSECONDS + message.header.stamp.nanosec,
            )
        if any(message.data for message in self.node.take(self._estop)):
            self.player.estop(f"{self._estop} said so")

    def tell(self, status: Status) -> None:
        """Publish the status and, once a second, diagnostics; call it after a tick."""
        now = self.player.clock.now()
        told = self._told
        changed = told is None or (told.state, told.reason) != (
            status.state, status.reason,
        )  # fmt: skip
        if changed or now >= self._status_due:
            self.node.publish(self._status, status_message(status))
            self._status_due, self._told = now + STATUS_PERIOD, status
        if changed or now >= self._diagnostics_due:
            self.node.publish(
                DIAGNOSTICS_TOPIC, diagnostics_message(status, self._name, now)
            )
            self._diagnostics_due = now + DIAGNOSTICS_PERIOD

    def connect(self, seconds: float) -> None:
        """Wait until every controller listens and every joint's state is heard, and arm.

        Raises:
            StreamError: That did not happen within `seconds`.
        """
        clock = self.player.clock
        ends = clock.now() + round(seconds * NANOSECONDS)
        self.node.accept_readers()
        while True:
            self.poll()
            alone = self.node.unheard()
            if alone:
                problem = (
                    f"nobody listens on {', '.join(alone)}. Fix: start the controllers "
                    "first, or set --domain or --wait"
                )
            else:
                try:
                    self.player.arm()
                    return
                except StreamError as error:
                    problem = str(error)
            if clock.now() >= ends:
                raise StreamError(problem)
            self.tell(self.player.status())
            clock.wait_until(clock.now() + round(POLL * NANOSECONDS), _NEVER)


_NEVER = threading.Event()
