"""One log line per notable event, always in the same words, so that sizes, premiums and balances are found by grep."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from attrs import field, frozen

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
from gammacore.domain.holdings.holding import is_spread
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
from gammacore.domain.orders import Order, OrderTicket, Purpose
from gammacore.domain.reports.inventory_words import (
    delta_in_words,
    gamma_in_words,
    moved_in_words,
    order_in_words,
)
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.sizing.kelly import TradeStatistics
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.stops.describe import describe
from gammacore.domain.verdicts import Outcome

Unlogged = (
    LedgerOpened
    | AccountRecorded
    | HistoryImported
    | OrderAccepted
    | HoldingsQuarantined
    | PolicyRecorded
    | HoldingAdopted
    | WatchChanged
    | SettlementAwaited
    | DifferenceSeen
    | HedgingEvent
)
"""Events without a line: steps no one searches a log for, and those whose alarm is a line."""


@frozen
class LogLine:
    """One line and how loud it is."""

    text: str
    level: int = logging.INFO


@frozen
class LogNotifier:
    """Writes the lines to a logger. `sizing` says over which window and with which fraction. Rules: CS-625, CS-626."""

    logger: logging.Logger
    sizing: SizingRules = field(factory=SizingRules)

    def notify(self, event: Event, book: Book) -> None:
        """Say what happened; a line that cannot be made is itself one, and nothing is raised."""
        try:
            for line in self.lines(event, book):
                self.logger.log(line.level, "%s", line.text)
        except Exception:  # people are told after the fact: never in an order's path
            self.logger.exception("no log line for %s", type(event).__name__)

    def lines(self, event: Event, book: Book) -> tuple[LogLine, ...]:
        """The lines of one event; none for events nobody greps for. `book` already contains the event."""
        return tuple(self._lines(event, book))

    def _lines(self, event: Event, book: Book) -> Iterator[LogLine]:
        match event:
            case DayStarted():
                yield from _day_started(event, book)
            case DayFinished():
                yield from _day_finished(event, book)
            case EntryJudged():
                yield from _judged(event)
            case OrderIntended():
                yield LogLine(f"Order sent: {_order(event.ticket)}")
            case OrderFilled():
                yield from _filled(event, book)
            case OrderCanceled() | OrderExpired():
                yield from _ended(event, book)
            case CancelRequested():
                yield LogLine(f"Order called back: {_order(book.orders[event.id].ticket)}: {event.reason}")
            case OrderWasRejected():
                yield LogLine(
                    f"Order rejected: {_order(book.orders[event.id].ticket)}: {event.reason}", logging.WARNING
                )
            case TicketRefused():
                yield from _refused(event)
            case OrderNotSent() | OrderOutcomeUnknown():
                yield from _in_doubt(event, book)
            case CloseDecided():
                yield LogLine(f"Closing {event.holding}: {event.reason}: {event.detail}")
            case HoldingClosed():
                yield from self._booked(event, book)
            case HedgeDecided():
                yield from _hedge(event)
            case HoldingSettled() | HoldingAdjusted():
                yield from _moved(event, book)
            case SharesDelivered():
                yield LogLine(f"Delivered: {moved_in_words(event)}", logging.WARNING)
            case AlarmRaised():
                yield from _alarm(event)
            case Halted():
                yield LogLine(
                    f"Trading halted: {event.reason}; exits go on, `gammacore resume` clears it", logging.WARNING
                )
            case Resumed():
                yield LogLine(f"Trading resumed: {event.note}", logging.WARNING)
            case BreakerTripped():
                yield from _tripped(event)
            case BreakerCleared():
                yield LogLine(f"Circuit breaker cleared: {event.reason}", logging.WARNING)
            case FlattenRequested():
                yield LogLine(f"Everything is closed: {event.reason}", logging.WARNING)
            case _:
                if not isinstance(event, Unlogged):
                    assert_never(event)

    def _booked(self, event: HoldingClosed, book: Book) -> Iterator[LogLine]:
        position = book.holdings[event.holding]
        if not is_spread(position):
            yield from self._closed(event, book) if position.has_filled else ()
            return
        basis = f", settlement {event.settlement_price}" if event.settlement_price is not None else ""
        yield LogLine(
            f"Closed {event.holding}: {event.reason}, {_points(position.credit)} sold, {_points(event.exit_value)} to "
            f"close, P/L {signed_dollars(event.gross)}, fees {dollars(event.fees)}{basis}"
            + (" (estimated)" if event.estimated else "")
        )
        yield LogLine(
            f"Account balance updated: {dollars(book.balance)} "
            f"({signed_dollars(event.gross - event.fees)} from {event.contracts}x contracts)"
        )
        yield LogLine(_record(TradeStatistics.of(book.results, self.sizing.window), self.sizing))

    def _closed(self, event: HoldingClosed, book: Book) -> Iterator[LogLine]:
        yield LogLine(
            f"Closed {event.holding}: {event.reason}, P/L {signed_dollars(event.gross)} "
            f"(options {signed_dollars(event.options)}, shares {signed_dollars(event.shares)}), "
            f"fees {dollars(event.fees)}"
        )
        change = signed_dollars(event.gross - event.fees)
        yield LogLine(f"Account balance updated: {dollars(book.balance)} ({change} from {event.holding})")


def _day_started(event: DayStarted, book: Book) -> Iterator[LogLine]:
    yield LogLine(
        f"Day started: {event.date} {event.underlying} {event.strategy}, market {event.market}, "
        f"balance {dollars(book.balance)}"
    )


def _day_finished(event: DayFinished, book: Book) -> Iterator[LogLine]:
    change = book.realised_on(event.date)
    yield LogLine(f"Day finished: {event.date}, balance {dollars(event.balance)} ({signed_dollars(change)})")


def _judged(event: EntryJudged) -> Iterator[LogLine]:
    if event.reason is not None:
        yield LogLine(skip_line(event))
        return
    unknown = [entry.name for entry in event.filters if entry.verdict.outcome is Outcome.UNKNOWN]
    doubt = f", unknown: {', '.join(unknown)}" if unknown else ""
    slot = event.scheduled_at.astimezone(NEW_YORK)
    yield LogLine(f"enter {slot:%H:%M}: {len(event.filters) - len(unknown)} filters passed{doubt}")


def _filled(event: OrderFilled, book: Book) -> Iterator[LogLine]:
    order = book.orders[event.id]
    if not event.complete:
        yield LogLine(f"Partly filled: {event.execution.quantity} of {order.ticket.quantity}, {_order(order.ticket)}")
    elif book.holdings[order.ticket.holding].plan is None:
        yield _traded(order)
    elif order.ticket.purpose is Purpose.ENTRY:
        yield from _entered(order, book)
    if not event.price_verified:
        yield LogLine(f"Fill price of {event.id} is not verified: {event.execution.price} is booked", logging.WARNING)


def _ended(event: OrderCanceled | OrderExpired, book: Book) -> Iterator[LogLine]:
    order = book.orders[event.id]
    yield LogLine(f"Order {order.state}: {_order(order.ticket)}" + (f": {order.reason}" if order.reason else ""))
    if book.holdings[order.ticket.holding].plan is None:
        yield from (_traded(order),) if order.execution.any else ()
    elif order.ticket.purpose is Purpose.ENTRY and order.execution.quantity:
        yield from _entered(order, book)


def _refused(event: TicketRefused) -> Iterator[LogLine]:
    what = f"{event.purpose} of {event.holding} ({', '.join(event.symbols)})"
    yield LogLine(f"Order refused before it was sent: {what}: {event.detail}", logging.WARNING)


def _in_doubt(event: OrderNotSent | OrderOutcomeUnknown, book: Book) -> Iterator[LogLine]:
    order = book.orders[event.id]
    yield LogLine(f"Order {order.state}: {_order(order.ticket)}: {event.detail}", logging.WARNING)


def _hedge(event: HedgeDecided) -> Iterator[LogLine]:
    measured = (
        f"delta {delta_in_words(event.delta_before)}, threshold {event.threshold:.2f}, "
        f"dealer gamma {gamma_in_words(event)}"
    )
    if not event.shares:
        yield LogLine(f"No hedge of {event.holding}: {event.reason}: {measured}", logging.DEBUG)
        return
    yield LogLine(f"Hedge of {event.holding}: {event.shares:+,d} {event.symbol}: {measured}")


def _moved(event: HoldingSettled | HoldingAdjusted, book: Book) -> Iterator[LogLine]:
    if is_spread(book.holdings[event.holding]):
        return  # its booking, and its alarm, say so
    yield LogLine(f"{event.holding}: {moved_in_words(event)}")


def _alarm(event: AlarmRaised) -> Iterator[LogLine]:
    where = f" {event.holding}" if event.holding else ""
    yield LogLine(f"alarm {event.code}{where}: {event.detail}", logging.WARNING)


def _tripped(event: BreakerTripped) -> Iterator[LogLine]:
    detail = f"{event.failures} broker failures in a row ({event.detail})"
    yield LogLine(f"Circuit breaker tripped: {detail}; no entries, exits go on", logging.WARNING)


def _traded(order: Order) -> LogLine:
    """An order of an inventory that filled."""
    return LogLine(f"Filled for {order.ticket.holding}: {order_in_words(order)}, fees {dollars(order.execution.fees)}")


def _entered(order: Order, book: Book) -> Iterator[LogLine]:
    """Size and premium of a new position, then what will end it, from the policy that acts. CS-512, CS-625."""
    quantity, credit = order.execution.quantity, order.execution.price
    plan = book.holdings[order.ticket.holding].plan
    if plan is None or credit is None:
        return
    premium = credit * EQUITY_OPTION_MULTIPLIER * quantity
    yield LogLine(f"Opened {plan.holding}: {plan.strategy} {plan.spread.strikes}, confidence {plan.confidence}")
    yield LogLine(f"Position size: {quantity} contract(s) @ ${credit:.2f} = {dollars(premium)} premium")
    for sentence in describe(plan.policy, credit, plan.confidence, plan.strategy):
        yield LogLine(sentence)


def _record(record: TradeStatistics, sizing: SizingRules) -> str:
    kelly = record.kelly
    return (
        f"Statistics: {record.trades} trades, win rate {_percent(record.win_rate)}, "
        f"average win {_mean(record.average_win)}, average loss {_mean(record.average_loss)}, "
        f"kelly {_percent(kelly)}, half {_percent(kelly * Fraction(sizing.fraction))}"
    )


def _order(ticket: OrderTicket) -> str:
    price = "at market" if ticket.limit is None else f"limit {ticket.limit} {ticket.effect}"
    legs = " ".join(f"{leg.side}:{leg.symbol}" for leg in ticket.legs)
    return f"{ticket.purpose} {ticket.quantity} x {legs}, {price}"


def _mean(amount: Fraction) -> str:
    return dollars(Decimal(amount.numerator) / Decimal(amount.denominator))


def _percent(part: Fraction) -> str:
    return f"{float(part):.1%}"


def _points(price: Decimal) -> str:
    return f"{price:.2f}"
