"""The whole cost of one or two hands over a clip, and its Gauss–Newton model.

Costs are given as the deviation that costs ½: a tip 8 mm off weighs as much as a
contact 0.5 mm open. Two hands share one problem only if they come near each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from retarget import kernels
from retarget.configuration import HandModel, Points
from retarget.contacts import palm_points, tip_points, world_points
from retarget.costs.collision import collision_rows
from retarget.costs.contact import ContactGoals, contact_rows, palm_and_tip_bodies
from retarget.costs.fingers import add_fingers
from retarget.costs.gaps import add_gaps
from retarget.costs.quadratic import Quadratic
from retarget.hand_state import WRIST, HandState, NominalBase

if TYPE_CHECKING:
    from retarget.kernels.objective import CompiledObjective


@dataclass(frozen=True)
class Deviations:
    """What deviation of each quantity costs ½."""

    tip: float = 0.008
    """Fingertip off its target [m]."""
    middle: float = 0.030
    """Middle joint off its target [m]."""
    contact: float = 0.0005
    """Gap off its target where the human is in contact [m]."""
    collision: float = 0.00045
    """Overlap of two capsules [m]."""
    posture: float = 4.0
    """Joint off its rest pose [rad]."""
    shift: float = 0.020
    """Wrist off its place [m]."""
    turn: float = 0.20
    """Wrist off its orientation [rad]."""
    acceleration: float = 40.0
    """Joint acceleration [rad/s²]."""
    shift_acceleration: float = 4.0
    """Acceleration of the wrist's correction [m/s²]."""
    turn_acceleration: float = 60.0
    """Angular acceleration of the wrist's correction [rad/s²]."""


SHIFT_BOX, TURN_BOX = 0.030, 0.25
"""How far a wrist may be corrected per axis, [m] and [rad]."""


@dataclass(frozen=True, eq=False)
class HandProblem:
    """One hand's part of the problem.

    Attributes:
        model: The hand.
        nominal: Its base without corrections.
        points: Fingertips, then middle joints.
        target: (T, K, 3) where they should be, root frame at the nominal pose [m].
    """

    model: HandModel
    nominal: NominalBase
    points: Points
    target: np.ndarray

    @cached_property
    def world_target(self) -> np.ndarray:
        """(T, K, 3) the targets in world [m]."""
        turned = self.target @ self.nominal.rotation.swapaxes(1, 2)
        return turned + self.nominal.position(self.model)[:, None]


class Objective:
    """Costs of the given hands (one, or both coupled) over T frames.

    Args:
        hands: side → its part.
        goals: Wanted contacts among these hands.
        deviations: The costs.
        coupled: Whether wrist corrections, contacts and collisions take part; the
            finger targets alone are what calibration needs.
    """

    def __init__(
        self,
        hands: Mapping[str, HandProblem],
        goals: ContactGoals,
        deviations: Deviations,
        coupled: bool = True,
    ) -> None:
        self.hands, self.goals = hands, goals
        self.deviations, self.coupled = deviations, coupled
        self.columns: dict[str, slice] = {}
        lower, upper, rest, posture = [], [], [], []
        acceleration, velocity, bend, start = [], [], [], 0
        box = np.repeat([SHIFT_BOX, TURN_BOX], 3) * (1.0 if coupled else 0.0)
        d = deviations
        for side, hand in hands.items():
            model = hand.model
            count = len(model.free)
            self.columns[side] = slice(start, start + count + WRIST)
            start += count + WRIST
            lower += [model.lower, -box]
            upper += [model.upper, box]
            rest += [model.rest, np.zeros(WRIST)]
            posture += [np.full(count, d.posture), np.repeat([d.shift, d.turn], 3)]
            wrist = np.repeat([d.shift_acceleration, d.turn_acceleration], 3)
            acceleration += [np.full(count, d.acceleration), wrist]
            velocity += [model.velocity_limit, np.full(WRIST, np.inf)]
            bend += [model.acceleration_limit, np.full(WRIST, np.inf)]
        self.lower, self.upper = np.concatenate(lower), np.concatenate(upper)
        self.rest = np.concatenate(rest)
        self.posture_cost = np.concatenate(posture) ** -2.0
        self.acceleration_cost = np.concatenate(acceleration) ** -2.0
        self.velocity_limit = np.concatenate(velocity)
        self.acceleration_limit = np.concatenate(bend)
        self._kernel: CompiledObjective | None = None
        self.frames = len(next(iter(hands.values())).target)
        self.size = start

    def joints(self, side: str) -> slice:
        """Columns of a hand's free joints."""
        columns = self.columns[side]
        return slice(columns.start, columns.stop - WRIST)

    def states(self, z: np.ndarray) -> dict[str, HandState]:
        """The hands at variables z (T, N)."""
        return {
            side: HandState(hand.model, hand.nominal, z[:, self.columns[side]])
            for side, hand in self.hands.items()
        }

    def evaluate(self, z: np.ndarray) -> Quadratic:
        """Cost, gradient and Gauss–Newton Hessian of every frame at z (T, N)."""
        if not kernels.enabled():
            return self.evaluate_numpy(z)
        if self._kernel is None:
            from retarget.kernels.objective import CompiledObjective

            self._kernel = CompiledObjective(self)
        return self._kernel.evaluate(z)

    def evaluate_numpy(self, z: np.ndarray) -> Quadratic:
        """The same without compiled code."""
        total = Quadratic.zero(self.frames, self.size)
        d = self.deviations
        hands = self.states(z)
        for side, hand in self.hands.items():
            half = len(hand.points.body) // 2
            cost = np.repeat([d.tip**-2, d.middle**-2], half)
            add_fingers(
                total, self.columns[side], hands[side], hand.points, hand.world_target,
                cost,
            )  # fmt: skip
        total.add_diagonal(z - self.rest, self.posture_cost)
        if self.coupled:
            rows = collision_rows(hands, d.collision**-2)
            if self.goals.pairs:
                points, bodies = {}, {}
                for side, state in hands.items():
                    spec = state.model.spec
                    tips, palm = tip_points(spec), palm_points(spec)
                    points[side] = world_points(
                        state.model, state.pose.locate(tips), state.pose.locate(palm),
                        state.rotation, state.position,
                    )  # fmt: skip
                    bodies[side] = palm_and_tip_bodies(tips, palm, tuple(spec.fingers))
                rows += contact_rows(self.goals, points, bodies, d.contact**-2)
            add_gaps(total, self.columns, hands, rows)
        return total
