"""`OnlineRetargeter`: one call per frame, for hands that are moving now.

Causal and bounded: a fixed number of Gauss–Newton steps from where the hands are, inside
the joint box and inside what the joints can do since the last call. Both hands are one
problem, so that contacts between them and small wrist corrections are the same as offline.
There is no filter and hence no lag but that of the velocity limits.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import contact_track
from handx_gen.skeleton import JOINT, SIDES
from retarget.calibration import Calibration, calibrate_both
from retarget.clip import CENTRE
from retarget.configuration import HandModel, hand_model
from retarget.contacts import available_pairs
from retarget.correspondence import finger_points, human_points
from retarget.costs.contact import ContactGoals, contact_goals
from retarget.costs.quadratic import Quadratic
from retarget.errors import RetargetError
from retarget.hand_state import WRIST, NominalBase
from retarget.next_speeds import MARGIN, JointBox, next_speeds
from retarget.objective import Deviations, HandProblem, Objective
from retarget.placement import HEIGHT, R_WORLD_CANONICAL, hand_frames
from retarget.rotations import exp, logarithm
from retarget.solve import solve_frames
from robots.capability import read_capability
from robots.robot import RobotSpec

STEPS = 8
"""Gauss–Newton steps per call."""
CARRY = 0.6
"""Share of the last velocity that a joint is expected to keep."""
EASE = 0.1
"""Share of the offline price of acceleration: at the full price, and without seeing what
comes, the hands follow two to three frames late."""


@dataclass(frozen=True, eq=False)
class Command:
    """What the hands should do now.

    Attributes:
        time: Of the frame that this answers [s].
        positions: side → (n,) all joints in canonical order [rad].
        velocities: side → (n,) [rad/s], over the time since the last command.
        T_world_base: side → (4, 4) pose of the root link.
        saturated: side → whether a velocity limit held the hand back.
    """

    time: float
    positions: Mapping[str, np.ndarray]
    velocities: Mapping[str, np.ndarray]
    T_world_base: Mapping[str, np.ndarray]
    saturated: Mapping[str, bool]


@dataclass
class _Hand:
    """A hand between two calls: joints, their last change, and its base."""

    model: HandModel
    free: np.ndarray
    velocity: np.ndarray
    correction: np.ndarray
    rotation: np.ndarray | None = None
    wrist: np.ndarray | None = None


class OnlineRetargeter:
    """Retargets frame by frame.

    Args:
        robot: The robot.
        sides: Its hands that are used.
        calibrations: side → how the human hand lies over it, as
            `retarget.calibration.calibrate_both` finds it; by default it is found from
            the first frame alone, which is coarser.
        deviations: The costs.
        wrist_speed, wrist_turn_rate: Limits of the root links [m/s, rad/s].
        acceleration_limits: Whether joints keep their acceleration limits: a velocity
            (over one call) changes by no more than a·dt, and never is so high that the
            joint could not stop before the end of its range.

    Raises:
        RetargetError: The robot lacks a side.
    """

    def __init__(
        self,
        robot: RobotSpec,
        sides: tuple[str, ...] = SIDES,
        calibrations: Mapping[str, Calibration] | None = None,
        deviations: Deviations | None = None,
        wrist_speed: float = 1.0,
        wrist_turn_rate: float = 6.0,
        acceleration_limits: bool = False,
    ) -> None:
        missing = [side for side in sides if side not in robot.hands]
        if missing or not sides:
            raise RetargetError(f"robot {robot.name!r} has no {missing or 'such'} hand")
        self.robot, self.sides = robot, sides
        self._calibrations = calibrations
        self._deviations = deviations or Deviations()
        self._rates = wrist_speed, wrist_turn_rate
        self._gentle = acceleration_limits
        self._hands = {}
        for side in sides:
            model = hand_model(robot.hands[side])
            none = np.zeros(len(model.free))
            self._hands[side] = _Hand(model, model.rest, none, np.zeros(WRIST))
        self._pairs = available_pairs(robot, sides)
        capability = read_capability(robot)
        self._floors = capability.floors if capability else {}
        self._shift: np.ndarray | None = None
        self._time: float | None = None

    @property
    def scale(self) -> float:
        """Robot size per human size; 1 before the first frame."""
        known = self._calibrations
        return known[self.sides[0]].scale if known else 1.0

    @property
    def shift(self) -> np.ndarray:
        """(3,) what was added to the first frame's world coordinates [m]; constant."""
        return np.zeros(3) if self._shift is None else self._shift.copy()

    def step(self, joints: np.ndarray, time: float) -> Command:
        """Answer one frame. The first answer is the rest pose.

        Args:
            joints: (2, 21, 3) of both human hands, canonical frame [m]; a hand that is
                not used is not read.
            time: Of the frame [s], later than the last.

        Raises:
            RetargetError: NaN, a wrong shape, or a time that does not increase; nothing
                has changed then.
        """
        world, dt = self._read(joints, time)
        if self._calibrations is None:
            hands = {side: world[None, SIDES.index(side)] for side in self.sides}
            models = {side: self._hands[side].model for side in self.sides}
            self._calibrations = calibrate_both(models, hands)
        scale = self._calibrations[self.sides[0]].scale
        sized = (world - CENTRE) * scale + CENTRE
        problems = {side: self._problem(side, sized, dt) for side in self.sides}
        present = np.array([side in self.sides for side in SIDES])
        track = contact_track(world[None], present)
        goals = contact_goals(track, self._pairs, scale, self._floors)
        objective = _Step(
            problems, goals, self._deviations, self._hands, dt, self._gentle
        )
        z, _ = solve_frames(objective, objective.expected, STEPS)
        self._time = time
        return self._command(objective, z[0], time, dt)

    def _read(self, joints: np.ndarray, time: float) -> tuple[np.ndarray, float]:
        """The frame in world, and the time since the last one [s]."""
        joints = np.array(joints, float)
        if joints.shape != (2, 21, 3):
            raise RetargetError(f"joints: shape {joints.shape}, expected (2, 21, 3)")
        used = [SIDES.index(side) for side in self.sides]
        if not (np.isfinite(joints[used]).all() and np.isfinite(time)):
            raise RetargetError("joints: NaN or infinity. Fix: leave the frame out.")
        if self._time is not None and time <= self._time:
            raise RetargetError(f"time {time:.6f} s does not follow {self._time:.6f} s")
        joints[[i for i in range(2) if i not in used]] = 0.0
        world = joints @ R_WORLD_CANONICAL.T
        for index in used:  # refuses a palm without extent before anything changes
            hand_frames(world[None, index], SIDES[index])
        if self._shift is None:
            middle = world[used, JOINT["wrist"]].mean(0)
            self._shift = np.array([0.0, 0.0, HEIGHT]) - middle
        return world + self._shift, 0.0 if self._time is None else time - self._time

    def _problem(self, side: str, sized: np.ndarray, dt: float) -> HandProblem:
        """The hand's part, its nominal base as near as the wrist can be by now."""
        hand, human = self._hands[side], sized[SIDES.index(side)]
        assert self._calibrations is not None
        calibration = self._calibrations[side]
        frames, wrists = hand_frames(human[None], side)
        rotation = frames[0] @ calibration.rotation.T
        wrist = wrists[0] - rotation @ calibration.offset
        rotation = rotation @ hand.model.T_base_hand[:3, :3].T
        if hand.rotation is not None and hand.wrist is not None:
            speed, turn_rate = self._rates
            move, turn = wrist - hand.wrist, logarithm(rotation @ hand.rotation.T)
            wrist = hand.wrist + _at_most(move, speed * dt)
            rotation = exp(_at_most(turn, turn_rate * dt)) @ hand.rotation
        base = NominalBase(rotation[None], wrist[None])
        target = human[human_points(hand.model)]
        local = (target - base.position(hand.model)) @ rotation
        return HandProblem(hand.model, base, finger_points(hand.model), local[None])

    def _command(
        self, objective: "_Step", z: np.ndarray, time: float, dt: float
    ) -> Command:
        positions, velocities, bases, saturated = {}, {}, {}, {}
        for side, problem in objective.hands.items():
            hand, model = self._hands[side], problem.model
            part = z[objective.columns[side]]
            free, correction = part[:-WRIST], part[-WRIST:]
            moved = free - hand.free
            reach = model.velocity_limit * dt * (1 - 2 * MARGIN)
            saturated[side] = bool(dt > 0 and (np.abs(moved) >= reach * 0.999).any())
            hand.velocity = moved / dt if dt > 0 else np.zeros_like(moved)
            hand.free, hand.correction = free, correction
            hand.rotation = problem.nominal.rotation[0]
            hand.wrist = problem.nominal.wrist[0]
            spec = model.spec
            joints = model.all_joints(free[None])[0]
            positions[side] = np.clip(joints, spec.lower, spec.upper)
            velocities[side] = model.free_matrix[1:] @ hand.velocity
            base = np.eye(4)
            base[:3, :3] = exp(correction[3:]) @ hand.rotation
            at = hand.wrist + correction[:3]
            base[:3, 3] = at - base[:3, :3] @ model.T_base_hand[:3, 3]
            bases[side] = base
        return Command(time, positions, velocities, bases, saturated)


class _Step(Objective):
    """One frame's costs, with what the hands were doing and what they can do by now."""

    def __init__(
        self,
        problems: Mapping[str, HandProblem],
        goals: ContactGoals,
        deviations: Deviations,
        hands: Mapping[str, _Hand],
        dt: float,
        gentle: bool,
    ) -> None:
        super().__init__(problems, goals, deviations)
        last, expected, slowest, fastest = [], [], [], []
        for side in problems:
            hand = hands[side]
            last += [hand.free, hand.correction]
            expected += [hand.free + CARRY * dt * hand.velocity, hand.correction]
            low, high = _speeds(hand, dt, gentle)
            wrist = np.full(WRIST, np.inf if dt > 0 else 0.0)
            slowest += [low * dt, -wrist]
            fastest += [high * dt, wrist]
        now = np.concatenate(last)
        self.lower = np.maximum(self.lower, now + np.concatenate(slowest))
        self.upper = np.minimum(self.upper, now + np.concatenate(fastest))
        self.upper = np.maximum(self.upper, self.lower)
        self.expected = np.clip(np.concatenate(expected), self.lower, self.upper)[None]
        self._inertia = EASE * self.acceleration_cost / max(dt, 1e-3) ** 4

    def evaluate(self, z: np.ndarray) -> Quadratic:
        """The frame's cost and that of changing the velocity."""
        total = super().evaluate(z)
        total.add_diagonal(z - self.expected, self._inertia)
        return total


def _speeds(hand: _Hand, dt: float, gentle: bool) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest velocity of the joints over the next `dt` [rad/s]."""
    model = hand.model
    if not gentle or dt == 0:
        most = model.velocity_limit * (1 - MARGIN)
        return -most, most
    limits = JointBox(
        model.lower, model.upper, model.velocity_limit, model.acceleration_limit
    )
    return next_speeds(limits, hand.free, hand.velocity, dt)


def _at_most(vector: np.ndarray, length: float) -> np.ndarray:
    """A vector cut to a length."""
    size = float(np.linalg.norm(vector))
    return vector if size <= length else vector * (length / size)
