"""A killed study ends like one that was not, also where only the exchange knew what had happened. Decision 0003."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from gammacore import configure
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import Settings, Sourced
from gammacore.domain.book.book import Book
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import Mode
from gammacore.domain.orders import Order, Purpose
from gammacore.wiring import WiredDay, wire_day
from gammacore.wiring.markets import open_market
from gammacore.wiring.strategies import open_regimes

HEDGED = {"trade.strategy": Sourced("delta-hedge", "test"), "market.seed": Sourced(8, "test")}


def a_hedged_day(ledger: Path) -> WiredDay:
    return wire_day(configure([HEDGED]), ledger)


def hedges(book: Book) -> bool:
    return any(order.ticket.purpose is Purpose.HEDGE for order in book.working_orders)


def orders_of(book: Book) -> list[Order]:
    return list(book.orders.values())


def test_killed_between_a_fill_and_its_record_the_day_ends_the_same(tmp_path: Path) -> None:
    """The exchange has filled and kept it, the ledger does not know: the cycle that saw it comes again, at its time."""
    undisturbed = a_hedged_day(tmp_path / "undisturbed.sqlite")
    expected = undisturbed.trade()
    undisturbed.close()

    dying = a_hedged_day(tmp_path / "killed.sqlite")
    before = dying.trade.run_until(hedges)
    dying.trade.clock.wait_until(dying.trade.clock.now() + dt.timedelta(minutes=1))
    dying.trade.broker.holdings()  # which fills the order; and here the process dies
    seen = dying.trade.clock.now()
    assert before.last_at is not None
    assert before.last_at < seen
    dying.close()

    again = a_hedged_day(tmp_path / "killed.sqlite")
    assert again.trade.clock.now() == seen
    ended = again.trade()
    again.close()
    assert orders_of(ended) == orders_of(expected)
    assert ended.balance == expected.balance


@pytest.mark.parametrize("first", [0, 1])
def test_dealer_gamma_of_chains_does_not_depend_on_when_the_process_began(first: int) -> None:
    """A reading cached for a minute would be of the even or of the odd minutes. Rules: DH-402, DH-403."""
    settings: Settings = configure([HEDGED | {"market.underlying": Sourced("SPY", "test")}]).settings
    calendar, underlying = NyseCalendar(), REGISTRY["SPY"]
    session = calendar.session(settings.market.date or dt.date(2026, 3, 3))
    assert session is not None
    market = open_market(settings, underlying, session, calendar)
    regimes = open_regimes(settings, Mode.STUDY, underlying, market, calendar)
    assert regimes.watch is not None

    looks = [session.open + dt.timedelta(minutes=30 + minute) for minute in range(first, 6)]
    for look in looks:
        reading = regimes.watch("SPY", look).gex
        assert reading.as_of == look
