"""Arms frame by frame: every limit whatever is asked, and back on the path afterwards."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handx.live.rows import Row, commands_of
from handx_gen.skeleton import SIDES
from retarget.arm_chain import arm_chain
from retarget.errors import RetargetError
from retarget.online_arms import PULL, SPEED, OnlineArms, place_arms
from retarget.rotations import exp
from retarget.spline import spline_extrema
from robots import load_robot
from sim.scene import BODY

ROBOT = load_robot("g1-dex3")
SPACING = 1 / 30
FORWARD_AND_DOWN = {"left_shoulder_pitch_joint": -0.3, "left_elbow_joint": 0.4,
                    "right_shoulder_pitch_joint": -0.3, "right_elbow_joint": 0.4}  # fmt: skip


@pytest.fixture(scope="module")
def home():
    """(2, 4, 4) hands in front of the robot, in a world that is not the robot's."""
    chain = arm_chain(ROBOT)
    names = list(chain.model.spec.joint_names)
    q = chain.model.rest.copy()
    for name, angle in FORWARD_AND_DOWN.items():
        q[names.index(name)] += angle
    rotation, position = chain.roots(chain.model.forward(q[None]))
    T = np.tile(np.eye(4), (2, 1, 1))
    T[:, :3, :3], T[:, :3, 3] = rotation[0], position[0] + [0.3, 0.0, 1.0]
    return T


@pytest.fixture(scope="module")
def placement(home):
    return place_arms(ROBOT, home[None, :, :3, :3], home[None, :, :3, 3])


def asked(T):
    return dict(zip(SIDES, T))


def wild(home, seed, count):
    """Poses that drift, turn and jump, many of them out of reach."""
    rng = np.random.default_rng(seed)
    place, turn = np.zeros((2, 3)), np.zeros((2, 3))
    for k in range(count):
        if k == 1 or rng.random() < 0.2:
            place, turn = rng.normal(0, 0.2, (2, 3)), rng.normal(0, 1.0, (2, 3))
        place, turn = (x + rng.normal(0, 0.01, (2, 3)) for x in (place, turn))
        T = home.copy()
        T[:, :3, :3] = exp(turn) @ T[:, :3, :3]
        T[:, :3, 3] += place
        yield T


@settings(max_examples=5)
@given(st.integers(0, 2**31))
def test_limits_hold_between_frames_too_and_the_arms_find_back(home, placement, seed):
    arms = OnlineArms(placement)
    path = [*wild(home, seed, 15), *[home] * 30]
    answers = [arms.step(asked(T), SPACING * (k > 0)) for k, T in enumerate(path)]
    frames = np.array([answer.positions for answer in answers])
    chain = arm_chain(ROBOT).model.spec
    knots = commands_of([Row({BODY: q}, {}) for q in frames], 0.0, SPACING)
    low, high, fast = spline_extrema(
        knots.time, knots.positions[BODY], knots.velocities[BODY]
    )
    assert (low >= chain.lower).all()
    assert (high <= chain.upper).all()
    assert (fast <= np.minimum(chain.velocity_limit, SPEED) + 1e-9).all()
    # A quadratic spline accelerates by the frames' second differences.
    pull = np.abs(np.diff(frames, 2, axis=0)).max(0) / SPACING**2
    assert (pull <= np.minimum(chain.acceleration_limit, PULL) + 1e-6).all()
    waist = [chain.joint_names.index(j) for j in ROBOT.groups["waist"]]
    np.testing.assert_array_equal(np.ptp(frames[:, waist], axis=0), 0.0)
    assert max(answer.miss.max() for answer in answers[:15]) > 0.02  # it was wild
    assert answers[-1].miss.max() < 2e-3


def test_it_says_where_the_hands_really_are(home, placement):
    arms, chain = OnlineArms(placement), arm_chain(ROBOT)
    far = home.copy()
    far[0, :3, 3] += [0.6, 0.0, 0.0]
    for _ in range(20):
        answer = arms.step(asked(far), SPACING)
    rotation, position = chain.roots(chain.model.forward(answer.positions[None]))
    for k, side in enumerate(SIDES):
        base = answer.T_world_base[side]
        np.testing.assert_allclose(base[:3, :3], rotation[0, k], atol=1e-12)
        root = base[:3, 3] - [0, 0, chain.body.root_height]
        np.testing.assert_allclose(root, position[0, k], atol=1e-12)
        off = np.linalg.norm(base[:3, 3] - far[k, :3, 3] - placement.shift)
        assert off == pytest.approx(answer.miss[k])
    assert answer.miss[0] > 0.1
    assert answer.miss[1] < 2e-3


def test_bad_poses_are_refused_and_change_nothing(home, placement):
    arms, other = OnlineArms(placement), OnlineArms(placement)
    broken = home.copy()
    broken[1, 0, 3] = np.nan
    with pytest.raises(RetargetError, match="NaN"):
        arms.step(asked(broken), SPACING)
    with pytest.raises(RetargetError, match="back"):
        arms.step(asked(home), -SPACING)
    a, b = (x.step(asked(home), SPACING).positions for x in (arms, other))
    np.testing.assert_array_equal(a, b)


def test_a_robot_without_arms_is_refused(home):
    with pytest.raises(RetargetError, match="no arms"):
        place_arms(load_robot("shadow"), home[None, :, :3, :3], home[None, :, :3, 3])
