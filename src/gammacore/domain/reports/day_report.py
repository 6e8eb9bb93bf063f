"""A trading day as its ledger tells it: why each trade was taken, skipped and closed, and what it came to.

A day is the New York date (CS-622). Everything here is a fold of the ledger's events; nothing is computed twice.
Rules: CS-366, CS-621..624, CS-703..705.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import assert_never

from attrs import frozen

from gammacore.domain.book.book import Book
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
from gammacore.domain.holdings.holding import SoldSpread, sold_spreads
from gammacore.domain.instruments import Side
from gammacore.domain.judged_entry import EntryOutcome, JudgedEntry
from gammacore.domain.ledger import (
    AccountRecorded,
    AlarmRaised,
    BreakerCleared,
    BreakerTripped,
    DayFinished,
    DayStarted,
    EntryJudged,
    Event,
    FlattenRequested,
    Halted,
    HistoryImported,
    HoldingsQuarantined,
    LedgerOpened,
    Mode,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    Resumed,
    TicketRefused,
)
from gammacore.domain.orders import Order, Purpose
from gammacore.domain.reports.inventory_record import InventoryLine
from gammacore.domain.reports.inventory_records import InventoryRecords
from gammacore.domain.reports.trade_figures import Drawdown, TradeFigures, TradeRecord, drawdown
from gammacore.domain.reports.trade_record import TradeExit, TradeLine
from gammacore.domain.sessions import new_york_date
from gammacore.domain.verdicts import Outcome
from gammacore.errors import InvalidInput, MissingData


def halt_line(event: Halted | Resumed | FlattenRequested) -> tuple[str, str]:
    """What happened to trading, and what was said of it, as people read it."""
    if isinstance(event, Resumed):
        return "resumed", event.note
    return ("halted" if isinstance(event, Halted) else "flatten requested"), event.reason


@frozen
class DayReport:
    """One day of one ledger. Amounts are dollars; `balance` is that at the end of the day (or of what is known of it).

    `trades` and `inventories` were opened or closed on the day or are still open; `scheduled` are its entry checks, in
    order.
    """

    date: dt.date
    underlying: str
    strategy: str
    account: str
    mode: Mode
    market: str
    session_open: dt.datetime
    session_close: dt.datetime
    starting_balance: Decimal
    balance: Decimal
    trades: tuple[TradeLine, ...] = ()
    inventories: tuple[InventoryLine, ...] = ()
    scheduled: tuple[JudgedEntry, ...] = ()
    alarms: tuple[AlarmRaised, ...] = ()
    refused: tuple[TicketRefused, ...] = ()
    halts: tuple[Halted | Resumed | FlattenRequested, ...] = ()
    finished: bool = False

    def __attrs_post_init__(self) -> None:
        explained = self.starting_balance + self.pnl - self.fees
        if self.balance != explained:
            raise InvalidInput("balance", self.balance, f"starting balance, P/L and fees make it {explained}")

    @property
    def closed(self) -> tuple[TradeLine, ...]:
        """Trades that ended on the day, in the order of their ends."""
        over = [(trade.exit.at, trade) for trade in self.trades if trade.exit is not None]
        return tuple(trade for _, trade in sorted(over, key=lambda pair: pair[0]))

    @property
    def open(self) -> tuple[TradeLine, ...]:
        return tuple(trade for trade in self.trades if trade.is_open)

    @property
    def entries(self) -> int:
        """Positions and inventories entered on the day."""
        bought = (line.entry for line in self.inventories)
        entered = [trade.opened for trade in self.trades]
        entered += [order.intended_at for order in bought if order is not None and order.execution.any]
        return sum(new_york_date(at) == self.date for at in entered)

    @property
    def exits(self) -> dict[str, int]:
        """Closed positions and inventories by reason."""
        reasons = [trade.exit.reason for trade in self.closed if trade.exit is not None]
        reasons += [line.end.reason for line in self.inventories if line.end is not None]
        return dict(Counter(reasons))

    @property
    def skipped(self) -> dict[str, int]:
        """Scheduled entries not taken, by reason."""
        return dict(Counter(entry.reason for entry in self.scheduled if entry.reason is not None))

    @property
    def unfilled(self) -> int:
        """Entries that were ordered and never filled."""
        return sum(entry.outcome is EntryOutcome.UNFILLED for entry in self.scheduled)

    @property
    def unknown_by_filter(self) -> dict[str, int]:
        """Verdicts "unknown" by filter: what was passed or refused without being known. Rules: CS-300, CS-704."""
        return dict(
            Counter(
                entry.name
                for judged in self.scheduled
                for entry in judged.filters
                if entry.verdict.outcome is Outcome.UNKNOWN
            )
        )

    @property
    def pnl(self) -> Decimal:
        """Gross P/L of what was closed on the day."""
        spreads = sum((trade.pnl for trade in self.trades if trade.pnl is not None), Decimal(0))
        return spreads + sum((line.end.gross for line in self.inventories if line.end is not None), Decimal(0))

    @property
    def fees(self) -> Decimal:
        """Fees of what was closed on the day."""
        spreads = sum((trade.exit.fees for trade in self.trades if trade.exit is not None), Decimal(0))
        return spreads + sum((line.end.fees for line in self.inventories if line.end is not None), Decimal(0))

    @property
    def net(self) -> Decimal:
        """What the day changed the balance by."""
        return self.pnl - self.fees

    @property
    def records(self) -> tuple[TradeRecord, ...]:
        """Credit spreads and inventories, in the order they were opened."""
        both: list[TradeRecord] = [*self.trades, *self.inventories]
        return tuple(sorted(both, key=lambda trade: trade.opened))

    @property
    def ended(self) -> int:
        """How many credit spreads and inventories ended on the day."""
        return sum(self.exits.values())

    @property
    def figures(self) -> TradeFigures:
        """Of everything that ended: an inventory with all its hedges is one trade. Rule: CS-623."""
        return TradeFigures.of(self.records)

    @property
    def equity(self) -> tuple[tuple[dt.datetime, Decimal], ...]:
        """The balance at the open and after every close."""
        after = [(trade.exit.at, trade.exit.balance) for trade in self.closed if trade.exit is not None]
        after += [(line.end.at, line.end.balance) for line in self.inventories if line.end is not None]
        return ((self.session_open, self.starting_balance), *sorted(after, key=lambda pair: pair[0]))

    @property
    def drawdown(self) -> Drawdown:
        """The worst fall of the day's equity from its running peak. Rule: CS-705."""
        return drawdown([balance for _, balance in self.equity])


def day_reports(events: Iterable[Event]) -> tuple[DayReport, ...]:
    """Every day of a ledger on which something was started, judged or closed, oldest first."""
    return _DayFold().over(events)


def day_report(events: Iterable[Event], date: dt.date | None = None) -> DayReport:
    """One day of a ledger; the newest without `date`.

    Raises:
        MissingData: the ledger holds no such day.
    """
    reports = day_reports(events)
    if not reports:
        raise MissingData("the ledger holds no trading day yet")
    wanted = reports[-1].date if date is None else date
    for report in reversed(reports):
        if report.date == wanted:
            return report
    known = f"{reports[0].date}" if len(reports) == 1 else f"{len(reports)}, {reports[0].date} to {reports[-1].date}"
    raise MissingData(f"the ledger holds no trading day {wanted}; days it holds: {known}")


ReadOffTheBook = (
    AccountRecorded | OrderMoved | OrderFilled | HistoryImported | DayFinished | HoldingsQuarantined
    | BreakerTripped | BreakerCleared | PolicyRecorded | WatchChanged | SettlementAwaited | DifferenceSeen
    | HedgingEvent
)  # fmt: skip
"""Events of which a report shows what the book made of them, or the alarm that came with them."""


class _DayFold:
    """Folds a ledger page by page; a page is a New York date."""

    def __init__(self) -> None:
        self._book = Book()
        self._reports: list[DayReport] = []
        self._exit_details: dict[str, str] = {}
        self._inventories = InventoryRecords(self._book)
        self._page: _Page | None = None

    def over(self, events: Iterable[Event]) -> tuple[DayReport, ...]:
        for event in events:
            self._take(event)
        self._turn()
        return tuple(self._reports)

    def _take(self, event: Event) -> None:
        date = new_york_date(event.at)
        if self._page is None or self._page.date != date:
            self._turn()
            self._inventories.turn(date)
            self._page = _Page(date, self._book.balance)
        self._book.apply(event)
        page = self._page
        match event:
            case LedgerOpened():
                page.starting_balance = event.starting_balance
            case DayStarted():
                page.is_trading_day = True
            case EntryJudged():
                page.judged[event.scheduled_at] = event  # a purchase that waits is judged again: the last one counts
                self._inventories.take(event)
            case CloseDecided():
                self._exit_details[event.holding] = event.detail
            case HoldingClosed():
                if event.is_trade:
                    page.exits[event.holding] = self._exit(event, page.exits.get(event.holding))
                self._inventories.take(event)
            case (
                HedgeDecided() | HoldingAdopted() | HoldingSettled() | HoldingAdjusted() | SharesDelivered()
                | OrderIntended()
            ):  # fmt: skip
                self._inventories.take(event)
            case AlarmRaised():
                page.alarms.append(event)
            case TicketRefused():
                page.refused.append(event)
            case Halted() | Resumed() | FlattenRequested():
                page.halts.append(event)
            case _:
                if not isinstance(event, ReadOffTheBook):
                    assert_never(event)

    def _exit(self, event: HoldingClosed, earlier: TradeExit | None) -> TradeExit:
        """Of a booking; a late fill opens a spread again, and its day has the sum of both bookings. Rule: CS-564."""
        return TradeExit(
            at=event.at,
            reason=event.reason,
            detail=self._detail(event),
            value=event.exit_value,
            gross=event.gross + (Decimal(0) if earlier is None else earlier.gross),
            fees=event.fees + (Decimal(0) if earlier is None else earlier.fees),
            balance=self._book.balance,
            settlement_price=event.settlement_price,
            estimated=event.estimated,
        )

    def _detail(self, event: HoldingClosed) -> str:
        """Why it ended; of a close in steps also what each leg brought, and what was left to settle. Rule: CS-420."""
        why = self._exit_details.pop(event.holding, "")
        steps = _steps(self._book.orders_of(event.holding))
        if event.settlement_price is None:
            return "; ".join(filter(None, (why, *steps)))
        return "; ".join((why, *steps, _settled_rest(event))) if steps else _settled(event)

    def _turn(self) -> None:
        page, book = self._page, self._book
        if page is None or not (page.matters or self._inventories.ends) or book.opened is None or book.day is None:
            return
        ended = sold_spreads(book.holdings[holding] for holding in page.exits)
        positions = [*ended, *(spread for spread in book.live_spreads if spread.id not in page.exits)]
        positions.sort(key=lambda position: position.opened_at)
        self._reports.append(
            DayReport(
                date=page.date,
                underlying=book.day.underlying,
                strategy=book.day.strategy,
                account=book.opened.account,
                mode=book.opened.mode,
                market=book.day.market,
                session_open=book.day.session_open,
                session_close=book.day.session_close,
                starting_balance=page.starting_balance,
                balance=book.balance,
                trades=tuple(_trade(position, page.exits.get(position.id)) for position in positions),
                inventories=self._inventories.lines,
                scheduled=tuple(JudgedEntry(record, self._order_of(record)) for record in page.judged.values()),
                alarms=tuple(page.alarms),
                refused=tuple(page.refused),
                halts=tuple(page.halts),
                finished=book.finished is not None and book.finished.date == page.date,
            )
        )

    def _order_of(self, record: EntryJudged) -> Order | None:
        """The entry order a judgement led to: the one whose plan is of its slot, or the one intended with it."""
        if record.reason is not None:
            return None
        if (bought := self._inventories.order_of(record)) is not None:
            return self._book.orders[bought]
        for plan in self._book.entries_on(new_york_date(record.scheduled_at)):
            if plan.scheduled_at == record.scheduled_at:
                orders = self._book.orders_of(plan.holding)
                entries = [order for order in orders if order.ticket.purpose is Purpose.ENTRY]
                filled = (order for order in entries if order.execution.any)
                return next(filled, entries[-1] if entries else None)  # of a walked entry the order that counts
        return None


class _Page:
    """What a date has brought so far."""

    def __init__(self, date: dt.date, balance: Decimal) -> None:
        self.date = date
        self.starting_balance = balance
        self.is_trading_day = False
        self.judged: dict[dt.datetime, EntryJudged] = {}
        self.exits: dict[str, TradeExit] = {}
        self.alarms: list[AlarmRaised] = []
        self.refused: list[TicketRefused] = []
        self.halts: list[Halted | Resumed | FlattenRequested] = []

    @property
    def matters(self) -> bool:
        return self.is_trading_day or bool(self.judged) or bool(self.exits)


def _trade(position: SoldSpread, ended: TradeExit | None) -> TradeLine:
    return TradeLine(
        plan=position.plan,
        opened=position.opened_at,
        contracts=position.contracts,
        credit=position.credit,
        fees=position.fees,
        exit=ended,
        credit_verified=position.credit_verified,
    )


def _steps(orders: Iterable[Order]) -> list[str]:
    """Each fill of one leg alone of a position that was closed, in the order they were meant."""
    done = [order for order in orders if order.ticket.purpose.closes and order.execution.any]
    return [
        f"{_VERBS[leg.side]} {order.execution.quantity} {leg.symbol} alone at {order.execution.price}"
        for order in done
        for leg in order.ticket.option_legs
        if len(order.ticket.legs) == 1
    ]


_VERBS = {Side.BUY: "bought back", Side.SELL: "sold"}


def _basis(event: HoldingClosed) -> str:
    return "the last price before the close, no official one was known" if event.estimated else "the official price"


def _settled(event: HoldingClosed) -> str:
    return f"worth {event.exit_value} at {event.settlement_price}, {_basis(event)}"


def _settled_rest(event: HoldingClosed) -> str:
    return f"the rest settled at {event.settlement_price}, {_basis(event)}; {event.exit_value} to close in all"
