"""Many rollouts at once: the same physics, threads do not matter, perturbations do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handx_gen.errors import InputError
from sim.batch import simulate
from sim.perturbation import NOMINAL, Perturbation, Spread, draw
from sim.playback import play, trajectory_scene
from sim.scene import TIMESTEP
from sim.skills.score import skill_scene

WIDE = Spread(mass=0.3, friction=0.5, gain=0.3, latency=0.03, push=10.0)


@pytest.fixture(scope="module")
def trajectory(shadow, wander):
    return wander(shadow, seconds=0.7)


def test_it_is_the_physics_of_play(trajectory, shadow) -> None:
    alone, batch = play(trajectory, shadow), simulate(trajectory, shadow)
    count = len(alone.time)
    assert np.allclose(batch.time[:count], alone.time)
    # Blocks start without the solver's memory, which is all that differs.
    assert np.abs(batch.qpos[0, :count] - alone.qpos).max() < 1e-4


def test_looking_for_near_contacts_changes_nothing(trajectory, shadow) -> None:
    plain = simulate(trajectory, shadow)
    scene = skill_scene(trajectory_scene(trajectory, shadow))
    assert np.array_equal(plain.qpos, simulate(trajectory, shadow, scene=scene).qpos)


def test_threads_change_nothing(trajectory, shadow) -> None:
    drawn = draw(WIDE, 0, 5)
    one, two = (simulate(trajectory, shadow, drawn, threads) for threads in (1, 2))
    assert one.qpos.tobytes() == two.qpos.tobytes()
    assert one.qvel.tobytes() == two.qvel.tobytes()


def test_company_changes_nothing(trajectory, shadow) -> None:
    drawn = draw(WIDE, 0, 3)
    together = simulate(trajectory, shadow, drawn)
    for k, one in enumerate(drawn):
        # A batch with a push carries forces for all; alone it may do without.
        assert np.allclose(
            simulate(trajectory, shadow, [one]).qpos[0], together.qpos[k]
        )


@pytest.mark.parametrize(
    "change",
    [
        {"mass": 1.3},
        {"friction": 0.5},
        {"gain": 0.7},
        {"latency": 0.03},
        {"push": ((30.0, 0, 0), (0, 0, 0))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_perturbation_changes_its_own(change, trajectory, shadow) -> None:
    one = Perturbation(**change)
    base = simulate(trajectory, shadow).models[0]
    model = one.model(base)
    assert np.allclose(model.body_mass[1:], one.mass * base.body_mass[1:])
    assert np.allclose(
        model.geom_friction[:, 0], one.friction * base.geom_friction[:, 0]
    )
    assert np.allclose(
        model.actuator_biasprm[:, 1], one.gain * base.actuator_biasprm[:, 1]
    )
    moved = simulate(trajectory, shadow, [NOMINAL, one]).qpos
    assert np.abs(moved[1] - moved[0]).max() > 1e-6


def test_latency_is_a_delay(trajectory, shadow) -> None:
    late = simulate(trajectory, shadow, [Perturbation(latency=0.1)]).ctrl[0]
    now = simulate(trajectory, shadow).ctrl[0]
    assert np.allclose(late[10:], now[:-10])


def test_a_push_lasts_and_pushes(trajectory, shadow) -> None:
    scene = trajectory_scene(trajectory, shadow)
    one = Perturbation(push=((1.0, 2.0, 3.0), (0.0, 0.0, 0.0)), push_at=0.5)
    forces = one.forces(scene, 1000, 0, 1000)
    on = np.flatnonzero(forces.any((1, 2)))
    assert on.min() == 500
    assert len(on) == round(0.1 / TIMESTEP)
    assert np.allclose(forces[599, scene.hands["left"].base_body, :3], [1, 2, 3])
    assert not one.forces(scene, 1000, -300, 300).any()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_break_down_is_said_and_does_not_spread(
    threads, trajectory, shadow, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wild = Perturbation(push=((1e7, 1e7, 1e7), (0, 0, 0)), push_at=0.3)
    result = simulate(trajectory, shadow, [NOMINAL, wild], threads)
    assert np.isinf(result.broken[0])
    assert 0.2 * result.time[-1] < result.broken[1] < 0.5 * result.time[-1]
    assert np.isfinite(result.qpos).all()
    assert np.isfinite(result.qvel).all()
    calm = replace(wild, push=((0.0, 0.0, 1e-300), (0.0, 0.0, 0.0)))
    alone = simulate(trajectory, shadow, [NOMINAL, calm])
    assert np.array_equal(result.qpos[0], alone.qpos[0])
    assert not list(tmp_path.iterdir())  # MuJoCo's own log


@given(st.integers(0, 2**31), st.integers(0, 1000), st.integers(1, 8))
def test_perturbations_do_not_depend_on_who_draws_them(seed, first, count) -> None:
    assert draw(WIDE, seed, count, first) == draw(WIDE, seed, first + count)[first:]
    for one in draw(WIDE, seed, count, first):
        assert abs(one.mass - 1) <= 0.3
        assert 0 <= one.latency <= 0.03


def test_no_spread_is_the_robot_itself() -> None:
    assert replace(draw(Spread(), 3, 1)[0], push_at=0.5) == NOMINAL


@pytest.mark.parametrize(
    "bad", [{"mass": 1.0}, {"gain": -0.1}, {"latency": float("nan")}]
)
def test_a_senseless_spread_is_refused(bad) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        Spread(**bad)
