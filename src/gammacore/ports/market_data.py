"""The market data ports: what the market shows, live, recorded or simulated; dealer gamma exposure and the market
regime beside it; and where what a market showed is kept, to be shown again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from attrs import frozen

from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.market import Bar, MarketSnapshot, Quote
from gammacore.domain.pricing.rates import CashDividend, ParYields
from gammacore.domain.regime.documents import RegimeDocument, UnreadDocument
from gammacore.domain.tape import Tape


@frozen
class SettlementPrint:
    """The price an expiry settles at, points; `estimated` when it is not the official print. Rule: CS-528."""

    price: Decimal
    estimated: bool
    source: str


Expiries = tuple[dt.date, dt.date]
"""The first and the last expiry, New York dates, both inclusive."""


class MarketData(Protocol):
    """One underlying's market. The same calls serve live feeds, recordings and simulations."""

    @property
    def label(self) -> str:
        """What the journal calls this market; a recording bears the label of what was recorded."""
        ...

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        """The newest the market showed at or before `now`; parts that are not known are None.

        Quotes and price carry the time they were seen: whether they are fresh is the caller's to judge. An old snapshot
        is not an error here and never to be read as a quiet market.

        Raises:
            MarketDataError: the source cannot be read at all.
        """
        ...

    def attend(self, expiries: Expiries | None) -> None:
        """From the next look on only options that expire on these dates are asked for; None: all it was opened for.

        Each expiry more may cost a broker's request a look; a market that shows all at no cost may ignore it. What is
        not attended to may be missing from the chain: never infer that it is not listed.
        """
        ...

    def next_at(self, after: dt.datetime) -> dt.datetime:
        """When to look again, strictly after `after`: the next recorded step, or one step later in a hole or live."""
        ...

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        """The price contracts of `date` settle at; None while there is none. Never zero, never a guess."""
        ...

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        """Bars with start <= bar.start and bar.end <= end, oldest first; empty when the source has none."""
        ...

    def fingerprint(self) -> str:
        """A hash of the content, for the lineage of a replayed or simulated ledger; "" for a live feed."""
        ...


@frozen
class StreamedQuote:
    """One message of a quote stream and when it came, by our clock.

    `shown` is the quote, or why the one that came is unusable (`market.share_shown`); None where the message was a sign
    of life alone. Rules: SC-008, SC-1002.
    """

    symbol: str
    shown: Quote | str | None
    arrived_at: dt.datetime


class QuoteStream(Protocol):
    """One connection to a feed of share quotes. Connecting again is its supervisor's work. Rules: SC-1006, SC-1007."""

    @property
    def name(self) -> str:
        """What alarms and logs call it."""
        ...

    def messages(self) -> AsyncIterator[StreamedQuote]:
        """Connect, then every message from now on, signs of life too, until the connection ends.

        A message that cannot be read is a sign of life. A recorded stream ends by itself, a live one never does.

        Raises:
            StreamRefused: the feed does not let us listen; quotes are to be polled meanwhile.
            MarketDataError: not connected, cut, or silent for too long.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; idempotent, from any thread."""
        ...


class QuoteFeed(MarketData, Protocol):
    """A market whose share quotes are streamed besides: what is streamed is laid over what was polled last.

    `take` is called by the one who receives quotes, everything else by the core, each in a thread of its own.
    """

    def take(self, message: StreamedQuote) -> None:
        """A message came: every quote is folded into the tape, in their order; the newest is kept. Rule: SC-1004."""
        ...

    @property
    def newest(self) -> StreamedQuote | None:
        """The newest message with a quote, usable or not."""
        ...

    def laid_over(self, now: dt.datetime) -> MarketSnapshot | None:
        """The last polled snapshot with the newest quote laid over it, asked of nobody; None before the first poll."""
        ...

    def tape_after(self, market: MarketSnapshot) -> Tape:
        """The tape of all quotes so far, after this look."""
        ...

    def alive_at(self) -> dt.datetime | None:
        """The last sign of life: any message, or a look that showed a newer quote. None before the first."""
        ...

    def upcoming(self, after: dt.datetime) -> StreamedQuote | None:
        """The first message after an instant, where the stream is recorded; None where it is live, or at its end."""
        ...


class GexSource(Protocol):
    """Measures or fetches the exposure that belongs to a snapshot."""

    def exposure(self, snapshot: MarketSnapshot) -> GammaExposure | None:
        """Exposure per strike of today's expiry, with unit, sign, scope and clock; None when it cannot be known.

        None is never zero exposure: with no reading there is no pin and no trade (CS-103).
        """
        ...


class RegimeSource(Protocol):
    """Reads one document each time it is asked. When to ask is the caller's policy (DH-403, DH-404)."""

    @property
    def name(self) -> str:
        """What the journal calls it: `firestore`, `file`."""
        ...

    def read(self, now: dt.datetime) -> RegimeDocument | UnreadDocument:
        """The document as it stands; an `UnreadDocument` when there is none to be had within 2 seconds.

        Bounded in time; must not raise for anything outside this process. `now` is the instant of the read by the
        caller's clock: never infer from it that the document is of that time.
        """
        ...


class RateSource(Protocol):
    """Knows what money costs. Asked once a day. Rule: SC-424."""

    @property
    def name(self) -> str:
        """What the journal calls it: `treasury`."""
        ...

    def par_yields(self, today: dt.date) -> Mapping[dt.date, ParYields]:
        """Par yields by date, none after `today`; empty when there are none to be had.

        Bounded in time; must not raise for anything outside this process. Empty is never a rate of 0.
        """
        ...


class DividendSource(Protocol):
    """Knows what a share paid. Asked once a day. Rule: SC-425."""

    @property
    def name(self) -> str:
        """What the journal calls it: the vendor's name."""
        ...

    def cash_dividends(self, symbol: str, since: dt.date, until: dt.date) -> Sequence[CashDividend] | None:
        """Cash dividends with ex-dates in [since, until]; None when they are not known, which is not none paid.

        Bounded in time; must not raise for anything outside this process.
        """
        ...


class Recorder(Protocol):
    """Keeps one market's day. What was kept survives the process."""

    def append(self, snapshot: MarketSnapshot) -> None:
        """Keep what was seen; never older than the look before."""
        ...

    def write_bars(self, symbol: str, bars: Sequence[Bar]) -> None:
        """Keep bars of any symbol; the same ones again change nothing."""
        ...

    def write_settlement(self, date: dt.date, settlement: SettlementPrint) -> None:
        """Keep the price the contracts of a date settled at."""
        ...
