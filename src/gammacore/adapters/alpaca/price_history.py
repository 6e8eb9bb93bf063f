"""Bars of shares as Alpaca gives them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from gammacore.adapters.alpaca.bodies import Row, figure, instant, row_of, rows_of
from gammacore.domain.market import Bar
from gammacore.errors import InvalidInput

MINUTE_SECONDS = 60
DAY_SECONDS = 86_400


def read_bars(asked: Iterable[Row], symbol: str, seconds: int) -> list[Bar]:
    """The bars of a symbol on pages of an answer, oldest first; a bar that cannot be is left out.

    Raises:
        WireTrouble: a page without bars, or a bar that cannot be read.
    """
    bars: dict[dt.datetime, Bar] = {}
    for page in asked:
        listed = row_of(page.get("bars"), "bars").get(symbol)
        for row in () if listed is None else rows_of(listed, f"bars of {symbol}"):
            prices = [figure(row, name) for name in ("o", "h", "l", "c")]
            try:
                bar = Bar(instant(row, "t"), seconds, *prices)
            except InvalidInput:
                continue
            bars[bar.start] = bar
    return [bars[start] for start in sorted(bars)]
