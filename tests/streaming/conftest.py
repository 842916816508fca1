"""A small real trajectory for a real robot: every joint moves, everything at rest."""

import numpy as np
import pytest

from handx_gen.kinematics.contacts import ContactTrack
from retarget.trajectory import BimanualTrajectory, JointTrajectory
from robots import load_robot
from sim.report import SimReport, Verdict
from sim.thresholds import thresholds_of
from sim.validation import hashes


def make_trajectory(robot, seconds=1.0, rate=30.0, hands=("left", "right")):
    """Actuated joints swing out from the rest pose and back; coupled ones follow."""
    time = np.arange(round(seconds * rate) + 1) / rate
    phase = 2 * np.pi * time / time[-1]
    # 1 − cos has zero rate at both ends.
    swing, rate_of_swing = (1 - np.cos(phase)) / 2, np.sin(phase) * np.pi / time[-1]
    parts = {"left": None, "right": None}
    for side in hands:
        hand = robot.hands[side]
        index = hand.actuated_index
        rest = hand.rest_pose[index]
        room = np.minimum(hand.upper[index] - rest, 0.5)
        speed = 0.5 * hand.velocity_limit[index] * time[-1] / np.pi
        matrix, constant = hand.expansion
        gain = np.abs(matrix).max(0).clip(1)
        reach = np.minimum(0.8 * room, speed / gain)
        q = rest + swing[:, None] * reach
        parts[side] = JointTrajectory(
            hand.joint_names,
            q @ matrix.T + constant,
            (rate_of_swing[:, None] * reach) @ matrix.T,
            time,
        )
    steps = len(time)
    bases = np.zeros((steps, 2, 7))
    bases[..., 0] = 1
    bases[:, 0, 5], bases[:, 1, 5] = 0.15, -0.15
    return BimanualTrajectory(
        robot.name,
        robot.sha256,
        parts,
        bases,
        time,
        ContactTrack((), np.zeros((steps, 0), bool), np.zeros((steps, 0))),
        np.zeros((steps, 2, 5, 3)),
        np.zeros((steps, 2), bool),
    )


def make_report(trajectory, robot, answer="yes"):
    """A report that speaks of exactly this trajectory."""
    return SimReport(
        robot.name,
        {name: Verdict(answer) for name in ("text", "hand", "physics")},
        (),
        thresholds_of(robot).as_dict(),
        1.0,
        hashes(trajectory, robot),
    )


@pytest.fixture(scope="session", params=["shadow", "inspire"])
def robot(request):
    return load_robot(request.param)


@pytest.fixture(scope="session")
def shadow():
    return load_robot("shadow")


@pytest.fixture(scope="session")
def trajectory(robot):
    return make_trajectory(robot)


@pytest.fixture(scope="session")
def make():
    """The two makers, for tests that need variants."""
    return make_trajectory, make_report
