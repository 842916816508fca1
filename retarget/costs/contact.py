"""Contacts: pairs that touch on the human hands should touch on the robot's.

The cost of a pair fades in smoothly as the human points come near each other, so that
nothing jumps; the wanted gap is the human one, brought to zero where the human pair is
in contact (the robot's pads have their own radius, so surfaces meet, not joint centres).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import CONTACT_GAP, ContactTrack, split_pair
from retarget.configuration import Points
from retarget.contacts import ContactPoints, approach
from retarget.costs.gaps import GapRows

NEAR, FAR = CONTACT_GAP, 0.020
"""Human gaps [m] at which a pair counts fully and not at all."""
TOUCH = 0.0003
"""Gap asked of the robot where the human is in contact [m]: surfaces just meet."""
KNEE = 0.0015
"""Gaps beyond this [m] pull with constant force: no harder than an overlap of half a
millimetre pushes, so that no contact is worth driving one link into another."""
OUT_OF_REACH = 0.02
"""Weight of a pair that this robot cannot close."""
SOFTNESS = 0.002
"""Palms meet at their closest point; those within this of it [m] share the push."""


@dataclass(frozen=True, eq=False)
class ContactGoals:
    """What is wanted of each pair.

    Attributes:
        pairs: P pair names.
        gap: (T, P) wanted surface gap [m].
        weight: (T, P) from 0 (ignored) to 1 (in contact).
    """

    pairs: tuple[str, ...]
    gap: np.ndarray
    weight: np.ndarray


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, with zero slope at both."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def contact_goals(
    track: ContactTrack,
    pairs: tuple[str, ...],
    scale: float,
    floors: Mapping[str, float],
) -> ContactGoals:
    """Goals of each pair over time.

    Args:
        track: The human contacts.
        pairs: Pairs whose points the robot has.
        scale: Robot size per human size.
        floors: pair → smallest gap the robot can reach [m], where known. A pair that
            cannot touch is asked for its floor, weakly: pulling harder would only bend
            the rest of the hand.
    """
    gap = track.select(pairs).gap.astype(float)
    ever = (gap < FAR).any(0)
    pairs, gap = tuple(p for p, on in zip(pairs, ever) if on), gap[:, ever]
    weight = smoothstep((FAR - gap) / (FAR - NEAR)) ** 2
    apart = smoothstep((gap - NEAR) / NEAR)
    wanted = TOUCH + apart * scale * np.maximum(gap, 0.0)
    floor = np.array([floors.get(pair, 0.0) for pair in pairs])
    weight[:, floor > CONTACT_GAP] *= OUT_OF_REACH
    return ContactGoals(pairs, np.maximum(wanted, floor), weight)


def contact_rows(
    goals: ContactGoals,
    points: Mapping[str, ContactPoints],
    bodies: Mapping[str, Mapping[str, int]],
    cost: float,
) -> list[GapRows]:
    """Rows of all pairs in all frames where they count.

    Args:
        goals: What is wanted.
        points: side → contact points in world at the present variables.
        bodies: side → finger or "palm" → body index.
        cost: Of a full contact [1/m²].
    """
    rows = []
    for k, pair in enumerate(goals.pairs):
        frames = np.flatnonzero(goals.weight[:, k] > 1e-3)
        (side_a, name_a), (side_b, name_b) = split_pair(pair)
        met = approach(points, pair, frames)
        count = met.gap.shape[1]
        least = met.gap.min(1, keepdims=True)
        share = np.exp((least - met.gap) / SOFTNESS)
        share /= share.sum(1, keepdims=True)

        def body(side: str, name: str, size: int = met.gap.size) -> np.ndarray:
            return np.full(size, bodies[side][name.removesuffix("_tip")])

        rows.append(
            GapRows(
                side_a,
                side_b,
                np.repeat(frames, count),
                body(side_a, name_a),
                body(side_b, name_b),
                met.a.reshape(-1, 3),
                met.b.reshape(-1, 3),
                met.normal.reshape(-1, 3),
                np.repeat(least[:, 0] - goals.gap[frames, k], count),
                (cost * goals.weight[frames, k, None] * share).ravel(),
                KNEE,
            )
        )
    return rows


def palm_and_tip_bodies(
    tips: Points, palm: Points, fingers: tuple[str, ...]
) -> dict[str, int]:
    """Finger name or "palm" → body index of its contact point."""
    return dict(zip(fingers, map(int, tips.body))) | {"palm": int(palm.body[0])}
