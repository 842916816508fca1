"""Pieces of a path: exact while they run, at rest when they end."""

import numpy as np
import pytest

from handx.streaming.encoders import wire_trajectory
from handx.streaming.horizon import brake_seconds, piece
from retarget.trajectory import hermite


@pytest.fixture(scope="module")
def path(trajectory, robot):
    return wire_trajectory(trajectory, robot)


@pytest.mark.parametrize("start", [0.0, 0.123, 0.5, 0.95, 1.0, 1.3])
def test_the_first_part_is_the_path_itself(path, start):
    time, positions, velocities = piece(path, start, 0.16, 0.2)
    query = np.linspace(0, 0.16, 77)
    sent, sent_rate = hermite(time, positions, velocities, query)
    wanted, rate = path.sample(start + query)
    np.testing.assert_allclose(sent, wanted, atol=1e-6)
    np.testing.assert_allclose(sent_rate, rate, atol=1e-3)


@pytest.mark.parametrize("start", [0.0, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("horizon", [0.0, 0.16])
def test_every_piece_ends_at_rest_and_never_leaves_the_path(path, start, horizon):
    time, positions, velocities = piece(path, start, horizon, 0.2)
    assert (np.diff(time) > 0).all()
    assert time[0] == 0
    assert np.abs(velocities[-1]).max() == 0
    # Every pose on the way is one of the path's poses: the hands stay together.
    dense = path.sample(np.linspace(0, path.duration, 5000))[0]
    query = np.linspace(0, time[-1], 200)
    sent = hermite(time, positions, velocities, query)[0]
    nearest = np.abs(sent[:, None] - dense[None]).max(-1).min(1)
    assert nearest.max() < 1e-3


def test_braking_stays_below_the_speed_it_began_with(path):
    brake = brake_seconds(path, np.full(len(path.joint_names), 10.0))
    speed = np.abs(piece(path, 0.4, 0.0, brake)[2]).max(0)
    assert (speed <= path.extrema()[2].max(0) + 1e-9).all()


def test_a_weaker_robot_brakes_longer(path):
    count = len(path.joint_names)
    top = path.extrema()[2].max()
    assert brake_seconds(path, np.full(count, 2.0)) == pytest.approx(
        max(0.1, top / 2.0)
    )
