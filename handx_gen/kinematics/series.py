"""Every descriptor of a motion as a named scalar series, with its bins.

The descriptors and bins are those of the HandX paper (supplement A.3 and A.4). Where its
code and the wish for left and right to read the same disagree, the wish wins: each hand
is described in right form, and every two-hand distance is the mean of both directions.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handx_gen.errors import InputError
from handx_gen.hand_model import right_form
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import CHAIN_INDEX, CHAINS, FINGERS, JOINT, SIDES, TIP_INDEX

STRAIGHT = np.radians(11.0)
"""Smaller bends count as none [rad]."""
TIP_CONTACT, PALM_CONTACT = 0.020, 0.040
"""Fingertips in contact up to this distance, palms below it [m]."""
TIP_PALM_CONTACT = 0.025
"""A fingertip and a palm in contact below this distance [m]."""
PALM_PAIRS, TIP_PALM_POINTS = 30, 5
"""Closest palm points averaged, palm to palm and tip to palm."""
AXES = (
    ("left-right", ("right-to-left", "left-to-right")),
    ("front-back", ("front-to-back", "back-to-front")),
    ("down-up", ("up-to-down", "down-to-up")),
)
"""Key of each wrist axis, and the names of falling and rising values."""


@dataclass(frozen=True)
class Bins:
    """How one kind of series is read.

    Attributes:
        edges, states: State k holds on [edges[k−1], edges[k]); no states, no edges.
        speeds: Mean speed [unit/s] from which a change is medium, and fast.
        change: Smallest change between first and last frame of a change [unit].
        least: Fewest frames of a change at 30 fps.
        between_states: Whether a change must end in another state than it began.
    """

    edges: tuple[float, ...]
    states: tuple[str, ...]
    speeds: tuple[float, float]
    change: float
    least: int
    between_states: bool = True

    def state(self, value: float) -> str:
        """Name of the state of a value; empty where there are none."""
        if not self.states:
            return ""
        return self.states[int(np.searchsorted(self.edges, value, side="right"))]

    def codes(self, values: np.ndarray) -> np.ndarray:
        """(T,) number of each value's state."""
        return np.searchsorted(self.edges, values, side="right")

    def speed(self, value: float) -> str:
        """Name of a mean speed [unit/s]: slow, medium or fast."""
        return ("slow", "medium", "fast")[
            int(np.searchsorted(self.speeds, value, side="right"))
        ]


_DEG = float(np.radians(1.0))
FLEXING = Bins(
    (-20 * _DEG, 30 * _DEG, 60 * _DEG),
    ("Hyperextended", "Fully extended", "Partially bent", "Fully bent"),
    (0.15, 1.3), 30 * _DEG, 6,
)  # fmt: skip
SPACING = Bins((20 * _DEG,), ("Closed", "Open"), (0.03, 1.3), 18 * _DEG, 6)
TIP_PALM = Bins(
    (TIP_PALM_CONTACT, 0.035), ("Contact", "Near", "Far"), (0.025, 0.07), 0.03, 6
)
PALMS = Bins(
    (PALM_CONTACT, 0.08, 0.12), ("Contact", "Near", "Medium", "Far"), (0.025, 0.07),
    0.05, 6,
)  # fmt: skip
POSITIONS = tuple(
    Bins((-0.02, 0.02), (low, "ALIGNED", high), (0.025, 0.07), 0.05, 4)
    for low, high in (("LEFT", "RIGHT"), ("BACK", "FRONT"), ("DOWN", "UP"))
)
WRIST = Bins((), (), (0.03, 0.15), 0.03, 4, between_states=False)


@dataclass(frozen=True, eq=False)
class Series:
    """One descriptor over time.

    Attributes:
        owner: "left", "right" or "both".
        group: Its group in the event JSON, e.g. "finger_flexing".
        key: Its name inside the group, e.g. "index_mcp".
        values: (T,) float64 [rad] or [m].
        bins: How it is segmented; None for distances that only know contact.
        contact: Contact up to this distance [m], where `bins` is None.
        directions: Names of a falling and a rising value, for wrists.
    """

    owner: str
    group: str
    key: str
    values: np.ndarray
    bins: Bins | None = None
    contact: float = TIP_CONTACT
    directions: tuple[str, str] = ("", "")


def _triangle_points(parts: int = 5) -> np.ndarray:
    """Centroids of a triangle cut into `parts`² equal ones, barycentric (25, 3)."""
    found = []
    for i in range(parts):
        for j in range(parts - i):
            found.append((i + 1 / 3, j + 1 / 3))
            if i + j < parts - 1:
                found.append((i + 2 / 3, j + 2 / 3))
    two = np.array(found) / parts
    return np.column_stack([1 - two.sum(1), two])


_WEIGHTS = _triangle_points()
_BASES = [JOINT[CHAINS[finger][1]] for finger in FINGERS]


def palm_cloud(hand: np.ndarray) -> np.ndarray:
    """100 fixed points of the palm, (T, 21, 3) → (T, 100, 3) [m].

    Four triangles wrist–base–base, thumb CMC to pinky MCP (supplement A.4), 25 points
    each. The paper's code draws them from an unseeded generator, which moves distances
    by about 5 mm from run to run; these are the same for every frame, run and side.
    """
    wrist = hand[:, 0]
    clouds = [
        _WEIGHTS @ np.stack([wrist, hand[:, a], hand[:, b]], 1)
        for a, b in zip(_BASES[:-1], _BASES[1:])
    ]
    return np.concatenate(clouds, 1)


def local_frame(hand: np.ndarray, where: str = "hand") -> np.ndarray:
    """Axes of a right-form hand as columns, (T, 21, 3) → (T, 3, 3).

    X points to the middle knuckle, Z is normal to it and to the index knuckle, out of
    the back of the hand; Y = Z × X points to the thumb's side.

    Raises:
        InputError: Wrist, index and middle knuckle lie on one line in some frame.
    """
    x = hand[:, JOINT["middle_mcp"]] - hand[:, 0]
    z = np.cross(x, hand[:, JOINT["index_mcp"]] - hand[:, 0])
    sizes = np.stack([np.linalg.norm(x, axis=1), np.linalg.norm(z, axis=1)])
    if (sizes < 1e-9).any():
        frame = int(np.argwhere((sizes < 1e-9).any(0))[0, 0])
        raise InputError(
            where, "joints", f"wrist and knuckles are on one line in frame {frame}",
            "drop frames in which the hand was not tracked",
        )  # fmt: skip
    x, z = x / sizes[0][:, None], z / sizes[1][:, None]
    return np.stack([x, np.cross(z, x), z], -1)


def _angle(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Angle of vectors (..., 3) [rad], 0 where one vanishes."""
    cross = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.arctan2(cross, (first * second).sum(-1))


def flexing(hand: np.ndarray) -> dict[str, np.ndarray]:
    """Bend of each joint of a right-form hand, name → (T,) [rad], 14 joints.

    Positive towards the palm, negative is hyperextension. A finger's bones are looked
    at in the plane across the palm; the thumb's are not, and its CMC is left out, as in
    the paper.
    """
    local = (hand - hand[:, :1]) @ local_frame(hand)
    found = {}
    for finger in FINGERS:
        bones = np.diff(local[:, CHAIN_INDEX[finger]], axis=1)
        for k, joint in enumerate(CHAINS[finger][1:4]):
            first, second = bones[:, k], bones[:, k + 1]
            if finger == "thumb":
                if joint == "thumb_cmc":
                    continue
                angle = _angle(first, second)
                if joint == "thumb_mcp":
                    angle = angle * -np.sign(np.cross(first, second)[:, 2])
            else:
                flat = np.array([1.0, 0.0, 1.0])
                angle = _angle(first * flat, second * flat)
                angle = angle * np.sign(np.cross(first * flat, second * flat)[:, 1])
            found[joint] = np.where(np.abs(angle) < STRAIGHT, 0.0, angle)
    return found


def spacing(hand: np.ndarray) -> dict[str, np.ndarray]:
    """Angle between neighbouring fingers' first bones, "index, middle" → (T,) [rad]."""
    bones = {
        f: hand[:, CHAIN_INDEX[f][2]] - hand[:, CHAIN_INDEX[f][1]] for f in FINGERS[1:]
    }
    return {
        f"{a}, {b}": _angle(bones[a], bones[b])
        for a, b in zip(FINGERS[1:], FINGERS[2:])
    }


def _distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(T, N, 3), (T, M, 3) → (T, N, M) [m]."""
    squared = (
        (points**2).sum(-1)[:, :, None]
        + (others**2).sum(-1)[:, None]
        - 2 * points @ np.swapaxes(others, 1, 2)
    )
    return np.sqrt(np.maximum(squared, 0.0))


def tip_to_palm(tips: np.ndarray, palm: np.ndarray) -> np.ndarray:
    """Mean distance to the five nearest palm points, (T, 5, 3) → (T, 5) [m]."""
    nearest = np.partition(_distances(tips, palm), TIP_PALM_POINTS - 1, axis=2)
    return nearest[..., :TIP_PALM_POINTS].mean(-1)


def palm_to_palm(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Distance of two palm clouds, (T, 100, 3) each → (T,) [m].

    The mean of the 30 smallest nearest-point distances, taken from either side and
    averaged: the paper's code looks from the left hand only.
    """
    distance = _distances(left, right)
    sides = [
        np.partition(distance.min(axis), PALM_PAIRS - 1, axis=1)[:, :PALM_PAIRS].mean(1)
        for axis in (1, 2)
    ]
    return (sides[0] + sides[1]) / 2


def descriptor_series(motion: BimanualMotion) -> Iterator[Series]:
    """All series of a motion: per present hand, then of the two hands together.

    Raises:
        InputError: A present hand has a degenerate palm.
    """
    joints = np.asarray(motion.joints, float)
    for side, name in enumerate(SIDES):
        if motion.present[side]:
            yield from _hand_series(joints[:, side], side, name)
    if motion.present.all():
        yield from _pair_series(joints)


def _hand_series(hand: np.ndarray, side: int, name: str) -> Iterator[Series]:
    form = right_form(hand, side)
    for joint, values in flexing(form).items():
        yield Series(name, "finger_flexing", joint, values, FLEXING)
    for pair, values in spacing(form).items():
        yield Series(name, "finger_spacing", pair, values, SPACING)
    tips = hand[:, TIP_INDEX]
    for k, finger in enumerate(FINGERS[1:], 1):
        distance = np.linalg.norm(tips[:, k] - tips[:, 0], axis=1)
        yield Series(name, "finger_tip_contact", f"{finger}_tip, thumb_tip", distance)
    for axis, (key, directions) in enumerate(AXES):
        values = hand[:, 0, axis]
        yield Series(
            name, "wrist_trajectory", key, values, WRIST, directions=directions
        )


def _pair_series(joints: np.ndarray) -> Iterator[Series]:
    tips = joints[:, :, TIP_INDEX]
    between = np.linalg.norm(tips[:, 0, :, None] - tips[:, 1, None], axis=-1)
    for a, first in enumerate(FINGERS):
        for b, second in enumerate(FINGERS):
            key = f"left_{first}_tip, right_{second}_tip"
            yield Series("both", "finger_tip_contact", key, between[:, a, b])
    palms = [palm_cloud(joints[:, side]) for side in (0, 1)]
    for side, name in enumerate(SIDES):
        distance = tip_to_palm(tips[:, side], palms[1 - side])
        for k, finger in enumerate(FINGERS):
            key = f"{name}_{finger}_tip, {SIDES[1 - side]}_palm"
            yield Series("both", "finger_palm_distance", key, distance[:, k], TIP_PALM)
    distance = palm_to_palm(*palms)
    yield Series("both", "palm_palm_distance", "left_palm, right_palm", distance, PALMS)
    offset = palms[1].mean(1) - palms[0].mean(1)
    names = ("left-right", "front-back", "up-down")
    for axis, (key, bins) in enumerate(zip(names, POSITIONS)):
        yield Series("both", "palm_palm_relative_position", key, offset[:, axis], bins)
