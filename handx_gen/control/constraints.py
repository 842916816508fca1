"""`Constraints`: what a drawn motion must hold, whatever else the text makes of it.

Two sorts of things can be asked, in any number and combination:

- *values* (`Values`, `Turned`): joints, or the orientation of a palm, at some frames. They
  come out as they went in, to the bit.
- *relations* (`Touch`, `Apart`): pairs of points that touch, or keep a distance, within a
  window of frames.

Several values for one joint and frame must agree. The order in which things are asked
changes nothing. Frames are those of the finished motion, from 0.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from handx_gen.control.points import parse_point, parse_points
from handx_gen.errors import InputError
from handx_gen.motion import MAX_COORDINATE, BimanualMotion
from handx_gen.npz import frozen
from handx_gen.skeleton import JOINTS, SIDES

SAME = 1e-6
"""Two values for one joint closer than this [m] are the same one."""

FPS_TOLERANCE = 1e-3

MAX_HELD, MAX_FREE = 3600, 9000
"""Most frames of a motion of which something is given, and of one that is free."""


@dataclass(frozen=True, eq=False)
class Values:
    """Joints whose positions are given at some frames.

    Attributes:
        name: What the values are called in messages: an option, or a file.
        frames: (K,) frames of the finished motion.
        joints: (K, 2, 21, 3) [m], canonical frame; read where `mask` is true.
        mask: (K, 2, 21) bool.
        fps: Rate that the values were made for [Hz]; None if that says nothing.

    Raises:
        InputError: Shapes disagree, nothing is given, NaN, a coordinate beyond 10 m.
    """

    name: str
    frames: np.ndarray
    joints: np.ndarray
    mask: np.ndarray
    fps: float | None = None

    def __post_init__(self) -> None:
        frames, joints, mask = (
            np.asarray(a) for a in (self.frames, self.joints, self.mask)
        )
        shape = (len(frames), 2, 21)
        if joints.shape != (*shape, 3) or mask.shape != shape:
            raise InputError(
                self.name, "joints",
                f"{len(frames)} frames with shapes {joints.shape} and {mask.shape}",
                "give (K, 2, 21, 3) joints and a (K, 2, 21) mask",
            )  # fmt: skip
        if not mask.any():
            raise InputError(self.name, "mask", "gives no joint at all")
        _check_numbers(self.name, joints[mask.astype(bool)])
        object.__setattr__(self, "frames", frozen(frames, int))
        object.__setattr__(self, "mask", frozen(mask, bool))
        clean = np.where(self.mask[..., None], joints, 0)
        object.__setattr__(self, "joints", frozen(clean, np.float32))

    @classmethod
    def of_motion(
        cls,
        name: str,
        motion: BimanualMotion,
        frames: np.ndarray,
        source: np.ndarray | None = None,
        points: str = "",
    ) -> "Values":
        """Frames of a motion: a keyframe, a span of it, or the whole of one hand.

        Args:
            name: For messages.
            motion: Where the values come from.
            frames: (K,) frames of the finished motion.
            source: (K,) frames of `motion`; None for the same ones.
            points: What to take, e.g. "left" or "left.index,right.wrist"; all by default.
        """
        source = np.asarray(frames if source is None else source, int)
        if source.size and (source.min() < 0 or source.max() >= len(motion)):
            raise InputError(
                name, "frame", f"{source.max()}, the motion has 0 to {len(motion) - 1}",
                "say which of its frames is meant",
            )  # fmt: skip
        wanted = parse_points(name, points) if points else np.ones((2, 21), bool)
        absent = wanted.any(1) & ~motion.present
        if points and absent.any():
            side = SIDES[int(np.flatnonzero(absent)[0])]
            raise InputError(name, "present", f"the motion has no {side} hand")
        wanted = wanted & motion.present[:, None]
        mask = np.broadcast_to(wanted, (len(source), 2, 21))
        return cls(name, np.asarray(frames), motion.joints[source], mask, motion.fps)

    @classmethod
    def of_point(
        cls, name: str, point: str, frames: np.ndarray, positions: np.ndarray
    ) -> "Values":
        """Where one joint is: a wrist's path, a fingertip's target.

        Args:
            name: For messages.
            point: e.g. "left.wrist", "right.index_tip".
            frames: (K,).
            positions: (K, 3) or (3,) [m].
        """
        wanted = parse_points(name, point)
        if wanted.sum() != 1:
            raise InputError(name, "point", f"{point!r} is not one joint")
        side, joint = (int(v) for v in np.argwhere(wanted)[0])
        positions = np.asarray(positions, float)
        if positions.shape not in {(3,), (len(frames), 3)}:
            raise InputError(
                name, "positions", f"shape {positions.shape} for {len(frames)} frames"
            )
        joints = np.zeros((len(frames), 2, 21, 3))
        mask = np.zeros((len(frames), 2, 21), bool)
        joints[:, side, joint], mask[:, side, joint] = positions, True
        return cls(name, np.asarray(frames), joints, mask)


@dataclass(frozen=True, eq=False)
class Turned:
    """How a palm is turned at some frames.

    Attributes:
        name: For messages.
        side: "left" or "right".
        frames: (K,).
        rotation: (K, 3, 3) hand → canonical frame. The hand's +y points from the wrist
            to the middle knuckle, +z out of the back of the hand, for both hands.
    """

    name: str
    side: str
    frames: np.ndarray
    rotation: np.ndarray

    def __post_init__(self) -> None:
        rotation = np.asarray(self.rotation, float)
        if self.side not in SIDES:
            raise InputError(self.name, "side", f"{self.side!r}", "left or right")
        if rotation.shape != (len(self.frames), 3, 3):
            raise InputError(
                self.name, "rotation",
                f"shape {rotation.shape} for {len(self.frames)} frames",
            )  # fmt: skip
        _check_numbers(self.name, rotation)
        off = np.abs(rotation @ rotation.swapaxes(1, 2) - np.eye(3)).max()
        if off > 1e-3 or np.linalg.det(rotation).min() < 0:
            raise InputError(
                self.name, "rotation", f"not a rotation (off by {off:.3f})",
                "give unit quaternions w, x, y, z",
            )  # fmt: skip
        object.__setattr__(self, "frames", frozen(self.frames, int))
        object.__setattr__(self, "rotation", frozen(rotation, float))


@dataclass(frozen=True)
class Touch:
    """Two points touch in frames start ≤ f < stop: the gap of their skins is zero."""

    pair: tuple[str, str]
    start: int
    stop: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "pair", _pair(self.pair))

    @property
    def name(self) -> str:
        """For messages."""
        return f"touch {', '.join(self.pair)} at {_window(self.start, self.stop)}"


@dataclass(frozen=True)
class Apart:
    """Two points keep a gap of at least `gap` [m] in frames start ≤ f < stop."""

    pair: tuple[str, str]
    start: int
    stop: int
    gap: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "pair", _pair(self.pair))
        if not 0 < self.gap < 1:
            raise InputError(self.name, "gap", f"{self.gap} m", "give 0 to 1 m")

    @property
    def name(self) -> str:
        """For messages."""
        return f"apart {', '.join(self.pair)} at {_window(self.start, self.stop)}"


Relation = Touch | Apart


@dataclass(frozen=True, eq=False)
class Given:
    """All values of a set of constraints on the frames of the motion.

    Attributes:
        joints: (T, 2, 21, 3) float32 [m], zero where nothing is given.
        mask: (T, 2, 21) bool.
        rotation: (T, 2, 3, 3) palms, hand → canonical frame.
        turned: (T, 2) bool, where `rotation` is given.
    """

    joints: np.ndarray
    mask: np.ndarray
    rotation: np.ndarray
    turned: np.ndarray

    def span(self, start: int, stop: int) -> "Given":
        """The values of frames start ≤ f < stop."""
        at = slice(start, stop)
        return Given(self.joints[at], self.mask[at], self.rotation[at], self.turned[at])


@dataclass(frozen=True, eq=False)
class Constraints:
    """Everything asked of one motion.

    Attributes:
        frames: Length of the motion.
        values, turned: What is given.
        relations: What must touch or keep apart.
        fps: Rate of the motion [Hz].

    Raises:
        InputError: Something lies outside the motion, was made for another rate, or
            two values or relations contradict one another. Names both and the number.
    """

    frames: int
    values: tuple[Values, ...] = ()
    turned: tuple[Turned, ...] = ()
    relations: tuple[Relation, ...] = ()
    fps: float = 30.0
    given: Given = field(init=False)

    def __post_init__(self) -> None:
        asked = self.values or self.turned or self.relations
        most = MAX_HELD if asked else MAX_FREE
        if not 2 <= self.frames <= most:
            raise InputError(
                "constraints", "frames", f"{self.frames}", f"give 2 to {most} frames"
            )
        for item in (*self.values, *self.turned):
            _check_frames(item.name, item.frames, self.frames)
        for relation in self.relations:
            window = np.array([relation.start, relation.stop - 1])
            _check_frames(relation.name, window, self.frames)
            if relation.stop <= relation.start:
                raise InputError(relation.name, "window", "empty", "start before stop")
        for item in self.values:
            if item.fps is not None and abs(item.fps - self.fps) > FPS_TOLERANCE:
                raise InputError(
                    item.name, "fps", f"{item.fps:g} Hz, the motion has {self.fps:g} Hz",
                    f"resample it to {self.fps:g} Hz",
                )  # fmt: skip
        ordered = sorted(set(self.relations), key=lambda r: (r.name, repr(r)))
        object.__setattr__(self, "relations", tuple(ordered))
        object.__setattr__(self, "given", self._placed())
        self._check_relations()

    @cached_property
    def empty(self) -> bool:
        """Whether nothing is asked."""
        asked = self.given.mask.any() or self.given.turned.any() or self.relations
        return not asked

    def _placed(self) -> Given:
        joints = np.zeros((self.frames, 2, 21, 3), np.float32)
        owner = np.full((self.frames, 2, 21), -1)
        for number, item in enumerate(self.values):
            for frame, value, mask in zip(item.frames, item.joints, item.mask):
                twice = mask & (owner[frame] >= 0)
                off = np.linalg.norm(value - joints[frame], axis=-1) * twice
                if off.max() > SAME:
                    side, joint = np.unravel_index(off.argmax(), off.shape)
                    other = self.values[owner[frame, side, joint]].name
                    raise InputError(
                        item.name, f"{SIDES[side]}.{JOINTS[joint]}",
                        f"{1000 * off.max():.2f} mm from what {other} gives for "
                        f"frame {frame}", "leave one of the two out",
                    )  # fmt: skip
                # Of two values that are one up to rounding the smaller, in any order.
                both = np.where(
                    twice[..., None], np.minimum(value, joints[frame]), value
                )
                joints[frame] = np.where(mask[..., None], both, joints[frame])
                owner[frame][mask] = number
        rotation, turned = self._turned()
        return Given(joints, owner >= 0, rotation, turned)

    def _turned(self) -> tuple[np.ndarray, np.ndarray]:
        rotation = np.broadcast_to(np.eye(3), (self.frames, 2, 3, 3)).copy()
        turned = np.zeros((self.frames, 2), bool)
        for item in self.turned:
            side = SIDES.index(item.side)
            for frame, value in zip(item.frames, item.rotation):
                off = np.abs(value - rotation[frame, side]).max()
                if turned[frame, side] and off > SAME:
                    raise InputError(
                        item.name, item.side,
                        f"frame {frame} has two orientations, {off:.3f} apart",
                        "leave one of the two out",
                    )  # fmt: skip
                if not turned[frame, side]:
                    rotation[frame, side], turned[frame, side] = value, True
        return rotation, turned

    def _check_relations(self) -> None:
        touches = [r for r in self.relations if isinstance(r, Touch)]
        for apart in self.relations:
            if isinstance(apart, Touch):
                continue
            for touch in touches:
                start = max(apart.start, touch.start)
                if apart.pair == touch.pair and start < min(apart.stop, touch.stop):
                    raise InputError(
                        touch.name, "pair",
                        f"{apart.name} asks for a gap of {1000 * apart.gap:.1f} mm at "
                        f"frame {start}", "leave one of the two out",
                    )  # fmt: skip


def _check_numbers(name: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise InputError(name, "values", "NaN or infinity", "drop those frames")
    if np.abs(values).max() > MAX_COORDINATE:
        raise InputError(
            name, "values", f"a coordinate of {np.abs(values).max():.0f} m",
            "convert to metres",
        )  # fmt: skip


def _check_frames(name: str, frames: np.ndarray, count: int) -> None:
    outside = frames[(frames < 0) | (frames >= count)]
    if outside.size:
        raise InputError(
            name, "frame", f"{outside[0]}, the motion has 0 to {count - 1}",
            "give a frame inside the motion, or make it longer with seconds",
        )  # fmt: skip


def _pair(pair: tuple[str, str]) -> tuple[str, str]:
    first, second = (parse_point("pair", name) for name in pair)
    if first == second:
        raise InputError("pair", "point", f"{pair[0]} twice", "give two points")
    names = sorted(str(p) for p in (first, second))
    return names[0], names[1]


def _window(start: int, stop: int) -> str:
    return f"frame {start}" if stop == start + 1 else f"frames {start} to {stop - 1}"
