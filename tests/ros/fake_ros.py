"""The few classes of rclpy that the nodes use, in one process and with a clock of its own.

Faithful where a mistake of a node would show: transitions of goals and of lifecycle nodes
that rcl would refuse raise, messages check their types, lifecycle publishers are silent
unless active, read-only parameters stay, coroutines go on only when the executor turns.
Entities are discovered after `Graph.discovery`. Not modelled: the rest of DDS, QoS, threads
of the executor. What is proven here is what callbacks do, not that rclpy calls them.
"""

import itertools
import sys
import threading
import time
import types
import weakref
from enum import Enum

import fake_messages

GRAPH = None
"""The graph of the test that runs."""


class Graph:
    """Topics, actions and services by full name, timers, tasks, and the clock [ns]."""

    def __init__(self):
        self.now = 1_000_000_000_000
        self.real_time = False
        self.discovery = (
            0.0  # how long a new node's entities are not seen by others [s]
        )
        self.born = {}
        self.subscriptions, self.servers, self.services = [], {}, {}
        self.timers, self.tasks, self.published, self.log = [], [], [], []

    def spin(self, seconds=0.0, until=None, patience=60.0):
        """Turn the executor for simulated seconds, or until a condition holds."""
        ends, deadline = self.now + round(seconds * 1e9), time.monotonic() + patience
        last = time.monotonic_ns()
        while True:
            if self.real_time:
                here = time.monotonic_ns()
                self.now += here - last
                last = here
            self.turn()
            if until is not None and until():
                return
            if until is None and self.now >= ends and not self.ready():
                return
            assert time.monotonic() < deadline, "waited in vain"
            if self.real_time:
                time.sleep(0.0005)
            else:
                due = [t.due for t in self.timers if not t.cancelled]
                if until is None:
                    due.append(ends)
                elif not due:
                    time.sleep(0.001)
                    continue
                self.now = max(self.now, min(due))

    def ready(self):
        return any(not t.cancelled and t.due <= self.now for t in self.timers)

    def turn(self):
        for timer in list(self.timers):
            if not timer.cancelled and timer.due <= self.now:
                timer.due = max(timer.due + timer.period, self.now)
                timer.callback()
        for task in list(self.tasks):
            try:
                task.send(None)
            except StopIteration:
                self.tasks.remove(task)

    def begin(self, key):
        """Something new is in the graph."""
        self.born[key] = self.now

    def knows(self, key):
        """Whether it is there, and has been discovered."""
        return self.now >= self.born.get(key, 1 << 62) + self.discovery * 1e9

    def messages(self, topic):
        """Everything published on a topic."""
        return [m for t, m in self.published if t == topic]


class Future:
    def __init__(self, *, executor=None):
        self._done, self._result, self._callbacks = False, None, []
        self._lock = threading.Lock()

    def __await__(self):
        while not self._done:
            yield
        return self._result

    def done(self):
        return self._done

    def result(self):
        return self._result

    def set_result(self, value):
        with self._lock:
            self._result, self._done = value, True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)

    def add_done_callback(self, callback):
        with self._lock:
            if not self._done:
                self._callbacks.append(callback)
                return
        callback(self)


class Executor:
    def __init__(self):
        self.nodes, self.down = [], False

    def wake(self):
        pass

    def add_node(self, node):
        self.nodes.append(node)

    def spin_once(self, timeout_sec):
        assert not self.down, "spun after shutdown"
        due = [t.due for t in GRAPH.timers if not t.cancelled]
        ends = GRAPH.now + round(timeout_sec * 1e9)
        GRAPH.now = max(GRAPH.now, min([*due, ends]))
        GRAPH.turn()

    def shutdown(self):
        self.down = True


class Logger:
    def __init__(self, name):
        self.name = name

    def _write(self, level, text, **options):
        assert set(options) <= {"throttle_duration_sec", "once"}, options
        assert isinstance(text, str)
        GRAPH.log.append((level, text))

    def __getattr__(self, level):
        if level not in ("debug", "info", "warning", "error", "fatal"):
            raise AttributeError(level)
        return lambda text, **options: self._write(level, text, **options)


class Time:
    def __init__(self, nanoseconds):
        self.nanoseconds = nanoseconds

    def to_msg(self):
        stamp = fake_messages.message_class("builtin_interfaces/msg/Time")
        return stamp(sec=self.nanoseconds // 10**9, nanosec=self.nanoseconds % 10**9)


class Clock:
    def now(self):
        return Time(GRAPH.now)


class Timer:
    def __init__(self, period, callback):
        self.period, self.callback = max(1, round(period * 1e9)), callback
        self.due, self.cancelled = GRAPH.now + self.period, False

    def cancel(self):
        self.cancelled = True


class Publisher:
    def __init__(self, node, kind, topic, managed):
        self.node, self.kind, self.topic, self.managed = node, kind, topic, managed
        self.last = None

    def publish(self, message):
        assert isinstance(message, self.kind), f"{self.topic}: {type(message)}"
        if self.managed and self.node.state != "active":
            return
        GRAPH.published.append((self.topic, message))
        for topic, kind, callback in self._matched():
            assert kind is self.kind, f"{topic}: two types"
            callback(message)

    def _matched(self):
        return [
            entry for entry in GRAPH.subscriptions
            if entry[0] == self.topic and GRAPH.knows(id(entry))
        ]  # fmt: skip

    def get_subscription_count(self):
        return len(self._matched())


class Node:
    def __init__(self, name, *, namespace="", parameter_overrides=None,
                 remappings=None, **options):  # fmt: skip
        assert not options, options
        self.name, self.namespace = name, namespace.strip("/")
        self._overrides = dict(parameter_overrides or {})
        self._remappings = dict(remappings or {})
        self._parameters, self._descriptors, self._judges = {}, {}, []
        self.executor = Executor()
        self.destroyed = False

    def resolve(self, name):
        name = self._remappings.get(name, name)
        own = f"/{self.namespace}/{self.name}".replace("//", "/")
        if name.startswith("~/"):
            return f"{own}/{name[2:]}"
        return name if name.startswith("/") else f"/{self.namespace}/{name}".replace(
            "//", "/"
        )  # fmt: skip

    def get_fully_qualified_name(self):
        return self.resolve("~/").rstrip("/")

    def get_logger(self):
        return Logger(self.name)

    def get_clock(self):
        return Clock()

    def add_on_set_parameters_callback(self, callback):
        self._judges.append(callback)

    def declare_parameter(self, name, value, descriptor):
        self._descriptors[name] = descriptor
        given = self._overrides.pop(name, value)
        assert type(given) is type(value), f"{name}: {given!r} is of another type"
        self._set(name, given)

    def set_parameter(self, name, value):
        """As `ros2 param set`; returns the reason of a refusal, or ""."""
        if self._descriptors[name].read_only:
            return "read-only"
        return self._set(name, value, raising=False)

    def _set(self, name, value, raising=True):
        parameter = types.SimpleNamespace(name=name, value=value)
        for judge in self._judges:
            result = judge([parameter])
            if not result.successful:
                if raising:
                    raise ValueError(result.reason)  # InvalidParameterValueException
                return result.reason
        self._parameters[name] = parameter
        return ""

    def get_parameter(self, name):
        return self._parameters[name]

    def create_publisher(self, kind, topic, qos):
        return Publisher(self, kind, self.resolve(topic), managed=False)

    def create_subscription(self, kind, topic, callback, qos, *, callback_group=None):
        entry = (self.resolve(topic), kind, callback)
        GRAPH.subscriptions.append(entry)
        GRAPH.begin(id(entry))
        return entry

    def destroy_subscription(self, entry):
        GRAPH.subscriptions.remove(entry)

    def create_timer(self, period, callback, callback_group=None):
        timer = Timer(period, callback)
        GRAPH.timers.append(timer)
        return timer

    def destroy_timer(self, timer):
        timer.cancel()
        GRAPH.timers.remove(timer)

    def create_service(self, kind, name, callback, *, callback_group=None):
        GRAPH.services[self.resolve(name)] = (kind, callback)
        return self.resolve(name)

    def destroy_service(self, name):
        GRAPH.services.pop(name)

    def destroy_publisher(self, publisher):
        publisher.managed, publisher.node = True, types.SimpleNamespace(state="gone")

    def destroy_node(self):
        self.destroyed = True


class TransitionCallbackReturn(Enum):
    SUCCESS, FAILURE, ERROR = range(3)


class LifecycleNode(Node):
    def __init__(self, name, **options):
        super().__init__(name, **options)
        self.state = "unconfigured"

    def create_lifecycle_publisher(self, kind, topic, qos):
        return Publisher(self, kind, self.resolve(topic), managed=True)

    def destroy_lifecycle_publisher(self, publisher):
        self.destroy_publisher(publisher)

    def _change(self, begins, method, ends):
        if self.state not in begins:
            raise RuntimeError(f"{method} from {self.state}")
        result = getattr(self, method)(types.SimpleNamespace(label=self.state))
        assert isinstance(result, TransitionCallbackReturn), f"{method}: {result!r}"
        if result is TransitionCallbackReturn.SUCCESS:
            self.state = ends
        return result

    def trigger_configure(self):
        return self._change(("unconfigured",), "on_configure", "inactive")

    def trigger_activate(self):
        return self._change(("inactive",), "on_activate", "active")

    def trigger_deactivate(self):
        return self._change(("active",), "on_deactivate", "inactive")

    def trigger_cleanup(self):
        return self._change(("inactive",), "on_cleanup", "unconfigured")

    def trigger_shutdown(self):
        states = ("unconfigured", "inactive", "active")
        return self._change(states, "on_shutdown", "finalized")

    def _success(self, state):
        return TransitionCallbackReturn.SUCCESS

    on_configure = on_activate = on_deactivate = on_cleanup = on_shutdown = _success


class GoalResponse(Enum):
    REJECT, ACCEPT = 1, 2


class CancelResponse(Enum):
    REJECT, ACCEPT = 1, 2


MOVES = {
    ("accepted", "execute"): "executing", ("accepted", "cancel"): "canceling",
    ("executing", "cancel"): "canceling", ("executing", "succeed"): "succeeded",
    ("executing", "abort"): "aborted", ("canceling", "succeed"): "succeeded",
    ("canceling", "abort"): "aborted", ("canceling", "canceled"): "canceled",
}  # fmt: skip
STATUS = {"succeeded": 4, "canceled": 5, "aborted": 6}
_IDS = itertools.count(1)


class ServerGoalHandle:
    def __init__(self, server, request):
        self.server, self.request, self.goal_id = server, request, next(_IDS)
        self.state, self.feedback, self.result = "accepted", [], Future()
        self.on_feedback = None

    def _move(self, event):
        assert (self.state, event) in MOVES, f"{event} while {self.state}"
        self.state = MOVES[self.state, event]

    @property
    def is_cancel_requested(self):
        return self.state == "canceling"

    @property
    def is_active(self):
        return self.state in ("accepted", "executing", "canceling")

    def publish_feedback(self, message):
        assert isinstance(message, self.server.kind.Feedback)
        self.feedback.append(message)
        if self.on_feedback is not None:
            self.on_feedback(types.SimpleNamespace(feedback=message))

    def execute(self):
        if not self.is_cancel_requested:
            self._move("execute")
        GRAPH.tasks.append(self._run())

    async def _run(self):
        found = await self.server.execute(self)
        if self.is_active:
            self.abort()
        assert isinstance(found, self.server.kind.Result)
        self.result.set_result(
            types.SimpleNamespace(status=STATUS[self.state], result=found)
        )

    def succeed(self):
        self._move("succeed")

    def abort(self):
        self._move("abort")

    def canceled(self):
        self._move("canceled")


class ActionServer:
    def __init__(self, node, kind, name, execute_callback, *, callback_group=None,
                 goal_callback, handle_accepted_callback, cancel_callback):  # fmt: skip
        self.node, self.kind, self.name = node, kind, node.resolve(name)
        self.execute, self.judge = execute_callback, goal_callback
        self.accept, self.on_cancel = handle_accepted_callback, cancel_callback
        assert self.name not in GRAPH.servers, f"two servers of {self.name}"
        GRAPH.servers[self.name] = self
        GRAPH.begin(self.name)

    def send(self, goal, on_feedback=None):
        """A goal's handle, or None if it was rejected."""
        assert isinstance(goal, self.kind.Goal)
        response = self.judge(goal)
        assert isinstance(response, GoalResponse)
        if response is GoalResponse.REJECT:
            return None
        handle = ServerGoalHandle(self, goal)
        handle.on_feedback = on_feedback
        self.accept(handle)
        return handle

    def cancel(self, handle):
        if handle.is_active and handle.state != "canceling":
            if self.on_cancel(handle) is CancelResponse.ACCEPT and handle.is_active:
                handle._move("cancel")

    def destroy(self):
        del GRAPH.servers[self.name]


class ClientGoalHandle:
    def __init__(self, handle):
        self._handle, self.accepted = handle, handle is not None

    def cancel_goal_async(self):
        done = Future()
        GRAPH.tasks.append(self._cancel(done))
        return done

    async def _cancel(self, done):
        self._handle.server.cancel(self._handle)
        done.set_result(None)

    def get_result_async(self):
        return self._handle.result


class ActionClient:
    def __init__(self, node, kind, name, *, callback_group=None):
        self.kind, self.name = kind, node.resolve(name)

    def server_is_ready(self):
        return self.name in GRAPH.servers and GRAPH.knows(self.name)

    def send_goal_async(self, goal, feedback_callback=None):
        sent = Future()
        if self.server_is_ready():  # else nobody will ever answer
            GRAPH.tasks.append(self._send(sent, goal, feedback_callback))
        return sent

    async def _send(self, sent, goal, feedback_callback):
        server = GRAPH.servers[self.name]
        assert server.kind is self.kind
        sent.set_result(ClientGoalHandle(server.send(goal, feedback_callback)))

    def destroy(self):
        pass


class QoSProfile:
    def __init__(self, *, depth, **policies):
        known = {"durability", "reliability", "history"}
        assert isinstance(depth, int)
        assert set(policies) <= known, policies


class Policy(Enum):
    TRANSIENT_LOCAL, VOLATILE, RELIABLE, BEST_EFFORT, KEEP_LAST = range(5)


def call(name, **fields):
    """Call a service; returns its response."""
    kind, callback = GRAPH.services[name]
    response = callback(kind.Request(**fields), kind.Response())
    assert isinstance(response, kind.Response)
    return response


def install():
    """Make `import rclpy` and its parts work; returns a new graph."""
    global GRAPH
    GRAPH = Graph()
    fake_messages.install()

    def module(name, **members):
        made = types.ModuleType(name)
        made.__dict__.update(members)
        sys.modules[name] = made

    context = {"up": False}
    module(
        "rclpy", ok=lambda: context["up"],
        init=lambda args, signal_handler_options: context.update(up=True),
        try_shutdown=lambda: context.update(up=False),
    )  # fmt: skip
    module(
        "rclpy.action", ActionClient=ActionClient, ActionServer=ActionServer,
        CancelResponse=CancelResponse, GoalResponse=GoalResponse,
    )  # fmt: skip
    group = type("Group", (), {})
    module(
        "rclpy.callback_groups", MutuallyExclusiveCallbackGroup=group,
        ReentrantCallbackGroup=group,
    )  # fmt: skip
    module(
        "rclpy.lifecycle", LifecycleNode=LifecycleNode, LifecycleState=object,
        TransitionCallbackReturn=TransitionCallbackReturn,
    )  # fmt: skip
    module("rclpy.task", Future=Future)
    module(
        "rclpy.qos", QoSProfile=QoSProfile, DurabilityPolicy=Policy,
        ReliabilityPolicy=Policy, qos_profile_sensor_data=QoSProfile(depth=5),
    )  # fmt: skip
    module("rclpy.executors", ExternalShutdownException=type("E", (Exception,), {}),
           SingleThreadedExecutor=Executor)  # fmt: skip
    module("rclpy.signals", SignalHandlerOptions=types.SimpleNamespace(NO=0))
    return weakref.proxy(GRAPH)
