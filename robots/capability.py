"""What a robot's `capability.json` says: which contacts it can close, and what lacks.

The file is measured by `python -m retarget.capability NAME`; this reader needs numpy
alone, so that the command line and a ROS machine can show it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from robots.errors import RobotError
from robots.robot import RobotSpec

FILE_NAME = "capability.json"
READABLE = 1.0
"""Margin from which a handshape is told from others [mm]."""


@dataclass(frozen=True)
class Reach:
    """How close two contact points of a robot can come.

    Attributes:
        short_by: Smallest gap between their surfaces [m], 0 where they can touch.
        point_distance: Smallest distance between the points themselves [m]; None for
            contacts between the hands, where free wrists make it 0.
        overlap: Deepest overlap of other links in the touching pose found [m]; 0 if
            there is none.
    """

    short_by: float
    point_distance: float | None
    overlap: float


@dataclass(frozen=True)
class Fit:
    """An average human hand laid over a robot hand.

    Attributes:
        scale: Robot size per human size.
        turn: Angle between the two hand frames [deg].
        offset: Of the wrists, in the robot's hand frame [m].
        residual: RMS distance of fingertips and middle joints, human size [m].
    """

    scale: float
    turn: float
    offset: tuple[float, float, float]
    residual: float


@dataclass(frozen=True)
class Capability:
    """The contacts of a robot.

    Attributes:
        contact_gap: A pair counts as reachable up to this gap [m].
        pairs: Contact pair ("left.thumb_tip|left.index_tip") → `Reach`.
        fits: Side → how an average human hand is laid over the robot's.
        handshapes: Side → name of a recorded handshape → how much nearer the robot's best
            pose is to it than to any other one [mm]; from `READABLE` on it stays
            readable. Empty where they were not measured.
    """

    contact_gap: float
    pairs: Mapping[str, Reach]
    handshapes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    fits: Mapping[str, "Fit"] = field(default_factory=dict)

    @property
    def floors(self) -> dict[str, float]:
        """Pair → smallest gap the kinematics allow [m]."""
        return {pair: reach.short_by for pair, reach in self.pairs.items()}

    @property
    def unreachable(self) -> dict[str, float]:
        """The pairs that cannot come into contact → what lacks [m]."""
        return {p: gap for p, gap in self.floors.items() if gap > self.contact_gap}


def urdf_sha256(robot: RobotSpec) -> str:
    """Hash of both hands' URDFs, which a capability file is measured on."""
    digest = hashlib.sha256()
    for side in ("left", "right"):
        data = robot.hands[side].urdf.read_bytes()
        digest.update(data.replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def read_capability(robot: RobotSpec) -> Capability | None:
    """The robot's measured contacts, or None where nobody has measured them.

    Raises:
        RobotError: The file is damaged, or was measured on other URDFs.
    """
    path = robot.folder / FILE_NAME
    if not path.is_file():
        return None
    command = f"python -m retarget.capability {robot.name}"
    try:
        found = json.loads(path.read_text("utf-8"))
        stale = found["urdf_sha256"] != urdf_sha256(robot)
        pairs = {
            str(pair): Reach(
                float(row["short_by_mm"]) / 1000,
                None
                if row["point_distance_mm"] is None
                else float(row["point_distance_mm"]) / 1000,
                float(row["overlap_mm"]) / 1000,
            )
            for pair, row in found["pairs"].items()
        }
        gap = float(found["contact_gap_mm"]) / 1000
        handshapes = {
            str(side): MappingProxyType({str(k): float(v) for k, v in shapes.items()})
            for side, shapes in found.get("handshapes", {}).items()
        }
        fits = {str(side): _fit(row) for side, row in found.get("fit", {}).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RobotError(
            path, "pairs", f"cannot be read ({error!r})", f"run: {command}"
        ) from None
    if stale:
        raise RobotError(
            path, "urdf_sha256", "was measured on other URDFs", f"run: {command}"
        )
    return Capability(
        gap,
        MappingProxyType(pairs),
        MappingProxyType(handshapes),
        MappingProxyType(fits),
    )


def _fit(row: Mapping[str, Any]) -> Fit:
    x, y, z = (float(value) / 1000 for value in row["offset_mm"])
    return Fit(
        float(row["scale"]), float(row["turn_deg"]), (x, y, z),
        float(row["residual_mm"]) / 1000,
    )  # fmt: skip
