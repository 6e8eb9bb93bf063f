"""The par yield curve of the US Treasury: one CSV table a month, read over HTTPS. Rule: SC-424."""

from __future__ import annotations

import csv
import datetime as dt
import io
import logging
import time
from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import field, frozen

from gammacore.adapters.wire.connection import explain, explain_status
from gammacore.domain.parameters import parameter
from gammacore.domain.pricing.rates import ParYields
from gammacore.domain.written_figures import read_plain_figure

HOST = "https://home.treasury.gov"
PATH = "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/all/{month}"
LARGEST_BYTES = 1_000_000
"""A month is 2 kB: what is longer is another page."""
_COLUMNS = {
    "1 mo": "1m", "1.5 month": "1.5m", "1.5 mo": "1.5m", "2 mo": "2m", "3 mo": "3m", "4 mo": "4m", "6 mo": "6m",
    "1 yr": "1y", "2 yr": "2y", "3 yr": "3y", "5 yr": "5y", "7 yr": "7y", "10 yr": "10y", "20 yr": "20y",
    "30 yr": "30y",
}  # fmt: skip
"""The table's headings, by the names of the domain's nodes; the table has no 1.5 months before 2025."""
_log = logging.getLogger(__name__)


class NoTable(Exception):
    """There is no table to read: why, in words."""


@frozen
class Treasury:
    """Asks the Treasury for a month's table. Implements `gammacore.ports.market_data.RateSource`."""

    host: str = HOST
    seconds: float = parameter(5.0, "The whole of an answer must be there by then, seconds.", above=0)
    name: str = field(default="treasury", init=False)

    def par_yields(self, today: dt.date) -> Mapping[dt.date, ParYields]:
        """The rows of this month, or of the month before where this one has none or is not answered."""
        last = today.replace(day=1) - dt.timedelta(days=1)
        for month in (today, last):
            try:
                rows = read_table(self._table(month))
            except NoTable as missing:
                _log.warning("the Treasury's yields of %s: %s", f"{month:%Y-%m}", missing)
                continue
            if known := {date: row for date, row in rows.items() if date <= today}:
                return known
        return {}

    def _table(self, month: dt.date) -> str:
        import httpx

        name, ends = f"{month:%Y%m}", time.monotonic() + self.seconds
        query = {"type": "daily_treasury_yield_curve", "field_tdr_date_value_month": name, "_format": "csv"}
        try:
            with httpx.stream(
                "GET", self.host + PATH.format(month=name), params=query, timeout=self.seconds, follow_redirects=True
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    words = explain_status(answer.status_code, answer.url.host)
                    raise NoTable(words or f"answered {answer.status_code}")
                return _bounded(answer.iter_bytes(), ends)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as fault:
            raise NoTable(explain(fault, httpx.URL(self.host).host)) from None


def read_table(text: str) -> dict[dt.date, ParYields]:
    """The rows by their dates; an empty cell is None, a row whose date or figures cannot be read is left out.

    Raises:
        NoTable: no heading of a maturity, as of a page that is no table.

    >>> read_table('Date,"1 Mo","1.5 Month","2 Mo"\\n06/01/2026,4.31,,4.33\\n')
    {datetime.date(2026, 6, 1): {'1m': Decimal('4.31'), '1.5m': None, '2m': Decimal('4.33')}}
    """
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")))
    headings = [cell.strip().lower() for cell in next(rows, [])]
    nodes = [_COLUMNS.get(cell) for cell in headings]
    if headings[:1] != ["date"] or not any(nodes):
        raise NoTable("what was answered is no table of yields")
    try:
        read = (_row(cells, nodes) for cells in rows if cells)
        return dict(row for row in read if row is not None)
    except csv.Error:
        raise NoTable("what was answered is no table of yields") from None


def _row(cells: list[str], nodes: list[str | None]) -> tuple[dt.date, ParYields] | None:
    try:
        date = dt.datetime.strptime(cells[0].strip(), "%m/%d/%Y").date()  # noqa: DTZ007  # a date without a time
    except ValueError:
        return None
    found: dict[str, Decimal | None] = {}
    for node, cell in zip(nodes, cells, strict=False):
        if node is None:
            continue
        written = cell.strip()
        figure = read_plain_figure(written) if written and written != "N/A" else None
        if figure is not None and not isinstance(figure, Decimal):
            return None
        found[node] = figure
    return date, found


def _bounded(chunks: Iterable[bytes], ends: float) -> str:
    """The text of an answer that is neither endless nor dripping."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise NoTable("the answer is too long for a table of yields")
        if time.monotonic() > ends:
            raise NoTable("the answer was not complete in time")
    return body.decode("utf-8", "replace")
