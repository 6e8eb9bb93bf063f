"""What is said of an event: a title, a few figures, a colour, and how long it is worth reading. CS-626..628."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import assert_never

from attrs import frozen

from gammacore.adapters.notifiers.settings import Life
from gammacore.domain.book.book import Book
from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.hedge_filter_events import HedgingEvent
from gammacore.domain.holding_events import (
    CloseDecided,
    DifferenceSeen,
    HedgeDecided,
    HoldingAdjusted,
    HoldingAdopted,
    HoldingClosed,
    HoldingSettled,
    PolicyRecorded,
    SettlementAwaited,
    SharesDelivered,
    WatchChanged,
)
from gammacore.domain.holdings.holding import Origin, SoldSpread, is_spread
from gammacore.domain.holdings.policy import LOCK_IN_STRATEGIES
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.judged_entry import skip_line
from gammacore.domain.ledger import (
    AccountRecorded,
    AlarmRaised,
    BreakerCleared,
    BreakerTripped,
    CancelRequested,
    DayFinished,
    DayStarted,
    EntryJudged,
    Event,
    FlattenRequested,
    Halted,
    HistoryImported,
    HoldingsQuarantined,
    LedgerOpened,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderWasRejected,
    Resumed,
    TicketRefused,
)
from gammacore.domain.orders import Effect, Order, Purpose
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.inventory_words import legs_in_words
from gammacore.domain.reports.trade_figures import by_strategy
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.words import StrategyTag

CALL, PUT, CONDOR, OTHER = 0xFF6B6B, 0x4ECDC4, 0xFFE66D, 0x95A5A6
WIN, LOSS, SKIP, STUCK, ORPHAN = 0x2ECC71, 0xE74C3C, 0x95A5A6, 0xFF0000, 0xFF9900
GREEN, RED, GREY = 0x17DFAD, 0xDD326B, 0x808080
"""The colours of section 6; the last three are the day summary's."""

STRATEGY_COLOURS = {
    StrategyTag.CALL_SPREAD: CALL,
    StrategyTag.PUT_SPREAD: PUT,
    StrategyTag.IRON_CONDOR: CONDOR,
    StrategyTag.BROKEN_WING_CONDOR: CONDOR,
}

FIGURES_TOLD = frozenset(
    {
        "halted", "trading_day_unknown", "fomc_day", "early_close", "schedule_missed", "entry_window", "entry_cutoff",
        "vix_missing", "vix_floor", "vix_ceiling", "vix_spike", "realized_volatility", "adx", "trend_move",
        "expected_move", "rsi", "friday", "down_days", "gap", "spread_quality", "hourly_credit", "minimum_credit",
        "otm_limit", "entry_spacing", "position_limit", "daily_loss", "minimum_account", "safety_halt",
        "concurrent_risk", "buying_power",
    }
)  # fmt: skip
"""Skips whose numbers give neither the pin nor a distance to it away; of all others only the reason is told. CS-628."""


Untold = (
    LedgerOpened
    | AccountRecorded
    | HistoryImported
    | DayStarted
    | DayFinished
    | OrderIntended
    | TicketRefused
    | OrderAccepted
    | OrderWasRejected
    | OrderNotSent
    | OrderOutcomeUnknown
    | CancelRequested
    | HoldingsQuarantined
    | PolicyRecorded
    | WatchChanged
    | CloseDecided
    | SettlementAwaited
    | HoldingSettled
    | HoldingAdjusted
    | DifferenceSeen
    | HedgeDecided
    | HedgingEvent
)
"""Events without a message: steps whose end is reported, and what an alarm reports besides."""

URGENT = frozenset({"stuck", "naked_short", "cancel_unclear"})
"""Alarms in red: risk that nothing bounds and that does not go by itself."""


@frozen
class Message:
    """One message: a title, a sentence, named figures, a colour as 0xRRGGBB."""

    title: str
    text: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    colour: int = GREY
    life: Life = Life.OTHER


def message_for(event: Event, book: Book) -> Message | None:
    """What people are told of an event; None of those nobody waits for. `book` already contains it."""
    match event:
        case OrderFilled():
            return _entered(book.orders[event.id], book) if event.complete else None
        case OrderCanceled() | OrderExpired():
            order = book.orders[event.id]
            return _entered(order, book) if order.execution.quantity else None
        case HoldingClosed():
            return _closed(event, book)
        case SharesDelivered():
            return _delivered(event)
        case EntryJudged():
            return _skipped(event)
        case AlarmRaised():
            return _alarm(event)
        case HoldingAdopted():
            return _taken_over(event, book)
        case Halted():
            return Message("Trading halted", f"{event.reason}; exits go on", (), STUCK)
        case Resumed():
            return Message("Trading resumed", event.note, (), GREY)
        case BreakerTripped():
            failures = f"{event.failures} broker failures in a row; exits go on"
            return Message("Circuit breaker tripped", failures, (), STUCK)
        case BreakerCleared():
            return Message("Circuit breaker cleared", event.reason, (), GREY)
        case FlattenRequested():
            return Message("Everything is closed", event.reason, (), STUCK)
        case _:
            if not isinstance(event, Untold):
                assert_never(event)
            return None


def _entered(order: Order, book: Book) -> Message | None:
    """A new position with what will end it, from the policy that acts. Rules: CS-412, CS-512."""
    if order.ticket.purpose is not Purpose.ENTRY:
        return None
    plan = book.holdings[order.ticket.holding].plan
    if plan is None:
        return _bought(order, book)
    credit, contracts = order.execution.price, order.execution.quantity
    if credit is None:
        return None
    figures = [
        ("Contracts", str(contracts)),
        ("Credit", f"{credit:.2f}"),
        ("Premium", dollars(credit * EQUITY_OPTION_MULTIPLIER * contracts)),
        ("Stop", f"{plan.policy.advertised_stop(credit)}"),
    ]
    if plan.strategy not in LOCK_IN_STRATEGIES:
        figures.append(("Target", f"{plan.policy.advertised_target(credit, plan.confidence)}"))
    return Message(
        f"Opened {plan.spread.underlying} {plan.strategy} {plan.spread.strikes}",
        f"{plan.direction.capitalize()}, confidence {plan.confidence}",
        tuple(figures),
        STRATEGY_COLOURS.get(plan.strategy, OTHER),
        Life.SIGNAL,
    )


def _bought(order: Order, book: Book) -> Message:
    """What an inventory began with; what is done with it is told at its end, not hedge by hedge."""
    ticket, execution = order.ticket, order.execution
    figures = [("Quantity", f"{execution.quantity:,}")]
    if execution.price is not None:
        paid = "Paid" if ticket.effect is Effect.DEBIT else "Received"
        figures += [("Price", f"{execution.price:.2f}"),
                    (paid, dollars(execution.price * execution.quantity * ticket.multiplier))]  # fmt: skip
    strategy = book.holdings[ticket.holding].owner
    return Message(
        f"Opened {ticket.underlying} {strategy} {legs_in_words(ticket.legs)}", "", tuple(figures), OTHER, Life.SIGNAL
    )


def _closed(event: HoldingClosed, book: Book) -> Message | None:
    """The P/L with where it came from; nothing of an entry that never filled. Rules: CS-628, DH-243."""
    inventory = book.holdings[event.holding]
    if is_spread(inventory):
        return _spread_closed(event, inventory)
    if not inventory.has_filled:
        return None
    hedges = [order for order in book.orders_of(inventory.id)
              if order.ticket.purpose is Purpose.HEDGE and order.execution.any]  # fmt: skip
    figures = [
        ("P/L", signed_dollars(event.gross)),
        ("Options", signed_dollars(event.options)),
        ("Shares", signed_dollars(event.shares)),
        ("Fees", dollars(event.fees)),
    ]
    if hedges:
        figures.append(("Hedges", str(len(hedges))))
    figures.append(("Held", f"{int((event.at - inventory.opened_at).total_seconds() // 60)} min"))
    colour = OTHER if event.gross == 0 else WIN if event.gross > 0 else LOSS
    title = f"Closed {inventory.underlying} {inventory.owner}"
    return Message(title, event.reason.replace("_", " "), tuple(figures), colour, Life.SIGNAL)


def _delivered(event: SharesDelivered) -> Message:
    """Rule: CS-529."""
    figures = (("Shares", f"{event.shares:+,d}"), ("Strike", str(event.strike)), ("Taken in at", str(event.basis)))
    return Message(f"Shares delivered: {event.symbol}", f"by settlement of {event.holding}", figures, ORPHAN)


def _spread_closed(event: HoldingClosed, position: SoldSpread) -> Message:
    """The P/L is of the whole position. Rule: CS-628."""
    minutes = int(position.age_seconds(event.at) // 60)
    figures = (
        ("P/L", signed_dollars(event.gross)),
        ("Contracts", str(event.contracts)),
        ("Credit", f"{position.credit:.2f}"),
        ("Cost to close", f"{event.exit_value:.2f}" + (" (estimated)" if event.estimated else "")),
        ("Held", f"{minutes} min"),
    )
    colour = OTHER if event.gross == 0 else WIN if event.gross > 0 else LOSS
    title = f"Closed {position.underlying} {position.plan.strategy} {position.spread.strikes}"
    return Message(title, event.reason.replace("_", " "), figures, colour, Life.SIGNAL)


def _skipped(event: EntryJudged) -> Message | None:
    """A skip, without pin and distance. Rule: CS-628."""
    if event.reason is None:
        return None
    text = skip_line(event) if event.reason in FIGURES_TOLD else f"skip {event.reason}"
    vix = () if event.vix is None else (("VIX", str(event.vix)),)
    return Message(f"No entry at {event.scheduled_at.astimezone(NEW_YORK):%H:%M}", text, vix, SKIP)


def _alarm(event: AlarmRaised) -> Message:
    where = f" {event.holding}" if event.holding else ""
    colour = STUCK if event.code in URGENT else ORPHAN
    return Message(f"Alarm: {event.code.replace('_', ' ')}{where}", event.detail, (), colour)


def _taken_over(event: HoldingAdopted, book: Book) -> Message | None:
    """A spread; of a naked short its alarm is reported."""
    terms = event.spread
    if terms is None or terms.spread is None:
        return None
    found = "Orphan adopted" if event.origin is Origin.ORPHAN else "Taken over"
    figures = (("Contracts", str(event.contracts)), ("Credit", f"{event.price:.2f}"))
    return Message(f"{found}: {terms.strategy} {terms.spread.strikes}", event.holding, figures, ORPHAN)


def day_summary(report: DayReport) -> Message:
    """The day in figures: open trades are no losses, break-even is neither. Rules: CS-501, CS-623."""
    figures = report.figures
    rate = "none decided" if figures.win_rate is None else f"{float(figures.win_rate):.1%}"
    rows = [
        ("Trades", f"{figures.trades}, {figures.open} open"),
        ("Won / lost", f"{figures.wins} / {figures.losses}, win rate {rate}"),
        ("Credits", dollars(figures.credits)),
        ("P/L", signed_dollars(figures.pnl)),
    ]
    rows += [
        (str(tag), f"{part.trades} closed, {signed_dollars(part.pnl)}")
        for tag, part in by_strategy(report.records).items()
    ]
    if hedged := [line for line in report.inventories if line.hedges]:
        hedges = sum(line.filled_hedges for line in hedged)
        rows.append(("Hedges", f"{hedges}, slippage {dollars(sum((line.slippage for line in hedged), Decimal(0)))}"))
    if figures.left_out:
        rows.append(("Left out, no such figures", ", ".join(figures.left_out)))
    colour = GREY if figures.pnl == 0 else GREEN if figures.pnl > 0 else RED
    return Message(f"{report.date}: {report.underlying} {report.strategy}", _skips(report), tuple(rows), colour)


def crash(detail: str) -> Message:
    """The loop has ended by a fault. Rule: CS-627."""
    return Message("Crashed", detail, (), STUCK, Life.CRASH)


def stall(detail: str) -> Message:
    """A cycle hangs: the loop decides nothing meanwhile. Rule: CS-627."""
    return Message("Hanging", detail, (), STUCK, Life.OTHER)


def heartbeat(now: dt.datetime, balance: Decimal, open_positions: int) -> Message:
    """The loop is alive. Rule: CS-627."""
    figures = (("Balance", dollars(balance)), ("Open positions", str(open_positions)))
    return Message(f"Running at {now.astimezone(NEW_YORK):%H:%M}", "", figures, GREY, Life.HEARTBEAT)


def _skips(report: DayReport) -> str:
    skipped = ", ".join(f"{reason} {count}" for reason, count in report.skipped.items())
    return f"Skipped: {skipped}" if skipped else ""
