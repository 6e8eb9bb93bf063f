"""A whole sample day as ledger events: two trades, two skips and an order that never filled, slot by slot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from attrs import evolve

from builders import DAY, a_call_spread, a_condor, a_plan, a_position, at
from builders_holdings import order_intended, spread_closed
from gammacore.domain import holding_events, ledger
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.ledger import Event
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose
from gammacore.domain.reports.trades import Trade, TradeEnd
from gammacore.domain.verdicts import FilterVerdict, Verdict
from gammacore.domain.words import Confidence, Direction, StrategyTag

START = Decimal("20000.00")


def seconds_after(time: str, seconds: float, date: dt.date = DAY) -> dt.datetime:
    return at(time, date) + dt.timedelta(seconds=seconds)


def ledger_opened(balance: Decimal = START, date: dt.date = DAY) -> ledger.LedgerOpened:
    return ledger.LedgerOpened(at("09:30", date), "paper-1", ledger.Mode.STUDY, "f00d", balance)


def day_started(date: dt.date = DAY, underlying: str = "SPX") -> ledger.DayStarted:
    return ledger.DayStarted(
        at("09:30", date), date, underlying, "credit-spread", "simulated", at("09:30", date), at("16:00", date), "ab12"
    )


def day_finished(balance: str, date: dt.date = DAY) -> ledger.DayFinished:
    return ledger.DayFinished(at("16:00", date), date, Decimal(balance))


def filters(refusal: Verdict | None = None, name: str = "vix_ceiling") -> tuple[FilterVerdict, ...]:
    """A short table of verdicts: passes, one unknown that lets pass, and the refusal, if any."""
    return (
        FilterVerdict("CS-302", "halted", Verdict.ok("trading")),
        FilterVerdict("CS-304", "fomc_day", Verdict.unknown("fomc_day", "no dates for 2026", blocks=False)),
        FilterVerdict("CS-311", "vix_floor", Verdict.ok("VIX 15.2", ">= 13.0")),
        FilterVerdict("CS-312", name, refusal or Verdict.ok("VIX 15.2", "< 20.0")),
        FilterVerdict("CS-344", "strike_conflict", Verdict.not_judged() if refusal else Verdict.ok("no position")),
    )


def judged(slot: str, refusal: Verdict | None = None, price: str = "6900", pin: str = "6915") -> ledger.EntryJudged:
    """The record of one scheduled entry, ten seconds after its time."""
    return ledger.EntryJudged(
        at=seconds_after(slot, 10),
        scheduled_at=at(slot),
        reason=None if refusal is None else refusal.reason,
        explanation="" if refusal is None else str(refusal),
        filters=filters(refusal),
        price=Decimal(price),
        pin=Decimal(pin),
        vix=Decimal("15.2"),
    )


def entry_ticket(plan: SpreadPlan) -> OrderTicket:
    return OrderTicket(
        f"entry-{plan.holding}", Purpose.ENTRY, plan.spread.underlying, plan.holding, plan.spread.opening_legs,
        plan.contracts, Effect.CREDIT, plan.limit, str(plan.strategy),
    )  # fmt: skip


def exit_ticket(plan: SpreadPlan, reason: str) -> OrderTicket:
    return OrderTicket(
        f"exit-{plan.holding}", Purpose.EXIT, plan.spread.underlying, plan.holding, plan.spread.closing_legs,
        plan.contracts, Effect.DEBIT, None, reason,
    )  # fmt: skip


def ordered(plan: SpreadPlan) -> list[Event]:
    """Judged, intended and taken by the broker at the plan's slot."""
    slot = plan.scheduled_at
    record = judged("10:00", price=str(plan.price), pin=str(plan.pin))
    judgement = ledger.EntryJudged(
        slot, slot, None, "", record.filters, plan.price, plan.pin, plan.vix
    )  # fmt: skip
    ticket = entry_ticket(plan)
    return [judgement, order_intended(slot, ticket, plan), ledger.OrderAccepted(slot, ticket.id, "8675309")]


def opened(plan: SpreadPlan, credit: str | None = None, fees: str = "0") -> list[Event]:
    """Ordered and filled half a minute later."""
    execution = Execution(plan.contracts, Decimal(credit or plan.expected_credit), Decimal(fees))
    filled = plan.scheduled_at + dt.timedelta(seconds=30)
    return [*ordered(plan), ledger.OrderFilled(filled, f"entry-{plan.holding}", execution, complete=True)]


def closed(
    plan: SpreadPlan, when: str, reason: str, value: str, gross: str, *, detail: str = "", fees: str = "0"
) -> list[Event]:
    """Decided, bought back and booked. `fees` are the close's; `gross` and the fees of all go into the booking."""
    date = plan.spread.sides[0].short.expiry
    now, ticket = at(when, date), exit_ticket(plan, reason)
    execution = Execution(plan.contracts, Decimal(value), Decimal(fees))
    return [
        holding_events.CloseDecided(now, plan.holding, reason, Decimal(value), detail),
        ledger.OrderIntended(now, ticket),
        ledger.OrderAccepted(now, ticket.id, "8675310"),
        ledger.OrderFilled(now, ticket.id, execution, complete=True),
        spread_closed(
            seconds_after(when, 3, date), plan.holding, reason, Decimal(value), plan.contracts, Decimal(gross),
            2 * Decimal(fees),
        ),
    ]  # fmt: skip


def settled(
    plan: SpreadPlan, price: str, value: str, gross: str, *, estimated: bool = False
) -> holding_events.HoldingClosed:
    date = plan.spread.sides[0].short.expiry
    return spread_closed(
        at("16:00", date), plan.holding, "settled", Decimal(value), plan.contracts, Decimal(gross), Decimal(0),
        Decimal(price), estimated,
    )  # fmt: skip


def a_trade(
    plan: SpreadPlan | None = None, gross: str | Decimal | None = None, *, credit: str | None = None,
    contracts: int | None = None, opened: dt.datetime | None = None, closed: dt.datetime | None = None,
    fees: str = "0", balance: str | Decimal = "20000", value: str | Decimal = "1.25",
) -> Trade:  # fmt: skip
    """A credit spread as a report shows it; open where there is no gross P/L."""
    plan = plan or a_plan()
    position = evolve(
        a_position(plan, credit=credit), opened_at=opened or at("10:00"), fees=Decimal(fees),
        contracts=contracts or plan.contracts,
    )  # fmt: skip
    if gross is None:
        return Trade(position)
    end = TradeEnd(
        closed or at("12:00"), "profit_target", "", Decimal(value), Decimal(gross), Decimal(0), Decimal(fees),
        Decimal(balance),
    )  # fmt: skip
    return Trade(position, (), end)


PUT_TRADE = a_plan(contracts=3)
CONDOR = a_plan(
    a_condor((6940, 6950), (6900, 6890)),
    credit="2.80",
    strategy=StrategyTag.IRON_CONDOR,
    direction=Direction.NEUTRAL,
    price="6921.25",
    pin="6920",
    position="p2",
    scheduled="11:00",
)
CALL_TRADE = a_plan(
    a_call_spread(6960, 6970),
    credit="1.55",
    strategy=StrategyTag.CALL_SPREAD,
    direction=Direction.BEARISH,
    confidence=Confidence.MEDIUM,
    price="6936.5",
    pin="6915",
    position="p3",
    scheduled="11:30",
)


def a_day() -> list[Event]:
    """A put spread won (+525), 10:30 was skipped, a condor was stopped out (-34), a call spread never filled."""
    unfilled = entry_ticket(CALL_TRADE).id
    return [
        ledger_opened(),
        day_started(),
        *opened(PUT_TRADE, fees="3.90"),
        judged("10:30", Verdict.skip("vix_ceiling", "VIX 21.3", ">= 20.0"), price="6906.75"),
        *opened(CONDOR, fees="2.60"),
        ledger.AlarmRaised(at("11:10"), "stale_quotes", "20 cycles without a usable mark", "p2"),
        *ordered(CALL_TRADE),
        ledger.CancelRequested(seconds_after("11:35", 0), unfilled, "not filled in 300 s"),
        ledger.OrderCanceled(seconds_after("11:35", 3), unfilled, "not filled in 300 s"),
        *closed(CONDOR, "11:41", "stop_loss", "3.14", "-34", fees="2.60",
                detail="3.14 to close against the stop 3.08 (10 %)"),
        *closed(PUT_TRADE, "12:30", "profit_target", "0.75", "525", fees="3.90",
                detail="0.75 to close against the target 0.92 (62.5 %)"),
        day_finished("20478.00"),
    ]  # fmt: skip


def a_path(points: Sequence[tuple[str, str]]) -> list[tuple[dt.datetime, Decimal]]:
    """Prices of the underlying from New York times."""
    return [(at(time), Decimal(price)) for time, price in points]
