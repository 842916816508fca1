"""Surface points of a link's shapes, from meshes (OBJ, STL) and primitives.

A mesh is foreign input: its path may not leave the given folder, its size is bounded,
and anything in it that is not a finite number is an error.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robots.add.tree import Shape, TreeLink
from robots.errors import RobotError

MAX_MESH_BYTES = 40_000_000
"""A larger mesh file is refused."""
MAX_TRIANGLES = 400_000
SAMPLES = 1500
"""Surface points taken of one link."""
MAX_EXTENT = 2.0
"""A link larger than this is a mistake of units [m]."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Points on a link's skin, in the link's frame.

    Attributes:
        points: (N, 3) [m].
        normals: (N, 3) unit, of the triangle that each lies on.
    """

    points: np.ndarray
    normals: np.ndarray


def resolve_mesh(urdf: Path, filename: str, folder: Path) -> Path:
    """Where a mesh lies.

    Args:
        urdf: The file that names it.
        filename: As written: relative, absolute, file:// or package://.
        folder: The folder that it may not leave.

    Raises:
        RobotError: It leaves the folder, or is not there.
    """
    name = filename.removeprefix("file://")
    if name.startswith(("package://", "model://")):
        name = name.split("://", 1)[1].partition("/")[2]
        places = [folder / name, *(up / name for up in urdf.resolve().parents)]
        path = next((p for p in places if p.is_file()), folder / name)
    elif "://" in name:
        raise RobotError(urdf, "mesh", f"{filename[:80]!r} is no path of a file")
    else:
        path = urdf.parent / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RobotError(
            urdf, "mesh", f"{filename[:80]!r} leaves {folder}",
            "name the folder that holds URDF and meshes with --package",
        )  # fmt: skip
    return path


def link_surface(
    link: TreeLink, urdf: Path, folder: Path, samples: int = SAMPLES
) -> Surface | None:
    """Points on a link's skin: visual shapes where they can be read, else collision.

    Returns:
        None where the link has no shape, or only meshes that are missing or in a format
        that is not read (anything but OBJ and STL).

    Raises:
        RobotError: A mesh leaves the folder, or is damaged or endless.
    """
    for shapes in (link.visuals, link.collisions):
        parts = [_triangles(shape, urdf, folder) for shape in shapes]
        corners = [part for part in parts if part is not None]
        if corners:
            return _sample(np.concatenate(corners), samples, urdf, link.name)
    return None


def shape_points(shape: Shape, urdf: Path, folder: Path) -> np.ndarray | None:
    """(N, 3) corners of a shape's triangles, in its link's frame [m].

    Returns:
        None for a mesh that is missing or in a format that is not read.

    Raises:
        RobotError: A mesh leaves the folder, or is damaged or endless.
    """
    corners = _triangles(shape, urdf, folder)
    return None if corners is None else corners.reshape(-1, 3)


def _triangles(shape: Shape, urdf: Path, folder: Path) -> np.ndarray | None:
    """(F, 3, 3) corners in the link's frame [m]."""
    if shape.kind == "mesh":
        path = resolve_mesh(urdf, shape.filename, folder)
        if not path.is_file() or path.suffix.lower() not in (".obj", ".stl"):
            return None
        corners = read_mesh(path) * np.array(shape.size)
    elif shape.kind == "box":
        corners = _box(np.array(shape.size) / 2)
    elif shape.kind == "sphere":
        corners = _round(shape.size[0], 0.0, cap=True)
    else:
        corners = _round(shape.size[0], shape.size[1], cap=False)
    T = shape.T_link_shape
    return corners @ T[:3, :3].T + T[:3, 3]


def read_mesh(path: Path) -> np.ndarray:
    """(F, 3, 3) triangle corners of an OBJ or STL file.

    Raises:
        RobotError: It is too large, damaged, empty, or holds NaN.
    """
    try:
        if not path.is_file():
            raise RobotError(path, "mesh", "is not a file")
        if path.stat().st_size > MAX_MESH_BYTES:
            raise RobotError(path, "mesh", f"larger than {MAX_MESH_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise RobotError(path, "mesh", f"cannot be read ({error.strerror})") from None
    try:
        corners = _obj(data) if path.suffix.lower() == ".obj" else _stl(data)
    except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise RobotError(path, "mesh", f"is damaged ({error})") from None
    if len(corners) == 0 or not np.isfinite(corners).all():
        raise RobotError(path, "mesh", "has no triangles, or NaN in them")
    if len(corners) > MAX_TRIANGLES:
        raise RobotError(
            path, "mesh", f"{len(corners)} triangles, at most {MAX_TRIANGLES}",
            "decimate it",
        )  # fmt: skip
    return corners.astype(float)


def _obj(data: bytes) -> np.ndarray:
    vertices, faces = [], []
    for line in data.decode("utf-8", "replace").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "f":
            at = [int(word.split("/")[0]) for word in words[1:]]
            at = [i - 1 if i > 0 else i + len(vertices) for i in at]
            if min(at) < 0:
                raise ValueError("a face names a vertex that is not there")
            faces += [(at[0], b, c) for b, c in zip(at[1:], at[2:])]
        if max(len(faces), len(vertices)) > MAX_TRIANGLES:
            raise ValueError(f"more than {MAX_TRIANGLES} triangles or corners")
    table = np.array(vertices, float).reshape(-1, 3)
    return table[np.array(faces, int).reshape(-1, 3)]


def _stl(data: bytes) -> np.ndarray:
    if len(data) >= 84:
        (count,) = struct.unpack_from("<I", data, 80)
        if len(data) == 84 + 50 * count:
            kind = np.dtype([("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")])
            return np.frombuffer(data, kind, count, 84)["v"]
    if not data.lstrip().startswith(b"solid"):
        raise ValueError("its length does not fit its number of triangles")
    rows = [
        [float(word) for word in line.split()[1:4]]
        for line in data.decode("utf-8", "replace").splitlines()
        if line.lstrip().startswith("vertex")
    ]
    return np.array(rows, float).reshape(-1, 3, 3)


def _box(half: np.ndarray) -> np.ndarray:
    faces = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for sign in (1.0, -1.0):
            corner = np.zeros((4, 3))
            corner[:, axis] = sign
            corner[:, u] = np.array([-1, 1, 1, -1]) * sign
            corner[:, v] = [-1, -1, 1, 1]
            faces += [corner[[0, 1, 2]], corner[[0, 2, 3]]]
    return np.array(faces) * half


def _round(radius: float, length: float, cap: bool, steps: int = 24) -> np.ndarray:
    """A sphere (`cap`), or a cylinder about z with its lids."""
    turn = np.linspace(0, 2 * np.pi, steps + 1)
    if cap:
        tilt = np.linspace(-np.pi / 2, np.pi / 2, steps // 2 + 1)
        rings = [(radius * np.cos(t), radius * np.sin(t)) for t in tilt]
    else:
        half = length / 2
        rings = [(0.0, -half), (radius, -half), (radius, half), (0.0, half)]
    grid = np.array(
        [[(r * np.cos(a), r * np.sin(a), z) for a in turn] for r, z in rings]
    )
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]
    return np.concatenate(
        [np.stack([a, b, c], 2).reshape(-1, 3, 3),
         np.stack([a, c, d], 2).reshape(-1, 3, 3)]
    )  # fmt: skip


def _sample(corners: np.ndarray, count: int, urdf: Path, link: str) -> Surface:
    """Points spread over triangles by area: corners first, the rest by golden ratio."""
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double_area = np.linalg.norm(cross, axis=1)
    good = double_area > 1e-14
    if not good.any():
        raise RobotError(urdf, link, "its shape has no area")
    corners, cross, double_area = corners[good], cross[good], double_area[good]
    extent = float(np.ptp(corners.reshape(-1, 3), axis=0).max())
    if extent > MAX_EXTENT:
        raise RobotError(
            urdf, link, f"its shape is {extent:.3g} m large", "scale meshes to metres"
        )
    total = np.cumsum(double_area)
    at = (np.arange(count) + 0.5) / count * total[-1]
    face = np.searchsorted(total, at).clip(max=len(corners) - 1)
    # Points of a low-discrepancy sequence, folded into the triangle.
    u = (0.5 + np.arange(count) * 0.7548776662466927) % 1
    v = (0.5 + np.arange(count) * 0.5698402909980532) % 1
    fold = u + v > 1
    u, v = np.where(fold, 1 - u, u), np.where(fold, 1 - v, v)
    a, b, c = corners[face].swapaxes(0, 1)
    inner = a + u[:, None] * (b - a) + v[:, None] * (c - a)
    normal = cross / double_area[:, None]
    stride = max(1, 3 * len(corners) // count)
    points = np.concatenate([inner, corners.reshape(-1, 3)[::stride]])
    normals = np.concatenate([normal[face], np.repeat(normal, 3, 0)[::stride]])
    return Surface(points, normals)
