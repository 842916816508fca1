"""How long words take to reach hands that are moving, and what overload does.

    python benchmarks/live.py --requests 40
    python benchmarks/live.py --requests 40 --http
    python benchmarks/live.py --requests 20 --busy 4

Runs `handx live` without a robot, in real time: the worker process draws with the shipped
network, retargets and simulates ahead; the player and its guard send horizons to hands
that follow exactly. Every few seconds, at no particular moment of the motion, another
request is made. With `--http`, words and chunks pass through `handx serve`, as for a ROS
node. With `--busy N`, N further processes compute without end. Wall time: the
load of the machine is printed, and on a busy machine these are upper bounds.
"""

import argparse
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from handx.live.dry_run import dry_player
from handx.live.source import LiveSource
from handx.streaming.engine_client import EngineClient, token_path
from handx.streaming.live_feed import LiveFeed
from handx.streaming.live_link import BUFFER, EngineLink
from handx.streaming.player import ON_REQUEST
from robots import load_robot
from robots.robot import RobotSpec

REQUESTS = (
    "make a fist with the left hand", "clap twice", "wave with the right hand",
    "touch the thumb to each fingertip in turn with both hands", "spread the fingers",
    "point with the right index finger", "steeple the fingers", "rub the palms together",
)  # fmt: skip


def burn() -> None:
    """Compute without end."""
    values = np.ones((300, 300))
    while True:
        values = values @ values / 300


@contextmanager
def feed_through_http(robot: RobotSpec, model: str) -> Iterator[LiveFeed]:
    """Words and chunks by way of a `handx serve` that is started for it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "handx", "serve", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            while not token_path(port).exists():
                assert server.poll() is None, "handx serve has ended"
                time.sleep(0.1)
            link = EngineLink(
                EngineClient(f"http://127.0.0.1:{port}"), robot.name, model
            )
            with LiveFeed(robot, link, buffer=BUFFER) as feed:
                yield feed
        finally:
            server.terminate()


def main() -> None:
    """Talk, wait, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--robot", default="shadow")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--http", action="store_true", help="through `handx serve`")
    parser.add_argument("--busy", type=int, default=0, help="processes that compute")
    options = parser.parse_args()
    others = [
        multiprocessing.Process(target=burn, daemon=True) for _ in range(options.busy)
    ]
    for other in others:
        other.start()
    robot = load_robot(options.robot)
    rng = np.random.default_rng(0)
    rates: list[float] = []
    feed = feed_through_http if options.http else LiveSource
    with feed(robot, options.model) as source:
        print(f"preparing {robot.name} …", flush=True)
        player, hear = dry_player(source.wait(print), robot, 0.16)
        stop = threading.Event()
        player.play()
        due = time.monotonic() + 2.0

        def poll() -> None:
            nonlocal due
            hear()
            source.pump(player)
            if time.monotonic() < due or stop.is_set():
                return
            if len(source.words) == options.requests:
                stop.set()
                return
            source.say(REQUESTS[len(source.words) % len(REQUESTS)])
            due = time.monotonic() + rng.uniform(1.5, 3.0)

        result = player.run(stop, lambda status: rates.append(status.rate), poll)
    for other in others:
        other.kill()
    late = np.array([w.delay for w in source.words if w.delay is not None])
    ended = "all said" if result.reason == ON_REQUEST else result.reason
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, model {source.model}"
    )
    print(f"requests {len(source.words)}, followed {len(late)}; ended: {ended}")
    if len(late):
        p50, p99 = np.percentile(late, [50, 99])
        print(f"words to first changed command: p50 {p50:.3f} s, p99 {p99:.3f} s")
    print(
        f"worker: {source.cpu / max(source.path.end, 1e-9):.2f} CPU-s per second of motion"
    )
    print(f"clock of the path: mean {np.mean(rates):.3f}, lowest {min(rates):.2f}")
    print(
        f"latest tick {1e3 * result.latest:.1f} ms; not let through: {source.problems}"
    )


if __name__ == "__main__":
    main()
