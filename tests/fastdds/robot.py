"""A robot whose only way out is Fast DDS: a controller's model behind a `Peer`."""

import threading
import time

from handx.streaming.ros_messages import JOINT_STATE, JOINT_TRAJECTORY
from tests.streaming.controller import Controller

PERIOD = 0.01
"""Between two joint states [s]."""


class Robot(threading.Thread):
    """Follows the newest trajectory and publishes where it is until `stop()`.

    Args:
        peer: Its Fast DDS participant.
        topics: ROS topic → joints of that controller.
        start: Joint → where it stands at the beginning [rad].

    Attributes:
        controllers: Topic → model, with all that it followed.
        speeds: (time [ns], highest joint speed [rad/s]), as published.
    """

    def __init__(self, peer, topics, start):
        super().__init__(daemon=True)
        self.peer, self.speeds = peer, []
        now = time.time_ns()
        self.controllers = {
            topic: Controller(joints, [start[j] for j in joints], now)
            for topic, joints in topics.items()
        }
        for topic in topics:
            # What rmw_fastrtps makes of a joint_trajectory_controller's SystemDefaultsQoS.
            peer.read(f"rt{topic}", JOINT_TRAJECTORY, reliable=False, depth=1)
        peer.write("rt/joint_states", JOINT_STATE)
        self._ending = threading.Event()

    def stop(self):
        self._ending.set()
        self.join()

    def run(self):
        taken = 0
        while not self._ending.wait(PERIOD) and self.peer.process.poll() is None:
            now = time.time_ns()
            for event in self.peer.events[taken:]:
                taken += 1
                topic = event.get("topic", "").removeprefix("rt")
                if event["event"] == "sample" and topic in self.controllers:
                    self.controllers[topic].take(event["message"], now)
            names, places, rates = [], [], []
            for controller in self.controllers.values():
                place, rate = controller.reference(now)
                names += controller.joints
                places += place.tolist()
                rates += rate.tolist()
            self.speeds.append((now, max(map(abs, rates))))
            try:
                self.peer.state("rt/joint_states", now, names, places, rates)
            except BrokenPipeError:  # it was killed meanwhile
                return

    def place(self):
        """Joint → where it is now [rad]."""
        now = time.time_ns()
        return {
            joint: place
            for controller in self.controllers.values()
            for joint, place in zip(controller.joints, controller.reference(now)[0])
        }

    def moved_last(self):
        """When it last moved [ns]."""
        return max(moment for moment, speed in self.speeds if speed > 1e-9)
