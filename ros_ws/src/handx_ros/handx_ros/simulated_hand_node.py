"""`simulated_hand`: the hands of `handx simulate` as a ROS robot.

Two roles. With `controllers` it is a whole robot: a joint_trajectory topic and a
FollowJointTrajectory action for each controller. Without, it is hardware under a real
ros2_control: joint commands in, joint states out (JointStateTopicSystem).
"""

from pathlib import Path
from typing import Any

from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from rclpy.task import Future
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from handx.streaming.errors import StreamError
from handx.streaming.hand_client import HandClient, JointReading, socket_path
from handx_ros.controller import (
    INVALID_GOAL,
    SUCCESSFUL,
    SimulatedController,
    Verdict,
    commanded,
)
from handx_ros.declaring import declare
from handx_ros.messages import nanoseconds, trajectory_fields
from handx_ros.parameters import SIMULATED_HAND
from handx_ros.spinning import live
from robots import load_robot
from robots.errors import RobotError
from robots.robot import ControllerSpec

FEEDBACK_EVERY = 10
"""States between two feedbacks of a goal."""


class _Served:
    """One controller with its action and the goal it follows."""

    def __init__(self, node: "SimulatedHandNode", spec: ControllerSpec) -> None:
        self.node = node
        self.logic = SimulatedController(spec.joints, node.tolerance)
        self.goal: Any = None
        self.ended: Any = None
        self.subscription = node.create_subscription(
            JointTrajectory, f"{spec.name}/{spec.topic}", self._follow, 1,
            callback_group=node.serial,
        )  # fmt: skip
        self.server = ActionServer(
            node, FollowJointTrajectory, f"{spec.name}/follow_joint_trajectory",
            self._execute, callback_group=node.actions, goal_callback=self._judge,
            handle_accepted_callback=self._accept,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )  # fmt: skip

    def _follow(self, message: Any) -> None:
        refused = self.logic.take(trajectory_fields(message), self.node.now())
        if refused:
            self.node.get_logger().warning(f"trajectory refused: {refused[0]}")
        else:
            self._end(Verdict(INVALID_GOAL, "a trajectory came by topic"))

    def _judge(self, request: Any) -> GoalResponse:
        refused = self.logic.refuses(
            trajectory_fields(request.trajectory), self.node.now()
        )
        if refused:
            self.node.get_logger().warning(f"goal refused: {refused[0]}")
        return GoalResponse.REJECT if refused else GoalResponse.ACCEPT

    def _accept(self, handle: Any) -> None:
        self._end(Verdict(INVALID_GOAL, "a newer goal took its place"))
        asked = handle.request
        late = nanoseconds(asked.goal_time_tolerance) / 1e9
        refused = self.logic.take(
            trajectory_fields(asked.trajectory), self.node.now(), late
        )
        self.goal, self.ended = handle, Future()
        if refused:
            self._end(Verdict(INVALID_GOAL, refused[0]))
        handle.execute()

    async def _execute(self, handle: Any) -> Any:
        ended = self.ended if handle is self.goal else None
        verdict = Verdict(INVALID_GOAL, "a newer goal took its place")
        if ended is not None:
            verdict = await ended
        if handle.is_cancel_requested:
            handle.canceled()
        elif verdict.code == SUCCESSFUL:
            handle.succeed()
        else:
            handle.abort()
        return FollowJointTrajectory.Result(
            error_code=verdict.code, error_string=verdict.text
        )

    def _end(self, verdict: Verdict) -> None:
        if self.ended is not None and not self.ended.done():
            self.ended.set_result(verdict)
            self.node.wake()

    def _fail(self, verdict: Verdict) -> None:
        """Abort the goal and stay where it is desired to be, as the controller does."""
        self.logic.hold(self.node.now())
        self._end(verdict)

    def step(self, now: int, measured: dict[str, float], tell: bool) -> None:
        """Look how the goal fares, and send what is desired now."""
        self.logic.see(measured)
        if not self.logic.knows_where_it_is:
            return
        if self.goal is not None and self.ended is not None and not self.ended.done():
            if self.goal.is_cancel_requested:
                self.logic.hold(now)
                self._end(Verdict(SUCCESSFUL, "cancelled"))
            elif (verdict := self.logic.verdict(now, measured)) is not None:
                self._end(verdict) if verdict.code == SUCCESSFUL else self._fail(
                    verdict
                )
            elif tell:
                self._tell(now, measured)
        q, v = self.logic.desired(now)
        self.node.drive(self.logic.joints, q, v)

    def _tell(self, now: int, measured: dict[str, float]) -> None:
        q, v = self.logic.desired(now)
        actual = [measured.get(joint, 0.0) for joint in self.logic.joints]
        message = FollowJointTrajectory.Feedback(joint_names=list(self.logic.joints))
        message.desired = JointTrajectoryPoint(
            positions=q.tolist(), velocities=v.tolist()
        )
        message.actual = JointTrajectoryPoint(positions=actual)
        error = [float(a - b) for a, b in zip(q, actual)]
        message.error = JointTrajectoryPoint(positions=error)
        self.goal.publish_feedback(message)

    def destroy(self) -> None:
        """Withdraw topic and action."""
        self.server.destroy()
        self.node.destroy_subscription(self.subscription)


class SimulatedHandNode(LifecycleNode):
    """Publishes `joint_states` from simulated hands and drives them by commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__("simulated_hand", **options)
        declare(self, SIMULATED_HAND)
        self.serial = MutuallyExclusiveCallbackGroup()
        self.actions = ReentrantCallbackGroup()
        self.tolerance = 0.0
        self._hands: HandClient | None = None
        self._served: list[_Served] = []
        self._last: JointReading | None = None
        self._count = 0
        self._entities: list[Any] = []

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Connect to the simulation and offer topics and actions."""
        name = str(self.get_parameter("robot").value)
        place = str(self.get_parameter("socket").value)
        self.tolerance = float(self.get_parameter("goal_tolerance").value)
        try:
            robot = load_robot(name)
            self._hands = HandClient(Path(place) if place else socket_path(name))
            if self._hands.robot != robot.name:
                raise StreamError(f"these are the hands of {self._hands.robot}")
        except (StreamError, RobotError) as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        self._publisher = self.create_lifecycle_publisher(
            JointState, "joint_states", QoSProfile(depth=10)
        )
        commands = self.create_subscription(
            JointState, "joint_commands", self._command, 1, callback_group=self.serial
        )
        rate = float(self.get_parameter("rate").value)
        timer = self.create_timer(1 / rate, self._step, callback_group=self.serial)
        self._entities = [commands, timer]
        if self.get_parameter("controllers").value:
            self._served = [
                _Served(self, spec)
                for spec in robot.controllers
                if spec.interface == "joint_trajectory"
                and set(spec.joints) <= set(self._hands.commanded_names)
            ]
        return super().on_configure(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Hold."""
        self.hold("the node is deactivated")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Withdraw everything and hang up."""
        for served in self._served:
            served.destroy()
        self._served = []
        for entity in self._entities:
            if hasattr(entity, "cancel"):
                self.destroy_timer(entity)
            else:
                self.destroy_subscription(entity)
        self._entities = []
        if self._hands is not None:
            self._hands.close()
            self._hands = None
        return super().on_cleanup(state)

    def hold(self, why: str) -> None:
        """Every controller stays where it is."""
        for served in self._served:
            served.logic.hold(self.now())

    def has_failed(self) -> bool:
        """Whether the simulation is gone: only a new connection helps."""
        return self._hands is not None and bool(self._hands.gone)

    def is_at_rest(self) -> bool:
        """The simulation keeps its last targets by itself."""
        return True

    def now(self) -> int:
        """The node's time [ns], which is simulated time if so set."""
        return int(self.get_clock().now().nanoseconds)

    def wake(self) -> None:
        """Have the executor look at its tasks again."""
        if self.executor is not None:
            self.executor.wake()

    def drive(self, joints: Any, positions: Any, velocities: Any = ()) -> None:
        """Send targets to the simulation."""
        if self._hands is None:
            return
        try:
            self._hands.command(joints, positions, velocities)
        except StreamError as error:
            self.get_logger().error(str(error), throttle_duration_sec=2.0)
        if self._hands.refusal:
            self.get_logger().warning(self._hands.refusal, throttle_duration_sec=2.0)
            self._hands.refusal = ""

    def _command(self, message: Any) -> None:
        names, positions, velocities = commanded(
            message.name, message.position, message.velocity
        )
        if names:
            self.drive(names, positions, velocities)
        else:
            self.get_logger().warning(
                "a joint command without positions is ignored",
                throttle_duration_sec=2.0,
            )

    def _step(self) -> None:
        """Publish the newest state, and let the controllers act on it."""
        reading = self._hands.latest() if self._hands is not None else None
        if self._hands is not None and self._hands.gone:
            self.get_logger().error(self._hands.gone, throttle_duration_sec=2.0)
        if reading is None or reading is self._last:
            return  # stale states are not published again: they would look fresh
        self._last = reading
        names = list(self._hands.joint_names) if self._hands is not None else []
        message = JointState(
            name=names, position=reading.positions, velocity=reading.velocities,
            effort=reading.effort,
        )  # fmt: skip
        message.header.stamp = self.get_clock().now().to_msg()
        self._publisher.publish(message)
        self._count += 1
        measured = dict(zip(names, reading.positions))
        for served in self._served:
            served.step(self.now(), measured, self._count % FEEDBACK_EVERY == 0)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    live(SimulatedHandNode, args)
