"""Cash dividends by Tradier's fundamentals, behind the port. Rule: SC-425."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal

from attrs import field, frozen

from gammacore.adapters.tradier.orders import Asks
from gammacore.adapters.tradier.wire import is_nothing, many, read
from gammacore.adapters.wire import UnreadableAnswer
from gammacore.adapters.wire.dividends import DOLLARS, AskedDividends
from gammacore.domain.pricing.rates import CashDividend

PATH = "beta/markets/fundamentals/dividends"


@frozen
class TradierDividends:
    """Implements ports.market_data.DividendSource: one request. The live host alone serves it, the sandbox does not."""

    tradier: Asks
    name: str = field(default="tradier", init=False)

    def cash_dividends(self, symbol: str, since: dt.date, until: dt.date) -> Sequence[CashDividend] | None:
        """As the port says; special dividends are among them."""
        asked = AskedDividends(symbol, since, until)
        return asked.paid(self.name, lambda: read_dividends(self.tradier.get(PATH, {"symbols": symbol}), asked))


@frozen
class _Dated:
    ex_date: dt.date


@frozen
class _Paid:
    cash_amount: Decimal
    currency_i_d: str = DOLLARS


def read_dividends(answer: object, asked: AskedDividends) -> Iterator[CashDividend]:
    """The dividends that are asked for, of a share's whole history.

    The answer is a list of questions, each with results (a company, its share), each with tables.

    Raises:
        UnreadableAnswer: nothing of the share, no table or several with rows, a row without a date, or one of the
            ex-dates asked for whose amount is no figure of dollars.

    >>> row = {"ex_date": "2026-03-20", "cash_amount": 1.77, "currency_i_d": "USD"}
    >>> share = {"type": "Stock", "tables": {"cash_dividends": [row]}}
    >>> year = AskedDividends("SPY", dt.date(2025, 6, 1), dt.date(2026, 6, 1))
    >>> [str(one.amount) for one in read_dividends([{"request": "SPY", "results": [share]}], year)]
    ['1.77']
    """
    for row in _rows(answer, asked.symbol):
        if not asked.covers(ex_date := read(_Dated, row).ex_date):
            continue
        paid = read(_Paid, row)
        if paid.currency_i_d != DOLLARS:
            raise UnreadableAnswer("a dividend that is not in dollars")
        yield CashDividend(ex_date, paid.cash_amount)


def _rows(answer: object, symbol: str) -> list[object]:
    """The rows of the one table that has some; where two had, whose the dividends are would be a guess."""
    answered = answer if isinstance(answer, list) else [answer]
    of_share = [one for one in answered if isinstance(one, dict) and one.get("request") == symbol]
    tables = [table for one in of_share for result in many(one, "results") if (table := _table(result)) is not None]
    filled = [table for table in tables if table]
    if not tables or len(filled) > 1:
        found = f"{len(filled)} tables of dividends" if tables else "no table of dividends"
        raise UnreadableAnswer(f"the answer holds {found} of {symbol}")
    return filled[0] if filled else []


def _table(result: object) -> list[object] | None:
    """The dividends beside one result; None where it has none to show: the company, beside the share."""
    tables = result.get("tables") if isinstance(result, dict) else None
    if not isinstance(tables, dict) or is_nothing(tables.get("cash_dividends")):
        return None
    return many(tables, "cash_dividends")
