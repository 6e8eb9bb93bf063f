"""A trading day as its ledger tells it: why each trade was taken, skipped and closed, and what it came to.

A day is the New York date (CS-622). Everything here is a fold of the ledger's events; nothing is computed twice.
Rules: CS-366, CS-621..624, CS-703..705.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, assert_never

from attrs import field, frozen

from gammacore.domain.book.book import Book
from gammacore.domain.briefly import briefly, html_table
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
from gammacore.domain.judged_entry import EntryOutcome, JudgedEntry
from gammacore.domain.ledger import (
    AccountRecorded,
    AlarmRaised,
    BreakerCleared,
    BreakerTripped,
    DayFinished,
    DayHalted,
    DayStarted,
    DeskSwitched,
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
from gammacore.domain.reports.trade_figures import Drawdown, TradeFigures, drawdown, trades_once
from gammacore.domain.reports.trade_fold import TradeFold
from gammacore.domain.reports.trades import Trade, TradeEnd
from gammacore.domain.scalping.signals.history import SignalSeen, seen_in
from gammacore.domain.sessions import new_york_date
from gammacore.domain.verdicts import Outcome
from gammacore.errors import InvalidInput, MissingData
from gammacore.frames import Framed
from gammacore.plots import figure_of

Halt = Halted | DayHalted | DeskSwitched | Resumed | FlattenRequested


def halt_line(event: Halt) -> tuple[str, str]:
    """What happened to trading, and the reason that was given."""
    if isinstance(event, Resumed):
        return "resumed", event.note
    if isinstance(event, DeskSwitched):
        volatility = "" if event.volatility is None else f", volatility {event.volatility:.1%} {event.source}"
        return f"desk: {event.after}", f"{event.step}{volatility}"
    if isinstance(event, DayHalted):
        return "no more entries today", f"{event.reason}: {event.detail}"
    return ("halted" if isinstance(event, Halted) else "flatten requested"), event.reason


@frozen
class DayReport(Framed):
    """One day of one ledger. Amounts are dollars; `balance` is that at the end of the day (or of what is known of it).

    `trades` were opened or closed on the day or are still open, in the order they were opened; `scheduled` are its
    entry checks, in order. `refusals` counts every "no" that was journaled, of entries and of orders, by its code;
    `signals` are those of ST0CKG that its checks show. `compared` is what the comparison with the broker after the
    close came to, which is no part of the ledger (OP-708).
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
    trades: tuple[Trade, ...] = ()
    scheduled: tuple[JudgedEntry, ...] = ()
    alarms: tuple[AlarmRaised, ...] = ()
    refused: tuple[TicketRefused, ...] = ()
    refusals: Mapping[str, int] = field(factory=dict)
    signals: tuple[SignalSeen, ...] = ()
    halts: tuple[Halt, ...] = ()
    finished: bool = False
    compared: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return briefly(
            self, self.date, self.underlying, self.strategy, self.mode, f"{len(self.trades)} trades", f"net {self.net}",
            "" if self.finished else "not finished",
        )  # fmt: skip

    def _repr_html_(self) -> str:
        columns = self.columns()
        return html_table(repr(self), list(columns), list(zip(*columns.values(), strict=True)))

    def columns(self) -> dict[str, list[Any]]:
        """The trades by column: id, strategy, opened, closed, contracts, gross, fees, net (dollars), exit_reason."""
        return {
            "id": [trade.id for trade in self.trades],
            "strategy": [trade.strategy for trade in self.trades],
            "opened": [trade.opened for trade in self.trades],
            "closed": [None if trade.end is None else trade.end.at for trade in self.trades],
            "contracts": [trade.contracts for trade in self.trades],
            "gross": [trade.pnl for trade in self.trades],
            "fees": [trade.fees for trade in self.trades],
            "net": [None if trade.end is None else trade.end.net for trade in self.trades],
            "exit_reason": [None if trade.end is None else trade.end.reason for trade in self.trades],
        }

    def plot(self) -> Any:
        """The day's price with the strikes, entries and exits of each trade, as a matplotlib figure. Rule: OP-802."""
        return figure_of(self, "price_figure")

    def __attrs_post_init__(self) -> None:
        explained = self.starting_balance + self.pnl - self.fees
        if self.balance != explained:
            raise InvalidInput("balance", self.balance, f"starting balance, P/L and fees make it {explained}")

    @property
    def spreads(self) -> tuple[Trade, ...]:
        """The credit spreads among them."""
        return tuple(trade for trade in self.trades if trade.sold is not None)

    @property
    def closed(self) -> tuple[Trade, ...]:
        """Trades that ended on the day, in the order of their ends."""
        over = [(trade.end.at, trade) for trade in self.trades if trade.end is not None]
        return tuple(trade for _, trade in sorted(over, key=lambda pair: pair[0]))

    @property
    def open(self) -> tuple[Trade, ...]:
        return tuple(trade for trade in self.trades if trade.end is None)

    @property
    def ends(self) -> tuple[TradeEnd, ...]:
        """How they ended, in that order."""
        return tuple(trade.end for trade in self.closed if trade.end is not None)

    @property
    def entries(self) -> int:
        """Trades entered on the day."""
        return sum(trade.was_entered and new_york_date(trade.opened) == self.date for trade in self.trades)

    @property
    def exits(self) -> dict[str, int]:
        """Closed trades by reason."""
        return dict(Counter(end.reason for end in self.ends))

    @property
    def ended(self) -> int:
        """How many trades ended on the day."""
        return len(self.ends)

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
        return sum((end.gross for end in self.ends), Decimal(0))

    @property
    def fees(self) -> Decimal:
        """Fees of what was closed on the day."""
        return sum((end.fees for end in self.ends), Decimal(0))

    @property
    def net(self) -> Decimal:
        """What the day changed the balance by."""
        return self.pnl - self.fees

    @property
    def figures(self) -> TradeFigures:
        """Of everything that ended: a holding with all its hedges is one trade. Rule: CS-623."""
        return TradeFigures.of(self.trades)

    @property
    def equity(self) -> tuple[tuple[dt.datetime, Decimal], ...]:
        """The balance at the open and after every close."""
        return ((self.session_open, self.starting_balance), *((end.at, end.balance) for end in self.ends))

    @property
    def drawdown(self) -> Drawdown:
        """The worst fall of the day's equity from its running peak. Rule: CS-705."""
        return drawdown([balance for _, balance in self.equity])


def day_reports(events: Iterable[Event]) -> tuple[DayReport, ...]:
    """Every day of a ledger on which something was started, judged or closed, oldest first."""
    return DayFold().over(events)


def day_report(events: Iterable[Event], date: dt.date | None = None) -> DayReport:
    """One day of a ledger; the newest without `date`.

    Raises:
        MissingData: the ledger holds no such day.
    """
    reports = day_reports(events)
    wanted = reports[-1].date if date is None and reports else date
    for report in reversed(reports):
        if report.date == wanted:
            return report
    raise no_such_day(reports, wanted)


def no_such_day(reports: Sequence[DayReport], wanted: object) -> MissingData:
    """What is said where a day, or a range of them, is not in the ledger: those that are."""
    if not reports:
        return MissingData("the ledger holds no trading day yet")
    first, last = reports[0].date, reports[-1].date
    known = f"{first}" if len(reports) == 1 else f"{len(reports)}, {first} to {last}"
    return MissingData(f"the ledger holds no trading day {wanted}; days it holds: {known}")


def trades_of(reports: Iterable[DayReport]) -> tuple[Trade, ...]:
    """Each trade once, as it stood on the last day that knew it."""
    return trades_once(trade for report in reports for trade in report.trades)


def drawdown_of(reports: Iterable[DayReport]) -> Drawdown:
    """The worst fall from the running peak over all days. Rule: CS-705."""
    return drawdown([balance for report in reports for _, balance in report.equity])


ReadOffTheBook = (
    AccountRecorded | OrderMoved | OrderFilled | HistoryImported | DayFinished | HoldingsQuarantined
    | BreakerTripped | BreakerCleared | PolicyRecorded | WatchChanged | SettlementAwaited | DifferenceSeen
    | HedgingEvent
)  # fmt: skip
"""Events of which a report shows what the book made of them, or the alarm that came with them."""


class DayFold:
    """Folds a ledger page by page; a page is a New York date. More events may follow at any time."""

    def __init__(self) -> None:
        self._book = Book()
        self._reports: list[DayReport] = []
        self._trades = TradeFold(self._book)
        self._page: _Page | None = None

    def over(self, events: Iterable[Event]) -> tuple[DayReport, ...]:
        """Take these in too; every day so far, the newest as it stands."""
        for event in events:
            self._take(event)
        newest = self._report()
        return tuple(self._reports) if newest is None else (*self._reports, newest)

    @property
    def book(self) -> Book:
        """The fold of the same events; for reading."""
        return self._book

    def _take(self, event: Event) -> None:
        date = new_york_date(event.at)
        if self._page is None or self._page.date != date:
            if (report := self._report()) is not None:
                self._reports.append(report)
            self._trades.turn(date)
            self._page = _Page(date, self._book.balance)
        self._book.apply(event)
        page = self._page
        match event:
            case LedgerOpened():
                page.starting_balance = event.starting_balance
            case DayStarted():
                page.is_trading_day = True
            case EntryJudged():
                page.refusals.update([] if event.reason is None else [event.reason])
                page.signals += seen_in(event)
                page.judged[event.scheduled_at] = event  # a purchase that waits is judged again: the last one counts
                self._trades.take(event)
            case (
                CloseDecided() | HoldingClosed() | HedgeDecided() | HoldingAdopted() | HoldingSettled()
                | HoldingAdjusted() | SharesDelivered() | OrderIntended()
            ):  # fmt: skip
                self._trades.take(event)
            case AlarmRaised():
                page.alarms.append(event)
            case TicketRefused():
                page.refusals[event.reason] += 1
                page.refused.append(event)
            case Halted() | DayHalted() | DeskSwitched() | Resumed() | FlattenRequested():
                page.halts.append(event)
            case _:
                if not isinstance(event, ReadOffTheBook):
                    assert_never(event)

    def _report(self) -> DayReport | None:
        """The page as it stands; None of a date on which nothing was traded."""
        page, book = self._page, self._book
        if page is None or book.opened is None or book.day is None:
            return None
        if not (page.is_trading_day or page.judged or self._trades.has_ends):
            return None
        return DayReport(
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
            trades=self._trades.trades,
            scheduled=tuple(JudgedEntry(one, self._trades.order_of(one)) for one in page.judged.values()),
            alarms=tuple(page.alarms),
            refused=tuple(page.refused),
            refusals=dict(page.refusals),
            signals=tuple(page.signals),
            halts=tuple(page.halts),
            finished=book.finished is not None and book.finished.date == page.date,
        )


class _Page:
    """What a date has brought so far."""

    def __init__(self, date: dt.date, balance: Decimal) -> None:
        self.date = date
        self.starting_balance = balance
        self.is_trading_day = False
        self.judged: dict[dt.datetime, EntryJudged] = {}
        self.alarms: list[AlarmRaised] = []
        self.refused: list[TicketRefused] = []
        self.refusals: Counter[str] = Counter()
        self.signals: list[SignalSeen] = []
        self.halts: list[Halt] = []
