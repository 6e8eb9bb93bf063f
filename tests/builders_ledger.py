"""Sample ledger events: one of each type, with every field filled, and a day's worth of small ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from attrs import evolve

from builders_holdings import holding_began, holding_closed, spread_adopted, spread_closed
from builders_holdings import order_intended as an_intent
from gammacore.domain import hedge_filter_events as hedging
from gammacore.domain import holding_events, ledger
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.hedge_filter_events import UpdateStatus
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.holdings.plans import (
    DeltaWatch,
    EntryTerms,
    Notes,
    Opening,
    RWatch,
    SpreadPlan,
    SpreadWatch,
    policy_id,
)
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import REGISTRY, Right, Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.verdicts import FilterVerdict, Verdict
from gammacore.domain.words import Confidence, DeskState, Direction, StrategyTag, SwitchStep
from gammacore.errors import InvalidInput

DAY = dt.date(2026, 8, 19)
OPEN = dt.datetime(2026, 8, 19, 13, 30, tzinfo=dt.UTC)
CLOSE = dt.datetime(2026, 8, 19, 20, 0, tzinfo=dt.UTC)


def at(minutes: float = 0) -> dt.datetime:
    """An instant so many minutes after the open of the sample day, UTC."""
    return OPEN + dt.timedelta(minutes=minutes)


def a_put_spread() -> CreditSpread:
    """SPXW 6040/6030 puts of the sample day: 10 points wide."""
    spx = REGISTRY["SPX"]
    short, long = (spx.contract(DAY, Right.PUT, Decimal(strike)) for strike in (6040, 6030))
    return CreditSpread((Vertical(short, long),))


def a_plan(position: str = "p1") -> SpreadPlan:
    """Three put spreads for 2.50 under the standard policy."""
    return SpreadPlan(
        holding=position,
        strategy=StrategyTag.PUT_SPREAD,
        direction=Direction.BULLISH,
        confidence=Confidence.HIGH,
        spread=a_put_spread(),
        contracts=3,
        expected_credit=Decimal("2.50"),
        limit=Decimal("2.40"),
        price=Decimal("6053.25"),
        pin=Decimal(6060),
        vix=Decimal("16.20"),
        scheduled_at=at(60),
        policy=StopPolicy(),
    )


def an_entry_ticket(order: str = "gc-entry-1", position: str = "p1") -> OrderTicket:
    """The order that opens `a_plan`."""
    plan = a_plan(position)
    return OrderTicket(
        id=order,
        purpose=Purpose.ENTRY,
        underlying="SPX",
        holding=position,
        legs=plan.spread.opening_legs,
        quantity=plan.contracts,
        effect=Effect.CREDIT,
        limit=plan.limit,
        reason="put spread under the pin",
    )


def an_execution() -> Execution:
    """All three spreads at 2.45, legs reported, 3.90 dollars of fees."""
    short, long = a_put_spread().symbols
    fills = (LegFill(short, Side.SELL, 3, Decimal("4.10")), LegFill(long, Side.BUY, 3, Decimal("1.65")))
    return Execution(3, Decimal("2.45"), Decimal("3.90"), fills)


def ledger_opened() -> ledger.LedgerOpened:
    return ledger.LedgerOpened(at(-5), "paper-1", ledger.Mode.PAPER, "f00d", Decimal("20000.00"))


def account_recorded() -> ledger.AccountRecorded:
    mark = ledger.AccountMark.of(BrokerName.TRADIER, "VA00000001", "f00d", "***001")
    return ledger.AccountRecorded(at(-3), mark)


def day_started() -> ledger.DayStarted:
    return ledger.DayStarted(at(), DAY, "SPX", "credit-spread", "paper", OPEN, CLOSE, "sha256:ab12")


def entry_judged() -> ledger.EntryJudged:
    skip = Verdict.skip("vix_ceiling", value=Decimal("21.3"), limit=">= 20")
    filters = (FilterVerdict("CS-312", "VIX", skip), FilterVerdict("CS-319", "RSI", Verdict.not_judged()))
    return ledger.EntryJudged(
        at(60), at(60), "vix_ceiling", "VIX 21.3 ≥ 20", filters, Decimal("6053.25"), None, Decimal("21.3")
    )


def order_intended() -> ledger.OrderIntended:
    return an_intent(at(61), an_entry_ticket(), a_plan())


def position_adopted(position: str = "old-1", *, orphan: bool = False) -> holding_events.HoldingAdopted:
    """`a_plan` under another id, taken over with an armed trailing stop."""
    short, long = a_put_spread().symbols
    watch = SpreadWatch(best_profit=Decimal("0.31"), trailing_armed=True)
    return spread_adopted(at(-4), a_plan(position), 3, Decimal("2.45"), {short: -3, long: 3}, at(-30), watch, orphan)


def halted(number: int = 0) -> ledger.Halted:
    """A small event; `number` makes it differ from others."""
    return ledger.Halted(at(number), f"halt {number}")


def some_events(count: int, first: int = 1) -> list[ledger.Event]:
    """So many small events that all differ."""
    return [halted(number) for number in range(first, first + count)]


def policy_recorded() -> holding_events.PolicyRecorded:
    """The stop policy of `a_plan`."""
    policy = a_plan().policy
    return holding_events.PolicyRecorded(at(61), policy_id(policy), policy)


def one_of_each() -> tuple[ledger.Event, ...]:
    """One sample of every event type, in the order of `Event`."""
    watch = SpreadWatch(Decimal("0.31"), True, False, Decimal("1.70"), at(90.5), 2)
    put, hedge = a_put_spread().symbols[0], "hedged-1"
    return (
        *_before_the_first_trade(),
        account_recorded(),
        day_started(),
        entry_judged(),
        order_intended(),
        ledger.TicketRefused(at(61), "p1", Purpose.EXIT, a_put_spread().symbols, "nothing_left", "nothing is held"),
        *_what_becomes_of_orders(),
        policy_recorded(),
        position_adopted(),
        holding_events.WatchChanged(at(91), "p1", watch),
        holding_events.CloseDecided(at(92), "p1", "trailing_stop", Decimal("1.95"), "profit 22 % < 23 %"),
        holding_events.SettlementAwaited(at(391), "p2"),
        holding_events.SharesDelivered(at(960), "p3", "SPY", -200, Decimal(604), Decimal(605)),
        settled_with_shares(),
        holding_events.HoldingAdjusted(at(390), hedge, "SPY", -65, Decimal("600.00"), "sold outside", is_guess=True),
        spread_closed(
            at(93), "p1", "trailing_stop", Decimal("1.95"), 3, Decimal("150.00"), Decimal("7.80"), Decimal(6050), True
        ),
        holding_events.DifferenceSeen(at(7), put, 2, "p5"),
        hedge_decided(),
        ledger.HoldingsQuarantined(at(5), {"SPXW260819C06100000": 1}, "no tag of ours"),
        ledger.AlarmRaised(at(8), "stale_quotes", "no usable mark for 20 cycles", "p1"),
        ledger.DayHalted(at(9), DAY, "daily_loss", "-500.00 today"),
        ledger.DeskSwitched(
            at(9.5), DeskState.ST0CKA, DeskState.TO_GAMMA, SwitchStep.BEGUN, Decimal("0.21"), "intraday"
        ),
        *_the_end(),
        *one_of_each_of_hedging(),
    )


def that_follow(events: Iterable[ledger.Event]) -> list[ledger.Event]:
    """Those of them that one ledger can hold, in this order: samples of each type do not all follow one another."""
    kept: list[ledger.Event] = []
    for event in events:
        with suppress(InvalidInput):
            Book.of([*kept, event])
            kept.append(event)
    return kept


def more_of_some() -> tuple[ledger.Event, ...]:
    """What else is written of the same types: without the fields that most records have, or with others."""
    short = a_put_spread().symbols[0]
    holding = an_intent(at(2), evolve(an_entry_ticket("gc-entry-7", "hedged-1"), effect=Effect.DEBIT))
    return (
        evolve(order_intended(), policy=None),
        evolve(holding, opens=Opening("delta-hedge", "SPX")),
        an_intent(at(92), evolve(an_entry_ticket("gc-exit-1"), purpose=Purpose.EXIT, limit=None)),
        holding_began(at(2), "hedged-1", "delta-hedge", "SPY", {}, Decimal(0)),
        holding_began(at(2), f"{short}-stranded-1", "stranded", "SPX", {short: -2}, Decimal("5.00")),
        holding_events.WatchChanged(at(91), "own-1", Notes({"high": "601.20", "since": "10:31"})),
        holding_events.WatchChanged(at(91), "signal-1", RWatch(Decimal("590.00"), Decimal("1.5"), armed=True)),
        holding_events.WatchChanged(
            at(91), "straddle-1", DeltaWatch(Decimal("7.43"), Decimal("2.2155"), Decimal("590.02"), at(90), refused=1)
        ),
        evolve(holding, opens=Opening("st0cka", "SPY", terms=scalp_terms())),
        holding_events.HoldingAdjusted(at(8), "p1", short, 2, None, "gone"),
        holding_closed(at(392), "hedged-1", "flat", Decimal("-120.00"), Decimal("85.50"), Decimal("2.60")),
        holding_events.WatchChanged(
            at(95), "signal-1", RWatch(Decimal("590.00"), Decimal("1.5"), armed=True, last=Decimal("-0.5"))
        ),
        straddle_resumed(),
    )


def straddle_resumed() -> holding_events.HoldingAdopted:
    """A straddle with its hedge that the broker showed and no ledger knew, at assumed prices."""
    call, put = "SPY260821C00590000", "SPY260821P00590000"
    prices = {call: Decimal("16.00"), put: Decimal("13.40"), "SPY": Decimal("590.01")}
    return holding_events.HoldingAdopted(
        at(5), "straddle-2", "gamma-scalping", "SPY", Origin.RESUMED, {call: 1, put: 1, "SPY": -7}, Decimal("29.40"),
        at(5), prices=prices, terms=EntryTerms(Decimal(500), Decimal("590.01"), source="assumed", day_trades=4),
    )  # fmt: skip


def of_version_1() -> tuple[ledger.Event, ...]:
    """What the records of version 1 mean today: positions and inventories are holdings, plans carry their policy."""
    short = "SPXW260819P06880000"
    return (
        *_before_the_first_trade(),
        _adopted_in_format_1(position_adopted()),
        day_started(),
        entry_judged(),
        _intended_in_format_1(order_intended()),
        *_what_becomes_of_orders(),
        holding_events.WatchChanged(
            at(91), "p1", SpreadWatch(Decimal("0.31"), True, False, Decimal("1.70"), at(90.5), 2)
        ),
        holding_events.CloseDecided(at(92), "p1", "trailing_stop", Decimal("1.95"), "profit 22 % < 23 %"),
        spread_closed(at(93), "p1", "trailing_stop", Decimal("1.95"), 3, Decimal("150.00"), Decimal("7.80")),
        holding_events.SettlementAwaited(at(391), "p2"),
        holding_events.SharesDelivered(at(960), "p3", "SPY", -200, Decimal(604), Decimal(605)),
        holding_began(at(2), "hedged-1", "delta-hedge", "SPY", {}, Decimal(0)),
        settled_with_shares(),
        holding_events.HoldingAdjusted(
            at(390), "hedged-1", "SPY", -65, Decimal("600.00"), "sold outside", is_guess=True
        ),
        holding_closed(at(392), "hedged-1", "flat", Decimal("-120.00"), Decimal("85.50"), Decimal("2.60")),
        hedge_decided(),
        ledger.HoldingsQuarantined(at(5), {"SPXW260819C06100000": 1}, "no tag of ours"),
        holding_events.DifferenceSeen(at(7), "", 0, "p5"),
        holding_events.HoldingAdjusted(at(8), "p1", short, 2, Decimal("4.10"), "bought back outside"),
        ledger.AlarmRaised(at(8), "stale_quotes", "no usable mark for 20 cycles", "p1"),
        *_the_end(),
        *one_of_each_of_hedging(),
    )


OLD_TERMS: dict[str, Any] = {"policy": "dcb379eb6e7c", "spread": a_put_spread(), "limit": Decimal("2.40")}
"""The plan as it was written beside its order: whole, under an id that was made of its policy's JSON."""


def _intended_in_format_1(event: ledger.OrderIntended) -> ledger.OrderIntended:
    assert event.opens is not None
    assert event.opens.spread is not None
    return evolve(event, opens=evolve(event.opens, spread=evolve(event.opens.spread, **OLD_TERMS)))


def _adopted_in_format_1(event: holding_events.HoldingAdopted) -> holding_events.HoldingAdopted:
    assert event.spread is not None
    return evolve(event, spread=evolve(event.spread, **OLD_TERMS))


def _before_the_first_trade() -> tuple[ledger.Event, ...]:
    imported = ledger.HistoryImported(at(-4), (Decimal("56.00"), Decimal("-34.62")), 45, "account_balance.json")
    return ledger_opened(), imported


def _what_becomes_of_orders() -> tuple[ledger.Event, ...]:
    return (
        ledger.OrderAccepted(at(61.5), "gc-entry-1", "8675309"),
        ledger.OrderWasRejected(at(62), "gc-entry-2", "insufficient buying power"),
        ledger.OrderNotSent(at(62), "gc-entry-3", "connection refused"),
        ledger.OrderOutcomeUnknown(at(62), "gc-entry-4", "no answer in 10 s"),
        ledger.OrderFilled(at(63), "gc-entry-1", an_execution(), complete=True),
        ledger.CancelRequested(at(66), "gc-entry-5", "entry life of 300 s is over"),
        ledger.OrderCanceled(at(66.1), "gc-entry-5", ""),
        ledger.OrderExpired(at(390), "gc-entry-6"),
    )


def _the_end() -> tuple[ledger.Event, ...]:
    return (
        halted(9),
        ledger.Resumed(at(10), "quotes are back"),
        ledger.BreakerTripped(at(10.5), 3, "no answer"),
        ledger.BreakerCleared(at(10.8), "the broker answers again"),
        ledger.FlattenRequested(at(11), "going home"),
        ledger.DayFinished(at(400), DAY, Decimal("20142.20")),
    )


def scalp_terms() -> EntryTerms:
    """An ST0CKA entry of two shares, sized by an intraday reading."""
    return EntryTerms(
        Decimal("2.00"), Decimal("590.00"), Decimal("0.015"), Decimal("1.00"), Decimal("0.15"), "intraday", "quotes"
    )


def settled_with_shares() -> holding_events.HoldingSettled:
    return holding_events.HoldingSettled(
        at(391), "hedged-1", "SPY260819C00600000", 2, Decimal("1.25"), "SPY", 200, Decimal("601.25"), False
    )


def hedge_decided() -> holding_events.HedgeDecided:
    greeks = holding_events.BookGreeks(Decimal("12.5"), Decimal("-180.25"), Decimal("14.75"), missing=1)
    price = Decimal("600.25")
    return holding_events.HedgeDecided(
        at(30), "hedged-1", "delta_hedge", "SPY", -65, Decimal("65.25"), Decimal(100), Decimal("0.15"),
        Decimal("-15000"), "known", price, price, Decimal(1), greeks, at(28),
    )  # fmt: skip


def one_of_each_of_hedging() -> tuple[hedging.HedgingEvent, ...]:
    """One sample of every event of the hedging desk, in the order of `HedgingEvent`."""
    call, hedge = "SPY260819C00600000", "hedge_SPY_0123456789abcdef01234567"
    held = hedging.HoldingSet(call, -2, Decimal("0.65"), Decimal("2.50"), Decimal("0.05"), None, None)
    mark = hedging.PriceMark("SPY", Decimal("600.25"))
    return (
        hedging.HedgeRunStarted(at(1), "0dte_gamma_scalper", "paper-1", "standard", "f00df00df00df00d"),
        hedging.HedgeSessionStarted(at(1), DAY, ("SPY260818C00600000",), (call, "SPY"), ()),
        hedging.MarketTaken(at(2), "evt_1", "ab12", call, at(2), (mark,), held),
        hedging.OptionQuoted(
            at(2), call, Decimal("2.49"), Decimal("2.51"), Decimal("0.65"), Decimal("2.50")
        ),
        hedging.LimitPassed(at(2), "position_limit", call, True),
        hedging.TimerRan(at(3), hedging.TimerKind.RATE_WINDOW, "SPY", at(3)),
        hedging.HedgeAwaited(at(3), "SPY", at(4)),
        hedging.DeltaUnusual(at(3), "SPY", at(3)),
        hedging.IntentRecorded(
            at(4), hedge, "evt_1", hedging.IntentKind.HEDGE, "SPY", "SPY", Side.BUY, 130, 1, Decimal("600.25"),
            "fills", "{}",
        ),
        hedging.IntentRepeated(at(5), hedge),
        hedging.IntentsWritten(at(5), (hedge,)),
        hedging.IntentUpdated(at(5), hedge, UpdateStatus.FILLED, 130, Decimal("600.27"), Decimal("0.65"), False, "u1"),
        hedging.ExitBegun(at(375), False, ()),
        hedging.RegimeNoted(at(6), "macro", "none", "active", at(5)),
    )  # fmt: skip


if __name__ == "__main__":
    import sys

    from gammacore.adapters.codec.records import encode

    sys.stdout.writelines(encode(event) + "\n" for event in (*one_of_each(), *more_of_some()))
