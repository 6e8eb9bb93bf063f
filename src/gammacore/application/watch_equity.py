"""Watch the account's equity for the guards of openings: a fold of the ledger and of what each look shows. DH-1009."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import frozen

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


@frozen
class RecordedEquity:
    """What the guards know from the ledger alone, up to a version of it; no look at the market is in it."""

    version: int = 0
    balance: Decimal = Decimal(0)
    watch: EquityWatch = EquityWatch()

    def after(self, event: Event, guards: OpeningGuards) -> RecordedEquity:
        """With one more event."""
        balance = self.balance
        if isinstance(event, LedgerOpened):
            balance = event.starting_balance
        elif isinstance(event, HoldingClosed):
            balance += event.gross - event.fees
        return RecordedEquity(self.version + 1, balance, _noticed(self.watch, event, balance, guards))


def _noticed(watch: EquityWatch, event: Event, balance: Decimal, guards: OpeningGuards) -> EquityWatch:
    """What an event changes in what the guards remember; `balance` is the one after it, dollars."""
    if isinstance(event, Resumed):
        return EquityWatch()
    if isinstance(event, HoldingClosed):
        return guards.closed(watch, event.at, event.gross - event.fees)
    if isinstance(event, LedgerOpened | DayStarted | DayFinished):
        return guards.marked(watch, new_york_date(event.at), EquityPoint(event.at, balance))
    return watch


class WatchEquity:
    """Keeps what the guards remember. Balances and losses come from the ledger and survive a restart; marks do not.

    Who resumes after a halt accepts what was lost: the guards begin anew from there.
    """

    def __init__(
        self, ledger: DayLedger, guards: OpeningGuards, underlying: Underlying, recorded: RecordedEquity | None = None
    ) -> None:
        """`recorded` is what the ledger said up to its version, handed over by the day before. Rule: ST-208."""
        self._ledger = ledger
        self._guards = guards
        self._underlying = underlying
        self._recorded = RecordedEquity() if recorded is None else recorded
        self._watch = self._recorded.watch

    def __call__(self, market: MarketSnapshot, now: dt.datetime) -> EquityWatch:
        """What is known of the equity, this look included."""
        self.recorded()
        worth = equity_at_mid(self._ledger.book, market, self._underlying)
        if worth is not None:
            self._watch = self._guards.marked(self._watch, new_york_date(now), EquityPoint(now, worth))
        return self._watch

    def recorded(self) -> RecordedEquity:
        """What the whole ledger says, which the next day goes on from."""
        if self._recorded.version < self._ledger.book.version:
            for event in self._ledger.events(after=self._recorded.version):
                self._recorded = self._recorded.after(event, self._guards)
                self._watch = _noticed(self._watch, event, self._recorded.balance, self._guards)
        return self._recorded
