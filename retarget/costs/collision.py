"""Collisions: capsules of the hands push each other apart where they overlap."""

from collections.abc import Mapping

import numpy as np

from retarget.capsules import Overlaps, capsule_set, find_overlaps
from retarget.costs.gaps import GapRows
from retarget.hand_state import HandState

KNEE = 0.010
"""Overlaps beyond this [m] push with constant force."""


def state_overlaps(hands: Mapping[str, HandState], margin: float) -> list[Overlaps]:
    """Capsules of the hands closer than `margin` [m]."""
    ends = {}
    for side, hand in hands.items():
        capsules = capsule_set(hand.model.spec)
        start, end = (
            hand.to_world(hand.pose.locate(points))
            for points in (capsules.start, capsules.end)
        )
        ends[side] = (hand.model.spec, (start, end))
    return find_overlaps(ends, margin)


def collision_rows(hands: Mapping[str, HandState], cost: float) -> list[GapRows]:
    """Rows that push overlapping capsules apart; `cost` [1/m²].

    Pads in contact are capsules, too: only overlap is penalised, not closeness.
    """
    rows = []
    for met in state_overlaps(hands, 0.0):
        body_a = capsule_set(hands[met.side_a].model.spec).start.body
        body_b = capsule_set(hands[met.side_b].model.spec).start.body
        rows.append(
            GapRows(
                met.side_a, met.side_b, met.frame, body_a[met.first],
                body_b[met.second], met.a, met.b, met.normal, met.distance,
                np.full(len(met.frame), cost), KNEE,
            )
        )  # fmt: skip
    return rows
