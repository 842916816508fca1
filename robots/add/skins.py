"""From the skins of links to fingertips and collision capsules."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from robots.add.anatomy import Anatomy, Chain
from robots.add.bends import way_of
from robots.add.fit import Rod, Solid, fill, pad_ball
from robots.add.shapes import Surface, link_surface
from robots.add.tree import Tree, TreeLink
from robots.errors import RobotError

BONE_RADIUS = 0.007
"""Radius of a capsule along a bone whose link has no readable shape [m]."""
LARGEST_PAD = 0.014
"""Largest radius of a fingertip's pad [m]."""
APART = 0.0005
"""Room that capsules of links without a common joint keep in the rest pose [m]."""


@dataclass(frozen=True, eq=False)
class Pad:
    """A fingertip: its link, centre in that link's frame [m], radius [m]."""

    link: str
    centre: np.ndarray
    radius: float


def _is_marker(link: TreeLink) -> bool:
    """A ball to look at, that marks a frame: no mass, nothing to collide with."""
    balls = all(shape.kind == "sphere" for shape in link.visuals)
    return balls and link.mass == 0 and not link.collisions


def body_surface(tree: Tree, top: str, folder: Path) -> Surface | None:
    """The skin of all links welded to `top`, in its frame."""
    zero = tree.forward({})
    parts = []
    for link in tree.body(top):
        if _is_marker(tree.links[link]):
            continue
        skin = link_surface(tree.links[link], tree.path, folder)
        if skin is not None:
            T = np.linalg.inv(zero[top]) @ zero[link]
            parts.append(
                Surface(
                    skin.points @ T[:3, :3].T + T[:3, 3], skin.normals @ T[:3, :3].T
                )
            )
    if not parts:
        return None
    return Surface(
        np.concatenate([p.points for p in parts]),
        np.concatenate([p.normals for p in parts]),
    )


def shape_link(tree: Tree, palm: str, folder: Path) -> str:
    """The link of the palm's body with the largest shape; else the palm itself."""
    best, largest = palm, 0.0
    for link in tree.body(palm):
        skin = link_surface(tree.links[link], tree.path, folder)
        if skin is not None and not _is_marker(tree.links[link]):
            extent = float(np.prod(np.sort(np.ptp(skin.points, axis=0))[1:]))
            if extent > largest:
                best, largest = link, extent
    return best


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def fit_pad(
    tree: Tree,
    chain: Chain,
    skins: Mapping[str, Surface],
    poses: Mapping[str, np.ndarray],
    bends: Mapping[str, float],
) -> Pad:
    """The fingertip's ball: in the distal link's shape, else the end of the chain."""
    last = chain.links[-1]
    end = (np.linalg.inv(poses[last]) @ poses[chain.end])[:3, 3]
    skin = skins.get(last)
    if skin is None:
        if np.linalg.norm(end) < 1e-4:
            raise RobotError(
                tree.path, last, "the finger's end cannot be told: no tip, no shape",
                "add a fixed link at its tip, or a collision shape",
            )  # fmt: skip
        return Pad(last, end, BONE_RADIUS)
    reach = np.linalg.norm(skin.points, axis=1)
    far = skin.points[np.argsort(-reach)[: max(4, len(reach) // 20)]].mean(0)
    along = _unit(end if np.linalg.norm(end) > 0.5 * np.linalg.norm(far) else far)
    joint = tree.joint_of(last)
    palmar = np.zeros(3)
    if joint is not None:
        # The pad faces the way the tip goes when the last joint closes.
        palmar = np.sign(way_of(tree, joint.name, bends)) * np.cross(joint.axis, along)
    ball = pad_ball(Solid.around(skin.points), along, palmar, LARGEST_PAD)
    if ball.radius < 0.002:
        return Pad(last, end, BONE_RADIUS)
    return Pad(last, np.round(ball.a, 4), float(np.floor(ball.radius * 1e4) / 1e4))


def fit_rods(
    tree: Tree,
    anatomy: Anatomy,
    palm_link: str,
    skins: Mapping[str, Surface],
    pads: Mapping[str, Pad],
) -> list[tuple[str, Rod]]:
    """Capsules of every body: inside its skin, or along its bone."""
    zero = tree.forward({})
    tips = {pad.link: pad for pad in pads.values()}
    found: list[tuple[str, Rod]] = []
    for top in sorted(
        {tree.body(link)[0] for link in tree.links}, key=list(tree.links).index
    ):
        link = palm_link if top == anatomy.palm else top
        T = np.linalg.inv(zero[link]) @ zero[top]
        skin = skins.get(top)
        if skin is not None:
            points = skin.points @ T[:3, :3].T + T[:3, 3]
            rods = fill(points)
            if link in tips:
                rods = _with_pad(rods, Solid.around(points), tips[link])
        else:
            rods = _bone(tree, top, zero, tips.get(top))
        found += [(link, _rounded(rod)) for rod in rods]
    return found


def _with_pad(rods: list[Rod], solid: Solid, pad: Pad) -> list[Rod]:
    """The distal link: what was found, and a capsule that ends in the pad."""
    back = max(
        (end for rod in rods for end in (rod.a, rod.b)),
        key=lambda end: float(np.linalg.norm(end - pad.centre)),
        default=pad.centre,
    )
    # As far back along that line as a ball of the pad's size stays inside.
    share = np.linspace(0, 1, 41)
    line = pad.centre + share[:, None] * (back - pad.centre)
    fits = solid.room(line) >= pad.radius - 1e-4
    stop = int(np.argmin(fits)) - 1 if not fits.all() else len(share) - 1
    start = line[max(stop, 0)]
    kept = [
        rod
        for rod in rods
        if rod.radius > 1.15 * pad.radius
        and np.linalg.norm(rod.a - pad.centre) > 1e-3
        and np.linalg.norm(rod.b - pad.centre) > 1e-3
    ]
    return [*kept, Rod(start, pad.centre, pad.radius)]


def _bone(
    tree: Tree, top: str, zero: Mapping[str, np.ndarray], pad: Pad | None
) -> list[Rod]:
    """A capsule from a link's joint to each joint that hangs on it."""
    T = np.linalg.inv(zero[top])
    ends = [
        (T @ zero[j.urdf.child])[:3, 3]
        for part in tree.body(top)
        for j in tree.children(part)
        if j.moves
    ]
    radius = BONE_RADIUS
    if pad is not None:
        return [Rod(np.zeros(3), pad.centre, pad.radius)]
    return [
        Rod(0.15 * end, 0.85 * end, min(radius, 0.6 * float(np.linalg.norm(end))))
        for end in ends
        if np.linalg.norm(end) > 0.006
    ]


def _rounded(rod: Rod) -> Rod:
    """To 0.01 mm, the radius down so that it stays inside."""
    return Rod(
        np.round(rod.a, 5) + 0.0, np.round(rod.b, 5) + 0.0,
        float(np.floor(rod.radius * 1e4 + 1e-6) / 1e4),
    )  # fmt: skip


def set_apart(
    tree: Tree,
    rods: list[tuple[str, Rod]],
    rest: Mapping[str, float],
    tips: set[str],
) -> list[tuple[str, Rod]]:
    """Shrink capsules of links without a common joint that overlap at rest."""
    poses = tree.forward(rest)
    top = {link: tree.body(link)[0] for link, _ in rods}
    parent = {}
    for link in top.values():
        joint = tree.joint_of(link)
        parent[link] = None if joint is None else tree.body(joint.urdf.parent)[0]
    radius = [rod.radius for _, rod in rods]
    placed = []
    for link, rod in rods:
        T = poses[link]
        placed.append(np.array([rod.a, rod.b]) @ T[:3, :3].T + T[:3, 3])
    pads = [
        i
        for link in tips
        for i in [max(k for k, (name, _) in enumerate(rods) if name == link)]
    ]
    for i, j in combinations(range(len(rods)), 2):
        a, b = top[rods[i][0]], top[rods[j][0]]
        if a == b or parent[a] == b or parent[b] == a:
            continue
        gap = _segment_distance(placed[i], placed[j])
        need = radius[i] + radius[j] + APART - gap
        if need <= 0:
            continue
        # Pads keep their size: the other one gives way.
        shares = {(True, False): (0.0, 1.0), (False, True): (1.0, 0.0)}.get(
            (i in pads, j in pads), (0.5, 0.5)
        )
        radius[i] -= need * shares[0] + 1e-4 * (shares[0] > 0)
        radius[j] -= need * shares[1] + 1e-4 * (shares[1] > 0)
    return [
        (link, Rod(rod.a, rod.b, float(np.floor(r * 1e4 + 1e-6) / 1e4)))
        for (link, rod), r in zip(rods, radius, strict=True)
        if r >= 0.0015
    ]


def _segment_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Distance of two segments (2, 3), sampled [m]."""
    t = np.linspace(0, 1, 41)[:, None]
    a, b = (s[0] + t * (s[1] - s[0]) for s in (first, second))
    return float(np.linalg.norm(a[:, None] - b[None], axis=-1).min())
