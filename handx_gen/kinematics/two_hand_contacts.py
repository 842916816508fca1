"""Contacts of two hands that surfaces tell: fists, grips, crossed fingers, tips at once.

Read from the gaps between capsules (`two_hand_scene`). Thresholds are stated here once.
"""

from collections.abc import Callable, Iterator

import numpy as np

from handx_gen.kinematics.contacts import ContactTrack
from handx_gen.kinematics.event import Event, joined
from handx_gen.kinematics.two_hand_scene import Scene
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, SIDES

TOUCHING = 0.005
"""Surfaces whose gap is at most this are in contact [m]."""
LEAST, JOIN = 0.08, 0.07
"""Shorter contacts are brushes [s]; contacts parted by less are one [s]."""
FIST = 100.0
"""Every finger of a fist is bent more [deg]."""
OPEN_PALM = 100.0
"""The mean finger of a hand that a fist is driven into is bent less [deg]."""
APART_IN_TIME = 0.1
"""Fingertips that meet in turn begin at least this long after one another [s]."""

_PROXIMAL = [3, 6, 9, 12]
_BONES = {f: [3 * k, 3 * k + 1, 3 * k + 2] for k, f in enumerate(FINGERS)}
_FOUR = list(range(3, 15))
_TIP = {f: chain[4] for f, chain in CHAIN_INDEX.items()}
_KNUCKLE = {f: chain[1] for f, chain in CHAIN_INDEX.items()}


def read_contacts(
    scene: Scene, track: ContactTrack, single: tuple[Event, ...], fps: float
) -> Iterator[Event]:
    """Contact events of two hands; arguments as for `two_hand_events.read_two_hands`."""
    yield from _fists(scene, fps)
    for hand in (0, 1):
        yield from _crossed_fingers(scene, hand, scene.apart < 0.36, fps)
    yield from _tips(track, single, fps)


def _tips(
    track: ContactTrack, single: tuple[Event, ...], fps: float
) -> Iterator[Event]:
    """All five fingertips on their partners: at once, or in turn."""
    pairs = [f"left.{f}_tip|right.{f}_tip" for f in FINGERS]
    columns = [track.pairs.index(pair) for pair in pairs]
    yield from held(track.mask[:, columns].all(1), "steeple", "both", fps)
    touches = [e for e in single if e.kind == "touch" and e.fingers == e.other_fingers]
    for way in (FINGERS, FINGERS[::-1]):
        after = -np.inf
        chain: list[Event] = []
        for finger in way:
            later = [
                e for e in touches
                if e.fingers == (finger,) and e.start >= after + APART_IN_TIME * fps
            ]  # fmt: skip
            if not later:
                break
            chain.append(min(later, key=lambda e: e.start))
            after = chain[-1].start
        if len(chain) == len(FINGERS):
            yield Event("in_turn", "both", start=chain[0].start, stop=chain[-1].stop)


def held(
    mask: np.ndarray, kind: str, hand: str, fps: float, least: float = LEAST,
    fingers: tuple[str, ...] = (),
) -> Iterator[Event]:  # fmt: skip
    """One event per span of `mask` that lasts."""
    for a, b in joined(mask, round(JOIN * fps)):
        if b - a >= least * fps:
            yield Event(kind, hand, fingers, start=a, stop=b - 1)


def _where(possible: np.ndarray, gap: Callable[[], np.ndarray]) -> np.ndarray:
    """Contact where it is possible; the gap is measured only if it is anywhere."""
    return possible & (gap() <= TOUCHING) if possible.any() else possible


def _fists(scene: Scene, fps: float) -> Iterator[Event]:
    """Contacts of fists with fists, palms and gripping hands."""
    near = scene.apart < 0.26
    if not near.any():
        return
    fist = scene.least_curl >= FIST
    opposed = (scene.pointing[:, 0] * scene.pointing[:, 1]).sum(-1) < -0.3
    both = near & fist.all(1)
    bump = _where(both & opposed, lambda: scene.between(0, _PROXIMAL, _PROXIMAL))
    yield from held(bump, "knuckles", "both", fps)
    for hand in (0, 1):
        name, other = SIDES[hand], 1 - hand
        above = scene.centre[:, hand] - scene.centre[:, other]
        on_top = both & (above[:, 2] > 0.035)
        own = _BONES["pinky"] + [18]
        under = _BONES["index"] + _BONES["thumb"] + [15]
        stacked = _where(on_top, lambda: scene.between(hand, own, under))  # noqa: B023
        yield from held(stacked, "stack", name, fps)
        into = (scene.pointing[:, hand] * scene.normal[:, other]).sum(-1) > 0.5
        into = near & fist[:, hand] & into
        punch = _where(into, lambda: scene.knuckle_to_palm(hand))  # noqa: B023
        for event in held(punch, "punch", name, fps):
            # A palm that closes on the fist clasps it.
            curl = scene.mean_curl[event.start : event.stop + 1, other]
            if curl.max() < OPEN_PALM:
                yield event
        yield from _grips(scene, hand, near & fist[:, other], near, fps)


def _grips(
    scene: Scene, hand: int, around_fist: np.ndarray, near: np.ndarray, fps: float
) -> Iterator[Event]:
    """The fingers of `hand` around the other fist, finger or wrist."""
    name, other = SIDES[hand], 1 - hand
    curl = scene.mean_curl[:, hand]
    around_fist = around_fist & (curl > 40) & (curl < 190)
    if around_fist.any():
        palm = scene.knuckle_to_palm(other) <= 0.012
        gap = _rows(scene, hand)[:, _FOUR].min(2).reshape(-1, 4, 3).min(2)
        closed = ((gap <= TOUCHING).sum(1) >= 2) & palm
        yield from held(around_fist & closed, "clasp", name, fps)
    grip = near & (curl > 100)
    for k, finger in enumerate(FINGERS):
        inside_grip = grip & (scene.curl[:, other, k] < (75 if k else 50))
        if inside_grip.any():
            gap = _rows(scene, hand)[:, _FOUR][..., _BONES[finger]].min(2)
            count = (gap.reshape(-1, 4, 3).min(2) <= TOUCHING + 0.001).sum(1)
            middle = scene.joints[:, other, CHAIN_INDEX[finger][3]][:, None]
            inside = (
                (middle - scene.centre[:, hand][:, None]) @ scene.frames[:, hand]
            )[:, 0]
            around = (inside[:, 2] < -0.012) & (np.abs(inside[:, 0]) < 0.05)
            yield from held(
                inside_grip & around & (count >= 2),
                "grasp",
                name,
                fps,
                fingers=(finger,),
            )
    offset = scene.wrist[:, other] - scene.centre[:, hand]
    inside = (offset[:, None] @ scene.frames[:, hand])[:, 0]
    tips = scene.joints[:, hand][:, [_TIP["thumb"], _TIP["middle"]]]
    reach = np.linalg.norm(tips - scene.wrist[:, other][:, None], axis=-1).max(1)
    wrist = (inside[:, 2] < -0.015) & (np.linalg.norm(offset, axis=-1) < 0.065)
    wrist &= (curl > 60) & (reach < 0.09)
    yield from held(wrist & near, "grasp_wrist", name, fps)


def _rows(scene: Scene, hand: int) -> np.ndarray:
    """Gaps with the capsules of `hand` first, (T, 19, 19) [m]."""
    return scene.gap if hand == 0 else np.swapaxes(scene.gap, 1, 2)


def _crossed_fingers(
    scene: Scene, hand: int, near: np.ndarray, fps: float
) -> Iterator[Event]:
    for k, finger in enumerate(FINGERS[1:3], start=1):
        straight = near & (scene.curl[:, :, k] < 75).all(1)
        if not straight.any():
            continue
        tip = _TIP[finger]
        way = scene.joints[:, :, tip] - scene.joints[:, :, _KNUCKLE[finger]]
        way = way / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-9)
        angle = np.degrees(np.arccos(np.clip((way[:, 0] * way[:, 1]).sum(-1), -1, 1)))
        tips = scene.joints[:, 1, tip] - scene.joints[:, 0, tip]
        crossing = (angle > 35) & (angle < 145) & (np.linalg.norm(tips, axis=-1) > 0.02)
        middle = scene.joints[:, :, [_KNUCKLE[finger], tip]].mean(2)
        upper = middle[:, hand, 2] > middle[:, 1 - hand, 2] + 0.006
        bones = _BONES[finger]
        mask = _where(
            straight & crossing & upper,
            lambda: scene.between(hand, bones, bones),  # noqa: B023
        )
        yield from held(mask, "cross_fingers", SIDES[hand], fps, fingers=(finger,))
