"""Skills as environments: conformance, references as policies, limits of actions."""

import gymnasium
import numpy as np
import pytest
from absl.testing import absltest
from dm_env import test_utils
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from handx_gen.errors import InputError
from robots import load_robot
from sim.perturbation import Perturbation
from sim.playback import RECORD_RATE
from sim.scene import build_scene
from sim.skills.environment import make_environment
from sim.skills.gymnasium_adapter import GymnasiumSkill
from sim.skills.pose_commands import SUBSTEPS, WRIST_SPEED, PoseCommands

SHADOW = load_robot("shadow")
COMMANDS = PoseCommands(build_scene(SHADOW))


class TestConformance(test_utils.EnvironmentTestMixin, absltest.TestCase):
    """dm_env's own tests of an environment."""

    def make_object_under_test(self):
        return make_environment("clap_twice", SHADOW, seconds=0.1)

    def make_action_sequence(self):
        for _ in range(25):
            yield COMMANDS.neutral


def play(environment, actions):
    """(rewards, last step) of an episode; the last action is kept to its end."""
    step, rewards = environment.reset(), []
    for k in range(10_000):
        step = environment.step(actions[min(k, len(actions) - 1)])
        rewards.append(step.reward)
        if step.last():
            break
    return rewards, step


@pytest.mark.parametrize("name", ["clap_twice", "fist_beside_pinches"])
def test_a_reference_sent_as_actions_succeeds(name, reference) -> None:
    trajectory = reference(name)
    actions = COMMANDS.of_trajectory(trajectory)
    environment = make_environment(
        name, SHADOW, trajectory.duration + 0.2, start=actions[0]
    )
    rewards, last = play(environment, actions)
    assert environment.task.judgement.success
    assert sum(rewards) == pytest.approx(2.0)
    assert last.discount == 0.0
    rewards, _ = play(environment, actions[:1])
    assert not environment.task.judgement.success
    assert sum(rewards) < 1


def test_a_perturbed_robot_does_not_move_alike(reference) -> None:
    actions = COMMANDS.of_trajectory(reference("opposite_lift"))
    poses = []
    push = ((30.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    changes = {"latency": 0.1}, {"gain": 0.5}, {"push": push, "push_at": 0.8}
    for change in (Perturbation(), *(Perturbation(**one) for one in changes)):
        environment = make_environment(
            "opposite_lift", SHADOW, 0.6, start=actions[0], perturbation=change
        )
        _, last = play(environment, actions)
        poses.append(last.observation["left_root"])
    assert np.linalg.norm(poses[1] - poses[0]) > 1e-3
    assert np.linalg.norm(poses[2] - poses[0]) > 1e-5
    assert np.linalg.norm(poses[3] - poses[0]) > 1e-4


@pytest.mark.parametrize("bad", [np.zeros(3), np.full(COMMANDS.neutral.shape, np.nan)])
def test_a_bad_action_is_refused(bad) -> None:
    environment = make_environment("clap_twice", SHADOW)
    environment.reset()
    with pytest.raises(InputError, match="action"):
        environment.step(bad)


def test_a_break_down_ends_the_episode(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    hurled = Perturbation(push=((1e7, 1e7, 1e7), (0.0, 0.0, 0.0)), push_at=0.2)
    environment = make_environment("clap_twice", SHADOW, 1.0, perturbation=hurled)
    rewards, last = play(environment, [COMMANDS.neutral])
    assert len(rewards) < 40
    assert last.discount == 0.0
    assert "broke down" in environment.task.judgement.reason
    assert not list(tmp_path.iterdir())  # MuJoCo's own log


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_any_action_leads_inside_the_limits_and_no_faster_than_allowed(seed) -> None:
    rng = np.random.default_rng(seed)
    size = len(COMMANDS.neutral)
    pose = COMMANDS.neutral
    for _ in range(3):
        reached = COMMANDS.towards(pose, rng.normal(size=size) * 10)
        rows = COMMANDS.controls(pose, reached)
        for side, hand in COMMANDS.scene.hands.items():
            spec = SHADOW.hands[side]
            index = spec.actuated_index
            joints = rows[:, hand.position_ctrl]
            assert (joints >= spec.lower[index] - 1e-9).all()
            assert (joints <= spec.upper[index] + 1e-9).all()
            speeds = np.abs(rows[:, hand.velocity_ctrl])
            assert (speeds <= spec.velocity_limit[index] * (1 + 1e-9)).all()
            wrist = np.linalg.norm(rows[:, hand.base_velocity_ctrl], axis=1)
            assert (wrist <= WRIST_SPEED * (1 + 1e-9)).all()
            quaternion = rows[:, hand.base_quaternion_ctrl]
            assert np.allclose(np.linalg.norm(quaternion, axis=1), 1)
        assert len(rows) == SUBSTEPS
        pose = reached


def test_gymnasium_accepts_it() -> None:
    environment = GymnasiumSkill(make_environment("clap_twice", SHADOW, seconds=0.1))
    assert isinstance(environment, gymnasium.Env)
    check_env(environment, skip_render_check=True)
    _, _ = environment.reset(seed=0)
    *_, ended, truncated, info = [
        environment.step(environment.action_space.sample())
        for _ in range(round(0.1 * RECORD_RATE))
    ][-1]
    assert ended
    assert not truncated
    assert not info["success"]
