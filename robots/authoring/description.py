"""`Link` and `Joint` rows, and the URDF text they make."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from robots.hand import Capsule

Vector = tuple[float, float, float]
ZERO: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Link:
    """A rigid body.

    Attributes:
        name: Link name.
        mass: [kg]; 0 for a frame without mass (a fingertip point).
        com: Centre of mass in the link frame [m].
        inertia: ixx, iyy, izz, ixy, ixz, iyz about the centre of mass [kg·m²].
        com_rpy: Orientation of the inertia's axes [rad].
    """

    name: str
    mass: float = 0.0
    com: Vector = ZERO
    inertia: tuple[float, float, float, float, float, float] = (0, 0, 0, 0, 0, 0)
    com_rpy: Vector = ZERO


@dataclass(frozen=True)
class Joint:
    """A joint; fixed where it has no axis.

    Attributes:
        name, parent, child: Joint and link names.
        xyz, rpy: Joint frame in the parent link [m, rad].
        axis: Axis in the joint frame.
        limits: lower, upper [rad], effort [N·m], velocity [rad/s].
        mimic: Source joint and multiplier.
        mimic_offset: The law's constant [rad].
    """

    name: str
    parent: str
    child: str
    xyz: Vector = ZERO
    rpy: Vector = ZERO
    axis: Vector | None = None
    limits: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    mimic: tuple[str, float] | None = None
    mimic_offset: float = 0.0


@dataclass(frozen=True)
class Description:
    """One side of a robot: its links (root first), joints and a note for the file."""

    name: str
    note: str
    links: Sequence[Link]
    joints: Sequence[Joint]

    def to_urdf(self, capsules: Sequence[Capsule]) -> str:
        """The URDF text; a capsule becomes a cylinder and two spheres."""
        lines = ['<?xml version="1.0"?>', f"<!-- {self.note} -->"]
        lines += [f"<robot name={quoteattr(self.name)}>"]
        for link in self.links:
            shapes = [
                text
                for capsule in capsules
                if capsule.link == link.name
                for text in _capsule(capsule)
            ]
            body = [*_inertial(link), *shapes]
            if body:
                lines += [f"  <link name={quoteattr(link.name)}>"]
                lines += [f"    {text}" for text in body] + ["  </link>"]
            else:
                lines += [f"  <link name={quoteattr(link.name)}/>"]
        for joint in self.joints:
            kind = "fixed" if joint.axis is None else "revolute"
            lines += [f'  <joint name={quoteattr(joint.name)} type="{kind}">']
            lines += [f"    {text}" for text in _joint(joint)] + ["  </joint>"]
        return "\n".join([*lines, "</robot>", ""])


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value + 0.0:.12g}" for value in values)


def _origin(xyz: Vector, rpy: Vector) -> str:
    return f'<origin xyz="{_numbers(xyz)}" rpy="{_numbers(rpy)}"/>'


def _inertial(link: Link) -> list[str]:
    if link.mass == 0:
        return []
    names = ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
    moments = " ".join(f'{n}="{v + 0.0:.12g}"' for n, v in zip(names, link.inertia))
    return [
        "<inertial>",
        f"  {_origin(link.com, link.com_rpy)}",
        f'  <mass value="{link.mass:.12g}"/>',
        f"  <inertia {moments}/>",
        "</inertial>",
    ]


def _joint(joint: Joint) -> list[str]:
    lines = [
        f"<parent link={quoteattr(joint.parent)}/>",
        f"<child link={quoteattr(joint.child)}/>",
        _origin(joint.xyz, joint.rpy),
    ]
    if joint.axis is None:
        return lines
    lower, upper, effort, velocity = (f"{v:.12g}" for v in joint.limits)
    lines += [
        f'<axis xyz="{_numbers(joint.axis)}"/>',
        f'<limit lower="{lower}" upper="{upper}" effort="{effort}" '
        f'velocity="{velocity}"/>',
    ]
    if joint.mimic is not None:
        source, multiplier = joint.mimic
        lines += [
            f'<mimic joint={quoteattr(source)} multiplier="{multiplier:.12g}" '
            f'offset="{joint.mimic_offset:.12g}"/>'
        ]
    return lines


def _capsule(capsule: Capsule) -> list[str]:
    """The collision shapes of one capsule."""
    (ax, ay, az), (bx, by, bz) = capsule.a, capsule.b
    dx, dy, dz = bx - ax, by - ay, bz - az
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    radius = f"{capsule.radius:.12g}"
    shapes = [(capsule.a, ZERO, f'<sphere radius="{radius}"/>')]
    if length > 0:
        # R_z(yaw) R_y(pitch) turns the cylinder's z axis onto the segment.
        pitch, yaw = math.acos(dz / length), math.atan2(dy, dx)
        middle = tuple(round((p + q) / 2, 9) for p, q in zip(capsule.a, capsule.b))
        cylinder = f'<cylinder radius="{radius}" length="{length:.9g}"/>'
        shapes += [
            (middle, (0.0, pitch, yaw), cylinder),
            (capsule.b, ZERO, f'<sphere radius="{radius}"/>'),
        ]
    return [
        f"<collision>{_origin(xyz, rpy)}<geometry>{shape}</geometry></collision>"
        for xyz, rpy, shape in shapes
    ]
