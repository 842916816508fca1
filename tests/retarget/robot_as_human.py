"""A human hand made from a robot's own points: its best retargeting is known."""

import numpy as np

from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import CHAINS, JOINT, SIDES
from retarget.calibration import robot_knuckles
from retarget.configuration import HandModel
from retarget.placement import R_WORLD_CANONICAL


def human_like(model: HandModel, free: np.ndarray) -> np.ndarray:
    """Joints (T, 21, 3) [m] in the robot's hand frame, for joint angles (T, m)."""
    pose = model.forward(free)
    inverse = np.linalg.inv(model.T_base_hand)

    def at(body_or_link) -> np.ndarray:
        if isinstance(body_or_link, str):
            points = model.points([(body_or_link, np.zeros(3))])
            located = pose.locate(points)[:, 0]
        else:
            located = pose.position[:, body_or_link]
        return located @ inverse[:3, :3].T + inverse[:3, 3]

    joints = np.zeros((len(free), 21, 3))
    knuckles = robot_knuckles(model)
    for name, finger in model.spec.fingers.items():
        chain = [JOINT[j] for j in CHAINS[name]]
        middle, tip = at(finger.middle_link), at(finger.tip_link)
        joints[:, chain[2]], joints[:, chain[4]] = middle, tip
        joints[:, chain[3]] = (middle + tip) / 2
        joints[:, chain[1]] = knuckles.get(name, middle / 2)
    return joints


def motion_of(
    hands: dict[str, np.ndarray], places: dict[str, np.ndarray], fps: float = 30.0
) -> BimanualMotion:
    """Joints in hand frames (T, 21, 3) put at world poses (T, 4, 4), as a motion."""
    count = len(next(iter(hands.values())))
    joints = np.zeros((count, 2, 21, 3))
    for side, hand in hands.items():
        place = places[side]
        world = hand @ place[:, :3, :3].swapaxes(1, 2) + place[:, None, :3, 3]
        joints[:, SIDES.index(side)] = world @ R_WORLD_CANONICAL
    present = [side in hands for side in SIDES]
    return BimanualMotion(joints, fps, np.array(present))


def standing(count: int, side: str) -> np.ndarray:
    """(T, 4, 4) world poses of a hand at rest: palm down, fingers forward."""
    place = np.tile(np.eye(4), (count, 1, 1))
    place[:, :3, :3] = R_WORLD_CANONICAL
    place[:, 1, 3] = 0.2 if side == "left" else -0.2
    return place


def wave(low: np.ndarray, high: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Smooth motion (T, m) between bounds that starts and ends at rest."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0.2, 0.8, (3, len(low)))
    knots = low + (high - low) * phase
    t = np.linspace(0, 2, count)
    part = (t - np.floor(t))[:, None]
    ease = part**3 * (10 - 15 * part + 6 * part**2)
    first = np.minimum(t.astype(int), 1)
    ease[-1] = 1.0
    return knots[first] + ease * (knots[first + 1] - knots[first])
