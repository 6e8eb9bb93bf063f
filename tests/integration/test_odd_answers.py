"""One odd answer about an order, over both brokers' servers: nothing wedges, nothing is lost, nothing is doubled.

Decision 0030. A spread is sold at 10:00; what the broker says of it is bent for some looks, and the day goes on
until it is closed. Rules: CS-408, CS-410, CS-411, CS-572, R6.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from attrs import define, evolve, field, frozen

from builders_broker_day import CREDENTIALS, PLACES, SESSION, Day, a_world, configuration
from counterparts.alpaca_dialect import alpaca_app
from counterparts.bent import Bent, BentWire
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from gammacore.application.alarms import NOT_BOOKED
from gammacore.application.trade_day import TradeDay
from gammacore.domain.book.book import Book
from gammacore.domain.instruments import parse_occ
from gammacore.domain.ledger import AlarmRaised, Event
from gammacore.wiring import wire_day

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")
at_both = pytest.mark.parametrize("broker", ["tradier", "alpaca"])
Row = dict[str, Any]


# What is said of an order, in both dialects ---------------------------------------------------------------------------


@frozen
class Words:
    """What the two brokers call the same thing."""

    legs: str
    symbol: str
    filled: str
    price: str
    reason: str


WORDS = {
    "tradier": Words("leg", "option_symbol", "exec_quantity", "avg_fill_price", "reason_description"),
    "alpaca": Words("legs", "symbol", "filled_qty", "filled_avg_price", "reject_reason"),
}


def quantity(broker: str, count: int) -> object:
    return float(count) if broker == "tradier" else str(count)


def null_symbol(row: Row, broker: str) -> None:
    row[WORDS[broker].legs][0][WORDS[broker].symbol] = None


def another_strike(row: Row, broker: str) -> None:
    leg = row[WORDS[broker].legs][0]
    contract = parse_occ(leg[WORDS[broker].symbol])
    leg[WORDS[broker].symbol] = evolve(contract, strike=contract.strike + 500).occ


def other_way_round(row: Row, broker: str) -> None:
    leg = row[WORDS[broker].legs][0]
    leg["side"] = leg["side"].replace("sell", "buy")


def overfilled(row: Row, broker: str) -> None:
    for one in (row, *row[WORDS[broker].legs]):
        one[WORDS[broker].filled] = quantity(broker, 2)


def unpriced(row: Row, broker: str) -> None:
    for one in (row, *row[WORDS[broker].legs]):
        one[WORDS[broker].price] = 0.0 if broker == "tradier" else None


def partly(row: Row, broker: str) -> None:
    row["status"] = "partially_filled"


def shrunk(row: Row, broker: str) -> None:
    """As if nothing had filled, after all."""
    row["status"] = "open" if broker == "tradier" else "new"
    for one in (row, *row[WORDS[broker].legs]):
        one[WORDS[broker].filled] = quantity(broker, 0)
        one[WORDS[broker].price] = 0.0 if broker == "tradier" else None


def half_a_character(row: Row, broker: str) -> None:
    row["status"] = "rejected" if not int(float(row[WORDS[broker].filled])) else row["status"]
    row[WORDS[broker].reason] = "no margin \ud83d"


def padded(row: Row, broker: str) -> None:
    for leg in row[WORDS[broker].legs]:
        contract = parse_occ(leg[WORDS[broker].symbol])
        leg[WORDS[broker].symbol] = f"{contract.root:<6}{contract.occ[len(contract.root) :]}"


def small_letters(row: Row, broker: str) -> None:
    for leg in row[WORDS[broker].legs]:
        leg[WORDS[broker].symbol] = leg[WORDS[broker].symbol].lower()


Oddity = Callable[[Row, str], None]


@define
class Oddities:
    """Bends what is said of filled spreads, look by look; from the last on all is said as it is.

    A look of Tradier's is two pages, one of Alpaca's is one answer, which is asked for again while it cannot be read.
    """

    broker: str
    looks: list[Oddity]
    now: Callable[[], dt.datetime]
    always: bool = False
    first_at: dt.datetime | None = None
    _seen: list[dt.datetime] = field(factory=list)

    def bend(self, status: int, body: Any) -> tuple[int, Any]:
        rows = self._rows(body)
        filled = [row for row in rows if row.get(WORDS[self.broker].legs) and row.get("status") == "filled"]
        if filled and (odd := self._oddity()) is not None:
            for row in filled:
                odd(row, self.broker)
        return status, body

    def _oddity(self) -> Oddity | None:
        if self.always:
            return self.looks[0]
        if not self._seen or self._seen[-1] != self.now():
            self._seen.append(self.now())
        number = len(self._seen) - 1
        if number >= len(self.looks):
            return None
        self.first_at = self.first_at or self.now()
        return self.looks[number]

    def _rows(self, body: Any) -> list[Row]:
        if self.broker == "alpaca":
            return body if isinstance(body, list) else [body] if isinstance(body, dict) else []
        held = body.get("orders")
        rows: Any = held.get("order") if isinstance(held, dict) else []
        return rows if isinstance(rows, list) else [rows]


@define
class OddDay:
    """A day as it was, at the exchange and in the ledger."""

    world: World
    trade: TradeDay
    odd: Oddities
    kept: list[Event]

    def alarms(self) -> list[AlarmRaised]:
        return [event for event in self.kept if isinstance(event, AlarmRaised)]

    def ended_well(self) -> None:
        """The spread was sold, closed and booked; both sides agree, to the cent; the ledger folds."""
        book = Book.of(self.kept)
        assert book.results
        assert not book.expected_holdings()
        assert not {symbol: held for symbol, held in self.world.exchange.holdings().items() if held}
        assert NOT_BOOKED not in {alarm.code for alarm in self.alarms()}
        assert self.world.exchange.account().balance == book.balance


@contextmanager
def a_day(broker: str, *looks: Oddity, always: bool = False) -> Iterator[OddDay]:
    """From the open until the first spread is booked, with oddities in what is reported of orders that filled."""
    underlying = "SPX" if broker == "tradier" else "SPY"
    world = a_world(underlying, 57, start=SESSION.after_open(29))
    odd = Oddities(broker, list(looks), world.now, always)
    wire = BentWire(tradier_app(world) if broker == "tradier" else alpaca_app(world))
    wire.bends.append(Bent("GET", lambda path: "orders" in path, odd.bend))
    with serving(wire) as server:
        day = wire_day(
            configuration(broker, underlying, "credit-spread"),
            credentials=CREDENTIALS, clock=world, places=PLACES[broker](server.url),
        )  # fmt: skip
        try:
            trade = evolve(day.trade, news=None)
            trade.run_until(lambda book: bool(book.results))
            yield OddDay(world, trade, odd, list(day.storage.events()))
        finally:
            day.close()


@cache
def plain_day(broker: str) -> tuple[Event, ...]:
    """The events of the day without an oddity: one day for all that are held against it."""
    with a_day(broker) as plain:
        return tuple(plain.kept)


@at_both
@pytest.mark.parametrize("spelling", [padded, small_letters])
def test_another_spelling_of_a_contract_is_the_same_contract(broker: str, spelling: Oddity) -> None:
    """CS-013: all day long, and not one event of the ledger differs but the random ids of its orders."""
    with a_day(broker, spelling, always=True) as oddly:
        oddly.ended_well()
        assert Day.of(oddly.kept) == Day.of(plain_day(broker))


@at_both
@pytest.mark.parametrize("odd", [null_symbol, another_strike, other_way_round, overfilled])
@pytest.mark.parametrize("looks", [1, 3])
def test_an_answer_that_does_not_fit_the_ticket_is_not_booked_and_the_next_one_is(
    broker: str, odd: Oddity, looks: int
) -> None:
    with a_day(broker, *[odd] * looks) as oddly:
        oddly.ended_well()
        unreadable = [alarm for alarm in oddly.alarms() if alarm.code == "order_unreadable"]
        if odd is null_symbol:  # the row itself cannot be read: no answer, and an alarm where that goes on for a minute
            assert not unreadable
        else:
            assert len(unreadable) == 1
            assert oddly.odd.first_at is not None
            assert unreadable[0].at - oddly.odd.first_at <= dt.timedelta(seconds=10)
            assert "nothing of it is booked" in unreadable[0].detail


@at_both
def test_filled_without_a_price_then_partially_filled_with_one_is_one_fill_at_its_price(broker: str) -> None:
    """CS-411."""
    with a_day(broker, unpriced, partly) as oddly:
        oddly.ended_well()
        assert Book.of(oddly.kept).balance == Book.of(plain_day(broker)).balance


@at_both
def test_a_quantity_that_shrinks_takes_nothing_back(broker: str) -> None:
    """R3: filled, then nothing of it for three looks, then filled again."""
    with a_day(broker, unpriced, shrunk, shrunk, shrunk) as oddly:
        oddly.ended_well()
        first = oddly.alarms()[0]  # at Alpaca the exit follows at once: its fill is late too, and reported as such
        assert (first.code, "less_than_booked" in first.detail) == ("order_unreadable", True)
        assert Book.of(oddly.kept).balance == Book.of(plain_day(broker)).balance


@at_both
def test_a_reason_that_is_no_text_is_kept_as_far_as_it_is(broker: str) -> None:
    """R6: JSON may escape half a character, which no ledger can be written with."""
    with a_day(broker, half_a_character, always=True) as oddly:
        oddly.ended_well()
