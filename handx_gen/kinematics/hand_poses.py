"""Postures of one hand that its extended fingers alone do not tell: hook, claw, grip.

Each is a test on readable angles and distances, the same for left and right. The
thresholds leave room for the few degrees by which a learned model misses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from handx_gen.hand_model import FINGER_RADIUS, palm_frame, right_form
from handx_gen.kinematics.contacts import PAD_RADIUS
from handx_gen.kinematics.descriptors import HandSignals, hand_signals
from handx_gen.kinematics.events import BENT, EXTENDED, THUMB_EXTENDED, Event, joined
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, SIDES, TIP_INDEX

POSE_FRAMES = 0.16
"""A posture must be held this long [s]."""
NEAR = 0.006
"""Skin to skin up to this counts as touching [m]."""
PALM = 0.089
"""Wrist to middle knuckle of an average hand [m]."""


@dataclass(frozen=True, eq=False)
class HandView:
    """One hand over T frames as its postures are read.

    Attributes:
        signals: Angles and travel.
        local: (T, 21, 3) joints in the palm's frame [m].
        frame: (T, 3, 3) palm frame of the right-form hand; its axes are columns.
        scale: Size of the palm, 1 for an average hand.
    """

    signals: HandSignals
    local: np.ndarray
    frame: np.ndarray
    scale: float

    def tip(self, finger: str) -> np.ndarray:
        """(T, 3) tip of a finger [m]."""
        return self.local[:, TIP_INDEX[FINGERS.index(finger)]]

    def gap(self, a: str, b: str) -> np.ndarray:
        """(T,) distance of two tips less both pads [m]."""
        return np.linalg.norm(self.tip(a) - self.tip(b), axis=1) - 2 * PAD_RADIUS


@lru_cache(maxsize=4)
def hand_view(motion: BimanualMotion, side: int) -> HandView:
    """The view of one hand of a motion; side 0 left, 1 right."""
    hand = motion.joints[:, side]
    joints = right_form(hand, side)
    frame = palm_frame(joints)
    local = (joints - joints[:, :1]) @ frame
    size = np.linalg.norm(local[:, CHAIN_INDEX["middle"][1]], axis=1)
    scale = float(np.median(size)) / PALM
    return HandView(hand_signals(hand, side), local, frame, scale)


def _straight(view: HandView, limit: float = EXTENDED) -> np.ndarray:
    """All four fingers extended, (T,) bool."""
    return np.all(view.signals.curl[:, 1:] <= limit, axis=1)


def _base(view: HandView) -> np.ndarray:
    """Mean flexion of the four knuckles, (T,) [deg]."""
    return view.signals.flexion[:, 1:, 0].mean(1)


def _middle(view: HandView) -> np.ndarray:
    """Flexion of the four middle joints, (T, 4) [deg]."""
    return view.signals.flexion[:, 1:, 1]


def _opposed(view: HandView) -> np.ndarray:
    """How far the thumb's tip stands out in front of the palm of an average hand, (T,) [m]."""
    return -view.tip("thumb")[:, 2] / view.scale


def _hook(view: HandView) -> np.ndarray:
    return (_base(view) <= 38) & (_middle(view) >= 68).all(1)


def _claw(view: HandView) -> np.ndarray:
    half = ((_middle(view) >= 32) & (_middle(view) <= 82)).all(1)
    wide = view.signals.spacing.mean(1) >= 10.5
    return (_base(view) <= 38) & half & wide


def _tabletop(view: HandView) -> np.ndarray:
    return (_base(view) >= 58) & (_middle(view) <= 35).all(1)


def _cup(view: HandView) -> np.ndarray:
    curl = view.signals.curl[:, 1:]
    round_ = (curl >= 55).all(1) & (curl <= 135).all(1) & (_middle(view) >= 14).all(1)
    close = view.signals.spacing.mean(1) <= 8.5
    return round_ & close & (_base(view) >= 20) & (_base(view) <= 58)


def _grip(view: HandView, narrow: float, wide: float) -> np.ndarray:
    """Fingers round a cylinder: thumb and middle tip `narrow` to `wide` apart [m]."""
    aperture = np.linalg.norm(view.tip("thumb") - view.tip("middle"), axis=1)
    curl = view.signals.curl[:, 1:]
    curled = (curl >= 60).all(1) & (curl.mean(1) <= 195) & (_middle(view) >= 25).all(1)
    across = view.tip("thumb")[:, 0] / view.scale >= -0.042
    apart = (aperture >= narrow) & (aperture <= wide)
    return curled & apart & across & (_opposed(view) >= 0.042)


def _ok(view: HandView) -> np.ndarray:
    others = view.signals.curl[:, 2:].mean(1) <= 25
    return others & (view.gap("thumb", "index") <= NEAR)


def _tripod(view: HandView) -> np.ndarray:
    index, middle = view.gap("thumb", "index"), view.gap("thumb", "middle")
    return (index <= NEAR) & (middle <= NEAR)


def _key(view: HandView) -> np.ndarray:
    start, stop = (view.local[:, CHAIN_INDEX["index"][k]] for k in (2, 3))
    bone = stop - start
    along = ((view.tip("thumb") - start) * bone).sum(1) / (bone * bone).sum(1)
    nearest = start + np.clip(along, 0, 1)[:, None] * bone
    gap = np.linalg.norm(view.tip("thumb") - nearest, axis=1)
    gap = gap - PAD_RADIUS - FINGER_RADIUS[1]
    bent = (view.signals.curl[:, 2:] >= BENT).all(1) & (view.signals.curl[:, 1] >= 70)
    # Over the fist the thumb is folded; on the side of the index it is rather straight.
    return bent & (gap <= NEAR) & (view.tip("thumb")[:, 0] < start[:, 0])


def _vulcan(view: HandView) -> np.ndarray:
    spacing = view.signals.spacing
    pairs = (spacing[:, 0] <= 10) & (spacing[:, 2] <= 10)
    return _straight(view) & pairs & (spacing[:, 1] >= 15)


def _thumb_tuck(view: HandView) -> np.ndarray:
    across = (
        view.tip("thumb")[:, 0] >= view.local[:, CHAIN_INDEX["index"][1], 0] + 0.012
    )
    return _straight(view) & across & (view.gap("thumb", "index") > 0.01)


def _fingers_only(view: HandView, *fingers: str) -> np.ndarray:
    """Exactly these of the four fingers extended; a thumb named is extended too."""
    curl = view.signals.curl
    mask = curl[:, 0] <= THUMB_EXTENDED if "thumb" in fingers else curl[:, 0] > -np.inf
    for k, finger in enumerate(FINGERS[1:], start=1):
        mask &= curl[:, k] <= EXTENDED if finger in fingers else curl[:, k] >= BENT
    return mask


def _thumb_down(view: HandView) -> np.ndarray:
    chain = CHAIN_INDEX["thumb"]
    bone = view.local[:, chain[4]] - view.local[:, chain[2]]
    drop = np.einsum("tj,tj->t", view.frame[:, 2], bone) / np.linalg.norm(bone, axis=1)
    return _fingers_only(view, "thumb") & (drop <= -0.6)


def _palm_out(view: HandView) -> np.ndarray:
    up, forward = view.frame[:, 2, 1], -view.frame[:, 1, 2]
    return _straight(view) & (up >= 0.7) & (forward >= 0.6)


def _spread_out(view: HandView) -> np.ndarray:
    return _straight(view) & (view.signals.spacing.mean(1) >= 11)


def _palm_up(view: HandView) -> np.ndarray:
    return view.frame[:, 2, 2] <= -0.6


def _index_up(view: HandView) -> np.ndarray:
    return _fingers_only(view, "index") & (view.frame[:, 2, 1] >= 0.7)


POSES: dict[str, Callable[[HandView], np.ndarray]] = {
    "hook": _hook,  # knuckles straight, the other joints bent
    "claw": _claw,  # the same, half bent and spread
    "tabletop": _tabletop,  # knuckles at right angles, fingers straight
    "cup": _cup,  # fingers close together, evenly half bent
    "grip_thin": lambda view: _grip(view, 0.019, 0.050),  # round something thin
    "grip_wide": lambda view: _grip(view, 0.054, 0.110),  # round something wide
    "ok": _ok,  # thumb and index tip touch, the other fingers straight
    "tripod": _tripod,  # thumb, index and middle tips touch
    "key": _key,  # thumb on the side of the index, fingers folded
    "vulcan": _vulcan,  # a gap between middle and ring finger alone
    "thumb_tuck": _thumb_tuck,  # thumb across the palm, fingers straight
    "thumb_down": _thumb_down,  # fist, thumb straight and pointing down
    "spread_out": _spread_out,  # open hand, fingers fanned out
    "palm_out": _palm_out,  # open hand, fingers up, palm forward
    "palm_up": _palm_up,  # palm facing up
    "index_up": _index_up,  # index alone straight, pointing up
}
"""Directions of the event "pose" and the frames in which the hand shows them."""


def pose_events(motion: BimanualMotion, side: int, pose: str) -> list[Event]:
    """Spans in which a hand is held in one of `POSES`."""
    mask = POSES[pose](hand_view(motion, side))
    least = max(1, round(POSE_FRAMES * motion.fps))
    return [
        Event("pose", SIDES[side], direction=pose, start=a, stop=b - 1)
        for a, b in joined(mask, 1)
        if b - a >= min(least, len(mask))
    ]
