"""Contact heat: how near and how hard every fingertip and palm touches, as a colour.

Nearness is the rollout's measured gap. Force is what MuJoCo's contact model gives in the
recorded state (position, velocity and control of each sample): the rollout holds all it
depends on, so it needs no column of its own.
"""

from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import CONTACT_GAP, ContactTrack, split_pair
from handx_gen.skeleton import FINGERS, SIDES
from sim.engine import mujoco
from sim.errors import SimulationError
from sim.rollout import Rollout
from sim.scene import Scene
from sim.stage import CONTACT_COLOUR

POINTS = (*(f"{finger}_tip" for finger in FINGERS), "palm")
"""Where contact is felt on a hand."""

FULL_FORCE = 10.0
"""Normal force that is shown as the hottest colour [N]: a firm press of a fingertip."""

FAINTEST = 0.35
"""How much of the colour a contact has that is just near enough to count."""

HOT_COLOUR = (0.86, 0.10, 0.08)
"""A fingertip or palm that presses with `FULL_FORCE`."""

PALM_SHARE = 0.5
"""A palm is large: it takes on only so much of its heat's colour."""


@dataclass(frozen=True, eq=False)
class Heat:
    """Contact of every point over time.

    Attributes:
        force: (T, 2, 6) sum of the normal forces on each of `POINTS` [N].
        gap: (T, 2, 6) smallest measured gap of the pairs it is part of [m]; infinite
            where it is part of none.
    """

    force: np.ndarray
    gap: np.ndarray

    def over(self, start: int, stop: int) -> np.ndarray:
        """(2, 6) heat in 0…2, the hottest in samples `start` to `stop`, exclusive.

        0 is apart, 1 touches without force, 2 presses with `FULL_FORCE` or more.
        """
        near = 1 - self.gap[start:stop].min(0) / CONTACT_GAP
        press = self.force[start:stop].max(0) / FULL_FORCE
        return np.where(press > 0, 1.0, np.clip(near, 0, 1)) + np.clip(press, 0, 1)


def contact_heat(rollout: Rollout, scene: Scene) -> Heat:
    """Forces and gaps of a rollout.

    Args:
        rollout: What happened.
        scene: The scene it happened in (`rollout_scene`).

    Raises:
        SimulationError: The scene has another state than the rollout.
    """
    model, data = scene.model, mujoco.MjData(scene.model)
    check_state(rollout, scene)
    owner = {
        geom: (SIDES.index(side), POINTS.index(point))
        for side, hand in scene.hands.items()
        for point, geoms in hand.point_geoms.items()
        for geom in geoms
    }
    force = np.zeros((len(rollout.time), len(SIDES), len(POINTS)))
    wrench = np.zeros(6)  # in the contact's frame; its first entry is the normal force
    for index in range(len(rollout.time)):
        data.qpos[:], data.qvel[:] = rollout.qpos[index], rollout.qvel[index]
        data.ctrl[:] = rollout.ctrl[index]
        mujoco.mj_forward(model, data)
        for contact in range(data.ncon):
            mujoco.mj_contactForce(model, data, contact, wrench)
            for geom in data.contact.geom[contact]:
                if int(geom) in owner:
                    force[(index, *owner[int(geom)])] += wrench[0]
    return Heat(force, point_gaps(rollout.contacts))


def check_state(rollout: Rollout, scene: Scene) -> None:
    """Raise unless the rollout's state is one of this scene.

    Raises:
        SimulationError: The robot has changed since.
    """
    model = scene.model
    shapes = tuple(
        array.shape[1] for array in (rollout.qpos, rollout.qvel, rollout.ctrl)
    )
    if shapes != (model.nq, model.nv, model.nu):
        raise SimulationError(
            f"rollout [qpos]: {shapes} positions, velocities and controls, the robot "
            f"{scene.robot.name} has {(model.nq, model.nv, model.nu)}. Fix: run "
            "`handx validate` again."
        )


def point_gaps(contacts: ContactTrack) -> np.ndarray:
    """(T, 2, 6) smallest gap of each point [m], infinite where no pair has it."""
    gap = np.full((len(contacts), len(SIDES), len(POINTS)), np.inf)
    for column, pair in enumerate(contacts.pairs):
        for side, point in split_pair(pair):
            cell = (slice(None), SIDES.index(side), POINTS.index(point))
            gap[cell] = np.minimum(gap[cell], contacts.gap[:, column])
    return gap


def heat_colour(own: np.ndarray, heat: float | np.ndarray) -> np.ndarray:
    """(..., 3) colour of a part whose own colour is `own` at heat 0…2.

    From its own through yellow (touching) to red (pressing hard).
    """
    heat = np.asarray(heat, float)[..., None]
    yellow, red = np.array(CONTACT_COLOUR), np.array(HOT_COLOUR)
    share = np.where(heat > 0, FAINTEST + (1 - FAINTEST) * np.minimum(heat, 1), 0.0)
    warm = own + share * (yellow - own)
    return warm + np.clip(heat - 1, 0, 1) * (red - yellow)
