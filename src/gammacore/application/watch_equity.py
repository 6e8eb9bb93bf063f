"""Watch the account's equity for the guards of openings: a fold of the ledger and of what each look shows. DH-1009."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.desks.delta_hedge.equity import equity_at_mid
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import DayFinished, DayStarted, Event, LedgerOpened, Resumed
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.risk.day_profit import Marks, day_profit
from gammacore.domain.risk.opening_limits import EquityPoint, EquityWatch, OpeningGuards
from gammacore.domain.sessions import new_york_date
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker


class AccountWorth:
    """What the account is worth, dollars: as the broker says, in a study as the ledger has it. Rule: SC-607."""

    def __init__(self, ledger: DayLedger, broker: Broker, *, is_study: bool) -> None:
        self._ledger = ledger
        self._broker = broker
        self._is_study = is_study

    def __call__(self, marks: Marks | None, now: dt.datetime) -> Decimal | None:
        """None where the broker does not say."""
        if not self._is_study:
            try:
                return self._broker.account().balance
            except BrokerError:
                return None
        book = self._ledger.book
        return book.balance + day_profit(book, new_york_date(now), marks).total - book.realised_on(new_york_date(now))


class WatchEquity:
    """Keeps what the guards remember. Balances and losses come from the ledger and survive a restart; marks do not.

    Who resumes after a halt accepts what was lost: the guards begin anew from there.
    """

    def __init__(self, ledger: DayLedger, guards: OpeningGuards, underlying: Underlying) -> None:
        self._ledger = ledger
        self._guards = guards
        self._underlying = underlying
        self._read = 0
        self._balance = Decimal(0)
        self._watch = EquityWatch()

    def __call__(self, market: MarketSnapshot, now: dt.datetime) -> EquityWatch:
        """What is known of the equity, this look included."""
        if self._read < self._ledger.book.version:
            for event in self._ledger.events(after=self._read):
                self._take(event)
            self._read = self._ledger.book.version
        worth = equity_at_mid(self._ledger.book, market, self._underlying)
        if worth is not None:
            self._mark(now, worth)
        return self._watch

    def _take(self, event: Event) -> None:
        if isinstance(event, Resumed):
            self._watch = EquityWatch()
        elif isinstance(event, LedgerOpened):
            self._balance = event.starting_balance
            self._mark(event.at, self._balance)
        elif isinstance(event, HoldingClosed | HoldingClosed):
            profit = event.gross - event.fees
            self._balance += profit
            self._watch = self._guards.closed(self._watch, event.at, profit)
        elif isinstance(event, DayStarted | DayFinished):
            self._mark(event.at, self._balance)

    def _mark(self, at: dt.datetime, equity: Decimal) -> None:
        self._watch = self._guards.marked(self._watch, new_york_date(at), EquityPoint(at, equity))
