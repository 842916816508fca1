"""Costs: their gradients equal finite differences, and solving recovers known poses."""

import numpy as np
import pytest

from retarget.capsules import closest_points
from retarget.configuration import hand_model
from retarget.correspondence import finger_points
from retarget.costs.contact import ContactGoals
from retarget.hand_state import WRIST, NominalBase
from retarget.objective import Deviations, HandProblem, Objective
from retarget.rotations import exp
from retarget.solve import solve_frames
from retarget.trajectory_solve import solve_trajectory


def no_goals(frames: int) -> ContactGoals:
    return ContactGoals((), np.zeros((frames, 0)), np.zeros((frames, 0)))


def problem(model, target_angles, place=None) -> HandProblem:
    """A hand that should reach the points it has at `target_angles` (T, m)."""
    frames = len(target_angles)
    rotation = np.tile(np.eye(3) if place is None else place[:3, :3], (frames, 1, 1))
    wrist = np.tile(np.zeros(3) if place is None else place[:3, 3], (frames, 1))
    points = finger_points(model)
    target = model.forward(target_angles).locate(points)
    return HandProblem(model, NominalBase(rotation, wrist), points, target)


def middle_of_range(model, rng, count, inner=0.15) -> np.ndarray:
    span = model.upper - model.lower
    return rng.uniform(
        model.lower + inner * span, model.upper - inner * span, (count, len(span))
    )


@pytest.mark.parametrize("robot", ["shadow", "inspire"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_solving_frames_recovers_the_fingertips(robot, side, request, rng):
    model = hand_model(request.getfixturevalue(robot).hands[side])
    angles = middle_of_range(model, rng, 25)
    part = problem(model, angles)
    objective = Objective({side: part}, no_goals(25), Deviations(), coupled=False)
    z, _ = solve_frames(objective, np.tile(objective.rest, (25, 1)), 30)
    reached = model.forward(z[:, : len(model.free)]).locate(part.points)
    tips = len(model.spec.fingers)
    error = np.linalg.norm(reached - part.target, axis=-1)[:, :tips]
    assert error.max() < 1e-3
    assert (z >= objective.lower).all()
    assert (z <= objective.upper).all()


def test_gradient_of_the_whole_cost_equals_finite_differences(shadow, rng):
    """Two hands that touch and overlap a little, with pinch and tip contacts."""
    parts, start = {}, []
    for side, y in (("left", 0.012), ("right", -0.012)):
        model = hand_model(shadow.hands[side])
        place = np.eye(4)
        place[:3, :3] = exp(np.array([0, 0, 0.3 if side == "left" else -0.3]))
        place[:3, 3] = [0, y, 0]
        angles = middle_of_range(model, rng, 4)
        parts[side] = problem(model, angles, place)
        start += [angles + 0.05 * rng.normal(size=angles.shape)]
        start += [rng.uniform(-0.01, 0.01, (4, WRIST))]
    pairs = (
        "left.thumb_tip|left.index_tip",
        "left.index_tip|right.index_tip",
        "left.palm|right.middle_tip",
    )
    goals = ContactGoals(pairs, np.full((4, 3), 0.001), rng.uniform(0.2, 1, (4, 3)))
    objective = Objective(parts, goals, Deviations())
    z, step = np.concatenate(start, 1), 1e-7
    found = objective.evaluate(z)
    assert found.cost.min() > 10  # contacts and collisions are really active
    for i in range(objective.size):
        shift = step * np.eye(objective.size)[i]
        numeric = (
            objective.evaluate(z + shift).cost - objective.evaluate(z - shift).cost
        ) / (2 * step)
        # A capsule pair may appear within the step: its cost is continuous.
        scale = np.abs(found.gradient).max()
        np.testing.assert_allclose(found.gradient[:, i], numeric, atol=2e-3 * scale)


def test_a_smooth_reachable_path_is_followed(shadow):
    model = hand_model(shadow.hands["right"])
    names = [model.spec.actuated[i] for i in model.free]
    curling = np.array(
        [n[0] in "FMRL" and n.endswith(("J3", "J2", "J1")) for n in names]
    )
    t = np.linspace(0, 2 * np.pi, 60)[:, None]
    angles = model.rest + curling * 0.4 * (1 - np.cos(t))
    part = problem(model, angles)
    alone = Objective({"right": part}, no_goals(60), Deviations(), coupled=False)
    start, _ = solve_frames(alone, np.tile(alone.rest, (60, 1)), 10)
    objective = Objective({"right": part}, no_goals(60), Deviations())
    bend = np.zeros((58, objective.size))
    found = solve_trajectory(objective, start, 1 / 10, 1.0, bend, 30, 1e-3)
    reached = model.forward(found.z[:, : len(names)]).locate(part.points)
    error = np.linalg.norm(reached - part.target, axis=-1)[:, :5]
    assert error.max() < 1e-3
    assert list(found.cost) == sorted(found.cost, reverse=True)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_clips_of_a_few_frames_are_solved(shadow, frames):
    model = hand_model(shadow.hands["left"])
    angles = np.tile(model.rest + 0.05, (frames, 1))
    part = problem(model, angles)
    objective = Objective({"left": part}, no_goals(frames), Deviations())
    bend = np.zeros((max(frames - 2, 0), objective.size))
    start = np.tile(objective.rest, (frames, 1))
    found = solve_trajectory(objective, start, 1 / 30, 1.0, bend, 40, 1e-4)
    reached = model.forward(found.z[:, : len(model.free)]).locate(part.points)
    assert np.linalg.norm(reached - part.target, axis=-1).max() < 1e-3


def test_closest_points_of_segments_beat_dense_sampling(rng):
    ends = rng.normal(size=(4, 60, 3))
    ends[1, :20] = ends[0, :20]  # points
    ends[3, 20:40] = ends[2, 20:40] + (ends[1, 20:40] - ends[0, 20:40])  # parallel
    p, q = closest_points(*ends)
    along = np.linspace(0, 1, 101)[:, None, None]
    a = ends[0] + along * (ends[1] - ends[0])
    b = ends[2] + along * (ends[3] - ends[2])
    dense = np.linalg.norm(a[:, None] - b[None], axis=-1).min((0, 1))
    found = np.linalg.norm(p - q, axis=1)
    assert (found <= dense + 1e-9).all()
    assert (found >= dense - 0.04).all()
