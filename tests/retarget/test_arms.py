"""Arms: they take the hands where they should be, keep every limit, and say what not."""

from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest

from handx_gen.kinematics.contacts import ContactTrack
from handx_gen.skeleton import SIDES
from retarget.arm_chain import ArmChain, arm_chain
from retarget.arm_solve import (
    ArmTargets,
    _evaluate,
    errors,
    overlaps,
    rotation_vector,
    solve_arms,
)  # fmt: skip
from retarget.arms import with_arms
from retarget.errors import RetargetError
from retarget.rotations import exp, matrix_from_quaternion, quaternion_from_matrix
from retarget.trajectory import BimanualTrajectory, JointTrajectory
from robots import load_robot

ROBOT = load_robot("g1-dex3")


@pytest.fixture(scope="module")
def chain() -> ArmChain:
    return arm_chain(ROBOT)


def angles_near_rest(chain: ArmChain, count: int, spread: float, seed: int):
    """(count, m) joint angles within `spread` [rad] of rest and well inside the limits."""
    generator = np.random.default_rng(seed)
    low = chain.model.lower[chain.moving] + 0.05
    high = chain.model.upper[chain.moving] - 0.05
    away = generator.uniform(-spread, spread, (count, len(chain.moving)))
    return np.clip(chain.model.rest[chain.moving] + away, low, high)


def pose_of(chain: ArmChain, moving: np.ndarray):
    free = np.repeat(chain.model.rest[None], len(moving), 0)
    free[:, chain.moving] = moving
    return chain.model.forward(free)


def trajectory_of(rotation, position, time, present=(True, True)):
    """Hands at rest on the given bases."""
    steps = len(time)
    hands = {
        side: JointTrajectory(
            ROBOT.hands[side].joint_names,
            np.tile(ROBOT.hands[side].rest_pose, (steps, 1)),
            np.zeros((steps, len(ROBOT.hands[side].joint_names))),
            time,
        )
        if here
        else None
        for side, here in zip(SIDES, present, strict=True)
    }
    none = ContactTrack((), np.zeros((steps, 0), bool), np.zeros((steps, 0)))
    return BimanualTrajectory(
        ROBOT.name, ROBOT.sha256, hands,
        np.concatenate([quaternion_from_matrix(rotation), position], -1),
        time, none, np.zeros((steps, 2, 5, 3)), np.zeros((steps, 2), bool),
    )  # fmt: skip


def reachable_path(chain: ArmChain, steps: int = 80, seed: int = 4):
    """Bases on a smooth path of the arms, at rest at both ends."""
    ends = angles_near_rest(chain, 3, 0.4, seed)
    s = np.linspace(0, 1, steps)
    ease = s**3 * (10 - 15 * s + 6 * s**2)
    swing = np.sin(np.pi * ease) ** 2
    q = ends[0] + ease[:, None] * (ends[1] - ends[0])
    q = q + swing[:, None] * 0.3 * (ends[2] - ends[0])
    rotation, position = chain.roots(pose_of(chain, q))
    time = 0.02 * np.arange(steps)
    return trajectory_of(rotation, position + [0.7, 0.1, 0.2], time)


def test_roots_are_where_pinocchio_puts_them(chain: ArmChain) -> None:
    spec = chain.model.spec
    model = pin.buildModelFromUrdf(str(spec.urdf))
    data = model.createData()
    for moving in angles_near_rest(chain, 5, 1.0, 0):
        free = chain.model.rest.copy()
        free[chain.moving] = moving
        q = pin.neutral(model)
        for name, value in zip(spec.joint_names, free, strict=True):
            q[model.joints[model.getJointId(name)].idx_q] = value
        pin.framesForwardKinematics(model, data, q)
        rotation, position = chain.roots(chain.model.forward(free[None]))
        for k, side in enumerate(SIDES):
            mount = chain.body.mounts[side]
            pose = data.oMf[model.getFrameId(mount.link)].homogeneous
            pose = pose @ mount.T_link_base
            np.testing.assert_allclose(rotation[0, k], pose[:3, :3], atol=1e-12)
            np.testing.assert_allclose(position[0, k], pose[:3, 3], atol=1e-12)


def test_centre_of_mass_is_pinocchios_with_the_hands_at_their_mounts(
    chain: ArmChain,
) -> None:
    # On a free root, because pinocchio leaves a fixed root's mass out.
    model = pin.buildModelFromUrdf(
        str(chain.model.spec.urdf), pin.JointModelFreeFlyer()
    )
    data = model.createData()
    moving = angles_near_rest(chain, 1, 0.8, 1)
    pose = pose_of(chain, moving)
    free = chain.model.rest.copy()
    free[chain.moving] = moving[0]
    q = pin.neutral(model)
    for name, value in zip(chain.model.spec.joint_names, free, strict=True):
        q[model.joints[model.getJointId(name)].idx_q] = value
    body = pin.centerOfMass(model, data, q)
    hands = pose.locate(chain.mass_points)[0, -2:]
    expected = data.mass[0] * body + chain.masses[-2:] @ hands
    expected /= data.mass[0] + chain.masses[-2:].sum()
    got = chain.centre_of_mass(pose)[0][0]
    np.testing.assert_allclose(got, expected, atol=1e-9)
    assert chain.masses.sum() == pytest.approx(data.mass[0] + chain.masses[-2:].sum())


def test_gradient_is_that_of_the_cost(chain: ArmChain) -> None:
    q = angles_near_rest(chain, 6, 1.2, 2)  # some of these touch or lean
    rotation, position = chain.roots(pose_of(chain, angles_near_rest(chain, 6, 0.5, 3)))
    turn = exp(0.01 * np.random.default_rng(0).normal(size=(6, 2, 3)))
    close = chain.roots(pose_of(chain, q))
    targets = ArmTargets(
        turn @ close[0], close[1] + 0.3 * (position - close[1]), np.array([True, True])
    )
    del rotation
    now = _evaluate(chain, targets, q)
    h = 1e-6
    for j in range(q.shape[1]):
        ahead, behind = q.copy(), q.copy()
        ahead[:, j] += h
        behind[:, j] -= h
        slope = (
            _evaluate(chain, targets, ahead).cost
            - _evaluate(chain, targets, behind).cost
        ) / (2 * h)
        # Orientation errors are taken as small, which 0.01 rad is to 1 %.
        np.testing.assert_allclose(now.gradient[:, j], slope, rtol=0.02, atol=0.5)


def test_rotation_vector_is_the_inverse_of_exp() -> None:
    generator = np.random.default_rng(5)
    vectors = generator.normal(size=(200, 3))
    vectors *= generator.uniform(0, 3.1, (200, 1)) / np.linalg.norm(
        vectors, axis=1, keepdims=True
    )
    vectors[:20] *= 1e-7
    np.testing.assert_allclose(rotation_vector(exp(vectors)), vectors, atol=1e-8)


def test_reachable_targets_are_reached_from_rest(chain: ArmChain) -> None:
    q = angles_near_rest(chain, 60, 0.4, 6)
    pose = pose_of(chain, q)
    found, keep = overlaps(chain, pose, 0.012)
    free = np.setdiff1d(np.arange(60), found.frame[keep])
    lean = (
        chain.centre_of_mass(pose)[0]
        - chain.centre_of_mass(chain.model.forward(chain.model.rest[None]))[0]
    )
    free = free[np.linalg.norm(lean[free, :2], axis=1) < 0.035]
    assert len(free) > 15
    rotation, position = (x[free] for x in chain.roots(pose))
    targets = ArmTargets(rotation, position, np.array([True, True]))
    start = np.tile(chain.model.rest[chain.moving], (len(free), 1))
    solved = solve_arms(chain, targets, start, None)
    place, turn = errors(chain, pose_of(chain, solved), targets)
    assert np.linalg.norm(place, axis=-1).max() < 1e-3
    assert np.degrees(np.linalg.norm(turn, axis=-1)).max() < 0.5


def test_a_path_is_placed_followed_and_within_limits(chain: ArmChain) -> None:
    path = reachable_path(chain)
    moved, report = with_arms(path, ROBOT)
    assert set(moved.groups) == set(ROBOT.groups)
    for group, part in moved.groups.items():
        assert part.joint_names == ROBOT.groups[group]
    np.testing.assert_array_equal(
        moved.groups["waist"].positions, np.zeros((len(path.time_from_start), 3))
    )
    assert min(report.reached.values()) == 1
    assert max(p[2] for p in report.position_mm.values()) < 5
    assert report.top_speed_ratio <= 1
    assert report.clearance_mm > 0
    # One shift moves everything; the hands keep their places to one another.
    before, after = path.T_world_base[..., 4:], moved.T_world_base[..., 4:]
    np.testing.assert_allclose(
        after[:, 0] - after[:, 1], before[:, 0] - before[:, 1], atol=0.008
    )
    np.testing.assert_allclose(after - before, np.broadcast_to(
        np.mean(after - before, (0, 1)), before.shape), atol=0.006
    )  # fmt: skip


def test_bases_are_what_the_arms_do(chain: ArmChain) -> None:
    moved, _ = with_arms(reachable_path(chain), ROBOT)
    names = chain.model.spec.joint_names
    q = np.zeros((len(moved.time_from_start), len(names)))
    for part in moved.groups.values():
        q[:, [names.index(n) for n in part.joint_names]] = part.positions
    rotation, position = chain.roots(chain.model.forward(q))
    position = position + [0, 0, chain.body.root_height]
    np.testing.assert_allclose(moved.T_world_base[..., 4:], position, atol=1e-12)
    np.testing.assert_allclose(
        matrix_from_quaternion(moved.T_world_base[..., :4]), rotation, atol=1e-12
    )


def test_what_is_out_of_reach_is_reported(chain: ArmChain) -> None:
    path = reachable_path(chain)
    apart = path.T_world_base.copy()
    apart[30:50, 0, 5] += 1.5  # the left hand, a metre and a half further left
    moved, report = with_arms(replace(path, T_world_base=apart), ROBOT)
    assert report.reached["left"] < 0.9
    assert report.position_mm["left"][2] > 300
    assert report.missed["left"]
    (first, last) = report.missed["left"][0]
    assert first <= 30 * 0.02 <= 50 * 0.02 <= last + 0.05
    assert report.top_speed_ratio <= 1
    for part in moved.groups.values():
        assert np.isfinite(part.positions).all()
    assert any("not reached" in row[0] for row in report.rows())


def test_one_hand_leaves_the_other_arm_at_rest(chain: ArmChain) -> None:
    both = reachable_path(chain)
    one = trajectory_of(
        matrix_from_quaternion(both.T_world_base[..., :4]), both.T_world_base[..., 4:],
        both.time_from_start, (False, True),
    )  # fmt: skip
    moved, report = with_arms(one, ROBOT)
    assert list(report.reached) == ["right"]
    assert report.reached["right"] == 1
    rest = [
        chain.model.rest[chain.model.spec.joint_names.index(n)]
        for n in ROBOT.groups["left_arm"]
    ]
    left = moved.groups["left_arm"].positions
    np.testing.assert_allclose(left, np.broadcast_to(rest, left.shape), atol=0.05)


def test_the_answer_is_the_same_twice(chain: ArmChain) -> None:
    path = reachable_path(chain, 40)
    assert with_arms(path, ROBOT)[0].sha256() == with_arms(path, ROBOT)[0].sha256()


def test_a_robot_without_a_body_is_refused(chain: ArmChain) -> None:
    with pytest.raises(RetargetError, match="no arms"):
        with_arms(reachable_path(chain, 20), load_robot("dex3"))
