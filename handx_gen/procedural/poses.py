"""Hand poses, as angles of the parametric hand; contact poses solved exactly.

A pose is an array (5 fingers, 5 degrees of freedom) [rad], see `hand_model.DOFS`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handx_gen.hand_model import LOWER, UPPER, HandShape, finger_points
from handx_gen.kinematics.contacts import PAD_RADIUS
from handx_gen.skeleton import FINGERS


def _degrees(*rows: tuple[float, ...]) -> np.ndarray:
    return np.radians(np.array(rows, float))


RELAXED = _degrees(
    (0, 8, 0, 12, 10), (2, 12, 0, 14, 7), (0, 14, 0, 16, 8), (0, 16, 0, 18, 9),
    (-2, 16, 0, 18, 9),
)  # fmt: skip
OPEN = _degrees(
    (6, -6, 0, 0, 2), (0, 2, 0, 3, 1), (0, 2, 0, 3, 1), (0, 2, 0, 3, 1), (0, 2, 0, 3, 1)
)
SPREAD = _degrees(
    (20, -10, 0, 0, 2), (14, 0, 0, 3, 1), (3, 0, 0, 3, 1), (-9, 0, 0, 3, 1),
    (-19, 0, 0, 3, 1),
)  # fmt: skip
TOGETHER = _degrees(
    (-4, 6, 0, 6, 6), (-6, 3, 0, 4, 2), (-1, 3, 0, 4, 2), (4, 3, 0, 4, 2),
    (9, 3, 0, 4, 2),
)  # fmt: skip
FIST = _degrees(
    (20.6, 26.6, -21.1, 41.9, 65.1), (0, 76, 0, 98, 50), (0, 78, 0, 100, 50),
    (0, 80, 0, 100, 50), (4, 80, 0, 98, 50),
)  # fmt: skip
"""Fingers folded; the thumb lies outside, across index and middle."""
THUMB_OUT = np.radians([24.0, -14, 0, -4, -4])
THUMB_ASIDE = np.radians([6.0, 4, 0, 24, 26])
THUMB_TUCKED = np.radians([-14.0, 28, 0, 40, 35])
FLAT = _degrees(
    (2, -30, 0, -4, 0), (-6, -5, 0, 1, 1), (-1, -5, 0, 1, 1), (4, -5, 0, 1, 1),
    (9, -5, 0, 1, 1),
)  # fmt: skip
"""Flat hand, fingers closed and a little back, thumb in the plane of the palm."""
INTERLEAVED = _degrees(
    (20, -20, 0, 0, 2), (16, 0, 0, 3, 1), (3, 0, 0, 3, 1), (-9, 0, 0, 3, 1),
    (-24, 0, 0, 3, 1),
)  # fmt: skip
"""Fingers spread wide enough to let the other hand's through."""

_PINCH_GUESS = {
    "index": _degrees((-4, 26, 18, 22, 26), (2, 48, 0, 46, 24)),
    "middle": _degrees((-10, 34, 26, 24, 28), (0, 54, 0, 48, 24)),
    "ring": _degrees((-16, 42, 34, 28, 32), (0, 60, 0, 52, 26)),
    "pinky": _degrees((-22, 48, 42, 34, 36), (4, 64, 0, 54, 28)),
}
"""Thumb and finger near the pinch; the solver closes the rest."""


@dataclass(frozen=True, eq=False)
class Body:
    """One hand's bones and habits, and the contact poses solved for them.

    Attributes:
        shape: Bones.
        relaxed: (5, 5) its resting pose [rad].
        follow: How much neighbouring fingers follow a bending one, 0 to 0.3.
    """

    shape: HandShape
    relaxed: np.ndarray
    follow: float = 0.0

    @cached_property
    def pinches(self) -> dict[str, np.ndarray]:
        """Finger → pose in which the thumb's pad touches that fingertip's pad."""
        return solve_pinches(self.shape, self.relaxed)


def solve_pinches(shape: HandShape, relaxed: np.ndarray) -> dict[str, np.ndarray]:
    """Poses in which the thumb touches each fingertip, tip joints two pads apart.

    Damped Gauss–Newton on the ten angles of thumb and finger inside their limits, for
    the four fingers at once: the distance of the tips, and weakly the first guess.

    Returns:
        Finger → (5, 5) [rad]; fingers not in the pinch are `relaxed`.
    """
    names = FINGERS[1:]
    poses = np.repeat(relaxed[None], 4, 0)
    for i, name in enumerate(names):
        poses[i, 0], poses[i, i + 1] = _PINCH_GUESS[name]
    guess = poses.copy()
    rows = np.arange(4)
    pair = np.stack([np.zeros(4, int), rows + 1], 1)  # (4, 2) thumb, finger
    for _ in range(40):
        points, jacobian = finger_points(shape, poses, jacobian=True)
        assert jacobian is not None
        tips = points[rows[:, None], pair, 3]  # (4, 2, 3)
        slopes = jacobian[rows[:, None], pair, 3]  # (4, 2, 3, 5)
        between = tips[:, 0] - tips[:, 1]
        distance = np.linalg.norm(between, axis=1)
        normal = between / distance[:, None]
        row = np.concatenate(
            [
                np.einsum("ni,nik->nk", normal, slopes[:, 0]),
                -np.einsum("ni,nik->nk", normal, slopes[:, 1]),
            ],
            1,
        )  # (4, 10)
        error = 2 * PAD_RADIUS - distance
        # Pads, not nails, should meet: pull the contact to where both tips point.
        q = poses[rows[:, None], pair].reshape(4, 10)
        q0 = guess[rows[:, None], pair].reshape(4, 10)
        regular = 1e-7
        system = np.einsum("ni,nj->nij", row, row) + regular * np.eye(10)
        target = row * error[:, None] + regular * 0.02 * (q0 - q)
        step = np.linalg.solve(system, target[..., None])[..., 0]
        q = q + np.clip(step, -0.3, 0.3)
        q = np.clip(q.reshape(4, 2, 5), LOWER[pair], UPPER[pair])
        poses[rows[:, None], pair] = q
    return dict(zip(names, poses, strict=True))


def bent(body: Body, fingers: tuple[str, ...], amount: float = 1.0) -> np.ndarray:
    """`relaxed` with the named fingers folded by `amount`, neighbours following."""
    pose = body.relaxed.copy()
    for k, finger in enumerate(FINGERS):
        if finger in fingers:
            pose[k] = body.relaxed[k] + amount * (FIST[k] - body.relaxed[k])
        elif k and body.follow:
            near = sum(abs(FINGERS.index(f) - k) == 1 for f in fingers if f != "thumb")
            pull = body.follow * min(near, 1) * amount
            pose[k] = body.relaxed[k] + pull * (FIST[k] - body.relaxed[k])
    return pose


def extended(fingers: tuple[str, ...]) -> np.ndarray:
    """The named fingers straight, the others folded; a thumb not named keeps clear.

    Over the fist it would hold down index and middle, so it lies beside the hand as
    soon as one of them is to be straight.
    """
    pose = FIST.copy()
    for k, finger in enumerate(FINGERS):
        if finger in fingers:
            pose[k] = THUMB_OUT if finger == "thumb" else OPEN[k]
    if "thumb" not in fingers:
        if set(FINGERS[1:]) <= set(fingers):
            pose[0] = OPEN[0]
        elif {"index", "middle"} & set(fingers):
            pose[0] = THUMB_ASIDE
    return pose
