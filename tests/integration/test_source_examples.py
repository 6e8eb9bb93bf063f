"""The worked examples of the users' documents, traded through the loop: a Monday trade, a gap, a crash.

Rules: CS-005, CS-006, CS-521, CS-534, CS-605, CS-610.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import frozen

from builders import a_plan, a_put_spread, at
from builders_exchange import put
from builders_world import World, a_world
from fakes import NO_FEES
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock, MemoryInbox, MemoryStorage
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.model import Shock
from gammacore.application.day_ledger import DayLedger
from gammacore.application.day_terms import DayTerms
from gammacore.configuration import Settings, Sourced, configure
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import CloseDecided, HoldingClosed
from gammacore.domain.holdings.holding import SoldSpread, sold_spreads
from gammacore.domain.holdings.policy import stop_policy
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import EntryJudged, Event, LedgerOpened, Mode
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.domain.sizing.policies import BootstrapStats
from gammacore.wiring import credit_spread_desk, wire_trade
from gammacore.wiring.use_cases import TradedDay
from gammacore.wiring.venues import Venue

CAPITAL = Decimal(20_000)
SPX = REGISTRY["SPX"]
WEDNESDAY = dt.date(2026, 8, 19)

SOURCE_000 = {
    "entries.schedule.times": "09:36",
    "entries.schedule.window_from_minutes": "6",
    "stops.preset": "source-000",
    "sizing.policy": "bootstrap-stats",
}
"""CS-534: one entry at 9:36, in a window that opens with it, a fixed target of 60 %, size version A."""


# Source 000: the worked Monday trade ----------------------------------------------------------------------------------


def monday_at_936() -> World:
    """SPX 6971, VIX 15.2: the 6880/6870 put spread is sold at 9:36 for 2.50, as many as version A says."""
    plan = a_plan(
        a_put_spread(), contracts=BootstrapStats().size(CAPITAL, []).contracts, price="6971", pin="6990", vix="15.2",
        scheduled="09:36", policy=stop_policy("source-000"),
    )  # fmt: skip
    world = a_world(plan, start="09:36")
    show(world, {6880: ("4.00", "4.05"), 6870: ("1.45", "1.50")})
    world.day.once()
    show(world, {6880: ("4.00", "4.05"), 6870: ("1.45", "1.50")}, seconds=10)
    world.day.once()
    return world


def show(world: World, quotes: dict[int, tuple[str, str]], *, seconds: float = 0) -> None:
    now = world.clock.now() + dt.timedelta(seconds=seconds)
    bid_ask = {put(strike): prices for strike, prices in quotes.items()}
    world.market.show(now, bid_ask, spot=Decimal(6971), vix=Decimal("15.2"))
    world.clock.set(now)


def test_the_monday_trade_is_three_contracts_for_750_dollars() -> None:
    """Source 000, section 6: 2.50 × 3 = $750 of premium."""
    position = monday_at_936().position()

    assert (position.credit, position.contracts, position.cash) == (Decimal("2.50"), 3, Decimal(750))


@pytest.mark.parametrize(
    ("quotes", "value", "gross", "balance"),
    [
        ({6880: ("1.50", "1.50"), 6870: ("0.50", "0.50")}, "1.00", "450", "20450"),
        ({6880: ("1.10", "1.10"), 6870: ("0.35", "0.35")}, "0.75", "525", "20525"),
    ],
    ids=["1.00", "0.75"],
)
def test_the_monday_trade_closes_at_its_target(
    quotes: dict[int, tuple[str, str]], value: str, gross: str, balance: str
) -> None:
    """Source 000, section 6: at 1.00 the 60 % are reached: +150 a contract, +450, 20,450; at 0.75 +525, 20,525."""
    world = monday_at_936()
    world.clock.set(at("11:00"))
    for _ in range(4):
        show(world, quotes, seconds=10)
        world.day.once()

    (decided,), (booked,) = world.all(CloseDecided), world.all(HoldingClosed)
    assert decided.reason == "profit_target"
    assert (booked.exit_value, booked.gross, booked.per_contract) == (
        Decimal(value),
        Decimal(gross),
        Decimal(gross) / 3,
    )
    assert world.book.balance == world.exchange.account().balance == Decimal(balance)


def test_at_101_the_sixty_percent_are_not_reached() -> None:
    """Source 000: a cent before its target nothing happens."""
    world = monday_at_936()
    show(world, {6880: ("1.51", "1.51"), 6870: ("0.50", "0.50")}, seconds=60)
    world.day.once()

    assert world.all(CloseDecided) == []


def test_source_000_looks_once_a_day_at_936() -> None:
    """CS-534: configured, not programmed; no other time is judged, and the window does not refuse that one."""
    day = traded(seed=8, settings=settings(SOURCE_000))

    (judged,) = [event for event in day.events if isinstance(event, EntryJudged)]
    assert judged.scheduled_at == new_york(WEDNESDAY, dt.time(9, 36))
    assert {entry.name: entry.verdict.passed for entry in judged.filters}["entry_window"]


# Source 002: gap and crash --------------------------------------------------------------------------------------------


@frozen
class Traded:
    """A simulated day that is over."""

    book: Book
    events: list[Event]

    @property
    def booked(self) -> list[HoldingClosed]:
        return [event for event in self.events if isinstance(event, HoldingClosed)]

    @property
    def starting_balance(self) -> Decimal:
        return next(event.starting_balance for event in self.events if isinstance(event, LedgerOpened))

    def positions(self) -> list[SoldSpread]:
        return [spread for event in self.booked for spread in sold_spreads([self.book.holdings[event.holding]])]


def settings(figures: dict[str, str] | None = None) -> Settings:
    return configure([{key: Sourced(value, "test") for key, value in (figures or {}).items()}]).settings


def traded(*shocks: Shock, seed: int, settings: Settings | None = None, vix: str | None = None) -> Traded:
    """The desk over a simulated SPX day with shocks, from the open to settlement; else nothing differs."""
    known, session = settings or Settings(), TradingSession.of(WEDNESDAY)
    market = SimulatedMarket(SPX, session, seed=seed, shocks=shocks, vix=None if vix is None else Decimal(vix))
    clock, storage = FakeClock(session.open), MemoryStorage()
    terms, before = (
        DayTerms("FAKE-1", Mode.STUDY, "f00d", CAPITAL, market.label, "ab12"),
        WEDNESDAY - dt.timedelta(days=1),
    )
    exchange = FakeExchange(market, clock, NyseCalendar(), fees=NO_FEES, starting_cash=CAPITAL)
    day = wire_trade(
        TradedDay(known, SPX, session, credit_spread_desk(known), TradingSession.of(before)),
        Venue(terms, clock, market, exchange),
        DayLedger(storage),
        MemoryInbox(),
    )
    return Traded(day(), list(storage.events()))


CALLS_ABOVE, PUTS_BELOW = 6, 22
"""Seeds of 19 August 2026 on which a call spread and a put spread are held at 10:10."""
WHILE_HELD = 40
"""Minutes from the open to 10:10."""


@pytest.mark.parametrize(
    ("seed", "points"),
    [(PUTS_BELOW, -50), (PUTS_BELOW, -200), (CALLS_ABOVE, 50), (CALLS_ABOVE, 200)],
    ids=["gap down", "crash", "gap up", "spike"],
)
def test_a_gap_through_the_strikes_costs_the_width_at_most(seed: int, points: int) -> None:
    """Source 002: 50 points through both strikes, 200 in one step: no stop helps, the long leg does (CS-006)."""
    day = traded(Shock(WHILE_HELD, Decimal(points)), seed=seed)

    assert min(event.gross for event in day.booked) < -400, "the shock hit nothing"
    for booked, position in zip(day.booked, day.positions(), strict=True):
        assert 0 <= booked.exit_value <= position.spread.width
        assert booked.gross >= -position.spread.maximum_risk(position.credit) * position.contracts


@pytest.mark.parametrize(("seed", "points"), [(PUTS_BELOW, -200), (CALLS_ABOVE, 200)])
def test_after_a_crash_the_book_is_flat_and_the_balance_is_what_was_booked(seed: int, points: int) -> None:
    """Source 002: the worst day ends like any other: nothing open, nothing lost from sight, 30 % at most (CS-342)."""
    day = traded(Shock(WHILE_HELD, Decimal(points)), seed=seed)

    assert day.book.live_spreads == ()
    assert day.book.finished is not None
    assert day.book.balance == CAPITAL + sum(event.gross for event in day.booked)
    assert day.book.balance >= day.starting_balance * Decimal("0.70")


def test_a_crash_at_the_bell_settles_within_the_width() -> None:
    """Source 002, CS-521: a position that no close takes out settles at its intrinsic value, at most its width."""
    held = settings({"stops.stop": "50", "stops.emergency": "60", "stops.soft_close_minutes": "0",
                     "stops.hard_close_minutes": "0", "stops.fixed_target": "1",
                     "stops.trailing_trigger": "1"})  # fmt: skip
    day = traded(Shock(389, Decimal(-200)), seed=PUTS_BELOW, settings=held)

    assert {event.reason for event in day.booked} == {"settled"}
    for booked, position in zip(day.booked, day.positions(), strict=True):
        assert booked.exit_value == position.spread.width
        assert booked.gross == -position.spread.maximum_risk(position.credit) * position.contracts


def test_a_gap_at_the_open_keeps_the_desk_out() -> None:
    """Source 002, CS-322: an open 50 points away (more than 0.5 %) is a reason not to trade, not a loss."""
    gapped = traded(Shock(0, Decimal(-50)), seed=PUTS_BELOW, vix="16")
    judged = [event for event in gapped.events if isinstance(event, EntryJudged)]

    assert {entry.verdict.passed for event in judged for entry in event.filters if entry.name == "gap"} == {False}
    assert all(event.reason is not None for event in judged)
    assert gapped.book.balance == CAPITAL
