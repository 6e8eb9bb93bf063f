"""Settlement by intrinsic value, in cash or in shares, with worked examples. Rules: CS-521, CS-528, CS-529, R11."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, a_call_spread, a_condor, a_plan, a_put_spread, at
from builders_day import day_started, entry_ticket, ledger_opened, opened
from builders_holdings import order_intended
from builders_world import World, a_scripted_plan, a_world_holding
from fakes import FakeMarket
from gammacore.adapters.fake.in_memory import FakeClock, MemoryStorage
from gammacore.application.day_ledger import DayLedger
from gammacore.application.settle_expiry import SettleExpiry
from gammacore.domain.holding_events import CloseDecided, HoldingClosed, SettlementAwaited, SharesDelivered
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import REGISTRY, OptionContract, Right
from gammacore.domain.ledger import AlarmRaised, Event, OrderFilled
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.words import StrategyTag


class Expiry:
    """A ledger with one position, the close of its day, and a market that may print."""

    def __init__(self, plan: SpreadPlan, events: list[Event] | None = None, now: str = "16:00") -> None:
        self.market = FakeMarket(plan.spread.underlying)
        self.storage = MemoryStorage()
        self.ledger = DayLedger(self.storage)
        self.ledger.record(ledger_opened(), day_started(), *(opened(plan) if events is None else events))
        self.settle = SettleExpiry(self.ledger, self.market, FakeClock(at(now)), REGISTRY)

    def at_print(self, price: str, *, estimated: bool = False) -> HoldingClosed:
        self.market.settle(DAY, price, estimated=estimated)
        self.settle(DAY)
        return self.closed()[0]

    def closed(self) -> list[HoldingClosed]:
        return [event for event in self.storage.events() if isinstance(event, HoldingClosed)]

    def delivered(self) -> list[SharesDelivered]:
        return [event for event in self.storage.events() if isinstance(event, SharesDelivered)]


def a_trade(spread: CreditSpread, credit: str = "2.50", contracts: int = 3) -> SpreadPlan:
    tag = StrategyTag.IRON_CONDOR if len(spread.sides) == 2 else StrategyTag.PUT_SPREAD
    return a_plan(spread, credit=credit, contracts=contracts, strategy=tag)


@pytest.mark.parametrize(
    ("spread", "price", "value", "gross"),
    [
        (a_put_spread(6880, 6870), "6900", "0", "750"),
        (a_put_spread(6880, 6870), "6880", "0", "750"),
        (a_put_spread(6880, 6870), "6876", "4", "-450"),
        (a_put_spread(6880, 6870), "6870", "10", "-2250"),
        (a_put_spread(6880, 6870), "6000", "10", "-2250"),
        (a_call_spread(6980, 6990), "6982.50", "2.50", "0"),
        (a_call_spread(6980, 6990), "7200", "10", "-2250"),
        (a_condor((6980, 6990), (6880, 6870)), "6930", "0", "750"),
        (a_condor((6980, 6990), (6880, 6870)), "6985", "5", "-750"),
        (a_condor((6980, 6990), (6880, 6870)), "6875", "5", "-750"),
        (a_condor((6980, 7000), (6880, 6870)), "7100", "20", "-5250"),
    ],
)
def test_an_index_spread_settles_at_its_intrinsic_value(
    spread: CreditSpread, price: str, value: str, gross: str
) -> None:
    """CS-521, R11: credit 2.50, three contracts, by hand; one print for all legs."""
    booked = Expiry(a_trade(spread)).at_print(price)

    assert (booked.reason, booked.exit_value, booked.gross) == ("settled", Decimal(value), Decimal(gross))
    assert booked.settlement_price == Decimal(price)


@given(price=st.integers(680_000, 700_000), contracts=st.integers(1, 10))
def test_a_vertical_is_worth_nothing_to_its_width(price: int, contracts: int) -> None:
    """R11."""
    booked = Expiry(a_trade(a_put_spread(), contracts=contracts)).at_print(str(Decimal(price) / 100))

    assert 0 <= booked.exit_value <= 10
    assert booked.gross == (Decimal("2.50") - booked.exit_value) * 100 * contracts


SPY_PUTS = a_put_spread(480, 475, underlying="SPY")


@pytest.mark.parametrize(
    ("price", "shares", "gross"),
    [("485", 0, "150"), ("479.995", 0, "149"), ("479.99", 200, "148"), ("478", 200, "-250"), ("470", 0, "-850")],
)
def test_one_leg_in_the_money_brings_shares_where_options_settle_physically(
    price: str, shares: int, gross: str
) -> None:
    """CS-529: two 480/475 puts for 0.75; from 0.01 in the money the short is assigned, both legs cancel out."""
    expiry = Expiry(a_trade(SPY_PUTS, "0.75", 2))
    booked = expiry.at_print(price)

    assert booked.gross == Decimal(gross)
    assert [(lot.shares, lot.strike, lot.basis) for lot in expiry.delivered()] == (
        [(shares, Decimal(480), Decimal(price))] if shares else []
    )
    assert expiry.ledger.book.expected_holdings() == ({"SPY": shares} if shares else {})


def test_shares_are_an_alarm() -> None:
    """CS-529: a position of the book, no orphan, and somebody must know."""
    expiry = Expiry(a_trade(SPY_PUTS, "0.75", 2))
    expiry.at_print("478")

    alarms = [event for event in expiry.storage.events() if type(event).__name__ == "AlarmRaised"]
    assert "+200 SPY shares at 480" in str(alarms[0])


def test_an_underlying_of_no_registry_settles_as_if_in_shares_and_is_an_alarm() -> None:
    """CS-017: it never stops the exit."""
    put = partial(OptionContract, "DJX", "DJX", DAY, Right.PUT)
    expiry = Expiry(a_trade(CreditSpread((Vertical(put(Decimal(490)), put(Decimal(485))),)), "0.75", 1))
    booked = expiry.at_print("488")

    assert booked.gross == Decimal(75) - Decimal(200)
    assert expiry.delivered()[0].shares == 100
    codes = [event.code for event in expiry.storage.events() if isinstance(event, AlarmRaised)]
    assert codes == ["unknown_underlying", "shares_delivered"]


def test_an_index_that_is_not_the_one_traded_settles_in_cash() -> None:
    """CS-529: an adopted position may be of any underlying of the registry."""
    expiry = Expiry(a_trade(a_put_spread(24000, 23970, "NDX"), "7.50", 1))
    expiry.settle = SettleExpiry(expiry.ledger, expiry.market, FakeClock(at("16:00")), {"SPX": REGISTRY["SPX"]})

    assert expiry.at_print("23990").gross == Decimal(750) - Decimal(1000)
    assert expiry.delivered() == []


def test_a_short_call_assigned_sells_shares() -> None:
    """CS-529."""
    expiry = Expiry(a_trade(a_call_spread(490, 495, underlying="SPY"), "0.75", 1))
    expiry.at_print("492")

    assert expiry.delivered()[0].shares == -100


def test_a_long_left_alone_is_exercised_at_its_own_strike() -> None:
    """CS-529: after a repair only the 475 put is held; at 470 it sells 100 shares at 475."""
    plan = a_trade(SPY_PUTS, "0.75", 1)
    long = SPY_PUTS.sides[0].long
    bought = Execution(0, None, legs=(LegFill(long.occ, SPY_PUTS.opening_legs[1].side, 1, Decimal("0.40")),))
    ticket = entry_ticket(plan)
    expiry = Expiry(
        plan, [order_intended(at("10:00"), ticket, plan), OrderFilled(at("10:01"), ticket.id, bought, complete=True)]
    )
    booked = expiry.at_print("470")

    assert booked.gross == Decimal(500) - Decimal(40)
    assert (expiry.delivered()[0].shares, expiry.delivered()[0].strike) == (-100, Decimal(475))


def test_without_a_print_the_position_awaits_one_and_is_booked_when_it_comes() -> None:
    """CS-528: retried every cycle, alarmed once."""
    expiry = Expiry(a_trade(a_put_spread()))
    for _ in range(3):
        expiry.settle(DAY)
    waiting = [event for event in expiry.storage.events() if isinstance(event, SettlementAwaited)]
    assert len(waiting) == 1
    assert expiry.ledger.book.live_spreads[0].state is HoldingState.AWAITING_SETTLEMENT

    assert expiry.at_print("6876").gross == Decimal(-450)


@pytest.mark.parametrize("closing", [False, True])
def test_what_awaits_a_settlement_in_an_open_session_trades_again(closing: bool) -> None:
    """R7, CS-528: a wrong clock said that the day was over; the state follows the session, in every cycle."""
    decided = [CloseDecided(at("15:30"), "p1", "soft_close", None, "")] if closing else []
    expiry = Expiry(plan := a_trade(a_put_spread()), [*opened(plan), *decided])
    expiry.settle(DAY)
    assert expiry.ledger.book.live_spreads[0].state is HoldingState.AWAITING_SETTLEMENT

    for _ in range(3):
        expiry.settle(DAY - dt.timedelta(days=1))

    held = expiry.ledger.book.live_spreads[0]
    assert held.state is (HoldingState.CLOSING if closing else HoldingState.OPEN)
    alarms = [event.code for event in expiry.storage.events() if isinstance(event, AlarmRaised)]
    assert alarms == ["awaiting_settlement", "settlement_not_due"]
    assert expiry.at_print("6876").gross == Decimal(-450)


def test_a_market_that_cannot_be_read_has_printed_nothing_yet() -> None:
    """CS-528: a failed question settles nothing and ends nothing."""
    expiry = Expiry(a_trade(a_put_spread()))
    expiry.market.settle(DAY, "6876")
    expiry.market.fails(1)
    expiry.settle(DAY)
    assert expiry.closed() == []
    expiry.settle(DAY)
    assert len(expiry.closed()) == 1


@pytest.mark.parametrize("estimated", [False, True])
def test_an_estimated_print_is_flagged(estimated: bool) -> None:
    """CS-528."""
    assert Expiry(a_trade(a_put_spread())).at_print("6876", estimated=estimated).estimated is estimated


def test_a_position_is_settled_once() -> None:
    """CS-564."""
    expiry = Expiry(a_trade(a_put_spread()))
    expiry.at_print("6876")
    expiry.settle(DAY)

    assert len(expiry.closed()) == 1
    assert expiry.ledger.book.balance == Decimal(20_000) - 450


def test_what_has_not_expired_is_left_alone() -> None:
    expiry = Expiry(a_trade(a_put_spread()))
    expiry.market.settle(DAY, "6876")
    expiry.settle(DAY - dt.timedelta(days=1))

    assert expiry.closed() == []


def a_world_left_behind() -> World:
    """A position held into the next day, because no print came."""
    world = a_world_holding(a_scripted_plan())
    world.clock.set(at("16:00"))
    world.day.once()
    assert world.position().state is HoldingState.AWAITING_SETTLEMENT
    return world


def test_what_a_day_left_behind_is_settled_by_the_next_start() -> None:
    """CS-528: before the first decision, not at the next close."""
    world = a_world_left_behind()
    world.restart()
    tomorrow = DAY + dt.timedelta(days=1)
    world.session = type(world.session).of(tomorrow)
    world.clock.set(at("09:30", tomorrow))
    world.market.settle(DAY, "6876")
    world.day.once()

    assert world.all(HoldingClosed)[0].gross == Decimal(-450)
    assert world.book.live_spreads == ()


def test_an_order_at_work_is_waited_for() -> None:
    """CS-521, R5: a close that may have filled in the last second is looked up before anything is settled."""
    world = a_world_holding(closes={"p1": "15:59"})
    world.exchange.next_submit(never=True)
    world.clock.set(at("15:59"))
    world.cycle()
    world.market.settle(DAY, "6900")
    world.clock.set(at("16:00"))
    world.day.settle(DAY)
    assert world.all(HoldingClosed) == []
    world.cycle()

    assert [booked.reason for booked in world.all(HoldingClosed)] == ["settled"]
