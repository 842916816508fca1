"""Contacts at their time: a motion beside the teacher's own clip of the same request.

A sentence seldom says when two points touch, but it says in what order and how often,
and in two seconds that leaves little room: the clip that the sentence was written for
shows when. A contact counts as made at its time if the same points touch within
`ONSET` of the clip's contact, or while at least `OVERLAP` of both together is shared.
"""

from collections.abc import Sequence

import numpy as np

from handx_gen.kinematics.event import Event
from handx_gen.kinematics.events import read_events
from handx_gen.motion import BimanualMotion
from training.evaluation.protocol import Item
from training.evaluation.score import Estimate

CONTACTS = ("pinch", "touch", "palm_touch", "back_touch", "palms")
"""Kinds of events in which two named points touch."""
ONSET = 5 / 30
"""Contacts that begin within this time of each other are the same [s]."""
OVERLAP = 0.3
"""… and so are those that share this part of their common span."""

Key = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def _key(event: Event) -> Key:
    return (event.kind, event.hand, event.fingers, event.other_fingers)


def _spans(motion: BimanualMotion) -> dict[Key, list[tuple[int, int]]]:
    """First and last frame of every contact, by what touches."""
    found: dict[Key, list[tuple[int, int]]] = {}
    for event in read_events(motion):
        if event.kind in CONTACTS:
            found.setdefault(_key(event), []).append((event.start, event.stop))
    return found


def _same_time(one: tuple[int, int], two: tuple[int, int], fps: float) -> bool:
    if abs(one[0] - two[0]) <= ONSET * fps:
        return True
    shared = min(one[1], two[1]) - max(one[0], two[0]) + 1
    return shared >= OVERLAP * (max(one[1], two[1]) - min(one[0], two[0]) + 1)


def _in_order(
    wanted: Sequence[tuple[int, int]], made: Sequence[tuple[int, int]], fps: float
) -> int:
    """How many wanted contacts were made at their time, each contact used once."""
    left, hits = list(made), 0
    for span in wanted:
        at = next((m for m in left if _same_time(span, m, fps)), None)
        if at is not None:
            left.remove(at)
            hits += 1
    return hits


def contact_f1(joints: np.ndarray, item: Item) -> tuple[float, float] | None:
    """F1 of the contacts that an item asks for: at their time, and at any time.

    Contacts that nobody asks for and that the teacher's clip has as well (neighbours of
    pressed palms) count neither way; those that it has not are wrong ones.

    Args:
        joints: (T, 2, 21, 3) [m] at 30 Hz.
        item: With its reference clip.

    Returns:
        None if the item asks for no contact.
    """
    if item.reference is None:
        return None
    asked = {
        (e.kind, e.hand, e.fingers, e.other_fingers)
        for e in item.requested.events
        if e.kind in CONTACTS
    }
    clip = BimanualMotion(joints)
    reference, found = _spans(BimanualMotion(item.reference)), _spans(clip)
    wanted = {key: spans for key, spans in reference.items() if key in asked}
    if not wanted:
        return None
    timely = anyhow = made = 0
    for key, spans in found.items():
        if key in asked or key not in reference:
            made += len(spans)
        if key in wanted:
            timely += _in_order(wanted[key], spans, clip.fps)
            anyhow += min(len(wanted[key]), len(spans))
    total = made + sum(map(len, wanted.values()))
    return 2 * timely / total, 2 * anyhow / total


def contact_scores(
    motions: Sequence[np.ndarray | None], items: Sequence[Item]
) -> dict[str, Estimate]:
    """Contact F1 over the items that ask for contacts; a refusal scores zero.

    Returns:
        "at its time" and "at any time".
    """
    rows = []
    for motion, item in zip(motions, items, strict=True):
        if motion is not None:
            found = contact_f1(motion, item)
        elif item.reference is not None and contact_f1(item.reference, item):
            found = (0.0, 0.0)
        else:
            found = None
        if found is not None:
            rows.append(found)
    timely, anyhow = zip(*rows) if rows else ((), ())
    return {"at its time": Estimate.of(timely), "at any time": Estimate.of(anyhow)}
