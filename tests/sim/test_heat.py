"""Contact heat: forces obey Newton, gaps are the measured ones, colours go one way."""

import numpy as np
import pytest

from handx_gen.kinematics.contacts import CONTACT_GAP, ContactTrack
from handx_gen.skeleton import SIDES
from robots import load_robot
from sim import SimulationError, play
from sim.film import rollout_scene
from sim.heat import (
    FULL_FORCE,
    POINTS,
    Heat,
    contact_heat,
    heat_colour,
    point_gaps,
)


@pytest.fixture(scope="module")
def clap(shadow, from_text):
    rollout = play(from_text("clap twice", shadow), shadow)
    return rollout, contact_heat(rollout, rollout_scene(rollout, shadow))


def test_what_one_hand_presses_the_other_feels(clap) -> None:
    _, heat = clap
    by_side = heat.force.sum(2)
    touching = by_side.max(1) > 0.5
    assert touching.any()
    # Clapping palms touch each other only: every force has its equal on the other side.
    palms = heat.force[:, :, POINTS.index("palm")]
    assert palms.max() > 0.5
    np.testing.assert_allclose(palms[:, 0], palms[:, 1], atol=1e-9)


def test_no_force_where_everything_is_apart(clap) -> None:
    rollout, heat = clap
    assert heat.force.min() >= 0
    still = rollout.time < 0.2  # hands at rest, apart
    assert heat.force[still].max() == 0
    assert heat.over(0, int(still.sum())).max() == 0


def test_forces_agree_with_a_simulation_that_is_stopped_and_asked(shadow, clap) -> None:
    """The change of the hand's momentum over one step is what pushed it."""
    import mujoco

    rollout, heat = clap
    scene = rollout_scene(rollout, shadow)
    hardest = int(heat.force.sum((1, 2)).argmax())
    data = mujoco.MjData(scene.model)
    speeds = []
    for contacts in (True, False):
        flag = int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
        scene.model.opt.disableflags &= ~flag
        scene.model.opt.disableflags |= 0 if contacts else flag
        data.qpos[:], data.qvel[:] = rollout.qpos[hardest], rollout.qvel[hardest]
        data.ctrl[:] = rollout.ctrl[hardest]
        mujoco.mj_forward(scene.model, data)
        speeds.append(data.qacc.copy())
    inertia = np.zeros((scene.model.nv, scene.model.nv))
    mujoco.mj_fullM(scene.model, data, inertia)
    push = inertia @ (speeds[0] - speeds[1])
    for side, hand in scene.hands.items():
        felt = heat.force[hardest, SIDES.index(side)].sum()
        # Normal forces bound the sideways push (friction adds to it, spread to it less).
        pushed = np.linalg.norm(push[hand.base_dof[:3]])
        assert 0.3 * felt < pushed < 2.0 * felt


def test_gaps_are_the_smallest_measured_ones() -> None:
    pairs = ("left.thumb_tip|left.index_tip", "left.thumb_tip|right.thumb_tip")
    gap = np.array([[0.01, 0.02], [0.03, 0.001]])
    found = point_gaps(ContactTrack(pairs, gap <= CONTACT_GAP, gap))
    thumb, index = POINTS.index("thumb_tip"), POINTS.index("index_tip")
    np.testing.assert_allclose(found[:, 0, thumb], [0.01, 0.001], rtol=1e-6)
    np.testing.assert_allclose(found[:, 0, index], [0.01, 0.03], rtol=1e-6)
    assert np.isinf(found[:, 1, index]).all()


def test_heat_grows_with_nearness_and_with_force() -> None:
    gap = np.full((6, 2, 6), np.inf)
    force = np.zeros((6, 2, 6))
    gap[:, 0, 0] = [0.006, 0.004, 0.002, 0.0, 0.0, 0.0]
    force[4:, 0, 0] = [FULL_FORCE / 2, 3 * FULL_FORCE]
    heat = Heat(force, gap)
    levels = [heat.over(k, k + 1)[0, 0] for k in range(6)]
    np.testing.assert_allclose(levels, [0, 0.2, 0.6, 1, 1.5, 2])
    assert heat.over(0, 6)[0, 0] == 2  # the hottest of a span
    own = np.array([0.2, 0.2, 0.2])
    colours = np.array([heat_colour(own, level) for level in levels])
    np.testing.assert_array_equal(colours[0], own)
    assert (np.diff(colours[:, 0]) > -0.2).all()
    assert (np.diff(colours[3:, 1]) < 0).all()  # from yellow to red


def test_another_robot_is_refused(clap) -> None:
    with pytest.raises(SimulationError, match="handx validate"):
        rollout_scene(clap[0], load_robot("leap"))
