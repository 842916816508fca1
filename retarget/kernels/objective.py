"""`CompiledObjective`: an `Objective`'s data as arrays, ready for the kernels."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from handx_gen.kinematics.contacts import CLOSEST_PALM_PAIRS, split_pair
from retarget import contacts
from retarget.capsules import CapsuleSet, capsule_set
from retarget.configuration import HandModel, Points
from retarget.costs import collision, contact, fingers
from retarget.costs.quadratic import Quadratic
from retarget.kernels.frames import Costs, Frames, Hands, evaluate
from retarget.kernels.tree import tree_of
from retarget.objective import Deviations, Objective


class CompiledObjective:
    """Evaluates what `Objective.evaluate` does, compiled.

    Args:
        objective: The costs; its problems and goals may not change afterwards.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        problems = list(objective.hands.values())
        self._hands = _hands(
            tuple((p.model, p.points) for p in problems),
            tuple(c.start for c in objective.columns.values()),
            objective.deviations,
        )
        pairs = objective.goals.pairs if objective.coupled else ()
        self._frames = Frames(
            np.stack([p.nominal.rotation for p in problems], 1),
            np.stack([p.nominal.wrist for p in problems], 1),
            np.concatenate([p.world_target for p in problems], 1),
            np.ascontiguousarray(objective.goals.gap),
            np.ascontiguousarray(objective.goals.weight),
        )
        self._contacts = contact_rows(objective.hands, pairs)
        self._costs = costs_of(objective.deviations)

    def evaluate(self, z: np.ndarray) -> Quadratic:
        """Cost, gradient and Gauss–Newton Hessian of every frame at z (T, N)."""
        own = self._objective
        total = Quadratic(
            np.empty((len(z), own.size, own.size)), np.empty(z.shape), np.empty(len(z))
        )
        evaluate(
            self._hands, self._frames, self._contacts, self._costs,
            np.ascontiguousarray(z), own.rest, own.posture_cost, own.coupled,
            (total.hessian, total.gradient, total.cost),
        )  # fmt: skip
        return total


def costs_of(deviations) -> Costs:
    """The scalars of `Deviations` and of the cost files."""
    return Costs(
        fingers.KNEE, deviations.contact**-2, contact.KNEE, contact.SOFTNESS,
        deviations.collision**-2, collision.KNEE, contacts.EDGE, CLOSEST_PALM_PAIRS,
    )  # fmt: skip


def contact_rows(hands, pairs: Sequence[str]) -> np.ndarray:
    """(G, 2) points of each pair: a finger over all hands, or −1 − h for a palm."""
    sides = list(hands)
    fingers_of = {side: list(hands[side].model.spec.fingers) for side in sides}
    before = np.cumsum([0] + [len(fingers_of[side]) for side in sides])

    def number(side: str, name: str) -> int:
        h = sides.index(side)
        if name == "palm":
            return -1 - h
        return int(before[h]) + fingers_of[side].index(name.removesuffix("_tip"))

    rows = [[number(*point) for point in split_pair(pair)] for pair in pairs]
    return np.array(rows, np.int64).reshape(-1, 2)


@lru_cache(maxsize=32)
def _hands(
    hands: tuple[tuple[HandModel, Points], ...], starts: tuple[int, ...], d: Deviations
) -> Hands:
    """What does not change between frames, nor between clips."""
    models = [model for model, _ in hands]
    specs = [model.spec for model in models]
    before = np.cumsum([0] + [len(model.parent) for model in models])
    sets = [capsule_set(spec) for spec in specs]
    palms = [contacts.palm_points(spec) for spec in specs]
    pairs, clearance = _capsule_pairs(sets)

    def joined(parts: Sequence[Points]) -> tuple[np.ndarray, np.ndarray]:
        body = np.concatenate([p.body + n for p, n in zip(parts, before)])
        return body, np.concatenate([p.offset for p in parts])

    ends = [joined([s.start for s in sets]), joined([s.end for s in sets])]
    half = [len(points.body) // 2 for _, points in hands]
    return Hands(
        tree_of(models, starts),
        np.array([n + len(m.free) for n, m in zip(starts, models)]),
        np.stack([np.stack([m.T_base_hand[:3, 3], m.T_base_hand[:3, 2]]) for m in models]),
        *joined([points for _, points in hands]),
        np.concatenate([np.repeat([d.tip**-2, d.middle**-2], n) for n in half]),
        *joined([contacts.tip_points(spec) for spec in specs]),
        np.array([f.pad_radius for spec in specs for f in spec.fingers.values()]),
        np.cumsum([0] + [len(palm.body) for palm in palms]),
        *joined(palms),
        np.stack([body for body, _ in ends]), np.stack([at for _, at in ends]),
        np.concatenate([np.stack([s.radius, s.reach]) for s in sets], 1),
        *(
            np.concatenate([getattr(s, part) for s in sets])
            for part in ("axes", "half", "boxed")
        ),
        pairs, clearance,
    )  # fmt: skip


def _capsule_pairs(sets: Sequence[CapsuleSet]) -> tuple[np.ndarray, np.ndarray]:
    """(Q, 2) capsules that may collide, over all hands, and what they keep [m]."""
    tables, start = [], 0
    for s in sets:
        a, b = np.nonzero(s.colliding)
        keep = np.where(s.touching[a] & s.touching[b], 0.0, collision.CLEARANCE)
        tables.append((a + start, b + start, np.minimum(keep, s.room[a, b] / 2)))
        start += len(s.radius)
    if len(sets) == 2:
        a, b = (x.ravel() for x in np.indices([len(s.radius) for s in sets]))
        meant = sets[0].touching[a] & sets[1].touching[b]
        keep = np.where(meant, 0.0, collision.CLEARANCE)
        tables.append((a, b + len(sets[0].radius), keep))
    first, second, keep = (np.concatenate(x) for x in zip(*tables))
    return np.stack([first, second], 1), keep
