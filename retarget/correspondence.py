"""Which human joint belongs to which point of a robot hand."""

from functools import lru_cache

import numpy as np

from handx_gen.skeleton import CHAINS, JOINT
from retarget.configuration import HandModel, Points


@lru_cache(maxsize=32)
def finger_points(model: HandModel) -> Points:
    """Fingertips, then middle joints, in the order of the spec's fingers."""
    fingers = model.spec.fingers.values()
    tips = [(finger.tip_link, np.zeros(3)) for finger in fingers]
    middles = [(finger.middle_link, np.zeros(3)) for finger in fingers]
    return model.points(tips + middles)


def human_points(model: HandModel) -> np.ndarray:
    """Indices of the human joints that `finger_points` should meet.

    A finger's middle joint is its PIP, a thumb's its MCP.
    """
    names = list(model.spec.fingers)
    tips = [JOINT[f"{name}_tip"] for name in names]
    return np.array(tips + [JOINT[CHAINS[name][2]] for name in names])
