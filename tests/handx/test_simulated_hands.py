"""`handx simulate`: hands in real time behind a local socket."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from handx.simulated.hands import SimulatedHands
from handx.simulated.socket_server import serve_hands
from handx.streaming.errors import StreamError
from handx.streaming.hand_client import HandClient
from handx_gen.errors import InputError
from robots import load_robot, robot_names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def inspire():
    return load_robot("inspire")


@pytest.fixture
def hands(inspire):
    return SimulatedHands(inspire)


@pytest.fixture
def served(hands, tmp_path):
    """The socket of hands that run in a thread."""
    stop, ready = threading.Event(), threading.Event()
    path = tmp_path / "run" / "hand.sock"
    thread = threading.Thread(
        target=serve_hands, args=(hands, path, stop, 200.0, ready.set)
    )
    thread.start()
    assert ready.wait(10)
    yield path
    stop.set()
    thread.join()
    assert not path.exists()


def until(condition, seconds=10):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.005)


@pytest.mark.parametrize("name", ["shadow", "inspire", "g1-dex3"])
def test_every_commanded_joint_goes_where_it_is_told(name):
    robot = load_robot(name)
    hands = SimulatedHands(robot)
    wanted = {}
    chains = [*robot.hands.values(), *([robot.body.chain] if robot.body else [])]
    for hand in chains:
        for name_, low, high, rest in zip(
            hand.joint_names, hand.lower, hand.upper, hand.rest_pose
        ):
            if name_ in hand.actuated:
                wanted[hand.wire_prefix + name_] = 0.8 * rest + 0.2 * (low + high) / 2
    assert set(wanted) == set(hands.commanded_names)
    hands.command(list(wanted), list(wanted.values()))
    hands.advance(1000)
    state = dict(zip(hands.joint_names, hands.state().positions))
    for joint, target in wanted.items():
        assert state[joint] == pytest.approx(target, abs=0.02), joint
    assert np.abs(hands.state().velocities).max() < 0.05


def test_controllers_of_a_robot_are_commanded_joints():
    for name in robot_names():
        robot = load_robot(name)
        hands = SimulatedHands(robot)
        for controller in robot.controllers:
            assert set(controller.joints) <= set(hands.commanded_names)


def test_at_first_it_rests(hands):
    before = hands.state()
    hands.advance(200)
    after = hands.state()
    assert after.time == pytest.approx(0.2)
    assert np.abs(after.positions - before.positions).max() < 0.02


@pytest.mark.parametrize(
    ("names", "positions", "velocities"),
    [
        (["nobody"], [0.0], []),
        (["L_index_proximal_joint"], [float("nan")], []),
        (["L_index_proximal_joint"], [float("inf")], []),
        (["L_index_proximal_joint"], [0.1, 0.2], []),
        (["L_index_proximal_joint"], [0.1], [float("nan")]),
    ],
)
def test_a_wrong_command_changes_nothing(hands, names, positions, velocities):
    before = hands._data.ctrl.copy()
    with pytest.raises(InputError):
        hands.command(names, positions, velocities)
    assert (hands._data.ctrl == before).all()


def test_a_target_beyond_a_stop_stays_inside(hands, inspire):
    hands.command(["L_index_proximal_joint"], [100.0])
    hands.advance(1000)
    hand = inspire.hands["left"]
    index = hand.joint_names.index("L_index_proximal_joint")
    assert hands.state().positions[index] < hand.upper[index] + 0.02


def test_over_the_socket(served):
    client = HandClient(served)
    try:
        joint = client.commanded_names[2]
        index = client.joint_names.index(joint)
        until(lambda: client.latest() is not None)
        start = client.latest().positions[index]
        client.command([joint], [start + 0.3])
        until(lambda: abs(client.latest().positions[index] - start - 0.3) < 0.02)
        client.command(["nobody"], [0.0])
        until(lambda: "nobody" in client.refusal)
        with pytest.raises(StreamError, match="NaN"):
            client.command([joint], [float("nan")])
    finally:
        client.close()
    assert client.latest() is None


def test_one_driver_at_a_time_and_another_after_it(served):
    first = HandClient(served)
    with pytest.raises(StreamError, match="drives"):
        HandClient(served)
    first.close()

    def again():
        try:
            HandClient(served).close()
        except StreamError:
            return False
        return True

    until(again)


def test_hands_outlive_rubbish_and_a_driver_that_dies(served):
    for rubbish in (b"\n", b"{}\n", b"[" * 2000 + b"\n", b'{"names": 1}\n', b"\xff\n",
                    b'{"names": [[]], "positions": [1]}\n',
                    b'{"names": ["a"], "positions": ["x"]}\n'):  # fmt: skip

        def answered(data=rubbish):
            with socket.socket(socket.AF_UNIX) as raw:
                raw.settimeout(5)
                raw.connect(str(served))
                lines = raw.makefile("rb")
                if b"busy" in lines.readline():
                    return False
                raw.sendall(data)
                return any(
                    "refused" in json.loads(lines.readline()) for _ in range(400)
                )

        until(answered)

    def lives():
        try:
            client = HandClient(served)
        except StreamError:  # the last one is not quite gone
            return False
        until(lambda: client.latest() is not None)
        client.close()
        return True

    until(lives)


def test_the_socket_is_this_users_alone(served):
    assert stat.S_IMODE(served.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(served.parent.stat().st_mode) == 0o700


def test_it_runs_in_real_time(served):
    client = HandClient(served)
    until(lambda: client.latest() is not None)
    first, began = client.latest().time, time.monotonic()
    time.sleep(0.5)
    passed = time.monotonic() - began
    # It may fall behind on a busy machine, and never runs ahead.
    assert 0.1 < client.latest().time - first < passed + 0.05
    client.close()


def test_nobody_there_is_said(tmp_path):
    with pytest.raises(StreamError, match="handx simulate"):
        HandClient(tmp_path / "none.sock")


def test_the_command_ends_cleanly(tmp_path):
    place = tmp_path / "hand.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "handx", "simulate", "--robot", "inspire", "--socket",
         str(place)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ},
    )  # fmt: skip
    try:
        until(place.exists, 60)
        # A second one at the same place is refused in words.
        second = subprocess.run(
            [sys.executable, "-m", "handx", "simulate", "--robot", "inspire", "--socket",
             str(place)],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (second.returncode, "already" in second.stderr) == (2, True)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    assert not place.exists()
