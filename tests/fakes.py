"""Doubles that only tests use: a market and a calendar that show what they are given, and trading without fees."""

from __future__ import annotations

import datetime as dt
import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import nan

from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import OptionContract, Right
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain
from gammacore.domain.sessions import TradingSession, require_aware
from gammacore.errors import MissingData
from gammacore.ports.market_data import Expiries, SettlementPrint

NO_FEES = FeeSchedule(Decimal(0))
SATURDAY = 5


class FakeCalendar:
    """Monday to Friday, 9:30 to 16:00 New York; `half_days` end at 13:00, `holidays` do not trade.

    >>> calendar = FakeCalendar(half_days=[dt.date(2025, 12, 24)], holidays=[dt.date(2025, 12, 25)])
    >>> calendar.next_session(dt.date(2025, 12, 24)).date
    datetime.date(2025, 12, 26)
    """

    def __init__(self, half_days: Iterable[dt.date] = (), holidays: Iterable[dt.date] = ()) -> None:
        self._half_days = frozenset(half_days)
        self._holidays = frozenset(holidays)

    def session(self, date: dt.date) -> TradingSession | None:
        """The session of a New York date, None on weekends and holidays."""
        if date.weekday() >= SATURDAY or date in self._holidays:
            return None
        return TradingSession.of(date, close=dt.time(13 if date in self._half_days else 16))

    def next_session(self, date: dt.date) -> TradingSession:
        """The first session strictly after a date."""
        following = date + dt.timedelta(days=1)
        while (session := self.session(following)) is None:
            following += dt.timedelta(days=1)
        return session


BidAsk = tuple[Decimal | str | None, Decimal | str | None]
"""Points; None where there is no such quote."""


def quoted_chain(
    underlying: str, at: dt.datetime, quotes: Mapping[OptionContract, BidAsk], quoted_at: dt.datetime | None = None
) -> OptionChain:
    """A chain of the given contracts, bid and ask in points, all last quoted at `quoted_at` (default: now)."""
    contracts = list(quotes)
    roots = tuple(dict.fromkeys(contract.root for contract in contracts))
    unknown, count = [nan] * len(contracts), len(contracts)
    return OptionChain(
        underlying=underlying,
        as_of=at,
        roots=roots,
        strike=[float(contract.strike) for contract in contracts],
        is_call=[contract.right is Right.CALL for contract in contracts],
        expiry=[contract.expiry.isoformat() for contract in contracts],
        root=[roots.index(contract.root) for contract in contracts],
        bid=[nan if bid is None else float(bid) for bid, _ in quotes.values()],
        ask=[nan if ask is None else float(ask) for _, ask in quotes.values()],
        open_interest=[0.0] * count,
        iv=unknown,
        gamma=unknown,
        quoted_at=[(quoted_at or at).timestamp()] * count,
    )


class FakeMarket:
    """One underlying's market as a script: snapshots by time, bars, and the prints expiries settle at."""

    def __init__(
        self, underlying: str, snapshots: Iterable[MarketSnapshot] = (), *, bars: Iterable[Bar] = (),
        step: float = 60.0, label: str = "script",
    ) -> None:  # fmt: skip
        """`step` is how many seconds later to look again when the script has no more to show."""
        self.underlying = underlying
        self.label = label
        self.step = dt.timedelta(seconds=step)
        self._times: list[dt.datetime] = []
        self._snapshots: list[MarketSnapshot] = []
        self._settlements: dict[tuple[str, dt.date], SettlementPrint] = {}
        self._bars = sorted(bars, key=lambda bar: bar.start)
        self._failures = 0
        for snapshot in snapshots:
            self.add(snapshot)

    # -- the script ---------------------------------------------------------------------------------------------------

    def add(self, snapshot: MarketSnapshot) -> None:
        """Show a snapshot from its time on; it replaces one of the same instant."""
        place = bisect_left(self._times, snapshot.at)
        if place < len(self._times) and self._times[place] == snapshot.at:
            self._snapshots[place] = snapshot
            return
        self._times.insert(place, snapshot.at)
        self._snapshots.insert(place, snapshot)

    def show(
        self, at: dt.datetime, quotes: Mapping[OptionContract, BidAsk], *, spot: Decimal | None = None,
        vix: Decimal | None = None, quoted_at: dt.datetime | None = None, quote_age_limit: float = 15.0,
    ) -> MarketSnapshot:  # fmt: skip
        """Add a snapshot made of these quotes, points, and return it."""
        chain = quoted_chain(self.underlying, at, quotes, quoted_at)
        snapshot = MarketSnapshot(at, self.underlying, spot, None if spot is None else at, chain, vix, quote_age_limit)
        self.add(snapshot)
        return snapshot

    def settle(
        self, date: dt.date, price: Decimal | str, *, estimated: bool = False, underlying: str | None = None
    ) -> None:
        """Print the price that contracts of `date` settle at, points."""
        printed = SettlementPrint(Decimal(price), estimated, self.label)
        self._settlements[underlying or self.underlying, date] = printed

    def add_bar(self, bar: Bar) -> None:
        self._bars = sorted([*self._bars, bar], key=lambda known: known.start)

    def fails(self, times: int) -> None:
        """The next `times` questions find nothing to read."""
        self._failures = times

    # -- the port -----------------------------------------------------------------------------------------------------

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        """The newest snapshot at or before `now`; before the first one, a snapshot in which nothing is known."""
        self._check_readable()
        place = bisect_right(self._times, require_aware("now", now))
        if place == 0:
            return MarketSnapshot(now, self.underlying, None, None, None, None)
        return self._snapshots[place - 1]

    def attend(self, expiries: Expiries | None) -> None:
        """Everything is shown at no cost."""

    def next_at(self, after: dt.datetime) -> dt.datetime:
        """The next snapshot's time, or one step later when the script has no more."""
        place = bisect_right(self._times, require_aware("after", after))
        return self._times[place] if place < len(self._times) else after + self.step

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        self._check_readable()
        return self._settlements.get((underlying, date))

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        if underlying != self.underlying:
            return []
        return [bar for bar in self._bars if bar.seconds == seconds and start <= bar.start and bar.end <= end]

    def fingerprint(self) -> str:
        """SHA-256 of times, prices and quotes, the settlements and the bars."""
        digest = hashlib.sha256(self.underlying.encode())
        for snapshot in self._snapshots:
            digest.update(repr((snapshot.at, snapshot.spot, snapshot.vix)).encode())
            if (chain := snapshot.chain) is not None:
                for column in (chain.strike, chain.is_call, chain.expiry, chain.bid, chain.ask, chain.quoted_at):
                    digest.update(column.tobytes())
        digest.update(repr(sorted(self._settlements.items(), key=lambda entry: entry[0])).encode())
        digest.update(repr(self._bars).encode())
        return digest.hexdigest()

    def _check_readable(self) -> None:
        if self._failures:
            self._failures -= 1
            raise MissingData(f"nothing to read for {self.underlying} (planned)")
