"""`HumanFilm`: moments of a human motion, drawn like a `Film` of a robot.

Bones are capsules, the palm is rods from the wrist to the knuckles; fingertips and palms
take the colour of their nearness (`sim.heat`; a motion knows no force).
"""

import numpy as np

from handx_gen.hand_model import bone_segments
from handx_gen.kinematics.contacts import contact_track
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import CHAINS, FINGERS, JOINT, SIDES
from sim.camera import AZIMUTH, frame_points
from sim.engine import mujoco
from sim.film import SIZE
from sim.gl import WITHOUT_GL, Renderer, add_capsules
from sim.heat import PALM_SHARE, POINTS, Heat, heat_colour, point_gaps
from sim.painter import Painter
from sim.stage import FLOOR_GAP, PALM_SHADE, SIDE_COLOURS, add_stage, place_stage

PALM_RADIUS = 0.010
"""Radius of the rods that stand for the palm [m]."""

FLESH = 0.02
"""What a hand has around its joints, for the camera [m]."""

_BASES = [JOINT[CHAINS[finger][1]] for finger in FINGERS]

Capsules = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""(K, 3) ends, (K, 3) other ends, (K,) radii [m], (K, 3) colours."""


class HumanFilm:
    """Draws moments of one human motion, all from the same camera.

    Args:
        motion: The motion.
        joints: (T, 2, 21, 3) its joints in the world frame of the picture [m].
        size: Width and height [pixels].
        azimuth: Viewing direction [deg].

    Attributes:
        duration: Time of the last moment [s].
        note: One line if GL is missing, else "".
    """

    def __init__(
        self,
        motion: BimanualMotion,
        joints: np.ndarray,
        size: tuple[int, int] = SIZE,
        azimuth: float = AZIMUTH,
    ) -> None:
        self._motion, self._joints = motion, joints
        gap = point_gaps(contact_track(motion.joints, motion.present))
        self._heat = Heat(np.zeros_like(gap), gap)
        shown = joints[:, motion.present].reshape(-1, 3)
        cloud = np.concatenate([shown - FLESH, shown + FLESH])
        camera = frame_points(cloud, size[0] / size[1], azimuth=azimuth)
        spec = mujoco.MjSpec()
        add_stage(spec)
        model = spec.compile()
        place_stage(model, cloud.min(0), cloud.max(0))
        self._data = mujoco.MjData(model)
        self.duration = motion.duration
        self.note = ""
        self._renderer: Renderer | None = None
        self._painter: Painter | None = None
        try:
            self._renderer = Renderer(model, camera, size)
        # Every GL platform fails in its own way; all of them mean: no GL here.
        except Exception:
            self._painter = Painter(camera, size, float(cloud[:, 2].min()) - FLOOR_GAP)
            self.note = WITHOUT_GL

    def __enter__(self) -> "HumanFilm":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._renderer is not None:
            self._renderer.close()

    def picture(self, time: float) -> np.ndarray:
        """(height, width, 3) uint8 at `time` [s], between frames interpolated."""
        where = np.clip(time * self._motion.fps, 0, len(self._motion) - 1)
        before = int(where)
        after = min(before + 1, len(self._motion) - 1)
        share = where - before
        joints = (1 - share) * self._joints[before] + share * self._joints[after]
        parts = human_capsules(
            joints, self._heat.over(before, before + 1), self._motion.present
        )
        if self._renderer is not None:
            return self._renderer.draw(
                self._data, lambda scene: add_capsules(scene, *parts)
            )
        assert self._painter is not None
        return self._painter.draw(*parts)


def human_capsules(
    joints: np.ndarray, heat: np.ndarray, present: np.ndarray
) -> Capsules:
    """Both hands at one moment as capsules.

    Args:
        joints: (2, 21, 3) [m].
        heat: (2, 6) of `sim.heat.POINTS`, 0…2.
        present: (2,) bool.
    """
    hands = [
        _hand_capsules(joints[side], name, heat[side])
        for side, name in enumerate(SIDES)
        if present[side]
    ]
    a, b, radius, colour = (np.concatenate(part) for part in zip(*hands))
    return a, b, radius, colour


def _hand_capsules(hand: np.ndarray, side: str, heat: np.ndarray) -> Capsules:
    starts, ends, radii = bone_segments(hand)
    base = np.array(SIDE_COLOURS[side])
    colours = np.tile(base, (len(radii), 1))
    for k, finger in enumerate(FINGERS):
        colours[3 * k + 2] = heat_colour(base, heat[POINTS.index(f"{finger}_tip")])
    pale = base + PALM_SHADE * (1 - base)
    warm = heat_colour(pale, heat[POINTS.index("palm")])
    palm = pale + PALM_SHARE * (warm - pale)
    # Rods from the wrist to the knuckles and along the knuckles.
    knuckles = hand[_BASES]
    rods_a = np.concatenate([np.repeat(hand[:1], len(_BASES), 0), knuckles[:-1]])
    rods_b = np.concatenate([knuckles, knuckles[1:]])
    return (
        np.concatenate([starts, rods_a]),
        np.concatenate([ends, rods_b]),
        np.concatenate([radii, np.full(len(rods_a), PALM_RADIUS)]),
        np.concatenate([colours, np.tile(palm, (len(rods_a), 1))]),
    )
