"""Options that say what a drawn motion must hold, and their reading.

Where something is asked follows an "@": a frame (30), frames (30-40), or seconds (1.2s,
1s-1.5s); frames count from 0. Files are `motion.npz` files and tables (CSV).
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handx_gen.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from handx_gen.control import Constraints, Relation, Turned, Values
    from handx_gen.motion import BimanualMotion
    from handx_gen.prompt import Plan

FPS = 30.0
LENGTH = 60
"""Frames of a motion that nothing says the length of."""

COLUMNS = ("side", "frame", "x", "y", "z")
TURN = ("qw", "qx", "qy", "qz")


@dataclass(frozen=True, kw_only=True)
class Control:
    """What the motion must hold."""

    keyframe: tuple[str, ...] = ()
    """FILE@FRAME[,PART]: both hands, or a part, as in a motion's frame of that number.
    FILE#FROM@FRAME takes frame FROM instead; FILE@0-9 keeps a span (in-betweening)."""
    hold: tuple[str, ...] = ()
    """FILE[@SIDE]: the whole motion of one hand; the other one reacts."""
    wrist_path: tuple[Path, ...] = ()
    """Table with columns side, frame, x, y, z [m] and, if palms are turned, qw to qz."""
    target: tuple[str, ...] = ()
    """POINT=X,Y,Z@WHEN: where a joint is [m], e.g. left.index_tip=0,0.1,0.05@30."""
    touch: tuple[str, ...] = ()
    """POINT,POINT@WHEN: what touches, e.g. left.index_tip,right.thumb_tip@1.2s."""
    apart: tuple[str, ...] = ()
    """POINT,POINT[=MM]@WHEN: what keeps a gap, 10 mm if not said."""
    edit: Path | None = None
    """A motion to change; what --change does not name stays equal to the bit."""
    change: str = ""
    """With --edit: PART and span to draw anew, e.g. 20-40, left.index, right@1s-2s."""

    @property
    def asked(self) -> bool:
        """Whether any option is given."""
        asked = (self.keyframe, self.hold, self.wrist_path, self.target, self.touch)
        return any((*asked, self.apart, self.edit, self.change))

    def constraints(
        self, seconds: float | None = None, plan: "Plan | None" = None
    ) -> "Constraints":
        """The options as constraints.

        The motion is as long as `seconds` or the plan's segments say, else as a motion
        that is held or edited, else two seconds.

        Raises:
            InputError: An option, or what its file holds, cannot be used.
        """
        from handx_gen.control import Constraints, editing
        from handx_gen.control.timing import easy_frames
        from handx_gen.motion import BimanualMotion

        if self.change and self.edit is None:
            raise InputError("--change", "", "nothing to change", "give --edit FILE")
        edited = BimanualMotion.load(self.edit) if self.edit else None
        held = [_held(text) for text in self.hold]
        lengths = {name: len(motion) for name, motion, _ in held}
        if edited is not None:
            lengths[str(self.edit)] = len(edited)
        if seconds is not None:
            lengths["--seconds"] = round(seconds * FPS)
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{name} {n}" for name, n in lengths.items())
            raise InputError(
                "constraints", "frames", f"lengths that differ: {said}",
                "cut them to one length, or leave --seconds out",
            )  # fmt: skip
        usual = easy_frames(plan, LENGTH, FPS) if plan else LENGTH
        total = next(iter(lengths.values()), usual)

        values: list[Values] = []
        for name, motion, side in held:
            frames = _all(len(motion))
            values.append(_values().of_motion(name, motion, frames, points=side))
        values += [_keyframe(text) for text in self.keyframe]
        values += [_target(text) for text in self.target]
        turned: list[Turned] = []
        for path in self.wrist_path:
            places, turns = _wrist_path(path)
            values, turned = values + places, turned + turns
        relations = [_relation("--touch", t) for t in self.touch]
        relations += [_relation("--apart", t) for t in self.apart]
        fps = FPS
        if edited is not None:
            part, start, stop = _change(self.change)
            kept = editing(f"--edit {self.edit}", edited, part, start, stop)
            values, fps = [*kept.values, *values], edited.fps
        return Constraints(total, tuple(values), tuple(turned), tuple(relations), fps)


def _values() -> "type[Values]":
    from handx_gen.control import Values

    return Values


def _all(count: int) -> "np.ndarray":
    import numpy as np

    return np.arange(count)


def _held(text: str) -> "tuple[str, BimanualMotion, str]":
    from handx_gen.motion import BimanualMotion
    from handx_gen.skeleton import SIDES

    file, _, side = text.partition("@")
    name = f"--hold {text}"
    motion = BimanualMotion.load(file)
    if not side and motion.present.all():
        raise InputError(
            name, "side", "the motion has both hands", f"say which: {file}@left"
        )
    side = side or SIDES[int(motion.present.argmax())]
    if side not in SIDES:
        raise InputError(name, "side", f"{side!r}", "left or right")
    return name, motion, side


def _keyframe(text: str) -> "Values":
    from handx_gen.motion import BimanualMotion

    name = f"--keyframe {text}"
    file, mark, rest = text.rpartition("@")
    if not mark:
        raise InputError(name, "frame", "missing", "e.g. f.npz@30")
    when, _, part = rest.partition(",")
    start, stop = _when(name, when)
    file, mark, source = file.partition("#")
    motion = BimanualMotion.load(file)
    frames = _all(stop)[start:]
    first = start
    if mark:
        first, _ = _when(name, source)
    elif len(motion) == 1 and len(frames) == 1:
        first = 0
    taken = frames - start + first
    return _values().of_motion(name, motion, frames, taken, part)


def _target(text: str) -> "Values":
    name = f"--target {text}"
    what, _, when = text.partition("@")
    point, _, place = what.partition("=")
    try:
        position = [float(number) for number in place.split(",")]
    except ValueError:
        position = []
    if len(position) != 3:
        raise InputError(name, "place", f"{place!r}", "three numbers x,y,z in metres")
    start, stop = _when(name, when)
    import numpy as np

    return _values().of_point(name, point, _all(stop)[start:], np.array(position))


def _relation(option: str, text: str) -> "Relation":
    from handx_gen.control import Apart, Touch

    name = f"{option} {text}"
    what, _, when = text.partition("@")
    points, _, gap = what.partition("=")
    pair = tuple(points.split(","))
    if len(pair) != 2:
        raise InputError(
            name, "points", f"{points!r}", "two points, e.g. left.index_tip,right.palm"
        )
    start, stop = _when(name, when)
    if option == "--touch":
        if gap:
            raise InputError(name, "gap", f"{gap!r}", "touching has none: leave it out")
        return Touch(pair, start, stop)
    try:
        return Apart(pair, start, stop, float(gap or 10) / 1000)
    except ValueError:
        raise InputError(name, "gap", f"{gap!r}", "millimetres") from None


def _change(text: str) -> tuple[str, int, int | None]:
    """`[PART@]WHEN` or `PART` → part, first and last frame."""
    part, mark, when = text.rpartition("@")
    if not mark and not text[:1].isdigit():
        return text, 0, None
    start, stop = _when(f"--change {text}", when)
    return part, start, stop


def _when(name: str, text: str) -> tuple[int, int]:
    """A frame, frames or seconds → first frame and the one after the last."""
    first, mark, last = text.partition("-")
    try:
        frames = [_frame(part) for part in ([first, last] if mark else [first])]
    except ValueError:
        raise InputError(
            name, "time", f"{text!r}", "e.g. @30, @30-40, @1.2s or @1s-1.5s"
        ) from None
    if frames[-1] < frames[0]:
        raise InputError(name, "time", f"{text} goes backwards")
    return frames[0], frames[-1] + 1


def _frame(text: str) -> int:
    if text.endswith("s"):
        return round(float(text[:-1]) * FPS)
    return int(text)


def _wrist_path(path: Path) -> "tuple[list[Values], list[Turned]]":
    import numpy as np

    from handx_gen.control import Turned
    from handx_gen.skeleton import SIDES

    name = f"--wrist-path {path}"
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, skipinitialspace=True)
            columns, lines = tuple(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(name, "", f"cannot be read ({error})") from error
    turns = all(c in columns for c in TURN)
    if missing := [c for c in COLUMNS if c not in columns]:
        raise InputError(
            name, missing[0], "no such column",
            f"the first line names {', '.join(COLUMNS)} and, for palms, "
            f"{', '.join(TURN)}",
        )  # fmt: skip
    values, turned = [], []
    for side in SIDES:
        rows = [r for r in lines if (r["side"] or "").strip() == side]
        try:
            frames = np.array([int(r["frame"]) for r in rows], int)
            place = np.array([[float(r[c]) for c in "xyz"] for r in rows])
            quat = np.array([[float(r[c]) for c in TURN] for r in rows if turns])
        except (TypeError, ValueError) as error:
            raise InputError(name, side, f"not numbers ({error})") from error
        if not rows:
            continue
        values.append(_values().of_point(name, f"{side}.wrist", frames, place))
        if turns:
            turned.append(Turned(name, side, frames, _rotations(name, quat)))
    odd = {(r["side"] or "").strip() for r in lines} - set(SIDES)
    if odd or not values:
        raise InputError(name, "side", f"{sorted(odd) or 'no lines'}", "left or right")
    return values, turned


def _rotations(name: str, quat: "np.ndarray") -> "np.ndarray":
    """Unit quaternions wxyz (K, 4) → (K, 3, 3)."""
    import numpy as np

    length = np.linalg.norm(quat, axis=1)
    if not np.isfinite(quat).all() or np.abs(length - 1).max() > 1e-2:
        raise InputError(
            name, "qw", "a quaternion that is not of unit length", "normalise it"
        )
    w, x, y, z = (quat / length[:, None]).T
    return np.stack(
        [
            1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
            2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
            2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
        ],
        -1,
    ).reshape(-1, 3, 3)  # fmt: skip
