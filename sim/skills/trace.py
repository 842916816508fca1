"""`Trace`: what a skill is judged by, read from the simulator's state and nothing else.

A `Watcher` reads one sample after another from `MjData`: poses of palms and fingers, and
every contact with its force. Commands do not enter.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handx_gen.skeleton import FINGERS, SIDES
from sim.engine import mujoco
from sim.playback import RECORD_RATE
from sim.scene import Scene
from sim.skills.anatomy import Anatomy

TOUCH_GAP = 0.002
"""Surfaces this near count as touching [m]: the give of a fingertip's skin. The physics
itself has hard surfaces."""

FACING = 0.2
"""A contact lies on the palm's side or on the back if its normal is this far along the
hand's z axis; what lies between is the edge."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Measured state of both hands over time, S samples and C contacts in all.

    Attributes:
        anatomy: What the geoms are.
        time: (S,) [s], evenly spaced.
        T_world_hand: (S, 2, 4, 4) anatomical hand frames; identity for an absent hand.
        knuckles, middles, tips: (S, 2, 5, 3) finger points in world [m], NaN where the
            robot lacks the finger.
        sample: (C,) the sample that each contact belongs to, increasing.
        geom: (C, 2) what touches.
        facing: (C, 2) the contact's outward normal on each side, along that hand's z axis:
            1 on the back, −1 on the palm.
        force: (C,) normal force [N], 0 for surfaces that are near without pressing.
        position: (C, 3) in world [m].
    """

    anatomy: Anatomy
    time: np.ndarray
    T_world_hand: np.ndarray
    knuckles: np.ndarray
    middles: np.ndarray
    tips: np.ndarray
    sample: np.ndarray
    geom: np.ndarray
    facing: np.ndarray
    force: np.ndarray
    position: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    @property
    def step(self) -> float:
        """Time between samples [s]."""
        return 1 / RECORD_RATE

    @cached_property
    def curl(self) -> np.ndarray:
        """(S, 2, 5) how far each finger is bent [deg], NaN where there is none.

        The angle from the hand's y axis to the chord middle joint → tip, towards the
        palm: about 0 for a straight finger, 200 for one in a fist.
        """
        chord = self.tips - self.middles
        rotation = self.T_world_hand[..., :3, :3]
        local = np.einsum("shji,shfj->shfi", rotation, chord)
        angle = np.degrees(np.arctan2(-local[..., 2], local[..., 1]))
        return np.where(angle < -90, angle + 360, angle)

    def matches(self, first: str, second: str) -> np.ndarray:
        """(C,) bool: which contacts are between two parts, e.g. "left.palm".

        "palm" and "back" are the two sides of the hand's body; further parts are those
        of `Anatomy`. A part that the robot lacks touches nothing.
        """
        a = [self._on(first, end) for end in (0, 1)]
        b = [self._on(second, end) for end in (0, 1)]
        return (a[0] & b[1]) | (a[1] & b[0])

    def _on(self, part: str, end: int) -> np.ndarray:
        side, name = part.split(".")
        if name in ("palm", "back"):
            sign = 1 if name == "back" else -1
            right = sign * self.facing[:, end] > FACING
            return right & self._on(f"{side}.body", end)
        members = self.anatomy.parts.get(part)
        if members is None:
            return np.zeros(len(self.geom), bool)
        return members[self.geom[:, end]]


def measuring(model: mujoco.MjModel) -> mujoco.MjModel:
    """Let a model report surfaces within `TOUCH_GAP`; its dynamics stay the same.

    The gap of a geom is how much further contacts are looked for than they act.
    """
    model.geom_gap[:] = TOUCH_GAP / 2  # the two geoms' gaps add up
    return model


class Watcher:
    """Collects a `Trace` from a running simulation.

    Args:
        scene: What is simulated; its model, or a changed copy with the same layout, was
            prepared by `measuring`.
    """

    def __init__(self, scene: Scene) -> None:
        self.anatomy = Anatomy.of(scene)
        self._sides = [SIDES.index(side) for side in scene.sides]
        self._poses: list[np.ndarray] = []
        self._points: list[np.ndarray] = []
        self._contacts: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self._poses)

    def see(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Append one sample; `mj_forward` has been run on the state."""
        poses = np.tile(np.eye(4), (2, 1, 1))
        points = np.full((3, 2, len(FINGERS), 3), np.nan)
        for side, hand in self.anatomy.hands.items():
            k = SIDES.index(side)
            palm = np.eye(4)
            palm[:3, :3] = data.xmat[hand.palm_body].reshape(3, 3)
            palm[:3, 3] = data.xpos[hand.palm_body]
            poses[k] = palm @ hand.T_palm_hand
            for row, bodies in enumerate((hand.knuckles, hand.middles, hand.tips)):
                points[row, k, bodies >= 0] = data.xpos[bodies[bodies >= 0]]
        self._poses.append(poses)
        self._points.append(points)
        self._contacts.append(self._contact_rows(model, data, poses))

    def _contact_rows(
        self, model: mujoco.MjModel, data: mujoco.MjData, poses: np.ndarray
    ) -> np.ndarray:
        """(n, 9) sample, two geoms, two facings, force, position."""
        contact = data.contact
        rows = np.zeros((data.ncon, 9))
        if data.ncon == 0:
            return rows
        rows[:, 0] = len(self._contacts)
        rows[:, 1:3] = contact.geom
        normal = contact.frame[:, :3]  # from the first geom to the second
        hands = self.anatomy.geom_hand[contact.geom]
        z = poses[:, :3, 2]
        rows[:, 3] = np.einsum("ci,ci->c", normal, z[hands[:, 0]])
        rows[:, 4] = -np.einsum("ci,ci->c", normal, z[hands[:, 1]])
        wrench = np.zeros(6)
        for index in np.flatnonzero(contact.efc_address >= 0):
            mujoco.mj_contactForce(model, data, int(index), wrench)
            rows[index, 5] = wrench[0]
        rows[:, 6:] = contact.pos
        return rows

    def trace(self) -> Trace:
        """What was seen so far."""
        points = np.stack(self._points)
        rows = np.concatenate(self._contacts)
        return Trace(
            self.anatomy, np.arange(len(self)) / RECORD_RATE, np.stack(self._poses),
            points[:, 0], points[:, 1], points[:, 2], rows[:, 0].astype(int),
            rows[:, 1:3].astype(int), rows[:, 3:5], rows[:, 5], rows[:, 6:],
        )  # fmt: skip
