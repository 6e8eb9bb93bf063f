"""The scalping modes on simulated days of every mood, in the real day loop; and what must hold of each such day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from attrs import define, evolve

from builders_world import World
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.simulated.feed_faults import FeedFault
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.model import Shock
from gammacore.adapters.simulated.moods import Mood
from gammacore.application.day_terms import DayTerms
from gammacore.configuration import Settings, Sourced, StrategyName, configure
from gammacore.domain.book.book import Book
from gammacore.domain.dollars import without_dust
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.ledger import DayHalted, Event, Mode, OrderIntended
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.domain.orders import Effect, OrderReport, OrderTicket, Purpose
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.reports.scalp_views import by_source
from gammacore.errors import MissingData
from gammacore.ports.broker import Broker
from gammacore.ports.market_data import Expiries, SettlementPrint
from gammacore.wiring.looks import expiries_of
from gammacore.wiring.markets import naming_underlying, open_market, open_session, previous_session, trading_date
from gammacore.wiring.strategies import naming_its_underlying, open_strategy

MODES = (StrategyName.ST0CKA, StrategyName.ST0CKG, StrategyName.GAMMA_SCALPING, StrategyName.HYBRID)
CALENDAR = NyseCalendar(2025, 2027)
DATE = dt.date(2026, 3, 3)
HALF_DAY = dt.date(2026, 11, 27)
CASH = Decimal(60_000)
Keys = Mapping[str, object]
NO_KEYS: Keys = {}


def mode_settings(mode: StrategyName, mood: Mood, seed: int, step: int, more: Keys = NO_KEYS) -> Settings:
    """What `trade --strategy MODE` trades by on such a simulated day; `more` keys win."""
    keys: dict[str, object] = {
        "trade.strategy": mode.value, "market.date": DATE, "market.mood": mood.value, "market.seed": seed,
        "market.step_seconds": step, "sizing.starting_capital": CASH, **more,
    }  # fmt: skip
    given = configure([{key: Sourced(value, "test") for key, value in keys.items()}])
    return naming_underlying(naming_its_underlying(given)).settings


@define(eq=False)
class Readable:
    """A simulated market whose next questions may find nothing to read."""

    inner: SimulatedMarket
    _failures: int = 0

    def fails(self, times: int) -> None:
        self._failures = times

    @property
    def label(self) -> str:
        return self.inner.label

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        self._check()
        return self.inner.snapshot(now)

    def attend(self, expiries: Expiries | None) -> None:
        self.inner.attend(expiries)

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return self.inner.next_at(after)

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        return self.inner.settlement(underlying, date)

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        return self.inner.bars(underlying, seconds, start, end)

    def fingerprint(self) -> str:
        return self.inner.fingerprint()

    def _check(self) -> None:
        if self._failures:
            self._failures -= 1
            raise MissingData("nothing to read (planned)")


def a_mode_world(
    mode: StrategyName, mood: Mood, seed: int, step: int, more: Keys = NO_KEYS, faults: tuple[FeedFault, ...] = (),
    shocks: tuple[Shock, ...] = (), wrap_broker: Callable[[Broker], Broker] = lambda broker: broker,
) -> World:  # fmt: skip
    """A mode at the open of a simulated day of SPY, nothing held."""
    settings = mode_settings(mode, mood, seed, step, more)
    underlying, date = settings.underlying(settings.market.underlying), trading_date(settings)
    session = open_session(CALENDAR, date)
    market = open_market(settings, underlying, session, CALENDAR, expiries_of(settings, session, CALENDAR))
    assert isinstance(market, SimulatedMarket)
    if faults or shocks:
        market = evolve(market, faults=faults, shocks=shocks)
    readable, clock, cash = Readable(market), FakeClock(session.open), settings.sizing.starting_capital
    exchange = FakeExchange(readable, clock, CALENDAR, fees=settings.broker.fees, starting_cash=cash)
    return World(
        clock, cast(Any, readable), exchange, session, open_strategy(settings), settings,
        terms=DayTerms("FAKE-1", Mode.STUDY, "f00d", cash, market.label, "ab12"), wrap_broker=wrap_broker,
        underlying=underlying.symbol, is_compared=False, previous=previous_session(CALENDAR, date),
    )  # fmt: skip


def cycles(world: World) -> Iterator[dt.datetime]:
    """Every look of the day, each after it was made."""
    world.day.begin()
    while not world.day.is_finished():
        assert world.clock.now() < world.session.close + dt.timedelta(minutes=30), (
            f"still open: {world.book.live_holdings}"
        )
        world.day.cycle()
        yield world.clock.now()
        world.clock.wait_until(world.day.next_look(world.clock.now()))


# -- what must hold of a day -------------------------------------------------------------------------------------------


def check_day(world: World) -> None:
    """Every promise about one finished day of a mode."""
    check_dollars(world)
    check_halts(world.events, world.book)
    check_ended_flat(world)
    check_resting_shares(world)
    check_never_oversold(world.exchange.every_order)


def check_dollars(world: World) -> None:
    """P/L by source adds up to the change of balance, to the cent; the exchange says the same. Rule: SC-450."""
    report, account = day_report(world.events), world.exchange.account()
    gross = sum(by_source(report.closed).values(), Decimal(0))
    assert report.balance - report.starting_balance == without_dust(gross - report.fees)
    assert world.book.balance == account.balance


def check_halts(events: Sequence[Event], book: Book) -> None:
    """Halted when the limit or the third loss in a row is reached; from then on nothing is opened. SC-604, SC-608."""
    halted_at = next((event.at for event in events if isinstance(event, DayHalted)), None)
    losses = 0
    for result in book.net_results:
        losses = losses + 1 if result < 0 else 0 if result > 0 else losses
        assert losses < 3 or halted_at is not None, "three losses in a row and no halt"
    if halted_at is not None:
        late = [e for e in events if isinstance(e, OrderIntended) and e.ticket.purpose is Purpose.ENTRY
                and e.at > halted_at]  # fmt: skip
        assert not late, f"opened after the halt of {halted_at}: {late[0].ticket}"


def check_ended_flat(world: World) -> None:
    """Nothing is left, in the book and at the exchange, nor was anything left to settlement."""
    assert dict(world.exchange.holdings()) == world.book.expected_holdings() == {}
    assert world.book.live_holdings == ()
    assert dict(world.book.quarantined) == {}
    late = [event for event in world.events if isinstance(event, HoldingClosed) and event.at >= world.session.close]
    assert not late, f"held to the close: {late}"


def check_resting_shares(world: World) -> None:
    """A share order that rested gets its own limit, and never more. Rule: SC-017."""
    for report in world.exchange.every_order:
        order = world.book.orders[report.id]
        ticket, price = order.ticket, report.execution.price
        if not ticket.is_shares or ticket.limit is None or price is None:
            continue
        shown = world.market.snapshot(order.intended_at).share
        assert (price - ticket.limit) * ticket.effect.sign >= 0, f"worse than its limit: {ticket} at {price}"
        if shown is None:
            continue
        crosses = shown.bid >= ticket.limit if ticket.effect is Effect.CREDIT else shown.ask <= ticket.limit
        assert crosses or price == ticket.limit, f"better than its limit: {ticket} at {price}"


def check_never_oversold(orders: Sequence[OrderReport]) -> None:
    """The exchange refused no sale of what was not there."""
    wrong = [order for order in orders if order.reason in ("closes_more_than_held", "crosses_zero")]
    assert not wrong, f"{wrong[0]}"


def check_sent_once(received: Sequence[OrderTicket]) -> None:
    assert max(Counter(ticket.id for ticket in received).values(), default=1) == 1, "an order was sent twice"
