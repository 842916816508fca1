"""Which geom belongs to which part of which hand, and where the hands' points are."""

from dataclasses import dataclass

import numpy as np

from handx_gen.skeleton import FINGERS, SIDES
from sim.engine import mujoco
from sim.scene import Scene


@dataclass(frozen=True, eq=False)
class HandAnatomy:
    """Bodies of one hand, for reading its pose.

    Attributes:
        palm_body: Body of the palm link.
        T_palm_hand: (4, 4) the anatomical hand frame in it (`robots.hand`).
        knuckles, middles, tips: (5,) bodies at a finger's base, its middle joint and its
            tip, −1 where the hand lacks the finger.
    """

    palm_body: int
    T_palm_hand: np.ndarray
    knuckles: np.ndarray
    middles: np.ndarray
    tips: np.ndarray


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The parts of both hands of a scene.

    Attributes:
        hands: Side → its bodies.
        parts: "left.index_tip" (last phalanx), "left.index" (whole finger),
            "left.fingers" (all but the thumb), "left.body" (palm and back), "left.hand"
            (all of it) → (ngeom,) bool.
        geom_hand: (ngeom,) 0 left, 1 right, −1 neither.
    """

    hands: dict[str, HandAnatomy]
    parts: dict[str, np.ndarray]
    geom_hand: np.ndarray

    @classmethod
    def of(cls, scene: Scene) -> "Anatomy":
        """Look the parts of a scene's hands up by name."""
        hands, parts = {}, {}
        for side in scene.sides:
            hands[side] = _bodies(scene, side)
            parts |= _parts(scene, side)
        return cls(hands, parts, scene.geom_side)


def _bodies(scene: Scene, side: str) -> HandAnatomy:
    hand, model = scene.robot.hands[side], scene.model
    rows = np.full((3, len(FINGERS)), -1)
    for name, finger in hand.fingers.items():
        links = (finger.links[0], finger.middle_link, finger.tip_link)
        rows[:, FINGERS.index(name)] = [
            model.body(f"{side}_{link}").id for link in links
        ]
    palm = model.body(f"{side}_{hand.palm_link}").id
    return HandAnatomy(palm, hand.T_palm_hand, *rows)


def _parts(scene: Scene, side: str) -> dict[str, np.ndarray]:
    hand, model = scene.robot.hands[side], scene.model
    solid = np.asarray(model.geom_contype) > 0
    whole = solid & (scene.geom_side == SIDES.index(side))
    fingers = {}
    for name, finger in hand.fingers.items():
        roots = {int(model.body(f"{side}_{link}").id) for link in finger.links}
        members = [_descends(model, int(body), roots) for body in model.geom_bodyid]
        fingers[name] = whole & np.array(members)
    tips = {
        f"{side}.{name}_tip": np.isin(
            np.arange(model.ngeom), scene.hands[side].point_geoms[f"{name}_tip"]
        )
        for name in fingers
    }
    any_finger = np.any(list(fingers.values()), axis=0)
    others = [fingers[name] for name in fingers if name != "thumb"]
    return {
        **tips,
        **{f"{side}.{name}": mask for name, mask in fingers.items()},
        f"{side}.fingers": np.any(others, axis=0),
        f"{side}.body": whole & ~any_finger,
        f"{side}.hand": whole,
    }


def _descends(model: mujoco.MjModel, body: int, roots: set[int]) -> bool:
    """Whether a body is one of `roots` or hangs on one."""
    while body > 0:
        if body in roots:
            return True
        body = int(model.body_parentid[body])
    return False
