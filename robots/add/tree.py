"""A URDF as a tree of numbers: joint placements, axes, shapes and masses; numpy FK.

Everything that `robots.urdf` refuses is refused here too; on top of it every number
that places something must be finite.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from robots.errors import RobotError
from robots.rotations import about, from_rpy
from robots.urdf import UrdfJoint, parse_xml, read_links_and_joints

MAX_LENGTH = 10.0
"""A hand's joint further from its parent than this is a mistake of units [m]."""

MAX_MESHES = 300
"""More are no hand's, nor a humanoid's."""


@dataclass(frozen=True, eq=False)
class Shape:
    """A visual or collision shape.

    Attributes:
        T_link_shape: (4, 4) its frame in the link.
        kind: "mesh", "box", "sphere" or "cylinder".
        size: Box edges, (radius,), or (radius, length) [m]; a mesh's scale.
        filename: Of a mesh, as written.
    """

    T_link_shape: np.ndarray
    kind: str
    size: tuple[float, ...]
    filename: str = ""


@dataclass(frozen=True, eq=False)
class TreeLink:
    """A rigid body: mass [kg], centre of mass [m], inertia about it [kg·m²], shapes.

    `inertia` (3, 3) is in the link's axes; mass 0 where the URDF states none.
    """

    name: str
    mass: float
    com: np.ndarray
    inertia: np.ndarray
    visuals: tuple[Shape, ...]
    collisions: tuple[Shape, ...]


@dataclass(frozen=True, eq=False)
class TreeJoint:
    """A joint: what the URDF says, its frame in the parent link, its unit axis."""

    urdf: UrdfJoint
    T_parent_joint: np.ndarray
    xyz: tuple[float, float, float]
    rpy: tuple[float, float, float]
    axis: np.ndarray

    @property
    def name(self) -> str:
        """Joint name."""
        return self.urdf.name

    @property
    def moves(self) -> bool:
        """Whether it is not fixed."""
        return self.urdf.kind != "fixed"


@dataclass(frozen=True, eq=False)
class Tree:
    """Links and joints of a URDF, parents before children.

    Attributes:
        path: The file.
        root: Root link.
        links: Link name → `TreeLink`.
        joints: Joints, each after the joint of its parent link.
    """

    path: Path
    root: str
    links: Mapping[str, TreeLink]
    joints: tuple[TreeJoint, ...]

    def joint_of(self, link: str) -> TreeJoint | None:
        """The joint whose child is `link`; None for the root."""
        return self._by_child.get(link)

    def children(self, link: str) -> list[TreeJoint]:
        """Joints that hang on a link."""
        return [joint for joint in self.joints if joint.urdf.parent == link]

    @property
    def _by_child(self) -> dict[str, TreeJoint]:
        return {joint.urdf.child: joint for joint in self.joints}

    def body(self, link: str) -> list[str]:
        """The links welded to `link` by fixed joints, itself included, root side first."""
        top, by_child = link, self._by_child
        while top in by_child and not by_child[top].moves:
            top = by_child[top].urdf.parent
        found = [top]
        for name in found:
            found += [j.urdf.child for j in self.children(name) if not j.moves]
        return found

    def forward(self, angles: Mapping[str, float]) -> dict[str, np.ndarray]:
        """Link → (4, 4) in the root link.

        Args:
            angles: Joint → angle [rad]; a joint not named stays at 0, a coupled joint
                follows its source whatever is given for it.
        """
        laws = {j.name: j.urdf.mimic for j in self.joints}

        def angle(name: str) -> float:
            law = laws[name]
            if law is None:
                return angles.get(name, 0.0)
            return law[1] * angle(law[0]) + law[2]

        poses = {self.root: np.eye(4)}
        for joint in self.joints:
            pose = poses[joint.urdf.parent] @ joint.T_parent_joint
            if joint.moves:
                turn = np.eye(4)
                turn[:3, :3] = about(joint.axis, angle(joint.name))
                pose = pose @ turn
            poses[joint.urdf.child] = pose
        return poses

    def renamed(self, names: Mapping[str, str]) -> "Tree":
        """The same tree with some links called otherwise."""

        def name(link: str) -> str:
            return names.get(link, link)

        links = {name(k): replace(v, name=name(k)) for k, v in self.links.items()}
        joints = tuple(
            replace(
                j,
                urdf=replace(
                    j.urdf, parent=name(j.urdf.parent), child=name(j.urdf.child)
                ),
            )
            for j in self.joints
        )
        return Tree(self.path, name(self.root), links, joints)

    def boxes(self) -> dict[str, tuple[float, float]]:
        """Moving joint → limits [rad], a source's cut down to what its followers allow.

        Raises:
            RobotError: Nothing is left of a joint's range.
        """
        laws = {j.name: j.urdf.mimic for j in self.joints}
        found = {j.name: (j.urdf.lower, j.urdf.upper) for j in self.joints if j.moves}
        for name, (low, high) in list(found.items()):
            factor, shift, source = 1.0, 0.0, name
            while (law := laws[source]) is not None:
                shift += factor * law[2]
                factor, source = factor * law[1], law[0]
            ends = sorted(((low - shift) / factor, (high - shift) / factor))
            best = max(found[source][0], ends[0]), min(found[source][1], ends[1])
            if best[0] >= best[1]:
                raise RobotError(
                    self.path,
                    name,
                    "its limits and its mimic law allow no position",
                    "correct one of them, or give the other hand's URDF alone",
                )
            found[source] = best
        return found

    def subtree(self, link: str) -> "Tree":
        """The tree that hangs on a link."""
        keep = {link}
        joints = []
        for joint in self.joints:
            if joint.urdf.parent in keep:
                keep.add(joint.urdf.child)
                joints.append(joint)
        names = {joint.name for joint in joints}
        for joint in joints:
            law = joint.urdf.mimic
            if law is not None and law[0] not in names:
                raise RobotError(
                    self.path, joint.name,
                    f"mimics {law[0]!r}, which is not part of the hand",
                )  # fmt: skip
        links = {name: self.links[name] for name in self.links if name in keep}
        return Tree(self.path, link, links, tuple(joints))


def read_tree(path: Path) -> Tree:
    """Read a foreign URDF.

    Raises:
        RobotError: Names the file, the joint or link, and what to do.
    """
    root = parse_xml(path)
    urdf = read_links_and_joints(path, root)
    links = {
        name: _link(path, element)
        for name, element in zip(urdf.links, root.findall("link"), strict=True)
    }
    meshes = sum(
        shape.kind == "mesh" for link in links.values() for shape in link.visuals
    )
    if meshes > MAX_MESHES:
        raise RobotError(path, "mesh", f"{meshes} meshes, at most {MAX_MESHES}")
    rows = {
        joint.name: _joint(path, joint, element)
        for joint, element in zip(
            urdf.joints.values(), root.findall("joint"), strict=True
        )
    }
    ordered: list[TreeJoint] = []
    reached, waiting = {urdf.root}, list(rows.values())
    while waiting:
        ready = [j for j in waiting if j.urdf.parent in reached]
        ordered += ready
        reached |= {j.urdf.child for j in ready}
        waiting = [j for j in waiting if j.urdf.child not in reached]
    return Tree(path, urdf.root, links, tuple(ordered))


def _vector(
    path: Path, where: str, text: str | None, default: tuple[float, ...]
) -> tuple[float, ...]:
    if text is None:
        return default
    try:
        values = tuple(float(word) for word in text.split())
    except ValueError:
        values = ()
    if len(values) != len(default) or not all(map(math.isfinite, values)):
        raise RobotError(
            path, where, f"{text[:60]!r} is not {len(default)} finite numbers"
        )
    return values


def _origin(
    path: Path, where: str, parent: Element
) -> tuple[np.ndarray, tuple[float, ...], tuple[float, ...]]:
    element = parent.find("origin")
    get = (lambda key: None) if element is None else element.get
    xyz = _vector(path, f"{where} origin xyz", get("xyz"), (0.0, 0.0, 0.0))
    rpy = _vector(path, f"{where} origin rpy", get("rpy"), (0.0, 0.0, 0.0))
    if max(map(abs, xyz)) > MAX_LENGTH:
        raise RobotError(
            path, f"{where} origin", f"{max(map(abs, xyz)):g} m is no size of a hand",
            "give lengths in metres",
        )  # fmt: skip
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = from_rpy(rpy), xyz
    return transform, xyz, rpy


def _joint(path: Path, joint: UrdfJoint, element: Element) -> TreeJoint:
    transform, xyz, rpy = _origin(path, joint.name, element)
    axis = np.array([1.0, 0.0, 0.0])
    if (given := element.find("axis")) is not None:
        axis = np.array(
            _vector(path, f"{joint.name} axis", given.get("xyz"), (1.0, 0.0, 0.0))
        )
    length = float(np.linalg.norm(axis))
    if length < 1e-9:
        if joint.kind != "fixed":
            raise RobotError(path, joint.name, "its axis has no length")
        length = 1.0
    return TreeJoint(joint, transform, _triple(xyz), _triple(rpy), axis / length)


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    x, y, z = values
    return x, y, z


def _link(path: Path, element: Element) -> TreeLink:
    name = element.get("name", "")
    mass, com, inertia = 0.0, np.zeros(3), np.zeros((3, 3))
    inertial = element.find("inertial")
    if inertial is not None and (given := inertial.find("mass")) is not None:
        (mass,) = _vector(path, f"{name} mass", given.get("value"), (0.0,))
        transform, xyz, _ = _origin(path, f"{name} inertial", inertial)
        com = np.array(xyz)
        moments = inertial.find("inertia")
        if moments is not None:
            xx, yy, zz, xy, xz, yz = (
                _vector(path, f"{name} {key}", moments.get(key), (0.0,))[0]
                for key in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
            )
            R = transform[:3, :3]
            inertia = R @ np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) @ R.T
    if mass < 0:
        raise RobotError(path, f"{name} mass", f"{mass:g} kg is below 0")
    return TreeLink(
        name, mass, com, inertia,
        tuple(_shapes(path, name, element, "visual")),
        tuple(_shapes(path, name, element, "collision")),
    )  # fmt: skip


def _shapes(path: Path, link: str, element: Element, tag: str) -> list[Shape]:
    found = []
    for part in element.findall(tag):
        where = f"{link} {tag}"
        transform, _, _ = _origin(path, where, part)
        geometry = part.find("geometry")
        for shape in () if geometry is None else geometry:
            filename = shape.get("filename", "")
            if shape.tag == "mesh":
                size = _vector(path, where, shape.get("scale"), (1.0, 1.0, 1.0))
            elif shape.tag == "box":
                size = _vector(path, where, shape.get("size"), (0.0, 0.0, 0.0))
            elif shape.tag in ("sphere", "cylinder"):
                keys = ("radius", "length")[: 1 + (shape.tag == "cylinder")]
                size = tuple(
                    _vector(path, where, shape.get(k), (0.0,))[0] for k in keys
                )
            else:
                continue
            found.append(Shape(transform, shape.tag, size, filename))
    return found
