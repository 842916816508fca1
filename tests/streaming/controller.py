"""A joint_trajectory_controller as far as its wire is concerned, on a clock of the test.

Latest message wins; until the first point it moves on a cubic from where its reference is
(`interpolate_from_desired_state`); after the last point it holds. Written from the
controller's documentation and from spec measurements, not from the code under test.
"""

import numpy as np


def nanoseconds(time):
    return time["sec"] * 10**9 + time["nanosec"]


class Controller:
    """Keeps every spline it ever followed, with the time it followed it."""

    def __init__(self, joints, position, now=0):
        self.joints = list(joints)
        self.knots = (
            np.array([now]), np.array([position], float), np.zeros((1, len(joints))),
        )  # fmt: skip
        self.history = []

    def reference(self, now):
        """Position and velocity at a time [ns]."""
        time, place, rate = self.knots
        if now >= time[-1]:
            return place[-1].copy(), np.zeros(len(self.joints))
        if now <= time[0]:
            return place[0].copy(), rate[0].copy()
        k = int(np.searchsorted(time, now, side="right")) - 1
        h = (time[k + 1] - time[k]) / 1e9
        x = (now - time[k]) / 1e9 / h
        p0, p1, m0, m1 = place[k], place[k + 1], rate[k] * h, rate[k + 1] * h
        a, b = 2 * p0 - 2 * p1 + m0 + m1, 3 * p1 - 3 * p0 - 2 * m0 - m1
        return ((a * x + b) * x + m0) * x + p0, ((3 * a * x + 2 * b) * x + m0) / h

    def take(self, message, now):
        """Replace what it follows, as the controller does."""
        order = [message["joint_names"].index(joint) for joint in self.joints]
        stamp = nanoseconds(message["header"]["stamp"]) or now
        time = np.array([stamp + nanoseconds(p["time_from_start"])
                         for p in message["points"]])  # fmt: skip
        place = np.array([p["positions"] for p in message["points"]])[:, order]
        rate = np.array([p["velocities"] for p in message["points"]])[:, order]
        if time[0] > now:
            here, speed = self.reference(now)
            time = np.concatenate([[now], time])
            place, rate = np.vstack([here, place]), np.vstack([speed, rate])
        self.history.append((self.knots, now))
        self.knots = (time, place, rate)

    def extremes(self):
        """Lowest and highest position, highest |velocity| and |acceleration| per joint.

        Over what was really followed: each spline from when it came until the next did.
        """
        count = len(self.joints)
        low, high = np.full(count, np.inf), np.full(count, -np.inf)
        speed = pull = np.zeros(count)
        begin = None
        for knots, until in [*self.history, (self.knots, int(self.knots[0][-1]))]:
            time, place, rate = knots
            start = int(time[0]) if begin is None else begin
            begin = until
            inner = time[(time > start) & (time < until)]
            cuts = np.array([start, *inner, until])
            cuts = cuts[cuts <= time[-1]]
            if len(cuts) < 2 or len(time) < 2:
                continue
            k = np.clip(np.searchsorted(time, cuts[:-1], side="right") - 1, 0, None)
            h = ((time[k + 1] - time[k]) / 1e9)[:, None]
            p0, p1, m0, m1 = place[k], place[k + 1], rate[k] * h, rate[k + 1] * h
            a, b = 2 * p0 - 2 * p1 + m0 + m1, 3 * p1 - 3 * p0 - 2 * m0 - m1
            for share in (0.0, 0.5, 1.0):
                moment = cuts[:-1] + share * np.diff(cuts)
                x = ((moment - time[k]) / 1e9)[:, None] / h
                q = ((a * x + b) * x + m0) * x + p0
                v = ((3 * a * x + 2 * b) * x + m0) / h
                low, high = np.minimum(low, q.min(0)), np.maximum(high, q.max(0))
                speed = np.maximum(speed, np.abs(v).max(0))
                pull = np.maximum(pull, np.abs((6 * a * x + 2 * b) / h**2).max(0))
        return low, high, speed, pull


class Clock:
    """Time passes only by waiting."""

    def __init__(self, start=1_700_000_000 * 10**9):
        self.time = start

    def now(self):
        return self.time

    def wait_until(self, moment, stop):
        self.time = max(self.time, moment)


class World:
    """Controllers that do what they are told and say where they are.

    Args:
        robot: Its controllers.
        clock: Shared with the player.
        start: Wire name → position at the beginning [rad].
    """

    def __init__(self, robot, clock, start, controllers):
        self.clock, self.robot = clock, robot
        self.sent, self.gone, self.broken = [], [], None
        self.stuck = {}
        self.effort = {}
        self.controllers = {
            f"/{c.name}/{c.topic}": Controller(
                c.joints, [start[j] for j in c.joints], clock.now()
            )
            for c in controllers
        }

    def publish(self, topic, message):
        if self.broken is not None:
            raise OSError(self.broken)
        self.sent.append((self.clock.now(), topic, message))
        self.controllers[topic].take(message, self.clock.now())

    def unheard(self):
        return list(self.gone)

    def state(self):
        """(names, positions, efforts) now."""
        names, places = [], []
        for controller in self.controllers.values():
            names += controller.joints
            places += list(controller.reference(self.clock.now())[0])
        places = [self.stuck.get(n, p) for n, p in zip(names, places)]
        return names, places, [self.effort.get(n, 0.0) for n in names]

    def feed(self, player, stamp=None):
        names, places, efforts = self.state()
        player.on_joint_state(
            names, places, efforts, self.clock.now() if stamp is None else stamp
        )

    def speed(self):
        """Highest joint speed now [rad/s]."""
        now = self.clock.now()
        return max(np.abs(c.reference(now)[1]).max() for c in self.controllers.values())

    def check_limits(self, limits, start_outside=0.0):
        """What the controllers really followed keeps every declared limit."""
        for controller in self.controllers.values():
            low, high, speed, pull = controller.extremes()
            index = [limits.names.index(joint) for joint in controller.joints]
            assert (low >= limits.lower[index] - 2e-4 - start_outside).all()
            assert (high <= limits.upper[index] + 2e-4 + start_outside).all()
            assert (speed <= limits.velocity[index] * 1.006).all()
            assert (pull <= limits.acceleration[index] * 1.02).all()
