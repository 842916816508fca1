"""Link vectors: both forms agree, known poses come back, limits and refusals."""

import numpy as np
import pytest

from retarget.errors import RetargetError
from retarget.vector import VectorSolver

pytest.importorskip("numba")


def solver(robot, side: str, compiled: bool) -> VectorSolver:
    spec = robot.hands[side]
    tips = [finger.tip_link for finger in spec.fingers.values()]
    return VectorSolver(spec.urdf, [spec.palm_link] * len(tips), tips, compiled)


@pytest.mark.parametrize("name", ["shadow", "inspire"])
def test_compiled_and_plain_give_the_same_answers(name, request, rng):
    robot = request.getfixturevalue(name)
    fast, plain = (solver(robot, "right", compiled) for compiled in (True, False))
    for _ in range(12):
        q = rng.uniform(fast.lower, fast.upper)
        target = fast.plain.vectors(q) + rng.normal(scale=0.02, size=(5, 3))
        a, b = fast.solve(target), plain.solve(target)
        np.testing.assert_allclose(a, b, atol=1e-6)
        fast.q = plain.q = b


def test_gradient_equals_finite_differences(shadow, rng):
    plain = solver(shadow, "left", compiled=False).plain
    step = 1e-6
    for _ in range(4):
        q = rng.uniform(plain.lower, plain.upper)
        last = rng.uniform(plain.lower, plain.upper)
        target = plain.vectors(last) * 1.3
        _, gradient, _ = plain.evaluate(q, last, target)
        for i, found in enumerate(gradient):
            shift = step * np.eye(len(q))[i]
            numeric = (
                plain.cost(q + shift, last, target)
                - plain.cost(q - shift, last, target)
            ) / (2 * step)
            assert found == pytest.approx(numeric, abs=1e-6)


def test_vectors_of_a_reachable_pose_come_back(inspire, rng):
    one = solver(inspire, "left", compiled=True)
    for _ in range(5):
        target = one.plain.vectors(rng.uniform(one.lower, one.upper))
        for _ in range(30):  # each call may leave the last answer only at a price
            q = one.solve(target, 1e-9)
        np.testing.assert_allclose(one.plain.vectors(q), target, atol=2e-3)


def test_the_vectors_of_the_present_pose_give_no_motion(shadow):
    one = solver(shadow, "right", compiled=True)
    before = one.q.copy()
    np.testing.assert_allclose(one.solve(one.plain.vectors(before)), before, atol=1e-9)


def test_far_targets_stay_inside_and_nan_is_refused(inspire, rng):
    one = solver(inspire, "right", compiled=True)
    for _ in range(10):
        q = one.solve(rng.normal(scale=1.0, size=(5, 3)))
        assert ((q >= one.lower) & (q <= one.upper)).all()
    before = one.q.copy()
    with pytest.raises(RetargetError, match="NaN"):
        one.solve(np.full((5, 3), np.nan))
    np.testing.assert_array_equal(one.q, before)
    with pytest.raises(RetargetError, match="nowhere"):
        VectorSolver(inspire.hands["right"].urdf, ["nowhere"], ["nowhere"])
