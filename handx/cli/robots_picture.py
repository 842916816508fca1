"""A picture of a robot's two hands: palms towards the viewer, every finger named."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handx_gen.npz import atomic_path
from robots.add.tree import read_tree
from robots.hand import Capsule, HandSpec
from robots.robot import RobotSpec
from robots.rotations import from_rpy
from sim.camera import Camera, frame_points
from sim.painter import FIELD_OF_VIEW, Painter
from sim.rounded import RoundedBoxes

SIZE = (1000, 620)
COLOURS = {
    "thumb": (0.90, 0.45, 0.25), "index": (0.93, 0.72, 0.25), "middle": (0.45, 0.72, 0.38),
    "ring": (0.30, 0.62, 0.78), "pinky": (0.58, 0.45, 0.78),
}  # fmt: skip
PALM_COLOUR = (0.72, 0.73, 0.76)
PAD_COLOUR = (0.85, 0.10, 0.15)
INK = (30, 33, 40)
GAP = 0.10
"""Between the two hands [m]."""
COVER = 0.003
"""Boxes may stand out this far of the pads they hold [m]."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What is drawn of one hand.

    Attributes:
        a, b: (K, 3) ends of capsules [m].
        radius: (K,) [m].
        colour: (K, 3).
        boxes: Of the links that state some.
    """

    a: np.ndarray
    b: np.ndarray
    radius: np.ndarray
    colour: np.ndarray
    boxes: RoundedBoxes

    def moved(self, shift: np.ndarray) -> "Parts":
        """The same, elsewhere."""
        boxes = replace(self.boxes, centre=self.boxes.centre + shift)
        return replace(self, a=self.a + shift, b=self.b + shift, boxes=boxes)

    @property
    def cloud(self) -> np.ndarray:
        """(N, 3) points that hold everything."""
        radius = self.radius[:, None]
        corners = self.boxes.corners.reshape(-1, 3)
        return np.concatenate(
            [
                self.a - radius,
                self.b - radius,
                self.a + radius,
                self.b + radius,
                corners,
            ]
        )

    @classmethod
    def joined(cls, parts: list["Parts"]) -> "Parts":
        """Several hands as one."""
        joined = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("a", "b", "radius", "colour")
        }
        return cls(**joined, boxes=RoundedBoxes.joined([part.boxes for part in parts]))


def draw_robot(robot: RobotSpec, path: str | Path) -> Path:
    """Draw both hands at rest into a PNG: what collides, fingertip pads, names.

    The palms face the viewer, so a right hand's thumb points to the right.
    """
    parts, labels = [], []
    for side, hand in robot.hands.items():
        drawn, names, width = _hand(hand)
        shift = np.array([0.0, width / 2 + GAP / 2, 0.0])
        if side == "right":
            shift = -shift
        parts.append(drawn.moved(shift))
        labels += [(text, at + shift) for text, at in names]
    shown = Parts.joined(parts)
    ends = shown.cloud
    # Seen along +x, as the hands' backs face +x.
    camera = frame_points(ends, SIZE[0] / SIZE[1], azimuth=0.0, elevation=-8.0)
    floor = float(ends[:, 2].min()) - 0.03
    painter = Painter(camera, SIZE, floor)
    image = Image.fromarray(
        painter.draw(shown.a, shown.b, shown.radius, shown.colour, shown.boxes)
    )
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(17)
    pen.text((14, 10), robot.title, fill=INK, font=ImageFont.load_default(22))
    for text, at in labels:
        spot = _project(camera, at)
        pen.text(
            spot, text, fill=INK, font=font, anchor="mb", stroke_width=2,
            stroke_fill=(245, 246, 248),
        )  # fmt: skip
    with atomic_path(path) as temporary:
        image.save(temporary, format="PNG")
    return Path(path)


def _hand(hand: HandSpec) -> tuple[Parts, list[tuple[str, np.ndarray]], float]:
    """Solids with colours, names with places, and the width; fingers point up."""
    poses = read_tree(hand.urdf).forward(
        dict(zip(hand.joint_names, map(float, hand.rest_pose), strict=True))
    )
    T = np.linalg.inv(poses[hand.palm_link] @ hand.T_palm_hand)
    # Hand frame (x across, y fingers, z back) → picture (x back, y across, z up).
    turn = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    owner = {link: name for name, f in hand.fingers.items() for link in f.links}

    def place(link: str, point: np.ndarray) -> np.ndarray:
        pose = T @ poses[link]
        return turn @ (pose[:3, :3] @ np.asarray(point) + pose[:3, 3])

    a, b, radius, colour = [], [], [], []
    boxes = []
    for solid in hand.solids:
        tint = COLOURS.get(owner.get(solid.link, ""), PALM_COLOUR)
        if isinstance(solid, Capsule):
            a.append(place(solid.link, np.array(solid.a)))
            b.append(place(solid.link, np.array(solid.b)))
            radius.append(solid.radius)
            colour.append(tint)
        else:
            axes = turn @ (T @ poses[solid.link])[:3, :3] @ from_rpy(solid.rpy)
            centre = place(solid.link, np.array(solid.centre))
            boxes.append((centre, axes, solid.half, solid.radius, tint))
    names = []
    for name, finger in hand.fingers.items():
        tip = place(finger.tip_link, np.zeros(3))
        middle = place(finger.middle_link, np.zeros(3))
        along = (tip - middle) / max(float(np.linalg.norm(tip - middle)), 1e-9)
        names.append((name, tip + (finger.pad_radius + 0.012) * along))
        # The pad shows through as a small ball on the palm's side, out of a box too.
        out = 0.35 * finger.pad_radius + (COVER if hand.boxes else 0.0)
        a.append(tip - [out, 0, 0])
        b.append(a[-1])
        radius.append(0.75 * finger.pad_radius)
        colour.append(PAD_COLOUR)
    drawn = Parts(
        np.array(a), np.array(b), np.array(radius), np.array(colour),
        RoundedBoxes.of(boxes),
    )  # fmt: skip
    corners = drawn.boxes.corners.reshape(-1, 3)
    across = np.concatenate([drawn.a[:, 1], drawn.b[:, 1], corners[:, 1]])
    low = min(drawn.a[:, 2].min(), corners[:, 2].min(initial=0.0), 0.0)
    centre = np.array([0.0, (across.min() + across.max()) / 2, 0.0])
    names = [(text, at - centre) for text, at in names]
    names.append((hand.side, np.array([0.0, 0.0, low - 0.035])))
    return drawn.moved(-centre), names, float(np.ptp(across))


def _project(camera: Camera, point: np.ndarray) -> tuple[float, float]:
    """Pixel of a point in world [m]."""
    right, up, forward = camera.axes
    local = point - camera.position
    focal = SIZE[1] / 2 / np.tan(np.radians(FIELD_OF_VIEW) / 2)
    depth = float(local @ forward)
    return (
        SIZE[0] / 2 + focal * float(local @ right) / depth,
        SIZE[1] / 2 - focal * float(local @ up) / depth,
    )
