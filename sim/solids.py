"""Capsules and rounded boxes of a hand or body as geoms that collide.

MuJoCo has no rounded box. One is given to it as a convex mesh whose faces are the box's
own and whose edges are polygons inscribed in the rounding.
"""

import numpy as np

from robots.hand import Box, Capsule, HandSpec
from robots.rotations import from_rpy
from sim.engine import mujoco

SOLID_GROUP = 3
"""Geom group of what collides."""

CONTACT_SOLREF = (0.003, 1.0)
"""Time constant [s] and damping ratio of contacts: metal and hard rubber, three times
the physics step, so that pressing hands overlap by tenths of a millimetre."""

FRICTION = (0.8, 0.005, 0.0001)
"""Sliding, torsional and rolling friction of rubber on rubber or plastic."""

FLATTENED = 1e-4
"""A mesh's edges may lie this far inside the rounding [m]."""

THIN = 1e-6
"""A half edge below this is none [m]: such a box is a capsule or a sphere."""


def add_solids(child: mujoco.MjSpec, chain: HandSpec) -> None:
    """Put every solid of a hand or body on its link."""
    for index, solid in enumerate(chain.solids):
        if isinstance(solid, Capsule):
            _add_capsule(child, solid, index)
        elif not _thick(solid):
            _add_capsule(child, _rod(solid), index)
    meshes: dict[tuple[float, ...], str] = {}
    for name, box in named_boxes(chain):
        size = (*box.half, box.radius)
        if size not in meshes:
            meshes[size] = name
            points = rounded_box(np.array(box.half), box.radius)
            child.add_mesh(name=name, uservert=points.ravel())
        geom = _add_geom(child, name, box.link, mujoco.mjtGeom.mjGEOM_MESH)
        geom.meshname, geom.pos = meshes[size], box.centre
        mujoco.mju_mat2Quat(geom.quat, from_rpy(box.rpy).ravel())


def _add_geom(
    child: mujoco.MjSpec, name: str, link: str, kind: mujoco.mjtGeom
) -> mujoco.MjsGeom:
    return child.body(link).add_geom(
        name=name,
        type=kind,
        group=SOLID_GROUP,
        density=0.0,
        friction=FRICTION,
        solref=CONTACT_SOLREF,
        solimp=[0.95, 0.99, 0.0005, 0.5, 2],
        rgba=[0.6, 0.6, 0.65, 1],
    )


def _add_capsule(child: mujoco.MjSpec, capsule: Capsule, index: int) -> None:
    """A capsule (a sphere where both ends coincide)."""
    sphere = np.allclose(capsule.a, capsule.b, atol=1e-9)
    kind = mujoco.mjtGeom.mjGEOM_SPHERE if sphere else mujoco.mjtGeom.mjGEOM_CAPSULE
    geom = _add_geom(child, f"capsule_{index}_{capsule.link}", capsule.link, kind)
    geom.size = [capsule.radius, 0, 0]
    if sphere:
        geom.pos = capsule.a
    else:
        geom.fromto = [*capsule.a, *capsule.b]


def named_boxes(chain: HandSpec) -> list[tuple[str, Box]]:
    """The boxes that are meshes, with their geoms' names but for the chain's prefix."""
    return [
        (f"box_{index}_{solid.link}", solid)
        for index, solid in enumerate(chain.solids)
        if isinstance(solid, Box) and _thick(solid)
    ]


def _thick(box: Box) -> bool:
    """Whether a box's core is more than a segment."""
    return bool((np.array(box.half) > THIN).sum() > 1)


def _rod(box: Box) -> Capsule:
    """A box whose core is a segment or a point, as a capsule."""
    half = np.array(box.half)
    way = from_rpy(box.rpy) @ np.where(half > THIN, half, 0.0)
    a, b = (tuple(np.add(box.centre, w).tolist()) for w in (-way, way))
    return Capsule(box.link, a, b, box.radius)


def rounded_box(half: np.ndarray, radius: float) -> np.ndarray:
    """(N, 3) corners of the mesh for a box's core half edges (3,), grown by a radius [m].

    At each of the core's corners stands an eighth of a ball, cut into as few steps as
    leave its edges within `FLATTENED` of round.
    """
    widest = 2 * np.arccos(max(1 - FLATTENED / radius, 0.0))
    steps = int(np.ceil(np.pi / 2 / widest))
    angle = np.linspace(0, np.pi / 2, steps + 1)
    tilt, turn = (grid.ravel() for grid in np.meshgrid(angle, angle))
    eighth = radius * np.stack(
        [np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], 1
    )
    signs = np.stack(np.meshgrid(*[[-1, 1]] * 3), -1).reshape(-1, 1, 3)
    points = (signs * (half + eighth)).reshape(-1, 3)
    return np.unique(points.round(9), axis=0)
