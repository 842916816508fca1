"""Just enough of a URDF for names, limits and mimic laws; kinematics is pinocchio's.

A URDF may come from anywhere, so it is read as foreign input: a DOCTYPE or an entity
declaration is refused before anything is expanded, and so is a mesh path that leaves
the robot's folder.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from robots.errors import RobotError

MAX_BYTES = 20_000_000
"""A larger file is not a URDF that anyone wrote for a hand."""
MAX_LINKS, MAX_DEPTH = 1000, 60
"""Nor is one with more links, or elements within elements."""


@dataclass(frozen=True)
class UrdfJoint:
    """A joint as the URDF declares it.

    Attributes:
        name, kind, parent, child: kind is "revolute", "fixed", …
        lower, upper: [rad].
        effort: [N·m].
        velocity: [rad/s].
        mimic: Source joint, multiplier, offset [rad], or None.
    """

    name: str
    kind: str
    parent: str
    child: str
    lower: float = 0.0
    upper: float = 0.0
    effort: float = 0.0
    velocity: float = 0.0
    mimic: tuple[str, float, float] | None = None


@dataclass(frozen=True)
class Urdf:
    """Links and joints of a URDF.

    Attributes:
        path: The file.
        root: The link that no joint has as child.
        links: All link names.
        massive: Links with an inertial of positive mass.
        joints: Joint name → `UrdfJoint`, in file order.
    """

    path: Path
    root: str
    links: tuple[str, ...]
    massive: frozenset[str]
    joints: dict[str, UrdfJoint]

    @property
    def moving(self) -> tuple[str, ...]:
        """Names of the joints that are not fixed."""
        return tuple(n for n, joint in self.joints.items() if joint.kind != "fixed")


def read_urdf(path: Path) -> Urdf:
    """Read links, joints, limits and mimic laws.

    Raises:
        RobotError: Names the file and what is wrong: unreadable, not XML, DOCTYPE or
            entities, a mesh outside the folder, no single root, a joint kind or a
            limit that cannot be used.
    """
    root = parse_xml(path)
    for mesh in root.iter("mesh"):
        _check_mesh(path, mesh.get("filename", ""))
    return read_links_and_joints(path, root)


def read_links_and_joints(path: Path, root: ElementTree.Element) -> Urdf:
    """Links, joints, limits and mimic laws of a parsed URDF; meshes are not looked at.

    Raises:
        RobotError: As `read_urdf`.
    """
    if len(root.findall("link")) > MAX_LINKS:
        raise RobotError(path, "link", f"more than {MAX_LINKS} links")
    links = [link.get("name", "") for link in root.findall("link")]
    massive = frozenset(
        link.get("name", "")
        for link in root.findall("link")
        if (mass := link.find("inertial/mass")) is not None
        and _number(path, "mass", mass.get("value")) > 0
    )
    joints = {}
    for element in root.findall("joint"):
        joint = _joint(path, element)
        if joint.name in joints:
            raise RobotError(path, joint.name, "joint name used twice")
        joints[joint.name] = joint
    return Urdf(path, _root(path, links, joints), tuple(links), massive, joints)


def parse_xml(path: Path) -> ElementTree.Element:
    """The <robot> element of a foreign file, nothing in it expanded.

    Raises:
        RobotError: Unreadable, too large or too deep, a DOCTYPE or an entity, not XML,
            or not a robot.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RobotError(path, "", f"cannot be read ({error.strerror})") from None
    if len(data) > MAX_BYTES:
        raise RobotError(path, "", f"larger than {MAX_BYTES} bytes")

    def refuse(*_: object) -> None:
        raise RobotError(
            path, "DOCTYPE", "document type and entity declarations are not allowed",
            "delete the <!DOCTYPE …> block",
        )  # fmt: skip

    depth = 0

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise RobotError(path, "", f"elements nested more than {MAX_DEPTH} deep")

    def leave(*_: object) -> None:
        nonlocal depth
        depth -= 1

    scanner = expat.ParserCreate()
    scanner.StartElementHandler = enter
    scanner.EndElementHandler = leave
    scanner.StartDoctypeDeclHandler = refuse
    scanner.EntityDeclHandler = refuse
    try:
        scanner.Parse(data, True)
        root = ElementTree.fromstring(data)
    except (expat.ExpatError, ElementTree.ParseError, ValueError, LookupError) as error:
        raise RobotError(
            path, "", f"not well-formed XML ({error})", "mend the file near that line"
        ) from None
    if root.tag != "robot":
        raise RobotError(path, "robot", f"root element is <{root.tag}>, not <robot>")
    return root


def _check_mesh(path: Path, filename: str) -> None:
    relative = filename.removeprefix("file://")
    folder = path.parent.resolve()
    if "://" in relative:
        raise RobotError(
            path, "mesh", f"{filename!r} needs a package path to be found",
            "write mesh paths relative to the URDF",
        )  # fmt: skip
    if not (folder / relative).resolve().is_relative_to(folder):
        raise RobotError(
            path, "mesh", f"{filename!r} leaves the robot's folder",
            "keep meshes in the folder of the URDF",
        )  # fmt: skip


def _number(path: Path, field: str, text: str | None) -> float:
    try:
        value = float(text if text is not None else "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RobotError(path, field, f"{text!r} is not a finite number")
    return value


def _joint(path: Path, element: ElementTree.Element) -> UrdfJoint:
    name, kind = element.get("name", ""), element.get("type", "")
    parent, child = (
        part.get("link", "") if (part := element.find(tag)) is not None else ""
        for tag in ("parent", "child")
    )
    if kind == "fixed":
        return UrdfJoint(name, kind, parent, child)
    if kind != "revolute":
        raise RobotError(
            path, name, f"joint type {kind!r} cannot be used",
            "make it revolute with limits, or fixed",
        )  # fmt: skip
    limit = element.find("limit")
    if limit is None:
        raise RobotError(path, name, "has no <limit>", "state its limits")
    lower, upper, effort, velocity = (
        _number(path, f"{name} {field}", limit.get(field, default))
        for field, default in (
            ("lower", "0"), ("upper", "0"), ("effort", None), ("velocity", None),
        )
    )  # fmt: skip
    if lower >= upper:
        raise RobotError(path, name, f"lower {lower:g} is not below upper {upper:g}")
    mimic = None
    if (law := element.find("mimic")) is not None:
        mimic = (
            law.get("joint", ""),
            _number(path, f"{name} multiplier", law.get("multiplier", "1")),
            _number(path, f"{name} offset", law.get("offset", "0")),
        )
        if mimic[1] == 0:
            raise RobotError(path, name, "mimic multiplier is 0", "make it fixed")
    return UrdfJoint(name, kind, parent, child, lower, upper, effort, velocity, mimic)


def _root(path: Path, links: list[str], joints: dict[str, UrdfJoint]) -> str:
    """The single root of the tree; checks that it is a tree."""
    if len(set(links)) != len(links):
        raise RobotError(path, "link", "a link name is used twice")
    parent_of: dict[str, str] = {}
    for joint in joints.values():
        for end in (joint.parent, joint.child):
            if end not in links:
                raise RobotError(path, joint.name, f"its link {end!r} does not exist")
        if joint.child in parent_of:
            raise RobotError(path, joint.child, "link is the child of two joints")
        parent_of[joint.child] = joint.parent
    roots = [link for link in links if link not in parent_of]
    if len(roots) != 1:
        raise RobotError(path, "link", f"needs one root link, found {roots}")
    for link in links:
        at = link
        for _ in links:
            at = parent_of.get(at, at)
        if at != roots[0]:
            raise RobotError(path, link, "link is in a loop, not under the root")
    for joint in joints.values():
        if joint.mimic is not None:
            _check_mimic(path, joint, joints)
    return roots[0]


def _check_mimic(path: Path, joint: UrdfJoint, joints: dict[str, UrdfJoint]) -> None:
    at = joint
    for _ in joints:
        if at.mimic is None:
            return
        source = joints.get(at.mimic[0])
        if source is None or source.kind == "fixed":
            raise RobotError(
                path, joint.name, f"mimics {at.mimic[0]!r}, which is no moving joint"
            )
        at = source
    raise RobotError(path, joint.name, "mimic laws go round in a circle")
