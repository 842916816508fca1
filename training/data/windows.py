"""Clean spans → clips: windows, the paper's filter of intensity, and the split."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import CHAIN_INDEX, FINGERS
from training.data.canonical import canonical_rotation, to_canonical, wrist_axis
from training.data.quality import REASONS, Limits, inspect
from training.data.raw import RawMotion
from training.data.resample import LATE, grid, resample

SPLITS = ("train", "val", "test")

CHAIN_WEIGHTS = (9.0, 3.0, 1.0)
"""Weights of a finger's inner joints, from the palm outwards (HandX code,
`src/feature/intensity.py`)."""

ONE_HAND, MEAN_OF_HANDS = 25.0, 30.0
"""The paper's filter keeps a clip whose hands both reach the first and whose mean
reaches the second [deg/s]."""

SHORT, STILL, DUPLICATE = "short span", "little motion", "duplicate"
"""Reasons for clean samples that are in no clip."""


@dataclass(frozen=True)
class Cut:
    """How clips are cut; one store holds clips of one cut.

    Attributes:
        frames: Length of a clip [frames]; the paper's is 60.
        fps: Rate of the clips [Hz].
        filter: "paper" drops clips that move little (§ A.2 of its supplement); "none".
        hands: "both" makes clips of two hands only; "any" also makes clips of one hand
            where the other is missing or defective.
        limits: What counts as a defect.
    """

    frames: int = 60
    fps: float = 30.0
    filter: Literal["none", "paper"] = "none"
    hands: Literal["any", "both"] = "any"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.frames < 2:
            raise InputError("--frames", "", f"{self.frames}", "give 2 or more")
        if not 1 <= self.fps <= 1000:
            raise InputError("--fps", "", f"{self.fps}", "give 1 to 1000 Hz")


@dataclass(frozen=True, eq=False)
class Clip:
    """A window of a recording in the canonical frame.

    Attributes:
        joints: (frames, 2, 21, 3) float32 [m]; zeros for a hand that is not present.
        present: (2,) bool.
        start: Time of its first frame in the recording [s].
        samples: How many of the recording's samples it stands for.
        rotation: (3, 3), `p_canonical = rotation @ (p_recording − origin)`.
        origin: (3,) [m], the right (else the left) wrist of its first frame.
        intensity: (2,) mean weighted joint speed of each hand [deg/s]; 0 if absent.
    """

    joints: np.ndarray
    present: np.ndarray
    start: float
    samples: int
    rotation: np.ndarray
    origin: np.ndarray
    intensity: np.ndarray


@dataclass(frozen=True, eq=False)
class CutResult:
    """What became of a recording.

    Attributes:
        clips: In order of time, two-handed ones first.
        samples: Number of its samples.
        dropped: Reason → samples that are in no clip; with the samples in clips these
            add up to `samples`.
        notes: What is wrong with a hand as a whole.
    """

    clips: tuple[Clip, ...]
    samples: int
    dropped: dict[str, int]
    notes: tuple[str, ...]


def split_of(source: str, group: str, shares: tuple[float, float] = (0.9, 0.05)) -> str:
    """The split of a group, from its name alone, so that it never changes.

    Args:
        source: Name of the source.
        group: What must stay on one side: subject, take, …
        shares: Of train and val; the rest is test.
    """
    digest = hashlib.sha256(f"{source}\0{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    return SPLITS[int(np.searchsorted(np.cumsum(shares), place, "right"))]


def intensity(joints: np.ndarray, fps: float) -> np.ndarray:
    """Weighted mean speed of the finger joints' angles (HandX paper, supplement A.2).

    The angle at a joint is that between the bones before and after it.

    Args:
        joints: (T, 2, 21, 3) [m].
        fps: Rate [Hz].

    Returns:
        (2,) [deg/s] of the left and the right hand.
    """
    chains = np.stack([CHAIN_INDEX[finger] for finger in FINGERS])
    bones = np.diff(np.asarray(joints, float)[:, :, chains], axis=3)  # (T, 2, 5, 4, 3)
    bones /= np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
    cosine = np.einsum("thfjc,thfjc->thfj", bones[..., :-1, :], bones[..., 1:, :])
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))  # (T, 2, 5, 3)
    speed = np.abs(np.diff(angle, axis=0)).mean(0) * fps
    weights = np.broadcast_to(CHAIN_WEIGHTS, speed.shape[1:])
    return np.asarray((speed * weights).sum((1, 2)) / weights.sum())


def moves_enough(values: np.ndarray) -> bool:
    """The paper's filter on the (2,) intensities of a clip [deg/s]."""
    return bool((values >= ONE_HAND).all() and values.mean() >= MEAN_OF_HANDS)


def cut(raw: RawMotion, how: Cut | None = None) -> CutResult:
    """Clean, resample and cut a recording into clips that do not overlap.

    Two-handed spans are cut first; what is left of a hand's clean time is cut into
    one-handed clips.
    """
    how = how or Cut()
    quality = inspect(raw, how.limits)
    usual_axis = wrist_axis(raw.joints) if raw.up is None else None
    both, rest = _windows(raw.time, quality.spans, how)
    windows = [(start, (0, 1)) for start in both]
    if how.hands == "any":
        windows += [(start, (side,)) for side in (0, 1) for start in rest[side]]
    reason = np.full(len(raw.time), "", object)
    worst = quality.reason()
    for index, name in enumerate(REASONS):
        reason[worst == index] = name
    reason[reason == ""] = SHORT
    kept = np.zeros(len(raw.time), bool)
    clips = []
    length = how.frames / how.fps
    for start, sides in windows:
        # A window stands for the time until the next one would begin.
        inside = (raw.time >= start - LATE / how.fps) & (
            raw.time < start + length - LATE / how.fps
        )
        clip = _clip(raw, quality.spans, start, sides, how, usual_axis, inside & ~kept)
        if how.filter == "paper" and not moves_enough(clip.intensity):
            reason[inside & ~kept] = STILL
            continue
        kept |= inside
        clips.append(clip)
    names, counts = np.unique(reason[~kept].astype(str), return_counts=True)
    dropped = {str(name): int(n) for name, n in zip(names, counts)}
    return CutResult(tuple(clips), len(raw.time), dropped, quality.notes)


def _windows(
    time: np.ndarray, spans: tuple[list[np.ndarray], list[np.ndarray]], how: Cut
) -> tuple[list[float], tuple[list[float], list[float]]]:
    """Starts [s] of two-handed windows, and of one-handed ones in what is left."""
    ranges = [[(time[s[0]], time[s[-1]]) for s in side] for side in spans]
    shared = _overlaps(ranges[0], ranges[1])
    both = [start for span in shared for start in _starts(*span, how)]
    length = how.frames / how.fps
    taken = [(start, start + length) for start in both]
    rest = tuple(
        [
            start
            for span in _without(side, taken, 1 / how.fps)
            for start in _starts(*span, how)
        ]
        for side in ranges
    )
    return both, (rest[0], rest[1])


def _starts(start: float, stop: float, how: Cut) -> list[float]:
    """Where windows begin in a span that is clean from `start` to `stop` [s]."""
    windows = len(grid(start, stop, how.fps)) // how.frames
    return [start + k * how.frames / how.fps for k in range(windows)]


def _overlaps(
    left: list[tuple[float, float]], right: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Where two increasing lists of ranges are both there."""
    found = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, stop = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if stop > start:
            found.append((start, stop))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return found


def _without(
    ranges: list[tuple[float, float]], taken: list[tuple[float, float]], frame: float
) -> list[tuple[float, float]]:
    """What is left of increasing ranges when others are taken away.

    The end of a range is its last frame, the end of a taken one the next frame's time.
    """
    left = []
    for start, stop in ranges:
        for a, b in taken:
            if b <= start or a >= stop:
                continue
            if a - frame > start:
                left.append((start, a - frame))
            start = b
        if start < stop:
            left.append((start, stop))
    return left


def _clip(
    raw: RawMotion,
    spans: tuple[list[np.ndarray], list[np.ndarray]],
    start: float,
    sides: tuple[int, ...],
    how: Cut,
    usual_axis: np.ndarray | None,
    inside: np.ndarray,
) -> Clip:
    """One window: resampled, turned, moved."""
    query = start + np.arange(how.frames) / how.fps
    joints = np.full((how.frames, 2, 21, 3), np.nan)
    present = np.zeros(2, bool)
    middle = start + how.frames / how.fps / 2
    for side in sides:
        (span,) = (
            s for s in spans[side] if raw.time[s[0]] <= middle <= raw.time[s[-1]]
        )
        time = raw.time[span]
        reach = (span[time <= start][-4:], span[time > start])
        samples = np.concatenate(reach)
        samples = samples[: np.searchsorted(raw.time[samples], query[-1]) + 4]
        when = raw.time[samples]
        joints[:, side] = resample(
            when, raw.joints[samples, side], np.clip(query, when[0], when[-1])
        )
        present[side] = True
    # The right wrist is the origin, as in the paper's files, or the hand that is there.
    origin = joints[0, 1 if present[1] else 0, 0]
    rotation = canonical_rotation(joints[0], present, raw.up, usual_axis)
    moved = to_canonical(joints, rotation, origin)
    moved[:, ~present] = 0
    speed = np.where(present, intensity(moved, how.fps), 0.0)
    return Clip(moved, present, start, int(inside.sum()), rotation, origin, speed)
