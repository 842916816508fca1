"""What is written into pictures: title, clock, which colour is which, what heat means."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handx_gen.kinematics.contacts import CONTACT_GAP
from sim.heat import FULL_FORCE, heat_colour
from sim.stage import PAD_COLOUR, SIDE_COLOURS

INK = (40, 44, 52)
MARGIN = 12
"""Distance of the writing from the picture's edge [pixels]."""
BAR = (120, 8)
"""Width and height of the legend of heat [pixels]."""


def label(
    picture: np.ndarray, title: str, clock: str, force: bool = True
) -> np.ndarray:
    """The picture with a title, the time, and what its colours mean.

    Args:
        picture: (height, width, 3) uint8.
        title: A line at the top; shortened where it is wider than the picture.
        clock: At the bottom right.
        force: Whether heat goes on to force, which a human motion has none of.
    """
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(16)
    width, height = image.size
    pen.text((MARGIN, 8), _fitted(pen, title, font, width), fill=INK, font=font)
    place = float(MARGIN)
    for side, colour in SIDE_COLOURS.items():
        shade = tuple(int(200 * c) for c in colour)
        pen.text((place, height - 10), side, fill=shade, font=font, anchor="ls")
        place += MARGIN + pen.textlength(side, font=font)
    pen.text((width - MARGIN, height - 10), clock, fill=INK, font=font, anchor="rs")
    _legend(pen, width, height, force)
    return np.asarray(image)


def _fitted(
    pen: ImageDraw.ImageDraw, text: str, font: ImageFont.ImageFont, width: int
) -> str:
    """The text, or as much of its beginning as is not wider than the picture."""
    room = width - 2 * MARGIN
    if pen.textlength(text, font=font) <= room:
        return text
    while text and pen.textlength(f"{text}…", font=font) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _legend(pen: ImageDraw.ImageDraw, width: int, height: int, force: bool) -> None:
    """A bar of heat's colours at the bottom, and what its ends mean."""
    font = ImageFont.load_default(12)
    hottest = 2.0 if force else 1.0
    left, top = (width - BAR[0]) / 2, height - 10 - BAR[1]
    for x in range(BAR[0]):
        heat = max(hottest * x / (BAR[0] - 1), 1e-6)
        shade = (255 * heat_colour(np.array(PAD_COLOUR), heat)).astype(int)
        pen.line([(left + x, top), (left + x, top + BAR[1])], fill=tuple(shade))
    marks = [(0.0, f"gap {1000 * CONTACT_GAP:g} mm"), (1 / hottest, "touch")]
    if force:
        marks.append((1.0, f"{FULL_FORCE:g} N"))
    for (share, text), anchor in zip(
        marks, ("rs", "ms", "ls") if force else ("rs", "ls")
    ):
        inside = anchor == "ms"
        x = left + share * BAR[0] + (0 if inside else -6 if anchor == "rs" else 6)
        y = top - 4 if inside else top + BAR[1]
        pen.text((x, y), text, fill=INK, font=font, anchor=anchor)
