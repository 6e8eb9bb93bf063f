"""Notices: what alerts and log report of each event, in one table. Rules: CS-501, CS-625..628.

An event may have several notices or none. An alert is sent of those that `alerts`; every notice is a log line, and the
lines of `log` follow it: sizes, premiums and balances always in the same words, so that they are found by grep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import assert_never

from attrs import evolve

from gammacore.domain import holding_events, ledger
from gammacore.domain.book.book import Book
from gammacore.domain.dollars import dollars, exact, signed_dollars
from gammacore.domain.hedge_filter_events import HedgingEvent
from gammacore.domain.holdings.holding import Origin, is_spread
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.judged_entry import skip_line
from gammacore.domain.ledger import Event, Mode
from gammacore.domain.orders import Effect, Order, OrderTicket, Purpose
from gammacore.domain.reports import words
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.figures import Figure, Tone, Unit, clock_text, code_text, delta_text, known, labelled
from gammacore.domain.reports.notice import Level, Life, Notice, alert
from gammacore.domain.reports.trade_views import trade_figures
from gammacore.domain.reports.trades import Sold, Trade, TradeEnd
from gammacore.domain.reports.views import day_view
from gammacore.domain.service.endings import Level as Severity
from gammacore.domain.sizing.kelly import TradeStatistics
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.verdicts import Outcome
from gammacore.domain.words import StrategyTag

STRATEGY_TONES = {
    StrategyTag.CALL_SPREAD: Tone.CALLS,
    StrategyTag.PUT_SPREAD: Tone.PUTS,
    StrategyTag.IRON_CONDOR: Tone.CONDOR,
    StrategyTag.BROKEN_WING_CONDOR: Tone.CONDOR,
}

FIGURES_SHOWN = frozenset(
    {
        "halted", "trading_day_unknown", "fomc_day", "early_close", "schedule_missed", "entry_window", "entry_cutoff",
        "vix_missing", "vix_floor", "vix_ceiling", "vix_spike", "realized_volatility", "adx", "trend_move",
        "expected_move", "rsi", "friday", "down_days", "gap", "spread_quality", "hourly_credit", "minimum_credit",
        "otm_limit", "entry_spacing", "position_limit", "daily_loss", "minimum_account", "safety_halt",
        "concurrent_risk", "buying_power",
    }
)  # fmt: skip
"""Skips whose numbers give neither the pin nor a distance to it away; of all others an alert has the reason. CS-628."""

URGENT = frozenset({"stuck", "naked_short", "cancel_unclear", "protective_stop_filled"})
"""Alarms of a risk that nothing bounds and that does not go by itself."""

CRITICAL = URGENT | {
    "exit_overdue", "not_flat", "leg_imbalance", "exit_unconfirmed", "unhedged", "clock_jumped", "ledger_behind",
    "ledger_not_written", "ledger_outage", "order_not_in_ledger", "disk_low",
}  # fmt: skip
"""Alarms that are sent at once, and again until they are over. Section 4 of the operator's desk."""
CRITICAL_LIVE = frozenset({"quarantined", "holdings_differ"})
"""Critical where the money is real."""

Unnoticed = (
    ledger.LedgerOpened
    | ledger.AccountRecorded
    | ledger.HistoryImported
    | ledger.OrderAccepted
    | ledger.HoldingsQuarantined
    | ledger.DayHalted
    | holding_events.PolicyRecorded
    | holding_events.WatchChanged
    | holding_events.SettlementAwaited
    | holding_events.DifferenceSeen
    | HedgingEvent
)
"""Events without a notice: steps whose end is reported, and what an alarm reports besides."""

OrderChanged = (
    ledger.OrderFilled
    | ledger.OrderCanceled
    | ledger.OrderExpired
    | ledger.CancelRequested
    | ledger.OrderWasRejected
    | ledger.OrderNotSent
    | ledger.OrderOutcomeUnknown
)

Control = (
    ledger.AlarmRaised
    | ledger.Halted
    | ledger.Resumed
    | ledger.BreakerTripped
    | ledger.BreakerCleared
    | ledger.FlattenRequested
)


def notices(event: Event, book: Book, sizing: SizingRules | None = None) -> tuple[Notice, ...]:
    """The notices of an event. `book` already contains it; `sizing` says over which window the record is taken."""
    code, subject = code_of(event), str(getattr(event, "holding", None) or getattr(event, "id", ""))
    found = _notices(event, book, sizing or SizingRules())
    return tuple(evolve(notice, code=code, subject=subject) for notice in found)


def code_of(event: Event) -> str:
    """The stable code of an event: an alarm's own, else its kind. Log, alerts and pages share it. Rule: OP-304.

    >>> import datetime as dt
    >>> now = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)
    >>> code_of(ledger.AlarmRaised(now, "stuck", "5 attempts")), code_of(ledger.Resumed(now, ""))
    ('stuck', 'resumed')
    """
    return event.code if isinstance(event, ledger.AlarmRaised) else _WORD.sub("_", type(event).__name__).lower()


_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def _notices(event: Event, book: Book, sizing: SizingRules) -> Iterator[Notice]:
    match event:
        case ledger.DayStarted():
            what = f"{event.date} {event.underlying} {event.strategy}, market {event.market}"
            yield Notice("Day started", f"{what}, balance {dollars(book.balance)}", severity=Severity.NOTICE)
        case ledger.DayFinished():
            change = signed_dollars(book.realised_on(event.date))
            yield Notice("Day finished", f"{event.date}, balance {dollars(event.balance)} ({change})")
        case ledger.EntryJudged():
            yield _judged(event)
        case ledger.OrderIntended():
            yield Notice("Order sent", _order(event.ticket))
        case (
            ledger.OrderFilled() | ledger.OrderCanceled() | ledger.OrderExpired() | ledger.CancelRequested()
            | ledger.OrderWasRejected() | ledger.OrderNotSent() | ledger.OrderOutcomeUnknown()
        ):  # fmt: skip
            yield from _order_changed(event, book.orders[event.id], book)
        case ledger.TicketRefused():
            what = f"{event.purpose} of {event.holding} ({', '.join(event.symbols)})"
            yield Notice("Order refused before it was sent", f"{what}: {event.detail}", level=Level.WARNING)
        case holding_events.CloseDecided():
            yield Notice(f"Closing {event.holding}", f"{event.reason}: {event.detail}")
        case holding_events.HoldingClosed():
            yield from _closed(event, book, sizing)
        case holding_events.HedgeDecided():
            yield _hedge(event)
        case holding_events.HoldingAdopted():
            yield from _taken_over(event)
        case holding_events.HoldingSettled() | holding_events.HoldingAdjusted():
            if not is_spread(book.holdings[event.holding]):  # of a spread its booking, and its alarm, report it
                yield Notice(event.holding, words.moved_in_words(event))
        case holding_events.SharesDelivered():
            figures = (
                Figure("shares", event.shares, Unit.CHANGE),
                Figure("strike", event.strike, Unit.PRICE),
                Figure("taken in at", event.basis, Unit.PRICE),
            )
            yield alert(f"Shares delivered: {event.symbol}", f"by settlement of {event.holding}", figures, Tone.DOUBT)
        case ledger.DeskSwitched():
            yield Notice(f"Desk: {event.after}", " ".join(part for part in (str(event.step), event.source) if part))
        case (
            ledger.AlarmRaised() | ledger.Halted() | ledger.Resumed() | ledger.BreakerTripped()
            | ledger.BreakerCleared() | ledger.FlattenRequested()
        ):  # fmt: skip
            yield _control(event, book)
        case _:
            if not isinstance(event, Unnoticed):
                assert_never(event)


def _control(event: Control, book: Book) -> Notice:
    """What is wrong, and what may trade."""
    match event:
        case ledger.AlarmRaised():
            tone = Tone.URGENT if event.code in URGENT else Tone.DOUBT
            raised = alert(f"Alarm {event.code} {event.holding}".strip(), event.detail, tone=tone)
            is_live = book.opened is not None and book.opened.mode is Mode.LIVE
            is_critical = event.code in CRITICAL or (is_live and event.code in CRITICAL_LIVE)
            return evolve(raised, severity=Severity.CRITICAL) if is_critical else raised
        case ledger.Halted():
            how = f"{event.reason}; exits go on, `gammacore resume` clears it"
            return alert("Trading halted", how, tone=Tone.URGENT)
        case ledger.Resumed():
            return alert("Trading resumed", event.note)
        case ledger.BreakerTripped():
            failures, after = f"{event.failures} broker failures in a row", "no entries, exits go on"
            tripped = alert("Circuit breaker tripped", f"{failures}; {after}", tone=Tone.URGENT)
            return evolve(tripped, private=f"{failures} ({event.detail}); {after}")
        case ledger.BreakerCleared():
            return alert("Circuit breaker cleared", event.reason)
        case ledger.FlattenRequested():
            return alert("Everything is closed", event.reason, tone=Tone.URGENT)
        case _:
            assert_never(event)


# -- the day -----------------------------------------------------------------------------------------------------------


SUMMARY = "day_summary"


def day_summary(report: DayReport) -> Notice:
    """The day in figures: open trades are no losses, break-even is neither. Rules: CS-501, CS-623."""
    view = day_view(report)
    skipped = ", ".join(f"{reason} {count}" for reason, count in report.skipped.items())
    summary = alert(
        f"{report.date}: {report.underlying} {report.strategy}",
        f"Skipped: {skipped}" if skipped else "",
        (*labelled(view.figures), *view.strategies),
        Tone.of(report.figures.pnl),
    )
    return evolve(summary, sums_up=True, code=SUMMARY, subject=report.date.isoformat(), severity=Severity.NOTICE)


# -- entries -----------------------------------------------------------------------------------------------------------


def _judged(event: ledger.EntryJudged) -> Notice:
    """A skip, to people without pin and distance; an entry that is taken is alerted by its fill. Rule: CS-628."""
    slot = clock_text(event.scheduled_at)
    if event.reason is None:
        unknown = [entry.name for entry in event.filters if entry.verdict.outcome is Outcome.UNKNOWN]
        doubt = f", unknown: {', '.join(unknown)}" if unknown else ""
        return Notice(f"Entry at {slot}", f"{len(event.filters) - len(unknown)} filters passed{doubt}")
    line = skip_line(event)
    vix = () if event.vix is None else (Figure("VIX", event.vix, Unit.PRICE),)
    public = line if event.reason in FIGURES_SHOWN else f"skip {event.reason}"
    return Notice(f"No entry at {slot}", public, vix, alerts=True, private=line)


def _order_changed(event: OrderChanged, order: Order, book: Book) -> Iterator[Notice]:
    what = _order(order.ticket)
    match event:
        case ledger.OrderFilled():
            if event.complete:
                yield from _traded(order, book)
            else:
                yield Notice("Partly filled", f"{event.execution.quantity} of {order.ticket.quantity}, {what}")
            if not event.price_verified:
                doubt = f"{event.execution.price} is booked"
                yield Notice(f"Fill price of {event.id} is not verified", doubt, level=Level.WARNING)
        case ledger.OrderCanceled() | ledger.OrderExpired():
            yield Notice(f"Order {order.state}", ": ".join(filter(None, (what, order.reason))))
            yield from _traded(order, book)
        case ledger.CancelRequested():
            yield Notice("Cancel requested", f"{what}: {event.reason}")
        case ledger.OrderWasRejected():
            yield Notice("Order rejected", f"{what}: {event.reason}", level=Level.WARNING)
        case ledger.OrderNotSent() | ledger.OrderOutcomeUnknown():
            yield Notice(f"Order {order.state}", f"{what}: {event.detail}", level=Level.WARNING)
        case _:
            assert_never(event)


def _traded(order: Order, book: Book) -> Iterator[Notice]:
    """What was filled of an order that is over."""
    if not order.execution.any:
        return
    holding = book.holdings[order.ticket.holding]
    entered = order.ticket.purpose is Purpose.ENTRY
    if is_spread(holding):
        if entered and order.execution.quantity and order.execution.price is not None:
            yield _sold(order, Sold(holding))
        return
    fill = Notice(
        f"Filled for {holding.id}", f"{words.order_in_words(order)}, fees {dollars(order.execution.fees)}"
    )  # fmt: skip
    yield _bought(order, holding.owner, fill.line) if entered and order.execution.quantity else fill


def _sold(order: Order, sold: Sold) -> Notice:
    """A new position with what will end it, from the policy that acts. Rules: CS-412, CS-512, CS-625."""
    plan, quantity, credit = sold.plan, order.execution.quantity, order.execution.price or sold.credit
    premium = credit * EQUITY_OPTION_MULTIPLIER * quantity
    taken = f"{plan.direction.capitalize()}, confidence {plan.confidence}"
    figures = (
        Figure("contracts", quantity, Unit.COUNT),
        Figure("credit", credit, Unit.POINTS),
        Figure("premium", premium, Unit.DOLLARS),
        Figure("stop", sold.stop, Unit.POINTS),
        Figure("target", sold.target, Unit.POINTS),
    )
    return Notice(
        f"Opened {plan.spread.underlying} {plan.strategy} {plan.spread.strikes}",
        taken,
        known(figures),
        alerts=True,
        tone=STRATEGY_TONES.get(plan.strategy, Tone.PLAIN),
        life=Life.SIGNAL,
        private=f"{plan.holding}, {taken}",
        log=(f"Position size: {quantity} contract(s) @ ${credit:.2f} = {dollars(premium)} premium", *sold.terms),
    )


def _bought(order: Order, owner: str, fill: str) -> Notice:
    """What a holding began with; what is done with it is alerted at its end, not hedge by hedge."""
    ticket, execution = order.ticket, order.execution
    paid = None if execution.price is None else execution.price * execution.quantity * ticket.multiplier
    figures = (
        Figure("quantity", execution.quantity, Unit.COUNT),
        Figure("price", execution.price, Unit.POINTS),
        Figure("paid" if ticket.effect is Effect.DEBIT else "received", paid, Unit.DOLLARS),
    )
    return Notice(
        f"Opened {ticket.underlying} {owner} {words.legs_in_words(ticket.legs)}", "", known(figures), alerts=True,
        life=Life.SIGNAL, log=(fill,),
    )  # fmt: skip


# -- ends --------------------------------------------------------------------------------------------------------------


def _closed(event: holding_events.HoldingClosed, book: Book, sizing: SizingRules) -> Iterator[Notice]:
    """The P/L of the whole position with where it came from; nothing of an entry that never filled. CS-628, DH-243."""
    holding = book.holdings[event.holding]
    orders = book.orders_of(holding.id)
    trade = Trade(holding, orders, TradeEnd.of(event, "", book.balance))
    hedges = sum(order.ticket.purpose is Purpose.HEDGE and order.execution.any for order in orders)
    if trade.sold is None and not holding.has_filled:
        return
    spread = "" if trade.sold is None else f" {trade.sold.plan.spread.strikes}"
    cost = f"{event.exit_value:.2f}" + (" (estimated)" if event.estimated else "")
    figures = (
        Figure.gain("P/L", event.gross),
        Figure("size", words.size(trade) or None),
        Figure("cost to close", None if trade.sold is None else cost),
        Figure("settlement", event.settlement_price, Unit.PRICE),
        Figure("hedges", hedges or None, Unit.COUNT),
        *trade_figures(trade),
    )
    change = signed_dollars(event.gross - event.fees)
    source = holding.id if trade.sold is None else f"{event.contracts}x contracts"
    record = () if trade.sold is None else (_record(TradeStatistics.of(book.results, sizing.window), sizing),)
    yield Notice(
        f"Closed {holding.underlying} {trade.strategy}{spread}",
        code_text(event.reason),
        known(figures),
        alerts=True,
        tone=Tone.of(event.gross),
        life=Life.SIGNAL,
        private=f"{holding.id}, {event.reason}",
        log=(f"Account balance updated: {dollars(book.balance)} ({change} from {source})", *record),
    )


def _record(record: TradeStatistics, sizing: SizingRules) -> str:
    kelly = record.kelly
    return (
        f"Statistics: {record.trades} trades, win rate {_percent(record.win_rate)}, "
        f"average win {dollars(exact(record.average_win))}, average loss {dollars(exact(record.average_loss))}, "
        f"kelly {_percent(kelly)}, half {_percent(kelly * Fraction(sizing.fraction))}"
    )


def _taken_over(event: holding_events.HoldingAdopted) -> Iterator[Notice]:
    """A spread, or a straddle no ledger knew; of a naked short its alarm is reported. Rules: CS-575, SC-452."""
    terms = event.spread
    if terms is not None and terms.spread is not None:
        found = "Orphan adopted" if event.origin is Origin.ORPHAN else "Taken over"
        figures = (Figure("contracts", event.contracts, Unit.COUNT), Figure("credit", event.price, Unit.POINTS))
        yield alert(f"{found}: {terms.strategy} {terms.spread.strikes}", event.holding, figures, Tone.DOUBT)
    elif event.origin is Origin.RESUMED:
        held = ", ".join(f"{count:+d} {symbol}" for symbol, count in event.symbols.items())
        premium = Figure("premium", event.price, Unit.POINTS, note="assumed")
        yield alert(f"Taken over: {held}", event.holding, (premium,), Tone.DOUBT)


def _hedge(event: holding_events.HedgeDecided) -> Notice:
    figures = (
        Figure("delta", delta_text(event.delta_before)),
        Figure("threshold", event.threshold, Unit.PRICE),
        Figure("dealer gamma", words.gamma_in_words(event)),
    )
    if not event.shares:
        return Notice(f"No hedge of {event.holding}", event.reason, figures, Level.DEBUG)
    return Notice(f"Hedge of {event.holding}", f"{event.shares:+,d} {event.symbol}", figures)


def _order(ticket: OrderTicket) -> str:
    price = "at market" if ticket.limit is None else f"limit {ticket.limit} {ticket.effect}"
    price = price if ticket.stop is None else f"rests at the broker until {ticket.stop}"
    legs = " ".join(f"{leg.side}:{leg.symbol}" for leg in ticket.legs)
    return f"{ticket.purpose} {ticket.quantity} x {legs}, {price}"


def _percent(part: Fraction) -> str:
    return f"{float(part):.1%}"
