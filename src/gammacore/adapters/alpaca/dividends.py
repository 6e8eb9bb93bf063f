"""Cash dividends by Alpaca's corporate actions, behind the port. Rule: SC-425."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from attrs import field, frozen

from gammacore.adapters.alpaca.bodies import Row, figure, pages, row_of, rows_of, text, unreadable, words
from gammacore.adapters.alpaca.client import AlpacaClients
from gammacore.adapters.alpaca.questions import Questions
from gammacore.adapters.wire.dividends import DOLLARS, AskedDividends
from gammacore.domain.pricing.rates import CashDividend

ACTIONS_A_PAGE = 1000
KIND = "cash_dividend"
PAID_BEFORE, PAID_AFTER = dt.timedelta(days=30), dt.timedelta(days=120)
"""How far the day of payment, which Alpaca's dates count by, may be from the ex-date: SPY pays six weeks after it,
a special dividend with due bills some days before it."""


@frozen
class AlpacaDividends:
    """Implements ports.market_data.DividendSource: one request and one for each further page."""

    clients: AlpacaClients
    questions: Questions
    name: str = field(default="alpaca", init=False)

    def cash_dividends(self, symbol: str, since: dt.date, until: dt.date) -> Sequence[CashDividend] | None:
        """As the port says; special dividends are among them."""
        asked = AskedDividends(symbol, since, until)
        return asked.paid(self.name, lambda: self.questions.ask(f"dividends of {symbol}", lambda: self._ask(asked)))

    def _ask(self, asked: AskedDividends) -> list[CashDividend]:
        named = {
            "symbols": asked.symbol, "types": KIND, "limit": ACTIONS_A_PAGE,
            "start": (asked.since - PAID_BEFORE).isoformat(), "end": (asked.until + PAID_AFTER).isoformat(),
        }  # fmt: skip

        # not get_corporate_actions: it follows whatever looks like a page token, for ever
        def ask(token: str | None) -> object:
            return self.clients.actions.get("/corporate-actions", {**named, "page_token": token})

        return list(read_dividends(pages(ask, "the corporate actions"), asked))


def read_dividends(asked_pages: Iterable[Row], asked: AskedDividends) -> Iterator[CashDividend]:
    """The dividends that are asked for, off the pages of an answer.

    Raises:
        WireTrouble: a page without actions, a row of another share or without a date, or one of the ex-dates asked for
            whose amount is no figure of dollars.

    >>> row = {"symbol": "SPY", "ex_date": "2026-03-20", "rate": 1.77}
    >>> year = AskedDividends("SPY", dt.date(2025, 6, 1), dt.date(2026, 6, 1))
    >>> [str(one.amount) for one in read_dividends([{"corporate_actions": {"cash_dividends": [row]}}], year)]
    ['1.77']
    """
    for page in asked_pages:
        for row in rows_of(row_of(page.get("corporate_actions"), "the actions").get("cash_dividends", []), "dividends"):
            if text(row, "symbol") != asked.symbol:
                raise unreadable(f"a dividend of {text(row, 'symbol')[:20]}, which was not asked for")
            if not asked.covers(ex_date := _date(row, "ex_date")):
                continue
            if words(row, "currency") not in ("", DOLLARS):
                raise unreadable("a dividend that is not in dollars")
            yield CashDividend(ex_date, figure(row, "rate"))


def _date(row: Row, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text(row, name))
    except ValueError:
        raise unreadable(f"{name} is no date") from None
