"""Compiled kernels do exactly what the numpy code and pinocchio do."""

import numpy as np
import pinocchio as pin
import pytest

from retarget.configuration import hand_model
from retarget.contacts import available_pairs, tip_points
from retarget.correspondence import finger_points
from retarget.costs.contact import ContactGoals
from retarget.hand_state import WRIST, NominalBase
from retarget.objective import Deviations, HandProblem, Objective
from retarget.rotations import exp

pytest.importorskip("numba")
TREE = pytest.importorskip("retarget.kernels.tree")

HANDS = [(robot, side) for robot in ("shadow", "inspire") for side in ("left", "right")]


def crowded(robot, sides, rng, frames: int) -> tuple[Objective, np.ndarray]:
    """Hands on top of each other: every contact, many collisions."""
    parts, start = {}, []
    for side in sides:
        model = hand_model(robot.hands[side])
        points = finger_points(model)
        angles = rng.uniform(model.lower, model.upper, (frames, len(model.free)))
        target = model.forward(angles).locate(points)
        base = NominalBase(
            exp(rng.normal(scale=0.4, size=(frames, 3))),
            rng.normal(scale=0.04, size=(frames, 3)),
        )
        target += rng.normal(scale=0.02, size=target.shape)
        parts[side] = HandProblem(model, base, points, target)
        wrist = rng.uniform(-0.02, 0.02, (frames, WRIST))
        wrist[: frames // 4] = 0
        start += [rng.uniform(model.lower, model.upper, angles.shape), wrist]
    pairs = available_pairs(robot, sides)
    goals = ContactGoals(
        pairs,
        rng.uniform(0, 0.005, (frames, len(pairs))),
        rng.uniform(0, 1, (frames, len(pairs))),
    )
    return Objective(parts, goals, Deviations()), np.concatenate(start, 1)


@pytest.mark.parametrize("robot", ["shadow", "inspire", "leap"])
@pytest.mark.parametrize("sides", [("left", "right"), ("right",)])
def test_costs_equal_the_numpy_code(robot, sides, request, rng):
    objective, z = crowded(request.getfixturevalue(robot), sides, rng, 60)
    from retarget.kernels.objective import CompiledObjective

    compiled = CompiledObjective(objective).evaluate(z)
    plain = objective.evaluate_numpy(z)
    assert plain.cost.min() > 50  # contacts and collisions are active
    for name in ("cost", "gradient", "hessian"):
        ours, theirs = getattr(compiled, name), getattr(plain, name)
        np.testing.assert_allclose(ours, theirs, atol=1e-9 * np.abs(theirs).max())


@pytest.mark.parametrize("robot", ["shadow", "inspire"])
def test_costs_of_uncoupled_hands_equal_the_numpy_code(robot, request, rng):
    crowd, z = crowded(request.getfixturevalue(robot), ("left",), rng, 20)
    alone = Objective(crowd.hands, crowd.goals, Deviations(), coupled=False)
    from retarget.kernels.objective import CompiledObjective

    compiled = CompiledObjective(alone).evaluate(z)
    plain = alone.evaluate_numpy(z)
    np.testing.assert_allclose(compiled.cost, plain.cost, rtol=1e-9)
    np.testing.assert_allclose(compiled.hessian, plain.hessian, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize(("robot", "side"), HANDS)
def test_forward_kinematics_equals_pinocchio(robot, side, request, rng):
    spec = request.getfixturevalue(robot).hands[side]
    model, tips = hand_model(spec), tip_points(spec)
    tree = TREE.tree_of([model], [0])
    engine = pin.buildModelFromUrdf(str(spec.urdf))
    data = engine.createData()
    order = [engine.joints[engine.getJointId(name)].idx_q for name in spec.joint_names]
    bodies, point = TREE.empty_bodies(tree), np.empty(3)
    for free in rng.uniform(model.lower, model.upper, (20, len(model.free))):
        TREE.forward(tree, free, bodies)
        q = np.zeros(engine.nq)
        q[order] = model.all_joints(free[None])[0]
        pin.framesForwardKinematics(engine, data, q)
        for body, offset, finger in zip(tips.body, tips.offset, spec.fingers.values()):
            TREE.locate(bodies.rotation, bodies.position, body, offset, point)
            placed = data.oMf[engine.getFrameId(finger.tip_link)].translation
            np.testing.assert_allclose(point, placed, atol=1e-9)


def test_the_switch_turns_the_kernels_off(monkeypatch, shadow, rng):
    from retarget import kernels

    objective, z = crowded(shadow, ("left",), rng, 4)
    monkeypatch.setenv(kernels.SWITCH, "0")
    assert not kernels.enabled()
    plain = objective.evaluate(z)
    monkeypatch.setenv(kernels.SWITCH, "1")
    assert kernels.enabled()
    np.testing.assert_allclose(objective.evaluate(z).cost, plain.cost, rtol=1e-9)
