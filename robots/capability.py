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
    if robot.origins:
        return _put_together(robot)
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


def _put_together(robot: RobotSpec) -> Capability | None:
    """Of two robots' hands: each hand's own contacts are known.

    A touch between the hands asks of each point whether it can stand out in front of the
    rest of its own hand, so two hands reach it as well as the worse of them does.
    """
    found = {side: read_capability(origin) for side, origin in robot.origins.items()}
    left, right = found["left"], found["right"]
    if left is None or right is None:
        return None
    pairs: dict[str, Reach] = {}
    for side, own in found.items():
        for pair, reach in own.pairs.items():
            ends = {point.split(".")[0] for point in pair.split("|")}
            if ends == {side}:
                pairs[pair] = reach
    for pair in left.pairs.keys() & right.pairs.keys() - pairs.keys():
        if len({point.split(".")[0] for point in pair.split("|")}) == len(found):
            pairs[pair] = max(left.pairs[pair], right.pairs[pair], key=_short_by)
    return Capability(
        left.contact_gap,
        MappingProxyType(dict(sorted(pairs.items()))),
        MappingProxyType({side: c.handshapes.get(side, {}) for side, c in found.items()}),
        MappingProxyType({side: c.fits[side] for side, c in found.items() if side in c.fits}),
    )  # fmt: skip


def _short_by(reach: Reach) -> float:
    return reach.short_by


def _fit(row: Mapping[str, Any]) -> Fit:
    x, y, z = (float(value) / 1000 for value in row["offset_mm"])
    return Fit(
        float(row["scale"]), float(row["turn_deg"]), (x, y, z),
        float(row["residual_mm"]) / 1000,
    )  # fmt: skip
