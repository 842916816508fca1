"""`streamer`: moves the hands along motions that passed, and knows when to stop."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from control_msgs.action import FollowJointTrajectory
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from handx_interfaces.action import PlayMotion
from handx_interfaces.msg import MotionStatus
from rclpy.action import ActionClient, ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64MultiArray
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from handx.streaming.encoders import topic
from handx.streaming.engine_client import EngineClient
from handx.streaming.errors import StreamError
from handx_ros.declaring import declare
from handx_ros.diagnosing import diagnostic
from handx_ros.goal_group import GoalGroup
from handx_ros.live_topics import LiveTopics, connector
from handx_ros.messages import filled, nanoseconds
from handx_ros.motions import Motions
from handx_ros.parameters import STREAMER
from handx_ros.performance import Ended, Settings
from handx_ros.spinning import live
from handx_ros.streamer import Snapshot, Streamer
from robots import load_robot
from robots.errors import RobotError
from robots.robot import RobotSpec

SUCCEEDED, ABORTED, CANCELED = 4, 6, 5
"""Of action_msgs/msg/GoalStatus."""

MESSAGES = {
    "joint_trajectory": JointTrajectory,
    "joint_state": JointState,
    "float64_multi_array": Float64MultiArray,
}
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class _NodeClock:
    """The node's clock as `handx.streaming` wants one."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node

    def now(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)

    def wait_until(self, moment: int, stop: threading.Event) -> None:
        raise NotImplementedError("a timer of the node calls tick")


class _Publisher:
    """The controllers' topics."""

    def __init__(self, node: LifecycleNode, robot: RobotSpec) -> None:
        self._node = node
        # Reliable: a best-effort writer never matches a joint_trajectory_controller.
        self._made = {
            topic(c): node.create_publisher(MESSAGES[c.interface], topic(c), 10)
            for c in robot.controllers
        }
        self._kinds = {topic(c): MESSAGES[c.interface] for c in robot.controllers}
        self.used: set[str] = set()

    def publish(self, topic: str, message: Mapping[str, Any]) -> None:
        self.used.add(topic)
        parts = {"points": JointTrajectoryPoint}
        self._made[topic].publish(filled(self._kinds[topic](), message, parts))

    def heard(self, topic: str) -> bool:
        return bool(self._made[topic].get_subscription_count())

    def unheard(self) -> list[str]:
        return [topic for topic in self.used if not self.heard(topic)]

    def destroy(self) -> None:
        for publisher in self._made.values():
            self._node.destroy_publisher(publisher)


class _Sender:
    """The controllers' FollowJointTrajectory actions."""

    def __init__(self, node: LifecycleNode, robot: RobotSpec, group: Any) -> None:
        self._clients = {
            c.name: ActionClient(
                node, FollowJointTrajectory, f"/{c.name}/follow_joint_trajectory",
                callback_group=group,
            )
            for c in robot.controllers
            if c.interface == "joint_trajectory"
        }  # fmt: skip

    def ready(self, controller: str) -> bool:
        return self._clients[controller].server_is_ready()

    def send(
        self,
        controller: str,
        trajectory: Mapping[str, Any],
        goal_time: float,
        group: GoalGroup,
    ) -> None:
        goal = FollowJointTrajectory.Goal()
        filled(goal.trajectory, trajectory, {"points": JointTrajectoryPoint})
        whole = int(goal_time)
        goal.goal_time_tolerance.sec = whole
        goal.goal_time_tolerance.nanosec = int((goal_time - whole) * 1e9)

        def ended(future: Any) -> None:
            answer = future.result()
            problem = ""
            if answer.status == CANCELED:
                problem = f"{controller}: the goal was cancelled"
            elif answer.status != SUCCEEDED:
                text = answer.result.error_string
                problem = f"{controller} gave up ({answer.result.error_code}): {text}"
            group.ended(controller, problem)

        def answered(future: Any) -> None:
            handle = future.result()
            if not handle.accepted:
                group.refused(controller)
                return
            group.accepted(controller, handle.cancel_goal_async)
            handle.get_result_async().add_done_callback(ended)

        self._clients[controller].send_goal_async(goal).add_done_callback(answered)

    def destroy(self) -> None:
        for client in self._clients.values():
            client.destroy()


@dataclass
class _Play:
    """A goal of the action, and what its performance is waited for with."""

    handle: Any
    ended: Any
    done: Callable[[Ended], None]


class StreamerNode(LifecycleNode):
    """Glue between `Streamer` and ROS.

    Its one timer runs on the node's clock. Services of the guard answer in every state
    and have a callback group of their own: a stop is never behind anything else.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("streamer", **options)
        declare(self, STREAMER)
        self._active = False
        self._logic: Streamer | None = None
        self._live: LiveTopics | None = None
        self._shown = Snapshot("", "", 0.0, "")
        self._ticks = 0
        self._entities: list[tuple[Any, Any]] = []
        self._goals: dict[int, _Play] = {}

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the robot; offer services, topics and the action."""
        try:
            robot = load_robot(str(self._value("robot")))
            engine = EngineClient(
                str(self._value("engine_url")),
                token_file=str(self._value("token_file")) or None,
            )
        except (RobotError, StreamError) as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        settings = self._settings()
        stream, stop = (
            MutuallyExclusiveCallbackGroup(),
            MutuallyExclusiveCallbackGroup(),
        )
        actions = ReentrantCallbackGroup()
        publisher, sender = _Publisher(self, robot), _Sender(self, robot, actions)
        motions = Motions(str(self._value("motions_folder")))
        connect = None
        if self._value("live"):
            model = str(self._value("live_model"))
            connect = connector(robot, engine, model, settings.margin)
        self._logic = Streamer(
            robot, motions, _NodeClock(self), publisher, sender, settings, connect
        )
        if connect is not None:
            self._live = LiveTopics(self, self._logic, lambda: self._active, stream)
        self._status = self.create_publisher(MotionStatus, "~/status", LATCHED)
        self._stopped = self.create_publisher(Bool, "~/estopped", LATCHED)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        states = self.create_subscription(
            JointState, "joint_states", self._measured, qos_profile_sensor_data,
            callback_group=stream,
        )  # fmt: skip
        timer = self.create_timer(1 / settings.rate, self._tick, callback_group=stream)
        services = [
            self.create_service(kind, name, act, callback_group=stop)
            for kind, name, act in (
                (Trigger, "~/hold", self._hold),
                (Trigger, "~/rearm", self._rearm),
                (SetBool, "~/estop", self._estop),
            )
        ]
        server = ActionServer(
            self, PlayMotion, "~/play", self._execute, callback_group=actions,
            goal_callback=self._judge, handle_accepted_callback=self._accept,
            cancel_callback=self._cancel,
        )  # fmt: skip
        self._entities = [
            (self.destroy_timer, timer),
            (self.destroy_subscription, states),
            *((self.destroy_service, service) for service in services),
            *((self.destroy_publisher, p)
              for p in (self._status, self._stopped, self._diagnostics)),
            *((type(owner).destroy, owner)
              for owner in (server, publisher, sender, self._live) if owner),
        ]  # fmt: skip
        self._stopped.publish(Bool(data=False))
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take goals."""
        self._active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Hold: whoever activates again must re-arm."""
        self.hold("the node was deactivated")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Withdraw everything."""
        for destroy, entity in self._entities:
            destroy(entity)
        self._entities, self._logic, self._live = [], None, None
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Hold."""
        self.hold("the node was shut down")
        return super().on_shutdown(state)

    def hold(self, why: str) -> None:
        """Brake, and take no more goals."""
        self._active = False
        if self._logic is not None:
            self._logic.hold(why)

    def has_failed(self) -> bool:
        """A fault is answered or latched, and never a reason to end."""
        return False

    def is_at_rest(self) -> bool:
        """Whether the hands stand, and everyone who asked has been told."""
        return self._logic is None or (self._logic.at_rest() and not self._goals)

    def _settings(self) -> Settings:
        """How motions are performed, as the parameters say now."""
        return Settings(
            float(self._value("rate")), float(self._value("horizon")),
            float(self._value("margin")), float(self._value("feedback_age")),
            float(self._value("start_delay")), float(self._value("goal_time")),
        )  # fmt: skip

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _measured(self, message: Any) -> None:
        if self._logic is not None:
            self._logic.on_joint_state(
                message.name, message.position, message.effort,
                nanoseconds(message.header.stamp),
            )  # fmt: skip

    def _tick(self) -> None:
        if self._logic is None:
            return
        found = self._logic.tick()
        if self._live is not None:
            self._live.tell()
        self._ticks += 1
        beat = self._ticks % max(1, round(float(self._value("rate")) / 2)) == 0
        if beat or (found.state, found.motion_id) != (
            self._shown.state, self._shown.motion_id
        ):  # fmt: skip
            self._show(found)
        tenth = self._ticks % max(1, round(float(self._value("rate")) / 10)) == 0
        if tenth and found.state in ("approach", "play"):
            for play in list(self._goals.values()):
                if play.handle.request.motion_id == found.motion_id:
                    play.handle.publish_feedback(
                        PlayMotion.Feedback(phase=found.state, fraction=found.fraction)
                    )

    def _show(self, found: Snapshot) -> None:
        """Publish status and diagnostics."""
        if found.state in ("fault", "estop") and found.state != self._shown.state:
            self.get_logger().error(f"{found.state}: {found.message}")
        self._shown = found
        stamp = self.get_clock().now().to_msg()
        self._status.publish(
            MotionStatus(
                stamp=stamp, state=found.state, motion_id=found.motion_id,
                fraction=found.fraction, message=found.message,
            )
        )  # fmt: skip
        values = {"motion": found.motion_id, "fraction": f"{found.fraction:.2f}"}
        fields = diagnostic(
            self.get_fully_qualified_name(), found.state, found.message, values
        )
        report = DiagnosticArray()
        report.header.stamp = stamp
        report.status = [filled(DiagnosticStatus(), fields, {"values": KeyValue})]
        self._diagnostics.publish(report)

    def _hold(self, request: Any, response: Any) -> Any:
        if self._logic is not None:
            self._logic.hold("asked to hold")
        response.success, response.message = True, "holding"
        return response

    def _rearm(self, request: Any, response: Any) -> Any:
        why = self._logic.rearm() if self._logic is not None else "not configured"
        response.success, response.message = not why, why or "armed"
        return response

    def _estop(self, request: Any, response: Any) -> Any:
        if self._logic is not None:
            self._logic.estop(bool(request.data))
            self._stopped.publish(Bool(data=bool(request.data)))
        response.success = True
        response.message = (
            "stopped in software; the hardware's own stop is another"
            if request.data
            else "reset; the hands hold until ~/rearm"
        )
        return response

    def _judge(self, request: Any) -> GoalResponse:
        why = "not active"
        if self._active and self._logic is not None:
            why = self._logic.refuses(request.motion_id)
        if request.transport not in ("", PlayMotion.Goal.TOPIC, PlayMotion.Goal.ACTION):
            why = f"transport {request.transport!r} is neither topic nor action"
        if why:
            self.get_logger().warning(f"goal refused: {why}")
        return GoalResponse.REJECT if why else GoalResponse.ACCEPT

    def _accept(self, handle: Any) -> None:
        ended: Any = Future()

        def done(outcome: Ended) -> None:
            ended.set_result(outcome)
            if self.executor is not None:
                self.executor.wake()

        self._goals[id(handle)] = _Play(handle, ended, done)
        transport = handle.request.transport or str(self._value("transport"))
        if self._logic is not None:
            self._logic.perform(handle.request.motion_id, transport, done)
        handle.execute()

    def _cancel(self, handle: Any) -> CancelResponse:
        if self._logic is not None:
            self._logic.call_off(self._goals[id(handle)].done)
        return CancelResponse.ACCEPT

    async def _execute(self, handle: Any) -> Any:
        outcome = await self._goals[id(handle)].ended
        del self._goals[id(handle)]
        if handle.is_cancel_requested:
            handle.canceled()
        elif outcome.completed:
            handle.succeed()
        else:
            handle.abort()
        return PlayMotion.Result(
            completed=outcome.completed,
            seconds=outcome.seconds,
            message=outcome.message,
        )


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    live(StreamerNode, args)
