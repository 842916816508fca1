"""MJCF: plain MuJoCo loads it, shows the same poses, and simulates on to the same state."""

import mujoco
import numpy as np
import pytest

from handx_gen.errors import InputError
from sim import play
from sim.film import rollout_scene
from sim.mjcf import write_mjcf


@pytest.fixture(scope="module")
def rollout(any_robot, wander):
    return play(wander(any_robot, reach=0.5, seconds=0.3), any_robot)


@pytest.fixture(scope="module")
def written(rollout, any_robot, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mjcf")
    count = write_mjcf(rollout, any_robot, folder, 20.0)
    model = mujoco.MjModel.from_xml_path(str(folder / "scene.xml"))
    assert model.nkey == count == int(rollout.time[-1] * 20 + 1e-6) + 1
    return model


def test_every_keyframe_shows_the_measured_pose(rollout, any_robot, written) -> None:
    data, mine = mujoco.MjData(written), rollout_scene(rollout, any_robot)
    own = mujoco.MjData(mine.model)
    for key in range(written.nkey):
        mujoco.mj_resetDataKeyframe(written, data, key)
        mujoco.mj_kinematics(written, data)
        sample = int(np.abs(rollout.time - written.key_time[key]).argmin())
        for side, hand in mine.hands.items():
            tips = rollout.tips[sample, ("left", "right").index(side)]
            for tip, body in zip(tips, hand.tip_bodies):
                if body >= 0:
                    name = mine.model.body(int(body)).name
                    np.testing.assert_allclose(data.body(name).xpos, tip, atol=1e-6)
        own.qpos[:] = rollout.qpos[sample]
        mujoco.mj_kinematics(mine.model, own)
        np.testing.assert_allclose(data.xpos, own.xpos, atol=1e-9)
        np.testing.assert_allclose(data.geom_xpos, own.geom_xpos, atol=1e-9)


def test_it_simulates_on_as_the_scene_does(rollout, any_robot, written) -> None:
    mine = rollout_scene(rollout, any_robot).model
    theirs, ours = mujoco.MjData(written), mujoco.MjData(mine)
    mujoco.mj_resetDataKeyframe(written, theirs, written.nkey // 2)
    ours.qpos[:], ours.qvel[:] = theirs.qpos, theirs.qvel
    ours.ctrl[:] = theirs.ctrl
    for _ in range(50):
        mujoco.mj_step(written, theirs)
        mujoco.mj_step(mine, ours)
    # Gains are written with six digits.
    np.testing.assert_allclose(theirs.qpos, ours.qpos, atol=1e-6)


def test_a_senseless_rate_is_refused(rollout, any_robot, tmp_path) -> None:
    with pytest.raises(InputError, match="--rate"):
        write_mjcf(rollout, any_robot, tmp_path, 0.0)
    assert not list(tmp_path.iterdir())
