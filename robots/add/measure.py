"""The measures of a hand whose parts are known: frame, side, tips, capsules, rest pose.

Open pose: every joint at the value nearest 0 that its limits allow. The fingers' way
from there to their other limits shows where the palm faces: that, the fingers'
direction and the thumb's side decide between a left and a right hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from robots.add.anatomy import Anatomy, Chain
from robots.add.fit import Rod, Solid, fill, pad_ball
from robots.add.shapes import Surface, link_surface
from robots.add.tree import Tree, TreeLink
from robots.errors import RobotError

SIDES = ("left", "right")
BONE_RADIUS = 0.007
"""Radius of a capsule along a bone whose link has no readable shape [m]."""
LARGEST_PAD = 0.014
"""Largest radius of a fingertip's pad [m]."""
RELAXED = 0.1
"""Share of a bending joint's way to its far limit, at rest."""
MIDDLE = 0.52
"""A human finger's middle joint has this share of the finger ahead of it."""
APART = 0.0005
"""Room that capsules of links without a common joint keep in the rest pose [m]."""
PALM_GRID = 0.009
"""Spacing of the palm's points [m]."""
SAME_SIDE = 0.12
"""The thumb must stand so far to one side, as a share of the palm's length."""


@dataclass(frozen=True, eq=False)
class Pad:
    """A fingertip: its link, centre in that link's frame [m], radius [m]."""

    link: str
    centre: np.ndarray
    radius: float


@dataclass(frozen=True, eq=False)
class Measures:
    """A hand, measured.

    Attributes:
        anatomy: Its parts.
        side: "left" or "right".
        palm_link: The palm body's link that carries its shape.
        wrist, knuckle, dorsal: (3,) in the palm link: the hand frame's origin, the
            middle finger's knuckle [m], and out of the back.
        pads: Finger → fingertip.
        middle_links: Finger → link whose origin is its middle joint.
        rods: (link, capsule in its frame), as they go into hand.toml.
        palm_points: (P, 3) on the palm's skin, hand frame [m].
        rest: Joint → relaxed angle [rad], coupled joints left out.
        notes: What was assumed.
    """

    anatomy: Anatomy
    side: str
    palm_link: str
    wrist: np.ndarray
    knuckle: np.ndarray
    dorsal: np.ndarray
    pads: Mapping[str, Pad]
    middle_links: Mapping[str, str]
    rods: tuple[tuple[str, Rod], ...]
    palm_points: np.ndarray
    rest: Mapping[str, float]
    notes: tuple[str, ...]

    @property
    def hand_frame(self) -> np.ndarray:
        """(4, 4) hand frame in the palm link."""
        return frame_of(self.wrist, self.knuckle, self.dorsal)


def frame_of(wrist: np.ndarray, knuckle: np.ndarray, dorsal: np.ndarray) -> np.ndarray:
    """(4, 4): +y wrist → knuckle, +z dorsal made square to it, +x = y × z."""
    y = (knuckle - wrist) / np.linalg.norm(knuckle - wrist)
    z = dorsal - y * (dorsal @ y)
    z /= np.linalg.norm(z)
    frame = np.eye(4)
    frame[:3] = np.column_stack([np.cross(y, z), y, z, wrist])
    return frame


def measure_hand(anatomy: Anatomy, folder: Path, side: str | None = None) -> Measures:
    """Measure a hand.

    Args:
        anatomy: Its parts.
        folder: The folder that its meshes may not leave.
        side: "left" or "right", where the caller knows it.

    Raises:
        RobotError: A mesh that may not or cannot be read; a side that cannot be told.
    """
    tree, notes = anatomy.tree, list(anatomy.how)
    skins = {
        top: skin
        for top in {tree.body(link)[0] for link in tree.links}
        if (skin := _body_surface(tree, top, folder)) is not None
    }
    bare = [x for c in anatomy.chains.values() for x in c.links if x not in skins]
    if bare:
        notes.append(
            f"no readable shape on {', '.join(bare)}: capsules along the bones"
        )
    boxes = tree.boxes()
    opened = {name: float(np.clip(0.0, *box)) for name, box in boxes.items()}
    bends = {
        name: _bending(tree, c, opened, boxes) for name, c in anatomy.chains.items()
    }
    rest = opened | {
        joint: opened[joint] + RELAXED * way
        for ways in bends.values()
        for joint, way in ways.items()
    }
    rest = {name: _inside(angle, *boxes[name]) for name, angle in rest.items()}
    palm = anatomy.palm
    palm_link = _palm_link(tree, palm, folder)
    poses = tree.forward(opened)
    T = np.linalg.inv(poses[palm_link])
    fingers = {k: c for k, c in anatomy.chains.items() if k != "thumb"}
    bases = np.array([(T @ poses[c.links[0]])[:3, 3] for c in fingers.values()])
    ends = np.array([(T @ poses[c.end])[:3, 3] for c in fingers.values()])
    closing = np.array(
        [
            np.sign(way) * ((T @ poses[link])[:3, :3] @ joint.axis)
            for name, chain in fingers.items()
            for link in chain.links[-2:]
            if (joint := tree.joint_of(link)) is not None
            and (way := _way(tree, joint.name, bends[name])) != 0
        ]
    ).reshape(-1, 3)
    if len(closing) == 0 or np.linalg.norm(closing.mean(0)) < 0.5:
        raise RobotError(
            tree.path, "fingers", "they do not bend towards a palm",
            "check --palm and --fingers, and the joints' limits",
        )  # fmt: skip
    across = _unit(closing.mean(0))
    along = (ends - bases).mean(0)
    along = _unit(along - across * (along @ across))
    dorsal = np.cross(along, across)
    middle = anatomy.chains["middle"]
    knuckle = (T @ poses[_knuckle_link(tree, middle)])[:3, 3]
    wrist, how = _wrist(tree, palm, palm_link, skins.get(palm), knuckle, along, bases)
    notes.append(how)
    found, how = _side(anatomy, T, poses, frame_of(wrist, knuckle, dorsal), side)
    notes.append(how)
    pads = {
        name: _pad(tree, chain, skins, poses, bends[name])
        for name, chain in anatomy.chains.items()
    }
    rods = _rods(tree, anatomy, palm_link, skins, pads)
    rods = _set_apart(tree, rods, rest, {pad.link for pad in pads.values()})
    hand = frame_of(wrist, knuckle, dorsal)
    points = _palm_points(rods, palm_link, hand, poses)
    usual = float(np.median([_bones(tree, c)[-1] for c in fingers.values()]))
    middles = {
        name: _middle_link(tree, c, np.inf if name == "thumb" else usual)
        for name, c in anatomy.chains.items()
    }
    coupled = {j.name for j in tree.joints if j.urdf.mimic is not None}
    return Measures(
        anatomy, found, palm_link, wrist, knuckle, dorsal, pads, middles, tuple(rods),
        points, {k: v for k, v in rest.items() if k not in coupled}, tuple(notes),
    )  # fmt: skip


def _inside(angle: float, low: float, high: float) -> float:
    """An angle to 1e-4 rad, still within its limits."""
    edge = min(1e-4, 0.1 * (high - low))
    return float(np.clip(np.round(angle, 4), low + edge, high - edge))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _body_surface(tree: Tree, top: str, folder: Path) -> Surface | None:
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


def _is_marker(link: TreeLink) -> bool:
    """A ball to look at, that marks a frame: no mass, nothing to collide with."""
    balls = all(shape.kind == "sphere" for shape in link.visuals)
    return balls and link.mass == 0 and not link.collisions


def _palm_link(tree: Tree, palm: str, folder: Path) -> str:
    """The link of the palm's body with the largest shape; else the palm itself."""
    best, largest = palm, 0.0
    for link in tree.body(palm):
        skin = link_surface(tree.links[link], tree.path, folder)
        if skin is not None and not _is_marker(tree.links[link]):
            extent = float(np.prod(np.sort(np.ptp(skin.points, axis=0))[1:]))
            if extent > largest:
                best, largest = link, extent
    return best


def _bending(
    tree: Tree,
    chain: Chain,
    opened: Mapping[str, float],
    boxes: Mapping[str, tuple[float, float]],
) -> dict[str, float]:
    """Joints that bend a finger → the way from open to their far limit [rad].

    A joint bends where it moves the finger's end sideways of its axis by more than it
    swings the whole finger about its own length, and where its range is lopsided or it
    lies past the first joint.
    """
    ways = {}
    poses = tree.forward(opened)
    for place, link in enumerate(chain.links):
        joint = tree.joint_of(link)
        if joint is None or joint.urdf.mimic is not None:
            continue
        down, up = (end - opened[joint.name] for end in boxes[joint.name])
        way = up if up >= -down else down
        lopsided = abs(abs(up) - abs(down)) > 0.3 * (up - down)
        arm = poses[chain.end][:3, 3] - poses[link][:3, 3]
        axis = poses[link][:3, :3] @ joint.axis
        across = float(np.linalg.norm(np.cross(axis, arm)))
        if across < 0.5 * float(np.linalg.norm(arm)):
            continue  # twists about the finger's length
        if lopsided or place >= max(1, len(chain.links) - 2):
            ways[joint.name] = way
    return ways


def _knuckle_link(tree: Tree, chain: Chain) -> str:
    """The link of the last joint within 25 mm of the finger's first one."""
    zero = tree.forward({})
    base = zero[chain.links[0]][:3, 3]
    return next(
        link
        for link in reversed(chain.links)
        if np.linalg.norm(zero[link][:3, 3] - base) < 0.025
    )


def _bones(tree: Tree, chain: Chain) -> np.ndarray:
    """Length along a finger from its first joint to each joint and to its end [m]."""
    zero = tree.forward({})
    points = np.array([zero[link][:3, 3] for link in (*chain.links, chain.end)])
    return np.concatenate(
        [[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    )


def _middle_link(tree: Tree, chain: Chain, usual: float) -> str:
    """The link whose joint lies nearest the middle of the finger, past the knuckle.

    Args:
        tree: The hand.
        chain: The finger.
        usual: Length of the hand's fingers [m]; what a finger has more is metacarpal.
    """
    length = _bones(tree, chain)
    ahead = (length[-1] - length[:-1]) / max(min(length[-1], usual), 1e-9)
    past = np.flatnonzero(length[:-1] > 0.012)
    if len(past) == 0:
        return chain.links[-1]
    off = np.abs(ahead[past] - MIDDLE)
    return chain.links[int(past[np.flatnonzero(off < off.min() + 0.02)[-1]])]


def _way(tree: Tree, name: str, bends: Mapping[str, float]) -> float:
    """The way a joint closes, its own or through the joint that it follows [rad]."""
    law = next(j.urdf.mimic for j in tree.joints if j.name == name)
    if law is None:
        return bends.get(name, 0.0)
    return law[1] * _way(tree, law[0], bends)


def _wrist(
    tree: Tree,
    palm: str,
    palm_link: str,
    skin: Surface | None,
    knuckle: np.ndarray,
    along: np.ndarray,
    bases: np.ndarray,
) -> tuple[np.ndarray, str]:
    """Where the hand ends behind the palm, in the palm link's frame; and how found.

    The joint of an articulated wrist; else the palm's skin furthest behind the
    knuckles, in line with the middle finger.
    """
    zero = tree.forward({})
    T = np.linalg.inv(zero[palm_link]) @ zero[palm]
    joint = tree.joint_of(palm)
    if joint is not None and joint.moves:
        return T[:3, 3], f"wrist: the joint {joint.name}"
    if skin is None:
        behind = 1.1 * float(np.linalg.norm(knuckle - bases.mean(0))) + 0.09
        return knuckle - behind * along, "wrist: 90 mm behind the knuckles (no shape)"
    points = skin.points @ T[:3, :3].T + T[:3, 3]
    behind = float(((knuckle - points) @ along).max())
    return (
        knuckle - behind * along,
        f"wrist: {1000 * behind:.0f} mm behind the knuckles",
    )


def _side(
    anatomy: Anatomy,
    T: np.ndarray,
    poses: Mapping[str, np.ndarray],
    hand: np.ndarray,
    given: str | None,
) -> tuple[str, str]:
    """Which hand it is: the thumb of a right hand lies on −x of its hand frame."""
    T_hand = np.linalg.inv(hand) @ T
    at = {
        name: np.mean(
            [(T_hand @ poses[link])[0, 3] for link in (*chain.links, chain.end)]
        )
        for name, chain in anatomy.chains.items()
    }
    order = [at[name] for name in anatomy.chains if name != "thumb"]
    thumb = at["thumb"] - np.mean(order)
    rise = order[-1] - order[0]  # index → pinky
    length = float(np.linalg.norm(T_hand[:3, 3])) + 0.05
    votes = [np.sign(-thumb) if abs(thumb) > SAME_SIDE * length else 0.0, np.sign(rise)]
    shape = (
        ""
        if votes[0] * votes[1] < 0 or votes[1] == 0
        else ("right" if votes[1] > 0 else "left")
    )
    words = f"{anatomy.tree.path.stem} {' '.join(anatomy.tree.links)}".lower()
    name = next(
        (s for s in SIDES if s in words and SIDES[1 - SIDES.index(s)] not in words), ""
    )
    if given is not None:
        if shape and shape != given:
            raise RobotError(
                anatomy.tree.path, "--side", f"its shape is that of a {shape} hand",
                f"use --side {shape}, or correct the fingers with --fingers",
            )  # fmt: skip
        return given, f"side {given}: given"
    if shape and name and shape != name:
        raise RobotError(
            anatomy.tree.path, "side",
            f"it is called {name}, but its thumb and fingers are those of a {shape} hand",
            "say which fingers are which with --fingers thumb=LINK index=LINK …",
        )  # fmt: skip
    if not shape and not name:
        raise RobotError(
            anatomy.tree.path, "side", "left and right cannot be told apart",
            "say which with --side left or --side right",
        )  # fmt: skip
    return shape or name, f"side {shape or name}: by its {'shape' if shape else 'name'}"


def _pad(
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
        palmar = np.sign(_way(tree, joint.name, bends)) * np.cross(joint.axis, along)
    ball = pad_ball(Solid.around(skin.points), along, palmar, LARGEST_PAD)
    if ball.radius < 0.002:
        return Pad(last, end, BONE_RADIUS)
    return Pad(last, np.round(ball.a, 4), float(np.floor(ball.radius * 1e4) / 1e4))


def _rods(
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


def _set_apart(
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


def _palm_points(
    rods: list[tuple[str, Rod]],
    palm_link: str,
    hand: np.ndarray,
    poses: Mapping[str, np.ndarray],
) -> np.ndarray:
    """(P, 3) where rays into the palm first meet its capsules, hand frame [m].

    Points within a finger's capsule are left out.
    """
    T = np.linalg.inv(poses[palm_link] @ hand)

    def ends_of(wanted: bool) -> tuple[np.ndarray, np.ndarray]:
        chosen = [(poses[k], rod) for k, rod in rods if (k == palm_link) == wanted]
        ends = [
            np.array([rod.a, rod.b]) @ (T @ P)[:3, :3].T + (T @ P)[:3, 3]
            for P, rod in chosen
        ]
        radius = np.array([rod.radius for _, rod in chosen])
        return np.array(ends).reshape(-1, 2, 3), radius

    ends, radius = ends_of(wanted=True)
    others, other_radius = ends_of(wanted=False)
    if len(ends) == 0:
        return np.zeros((0, 3))
    low = (ends - radius[:, None, None]).min((0, 1))
    high = (ends + radius[:, None, None]).max((0, 1))
    share = np.linspace(0, 1, 41)[:, None]
    points = []
    for y in np.arange(max(low[1], 0.0) + PALM_GRID / 2, high[1], PALM_GRID):
        for x in np.arange(low[0] + PALM_GRID / 2, high[0], PALM_GRID):
            z = _skin_below(x, y, ends, radius)
            if z is None or z > -1e-3:
                continue
            line = others[:, :1] + share * (others[:, 1:] - others[:, :1])
            near = np.linalg.norm(line - [x, y, z], axis=-1).min(-1, initial=np.inf)
            if not (near < other_radius).any():
                points.append((x, y, z))
    return np.round(np.array(points).reshape(-1, 3), 4)


def _skin_below(
    x: float, y: float, ends: np.ndarray, radius: np.ndarray
) -> float | None:
    """Lowest z of the capsules' union at (x, y); None where the ray misses."""
    t = np.linspace(0, 1, 61)
    centre = ends[:, :1] + t[None, :, None] * (ends[:, 1:] - ends[:, :1])  # (C, 61, 3)
    square = radius[:, None] ** 2 - ((centre[..., :2] - [x, y]) ** 2).sum(-1)
    if not (square > 0).any():
        return None
    return float(
        np.where(square > 0, centre[..., 2] - np.sqrt(square.clip(0)), 1).min()
    )
