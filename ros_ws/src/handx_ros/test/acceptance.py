"""What the acceptance tests share: a client of the nodes, and conditions to wait for."""

import time
from collections.abc import Callable
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from handx_interfaces.action import GenerateMotion, PlayMotion
from handx_interfaces.msg import MotionStatus
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectoryPoint

PATIENCE = 180.0
"""Longest wait for the engine to be warm and a motion to be made [s]."""

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def curl(state: dict[str, float], side: str) -> float:
    """Where the middle finger of a hand is bent to [rad]."""
    return next(
        value for name, value in state.items()
        if name.lower().startswith(side[0]) and "middle" in name.lower()
    )  # fmt: skip


class Client(Node):
    """Asks for motions, and listens."""

    def __init__(self) -> None:
        super().__init__("acceptance")
        self.generate = ActionClient(self, GenerateMotion, "/generate_motion")
        self.play = ActionClient(self, PlayMotion, "/streamer/play")
        self.status, self.stopped = MotionStatus(), None
        self.states: list[tuple[float, dict[str, float]]] = []
        self.feedback: list[Any] = []
        self.create_subscription(
            JointState, "/joint_states", self._measured, qos_profile_sensor_data
        )
        self.create_subscription(MotionStatus, "/streamer/status", self._told, LATCHED)
        self.create_subscription(Bool, "/streamer/estopped", self._latched, LATCHED)

    def _measured(self, message: Any) -> None:
        state = dict(zip(message.name, message.position))
        self.states.append((time.monotonic(), state))

    def _told(self, message: Any) -> None:
        self.status = message

    def _latched(self, message: Any) -> None:
        self.stopped = message.data

    def until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Spin until it holds."""
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends, f"waited in vain; {self.status}"
            rclpy.spin_once(self, timeout_sec=0.05)

    def rest(self, seconds: float) -> None:
        """Spin for so long."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            rclpy.spin_once(self, timeout_sec=0.02)

    def ask(self, client: ActionClient, goal: Any) -> Any:
        """Send a goal; returns its handle."""
        if not client.server_is_ready():
            self.until(client.server_is_ready, 60)
            self.rest(1.0)  # the server must have found this client as well to answer
        self.feedback = []
        sent = client.send_goal_async(
            goal, feedback_callback=lambda m: self.feedback.append(m.feedback)
        )
        self.until(sent.done)
        return sent.result()

    def result(self, handle: Any, seconds: float = PATIENCE) -> Any:
        """(status, result) of a goal."""
        answer = handle.get_result_async()
        self.until(answer.done, seconds)
        return answer.result().status, answer.result().result

    def call(self, kind: type, name: str, **fields: Any) -> Any:
        """Call a service."""
        client = self.create_client(kind, name)
        assert client.wait_for_service(10)
        future = client.call_async(kind.Request(**fields))
        self.until(future.done)
        return future.result()

    def motion(self, text: str, robot: str = "") -> str:
        """The id of a motion that passed."""
        goal = GenerateMotion.Goal(text=text, robot=robot, model="program")
        handle = self.ask(self.generate, goal)
        assert handle.accepted
        status, result = self.result(handle)
        assert status == GoalStatus.STATUS_SUCCEEDED, result.message
        assert result.passed, list(result.reasons)
        return str(result.motion_id)

    def player(self, name: str) -> ActionClient:
        """A client of another streamer's action."""
        return ActionClient(self, PlayMotion, name)

    def playing(
        self, motion_id: str, transport: str, player: ActionClient | None = None
    ) -> Any:
        """A goal that is in the middle of its motion."""
        goal = PlayMotion.Goal(motion_id=motion_id, transport=transport)
        handle = self.ask(player or self.play, goal)
        assert handle.accepted
        self.until(lambda: any(f.phase == "play" for f in self.feedback), 30)
        return handle

    def assert_at_rest(self) -> None:
        """Nothing moves any more."""
        self.rest(1.0)
        recent = [s for t, s in self.states if t > time.monotonic() - 0.5]
        assert len(recent) > 10, "joint states go on"
        for name in recent[0]:
            values = [state[name] for state in recent]
            assert max(values) - min(values) < 0.01, name

    def free(self) -> None:
        """Back to where goals are taken."""
        self.call(SetBool, "/streamer/estop", data=False)
        self.until(lambda: self.call(Trigger, "/streamer/rearm").success, 10)

    def follow(
        self, controller: Any, positions: list, velocities: list, seconds: float
    ) -> Any:
        """The handle of a FollowJointTrajectory goal of points at equal distances."""
        server = f"/{controller.name}/follow_joint_trajectory"
        client = ActionClient(self, FollowJointTrajectory, server)
        goal = FollowJointTrajectory.Goal()
        goal.trajectory.joint_names = list(controller.joints)
        for number, (q, v) in enumerate(zip(positions, velocities), 1):
            point = JointTrajectoryPoint(positions=q, velocities=v)
            moment = number * seconds / len(positions)
            point.time_from_start.sec = int(moment)
            point.time_from_start.nanosec = int(1e9 * (moment % 1))
            goal.trajectory.points.append(point)
        return self.ask(client, goal)
