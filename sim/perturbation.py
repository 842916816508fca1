"""`Perturbation`: one way in which a robot differs from its model, and a push."""

import copy
from dataclasses import dataclass

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from sim.engine import mujoco
from sim.scene import Scene


@dataclass(frozen=True)
class Spread:
    """How far perturbations go; 0 leaves a quantity as it is.

    Attributes:
        mass, friction, gain: Largest relative change of all links' masses and inertias,
            of sliding friction, and of servo gains: 0.2 draws factors from 0.8 to 1.2.
        latency: Longest delay of the commands [s].
        push: Largest force on a wrist along each axis [N], for `PUSH_TIME`, at some
            moment.
    """

    mass: float = 0.0
    friction: float = 0.0
    gain: float = 0.0
    latency: float = 0.0
    push: float = 0.0

    def __post_init__(self) -> None:
        for name in ("mass", "friction", "gain"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(
                    "perturbation", name, f"{getattr(self, name)}", "give 0 to below 1"
                )
        for name, most in (("latency", 1.0), ("push", 1000.0)):
            if not 0 <= getattr(self, name) <= most:
                raise InputError(
                    "perturbation",
                    name,
                    f"{getattr(self, name)}",
                    f"give 0 to {most:g}",
                )

    def draw(self, rng: np.random.Generator) -> "Perturbation":
        """A perturbation within this spread; each quantity is drawn in any case.

        So the same generator gives the same masses whether or not friction varies.
        """
        mass, friction, gain = (
            1 + width * rng.uniform(-1, 1)
            for width in (self.mass, self.friction, self.gain)
        )
        latency = self.latency * rng.uniform()
        push = self.push * rng.uniform(-1, 1, (2, 3))
        return Perturbation(
            mass, friction, gain, latency, tuple(map(tuple, push)), rng.uniform()
        )


PUSH_TIME = 0.1
"""How long a push lasts [s]."""


@dataclass(frozen=True)
class Perturbation:
    """One perturbed robot.

    Attributes:
        mass, friction, gain: Factors.
        latency: Delay of the commands [s].
        push: Force on the left and the right wrist, in world [N].
        push_at: When it begins, as a share of the trajectory.
    """

    mass: float = 1.0
    friction: float = 1.0
    gain: float = 1.0
    latency: float = 0.0
    push: tuple[tuple[float, ...], ...] = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    push_at: float = 0.5

    def model(self, model: mujoco.MjModel) -> mujoco.MjModel:
        """A changed copy of a model."""
        changed = copy.copy(model)
        changed.body_mass[1:] *= self.mass
        changed.body_inertia[1:] *= self.mass
        changed.geom_friction[:, 0] *= self.friction
        # Servos of position and velocity keep their gains in the bias, those of an
        # orientation in both; all enter linearly.
        changed.actuator_gainprm[:, 0] *= self.gain
        changed.actuator_biasprm[:, :3] *= self.gain
        mujoco.mj_setConst(changed, mujoco.MjData(changed))
        return changed

    def forces(self, scene: Scene, steps: int, begin: int, length: int) -> np.ndarray:
        """(length, nbody, 6) forces [N] and torques on bodies at the steps from `begin`.

        Args:
            scene: What is simulated.
            steps: Physics steps of the whole trajectory.
            begin: First step wanted; negative ones are before the trajectory.
            length: How many.
        """
        found = np.zeros((length, scene.model.nbody, 6))
        first = int(self.push_at * steps)
        step = begin + np.arange(length)
        on = (step >= first) & (step < first + PUSH_TIME / scene.model.opt.timestep)
        for side, force in zip(SIDES, self.push):
            if side in scene.hands:
                found[on, scene.hands[side].base_body, :3] = force
        return found


NOMINAL = Perturbation()
"""The robot as it is described."""


def draw(spread: Spread, seed: int, count: int, first: int = 0) -> list[Perturbation]:
    """Perturbations number `first` to `first + count` of a seed.

    Each has a generator of its own, so that it does not matter who draws which.
    """
    return [
        spread.draw(np.random.default_rng([seed, number]))
        for number in range(first, first + count)
    ]
