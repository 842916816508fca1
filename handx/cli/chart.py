"""Bars of a store's figures, drawn with Pillow."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from handx_gen.npz import atomic_path

if TYPE_CHECKING:
    from training.data.statistics import SourceStatistics

PANELS = (
    ("hours", "hours [h]"),
    ("contact_ratio", "contact ratio"),
    ("contact_duration", "contact duration [s]"),
    ("contact_frequency", "contacts per second [1/s]"),
    ("intensity", "motion intensity [deg/s]"),
)
INK, FAINT, BAR, ALL = (40, 44, 52), (205, 209, 215), (64, 122, 199), (230, 133, 56)
WIDTH, ROW, HEAD, MARGIN, NAMES = 360, 26, 44, 20, 110


def draw_statistics(found: "Sequence[SourceStatistics]", path: str | Path) -> None:
    """One panel per figure, one bar per source, into a PNG."""
    height = HEAD + ROW * len(found) + MARGIN
    columns = 3
    rows = -(-len(PANELS) // columns)
    sheet = Image.new("RGB", (columns * WIDTH, rows * height), "white")
    pen = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(15), ImageFont.load_default(12)
    for index, (field, title) in enumerate(PANELS):
        x, y = index % columns * WIDTH + MARGIN, index // columns * height + MARGIN
        pen.text((x, y), title, fill=INK, font=font)
        values = [getattr(one, field) for one in found]
        largest = max((v for v in values if v is not None), default=0) or 1.0
        left, room = x + NAMES, WIDTH - NAMES - 2 * MARGIN - 46
        for row, (one, value) in enumerate(zip(found, values)):
            top = y + HEAD - MARGIN + row * ROW
            name = one.source if len(one.source) <= 15 else one.source[:14] + "…"
            pen.text((left - 8, top + 9), name, fill=INK, font=small, anchor="rm")
            pen.line([(left, top), (left, top + ROW)], fill=FAINT)
            reach = room * (value or 0) / largest
            if reach:
                box = [(left + 1, top + 2), (left + 1 + reach, top + 16)]
                pen.rectangle(box, fill=ALL if one.source == "all" else BAR)
            text = "n/a" if value is None else f"{value:.3g}"
            pen.text(
                (left + 6 + reach, top + 9), text, fill=INK, font=small, anchor="lm"
            )
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")
