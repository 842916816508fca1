"""`RobotSpec`: two hands, and where there is one a body, that move as one robot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from robots.body import Body
from robots.errors import RobotError
from robots.hand import HandSpec


@dataclass(frozen=True)
class ControllerSpec:
    """A controller on the wire.

    Attributes:
        name: e.g. "left_hand_controller".
        interface: "joint_trajectory", "joint_state" or "float64_multi_array".
        joints: Wire names in the order the controller expects.
        topic: Topic relative to the controller, e.g. "joint_trajectory".
    """

    name: str
    interface: Literal["joint_trajectory", "joint_state", "float64_multi_array"]
    joints: tuple[str, ...]
    topic: str


@dataclass(frozen=True, eq=False)
class RobotSpec:
    """A two-handed robot.

    Attributes:
        name: "shadow".
        title: "Shadow Dexterous Hand E3M5".
        folder: Its folder of data.
        hands: "left"/"right" → `HandSpec`.
        groups: Further joint groups (arms, waist), name → wire names; empty for hands
            on free bases.
        base_kind: "free" (hands float on driven wrists) or "arm".
        controllers: What streams on the wire.
        licence: SPDX of the description.
        sources: Where each kind of number comes from.
        sha256: Hash of the folder's data files; binds reports to this description.
        body: Waist and arms; None for hands on free bases.
        thresholds: Name of a threshold of the simulation's checks → this robot's own.
        origins: "left"/"right" → the robot a hand was taken from, where two robots were
            put together ("shadow+inspire"); else empty.
    """

    name: str
    title: str
    folder: Path
    hands: Mapping[str, HandSpec]
    groups: Mapping[str, tuple[str, ...]]
    base_kind: Literal["free", "arm"]
    controllers: tuple[ControllerSpec, ...]
    licence: str
    sources: Mapping[str, str]
    sha256: str
    body: Body | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    origins: Mapping[str, "RobotSpec"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [name for hand in self.hands.values() for name in hand.wire_names]
        names += [name for group in self.groups.values() for name in group]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise RobotError(
                self.folder, "wire_prefix", f"names used twice: {twice}",
                "give each side its own wire_prefix",
            )  # fmt: skip

    @property
    def chains(self) -> tuple[HandSpec, ...]:
        """Every chain of joints there is: the hands, then the body."""
        hands = tuple(self.hands.values())
        return hands if self.body is None else (*hands, self.body.chain)
