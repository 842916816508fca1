"""How every node of ours lives and ends: signals hold the hands before anything else.

One thread turns the executor, because no callback blocks: a stop waits for a few
milliseconds at most. Several would be worse: rclpy 7.1 keeps a coroutine that waits, as
the actions' do, once more in its MultiThreadedExecutor for every event that passes.
"""

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions

LAST_WORDS = 1.0
"""Longest time a node may take to bring the hands to rest [s]."""

LINGER = 0.2
"""So long it stays after that [s]: what is written as a node goes may never arrive."""


def live(make: Callable[[], Any], args: list[str] | None = None) -> None:
    """Run a node until SIGINT or SIGTERM, then let it hold, then end.

    ROS's own handlers would take the context away at once, and with it the last message.

    Args:
        make: Makes the node: it has `hold(why)`, `is_at_rest()` and `has_failed()`.
        args: The command line's, for remappings and parameters.

    Raises:
        SystemExit: With code 1, where it cannot start by itself or has failed, so that
            a launch file may start it again.
    """
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    executor = SingleThreadedExecutor()
    node = make()
    executor.add_node(node)
    failed = False
    try:
        if node.get_parameter("autostart").value:
            failed = node.trigger_configure() != TransitionCallbackReturn.SUCCESS
            if not failed:
                node.trigger_activate()
        while not (failed or stop.is_set()) and rclpy.ok():
            executor.spin_once(timeout_sec=0.1)
            failed = node.has_failed()
    except ExternalShutdownException:
        pass  # whoever took the context away wants no more messages
    finally:
        if rclpy.ok():
            node.hold("the node ends")
            ends = time.monotonic() + LAST_WORDS
            while not node.is_at_rest() and time.monotonic() < ends:
                executor.spin_once(timeout_sec=0.02)
            ends = time.monotonic() + LINGER
            while time.monotonic() < ends:
                executor.spin_once(timeout_sec=0.02)
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
    if failed:
        raise SystemExit(1)
