"""Faults of a study that are planned by the clock: what goes wrong, from when on and for how long. Rule: OP-602.

The same faults, times and seed give the same day; they stand between the day and its exchange, which goes on by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from attrs import define, evolve, frozen

from gammacore.domain.ledger import Event
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.domain.orders import OrderTicket
from gammacore.domain.sessions import new_york
from gammacore.errors import BrokerUnavailable, InvalidInput, OrderRejected, OutcomeUnknown, StorageError
from gammacore.ports.broker import Answer, Broker, BrokerCall, BrokerDecorator, Receipt, SendGate, always_open
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import Expiries, MarketData, SettlementPrint
from gammacore.ports.storage import Storage

LASTS_SECONDS = 60
"""Market seconds a fault lasts that does not say it (ours)."""


class FaultKind(StrEnum):
    """What goes wrong."""

    BROKER_DOWN = "broker-down"
    """No call reaches the broker."""
    ANSWER_LOST = "answer-lost"
    """Orders get no answer; whether each arrived is drawn by the seed."""
    REJECT = "reject"
    """Orders are refused for good."""
    FEED_SILENT = "feed-silent"
    """Nothing new is shown: price, quotes and VIX grow old."""
    STALE_QUOTES = "stale-quotes"
    """The options' quotes alone grow old."""
    DISK_FULL = "disk-full"
    """The ledger takes no event."""


_WRITTEN = re.compile(r"(?P<kind>[a-z-]+)@(?P<at>\d\d:\d\d(?::\d\d)?)(?:/(?P<seconds>\d{1,6}))?")


@frozen
class PlannedFault:
    """One fault: from a New York time of day on, for so many market seconds.

    >>> fault = PlannedFault.parse("broker-down@12:30/90")
    >>> fault.kind.value, str(fault.at), fault.seconds
    ('broker-down', '12:30:00', 90)
    """

    kind: FaultKind
    at: dt.time
    seconds: int = LASTS_SECONDS

    @classmethod
    def parse(cls, text: str) -> PlannedFault:
        """Read KIND@TIME[/SECONDS].

        Raises:
            InvalidInput: it is written otherwise.
        """
        found = _WRITTEN.fullmatch(text.strip())
        kinds = ", ".join(kind.value for kind in FaultKind)
        if found is None or found["kind"] not in set(FaultKind):
            raise InvalidInput("fault", text, f"give KIND@TIME[/SECONDS], like broker-down@12:30/60; kinds: {kinds}")
        try:
            at = dt.time.fromisoformat(found["at"])
        except ValueError:
            raise InvalidInput("fault", text, "give a New York time of day, like 12:30") from None
        seconds = int(found["seconds"] or LASTS_SECONDS)
        if not seconds:
            raise InvalidInput("fault", text, "give 1 second or more")
        return cls(FaultKind(found["kind"]), at, seconds)

    def begins(self, date: dt.date) -> dt.datetime:
        return new_york(date, self.at)

    def lasts(self, now: dt.datetime, date: dt.date) -> bool:
        """Whether it lasts at an instant of a day."""
        begins = self.begins(date)
        return begins <= now < begins + dt.timedelta(seconds=self.seconds)


@frozen(eq=False)
class FaultPlanByClock:
    """The faults of one day; `seed` draws what is left to chance."""

    faults: tuple[PlannedFault, ...]
    date: dt.date
    seed: int = 0

    def at(self, now: dt.datetime, *kinds: FaultKind) -> PlannedFault | None:
        """The first of these kinds that lasts now."""
        return next((one for one in self.faults if one.kind in kinds and one.lasts(now, self.date)), None)

    def broker(self, inner: Broker, clock: Clock) -> Broker:
        return FaultyBroker(inner, self, clock.now) if self.faults else inner

    def market(self, inner: MarketData) -> MarketData:
        return FaultyMarket(inner, self) if self.faults else inner

    def storage(self, inner: Storage) -> Storage:
        return FaultyStorage(inner, self) if self.faults else inner


@define(eq=False)
class FaultyBroker(BrokerDecorator):
    """A broker that is away, loses its answers or refuses orders when it is planned."""

    plan: FaultPlanByClock
    now: Callable[[], dt.datetime]

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        if self.plan.at(self.now(), FaultKind.BROKER_DOWN) is not None:
            raise BrokerUnavailable(f"the exchange is away, {call} did not reach it (planned)")
        return ask()

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        now = self.now()
        if self.plan.at(now, FaultKind.REJECT) is not None:
            gate()
            raise OrderRejected("refused (planned)")
        if self.plan.at(now, FaultKind.ANSWER_LOST) is not None:
            if _drawn(self.plan.seed, ticket.id):
                BrokerDecorator.submit(self, ticket, gate)
            raise OutcomeUnknown(f"no answer to order {ticket.id} (planned)")
        return BrokerDecorator.submit(self, ticket, gate)


def _drawn(seed: int, order_id: str) -> bool:
    """Whether an order whose answer is lost has arrived."""
    return hashlib.sha256(f"{seed}:{order_id}".encode()).digest()[0] % 2 == 0


@define(eq=False)
class FaultyMarket:
    """A market that shows nothing new, or no new quotes, when it is planned. The exchange sees the one beneath."""

    inner: MarketData
    plan: FaultPlanByClock

    @property
    def label(self) -> str:
        return self.inner.label

    @property
    def lineage(self) -> str:
        """What a recording inherited from the ledger it was made beside."""
        return str(getattr(self.inner, "lineage", ""))

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen = self.inner.snapshot(now)
        fault = self.plan.at(now, FaultKind.FEED_SILENT, FaultKind.STALE_QUOTES)
        if fault is None:
            return seen
        before = self.inner.snapshot(fault.begins(self.plan.date))
        if fault.kind is FaultKind.FEED_SILENT:
            return evolve(before, at=seen.at)
        return evolve(seen, chain=before.chain)

    def attend(self, expiries: Expiries | None) -> None:
        self.inner.attend(expiries)

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return self.inner.next_at(after)

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        return self.inner.settlement(underlying, date)

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        return self.inner.bars(underlying, seconds, start, end)

    def fingerprint(self) -> str:
        return self.inner.fingerprint()


@define(eq=False)
class FaultyStorage:
    """A ledger whose disk is full when it is planned, by the time of what would be written."""

    inner: Storage
    plan: FaultPlanByClock

    @property
    def version(self) -> int:
        return self.inner.version

    def append(self, events: Sequence[Event], expected_version: int) -> int:
        if events and self.plan.at(events[0].at, FaultKind.DISK_FULL) is not None:
            raise StorageError("the ledger is not written: no space left on device (planned)")
        return self.inner.append(events, expected_version)

    def events(self, after: int = 0) -> Iterator[Event]:
        return self.inner.events(after)

    def close(self) -> None:
        self.inner.close()
