"""Figures as CSV: a cell of any figure, and a table whose columns are their keys."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from gammacore.domain.dollars import to_cents
from gammacore.domain.reports.figures import Figure, Figures, Unit
from gammacore.domain.sessions import NEW_YORK


def figures_text(rows: Sequence[Figures]) -> str:
    """A header of keys, and a row of cells for each row of figures; figures without a key are left out."""
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    keyed = [[figure for figure in row if figure.key] for row in rows]
    if keyed:
        table.writerow([figure.key for figure in keyed[0]])
    table.writerows([cell(figure) for figure in row] for row in keyed)
    return lines.getvalue()


def cell(figure: Figure) -> str:
    """A figure as programs and spreadsheets read it; empty where it is not known."""
    value = figure.value
    if value is None:
        return ""
    match figure.unit:
        case Unit.INSTANT:
            return f"{value.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}"
        case Unit.POINTS | Unit.DOLLARS:
            return f"{to_cents(value) + 0}"
        case Unit.GAIN:
            return f"{to_cents(value) + 0:+.2f}"
        case Unit.PART:
            return f"{float(value):.0%}"
        case Unit.RETURN:
            return f"{float(value) * 100 + 0.0:+.1f}%"
        case _:
            return str(value)
