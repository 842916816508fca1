"""`HandSpec`: everything the rest of the system knows about one robot hand.

The *hand frame* is the anatomical frame every hand shares, human or robot, left or
right: origin at the wrist, +y from the wrist to the middle finger's knuckle, +z out of
the back of the hand, +x = y × z (so the thumb points to −x on a right hand and to +x
on a left one). `T_palm_hand` places it in the palm link.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robots.errors import RobotError


@dataclass(frozen=True)
class Mimic:
    """A coupled joint: q = multiplier · q_source + offset [rad]."""

    source: str
    multiplier: float
    offset: float = 0.0


@dataclass(frozen=True)
class Finger:
    """One finger of a robot hand.

    Attributes:
        name: "thumb", "index", "middle", "ring" or "pinky".
        joints: Its moving joints, proximal to distal.
        links: Its links, proximal to distal.
        tip_link: Link (URDF frame) whose origin is the fingertip point.
        middle_link: Link whose origin is the finger's middle joint (PIP, thumb MCP/IP).
        pad_radius: Radius of the fingertip about the tip point [m].
    """

    name: str
    joints: tuple[str, ...]
    links: tuple[str, ...]
    tip_link: str
    middle_link: str
    pad_radius: float


@dataclass(frozen=True)
class Capsule:
    """A capsule fixed to a link: segment a–b in the link's frame [m], radius [m]."""

    link: str
    a: tuple[float, float, float]
    b: tuple[float, float, float]
    radius: float


@dataclass(frozen=True)
class Box:
    """A box with rounded edges, fixed to a link.

    Attributes:
        link: The link.
        centre: In the link's frame [m].
        rpy: Its orientation in the link, roll, pitch, yaw as in a URDF [rad].
        half: Half edges of the core [m]; 0 is allowed, so that a core may be a point, a
            segment or a plate.
        radius: The core is grown by this on all sides [m].
    """

    link: str
    centre: tuple[float, float, float]
    rpy: tuple[float, float, float]
    half: tuple[float, float, float]
    radius: float


@dataclass(frozen=True, eq=False)
class Gains:
    """Servo gains per actuated joint: kp [N·m/rad], kv [N·m·s/rad]; and how found."""

    kp: np.ndarray
    kv: np.ndarray
    source: str


@dataclass(frozen=True, eq=False)
class HandSpec:
    """One robot hand, from its folder of data (loaded by `robots.load_robot`).

    Attributes:
        name: Robot name ("shadow").
        side: "left" or "right".
        urdf: Path of this side's URDF, the only source of kinematics.
        joint_names: All n moving joints in canonical order.
        actuated: The joints with an actuator, in canonical order.
        mimic: Coupled joint → its law.
        lower, upper: (n,) position limits [rad], an actuated joint's box already
            intersected with what its mimic children allow.
        velocity_limit_urdf: (n,) the URDF's figures [rad/s].
        velocity_limit: (n,) what is enforced [rad/s], intersected likewise.
        velocity_source: Where `velocity_limit` comes from; says "placeholder" if so.
        acceleration_limit: (n,) [rad/s²].
        effort_limit: (n,) [N·m].
        fingers: Finger name → `Finger`, thumb first; may have 3 to 5.
        palm_link: Link that carries the palm.
        T_palm_hand: (4, 4) the hand frame in the palm link.
        palm_points: (P, 3) points on the palm's skin, in the hand frame [m].
        capsules: Collision proxies, within the skin.
        rest_pose: (n,) a relaxed open hand [rad], inside the limits.
        gains: Servo gains of the actuated joints.
        wire_prefix: Put before joint names on the wire, e.g. "lh_".
        boxes: On links that have some, they collide in place of their capsules: the
            vendor's collision shapes, which are thicker than the skin.
    """

    name: str
    side: str
    urdf: Path
    joint_names: tuple[str, ...]
    actuated: tuple[str, ...]
    mimic: Mapping[str, Mimic]
    lower: np.ndarray
    upper: np.ndarray
    velocity_limit_urdf: np.ndarray
    velocity_limit: np.ndarray
    velocity_source: str
    acceleration_limit: np.ndarray
    effort_limit: np.ndarray
    fingers: Mapping[str, Finger]
    palm_link: str
    T_palm_hand: np.ndarray
    palm_points: np.ndarray
    capsules: tuple[Capsule, ...]
    rest_pose: np.ndarray
    gains: Gains
    wire_prefix: str
    boxes: tuple[Box, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.joint_names)
        for field in (
            "lower", "upper", "velocity_limit_urdf", "velocity_limit",
            "acceleration_limit", "effort_limit", "rest_pose",
        ):  # fmt: skip
            value = np.array(getattr(self, field), float)
            if value.shape != (count,) or not np.isfinite(value).all():
                raise RobotError(self.urdf, field, f"needs {count} finite numbers")
            value.setflags(write=False)
            object.__setattr__(self, field, value)
        if (self.lower > self.upper).any():
            raise RobotError(
                self.urdf, "lower", "a lower limit is above its upper limit"
            )
        outside = (self.rest_pose < self.lower) | (self.rest_pose > self.upper)
        if outside.any():
            name = self.joint_names[int(np.flatnonzero(outside)[0])]
            raise RobotError(self.urdf, "rest_pose", f"{name} is outside its limits")
        if set(self.actuated) | set(self.mimic) != set(self.joint_names):
            raise RobotError(
                self.urdf, "actuated", "every joint must be actuated or mimic another"
            )

    @property
    def solids(self) -> tuple[Capsule | Box, ...]:
        """What keeps out of what: boxes on links that state some, else capsules.

        Capsules come before boxes, each in the order of hand.toml.
        """
        boxed = {box.link for box in self.boxes}
        capsules = tuple(c for c in self.capsules if c.link not in boxed)
        return (*capsules, *self.boxes)

    @property
    def wire_names(self) -> tuple[str, ...]:
        """Joint names as they go on the wire, unique across both hands."""
        return tuple(self.wire_prefix + name for name in self.joint_names)

    @property
    def actuated_index(self) -> np.ndarray:
        """(m,) index of each actuated joint in `joint_names`."""
        return np.array([self.joint_names.index(name) for name in self.actuated])

    @property
    def expansion(self) -> tuple[np.ndarray, np.ndarray]:
        """The linear mimic map: q = M @ q_actuated + c, M (n, m), c (n,) [rad].

        A mimic of a mimic is followed to its actuated source.
        """
        count, actuated = len(self.joint_names), list(self.actuated)
        matrix, constant = np.zeros((count, len(actuated))), np.zeros(count)
        for row, joint in enumerate(self.joint_names):
            multiplier, offset = 1.0, 0.0
            while joint in self.mimic:
                law = self.mimic[joint]
                offset += multiplier * law.offset
                multiplier *= law.multiplier
                joint = law.source
            matrix[row, actuated.index(joint)] = multiplier
            constant[row] = offset
        return matrix, constant

    def expand(self, q_actuated: np.ndarray) -> np.ndarray:
        """(..., m) actuated joints → (..., n) all joints [rad]."""
        matrix, constant = self.expansion
        return q_actuated @ matrix.T + constant
