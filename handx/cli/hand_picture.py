"""Pictures of human hands: strips and films of a motion, drawn without GL."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handx_gen.hand_model import bone_segments
from handx_gen.kinematics.contacts import contact_track, split_pair
from handx_gen.motion import BimanualMotion
from handx_gen.npz import atomic_path
from handx_gen.skeleton import CHAINS, FINGERS, JOINT, SIDES
from retarget.placement import place
from sim.camera import frame_points
from sim.painter import Painter
from sim.stage import CONTACT_COLOUR, SIDE_COLOURS

SIZE = (640, 480)
MOMENTS, COLUMNS = 6, 3
PALM_RADIUS = 0.010
"""Radius of the rods that stand for the palm [m]."""
_BASES = [JOINT[CHAINS[finger][1]] for finger in FINGERS]


def draw_strip(motion: BimanualMotion, path: str | Path, title: str = "") -> None:
    """Six moments of a motion, evenly spread, into a PNG."""
    picture = _painted(motion, title)
    sheet = Image.new("RGB", (COLUMNS * SIZE[0], -(-MOMENTS // COLUMNS) * SIZE[1]))
    for index, frame in enumerate(np.linspace(0, len(motion) - 1, MOMENTS).round()):
        corner = (index % COLUMNS * SIZE[0], index // COLUMNS * SIZE[1])
        sheet.paste(picture(int(frame)), corner)
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")


def draw_film(motion: BimanualMotion, path: str | Path, title: str = "") -> None:
    """All frames of a motion at its own rate, into an mp4 (H.264)."""
    import av

    picture = _painted(motion, title)
    rate = Fraction(motion.fps).limit_denominator(1001)
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", format="mp4") as container,
    ):
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.time_base = 1 / rate
        for frame in range(len(motion)):
            image = av.VideoFrame.from_image(picture(frame))
            image.pts = frame
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))


def _painted(motion: BimanualMotion, title: str) -> Callable[[int], Image.Image]:
    """What draws one frame: bones as capsules, touching fingertips lit."""
    joints = place(motion)
    shown = joints[:, motion.present].reshape(-1, 3)
    # From behind, as one sees one's own hands.
    camera = frame_points(
        np.concatenate([shown - 0.02, shown + 0.02]), SIZE[0] / SIZE[1], azimuth=0.0
    )
    painter = Painter(camera, SIZE, float(shown[:, 2].min()) - 0.08)
    contacts = contact_track(motion.joints, motion.present)
    font = ImageFont.load_default(16)
    ink = (40, 44, 52)

    def picture(frame: int) -> Image.Image:
        lit = {
            point
            for pair, on in zip(contacts.pairs, contacts.mask[frame])
            if on
            for point in split_pair(pair)
        }
        parts = [
            _capsules(joints[frame, side], name, lit)
            for side, name in enumerate(SIDES)
            if motion.present[side]
        ]
        image = Image.fromarray(
            painter.draw(*(np.concatenate(part) for part in zip(*parts)))
        )
        pen = ImageDraw.Draw(image)
        pen.text((12, 8), title, fill=ink, font=font)
        clock = f"{frame / motion.fps:.2f} s"
        pen.text((SIZE[0] - 12, SIZE[1] - 10), clock, fill=ink, font=font, anchor="rs")
        return image

    return picture


def _capsules(
    hand: np.ndarray, side: str, lit: set[tuple[str, str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Starts, ends, radii and colours of one hand's parts."""
    starts, ends, radii = bone_segments(hand)
    base = np.array(SIDE_COLOURS[side])
    pale = base + 0.35 * (1 - base)
    colours = np.tile(base, (15, 1))
    for k, finger in enumerate(FINGERS):
        if (side, f"{finger}_tip") in lit:
            colours[3 * k + 2] = CONTACT_COLOUR
    # The palm: rods from the wrist to the knuckles and along the knuckles.
    knuckles = hand[_BASES]
    palm_a = np.concatenate([np.repeat(hand[:1], 5, 0), knuckles[:-1]])
    palm_b = np.concatenate([knuckles, knuckles[1:]])
    return (
        np.concatenate([starts, palm_a]),
        np.concatenate([ends, palm_b]),
        np.concatenate([radii, np.full(9, PALM_RADIUS)]),
        np.concatenate([colours, np.tile(pale, (9, 1))]),
    )
