"""`Sheet`: a drawing of lines, boxes, dots and words, saved as PNG or SVG."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from handx_gen import npz

Colour = tuple[int, int, int]
INK: Colour = (40, 44, 52)
FAINT: Colour = (205, 209, 215)


class Sheet:
    """Shapes in pixels, from the top left corner.

    Args:
        width, height: Of the drawing.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._svg: list[str] = []
        # Drawn twice as large and then halved: Pillow's own lines have hard edges.
        self._image = Image.new("RGB", (2 * width, 2 * height), "white")
        self._pen = ImageDraw.Draw(self._image)

    def box(
        self, x: float, y: float, width: float, height: float, fill: Colour
    ) -> None:
        """A filled rectangle."""
        self._pen.rectangle(
            [2 * x, 2 * y, 2 * (x + width) - 1, 2 * (y + height) - 1], fill=fill
        )
        self._svg.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{_hex(fill)}"/>'
        )

    def line(
        self, points: Sequence[tuple[float, float]], colour: Colour, width: int = 1
    ) -> None:
        """A line through points."""
        self._pen.line(
            [(2 * x, 2 * y) for x, y in points], fill=colour, width=2 * width
        )
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._svg.append(
            f'<polyline points="{path}" fill="none" stroke="{_hex(colour)}" '
            f'stroke-width="{width}"/>'
        )

    def dot(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A filled circle."""
        self._pen.ellipse(
            [2 * (x - radius), 2 * (y - radius), 2 * (x + radius), 2 * (y + radius)],
            fill=fill,
        )
        self._svg.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{_hex(fill)}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: int = 12,
        colour: Colour = INK,
        anchor: str = "start",
    ) -> None:
        """Words whose middle line is at `y`; `anchor` is "start", "middle" or "end"."""
        place = {"start": "lm", "middle": "mm", "end": "rm"}[anchor]
        font = ImageFont.load_default(2 * size)
        self._pen.text((2 * x, 2 * y), words, fill=colour, font=font, anchor=place)
        self._svg.append(
            f'<text x="{x:.1f}" y="{y + 0.35 * size:.1f}" font-size="{size}" '
            f'text-anchor="{anchor}" fill="{_hex(colour)}">{escape(words)}</text>'
        )

    def save(self, path: str | Path) -> Path:
        """Write the drawing; the ending says in which of the two formats."""
        path = Path(path)
        if path.suffix.lower() == ".svg":
            body = "\n".join(self._svg)
            return npz.write_text(
                path,
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" '
                f'height="{self.height}" font-family="sans-serif">\n'
                f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n',
            )
        with npz.atomic_path(path) as temporary:
            small = self._image.resize(
                (self.width, self.height), Image.Resampling.LANCZOS
            )
            small.save(temporary, format="PNG")
        return path


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
