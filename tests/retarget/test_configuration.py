"""Batched kinematics: equal to pinocchio, derivatives equal to finite differences."""

import numpy as np
import pinocchio as pin
import pytest

from retarget.configuration import hand_model
from retarget.contacts import hand_points, tip_points
from retarget.hand_state import WRIST, HandState, NominalBase
from retarget.rotations import (
    exp,
    left_jacobian,
    matrix_from_quaternion,
    quaternion_from_matrix,
)
from robots import load_robot
from robots.rotations import from_rpy

HANDS = [(robot, side) for robot in ("shadow", "inspire") for side in ("left", "right")]


def random_free(model, rng, count):
    return rng.uniform(model.lower, model.upper, (count, len(model.free)))


@pytest.mark.parametrize(("robot", "side"), HANDS)
def test_tips_equal_pinocchio(robot, side, request, rng):
    spec = request.getfixturevalue(robot).hands[side]
    model = hand_model(spec)
    joints = model.all_joints(random_free(model, rng, 20))
    ours = model.forward_all(joints).locate(tip_points(spec))
    engine = pin.buildModelFromUrdf(str(spec.urdf))
    data = engine.createData()
    order = [engine.joints[engine.getJointId(name)].idx_q for name in spec.joint_names]
    for q, tips in zip(joints, ours):
        theirs = np.zeros(engine.nq)
        theirs[order] = q
        pin.framesForwardKinematics(engine, data, theirs)
        for tip, finger in zip(tips, spec.fingers.values()):
            placed = data.oMf[engine.getFrameId(finger.tip_link)].translation
            np.testing.assert_allclose(tip, placed, atol=1e-12)


@pytest.mark.parametrize(("robot", "side"), HANDS)
def test_jacobians_equal_finite_differences(robot, side, request, rng):
    model = hand_model(request.getfixturevalue(robot).hands[side])
    points = tip_points(model.spec)
    count, step = len(model.free), 1e-6
    z = np.concatenate(
        [random_free(model, rng, 3), rng.uniform(-0.2, 0.2, (3, WRIST))], 1
    )
    nominal = NominalBase(exp(rng.normal(size=(3, 3))), rng.normal(size=(3, 3)))
    state = HandState(model, nominal, z)
    located = state.pose.locate(points)
    in_world = state.to_world(located)
    numeric = np.zeros((*in_world.shape, count + WRIST))
    for i in range(count + WRIST):
        high, low = (
            HandState(model, nominal, z + sign * step * np.eye(count + WRIST)[i])
            for sign in (1, -1)
        )
        numeric[..., i] = (
            high.to_world(high.pose.locate(points))
            - low.to_world(low.pose.locate(points))
        ) / (2 * step)
    frame = np.repeat(np.arange(3), len(points.body))
    normal = rng.normal(size=(len(frame), 3))
    rows = state.row_jacobian(
        frame, np.tile(points.body, 3), in_world.reshape(-1, 3), normal
    )
    flat = numeric.reshape(-1, 3, count + WRIST)
    np.testing.assert_allclose(rows, np.einsum("ai,aij->aj", normal, flat), atol=1e-7)
    full = model.jacobian(state.pose, points.body, located)
    turned = state.rotation[:, None] @ full
    np.testing.assert_allclose(turned, numeric[..., :count], atol=1e-7)


def test_a_forearm_does_not_move_and_is_no_variable(shadow):
    model = hand_model(shadow.hands["right"])
    names = [model.spec.actuated[i] for i in model.free]
    assert "WRJ1" not in names
    assert "WRJ2" not in names
    assert len(names) == 22


def test_coupled_joints_follow_their_law(inspire, rng):
    spec = inspire.hands["left"]
    model = hand_model(spec)
    joints = model.all_joints(random_free(model, rng, 5))
    index = spec.joint_names.index
    for name, law in spec.mimic.items():
        np.testing.assert_allclose(
            joints[:, index(name)],
            law.multiplier * joints[:, index(law.source)] + law.offset,
        )


def test_hand_points_are_in_finger_order_and_world(shadow, rng):
    spec = shadow.hands["right"]
    joints = np.tile(spec.rest_pose, (2, 1))
    base = np.array([[1, 0, 0, 0, 0, 0, 0.0], [0, 0, 0, 1, 1, 2, 3.0]])
    tips, palm = hand_points(shadow, "right", joints, base)
    half_turn = matrix_from_quaternion(base[1, :4])
    np.testing.assert_allclose(half_turn, np.diag([-1, -1, 1]), atol=1e-12)
    np.testing.assert_allclose(tips[1], tips[0] @ half_turn.T + [1, 2, 3], atol=1e-12)
    pose = hand_model(spec).forward_all(joints[:1])
    np.testing.assert_allclose(tips[0], pose.locate(tip_points(spec))[0], atol=1e-12)
    assert palm.shape == (2, len(spec.palm_points), 3)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-4, 1.0, np.pi - 1e-6, np.pi])
def test_quaternions_and_matrices_are_inverse(angle, rng):
    axis = rng.normal(size=(10, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    matrix = exp(angle * axis)
    wxyz = quaternion_from_matrix(matrix)
    np.testing.assert_allclose(np.linalg.norm(wxyz, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(matrix_from_quaternion(wxyz), matrix, atol=1e-9)


@pytest.mark.parametrize("size", [1e-8, 1e-4, 0.1, 1.0, 3.0])
def test_left_jacobian_is_the_derivative_of_exp(size, rng):
    vector = rng.normal(size=3)
    vector *= size / np.linalg.norm(vector)
    step = 1e-6
    columns = [
        (exp(vector + step * e) - exp(vector - step * e)) / (2 * step)
        for e in np.eye(3)
    ]
    spins = [c @ exp(vector).T for c in columns]
    numeric = np.stack([[s[2, 1], s[0, 2], s[1, 0]] for s in spins], -1)
    np.testing.assert_allclose(left_jacobian(vector), numeric, atol=1e-7)


@pytest.mark.parametrize("name", ["allegro", "leap"])
def test_palm_points_are_on_the_boxes_that_hold_the_skin(name):
    for spec in load_robot(name).hands.values():
        model = hand_model(spec)
        cloud = model.palm_cloud()
        T = spec.T_palm_hand
        skin = model.points(
            [(spec.palm_link, T[:3, :3] @ p + T[:3, 3]) for p in spec.palm_points]
        )
        deepest = np.full(len(skin.offset), -np.inf)
        shallow = deepest.copy()
        for box in spec.boxes:
            (centre,) = model.points([(box.link, np.array(box.centre))]).offset
            axes = model.orientation(box.link) @ from_rpy(box.rpy)
            if model.points([(box.link, np.zeros(3))]).body[0] != cloud.body[0]:
                continue
            for depth, points in ((deepest, skin), (shallow, cloud)):
                beyond = np.abs((points.offset - centre) @ axes) - box.half
                within = box.radius - np.linalg.norm(np.maximum(beyond, 0.0), axis=1)
                np.maximum(depth, within, out=depth)
        inside = deepest > 0
        assert 0.3 < inside.mean() < 1
        np.testing.assert_allclose(shallow[inside], 0.0, atol=1e-6)
        np.testing.assert_allclose(
            cloud.offset[~inside], skin.offset[~inside], atol=1e-12
        )
        out = -model.orientation(spec.palm_link) @ T[:3, 2]
        moved = cloud.offset - skin.offset
        np.testing.assert_allclose(moved, np.outer(moved @ out, out), atol=1e-12)
