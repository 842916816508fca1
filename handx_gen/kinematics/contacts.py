"""`ContactTrack`: which named points touch, when, and by what gap.

One object serves captions, metrics, retargeting and simulation. A *point* is
`"<side>.<finger>_tip"` or `"<side>.palm"`; a *pair* is two points joined by `"|"`.

The gap of two fingertips is the distance of their joints minus both pad radii; contact
is a gap of at most 5 mm. With the 8 mm pads used here that is a joint distance of
21 mm, next to the paper's 20 mm rule, which is kept as `rule="paper"` (HandX paper,
supplement A.5: tip–tip 20 mm, tip–palm 25 mm).
"""

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError
from handx_gen.skeleton import CHAINS, FINGERS, JOINT, SIDES, TIP_INDEX

PAD_RADIUS = 0.008
"""Radius of a human fingertip pad about its tip joint [m]."""

PALM_HALF_THICKNESS = 0.012
"""Palm skin to the plane of the palm's joints [m]."""

CONTACT_GAP = 0.005
"""Points whose gap is at most this are in contact [m]."""

INTRA_PAIRS = tuple(
    f"{side}.thumb_tip|{side}.{finger}_tip" for side in SIDES for finger in FINGERS[1:]
)
"""Thumb to fingertip of the same hand (8 pairs)."""

TIP_PAIRS = tuple(f"left.{a}_tip|right.{b}_tip" for a, b in product(FINGERS, FINGERS))
"""Fingertip to fingertip between the hands (25 pairs, left finger major)."""

PALM_TIP_PAIRS = tuple(f"left.palm|right.{f}_tip" for f in FINGERS) + tuple(
    f"left.{f}_tip|right.palm" for f in FINGERS
)
"""Fingertip to the other hand's palm (10 pairs)."""

PALM_PAIR = "left.palm|right.palm"

PAIRS = (*INTRA_PAIRS, *TIP_PAIRS, *PALM_TIP_PAIRS, PALM_PAIR)
"""All 44 pairs, in the order of every full track."""

_SAMPLES = np.array([(i, j) for i in range(5) for j in range(5 - i)]) / 4.0
_WEIGHTS = np.column_stack([1 - _SAMPLES.sum(1), _SAMPLES])  # (15, 3) barycentric
_BASES = [JOINT[CHAINS[finger][1]] for finger in FINGERS]
CLOSEST_PALM_PAIRS = 15
"""Palm–palm distance is the mean over this many closest point pairs."""


@dataclass(frozen=True, eq=False)
class ContactTrack:
    """Contact over time for a list of named pairs.

    Attributes:
        pairs: P pair names, e.g. `"left.thumb_tip|left.index_tip"`.
        mask: (T, P) bool, in contact.
        gap: (T, P) float32 [m], surface to surface; negative is overlap.

    Raises:
        InputError: Shapes disagree, a name is unknown, or a gap is not finite.
    """

    pairs: tuple[str, ...]
    mask: np.ndarray
    gap: np.ndarray

    def __post_init__(self) -> None:
        mask, gap = np.asarray(self.mask), np.asarray(self.gap)
        if (
            mask.shape != gap.shape
            or mask.ndim != 2
            or mask.shape[1] != len(self.pairs)
        ):
            raise InputError(
                "contact track", "mask",
                f"shapes {mask.shape} and {gap.shape} for {len(self.pairs)} pairs",
            )  # fmt: skip
        unknown = sorted(set(self.pairs) - set(PAIRS))
        if unknown:
            raise InputError("contact track", "pairs", f"unknown pairs {unknown}")
        if not np.isfinite(gap).all():
            raise InputError("contact track", "gap", "NaN or infinity")
        object.__setattr__(self, "pairs", tuple(self.pairs))
        object.__setattr__(self, "mask", npz.frozen(mask, bool))
        object.__setattr__(self, "gap", npz.frozen(gap, np.float32))

    def __len__(self) -> int:
        return len(self.mask)

    def select(self, pairs: tuple[str, ...]) -> "ContactTrack":
        """The track of `pairs` only, in that order."""
        columns = [self.pairs.index(pair) for pair in pairs]
        return ContactTrack(pairs, self.mask[:, columns], self.gap[:, columns])

    def active(self) -> "ContactTrack":
        """The track of the pairs that touch at least once."""
        return self.select(
            tuple(p for p, on in zip(self.pairs, self.mask.any(0)) if on)
        )

    def at(self, time: np.ndarray, query: np.ndarray) -> "ContactTrack":
        """The track read at other times: nearest sample for the mask, linear gap.

        Args:
            time: (T,) this track's times [s], increasing.
            query: (Q,) wanted times [s].
        """
        nearest = np.abs(query[:, None] - time[None]).argmin(1)
        gap = np.stack([np.interp(query, time, g) for g in self.gap.T], 1) if len(
            self.pairs
        ) else np.zeros((len(query), 0))  # fmt: skip
        return ContactTrack(self.pairs, self.mask[nearest], gap)

    def spans(self, pair: str) -> list[tuple[int, int]]:
        """Contact spans of one pair as half-open frame ranges [start, stop)."""
        return runs(self.mask[:, self.pairs.index(pair)])


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Half-open ranges [start, stop) over which the (T,) bool `mask` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def split_pair(pair: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """`"left.thumb_tip|left.index_tip"` → (("left", "thumb_tip"), ("left", "index_tip"))."""
    first, second = (tuple(point.split(".")) for point in pair.split("|"))
    return (first[0], first[1]), (second[0], second[1])


def palm_points(hand: np.ndarray) -> np.ndarray:
    """Points on the plane of the palm, (..., 21, 3) → (..., 60, 3) [m].

    Four triangles wrist–base–base (paper, supplement A.4), each sampled at the same 15
    barycentric points, so that the cloud is deterministic.
    """
    wrist = hand[..., 0, :]
    clouds = []
    for a, b in zip(_BASES[:-1], _BASES[1:], strict=True):
        corners = np.stack([wrist, hand[..., a, :], hand[..., b, :]], -2)
        clouds.append(_WEIGHTS.astype(hand.dtype) @ corners)
    return np.concatenate(clouds, -2)


def tip_palm_distance(tips: np.ndarray, palm: np.ndarray) -> np.ndarray:
    """Tips (..., K, 3) to the nearest point of a palm (..., N, 3), (..., K) [m]."""
    return np.linalg.norm(palm[..., :, None, :] - tips[..., None, :, :], axis=-1).min(
        -2
    )


def palm_distance(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Between two palms (..., N, 3): mean over the closest pairs, (...) [m]."""
    between = np.linalg.norm(left[..., :, None, :] - right[..., None, :, :], axis=-1)
    return np.sort(between.min(-1), axis=-1)[..., :CLOSEST_PALM_PAIRS].mean(-1)


def pair_distances(joints: np.ndarray) -> np.ndarray:
    """Distance of every pair of `PAIRS` before radii, (T, 2, 21, 3) → (T, 44) [m]."""
    tips = joints[:, :, TIP_INDEX]  # (T, 2, 5, 3)
    intra = np.linalg.norm(tips[:, :, 1:] - tips[:, :, :1], axis=-1).reshape(-1, 8)
    inter = np.linalg.norm(tips[:, 0, :, None] - tips[:, 1, None], axis=-1)
    palms = palm_points(joints)  # (T, 2, 60, 3)
    right_on_left = tip_palm_distance(tips[:, 1], palms[:, 0])
    left_on_right = tip_palm_distance(tips[:, 0], palms[:, 1])
    nearest = palm_distance(palms[:, 0], palms[:, 1])
    return np.concatenate(
        [
            intra,
            inter.reshape(-1, 25),
            right_on_left,
            left_on_right,
            nearest[:, None],
        ],
        1,
    )


def _allowances(rule: Literal["pads", "paper"]) -> np.ndarray:
    """What each pair's distance is reduced by to get its gap, (44,) [m]."""
    if rule == "paper":
        tip, palm_tip, palm = 0.020, 0.025, 0.040
    else:
        tip = 2 * PAD_RADIUS
        palm_tip = PAD_RADIUS + PALM_HALF_THICKNESS
        palm = 2 * PALM_HALF_THICKNESS
    return np.array([tip] * 33 + [palm_tip] * 10 + [palm])


def contact_track(
    joints: np.ndarray,
    present: np.ndarray | None = None,
    rule: Literal["pads", "paper"] = "pads",
) -> ContactTrack:
    """Contacts of a motion between all pairs whose hands are present.

    Args:
        joints: (T, 2, 21, 3) [m].
        present: (2,) bool; pairs of an absent hand are left out.
        rule: "pads": contact is a gap ≤ 5 mm beyond the pads; "paper": a joint
            distance ≤ 20 mm (tips), 25 mm (tip–palm), 40 mm (palms), gap 0.
    """
    here = np.ones(2, bool) if present is None else np.asarray(present, bool)
    gap = pair_distances(np.asarray(joints)) - _allowances(rule)
    keep = [
        i
        for i, pair in enumerate(PAIRS)
        if all(here[SIDES.index(side)] for side, _ in split_pair(pair))
    ]
    threshold = CONTACT_GAP if rule == "pads" else 0.0
    return ContactTrack(
        tuple(PAIRS[i] for i in keep), gap[:, keep] <= threshold, gap[:, keep]
    )
