"""Whose hands they are: the bones of a motion with constraints.

The bones are those of the hand that is given, measured where they can be: a bone where
both its ends are given, the palm where the wrist and all five bases are, as the median
over those frames. A hand of which nothing is given is taken to be like the other one if
that is given as a whole; people's two hands differ by a percent or two. What is left is
as the motion was drawn.
"""

import numpy as np

from handx_gen.control.constraints import Given
from handx_gen.hand_model import HandShape, fit
from handx_gen.skeleton import CHAIN_INDEX, FINGERS

PALM = np.array([0, *(CHAIN_INDEX[f][1] for f in FINGERS)])


def bodies(joints: np.ndarray, given: Given) -> tuple[HandShape, HandShape]:
    """Bones of the left and the right hand.

    Args:
        joints: (T, 2, 21, 3) [m], the drawn motion.
        given: What the constraints give of it.
    """
    whole = given.mask.all(2)  # (T, 2)
    shapes = []
    for side in (0, 1):
        source = side if whole[:, side].any() or not whole.any() else 1 - side
        if whole[:, source].any() and not given.mask[:, side].any(0)[PALM].all():
            shapes.append(_shape(given.joints[whole[:, source], source], source))
            continue
        drawn = _shape(joints[:, side], side)
        shapes.append(
            _measured(drawn, given.joints[:, side], given.mask[:, side], side)
        )
    return shapes[0], shapes[1]


def _shape(hand: np.ndarray, side: int) -> HandShape:
    return fit(np.asarray(hand, float), side, iterations=0).shape


def _measured(
    drawn: HandShape, hand: np.ndarray, mask: np.ndarray, side: int
) -> HandShape:
    """`drawn` with the bones that are given put in."""
    bases, lengths = drawn.bases.copy(), drawn.lengths.copy()
    palm = mask[:, PALM].all(1)
    if palm.any():
        bases = _shape(hand[palm], side).bases
    for k, finger in enumerate(FINGERS):
        chain = CHAIN_INDEX[finger]
        for bone in range(3):
            ends = chain[bone + 1 : bone + 3]
            both = mask[:, ends].all(1)
            if both.any():
                bone_vectors = np.diff(hand[both][:, ends], axis=1)[:, 0]
                length = np.linalg.norm(bone_vectors, axis=-1)
                lengths[k, bone] = np.median(length)
    return HandShape(bases, lengths)
