"""Events read back from a motion: which kind, which fingers, when.

One reader serves the text verdict, the synthetic teacher (clips whose own events
disagree with their caption are thrown away) and evaluation. Thresholds are stated here
once.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from handx_gen.kinematics.contacts import (
    PALM_PAIR,
    ContactTrack,
    contact_track,
    runs,
    split_pair,
)
from handx_gen.kinematics.descriptors import HandSignals, hand_signals, legs
from handx_gen.kinematics.event import Event, joined
from handx_gen.kinematics.two_hand_events import palms_facing, read_two_hands
from handx_gen.kinematics.two_hand_scene import Scene
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, SIDES

BENT, EXTENDED = 105.0, 75.0
"""Curl [deg] from which a finger counts as bent, and up to which as extended."""
THUMB_EXTENDED = 40.0
"""The same for an extended thumb, whose curl has two joints."""
BEND_LEG, THUMB_BEND_LEG = 55.0, 35.0
"""Smallest change of curl that is a bend or an extension [deg]."""
SPREAD_LEG = 7.0
"""Smallest change of the mean finger spacing that is a spread [deg]."""
TURN_LEG = 22.0
"""Smallest rotation that is a turn [deg]."""
MOVE_LEG = 0.045
"""Smallest travel that is a move [m]."""
APPROACH_LEG = 0.05
"""Smallest change of the wrists' distance that is an approach or parting [m]."""
STILL_TRAVEL, STILL_TURN, STILL_CURL = 0.02, 15.0, 30.0
"""A still hand stays within these [m], [deg], [deg]."""
SHAPE_FRAMES = 0.1
"""A shape must be held this long [s]."""
CONTACT_JOIN = 0.07
"""Contacts parted by less than this are one [s]."""
CONTACT_LEAST = 0.08
"""Shorter contacts are brushes on the way, not touches [s]."""
SLIDE = 0.025
"""Smallest tangential travel of palms in contact that is a slide [m]."""
CIRCLE_TURN, CIRCLE_RADIUS = 290.0, 0.015
"""A circle turns the path by this much [deg] at this radius [m]."""


@lru_cache(maxsize=4)
def read_events(motion: BimanualMotion) -> tuple[Event, ...]:
    """All events of a motion except shapes, in order of their start.

    A shape is looked up for the fingers asked for: `shape_events`. The last motions are
    remembered: a clip is checked, described and captioned from one reading.
    """
    present = [s for s in (0, 1) if motion.present[s]]
    signals = {s: hand_signals(motion.joints[:, s], s) for s in present}
    track = contact_track(motion.joints, motion.present)
    events: list[Event] = []
    for side, signal in signals.items():
        events += _hand_events(SIDES[side], signal, motion.fps)
    scene = None
    if len(present) == 2:
        curl = np.stack([signals[s].curl for s in (0, 1)], 1)
        scene = Scene(np.asarray(motion.joints, float), curl)
    events += _contact_events(track, scene, motion.fps)
    if scene is not None:
        events += _two_hand_events(motion, signals, track, palms_facing(scene))
        events += read_two_hands(scene, track, tuple(events), motion.fps)
    return tuple(sorted(events, key=lambda event: event.start))


def _hand_events(hand: str, signal: HandSignals, fps: float) -> Iterator[Event]:
    """Events of one hand on its own."""
    for k, finger in enumerate(FINGERS):
        leg = THUMB_BEND_LEG if k == 0 else BEND_LEG
        for a, b, start, stop in legs(signal.curl[:, k], leg):
            kind = "bend" if stop > start else "extend"
            yield Event(kind, hand, (finger,), start=a, stop=b)
    for a, b, start, stop in legs(signal.spacing.mean(1), SPREAD_LEG):
        yield Event("spread" if stop > start else "close", hand, start=a, stop=b)
    names = (("flex", "extend"), ("inward", "outward"), ("palm_up", "palm_down"))
    for axis, (up, down) in enumerate(names):
        for a, b, start, stop in legs(signal.turn[:, axis], TURN_LEG):
            direction = up if stop > start else down
            yield Event("turn", hand, direction=direction, start=a, stop=b)
    names = (("right", "left"), ("forward", "back"), ("up", "down"))
    for axis, (up, down) in enumerate(names):
        for a, b, start, stop in legs(signal.wrist[:, axis], MOVE_LEG):
            direction = up if stop > start else down
            yield Event("move", hand, direction=direction, start=a, stop=b)
    yield from _circles(hand, signal.wrist)
    travel = np.ptp(signal.wrist, axis=0).max()
    turn, curl = np.ptp(signal.turn, axis=0).max(), np.ptp(signal.curl, axis=0).max()
    if travel < STILL_TRAVEL and turn < STILL_TURN and curl < STILL_CURL:
        yield Event("still", hand, start=0, stop=len(signal.wrist) - 1)


def _circles(hand: str, wrist: np.ndarray) -> Iterator[Event]:
    """Circles drawn by a wrist: turning of its path in the plane where it moves most."""
    centred = wrist - wrist.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    path = centred @ axes[:2].T
    velocity = np.diff(path, axis=0)
    speed = np.linalg.norm(velocity, axis=1)
    moving = speed > 0.2 * max(float(speed.max(initial=0.0)), 1e-4)
    for a, b in runs(moving):
        heading = np.unwrap(np.arctan2(velocity[a:b, 1], velocity[a:b, 0]))
        if b - a < 4:
            continue
        extent = np.ptp(path[a : b + 1], axis=0).min() / 2
        turned = abs(np.degrees(heading[-1] - heading[0]))
        if turned >= CIRCLE_TURN and extent >= CIRCLE_RADIUS:
            for i in range(max(1, round(turned / 360))):
                size = (b - a) / max(1, round(turned / 360))
                yield Event(
                    "circle",
                    hand,
                    start=int(a + i * size),
                    stop=int(a + (i + 1) * size),
                )


def _contact_events(
    track: ContactTrack, scene: Scene | None, fps: float
) -> Iterator[Event]:
    """Pinches, touches and palm contacts from the contact track.

    The contact of palms counts where they face each other; a fingertip behind the plane
    of the other palm touches the back of that hand.
    """
    join = round(CONTACT_JOIN * fps)
    for column in range(len(track.pairs)):
        pair = track.pairs[column]
        (side_a, point_a), (side_b, point_b) = split_pair(pair)
        a, b = point_a.removesuffix("_tip"), point_b.removesuffix("_tip")
        mask = track.mask[:, column]
        if pair == PALM_PAIR and scene is not None:
            mask = mask & palms_facing(scene)
        for start, stop in joined(mask, join):
            if stop - start < CONTACT_LEAST * fps:
                continue
            span = {"start": start, "stop": stop - 1}
            if pair == PALM_PAIR:
                yield Event("palms", "both", **span)
            elif side_a == side_b:
                yield Event("pinch", side_a, (b,), **span)
            elif "palm" in (a, b):
                side, finger = (side_a, a) if b == "palm" else (side_b, b)
                assert scene is not None
                height = scene.beyond(SIDES.index(side), finger)[start:stop]
                kind = "palm_touch" if height.mean() < 0 else "back_touch"
                yield Event(kind, side, (finger,), **span)
            else:
                yield Event("touch", "both", (a,), (b,), **span)


def _two_hand_events(
    motion: BimanualMotion,
    signals: dict[int, HandSignals],
    track: ContactTrack,
    facing: np.ndarray,
) -> Iterator[Event]:
    """Approaching, parting, sliding, interlacing, and never touching."""
    between = signals[1].wrist - signals[0].wrist
    distance = np.linalg.norm(between, axis=1)
    for a, b, start, stop in legs(distance, APPROACH_LEG):
        kind = "part" if stop > start else "approach"
        yield Event(kind, "both", start=a, stop=b)
    palms = track.mask[:, track.pairs.index(PALM_PAIR)] & facing
    # Tangential travel: along the plane that the touching palms share.
    for a, b in joined(palms, round(CONTACT_JOIN * motion.fps)):
        tangent = between[a:b, 1:]
        for axis in range(2):
            for i, j, _, _ in legs(tangent[:, axis], SLIDE):
                yield Event("slide", "both", start=a + i, stop=a + j)
    for a, b in joined(interlaced(motion.joints), 2):
        yield Event("interlace", "both", start=a, stop=b - 1)
    inter = [
        i for i, p in enumerate(track.pairs) if p.split(".")[0] not in p.split("|")[1]
    ]
    if not track.mask[:, inter].any():
        yield Event("apart", "both", start=0, stop=len(motion) - 1)


def interlaced(joints: np.ndarray) -> np.ndarray:
    """Frames in which index, middle and ring of the two hands alternate, (T,) bool.

    Seen along the line of the left knuckles the six tips must change hands at every
    step, and the left tips must reach past the right ones.
    """
    fingers = FINGERS[1:4]
    mcp = [CHAIN_INDEX[f][1] for f in fingers]
    tip = [CHAIN_INDEX[f][4] for f in fingers]
    line = joints[:, 0, mcp[-1]] - joints[:, 0, mcp[0]]
    line = line / np.maximum(np.linalg.norm(line, axis=1, keepdims=True), 1e-9)
    tips = joints[:, :, tip]  # (T, 2, 3, 3)
    ends = tips.reshape(len(joints), 6, 3)
    right = np.argsort((ends * line[:, None]).sum(-1), axis=1) >= 3
    alternate = (right[:, 1:] != right[:, :-1]).all(1)
    reach = tips[:, 0].mean(1) - joints[:, 0, mcp].mean(1)
    reach = reach / np.maximum(np.linalg.norm(reach, axis=1, keepdims=True), 1e-9)
    past = ((tips[:, 0].mean(1) - tips[:, 1].mean(1)) * reach).sum(-1)
    near = np.linalg.norm(tips[:, 0].mean(1) - tips[:, 1].mean(1), axis=1) < 0.06
    return alternate & near & (past > 0.008)


def shape_events(
    motion: BimanualMotion, side: int, fingers: tuple[str, ...]
) -> list[Event]:
    """Spans in which exactly the named ones of the four fingers are extended.

    The thumb is looked at only if it is named: then it must be extended.
    """
    curl = hand_signals(motion.joints[:, side], side).curl
    mask = np.ones(len(curl), bool)
    for k, finger in enumerate(FINGERS):
        if finger == "thumb":
            mask &= (curl[:, 0] <= THUMB_EXTENDED) | (finger not in fingers)
        elif finger in fingers:
            mask &= curl[:, k] <= EXTENDED
        else:
            mask &= curl[:, k] >= BENT
    least = max(1, round(SHAPE_FRAMES * motion.fps))
    return [
        Event("shape", SIDES[side], fingers, start=a, stop=b - 1)
        for a, b in joined(mask, 1)
        if b - a >= min(least, len(curl))
    ]
