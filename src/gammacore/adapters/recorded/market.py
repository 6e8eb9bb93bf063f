"""A recorded day as a market: the same calls as a live feed, and never a value from the future."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import field, frozen

from gammacore.adapters.recorded.bars import BarSource, no_bars
from gammacore.adapters.recorded.intake import Intake
from gammacore.adapters.recorded.tracks import ChainTape, Seen, Track
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.domain.sessions import NEW_YORK, TradingSession, require_aware
from gammacore.ports.market_data import SettlementPrint

HOLE_STEPS = 1.5
"""The next recorded instant further away than this many steps is a hole: look one step later instead."""


@frozen(eq=False)
class RecordedMarket:
    """One underlying on one recorded day, behind the MarketData port.

    `snapshot` shows the newest that was recorded at or before now, however old: quotes and price keep the time they
    were seen, so a hole goes stale by itself. `quote_age_limit` is in seconds, by default two recorded steps (CS-014).
    Settlement is, in this order, the print that was configured or recorded, else the last price before the close,
    flagged estimated (CS-528). `label` is what the journal calls this market. `lineage` is that of the ledger the
    recording was made beside, "" for any other source; `intake` says what became of the rows read, `beside` the same of
    each file of closes, prices or VIX, by its name.
    """

    underlying: str
    session: TradingSession
    chains: ChainTape
    spots: Track[Seen | None]
    step_seconds: float
    quote_age_limit: Track[float]
    content: str
    vix: Track[Decimal | None] = field(factory=Track)
    previous_close: Track[Decimal | None] = field(factory=Track)
    prints: Mapping[dt.date, SettlementPrint] = field(factory=dict)
    bar_source: BarSource = no_bars
    label: str = "recorded"
    lineage: str = ""
    intake: Intake = field(factory=Intake)
    beside: Mapping[str, Intake] = field(factory=dict)

    @property
    def times(self) -> tuple[dt.datetime, ...]:
        """Every recorded instant, ascending."""
        return self.chains.times

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        now = require_aware("now", now)
        spot = self.spots.at(now)
        return MarketSnapshot(
            at=now,
            underlying=self.underlying,
            spot=None if spot is None else spot.price,
            spot_at=None if spot is None else spot.at,
            chain=self.chains.at(now),
            vix=self.vix.at(now),
            quote_age_limit=self.quote_age_limit.at(now) or 2 * self.step_seconds,
            previous_close=self.previous_close.at(now),
        )

    def next_at(self, after: dt.datetime) -> dt.datetime:
        after = require_aware("after", after)
        following = self.chains.after(after)
        if following is None or (following - after).total_seconds() > HOLE_STEPS * self.step_seconds:
            return after + dt.timedelta(seconds=self.step_seconds)
        return following

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        if underlying != self.underlying:
            return None
        if (known := self.prints.get(date)) is not None:
            return known
        return self._last_price() if date == self.session.date else None

    def _last_price(self) -> SettlementPrint | None:
        last = self.spots.at(self.session.close)
        if last is None or last.at is None or last.at < self.session.open:
            return None
        seen = last.at.astimezone(NEW_YORK)
        return SettlementPrint(last.price, True, f"last price before the close, {seen:%H:%M:%S} New York")

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        return self.bar_source(underlying, seconds, require_aware("start", start), require_aware("end", end))

    def fingerprint(self) -> str:
        return self.content
