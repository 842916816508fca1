"""Postures of one hand as angles, and those with a contact solved for a body's bones.

As in `poses`, a pose is (5 fingers, 5 degrees of freedom) [rad].
"""

from collections.abc import Sequence

import numpy as np

from handx_gen.hand_model import (
    FINGER_RADIUS,
    LOWER,
    UPPER,
    HandShape,
    finger_points,
)
from handx_gen.kinematics.contacts import PAD_RADIUS, PALM_HALF_THICKNESS
from handx_gen.procedural.poses import FIST, OPEN, SPREAD, TOGETHER, Body
from handx_gen.skeleton import FINGERS

Goal = tuple[int, tuple[float, float, float, float], float]
"""(finger, weights of its base, middle, distal joint and tip, distance [m]) of the point
from which the thumb's tip is to be that far."""
TIP, BASE = (0, 0, 0, 1), (1, 0, 0, 0)


def _posed(thumb: tuple[float, ...], *fingers: tuple[float, ...]) -> np.ndarray:
    """Thumb and four fingers [deg] → pose; one row stands for all four."""
    rows = fingers if len(fingers) == 4 else fingers * 4
    return np.radians(np.array([thumb, *rows], float))


def _abducted(pose: np.ndarray, like: np.ndarray) -> np.ndarray:
    """A pose with the four fingers' abduction of another one."""
    pose = pose.copy()
    pose[1:, 0] = like[1:, 0]
    return pose


HOOK = _posed((8, -8, 0, 6, 6), (0, 4, 0, 98, 58))
CLAW = _abducted(_posed((22, 4, 0, 24, 34), (0, 6, 0, 56, 44)), SPREAD)
TABLETOP = _abducted(_posed((0, 4, 0, 6, 4), (0, 84, 0, 3, 1)), TOGETHER)
CUP = _abducted(_posed((-2, 2, 0, 12, 10), (0, 38, 0, 34, 18)), TOGETHER)
VULCAN = _posed(
    (18, -12, 0, 0, 2), (5, 0, 0, 3, 1), (10, 0, 0, 3, 1), (-10, 0, 0, 3, 1),
    (-5, 0, 0, 3, 1),
)  # fmt: skip
_THIN = (0.0, 50.0, 0.0, 62.0, 34.0)
GRIPS = {
    "thin": _posed((22, 33, 0, 20, 19), (0, 43, 0, 60, 34), _THIN, _THIN, _THIN),
    "wide": _posed((18, 44, 13, 25, 21), (0, 28, 0, 42, 28)),
}
"""Round a cylinder of about 3 cm, and of about 7 cm, the thumb opposite."""
_TRIPOD = _posed(
    (-8, 30, 22, 22, 26), (-4, 50, 0, 44, 22), (4, 56, 0, 44, 22), (0, 66, 0, 70, 36),
    (0, 70, 0, 74, 38),
)  # fmt: skip
_KEY = FIST.copy()
_KEY[0] = np.radians([6.0, 16, 0, 25, 15])
_KEY[1] = np.radians([0.0, 48, 0, 75, 40])
_ACROSS = {
    "index": (-6, 30, 10, 30, 25), "middle": (-14, 40, 20, 36, 28),
    "ring": (-22, 50, 30, 40, 30), "pinky": (-28, 54, 38, 46, 32),
}  # fmt: skip
"""Thumb angles near the base of each finger [deg]."""


def meet(shape: HandShape, guess: np.ndarray, goals: Sequence[Goal]) -> np.ndarray:
    """The pose near `guess` in which the thumb's tip is as far from points as asked.

    Minimum-norm Newton steps inside the limits, drawn back to the guess where the goals
    leave freedom.

    Args:
        shape: Bones.
        guess: (5, 5) [rad]; fingers without a goal stay as they are.
        goals: At most one per finger.
    """
    pose = guess.copy()
    for _ in range(40):
        points, jacobian = finger_points(shape, pose, jacobian=True)
        assert jacobian is not None
        slopes = np.zeros((len(goals), 5, 5))
        errors = np.zeros(len(goals))
        for i, (k, weights, distance) in enumerate(goals):
            between = points[0, 3] - np.array(weights) @ points[k]
            size = float(np.linalg.norm(between))
            normal = between / size
            slopes[i, 0] = normal @ jacobian[0, 3]
            slopes[i, k] = -normal @ np.tensordot(weights, jacobian[k], 1)
            errors[i] = distance - size
        if np.abs(errors).max() < 1e-5:
            break
        matrix = slopes.reshape(len(goals), 25)
        back = 0.05 * (guess - pose).ravel()
        step = matrix.T @ np.linalg.solve(
            matrix @ matrix.T + 1e-9 * np.eye(len(goals)), errors - matrix @ back
        )
        step = np.clip(step + back, -0.25, 0.25).reshape(5, 5)
        pose = np.clip(pose + step, LOWER, UPPER)
    return pose


def ok_sign(body: Body) -> np.ndarray:
    """Thumb and index tip touch, the other fingers straight and a little fanned."""
    pose = body.pinches["index"].copy()
    pose[2:] = SPREAD[2:]
    pose[2, 1] = np.radians(10)
    return pose


def tripod(body: Body) -> np.ndarray:
    """Thumb, index and middle tips touch, ring and pinky folded."""
    return meet(
        body.shape, _TRIPOD, [(1, TIP, 2 * PAD_RADIUS), (2, TIP, 2 * PAD_RADIUS)]
    )


def key_grip(body: Body) -> np.ndarray:
    """The thumb's pad on the side of the index, the fingers folded."""
    points, _ = finger_points(body.shape, _KEY)
    bone = points[1, 2] - points[1, 1]
    outward = np.array([-1.0, 0, 0])
    outward -= bone * (bone @ outward) / (bone @ bone)
    reach = (PAD_RADIUS + FINGER_RADIUS[1]) / np.linalg.norm(outward)
    target = points[1, 1] + 0.5 * bone + reach * outward
    return _thumb_to(body.shape, _KEY, target)


def thumb_at_base(body: Body, finger: str) -> np.ndarray:
    """The thumb's pad on the palm under a finger, the fingers straight."""
    guess = OPEN.copy()
    guess[0] = np.radians(_ACROSS[finger])
    knuckle = body.shape.bases[FINGERS.index(finger)]
    # A little towards the wrist, so that the thumb keeps clear of the other fingers.
    reach = PAD_RADIUS + PALM_HALF_THICKNESS
    below = np.array([0.0, -0.3, -np.sqrt(1 - 0.3**2)]) * reach
    pose = _thumb_to(body.shape, guess, knuckle + below)
    # A short thumb does not reach that very point, but another one as far away.
    return meet(body.shape, pose, [(FINGERS.index(finger), BASE, reach)])


def rubbing(body: Body, finger: str, degrees: np.ndarray) -> list[np.ndarray]:
    """Poses of a pinch in which the thumb's pad lies further along the fingertip.

    Args:
        body: Whose hand.
        finger: The finger pinched, which keeps still.
        degrees: Where the thumb's tip lies about the fingertip, 0 as in the pinch,
            positive towards the nail's end.
    """
    k = FINGERS.index(finger)
    pose = body.pinches[finger]
    points, _ = finger_points(body.shape, pose)
    between = points[0, 3] - points[k, 3]
    size = np.linalg.norm(between)
    normal = between / size
    bone = points[k, 3] - points[k, 2]
    bone = bone - normal * (normal @ bone)
    bone /= np.linalg.norm(bone)
    found = []
    for angle in np.radians(degrees):
        target = points[k, 3] + size * (np.cos(angle) * normal + np.sin(angle) * bone)
        pose = _thumb_to(body.shape, pose, target)
        found.append(pose)
    return found


def _thumb_to(shape: HandShape, pose: np.ndarray, target: np.ndarray) -> np.ndarray:
    """A pose with the thumb's tip at a point, by damped Gauss–Newton."""
    pose = pose.copy()
    for _ in range(30):
        points, jacobian = finger_points(shape, pose, jacobian=True)
        assert jacobian is not None
        error = target - points[0, 3]
        slope = jacobian[0, 3]  # (3, 5)
        step = slope.T @ np.linalg.solve(slope @ slope.T + 1e-9 * np.eye(3), error)
        pose[0] = np.clip(pose[0] + np.clip(step, -0.2, 0.2), LOWER[0], UPPER[0])
    return pose


def half_bent(body: Body, fingers: tuple[str, ...]) -> np.ndarray:
    """The resting hand with the named fingers bent half way."""
    pose = body.relaxed.copy()
    for finger in fingers:
        k = FINGERS.index(finger)
        pose[k] = body.relaxed[k]
        pose[k, [1, 3, 4]] = np.radians((32.0, 44.0, 22.0))
    return pose


def thumb_tucked(body: Body) -> np.ndarray:
    """Fingers straight, the thumb across the palm."""
    guess = OPEN.copy()
    guess[0] = np.radians(_ACROSS["middle"])
    size = float(body.shape.bases[2, 1])
    return _thumb_to(body.shape, guess, size * np.array([0.08, 0.78, -0.38]))
