"""Bars of shares as Alpaca gives them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from attrs import define, field, frozen

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


@frozen
class _Known:
    """What was answered to a question up to the end of a bar, and when."""

    until: dt.datetime
    asked_at: dt.datetime
    bars: tuple[Bar, ...]


@define
class KnownBars:
    """The last answer for each symbol, length and start: asked anew only when another bar may be there.

    A bar that is due and late is asked for again after `patience_seconds`, not at every look.
    """

    patience_seconds: float
    _known: dict[tuple[str, int, dt.datetime], _Known] = field(factory=dict, init=False)

    def bars(
        self, symbol: str, seconds: int, start: dt.datetime, until: dt.datetime, now: dt.datetime,
        ask: Callable[[], Sequence[Bar]],
    ) -> tuple[Bar, ...]:  # fmt: skip
        """The bars from `start` to `until`, the end of the last one that can be whole."""
        known = self._known.get((symbol, seconds, start))
        if known is not None and known.until == until and not self._is_due(known, seconds, now):
            return known.bars
        answer = _Known(until, now, tuple(ask()))
        self._known[symbol, seconds, start] = answer
        return answer.bars

    def _is_due(self, known: _Known, seconds: int, now: dt.datetime) -> bool:
        """Whether a bar is missing at the end that may have come meanwhile, and may still come."""
        patience = dt.timedelta(seconds=self.patience_seconds)
        is_whole = bool(known.bars) and known.bars[-1].end >= known.until
        is_over = known.asked_at - known.until > max(2 * patience, dt.timedelta(seconds=seconds))
        return not (is_whole or is_over) and now - known.asked_at >= patience
