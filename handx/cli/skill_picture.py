"""Success rates with their intervals, and who is taken for whom, as drawings."""

from collections.abc import Sequence

import numpy as np

from handx.cli.sheet import FAINT, INK, Colour, Sheet
from handx.skill_table import PERTURBED, RobotTable
from handx.skill_trials import FILE, REFERENCE, STATIC

GREY: Colour = (150, 154, 162)
COLOURS = {
    REFERENCE: (64, 122, 199),
    PERTURBED: (127, 167, 220),
    FILE: (88, 160, 98),
    STATIC: (178, 181, 188),
}
NETWORK: Colour = (230, 133, 56)
NAMES, PANEL, BETWEEN, HEAD, LINE, GAP = 170, 190, 44, 76, 7, 10


def draw_rates(tables: Sequence[RobotTable], sources: Sequence[str]) -> Sheet:
    """A panel per robot, a row per skill, a dot with its interval per source."""
    skills = list(tables[0].rates)
    row = LINE * len(sources) + GAP
    starts = np.cumsum([20] + [34 + 6.6 * len(_legend(source)) for source in sources])
    width = max(NAMES + (PANEL + BETWEEN) * len(tables) + 20, int(starts[-1]))
    sheet = Sheet(width, HEAD + row * len(skills) + 34)
    for source, x in zip(sources, starts):
        sheet.dot(x, 20, 5, _colour(source))
        sheet.text(x + 10, 20, _legend(source), 12)
    for k, skill in enumerate(skills):
        top = HEAD + k * row
        if k % 2 == 0:
            sheet.box(0, top, sheet.width, row, (246, 247, 249))
        sheet.text(NAMES - 10, top + row / 2, skill.replace("_", " "), 12, INK, "end")
    for column, table in enumerate(tables):
        left = NAMES + column * (PANEL + BETWEEN)
        _panel(sheet, table, sources, left, row)
    return sheet


def _panel(
    sheet: Sheet, table: RobotTable, sources: Sequence[str], left: float, row: float
) -> None:
    """One robot's rates."""
    bottom = HEAD + row * len(table.rates)
    sheet.text(left, HEAD - 28, table.robot, 14)
    for share in (0.0, 0.5, 1.0):
        x = left + share * PANEL
        sheet.line([(x, HEAD), (x, bottom)], FAINT)
        sheet.text(x, bottom + 12, f"{100 * share:.0f} %", 10, GREY, "middle")
    for k, (skill, rates) in enumerate(table.rates.items()):
        top = HEAD + k * row + GAP / 2
        if skill in table.unreachable:
            sheet.text(left + 6, top + (row - GAP) / 2, "unreachable", 11, GREY)
            continue
        for number, source in enumerate(sources):
            rate = rates.get(source)
            if rate is None:
                continue
            y, colour = top + (number + 0.5) * LINE, _colour(source)
            ends = [(left + share * PANEL, y) for share in (rate.low, rate.high)]
            sheet.line(ends, colour)
            sheet.dot(left + rate.successes / rate.trials * PANEL, y, 3, colour)


def _legend(source: str) -> str:
    named = {REFERENCE: "scripted reference", PERTURBED: "the same, perturbed robot"}
    return named.get(source, source)


def _colour(source: str) -> Colour:
    return COLOURS.get(source, NETWORK)


def draw_confusion(share: np.ndarray, names: Sequence[str], title: str) -> Sheet:
    """Rows: whose motion; columns: whose judgement; the darker, the more accepted."""
    cell, left, top = 18, 170, 60
    size = cell * len(names)
    sheet = Sheet(left + size + 30, top + size + 40)
    sheet.text(20, 18, title, 14)
    sheet.text(left, 40, "judged as number …", 11, GREY)
    for i, name in enumerate(names):
        y = top + (i + 0.5) * cell
        sheet.text(left - 8, y, f"{name.replace('_', ' ')}  {i + 1}", 11, INK, "end")
        sheet.text(
            left + (i + 0.5) * cell, top + size + 12, str(i + 1), 9, GREY, "middle"
        )
        for j in range(len(names)):
            value = share[i, j]
            if np.isnan(value):
                continue
            shade = COLOURS[REFERENCE] if i == j else NETWORK
            fill = tuple(round(246 + value * (c - 246)) for c in shade)
            sheet.box(left + j * cell, top + i * cell, cell - 1, cell - 1, fill)
    return sheet
