"""How an open spread ends when the last hours go wrong: quotes of no use, a broker that is gone, a print on a strike.

Whatever happens, the book and the exchange hold the same and have the same cash, to the cent. Rules: CS-014, CS-521,
CS-526..529, CS-561..564, R5.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pytest
from attrs import evolve, frozen

from builders import DAY, a_call_spread, a_plan, a_put_spread, a_session, at
from builders_exchange import PUT_QUOTES, call, put
from builders_world import PATIENT, TERMS, Scripted, World, a_scripted_plan, relayed
from fakes import BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.holding_events import CloseDecided, HoldingClosed, SharesDelivered
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import OptionContract
from gammacore.domain.ledger import AlarmRaised, DayFinished, OrderIntended
from gammacore.domain.orders import THE_DAY, OrderTicket
from gammacore.domain.words import StrategyTag
from gammacore.errors import BrokerUnavailable, OutcomeUnknown
from gammacore.ports.broker import Answer, BrokerCall, BrokerDecorator, Receipt, SendGate, always_open
from gammacore.ports.clock import Clock

Quotes = Mapping[OptionContract, BidAsk]

NEXT_DAY = DAY + dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
CASH = Decimal(200_000)
CREDIT = Decimal("2.50")

CROSSED: Quotes = {put(6880): ("5.40", "5.20"), put(6870): ("2.60", "2.40")}
NO_ASK: Quotes = {put(6880): ("5.00", None), put(6870): ("2.40", "2.50")}
NO_BID: Quotes = {put(6880): ("5.00", "5.20"), put(6870): (None, "2.50")}
NO_OFFERS: Quotes = {put(6880): ("5.00", "0"), put(6870): ("2.40", "0")}


def a_day(
    plan: SpreadPlan, quotes: Sequence[tuple[str, Quotes]], settles: str, *, underlying: str = "SPX", spot: str = "6900"
) -> World:
    """Minute by minute from 9:30 to the close: each set of quotes holds from its New York time on."""
    market, clock = FakeMarket(underlying, step=60), FakeClock(at("09:30"))
    for minute in range(390):
        now = at("09:30") + minute * MINUTE
        shown = [table for since, table in quotes if at(since) <= now][-1]
        market.show(now, shown, spot=Decimal(spot), vix=Decimal(15), quote_age_limit=120)
    market.settle(DAY, settles)
    exchange = FakeExchange(market, clock, FakeCalendar(), fees=FeeSchedule(), starting_cash=CASH)
    terms = evolve(TERMS, starting_balance=CASH)
    return World(clock, market, exchange, a_session(), Scripted((plan,)), terms=terms, underlying=underlying)


def assert_both_books_agree(world: World) -> None:
    """Holdings and cash of ledger and exchange, and a restart that folds to the same."""
    assert dict(world.exchange.holdings()) == world.book.expected_holdings()
    assert world.exchange.account().balance == world.book.balance
    assert Book.of(world.events).balance == world.book.balance


# -- quotes of no use --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("useless", [CROSSED, NO_ASK, NO_OFFERS], ids=["crossed", "no ask", "ask 0"])
@pytest.mark.parametrize(
    ("settles", "value"), [("6900", "0"), ("6875.25", "4.75"), ("6860", "10")], ids=["out", "between", "through"]
)
def test_two_hours_of_useless_quotes_end_at_the_settlement_print(useless: Quotes, settles: str, value: str) -> None:
    """CS-014, CS-521: alerted while it lasts, tried at market from the soft close on, settled to the cent."""
    world = a_day(a_scripted_plan(), [("09:30", PUT_QUOTES), ("14:00", useless)], settles)
    world.day()

    (decided,) = world.all(CloseDecided)
    assert (decided.reason, decided.at) == ("soft_close", at("15:30"))
    (booked,) = world.all(HoldingClosed)
    assert booked.gross == (CREDIT - Decimal(value)) * 300
    assert world.alarms().count("stale_quotes") == 4  # every 20 cycles of 14:00 to 15:30
    assert [day.balance for day in world.all(DayFinished)] == [CASH + booked.gross - booked.fees]
    assert_both_books_agree(world)


@pytest.mark.parametrize(
    ("settles", "worth"), [("6900", "0"), ("6865.50", "4.50"), ("6860", "10")], ids=["out", "between", "through"]
)
def test_a_long_whose_bid_is_not_quoted_is_left_to_settlement_and_its_short_bought_back(
    settles: str, worth: str
) -> None:
    """CS-420, CS-521: the close for both rests, the short is offered, so it goes alone; the long is offered all day."""
    world = a_day(a_scripted_plan(), [("09:30", PUT_QUOTES), ("14:00", NO_BID)], settles)
    world.day()

    (booked,) = world.all(HoldingClosed)
    assert booked.gross == (CREDIT - Decimal("5.20") + Decimal(worth)) * 300
    both, short, long = (event for event in world.all(OrderIntended) if event.ticket.purpose.closes)
    assert [both.at, short.at, long.at] == [at("15:30"), at("15:32"), at("15:33")]
    assert (long.ticket.limit, long.ticket.life) == (Decimal("0.05"), THE_DAY)
    assert_both_books_agree(world)


@pytest.mark.parametrize(
    ("useless", "value"),
    [(CROSSED, "2.80"), (NO_ASK, "2.80"), (NO_OFFERS, "2.80"), (NO_BID, "5.15")],
    ids=["crossed", "no ask", "ask 0", "no bid"],
)
def test_the_first_usable_quotes_after_the_soft_close_end_it_there(useless: Quotes, value: str) -> None:
    """CS-526: the close is at market and works until there are quotes again.

    Without a bid the short went alone at 5.20, the long is offered at a tick: the first bid takes it there (CS-420).
    """
    quotes = [("09:30", PUT_QUOTES), ("14:00", useless), ("15:57", PUT_QUOTES)]
    world = a_day(a_scripted_plan(), quotes, "6860")
    world.day()

    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.exit_value) == ("soft_close", Decimal(value))
    assert at("15:57") <= booked.at <= at("15:59")
    assert booked.gross == (CREDIT - Decimal(value)) * 300
    assert_both_books_agree(world)


# -- the broker is gone ------------------------------------------------------------------------------------------------


@frozen
class Gone(BrokerDecorator):
    """Nobody answers from `since` until before `until`. What is sent meanwhile never leaves; or it is `lost`, arriving
    or not, and only its answer is not."""

    ticking: Clock
    since: dt.datetime
    until: dt.datetime
    lost: str = "never leaves"

    @property
    def _is_gone(self) -> bool:
        return self.since <= self.ticking.now() < self.until

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        if self._is_gone:
            raise BrokerUnavailable("no route to the broker")
        return ask()

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        if self.lost == "never leaves" or not self._is_gone:
            return super().submit(ticket, gate)
        if self.lost == "arrives":
            self.inner.submit(ticket, gate)
        raise OutcomeUnknown("it left, and nobody answered")


SETTLING = pytest.mark.parametrize(
    ("settles", "value"), [("6900", "0"), ("6880", "0"), ("6875.25", "4.75"), ("6860", "10")],
    ids=["out", "at the short", "between", "through"],
)  # fmt: skip


def a_day_without_broker(settles: str, back: str, lost: str) -> World:
    world = a_day(a_scripted_plan(), [("09:30", PUT_QUOTES)], settles)
    world.wrap_broker = relayed(lambda exchange: Gone(exchange, world.clock, at("15:29"), at(back), lost))
    world.day()
    return world


@SETTLING
@pytest.mark.parametrize(
    ("back", "lost", "ends"),
    [
        ("15:56", "never leaves", "closed"),
        ("15:56", "does not arrive", "closed"),
        ("15:58", "never leaves", "short closed"),
        ("15:58", "does not arrive", "settled"),
        ("16:05", "never leaves", "settled"),
        ("16:05", "does not arrive", "settled"),
    ],
)
def test_a_broker_gone_over_the_soft_close_and_the_hard_one_is_no_reason_to_call_it_flat(
    back: str, lost: str, ends: str, settles: str, value: str
) -> None:
    """R4, R5, CS-416, CS-526, CS-527: alerted at once; leg by leg, shorts first; what is left by then is settled."""
    world = a_day_without_broker(settles, back, lost)

    (booked,) = world.all(HoldingClosed)
    long_worth = put(6870).intrinsic(Decimal(settles))
    costs = {"closed": Decimal("2.80"), "short closed": Decimal("5.20") - long_worth, "settled": Decimal(value)}
    assert booked.exit_value == costs[ends]
    assert booked.gross == (CREDIT - costs[ends]) * 300
    assert (booked.reason, booked.settlement_price is None) == (
        ("soft_close", True) if ends == "closed" else ("settled", False)
    )
    first = min(event.at for event in world.all(AlarmRaised) if event.code == "broker_unavailable")
    assert at("15:29") <= first <= at("15:31")
    closes = [event for event in world.all(OrderIntended) if event.ticket.purpose.closes]
    assert closes[0].at == at("15:30")
    assert [day.date for day in world.all(DayFinished)] == [DAY]
    assert_both_books_agree(world)


@SETTLING
@pytest.mark.parametrize("back", ["15:56", "16:05"])
def test_a_close_that_filled_during_an_outage_is_found_and_not_settled_besides(
    back: str, settles: str, value: str
) -> None:
    """R4, CS-561: sent at 15:30, filled at 15:31, known once the broker is back; sent once."""
    world = a_day_without_broker(settles, back, "arrives")

    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.exit_value, booked.settlement_price) == ("soft_close", Decimal("2.80"), None)
    assert booked.at >= at(back)
    assert len([event for event in world.all(OrderIntended) if event.ticket.purpose.closes]) == 1
    assert [day.date for day in world.all(DayFinished)] == [DAY]
    assert_both_books_agree(world)


def test_a_close_first_reported_late_in_the_evening_is_booked_by_the_start_that_receives_it() -> None:
    """CS-561, CS-562: that loop stays for the look that confirms it, though the day's patience is long over."""
    world = a_day_without_broker("6860", "19:00", "arrives")
    assert (world.alarms()[-1], world.all(DayFinished)) == ("not_flat", [])
    world.clock.set(at("19:05"))
    world.restart()
    world.day()

    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.exit_value) == ("soft_close", Decimal("2.80"))
    assert world.alarms().count("not_flat") == 1
    assert [day.date for day in world.all(DayFinished)] == [DAY]
    assert_both_books_agree(world)


# -- a print on a strike -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settles", "value"),
    [("6880.01", "0"), ("6880", "0"), ("6879.99", "0.01"), ("6870.01", "9.99"), ("6870", "10"), ("6869.99", "10")],
)
def test_an_index_settles_in_cash_to_the_cent_on_either_side_of_a_strike(settles: str, value: str) -> None:
    """CS-521, CS-528."""
    world = a_day(a_scripted_plan(), [("09:30", PUT_QUOTES), ("15:20", {})], settles)
    world.day()

    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.exit_value) == ("settled" if booked.settlement_price else "", Decimal(value))
    assert booked.gross == (CREDIT - Decimal(value)) * 300
    assert world.all(SharesDelivered) == []
    assert_both_books_agree(world)


SPY_PUTS: Quotes = {put(688, "SPY"): ("0.50", "0.52"), put(687, "SPY"): ("0.24", "0.25")}
SPY_CALLS: Quotes = {call(692, "SPY"): ("0.50", "0.52"), call(693, "SPY"): ("0.24", "0.25")}
SPY_PUT_PLAN = evolve(
    a_plan(a_put_spread(688, 687, "SPY"), credit="0.265", contracts=2, price="690", pin="691", policy=PATIENT),
    limit=Decimal("0.25"),
)
SPY_CALL_PLAN = evolve(SPY_PUT_PLAN, spread=a_call_spread(692, 693, "SPY"), strategy=StrategyTag.CALL_SPREAD)


@pytest.mark.parametrize(
    ("plan", "quotes", "settles", "value", "shares"),
    [
        (SPY_PUT_PLAN, SPY_PUTS, "688.01", "0", 0),
        (SPY_PUT_PLAN, SPY_PUTS, "688", "0", 0),
        (SPY_PUT_PLAN, SPY_PUTS, "687.99", "0.01", 200),
        (SPY_PUT_PLAN, SPY_PUTS, "687", "1", 200),
        (SPY_PUT_PLAN, SPY_PUTS, "686.99", "1", 0),
        (SPY_CALL_PLAN, SPY_CALLS, "691.99", "0", 0),
        (SPY_CALL_PLAN, SPY_CALLS, "692", "0", 0),
        (SPY_CALL_PLAN, SPY_CALLS, "692.01", "0.01", -200),
        (SPY_CALL_PLAN, SPY_CALLS, "693", "1", -200),
        (SPY_CALL_PLAN, SPY_CALLS, "693.01", "1", 0),
    ],
)
def test_a_fund_delivers_shares_from_one_cent_in_the_money_and_they_go_at_the_next_open(
    plan: SpreadPlan, quotes: Quotes, settles: str, value: str, shares: int
) -> None:
    """CS-529: at the strike nothing moves; through both strikes the legs' shares cancel out."""
    world = a_day(plan, [("09:30", quotes), ("15:20", {})], settles, underlying="SPY", spot="690")
    for minute in range(390):
        world.market.show(at("09:30", NEXT_DAY) + minute * MINUTE, {}, spot=Decimal("689.15"), vix=Decimal(15))
    world.market.settle(NEXT_DAY, "689.15")
    world.day()

    (booked,) = world.all(HoldingClosed)
    assert booked.gross == (Decimal("0.25") - Decimal(value)) * 200
    assert [delivered.shares for delivered in world.all(SharesDelivered)] == ([shares] if shares else [])
    assert dict(world.exchange.holdings()) == ({"SPY": shares} if shares else {}) == world.book.expected_holdings()
    assert [day.date for day in world.all(DayFinished)] == [DAY]
    if not shares:
        assert_both_books_agree(world)
        return

    world.restart()
    world.session = a_session(date=NEXT_DAY)
    world.day()

    first, gone = world.all(HoldingClosed)
    assert first == booked
    sold_at = Decimal("689.15") if shares > 0 else Decimal("689.16")
    assert (gone.reason, gone.shares) == ("delivered_shares", (sold_at - Decimal(settles)) * shares)
    assert gone.at <= at("09:32", NEXT_DAY)
    assert_both_books_agree(world)
