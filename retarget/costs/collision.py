"""Collisions: capsules and boxes push each other apart where they overlap."""

from collections.abc import Mapping

import numpy as np

from retarget.capsules import Overlaps, capsule_set, find_overlaps
from retarget.costs.gaps import GapRows
from retarget.hand_state import HandState

KNEE = 0.010
"""Overlaps beyond this [m] push with constant force."""
CLEARANCE = 0.001
"""Links that are not meant to touch keep this distance [m], or half of what they have at
rest: a servo follows a command to about a millimetre."""


def state_overlaps(
    hands: Mapping[str, HandState], margin: float, within: bool = True
) -> list[Overlaps]:
    """Shapes closer than `margin` [m], of the two hands and, if wanted, within each."""
    placed = {}
    for side, hand in hands.items():
        shapes = capsule_set(hand.model.spec)
        where = shapes.placed(hand.pose, hand.rotation, hand.position)
        placed[side] = (hand.model.spec, where)
    return find_overlaps(placed, margin, within)


def collision_rows(hands: Mapping[str, HandState], cost: float) -> list[GapRows]:
    """Rows that push capsules apart that are too close; `cost` [1/m²].

    Fingertips and palms may touch: of those only overlap is penalised.
    """
    rows = []
    for met in state_overlaps(hands, CLEARANCE):
        set_a = capsule_set(hands[met.side_a].model.spec)
        set_b = capsule_set(hands[met.side_b].model.spec)
        meant = set_a.touching[met.first] & set_b.touching[met.second]
        clearance = np.where(meant, 0.0, CLEARANCE)
        if met.side_a == met.side_b:
            clearance = np.minimum(clearance, set_a.room[met.first, met.second] / 2)
        close = met.distance < clearance
        rows.append(
            GapRows(
                met.side_a,
                met.side_b,
                met.frame[close],
                set_a.start.body[met.first[close]],
                set_b.start.body[met.second[close]],
                met.a[close],
                met.b[close],
                met.normal[close],
                (met.distance - clearance)[close],
                np.full(int(close.sum()), cost),
                KNEE,
            )
        )
    return rows
