"""What two hands do with each other beyond touching tips and palms.

Contacts are read from the gaps between surfaces (`two_hand_scene`), the rest from palms
and wrists. Thresholds are stated here once; left and right are read alike.
"""

from collections.abc import Iterator

import numpy as np

from handx_gen.kinematics.contacts import PALM_PAIR, ContactTrack, runs
from handx_gen.kinematics.descriptors import legs
from handx_gen.kinematics.event import Event, joined
from handx_gen.kinematics.two_hand_contacts import JOIN, LEAST, held, read_contacts
from handx_gen.kinematics.two_hand_scene import Scene
from handx_gen.skeleton import FINGERS, SIDES, TIP_INDEX

TWO_HAND_KINDS = (
    "knuckles",  # fist to fist, knuckles first
    "stack",  # the fist of `hand` stands on the other fist
    "punch",  # the knuckles of the fist of `hand` meet the other palm
    "clasp",  # the fingers of `hand` close around the other fist
    "grasp",  # the fingers of `hand` close around the other hand's `fingers[0]`
    "grasp_wrist",  # … around the other wrist
    "cover",  # the palm of `hand` lies on the back of the other hand
    "back_touch",  # tip of `hand`'s `fingers[0]` touches the back of the other hand
    "trace",  # tip of `hand`'s `fingers[0]` runs over the other palm
    "cross_fingers",  # `fingers[0]` of `hand` lies across that of the other
    "rub_circle",  # the palms circle on each other while they touch
    "bow",  # the palms stay together and tip forward
    "offer",  # flat palms up, side by side
    "cup",  # the same with curved fingers: a bowl
    "roll",  # the hands go round each other
    "pedal",  # side by side, they go round half a turn apart
    "alternate",  # one goes up while the other goes down
    "follow",  # `hand` does the other's move later: `direction`
    "cross",  # the wrists cross, that of `hand` on top
    "carry",  # the palms hold something between them and move it: `direction`
    "pass",  # `hand` opens near the other hand, which closes
    "pull",  # both pinch; the pinches meet and part
    "tear",  # both pinch; `hand` comes back while the other goes forward
    "twist",  # `hand` turns about the line to the other hand, which does not
    "steeple",  # all fingertips are on their partners at once
    "in_turn",  # … one pair after another
    "wring",  # both turn about that line, against each other
)
CROWDED = (
    "knuckles", "stack", "punch", "clasp", "grasp", "grasp_wrist", "cover", "rub_circle",
    "bow", "cup", "offer", "cross_fingers", "cross", "twist", "wring", "roll", "pass",
    "approach",
)  # fmt: skip
"""Kinds that bring small contacts of neighbouring fingers along, or may end in some."""

GRIPS = ("grasp", "grasp_wrist", "clasp", "pass", "twist")
"""Kinds in which the thumb may meet fingers of its own hand."""

HELD = 0.15
"""A pose of two hands is held at least this long [s]."""
FLAT = 90.0
"""The mean finger of a flat hand is bent less [deg]."""
CUP = (55.0, 170.0)
"""Mean curl of the fingers of a cup [deg]."""
FACING = 0.3
"""Cosine from which palms look at each other."""
NEAR = 0.16
"""Palms' centres up to this far apart work together [m]."""
PASSED = 0.20
"""… and this far when something is handed over [m]."""
TRACE = 0.028
"""Travel of a fingertip over a palm [m]."""
ROUND, LEAST_RADIUS = 290.0, 0.006
"""A path that turns this far [deg] at this radius [m] is a circle."""
ORBIT_RADIUS = 0.025
"""Hands that go round each other are at least this far from the middle [m]."""
BOW_LEG = 20.0
"""Smallest tipping of pressed palms [deg]."""
ALTERNATE_LEG = 0.12
"""Smallest change of the difference of the wrists' heights [m]."""
LAG = (0.18, 0.9)
"""How much later a hand follows [s]."""
CARRY = (0.06, 0.20)
"""How far apart palms' centres are while something is carried [m]."""
CARRY_SLACK, CARRY_LEG = 0.025, 0.05
"""… which changes by less than this on a way of at least this [m]."""
CLOSE_LEG = 55.0
"""Change of mean curl that is an opening or closing of the hand [deg]."""
PULL_LEG = 0.05
"""Smallest way that pinches are pulled apart [m]."""
TWIST_LEG, WRING_LEG = 28.0, 15.0
"""Smallest twist of one hand, and of each of two [deg]."""
STEADY = 0.45
"""A hand that turns by less than this part of the other's twist keeps still."""
OVERLAP = 0.02
"""Crossed wrists have changed sides by at least this [m]."""


def read_two_hands(
    scene: Scene, track: ContactTrack, single: tuple[Event, ...], fps: float
) -> Iterator[Event]:
    """Events of `TWO_HAND_KINDS`, except `back_touch`, which the contacts give.

    Args:
        scene: The two hands.
        track: All contacts of tips and palms.
        single: What each hand does on its own: moves are looked up here.
        fps: Frames per second [Hz].
    """
    yield from read_contacts(scene, track, single, fps)
    yield from _palms(scene, track, fps)
    yield from _poses(scene, fps)
    yield from _orbits(scene)
    yield from _moves(scene, single, fps)
    yield from _pinched(scene, track)
    if len(scene.joints) > 1:
        yield from _twists(scene)


def palms_facing(scene: Scene) -> np.ndarray:
    """Frames in which a contact of the palms is one of their insides, (T,) bool."""
    return scene.facing(FACING)


def _palms(scene: Scene, track: ContactTrack, fps: float) -> Iterator[Event]:
    """Palms on backs, fingertips over palms, and pressed palms that move."""
    touching = track.mask[:, track.pairs.index(PALM_PAIR)]
    along = (scene.normal[:, 0] * scene.normal[:, 1]).sum(-1) > 0.5
    flat = (scene.mean_curl < FLAT).all(1)
    for hand in (0, 1):
        offset = scene.centre[:, 1 - hand] - scene.centre[:, hand]
        below = -(offset * scene.normal[:, hand]).sum(-1)
        cover = touching & along & flat & (below > 0.010)
        yield from held(cover, "cover", SIDES[hand], fps)
        for finger in FINGERS:
            pair = _palm_pair(hand, finger)
            for a, b in joined(
                track.mask[:, track.pairs.index(pair)], round(JOIN * fps)
            ):
                path = scene.over_palm(hand, finger)[a:b]
                travel = np.linalg.norm(np.ptp(path[:, :2], axis=0))
                if b - a >= LEAST * fps and travel >= TRACE and path[:, 2].mean() < 0:
                    yield Event("trace", SIDES[hand], (finger,), start=a, stop=b - 1)
    offset = scene.centre[:, 1] - scene.centre[:, 0]
    for a, b in joined(touching & palms_facing(scene), round(JOIN * fps)):
        if b - a < 5:
            continue
        path = (offset[a:b, None] @ scene.frames[a:b, 0])[:, 0, :2]
        for i, j in rounds(path, LEAST_RADIUS):
            yield Event("rub_circle", "both", start=a + i, stop=a + j)
        heading = scene.pointing[a:b].mean(1)
        tilt = np.degrees(np.arctan2(heading[:, 2], heading[:, 1]))
        for i, j, start, stop in legs(tilt, BOW_LEG):
            if stop < start:
                yield Event("bow", "both", start=a + i, stop=a + j)


def _palm_pair(hand: int, finger: str) -> str:
    tip = f"{SIDES[hand]}.{finger}_tip"
    return f"{tip}|right.palm" if hand == 0 else f"left.palm|{tip}"


def rounds(path: np.ndarray, radius: float) -> Iterator[tuple[int, int]]:
    """Circles in a plane path (T, 2) [m]: (start, stop) frame of each."""
    velocity = np.diff(path, axis=0)
    speed = np.linalg.norm(velocity, axis=1)
    for a, b in runs(speed > 0.2 * max(float(speed.max(initial=0.0)), 1e-3)):
        if b - a < 4 or np.ptp(path[a : b + 1], axis=0).min() < 2 * radius:
            continue
        heading = np.unwrap(np.arctan2(velocity[a:b, 1], velocity[a:b, 0]))
        turned = abs(np.degrees(heading[-1] - heading[0]))
        if turned >= ROUND:
            number = max(1, round(turned / 360))
            for i in range(number):
                yield (
                    int(a + i * (b - a) / number),
                    int(a + (i + 1) * (b - a) / number),
                )


def _poses(scene: Scene, fps: float) -> Iterator[Event]:
    """Palms up side by side, and crossed wrists."""
    up = (scene.normal[..., 2] < -0.6).all(1) & (scene.apart < 0.15)
    curl = scene.mean_curl
    yield from held(up & (curl < 50).all(1), "offer", "both", fps, HELD)
    bowl = up & (curl >= CUP[0]).all(1) & (curl <= CUP[1]).all(1)
    yield from held(bowl, "cup", "both", fps, HELD)
    between = scene.wrist[:, 1] - scene.wrist[:, 0]
    crossed = between[:, 0] < -OVERLAP
    for hand, over in ((0, between[:, 2] < -0.02), (1, between[:, 2] > 0.02)):
        yield from held(crossed & over, "cross", SIDES[hand], fps, HELD)


def _orbits(scene: Scene) -> Iterator[Event]:
    """Hands that go round each other, seen from the side."""
    between = scene.centre[:, 1] - scene.centre[:, 0]
    both = np.ptp(scene.wrist, axis=0).max(1) > 0.03
    if not both.all():
        return
    for a, b in rounds(between[:, 1:], ORBIT_RADIUS):
        across = np.abs(between[a : b + 1, 0]).mean()
        if across < 0.09:
            yield Event("roll", "both", start=a, stop=b)
        elif across > 0.13:
            yield Event("pedal", "both", start=a, stop=b)


def _moves(scene: Scene, single: tuple[Event, ...], fps: float) -> Iterator[Event]:
    """Moves of the two hands that belong together."""
    height = scene.wrist[..., 2]
    for a, b, _, _ in legs(height[:, 1] - height[:, 0], ALTERNATE_LEG):
        one, two = height[b] - height[a]
        if one * two < 0 and min(abs(one), abs(two)) > 0.25 * abs(two - one):
            yield Event("alternate", "both", start=a, stop=b)
    moves = [[e for e in single if e.kind == "move" and e.hand == s] for s in SIDES]
    for hand in (0, 1):
        for late in moves[hand]:
            for early in moves[1 - hand]:
                lag = (late.start - early.start) / fps
                ends = (late.stop - early.stop) / fps
                if early.direction == late.direction and (
                    LAG[0] <= lag <= LAG[1] and LAG[0] <= ends <= LAG[1]
                ):
                    yield Event(
                        "follow", SIDES[hand], direction=late.direction,
                        start=early.start, stop=late.stop,
                    )  # fmt: skip
    width = np.linalg.norm(scene.centre[:, 1] - scene.centre[:, 0], axis=-1)
    held = scene.facing(0.5) & (width > CARRY[0]) & (width < CARRY[1])
    middle = scene.centre.mean(1)
    names = (("right", "left"), ("forward", "back"), ("up", "down"))
    for a, b in joined(held, 2):
        for axis, (up, down) in enumerate(names):
            for i, j, start, stop in legs(middle[a:b, axis], CARRY_LEG):
                if np.ptp(width[a + i : a + j + 1]) < CARRY_SLACK:
                    way = up if stop > start else down
                    yield Event("carry", "both", direction=way, start=a + i, stop=a + j)
    curl = [legs(scene.mean_curl[:, hand], CLOSE_LEG) for hand in (0, 1)]
    for hand in (0, 1):
        for a, b, start, stop in curl[hand]:
            for c, d, begin, end in curl[1 - hand]:
                first, last = max(a, c), min(b, d)
                together = last - first > -0.15 * fps
                near = width[min(first, last) : max(first, last) + 1].min() < PASSED
                if stop < start and end > begin and together and near:
                    yield Event("pass", SIDES[hand], start=min(a, c), stop=max(b, d))


def _pinched(scene: Scene, track: ContactTrack) -> Iterator[Event]:
    """What two pinches pull apart."""
    pinch = [
        track.mask[:, track.pairs.index(f"{s}.thumb_tip|{s}.index_tip")] for s in SIDES
    ]
    tips = scene.joints[:, :, TIP_INDEX[FINGERS.index("index")]]
    between = tips[:, 1] - tips[:, 0]
    for a, b in joined(pinch[0] & pinch[1], 2):
        if b - a < 5 or np.linalg.norm(between[a:b], axis=-1).min() > 0.09:
            continue
        for i, j, start, stop in legs(between[a:b, 0], PULL_LEG):
            if stop > start:
                yield Event("pull", "both", start=a + i, stop=a + j)
        for i, j, start, stop in legs(between[a:b, 1], PULL_LEG):
            yield Event("tear", SIDES[int(stop < start)], start=a + i, stop=a + j)


def _twists(scene: Scene) -> Iterator[Event]:
    """Turning about the line between two hands that work together."""
    line = scene.centre[:, 1] - scene.centre[:, 0]
    apart = np.linalg.norm(line, axis=-1)
    axis = line / np.maximum(apart[:, None], 1e-9)
    for a, b in joined(apart < NEAR, 2):
        if b - a < 5:
            continue
        turned = (scene.spin[a:b] * axis[a:b, None]).sum(-1)
        turned[0] = 0.0
        turned = np.cumsum(turned, 0)  # (t, 2) [deg]
        for hand in (0, 1):
            found = legs(turned[:, hand], TWIST_LEG)
            first = np.sign(found[0][3] - found[0][2]) if found else 0.0
            for i, j, start, stop in found:
                steady = np.ptp(turned[i : j + 1, 1 - hand]) < STEADY * abs(
                    stop - start
                )
                if steady and np.sign(stop - start) == first:
                    yield Event("twist", SIDES[hand], start=a + i, stop=a + j)
        for i, j, _, _ in legs(turned[:, 1] - turned[:, 0], 2 * WRING_LEG):
            one, two = turned[j] - turned[i]
            if one * two < 0 and min(abs(one), abs(two)) >= 0.8 * WRING_LEG:
                yield Event("wring", "both", start=a + i, stop=a + j)
