"""What the broker broker_rules is asked after our own limits, before an order exists. brokers.md 7, CS-524."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve

import builders_ledger
from builders import DAY, a_session, at
from builders_hedge_day import a_hedge_day, a_hedge_day_open
from builders_holdings import holding_began
from builders_world import World, a_judgement, a_scripted_plan, a_world
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration.brokers import kit_of
from gammacore.configuration.settings import AccountSettings, Settings
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import REGISTRY, Side
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, Purpose
from gammacore.domain.risk.broker_limits import BrokerEntryRules, BrokerLimits, round_trips
from gammacore.domain.strategy import Open, Trade
from gammacore.wiring.session_rules import ahead_of_the_broker, broker_entry_rules

WEEK = frozenset(DAY - dt.timedelta(days=back) for back in (0, 3, 4, 5, 6))


def rules_of(broker: BrokerName, close: str = "16:00") -> BrokerEntryRules:
    return BrokerEntryRules(BrokerLimits(kit_of(broker).facts), ("SPXW",), a_session(close), WEEK)


def a_world_at(broker: BrokerName, start: str, cash: str = "20000", underlying: str = "SPX") -> World:
    world = a_world(start=start, cash=cash, underlying=underlying)
    world.terms = evolve(world.terms, starting_balance=Decimal(cash))
    world.broker_rules = rules_of(broker)
    world.day.begin()
    return world


def judged(world: World) -> tuple[str | None, str]:
    plan = evolve(a_scripted_plan(), holding="p9")
    world.day.carry_out(Open(plan, a_judgement(plan, world.clock.now())))
    record = world.all(EntryJudged)[-1]
    return record.reason, record.explanation


@pytest.mark.parametrize(("start", "reason"), [("15:24", None), ("15:25", "broker_closes_itself")])
def test_nothing_is_sold_that_alpaca_may_close_leg_by_leg(start: str, reason: str | None) -> None:
    """The refusal names the rule and its numbers; at Tradier the same entry goes out."""
    world = a_world_at(BrokerName.ALPACA, start)

    assert judged(world) == (reason, "" if reason is None else f"skip {reason}: 35 min to the close <= 35 min")
    assert len(world.exchange.received) == (reason is None)
    assert judged(a_world_at(BrokerName.TRADIER, start))[0] is None


def test_the_fourth_day_trade_of_a_small_account_is_refused() -> None:
    book = Book.of(
        [builders_ledger.ledger_opened(), *(builders_ledger.position_adopted(f"old-{number}") for number in range(3))]
    )
    broker_rules = evolve(rules_of(BrokerName.TRADIER), dates=frozenset({builders_ledger.DAY}))

    verdict = broker_rules.judge_spread(book, at("11:00"))

    assert str(verdict) == (
        f"skip pattern_day_trader: 3 day trades in 5 sessions and 1 more, balance {book.balance:.2f} < 25000"
    )
    assert rules_of(BrokerName.TRADIER).judge_spread(book, at("11:00")).passed  # of another week


@pytest.mark.parametrize(("cash", "reason"), [("24999.99", "pattern_day_trader"), ("25000", None)])
def test_a_small_account_buys_nothing_that_is_hedged_all_day(cash: str, reason: str | None) -> None:
    """A hedge is never refused, so the pattern would be made: the purchase is refused, with its record."""
    world = a_world_at(BrokerName.TRADIER, "10:00", cash, "SPY")
    world.day.look()
    record = a_judgement(a_scripted_plan(), world.clock.now())
    leg = ShareLeg("SPY", Side.BUY, closes=False)
    step = Trade("i1", "delta-hedge", "SPY", Purpose.ENTRY, (leg,), 1, Effect.DEBIT, "straddle", record=record)

    world.day.carry_out(step)

    assert [entry.reason for entry in world.all(EntryJudged)] == [reason]
    assert len(world.exchange.received) == (reason is None)
    assert (world.book.holding("i1") is not None) == (reason is None)
    if reason is not None:
        assert (
            "0 day trades in 5 sessions and 4 more, balance 24999.99 < 25000" in world.all(EntryJudged)[0].explanation
        )


def test_hedges_and_exits_are_never_asked_about() -> None:
    world = a_world_at(BrokerName.ALPACA, "15:45", "20000")
    leg, call = ShareLeg("SPY", Side.BUY, closes=False), {"SPXW260105C06900000": 1}
    world.day.ledger.record(holding_began(world.clock.now(), "i1", "x", "SPX", call, Decimal(2)))

    world.day.carry_out(Trade("i1", "x", "SPY", Purpose.HEDGE, (leg,), 10, Effect.DEBIT, "hedge"))

    (sent,) = world.exchange.received
    assert (sent.purpose, sent.quantity) == (Purpose.HEDGE, 10)


def test_each_turn_from_building_up_to_reducing_is_a_day_trade() -> None:
    """A hedged day: calls bought and sold, shares sold and bought back; puts that expired are none."""
    whole, begun = Book.of(a_hedge_day()), Book.of(a_hedge_day_open())
    of_whole, of_begun = (book.orders_of(next(iter(book.holdings))) for book in (whole, begun))

    earlier = {DAY, DAY + dt.timedelta(days=1)}
    assert round_trips(of_whole, earlier) == 2
    assert round_trips(of_begun, {DAY}) == 3  # both options and the shares may still be reduced today
    assert round_trips(of_begun, {DAY - dt.timedelta(days=1)}) == 0


def settings_at(broker: BrokerName) -> Settings:
    return Settings(account=AccountSettings(broker=broker))


def test_on_the_fake_exchange_the_figures_are_the_configured_ones() -> None:
    settings = settings_at(BrokerName.FAKE)
    broker_rules = broker_entry_rules(settings, REGISTRY["SPX"], a_session(), NyseCalendar())

    assert broker_rules is None
    assert ahead_of_the_broker(settings, broker_rules) is settings


def test_at_a_broker_the_last_five_sessions_count_and_exits_come_first() -> None:
    settings = settings_at(BrokerName.ALPACA)
    broker_rules = broker_entry_rules(settings, REGISTRY["SPY"], a_session(), NyseCalendar())

    assert broker_rules is not None
    assert sorted(broker_rules.dates) == [dt.date(2025, 12, 29), *map(dt.date.fromisoformat,
                                     ("2025-12-30", "2025-12-31", "2026-01-02", "2026-01-05"))]  # fmt: skip
    today = ahead_of_the_broker(settings, broker_rules)
    assert (today.stops.soft_close_minutes, today.stops.hard_close_minutes, today.stops.may_hold) == (35, 35, False)
    assert today.hedging.exit_before_close == 35 * 60
    assert StopPolicy().may_hold
