"""Editing: a span, a hand or a finger of a motion is drawn anew, the rest stays."""

import numpy as np

from handx_gen.control.constraints import Constraints, Values
from handx_gen.control.points import parse_points
from handx_gen.errors import InputError
from handx_gen.motion import BimanualMotion


def editing(
    name: str,
    motion: BimanualMotion,
    change: str = "",
    start: int = 0,
    stop: int | None = None,
) -> Constraints:
    """Everything of a motion but the part that shall be drawn anew.

    Args:
        name: For messages.
        motion: The motion to edit.
        change: What changes, e.g. "right", "left.index"; both hands by default. A finger
            that changes keeps its knuckle, which belongs to the palm.
        start, stop: The frames that change, start ≤ f < stop; all by default.

    Raises:
        InputError: The span or the name is not in the motion.
    """
    stop = len(motion) if stop is None else stop
    if not 0 <= start < stop <= len(motion):
        raise InputError(
            name,
            "span",
            f"{start} to {stop - 1}, the motion has 0 to {len(motion) - 1}",
        )
    fresh = np.zeros((len(motion), 2, 21), bool)
    fresh[start:stop] = parse_points(name, change, palm=False) if change else True
    kept = ~fresh & motion.present[:, None]
    if not kept.any():
        return Constraints(len(motion), fps=motion.fps)
    frames = np.arange(len(motion))
    values = Values(name, frames, motion.joints, kept, motion.fps)
    return Constraints(len(motion), (values,), fps=motion.fps)
