"""Bars of shares as Alpaca gives them."""

from __future__ import annotations

from collections.abc import Iterable

from gammacore.adapters.alpaca.bodies import Row, figure, figure_or_none, instant, row_of, rows_of
from gammacore.adapters.wire.live_market import in_order
from gammacore.adapters.wire.prices import shares_traded
from gammacore.domain.market import Bar
from gammacore.errors import InvalidInput


def read_bars(asked: Iterable[Row], symbol: str, seconds: int) -> list[Bar]:
    """The bars of a symbol on pages of an answer, oldest first; a bar that cannot be is left out.

    Raises:
        WireTrouble: a page without bars, or a bar that cannot be read.
    """
    bars: list[Bar] = []
    for page in asked:
        listed = row_of(page.get("bars"), "bars").get(symbol)
        for row in () if listed is None else rows_of(listed, f"bars of {symbol}"):
            prices = [figure(row, name) for name in ("o", "h", "l", "c")]
            try:
                bars.append(Bar(instant(row, "t"), seconds, *prices, volume=shares_traded(figure_or_none(row, "v"))))
            except InvalidInput:
                continue
    return in_order(bars)
