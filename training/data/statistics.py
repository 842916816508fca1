"""What is in a store: the columns of the paper's Table 1, by source."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import runs
from handx_gen.skeleton import JOINTS, TIP_INDEX
from training.data.corpus import StoredClip

TIP_TO_TIP, TIP_TO_JOINT = 0.020, 0.025
"""The hands touch when two tips are this close, or a tip and another joint [m] (HandX
code, `data/compute_contact_metric.py`)."""

_OTHERS = np.setdiff1d(np.arange(len(JOINTS)), TIP_INDEX)


@dataclass(frozen=True)
class SourceStatistics:
    """Figures of one source, or of all together.

    Attributes:
        source: Its name.
        clips, frames: How many.
        hours: Time in clips [h].
        two_handed: Share of the clips that have both hands.
        captions: Captions, all levels and parts counted.
        contact_ratio: Share of two-handed frames in which the hands touch.
        contact_duration: Mean length of a contact [s]; None where there is none.
        contact_frequency: Contacts per second of two-handed motion.
        intensity: Mean weighted joint speed over the hands that are present [deg/s].
        licences: All licences of its clips.

    The contact figures are None where no clip has two hands.
    """

    source: str
    clips: int
    frames: int
    hours: float
    two_handed: float
    captions: int
    contact_ratio: float | None
    contact_duration: float | None
    contact_frequency: float | None
    intensity: float
    licences: tuple[str, ...]


def hands_touch(joints: np.ndarray) -> np.ndarray:
    """(T,) bool, whether the hands touch one another by the paper's rule.

    Args:
        joints: (T, 2, 21, 3) [m], both hands present.
    """
    tips = joints[:, :, TIP_INDEX]
    touching = _nearest(tips[:, 0], tips[:, 1]) < TIP_TO_TIP
    for side in range(2):
        others = joints[:, 1 - side][:, _OTHERS]
        touching |= _nearest(tips[:, side], others) < TIP_TO_JOINT
    return touching


def statistics(clips: Iterable[StoredClip]) -> list[SourceStatistics]:
    """Figures by source, in order of name; with several sources "all" comes last."""
    sums: dict[str, _Sums] = {}
    for clip in clips:
        sums.setdefault(clip.source, _Sums()).add(clip)
    found = [sums[name].figures(name) for name in sorted(sums)]
    if len(sums) > 1:
        total = _Sums()
        for one in sums.values():
            total.merge(one)
        found.append(total.figures("all"))
    return found


@dataclass
class _Sums:
    """What the figures are computed from."""

    clips: int = 0
    frames: int = 0
    seconds: float = 0.0
    two_handed: int = 0
    two_handed_frames: int = 0
    two_handed_seconds: float = 0.0
    captions: int = 0
    touching: int = 0
    contacts: int = 0
    contact_seconds: float = 0.0
    hands: int = 0
    intensity: float = 0.0
    licences: frozenset[str] = frozenset()

    def add(self, clip: StoredClip) -> None:
        motion = clip.motion
        frames, seconds = len(motion), len(motion) / motion.fps
        self.clips += 1
        self.frames += frames
        self.seconds += seconds
        self.captions += sum(map(len, clip.captions.values()))
        self.licences |= {clip.licence}
        self.hands += int(motion.present.sum())
        self.intensity += float(clip.intensity[motion.present].sum())
        if motion.present.all():
            touching = hands_touch(motion.joints)
            self.two_handed += 1
            self.two_handed_frames += frames
            self.two_handed_seconds += seconds
            self.touching += int(touching.sum())
            self.contacts += len(runs(touching))
            self.contact_seconds += float(touching.sum()) / motion.fps

    def merge(self, other: "_Sums") -> None:
        for name, value in vars(other).items():
            mine = getattr(self, name)
            both = mine | value if isinstance(mine, frozenset) else mine + value
            setattr(self, name, both)

    def figures(self, source: str) -> SourceStatistics:
        both = self.two_handed > 0
        return SourceStatistics(
            source=source,
            clips=self.clips,
            frames=self.frames,
            hours=self.seconds / 3600,
            two_handed=self.two_handed / self.clips,
            captions=self.captions,
            contact_ratio=self.touching / self.two_handed_frames if both else None,
            contact_duration=(
                self.contact_seconds / self.contacts if self.contacts else None
            ),
            contact_frequency=(
                self.contacts / self.two_handed_seconds if both else None
            ),
            intensity=self.intensity / self.hands,
            licences=tuple(sorted(self.licences)),
        )


def _nearest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(T, n, 3), (T, m, 3) → (T,) smallest distance [m]."""
    return np.linalg.norm(a[:, :, None] - b[:, None], axis=-1).min((1, 2))
