"""The measures of a hand whose parts are known: frame, side, tips, capsules, rest pose.

Open pose: every joint at the value nearest 0 that its limits allow. The fingers' way
from there to their other limits shows where the palm faces: that, the fingers'
direction and the thumb's side decide between a left and a right hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robots.add.anatomy import Anatomy
from robots.add.bends import bending, bone_ends, knuckle_link, middle_link, way_of
from robots.add.boxes import fit_boxes
from robots.add.fit import Rod
from robots.add.palm import find_palm_points
from robots.add.shapes import Surface
from robots.add.skins import (
    Pad,
    body_surface,
    fit_pad,
    fit_rods,
    set_apart,
    shape_link,
)
from robots.add.tree import Tree
from robots.errors import RobotError
from robots.hand import Box

SIDES = ("left", "right")
RELAXED = 0.1
"""Share of a bending joint's way to its far limit, at rest."""
SAME_SIDE = 0.12
"""The thumb must stand so far to one side, as a share of the palm's length."""


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
        boxes: What retargeting keeps out of, as they go into hand.toml.
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
    boxes: tuple[Box, ...]
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
        if (skin := body_surface(tree, top, folder)) is not None
    }
    bare = [x for c in anatomy.chains.values() for x in c.links if x not in skins]
    if bare:
        notes.append(
            f"no readable shape on {', '.join(bare)}: capsules along the bones"
        )
    boxes = tree.boxes()
    opened = {name: float(np.clip(0.0, *box)) for name, box in boxes.items()}
    bends = {
        name: bending(tree, c, opened, boxes) for name, c in anatomy.chains.items()
    }
    rest = opened | {
        joint: opened[joint] + RELAXED * way
        for ways in bends.values()
        for joint, way in ways.items()
    }
    rest = {name: _inside(angle, *boxes[name]) for name, angle in rest.items()}
    palm = anatomy.palm
    palm_link = shape_link(tree, palm, folder)
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
            and (way := way_of(tree, joint.name, bends[name])) != 0
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
    knuckle = (T @ poses[knuckle_link(tree, middle)])[:3, 3]
    wrist, how = _wrist(tree, palm, palm_link, skins.get(palm), knuckle, along, bases)
    notes.append(how)
    found, how = _side(anatomy, T, poses, frame_of(wrist, knuckle, dorsal), side)
    notes.append(how)
    pads = {
        name: fit_pad(tree, chain, skins, poses, bends[name])
        for name, chain in anatomy.chains.items()
    }
    rods = fit_rods(tree, anatomy, palm_link, skins, pads)
    rods = set_apart(tree, rods, rest, {pad.link for pad in pads.values()})
    hand = frame_of(wrist, knuckle, dorsal)
    points = find_palm_points(rods, palm_link, hand, poses)
    usual = float(np.median([bone_ends(tree, c)[-1] for c in fingers.values()]))
    middles = {
        name: middle_link(tree, c, np.inf if name == "thumb" else usual)
        for name, c in anatomy.chains.items()
    }
    coupled = {j.name for j in tree.joints if j.urdf.mimic is not None}
    return Measures(
        anatomy, found, palm_link, wrist, knuckle, dorsal, pads, middles, tuple(rods),
        tuple(fit_boxes(tree, palm, palm_link, pads, folder)), points,
        {k: v for k, v in rest.items() if k not in coupled}, tuple(notes),
    )  # fmt: skip


def _inside(angle: float, low: float, high: float) -> float:
    """An angle to 1e-4 rad, still within its limits."""
    edge = min(1e-4, 0.1 * (high - low))
    return float(np.clip(np.round(angle, 4), low + edge, high - edge))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


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
