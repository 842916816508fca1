"""`OnlineArms`: one call per frame, for arms that carry hands that are moving now.

Where the motion happens in front of the robot is settled once, from poses that are
typical of it. Then every frame takes a few Gauss–Newton steps from where the arms are,
inside what the joints can do by now. What the arms cannot follow is what the hands' bases
then do: the answer says where they really are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.skeleton import SIDES
from retarget.arm_chain import arm_chain
from retarget.arm_solve import ArmTargets, errors, solve_arms
from retarget.arms import place
from retarget.errors import RetargetError
from retarget.next_speeds import JointBox, next_speeds
from robots.robot import RobotSpec

STEPS = 3
"""Gauss–Newton steps per call."""
OFF, AGAIN, LEVER = 0.003, 4, 0.1
"""An answer that is off by more [m] is taken so many steps further; a turn of 1 rad counts
as so many metres."""
LOST, BETTER = 0.01, 0.5
"""One that is off by more [m] even then may be stuck, or just late. A way from where the arms
began is sought, frame by frame, and taken where it is off by no more than this share."""
SETTLING = 60
"""Steps for the pose that the arms begin in."""
POSTURE = 3.0
"""The price of 1 rad away from rest, before squaring. At that of whole clips an elbow that
had to give way would take ten seconds to come back; this one costs 0.1 mm."""
SPEED, PULL = 12.0, 400.0
"""Arms keep to this where their motors could do more [rad/s, rad/s²]: what it takes to stop
at the other hand, not behind it."""


@dataclass(frozen=True, eq=False)
class ArmCommand:
    """What the arms should do now.

    Attributes:
        positions: (n,) all joints of the body, the locked at rest [rad].
        T_world_base: side → (4, 4) pose that the hand's root link then has.
        miss: (2,) how far the roots are from what was asked, left and right [m].
    """

    positions: np.ndarray
    T_world_base: Mapping[str, np.ndarray]
    miss: np.ndarray


@dataclass(frozen=True, eq=False)
class ArmPlacement:
    """Where a motion goes, settled once.

    Attributes:
        robot: A robot with a body.
        shift: (3,) from the hands' world into that in which the body's root stands at
            (0, 0, `root_height`) and faces +x [m].
        start: (m,) angles that the moving joints begin with [rad].
    """

    robot: RobotSpec
    shift: np.ndarray
    start: np.ndarray


def place_arms(
    robot: RobotSpec, rotation: np.ndarray, position: np.ndarray
) -> ArmPlacement:
    """Where the arms reach typical poses best.

    Args:
        robot: A robot with a body.
        rotation: (K, 2, 3, 3) of the hands' roots; the first pose is where it begins.
        position: (K, 2, 3) [m], in whatever world the hands live.

    Raises:
        RetargetError: The robot has no body.
    """
    chain, both = arm_chain(robot), np.ones(2, bool)
    shift, start = place(chain, rotation, position, both)
    first = ArmTargets(rotation[:1], position[:1] + shift, both)
    begin = solve_arms(chain, first, start[:1], None, SETTLING, POSTURE)[0]
    return ArmPlacement(robot, shift + [0.0, 0.0, chain.body.root_height], begin)


class OnlineArms:
    """Both arms, frame by frame.

    Args:
        placement: From `place_arms`.

    Attributes:
        limits: Of all joints of the body; the arms' are at most `SPEED` and `PULL`.
    """

    def __init__(self, placement: ArmPlacement) -> None:
        self._chain = chain = arm_chain(placement.robot)
        self._root = np.array([0.0, 0.0, chain.body.root_height])
        self._shift = placement.shift
        spec, moving = chain.model.spec, chain.moving
        self._all = spec.rest_pose.copy()
        self._all[moving] = placement.start
        self._velocity = np.zeros(len(moving))
        self._home = self._other = self._all[moving]
        self.limits = JointBox(
            spec.lower, spec.upper, np.minimum(spec.velocity_limit, SPEED),
            np.minimum(spec.acceleration_limit, PULL),
        )  # fmt: skip
        self._moving = JointBox(*(part[moving] for part in vars(self.limits).values()))

    def step(self, T_world_base: Mapping[str, np.ndarray], dt: float) -> ArmCommand:
        """Follow the hands.

        Args:
            T_world_base: side → (4, 4) where their roots should be, in their world.
            dt: Since the last call [s]; 0 to stay.

        Raises:
            RetargetError: NaN, or a time that goes back; nothing has changed then.
        """
        wished = np.array([T_world_base[side] for side in SIDES])
        if not (np.isfinite(wished).all() and np.isfinite(dt) and dt >= 0):
            raise RetargetError("T_world_base: NaN or infinity, or time goes back")
        wish = wished[:, :3, 3] + self._shift - self._root
        targets = ArmTargets(wished[None, :, :3, :3], wish[None], np.ones(2, bool))
        if dt > 0:
            moving, limits = self._chain.moving, self._moving
            q = self._all[moving]
            low, high = next_speeds(limits, q, self._velocity, dt)
            box = (
                np.maximum(q + low * dt, limits.lower),
                np.minimum(q + high * dt, limits.upper),
            )
            self._all[moving] = np.clip(self._solve(targets, q, box), *box)
            self._velocity = (self._all[moving] - q) / dt
        rotation, position = self._roots(self._all[None])
        bases = np.tile(np.eye(4), (2, 1, 1))
        bases[:, :3, :3], bases[:, :3, 3] = rotation[0], position[0] + self._root
        miss = np.linalg.norm(position[0] - wish, axis=1)
        return ArmCommand(self._all.copy(), dict(zip(SIDES, bases)), miss)

    def halt(self) -> None:
        """They were brought to rest, where the last answer has them."""
        self._velocity[:] = 0.0

    def _solve(
        self,
        targets: ArmTargets,
        q: np.ndarray,
        box: tuple[np.ndarray, np.ndarray],
    ) -> np.ndarray:
        """(m,) where the arms' joints should be.

        Args:
            targets: One sample.
            q: (m,) the joints now [rad].
            box: What they can reach by then; the answer is outside if they are stuck.
        """
        chain = self._chain
        solved = solve_arms(chain, targets, q[None], None, STEPS, POSTURE, box)
        if self._off(targets, solved)[0] > OFF:
            solved = solve_arms(chain, targets, solved, None, AGAIN, POSTURE, box)
        off = self._off(targets, solved)[0]
        if off <= LOST:
            self._other = self._home
            return solved[0]
        starts = np.stack([self._other, self._home])
        twice = ArmTargets(
            np.repeat(targets.rotation, 2, 0),
            np.repeat(targets.position, 2, 0),
            targets.wanted,
        )
        ways = solve_arms(chain, twice, starts, None, AGAIN, POSTURE)
        there = self._off(twice, ways)
        self._other = ways[there.argmin()]
        return self._other if there.min() < BETTER * off else solved[0]

    def _off(self, targets: ArmTargets, solved: np.ndarray) -> np.ndarray:
        """(T,) how far the worse hand is from its target [m]."""
        joints = np.tile(self._all, (len(solved), 1))
        joints[:, self._chain.moving] = solved
        place, turn = errors(self._chain, self._chain.model.forward(joints), targets)
        off = np.linalg.norm(place, axis=-1) + LEVER * np.linalg.norm(turn, axis=-1)
        return off.max(-1)

    def _roots(self, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `ArmChain.roots`, of all joints (T, n)."""
        return self._chain.roots(self._chain.model.forward(joints))
