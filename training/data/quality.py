"""What is wrong with a recording, sample by sample, and which spans are clean.

The paper (supplement A.2) removes frames without a valid pose and abrupt jumps, and
names no detector. Ours looks for five things and keeps the reason of each:

- *missing*: a joint of the hand was not seen;
- *low confidence*: the tracker says so;
- *jump*: a joint is faster than a hand can be, or leaves quiet neighbours by a single
  step (a lost and regained track) or by a single sample (a glitch);
- *bone length*: a bone differs from its median over the recording;
- *hand size*, *swapped hand*: the whole hand cannot be one in metres, or is a left hand
  where a right one should be.
"""

from dataclasses import dataclass

import numpy as np

from handx_gen.skeleton import JOINT, SIDES, TIP_INDEX, bone_lengths
from training.data.raw import RawMotion

REASONS = (
    "hand size",
    "swapped hand",
    "jump",
    "bone length",
    "low confidence",
    "missing",
)
"""From the most telling to the least: a sample with several is counted by the first."""

BRIDGED = ("low confidence", "missing")
"""Gaps with these reasons may be interpolated across if they are short."""


@dataclass(frozen=True)
class Limits:
    """Where a defect begins.

    Attributes:
        speed: Fastest joint [m/s].
        step: Smallest lonely step or spike that is a jump [m] …
        step_speed: … and its smallest speed [m/s], for slow clocks.
        quiet: Neighbours of a lonely step are slower than this share of it.
        bone_share, bone: A bone may differ from its median by this share, or by this
            much [m], whichever is more.
        confidence: Least confidence of a sample.
        gap: Longest time without a clean sample that is interpolated [s].
        hand: Shortest and longest palm, wrist to middle knuckle [m].
        swapped: Fingers and thumb this far behind the back of the hand, in the median
            over the recording, make it a hand of the other side [m].
    """

    speed: float = 6.0
    step: float = 0.025
    step_speed: float = 0.75
    quiet: float = 0.2
    bone_share: float = 0.25
    bone: float = 0.008
    confidence: float = 0.5
    gap: float = 0.1
    hand: tuple[float, float] = (0.04, 0.15)
    swapped: float = 0.015


@dataclass(frozen=True, eq=False)
class Quality:
    """The verdict on a recording of T samples.

    Attributes:
        used: (2,) bool, hands that were seen at all.
        bad: Reason → (T, 2) bool.
        spans: Per hand, its maximal clean spans as arrays of sample indices, increasing;
            interpolated samples are left out of them.
        notes: What is wrong with a hand or the clock as a whole, one line each.
    """

    used: np.ndarray
    bad: dict[str, np.ndarray]
    spans: tuple[list[np.ndarray], list[np.ndarray]]
    notes: tuple[str, ...]

    def reason(self) -> np.ndarray:
        """(T,) index into `REASONS` of the worst defect of a used hand, −1 for none."""
        worst = np.full(len(self.bad["missing"]), -1)
        for index in reversed(range(len(REASONS))):
            mask = (self.bad[REASONS[index]] & self.used).any(1)
            worst[mask] = index
        return worst


def inspect(raw: RawMotion, limits: Limits | None = None) -> Quality:
    """Find a recording's defects and its clean spans."""
    limits = limits or Limits()
    count = len(raw.time)
    bad = {reason: np.zeros((count, 2), bool) for reason in REASONS}
    seen = raw.seen
    bad["missing"][:] = ~seen
    bad["low confidence"][:] = seen & (raw.confidence < limits.confidence)
    notes: list[str] = []
    if count > 1 and (step := float(np.median(np.diff(raw.time)))) > limits.gap:
        notes.append(
            f"a clock of {1 / step:.1f} Hz; {limits.gap:g} s is the longest step that "
            "is interpolated"
        )
    spans: list[list[np.ndarray]] = []
    for side, name in enumerate(SIDES):
        good = np.flatnonzero(seen[:, side] & ~bad["low confidence"][:, side])
        hand = np.asarray(raw.joints[good, side], float)
        verdict = _whole_hand(hand, side, limits)
        if verdict:
            bad[verdict[0]][good, side] = True
            notes.append(f"{name} hand: {verdict[1]}")
            good, hand = good[:0], hand[:0]
        wrong = _bones(hand, limits)
        bad["bone length"][good[wrong], side] = True
        good, hand = good[~wrong], hand[~wrong]
        breaks, spikes = _jumps(raw.time[good], hand, limits)
        bad["jump"][good[spikes], side] = True
        # The sample after a lost track is where the jump is seen.
        after = good[1:][breaks]
        bad["jump"][after, side] = True
        spans.append(_spans(raw.time, good, spikes, breaks, bad, side, limits))
    return Quality(seen.any(0), bad, (spans[0], spans[1]), tuple(notes))


def _whole_hand(hand: np.ndarray, side: int, limits: Limits) -> tuple[str, str] | None:
    """What disqualifies a hand altogether: (reason, line), or None."""
    if len(hand) == 0:
        return None
    palm = hand[:, JOINT["middle_mcp"]] - hand[:, 0]
    size = float(np.median(np.linalg.norm(palm, axis=-1)))
    if not limits.hand[0] <= size <= limits.hand[1]:
        guess = "; are these millimetres?" if 40 <= size <= 150 else ""
        guess = "; are these centimetres?" if 4 <= size <= 15 else guess
        return "hand size", f"a palm of {size:.3g} m from wrist to knuckle{guess}"
    behind = float(np.median(_behind(hand, side)))
    if behind > limits.swapped:
        other = SIDES[1 - side]
        return (
            "swapped hand",
            f"fingers and thumb bend {1000 * behind:.0f} mm backwards; it is a {other} "
            "hand or mirrored",
        )
    return None


def _behind(hand: np.ndarray, side: int) -> np.ndarray:
    """(n,) how far tips and thumb are on the back's side of the palm's plane [m]."""
    index = hand[:, JOINT["index_mcp"]] - hand[:, 0]
    pinky = hand[:, JOINT["pinky_mcp"]] - hand[:, 0]
    back = np.cross(index, pinky) if side == 0 else np.cross(pinky, index)
    back /= np.maximum(np.linalg.norm(back, axis=-1, keepdims=True), 1e-9)
    points = [*TIP_INDEX, JOINT["thumb_mcp"], JOINT["thumb_ip"]]
    offsets = hand[:, points] - hand[:, :1]
    return np.einsum("tpc,tc->tp", offsets, back).mean(1)


def _bones(hand: np.ndarray, limits: Limits) -> np.ndarray:
    """(n,) bool, samples with a bone unlike its median."""
    if len(hand) == 0:
        return np.zeros(0, bool)
    lengths = bone_lengths(hand)
    usual = np.median(lengths, axis=0)
    allowed = np.maximum(limits.bone_share * usual, limits.bone)
    return np.asarray((np.abs(lengths - usual) > allowed).any(1))


def _jumps(
    time: np.ndarray, hand: np.ndarray, limits: Limits
) -> tuple[np.ndarray, np.ndarray]:
    """Breaks between neighbours, (n − 1,) bool, and lonely samples, (n,) bool."""
    count = len(time)
    spikes = np.zeros(count, bool)
    if count < 2:
        return np.zeros(0, bool), spikes
    dt = np.diff(time)[:, None]
    distance = np.linalg.norm(np.diff(hand, axis=0), axis=-1)  # (n − 1, 21)
    speed = distance / dt
    large = (distance > limits.step) & (speed > limits.step_speed)
    # Two neighbours on each side: a pose that a device repeats makes one quiet
    # neighbour of every step of an honest motion.
    padded = np.pad(speed, ((2, 2), (0, 0)))
    around = np.max([padded[k : k + count - 1] for k in (0, 1, 3, 4)], axis=0)
    lonely = large & (around < limits.quiet * speed)
    if count >= 3:
        back = np.linalg.norm(hand[2:] - hand[:-2], axis=-1)
        both = large[:-1] & large[1:]
        least = np.minimum(speed[:-1], speed[1:])
        padded = np.pad(speed, ((1, 1), (0, 0)))
        outside = np.maximum(padded[: count - 2], padded[3 : count + 1])
        spike = (
            both
            & (back < 0.5 * np.minimum(distance[:-1], distance[1:]))
            & (outside < limits.quiet * least)
        )
        spikes[1:-1] = spike.any(1)
    breaks = (lonely | (speed > limits.speed)).any(1)
    return breaks, spikes


def _spans(
    time: np.ndarray,
    good: np.ndarray,
    spikes: np.ndarray,
    breaks: np.ndarray,
    bad: dict[str, np.ndarray],
    side: int,
    limits: Limits,
) -> list[np.ndarray]:
    """Clean spans of one hand: what no break, spike, defect or long gap interrupts."""
    if len(good) == 0:
        return []
    dirty = np.zeros(len(time), bool)
    for reason in REASONS:
        if reason not in BRIDGED:
            dirty |= bad[reason][:, side]
    # A break marks the sample after it, which begins the next span.
    dirty[good[1:][breaks]] = False
    dirty[good[spikes]] = True
    before = np.concatenate([[0], np.cumsum(dirty)])
    crossed = before[good[1:]] - before[good[:-1] + 1] > 0
    cut = (
        breaks | (np.diff(time[good]) > limits.gap) | crossed | spikes[1:] | spikes[:-1]
    )
    pieces = np.split(good, np.flatnonzero(cut) + 1)
    return [piece for piece in pieces if not dirty[piece[0]]]
