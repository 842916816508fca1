"""`plot_report`: a retargeting report as one picture (SVG, which needs no library)."""

from pathlib import Path
from xml.sax.saxutils import escape

from handx_gen import npz
from retarget.report import RetargetReport

WIDTH, NAMES, ROW, TOP = 760, 230, 20, 46
INK, FAINT, BAR, SHORT, LEFT = "#282c34", "#d0d4da", "#407ac7", "#e68538", "#7fa7dc"


def plot_report(report: RetargetReport, path: str | Path) -> Path:
    """Write bars of what the report says, atomically.

    Fingertip errors per hand and finger; for every asked contact the share of samples
    that were kept, orange where the robot cannot reach it; computing time by stage.

    Args:
        report: The report.
        path: Where; the content is SVG whatever the ending.
    """
    errors = [
        (f"{side} {finger}", value, f"{value:.1f} mm", BAR if side == "right" else LEFT)
        for side, fingers in report.finger_error_mm.items()
        for finger, value in fingers.items()
    ]
    contacts = [
        (
            row.pair.replace("|", " · ").replace("_tip", ""),
            row.kept / row.asked,
            f"{row.kept} of {row.asked} kept, gap {row.gap_mm:.1f} mm",
            BAR if row.reachable else SHORT,
        )
        for row in report.contacts
    ]
    seconds = [
        (name, value, f"{value:.2f} s", BAR) for name, value in report.seconds.items()
    ]
    parts, y = [], TOP
    for title, rows in (
        ("Fingertip error [mm]", errors),
        ("Asked contacts", contacts or [("none", 0.0, "none asked", BAR)]),
        ("Computing time [s]", seconds),
    ):
        text, y = _panel(title, rows, y)
        parts += text
    head = (
        f"{report.robot}: {report.frames} frames, time ×{report.stretch:.2f}, "
        f"{len(report.unsolved)} unsolved"
    )
    body = "\n".join([_text(20, 26, head, 16), *parts])
    return npz.write_text(
        path,
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'font-family="sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n'
        f"{body}\n</svg>\n",
    )


def _panel(
    title: str, rows: list[tuple[str, float, str, str]], y: int
) -> tuple[list[str], int]:
    """A title and one bar per row (name, value, label, colour); where it ends."""
    out = [_text(20, y + 14, title, 13)]
    y += 24
    room = WIDTH - NAMES - 250
    largest = max((value for _, value, _, _ in rows), default=0.0) or 1.0
    for name, value, label, colour in rows:
        reach = room * value / largest
        out += [
            _text(NAMES - 8, y + 13, name, 11, "end"),
            f'<line x1="{NAMES}" x2="{NAMES}" y1="{y}" y2="{y + ROW}" stroke="{FAINT}"/>',
            f'<rect x="{NAMES}" y="{y + 3}" width="{reach:.1f}" height="13" '
            f'fill="{colour}"/>',
            _text(NAMES + reach + 6, y + 13, label, 11),
        ]
        y += ROW
    return out, y + 16


def _text(x: float, y: float, text: str, size: int, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{INK}">{escape(text)}</text>'
    )
