"""Daily tables beside a recording with what was not known at an instant changed, for look-ahead checks. Rule: ST-601.

A reader that takes the close of a day for its open leaves no trace in what a market shows: only another table shows it.
"""

from __future__ import annotations

import csv
import gzip
import io
from decimal import Decimal
from pathlib import Path

from gammacore.domain.sessions import TradingSession
from gammacore.domain.study.look_ahead import Alteration, Change
from gammacore.domain.written_dates import read_day
from gammacore.domain.written_figures import read_figure

SCALE = {Change.SCALED: Decimal("1.01"), Change.DEALT: Decimal("1.37")}
"""What later figures are multiplied by; one a day cannot be dealt, so it is moved further."""


def altered_daily_table(file: Path, into: Path, session: TradingSession, alteration: Alteration) -> Path:
    """A copy of a daily table as it stood at the instant; the file itself where it is no table of one row a date.

    A row of a later date is not known; of the session's own date its open is, from the bell on, and the rest from the
    close on.
    """
    if not file.is_file():
        return file
    packed = file.read_bytes()
    text = (gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed).decode("utf-8-sig", errors="replace")
    rows = list(csv.reader(io.StringIO(text)))
    dates = [row[0] for row in rows[1:] if row]
    if not dates or read_day(dates[0].strip()) is None or len(set(dates)) < len(dates) or ":" in "".join(dates):
        return file
    opening = {place for place, name in enumerate(rows[0]) if "open" in name.lower()}
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(rows[0])
    for row in rows[1:]:
        date = read_day(row[0].strip()) if row else None
        if date is None or date < session.date or (date == session.date and alteration.after >= session.close):
            table.writerow(row)
            continue
        known = opening if date == session.date and alteration.after >= session.open else set()
        if alteration.change is not Change.ABSENT or known:
            table.writerow([row[0], *(
                cell if place in known else _other(cell, alteration.change)
                for place, cell in enumerate(row[1:], start=1)
            )])  # fmt: skip
    into.mkdir(parents=True, exist_ok=True)
    copy = into / file.name.removesuffix(".gz")
    copy.write_text(written.getvalue(), encoding="utf-8")
    return copy


def _other(cell: str, change: Change) -> str:
    """The cell of a figure that was not known: empty where it is absent, another figure else; words stay."""
    figure = read_figure(cell)
    if not isinstance(figure, Decimal):
        return cell
    return "" if change is Change.ABSENT else str((figure * SCALE[change]).quantize(Decimal("0.01")))
