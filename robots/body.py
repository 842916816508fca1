"""`Body`: the waist and arms that carry a robot's hands."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from robots.hand import HandSpec


@dataclass(frozen=True, eq=False)
class Mount:
    """Where a hand is screwed on.

    Attributes:
        link: Link of the body.
        T_link_base: (4, 4) the hand's URDF root in that link.
    """

    link: str
    T_link_base: np.ndarray


@dataclass(frozen=True, eq=False)
class Body:
    """What carries the hands.

    Attributes:
        chain: Joints, limits and capsules, as a hand without fingers; its `side` is
            "body" and its `palm_link` the root, which stands still.
        groups: "waist", "left_arm", … → joint names.
        locked: Groups that stay at rest unless a motion needs them.
        mounts: "left"/"right" → where the hand is.
        armature: (n,) reflected inertia of each joint's rotor [kg·m²].
        root_height: Of the root link above the ground, where it stands still [m]; it
            faces +x of the world.
    """

    chain: HandSpec
    groups: Mapping[str, tuple[str, ...]]
    locked: tuple[str, ...]
    mounts: Mapping[str, Mount]
    armature: np.ndarray
    root_height: float
