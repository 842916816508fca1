"""A picture of a robot's two hands: palms towards the viewer, every finger named."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handx_gen.npz import atomic_path
from robots.add.tree import read_tree
from robots.hand import HandSpec
from robots.robot import RobotSpec
from sim.camera import Camera, frame_points
from sim.painter import FIELD_OF_VIEW, Painter

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

Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Starts (K, 3), ends (K, 3), radii (K,) [m] and colours (K, 3)."""


def draw_robot(robot: RobotSpec, path: str | Path) -> Path:
    """Draw both hands at rest into a PNG: capsules, fingertip pads, names.

    The palms face the viewer, so a right hand's thumb points to the right.
    """
    parts, labels = [], []
    for side, hand in robot.hands.items():
        drawn, names, width = _hand(hand)
        shift = np.array([0.0, width / 2 + GAP / 2, 0.0])
        if side == "right":
            shift = -shift
        parts.append((drawn[0] + shift, drawn[1] + shift, *drawn[2:]))
        labels += [(text, at + shift) for text, at in names]
    a, b, radius, colour = (np.concatenate(column) for column in zip(*parts))
    ends = np.concatenate(
        [a - radius[:, None], b + radius[:, None], a + radius[:, None]]
    )
    # Seen along +x, as the hands' backs face +x.
    camera = frame_points(ends, SIZE[0] / SIZE[1], azimuth=0.0, elevation=-8.0)
    floor = float(ends[:, 2].min()) - 0.03
    image = Image.fromarray(Painter(camera, SIZE, floor).draw(a, b, radius, colour))
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
    """Capsules with colours, names with places, and the width; fingers point up."""
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
    for capsule in hand.capsules:
        a.append(place(capsule.link, np.array(capsule.a)))
        b.append(place(capsule.link, np.array(capsule.b)))
        radius.append(capsule.radius)
        colour.append(COLOURS.get(owner.get(capsule.link, ""), PALM_COLOUR))
    names = []
    for name, finger in hand.fingers.items():
        tip = place(finger.tip_link, np.zeros(3))
        middle = place(finger.middle_link, np.zeros(3))
        out = (tip - middle) / max(float(np.linalg.norm(tip - middle)), 1e-9)
        names.append((name, tip + (finger.pad_radius + 0.012) * out))
        # The pad shows through as a small ball on the palm's side.
        a.append(tip - [0.35 * finger.pad_radius, 0, 0])
        b.append(a[-1])
        radius.append(0.75 * finger.pad_radius)
        colour.append(PAD_COLOUR)
    starts, ends = np.array(a), np.array(b)
    across = np.concatenate([starts[:, 1], ends[:, 1]])
    centre = np.array([0.0, (across.min() + across.max()) / 2, 0.0])
    names = [(text, at - centre) for text, at in names]
    names.append((hand.side, np.array([0.0, 0.0, min(starts[:, 2].min(), 0) - 0.035])))
    return (
        (starts - centre, ends - centre, np.array(radius), np.array(colour)),
        names,
        float(np.ptp(across)),
    )


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
