"""Constraints that cannot hold together are refused, with the number that says why."""

import numpy as np

from handx_gen.control.constraints import Apart, Constraints, Given, Touch
from handx_gen.control.points import gap, parse_point
from handx_gen.errors import InputError
from handx_gen.skeleton import BONE_INDEX, BONES, JOINTS, SIDES

TOLERANCE = 0.001
"""Largest distance by which a constraint may be missed before the copy [m]."""

RECORDED = 3.0
"""Recorded bones vary: that many times their spread is taken for measurement noise."""

BONE_RANGE = (0.005, 0.16)
"""Lengths that a bone of a human hand, palm bones included, may have [m]."""

BONE_SPREAD = 0.6
"""Share of its median by which one given bone may vary; webcams see 0.3 now and then."""

FASTEST = 12.0
"""Speed that a wrist may need between two given frames [m/s]."""


def refuse_bad_values(given: Given, fps: float) -> float:
    """Check given values against one another.

    Args:
        given: The values.
        fps: Rate of the motion [Hz].

    Returns:
        How much given bones vary about their median [m], 0 where none can be measured.

    Raises:
        InputError: They are no hand, not one hand, or move too fast.
    """
    wobble = 0.0
    for side in (0, 1):
        hand, mask = given.joints[:, side], given.mask[:, side]
        for (a, b), name in zip(BONE_INDEX, BONES, strict=True):
            frames = np.flatnonzero(mask[:, a] & mask[:, b])
            if not frames.size:
                continue
            length = np.linalg.norm(hand[frames, a] - hand[frames, b], axis=-1)
            field = f"{SIDES[side]} {name[0]}–{name[1]}"
            low, high = BONE_RANGE
            odd = (length < low) | (length > high)
            if odd.any():
                k = int(odd.argmax())
                raise InputError(
                    "constraints", field,
                    f"{1000 * length[k]:.0f} mm long in frame {frames[k]}, a hand's is "
                    f"{1000 * low:.0f} to {1000 * high:.0f} mm",
                    "give joints of one hand in metres",
                )  # fmt: skip
            middle = float(np.median(length))
            off = np.abs(length - middle)
            if off.max() > BONE_SPREAD * middle:
                k = int(off.argmax())
                raise InputError(
                    "constraints", field,
                    f"{1000 * length[k]:.0f} mm long in frame {frames[k]}, "
                    f"{1000 * middle:.0f} mm in others", "give one person's hand",
                )  # fmt: skip
            wobble = max(wobble, float(np.quantile(off, 0.9)))
        frames = np.flatnonzero(mask[:, 0])
        if len(frames) > 1:
            way = np.linalg.norm(np.diff(hand[frames, 0], axis=0), axis=-1)
            speed = way * fps / np.diff(frames)
            if speed.max() > FASTEST:
                k = int(speed.argmax())
                raise InputError(
                    "constraints", f"{SIDES[side]}.wrist",
                    f"{speed[k]:.0f} m/s from frame {frames[k]} to {frames[k + 1]}, at "
                    f"most {FASTEST:.0f}", "give it more time or less way",
                )  # fmt: skip
    return wobble


def refuse_unmet(joints: np.ndarray, constraints: Constraints, wobble: float) -> None:
    """Check that the solved hands reach what was asked.

    Args:
        joints: (T, 2, 21, 3) [m] of the hand model, before given values are copied in.
        constraints: What was asked.
        wobble: From `refuse_bad_values`.

    Raises:
        InputError: A given joint is out of the hand's reach, or a relation fails.
    """
    given = constraints.given
    off = np.linalg.norm(joints - given.joints, axis=-1) * given.mask
    # A whole hand needs no reaching: it is the given one, whatever its bones.
    off *= ~given.mask.all(2, keepdims=True)
    if off.max() > TOLERANCE + RECORDED * wobble:
        frame, side, joint = np.unravel_index(off.argmax(), off.shape)
        raise InputError(
            "constraints", f"{SIDES[side]}.{JOINTS[joint]}",
            f"stays {1000 * off.max():.1f} mm away in frame {frame}: out of reach of "
            "the hand with the rest of what is given",
            "move it nearer, or give less of the hand",
        )  # fmt: skip
    final = np.where(given.mask[..., None], given.joints, joints)
    for relation in constraints.relations:
        points = tuple(parse_point(relation.name, p) for p in relation.pair)
        there = gap(points[0], points[1], final[relation.start : relation.stop])
        if isinstance(relation, Touch):
            miss, wanted = np.abs(there), "touch"
        else:
            assert isinstance(relation, Apart)
            wanted = f"keep {1000 * relation.gap:.0f} mm apart"
            miss = np.maximum(relation.gap - there, 0)
        if miss.max() > TOLERANCE:
            frame = int(miss.argmax())
            raise InputError(
                "constraints", ", ".join(relation.pair),
                f"a gap of {1000 * there[frame]:.1f} mm in frame "
                f"{relation.start + frame} where they should {wanted}",
                "give less of the hands there, or ask for another time",
            )  # fmt: skip
