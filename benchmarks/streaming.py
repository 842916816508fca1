"""Streaming over DDS on the loopback: loss, latency, jitter, CPU; and what a tick costs.

    python -m benchmarks.streaming [--seconds 10] [--rates 50 100 500] [--fifo]

Two processes: this one sends horizons of 2 × 24 joints to two topics at each rate, the
other decodes them. Latency is from the call that writes to the decoded message, by one
clock. The load of the machine is printed beside, because it decides the figures.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np

from handx.streaming import JointLimits, MotionPath
from handx.streaming.dds import DdsNode
from handx.streaming.encoders import joint_trajectory_message, topic
from handx.streaming.horizon import plan, start_of
from handx.streaming.outlet import Outlet
from handx.streaming.ros_messages import JOINT_TRAJECTORY
from robots import load_robot

DOMAIN = 93


def swinging(robot, seconds=4.0):
    """A path of every commanded joint, from rest to rest."""
    joints = [joint for c in robot.controllers for joint in c.joints]
    limits = JointLimits.of(robot, joints)
    time_ = np.arange(round(seconds * 100) + 1) / 100
    phase = 2 * np.pi * time_ / seconds
    reach = np.minimum(0.3 * (limits.upper - limits.lower), 0.3 * limits.velocity)
    middle = (limits.lower + limits.upper) / 2
    q = middle + ((1 - np.cos(phase)) / 2)[:, None] * reach
    v = (np.sin(phase) * np.pi / seconds)[:, None] * reach
    path = MotionPath(limits)
    path.append(time_, q, v)
    path.close()
    return path


def receive(topics, seconds):
    """The other process: decode everything, print what arrived when."""
    with DdsNode({}, domain=DOMAIN, node="reader") as node:
        for name in topics:
            node.listen(name, JOINT_TRAJECTORY, reliable=True)
        print("ready", flush=True)
        got, ends = [], time.time() + seconds + 3
        while time.time() < ends:
            for name in topics:
                for message in node.take(name):
                    stamp = message.header.stamp
                    sent = stamp.sec * 10**9 + stamp.nanosec
                    got.append((name, sent, time.time_ns()))
            time.sleep(0.0002)
    print(json.dumps(got))


def stream(robot, rate, seconds):
    """Send at a rate for so long; returns what to print."""
    path = swinging(robot)
    topics = {topic(c): c for c in robot.controllers}
    reader = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.streaming", "--receive", *topics,
         "--seconds", str(seconds)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stdout is not None
    reader.stdout.readline()
    start = start_of(path, 0, 0.0)
    horizon = plan(path, start, 1.0, 0.16, path.limits)
    with DdsNode(dict.fromkeys(topics, JOINT_TRAJECTORY), domain=DOMAIN) as node:
        assert node.wait_for_readers(20) == []
        time.sleep(0.5)
        begin, cpu = time.perf_counter(), time.process_time()
        late, writes, count = [], [], round(seconds * rate)
        for k in range(count):
            due = begin + k / rate
            if (wait := due - time.perf_counter()) > 0:
                time.sleep(wait)
            late.append(time.perf_counter() - due)
            before = time.perf_counter()
            for name, controller in topics.items():
                node.publish(name, joint_trajectory_message(
                    controller, path.joint_names, horizon.time, horizon.positions,
                    horizon.velocities, time.time_ns(),
                ))  # fmt: skip
            writes.append(time.perf_counter() - before)
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
        time.sleep(1.0)
    got = json.loads(reader.communicate(timeout=seconds + 60)[0])
    delay = np.array([arrived - sent for _, sent, arrived in got]) / 1e6
    first = sorted(arrived for name, _, arrived in got if name == next(iter(topics)))
    gaps = np.diff(first) / 1e6
    sent = count * len(topics)
    return {
        "rate": f"{rate:g}",
        "lost": f"{sent - len(got)}/{sent}",
        "latency p50/p99/max": "{:.2f} / {:.2f} / {:.1f}".format(
            *np.percentile(delay, [50, 99, 100])
        ),
        "between arrivals sd": f"{gaps.std():.2f}",
        "late p50/p99": "{:.2f} / {:.2f}".format(
            *np.percentile(np.array(late) * 1e3, [50, 99])
        ),
        "both writes p50": f"{np.median(writes) * 1e3:.2f}",
        "CPU": f"{100 * cpu / wall:.0f} %",
    }


class Nobody:
    """A transport that swallows everything."""

    def publish(self, topic, message):
        """Nothing."""

    def unheard(self):
        """Everybody listens."""
        return []


def tick_cost(robot):
    """CPU [ms] of one period: plan, guard, controllers' rules, encoding; no transport."""
    path = swinging(robot)
    period = 20_000_000
    outlet = Outlet(path, robot.controllers, Nobody(), period)
    now = 10**18
    outlet.begin(path, start_of(path, now + period, 0.0))
    cpu, count = time.process_time(), 150
    for k in range(count):
        outlet.extend(now + k * period, 1.0, 0.16)
    return 1e3 * (time.process_time() - cpu) / count


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rates", type=float, nargs="+", default=[50, 100, 500])
    parser.add_argument(
        "--fifo",
        action="store_true",
        help="both processes before all others (SCHED_FIFO 40; root)",
    )
    parser.add_argument("--receive", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.receive:
        receive(options.receive, options.seconds)
        return
    if options.fifo:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(40))
    for name in ("shadow", "g1-inspire"):
        robot = load_robot(name)
        joints = sum(len(c.joints) for c in robot.controllers)
        print(f"one period of {name} ({joints} joints, {len(robot.controllers)} "
              f"controllers): {tick_cost(robot):.2f} ms of CPU")  # fmt: skip
    robot = load_robot("shadow")
    points = len(plan(swinging(robot), start_of(swinging(robot), 0, 0.0), 1.0, 0.16,
                      swinging(robot).limits).time)  # fmt: skip
    print(f"2 × 24 joints, {points} points a message, {options.seconds:g} s a rate, "
          f"loopback, {os.cpu_count()} cores, "
          f"{'SCHED_FIFO' if options.fifo else 'normal priority'}; times in ms")  # fmt: skip
    rows = []
    for rate in options.rates:
        before = os.getloadavg()[0]
        rows.append({**stream(robot, rate, options.seconds), "load": f"{before:.1f}"})
    for key in rows[0]:
        print(f"{key:22}" + "".join(f"{row[key]:>24}" for row in rows))


if __name__ == "__main__":
    main()
