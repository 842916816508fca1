"""A skill's environment for libraries that expect gymnasium: `GymnasiumSkill`."""

from typing import Any

import gymnasium
import numpy as np
from dm_control.rl import control


class GymnasiumSkill(gymnasium.Env):
    """The same task with one flat observation and an action from −1 to 1.

    Args:
        environment: Of `make_environment`.
    """

    metadata = {"render_modes": ()}  # noqa: RUF012 (as gymnasium declares it)

    def __init__(self, environment: control.Environment) -> None:
        self.environment = environment
        spec = environment.action_spec()
        self._middle = (spec.maximum + spec.minimum) / 2
        self._half = (spec.maximum - spec.minimum) / 2
        size = len(_flat(environment.reset().observation))
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, spec.shape, np.float64)
        self.observation_space = gymnasium.spaces.Box(
            -np.inf, np.inf, (size,), np.float64
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode; every one begins alike, so the seed has no effect on it."""
        super().reset(seed=seed)
        return _flat(self.environment.reset().observation), {}

    def step(
        self, action: np.ndarray
    ) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Act; the end of the clock is a terminal state, for success is decided there."""
        step = self.environment.step(self._middle + self._half * np.asarray(action))
        judgement = self.environment.task.judgement
        info = {"success": judgement.success, "missing": judgement.reason}
        return _flat(step.observation), float(step.reward), step.last(), False, info


def _flat(observation: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([np.ravel(value) for value in observation.values()])
